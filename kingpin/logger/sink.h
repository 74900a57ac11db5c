// LogSink: where the backend of a logger takes its lines.
//
// Threads: called by one thread at a time, as a rule the logger's backend, which may
// wait as long as it has to: the threads that log go on while their buffers have room.
// Sync() is called by whoever asks for it; Write() by threads that log where there is
// no backend, and when the process exits they wait for it.
//
//   class Collect : public LogSink {
//    public:
//     explicit Collect(std::string* out) : out_(*out) {}
//     SysResult<size_t> Write(const LogBatch& batch) override {
//       out_ += batch.text;
//       return {batch.text.size(), 0};
//     }
//    private:
//     std::string& out_;
//   };
//   Logger log({.sink = [&out] { return std::make_unique<Collect>(&out); }});
//
// Fork: a child makes sinks of its own, by the factory; it never touches those of
// its parent.
#ifndef KINGPIN_LOGGER_SINK_H_
#define KINGPIN_LOGGER_SINK_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/types/span.h"
#include "kingpin/logger/level.h"
#include "kingpin/logger/log_format.h"
#include "kingpin/sys/syscalls.h"

namespace kingpin {

// Lines, each with its newline.
struct LogBatch {
  struct Line {
    uint32_t end;  // In `text`, behind the newline.
    LogLevel level;
  };
  std::string_view text;
  absl::Span<const Line> lines;  // In order; the last ends where `text` does.
};

class LogSink {
 public:
  virtual ~LogSink() = default;

  // Takes the batch, and waits for that if need be. {bytes taken, error}: all of
  // them and 0, or fewer and why; no reason given counts as EIO. What was not taken
  // is never offered again, but for the rest of a line that was cut: that comes as a
  // batch of its own, first. An exception counts as EIO with nothing taken. No other
  // function may throw, and none may log to the logger whose sink this is: each line
  // would bring another.
  virtual SysResult<size_t> Write(const LogBatch& batch) = 0;

  // The form of the lines that it takes; none: that of Logger::Options::format.
  virtual std::optional<LogFormat> Format() const { return std::nullopt; }

  // Returns when what was written would survive a loss of power. 0 or errno. For
  // Logger::Sync(), on the thread that calls it.
  virtual int Sync() { return 0; }

  // Opens anew what has a name: somebody has moved it away. Between two batches.
  virtual void Reopen() {}

  // What there is to say about the sink itself, once: of a trouble that has begun, if the
  // lines go elsewhere meanwhile, or is over. It becomes a line of its own, in this sink.
  // Empty: nothing.
  virtual std::string TakeNote() { return {}; }
};

// Makes the sink of a logger, in the process that will use it. In a child of fork() two
// threads that log first may call it at the same time; the sink of one of them goes
// unused. None made, or a factory that is empty, is a sink that fails with ENODEV.
using LogSinkFactory = std::function<std::unique_ptr<LogSink>()>;

}  // namespace kingpin

#endif  // KINGPIN_LOGGER_SINK_H_
