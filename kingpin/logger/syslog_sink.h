// SyslogSink: lines to the syslog daemon of this machine, one datagram a line, by
// its unix socket, as syslog(3) does but without ever waiting long.
//
//   Logger log({.when_full = Logger::WhenFull::kDrop,
//               .sink = SyslogSinkFactory({.tag = "server"})});
//
// kBsd, RFC 3164 as syslog(3) writes it, is what every daemon understands on its
// local socket, journald too: "<14>Nov 23 11:35:28 server[12345]: LINE"; kRfc5424 is
// "<14>1 2026-11-23T11:35:28Z - server 12345 - - LINE". The number is the facility
// times 8 and the severity: DEBUG 7, INFO 6, WARNING 4, ERROR 3. LINE is the whole
// line of the log, time and level and all; the time in front of it is when it was
// sent.
//
// A line of more than max_bytes is cut to that and says so, as in the log:
// "...[truncated, 9000 bytes]". (One in JSON is no JSON any more.)
//
// Errors: the daemon is connected to when the first line comes, and again when it
//   was restarted. While it is not there, or does not read for `patience`, lines are
//   lost (ECONNREFUSED, ENOENT, EAGAIN), and declared to it when it is back.
#ifndef KINGPIN_LOGGER_SYSLOG_SINK_H_
#define KINGPIN_LOGGER_SYSLOG_SINK_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "kingpin/logger/level.h"
#include "kingpin/logger/local_datagrams.h"
#include "kingpin/logger/sink.h"
#include "kingpin/logger/text_buffer.h"
#include "kingpin/sys/syscalls.h"

namespace kingpin {

enum class SyslogFormat : uint8_t { kBsd, kRfc5424 };

struct SyslogSinkOptions {
  // The program. Printable ASCII without a space; anything else is an underscore.
  std::string tag = "kingpin";
  std::string socket = "/dev/log";
  SyslogFormat format = SyslogFormat::kBsd;
  // "user"; 16 to 23 are local0 to local7, none is beyond: that is "user", too. RFC 5424,
  // section 6.2.1.
  int facility = 1;
  absl::TimeZone time_zone = absl::LocalTimeZone();  // Of kBsd's times.
  // At least 480, which every daemon takes (section 6.1).
  size_t max_bytes = 8192;
  // How long a daemon that has stopped reading holds up the log, once.
  absl::Duration patience = absl::Milliseconds(100);
};

class SyslogSink : public LogSink {
 public:
  explicit SyslogSink(const SyslogSinkOptions& options);

  SysResult<size_t> Write(const LogBatch& batch) override;

 private:
  // The datagram: in `text_`.
  void Compose(std::string_view line, LogLevel level);
  void SetSecond(int64_t unix_seconds);
  std::string AfterPriority(absl::Time time) const;

  const SyslogSinkOptions options_;
  const std::string tag_;
  log_internal::LocalDatagrams daemon_;
  int64_t second_ = -1;
  std::string after_priority_;  // For `second_`.
  log_internal::TextBuffer text_;
};

LogSinkFactory SyslogSinkFactory(const SyslogSinkOptions& options);

}  // namespace kingpin

#endif  // KINGPIN_LOGGER_SYSLOG_SINK_H_
