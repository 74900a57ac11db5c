#include "kingpin/logger/rotating_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <new>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "kingpin/logger/ticks.h"
#include "kingpin/sys/unique_fd.h"

namespace kingpin {
namespace {

absl::Time WallNow() { return absl::FromUnixSeconds(sys::WallClockSeconds()); }

// 0 or errno. What is rotated is replaced, and that must not be /dev/null.
int CheckRegular(const std::string& path) {
  struct stat status;
  const int error = sys::LinkStatAt(AT_FDCWD, path.c_str(), &status);
  if (error != 0) return error;
  return S_ISREG(status.st_mode) ? 0 : EINVAL;
}

// The same of what a rotation makes beside it.
int CheckDirectory(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string directory =
      slash == path.npos ? "." : path.substr(0, slash + 1);
  if (::faccessat(AT_FDCWD, directory.c_str(), W_OK | X_OK, AT_EACCESS) != 0) {
    return errno;
  }
  constexpr std::string_view kLongest = ".20261123-113528.999999";
  const std::string name = absl::StrCat(path, kLongest);
  struct stat status;
  const int error = sys::LinkStatAt(AT_FDCWD, name.c_str(), &status);
  return error == ENAMETOOLONG ? error : 0;
}

}  // namespace

namespace log_internal {

absl::Time NextRotation(absl::Time time, absl::Duration every,
                        absl::TimeZone zone) {
  if (every == absl::InfiniteDuration()) return absl::InfiniteFuture();
  const absl::CivilSecond epoch(1970, 1, 1);
  const int64_t step = absl::ToInt64Seconds(every);
  const int64_t local = absl::ToCivilSecond(time, zone) - epoch;
  const absl::Time next =
      absl::FromCivil(epoch + (local / step + 1) * step, zone);
  // Where the clocks go back, the local time of the next multiple may have been.
  return std::max(next, time + absl::Seconds(1));
}

}  // namespace log_internal

RotatingSink::RotatingSink(const RotatingSinkOptions& options)
    : options_(options),
      file_(options.path, options.mode, options.check_interval),
      archive_(options.path, options.keep_files, options.keep_bytes) {
  SetNextTime();
}

void RotatingSink::SetNextTime() {
  const absl::Time from = file_.size() > 0
                              ? absl::FromUnixSeconds(file_.modified_seconds())
                              : WallNow();
  next_time_ =
      log_internal::NextRotation(from, options_.every, options_.time_zone);
}

SysResult<size_t> RotatingSink::Write(const LogBatch& batch) {
  size_t done = 0;
  try {
    if (file_.Tend()) SetNextTime();
    while (done < batch.text.size()) {
      const std::string_view rest = batch.text.substr(done);
      const SysResult<size_t> result =
          file_.Write(rest.substr(0, Prepare(rest)));
      done += result.value;
      if (!result.ok()) return {done, result.error};
    }
  } catch (const std::bad_alloc&) {
    // What is in the file is not lost.
    return {done, ENOMEM};
  }
  return {done, 0};
}

size_t RotatingSink::Prepare(std::string_view lines) {
  if (file_.size() == 0) {
    SetNextTime();  // It begins now.
  } else if (IsDue(lines) && !Rotate()) {
    return lines.size();
  }
  const uint64_t size = std::min(file_.size(), options_.max_bytes);
  const uint64_t room = options_.max_bytes - size;
  if (lines.size() <= room) return lines.size();
  const size_t last =
      room == 0 ? lines.npos : lines.rfind('\n', static_cast<size_t>(room) - 1);
  // A line longer than a file has one of its own.
  return (last != lines.npos ? last : lines.find('\n')) + 1;
}

bool RotatingSink::IsDue(std::string_view lines) const {
  const size_t first_line = lines.find('\n') + 1;
  return file_.size() + first_line > options_.max_bytes ||
         WallNow() >= next_time_;
}

bool RotatingSink::Rotate() {
  const uint64_t now = log_internal::MonotonicNanos();
  if (now < next_try_nanos_) return false;
  if (const int error = SwapFiles(); error != 0) {
    next_try_nanos_ = now + static_cast<uint64_t>(absl::ToInt64Nanoseconds(
                                options_.check_interval));
    rotating_.Begin(error);
    return false;
  }
  rotating_.End();
  SetNextTime();
  archive_.Prune();
  return true;
}

int RotatingSink::SwapFiles() {
  const std::string& path = file_.path();
  if (const int error = CheckRegular(path); error != 0) return error;
  const std::string fresh = absl::StrCat(path, ".new");
  SysResult<UniqueFd> opened =
      log_internal::OpenLogFile(fresh, file_.mode(), O_TRUNC | O_NOFOLLOW);
  if (!opened.ok()) return opened.error;
  const SysResult<std::string> kept =
      archive_.Add(WallNow(), options_.time_zone);
  int error = kept.error;
  if (error == 0) {
    error = sys::Rename(fresh.c_str(), path.c_str());
    if (error != 0) ::unlink(kept.value.c_str());
  }
  if (error != 0) {
    ::unlink(fresh.c_str());
    return error;
  }
  file_.Replace(std::move(opened.value));
  return 0;
}

void RotatingSink::Reopen() {
  if (file_.Reopen()) SetNextTime();
}

std::string RotatingSink::TakeNote() {
  std::string note = rotating_.TakeNote();
  return note.empty() ? file_.TakeNote() : note;
}

absl::StatusOr<LogSinkFactory> RotatingSinkFactory(
    RotatingSinkOptions options) {
  if (options.max_bytes == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("log \"", options.path, "\": max_bytes is 0"));
  }
  if (options.every < absl::Seconds(1) ||
      absl::Trunc(options.every, absl::Seconds(1)) != options.every) {
    return absl::InvalidArgumentError(
        absl::StrCat("log \"", options.path, "\": every is ",
                     absl::FormatDuration(options.every),
                     ": it is whole seconds, one at least"));
  }
  if (absl::Status status = log_internal::CheckLogFile(
          &options.path, options.mode, options.check_interval);
      !status.ok()) {
    return status;
  }
  if (CheckRegular(options.path) != 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "cannot rotate \"", options.path, "\": it is no regular file"));
  }
  if (const int error = CheckDirectory(options.path); error != 0) {
    return absl::ErrnoToStatus(
        error, absl::StrCat("cannot rotate \"", options.path, "\""));
  }
  return LogSinkFactory([options = std::move(options)] {
    return std::make_unique<RotatingSink>(options);
  });
}

}  // namespace kingpin
