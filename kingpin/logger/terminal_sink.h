// TerminalSink: FdSink that colours lines by their level when the descriptor is a
// terminal: WARNING yellow, ERROR red, DEBUG dim, INFO as it is. The sink of
// Options::fd, stderr unless said otherwise.
//
//   Logger log({.sink = TerminalSinkFactory({.colour = LogColour::kAlways})});
//
// kAuto: colours only a terminal, unless TERM is "dumb" or not set, or NO_COLOR is
// set to anything (no-color.org). Looked at once, when the sink is made.
#ifndef KINGPIN_LOGGER_TERMINAL_SINK_H_
#define KINGPIN_LOGGER_TERMINAL_SINK_H_

#include <unistd.h>

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"
#include "kingpin/logger/fd_sink.h"
#include "kingpin/logger/sink.h"
#include "kingpin/logger/text_buffer.h"
#include "kingpin/sys/syscalls.h"

namespace kingpin {

enum class LogColour : uint8_t { kAuto, kAlways, kNever };

struct TerminalSinkOptions {
  int fd = STDERR_FILENO;
  LogColour colour = LogColour::kAuto;
  // FdSink's: how long a reader that has stopped holds up the log. Finite where
  // there is another sink.
  absl::Duration patience = absl::InfiniteDuration();
};

class TerminalSink : public LogSink {
 public:
  explicit TerminalSink(const TerminalSinkOptions& options);

  SysResult<size_t> Write(const LogBatch& batch) override;
  int Sync() override { return out_.Sync(); }

 private:
  FdSink out_;
  const bool has_colour_;
  log_internal::TextBuffer text_;
};

LogSinkFactory TerminalSinkFactory(const TerminalSinkOptions& options);

}  // namespace kingpin

#endif  // KINGPIN_LOGGER_TERMINAL_SINK_H_
