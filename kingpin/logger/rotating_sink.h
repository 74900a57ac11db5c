// RotatingSink: FileSink that begins a new file when the one it has is large enough
// or old enough, and removes the oldest.
//
//   absl::StatusOr<LogSinkFactory> file = RotatingSinkFactory(
//       {.path = "server.log", .max_bytes = 64 << 20, .keep_files = 20});
//
//   server.log                      is written now
//   server.log.20261123-113528      was closed then, by the wall clock,
//   server.log.20261123-113528.1    and a second one within the same second
//
// Size: a file never has more than max_bytes, but for a line that alone is longer;
//   no line is split over two files.
// Time: with `every`, at the multiples of it since midnight of 1970-01-01 in
//   `time_zone`: 24 h is midnight, 1 h the full hour, 10 s every ten seconds. What
//   counts is when a line is written, a poll interval or so after it was logged. A
//   file is begun with the first line after that time, so none is ever empty; one
//   that an earlier process has left is judged by when it was last written.
// Order: names sort as the files were closed, unless the wall clock was set back.
// How: the new file is made as PATH.new, in the place of one that is there; the old
//   one gets its new name by link(2), which never replaces another, and rename(2) puts
//   the new one in its place. At any instant there is a PATH. The file system has to
//   know hard links, and the path is a regular file's own: no symbolic link, no device.
// Errors: if any of that fails, nothing has changed: lines go on to the old file, one
//   of which says so, it is tried again once a second, and when it works a line says
//   for how long it did not, and why. An old file that cannot be removed stays. Moved
//   files, full disks and Logger::Reopen(): as in file_sink.h.
// One process a path: two would rotate each other's files. None is lost by that,
//   but each has the lines of both.
#ifndef KINGPIN_LOGGER_ROTATING_SINK_H_
#define KINGPIN_LOGGER_ROTATING_SINK_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "kingpin/logger/log_archive.h"
#include "kingpin/logger/log_file.h"
#include "kingpin/logger/log_format.h"
#include "kingpin/logger/sink.h"
#include "kingpin/logger/trouble.h"
#include "kingpin/sys/syscalls.h"

namespace kingpin {

struct RotatingSinkOptions {
  std::string path;
  mode_t mode = 0644;              // Of the files; less the umask.
  uint64_t max_bytes = 100 << 20;  // UINT64_MAX: never by size.
  absl::Duration every = absl::InfiniteDuration();  // In whole seconds.
  absl::TimeZone time_zone = absl::UTCTimeZone();   // Of `every` and the names.
  // How many closed files stay, and how many bytes they have together, at most.
  size_t keep_files = 10;
  uint64_t keep_bytes = UINT64_MAX;
  // How often the path is looked at, and a failed attempt repeated.
  absl::Duration check_interval = absl::Seconds(1);
  // Of these files, if it is not to be that of Logger::Options::format.
  std::optional<LogFormat> format = std::nullopt;
};

class RotatingSink : public LogSink {
 public:
  // Options such as RotatingSinkFactory() takes.
  explicit RotatingSink(const RotatingSinkOptions& options);

  SysResult<size_t> Write(const LogBatch& batch) override;
  int Sync() override { return file_.Sync(); }
  void Reopen() override;
  std::string TakeNote() override;
  std::optional<LogFormat> Format() const override { return options_.format; }

 private:
  // How many bytes of `lines` go to the file that is open when it returns.
  size_t Prepare(std::string_view lines);
  // Of a file that is not empty.
  bool IsDue(std::string_view lines) const;
  bool Rotate();
  // 0 or errno.
  int SwapFiles();
  void SetNextTime();

  const RotatingSinkOptions options_;
  log_internal::LogFile file_;
  log_internal::LogArchive archive_;
  absl::Time next_time_;
  uint64_t next_try_nanos_ = 0;  // Monotonic.
  log_internal::Trouble rotating_{"rotated"};
};

// Opens the path once, so that a wrong one is an error at the start. Wrong options
// (max_bytes of 0, `every` not of whole seconds, a check_interval below zero) are one,
// too, and so is what could never rotate: a device, a directory that cannot be written,
// a name that leaves no room for that of a closed file.
absl::StatusOr<LogSinkFactory> RotatingSinkFactory(RotatingSinkOptions options);

namespace log_internal {

// The first multiple of `every` after `time`; infinite if `every` is.
absl::Time NextRotation(absl::Time time, absl::Duration every,
                        absl::TimeZone zone);

}  // namespace log_internal
}  // namespace kingpin

#endif  // KINGPIN_LOGGER_ROTATING_SINK_H_
