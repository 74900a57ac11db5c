// JournalSink: lines to journald in its own protocol, as entries with fields
// (journal_line_format.h) instead of text: `journalctl CODE_FILE=server.cc -p warning`.
//
//   Logger log({.when_full = Logger::WhenFull::kDrop,
//               .sink = JournalSinkFactory({.identifier = "server"})});
//   KLOGF_TO(log, INFO, "served {path} status={status}", path, 404);
//
//   journalctl -t server FIELD_STATUS=404
//
// One datagram an entry. One that is larger than a datagram can be goes in a sealed file
// in memory, whose descriptor is sent, as the protocol asks for
// (systemd.io/JOURNAL_NATIVE_PROTOCOL).
//
// Errors: as SyslogSink's. While journald is not there (ENOENT, ECONNREFUSED), or does not
//   read for `patience`, lines are lost, and declared to it when it is back.
// Threads: the logger's backend.
#ifndef KINGPIN_LOGGER_JOURNAL_SINK_H_
#define KINGPIN_LOGGER_JOURNAL_SINK_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "kingpin/logger/local_datagrams.h"
#include "kingpin/logger/log_format.h"
#include "kingpin/logger/sink.h"
#include "kingpin/sys/syscalls.h"

namespace kingpin {

struct JournalSinkOptions {
  // The program, SYSLOG_IDENTIFIER. Printable ASCII without a space; anything else is an
  // underscore.
  std::string identifier = "kingpin";
  std::string socket = "/run/systemd/journal/socket";
  // How long a daemon that has stopped reading holds up the log, once.
  absl::Duration patience = absl::Milliseconds(100);
};

class JournalSink : public LogSink {
 public:
  explicit JournalSink(const JournalSinkOptions& options);

  SysResult<size_t> Write(const LogBatch& batch) override;
  std::optional<LogFormat> Format() const override {
    return LogFormat::kJournal;
  }

 private:
  // Each returns 0 or errno.
  int SendEntry(int socket, std::string_view entry);
  int SendAsFile(int socket, std::string_view entry);

  const std::string identifier_;  // The field, and its newline.
  log_internal::LocalDatagrams daemon_;
};

LogSinkFactory JournalSinkFactory(const JournalSinkOptions& options);

}  // namespace kingpin

#endif  // KINGPIN_LOGGER_JOURNAL_SINK_H_
