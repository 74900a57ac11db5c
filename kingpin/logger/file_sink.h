// FileSink: lines to a file that is known by its path: created if it is not there,
// appended to, and opened anew when somebody has moved it (looked at once a second
// while lines come) or removed it (looked at after each write), or when
// Logger::Reopen() says so.
//
//   absl::StatusOr<LogSinkFactory> file = FileSinkFactory({.path = "access.log"});
//   if (!file.ok()) return file.status();
//   Logger log({.when_full = Logger::WhenFull::kDrop, .sink = *file});
//   ReopenOnSignal reopen(SIGHUP, {&log});   // For logrotate.
//
// Reopening happens between two batches: no line is lost by it, torn, or written
// twice. If the path cannot be opened then (permission lost, directory removed),
// lines go on to the old file and it is tried again once a second. A line there says
// so, and when it works one in the new file:
//
//   log: cannot be reopened (Permission denied), goes on in the old file
//   log: could not be reopened, went on in the old file for 12s (Permission denied)
//
// What was written to a file when it had been removed already is written to the new
// one as well. If there can be no new one those lines are dropped, and declared.
//
// A full disk costs whole lines, never halves of them (log_file.h), which are
// declared when there is room again.
//
// A relative path is taken from where the process is when the factory is made, and means
// the same file wherever it goes then.
//
// Several processes may append to one file. A FIFO is fine as long as it has a
// reader; one that has stopped holds up the backend.
#ifndef KINGPIN_LOGGER_FILE_SINK_H_
#define KINGPIN_LOGGER_FILE_SINK_H_

#include <sys/types.h>

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "kingpin/logger/log_file.h"
#include "kingpin/logger/log_format.h"
#include "kingpin/logger/sink.h"
#include "kingpin/sys/syscalls.h"

namespace kingpin {

struct FileSinkOptions {
  std::string path;
  mode_t mode = 0644;  // Of a file that is created; less the umask.
  // How often the path is looked at, and a failed attempt repeated.
  absl::Duration check_interval = absl::Seconds(1);
  // Of this file, if it is not to be that of Logger::Options::format.
  std::optional<LogFormat> format = std::nullopt;
};

class FileSink : public LogSink {
 public:
  // A path that cannot be opened costs the lines until it can.
  explicit FileSink(const FileSinkOptions& options)
      : file_(options.path, options.mode, options.check_interval),
        format_(options.format) {}

  SysResult<size_t> Write(const LogBatch& batch) override;
  int Sync() override { return file_.Sync(); }
  void Reopen() override { file_.Reopen(); }
  std::string TakeNote() override { return file_.TakeNote(); }
  std::optional<LogFormat> Format() const override { return format_; }

 private:
  log_internal::LogFile file_;
  const std::optional<LogFormat> format_;
};

// Opens the path once, so that a wrong one is an error at the start, as a check_interval
// below zero is; then it is opened in each process that logs.
absl::StatusOr<LogSinkFactory> FileSinkFactory(FileSinkOptions options);

}  // namespace kingpin

#endif  // KINGPIN_LOGGER_FILE_SINK_H_
