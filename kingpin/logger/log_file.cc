#include "kingpin/logger/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/base/optimization.h"
#include "absl/strings/str_cat.h"
#include "kingpin/logger/above_stderr.h"
#include "kingpin/logger/fd_sink.h"
#include "kingpin/logger/ticks.h"

namespace kingpin::log_internal {

SysResult<UniqueFd> OpenLogFile(const std::string& path, mode_t mode,
                                int more_flags) {
  return OpenAboveStderr(
      path, O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY | O_NONBLOCK | more_flags,
      mode);
}

absl::Status CheckLogFile(std::string* absolute_path, mode_t mode,
                          absl::Duration check_interval) {
  const std::string path = *absolute_path;
  if (check_interval < absl::ZeroDuration()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "log \"", path, "\": check_interval is ",
        absl::FormatDuration(check_interval), ": it must not be below zero"));
  }
  if (path.find('\0') != path.npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("log \"", path.c_str(), "\": its name has a NUL in it"));
  }
  const SysResult<UniqueFd> opened = OpenLogFile(path, mode);
  std::error_code error(opened.error, std::system_category());
  if (!error) *absolute_path = std::filesystem::absolute(path, error);
  if (!error) return absl::OkStatus();
  return absl::ErrnoToStatus(error.value(),
                             absl::StrCat("cannot open log \"", path, "\""));
}

LogFile::LogFile(std::string path, mode_t mode, absl::Duration check_interval)
    : path_(std::move(path)), mode_(mode), check_interval_(check_interval) {
  Reopen();
}

int LogFile::Open() {
  SysResult<UniqueFd> opened = OpenLogFile(path_, mode_);
  if (!opened.ok()) return opened.error;
  struct stat status;
  if (const int error = sys::Fstat(opened.value.get(), &status); error != 0) {
    return error;
  }
  file_ = std::move(opened.value);
  is_fresh_ = true;
  had_name_ = status.st_nlink > 0;
  size_ = static_cast<uint64_t>(status.st_size);
  modified_seconds_ = status.st_mtim.tv_sec;
  return 0;
}

bool LogFile::Reopen() {
  const bool had_file = file_.valid();
  open_error_ = Open();
  if (open_error_ == 0) {
    reopening_.End();
  } else if (had_file && !IsRemoved()) {
    reopening_.Begin(open_error_);
  }
  return open_error_ == 0;
}

bool LogFile::Tend() {
  const uint64_t now = MonotonicNanos();
  if (now < next_check_nanos_ && file_.valid()) return false;
  next_check_nanos_ =
      now + static_cast<uint64_t>(absl::ToInt64Nanoseconds(check_interval_));
  if (file_.valid() && IsInPlace()) {
    reopening_.End();
    return false;
  }
  const int before = file_.get();
  Reopen();
  return file_.get() != before;
}

bool LogFile::IsInPlace() {
  struct stat there;
  struct stat here;
  if (sys::StatAt(AT_FDCWD, path_.c_str(), &there) != 0 ||
      sys::Fstat(file_.get(), &here) != 0) {
    return false;
  }
  // Somebody may have made it shorter (logrotate's copytruncate).
  size_ = static_cast<uint64_t>(here.st_size);
  return there.st_dev == here.st_dev && there.st_ino == here.st_ino;
}

SysResult<size_t> LogFile::Write(std::string_view lines) {
  if (!file_.valid()) return {0, open_error_};
  const SysResult<size_t> result = WriteHere(lines);
  if (ABSL_PREDICT_TRUE(!IsRemoved())) return result;
  file_.Reset();
  Reopen();
  if (!file_.valid()) return {0, open_error_};
  return WriteHere(lines);
}

SysResult<size_t> LogFile::WriteHere(std::string_view lines) {
  SysResult<size_t> result = WriteAll(file_.get(), lines);
  if (!result.ok()) result.value = TakeOffCutLine(lines, result.value);
  size_ += result.value;
  return result;
}

bool LogFile::IsRemoved() {
  struct stat status;
  if (sys::Fstat(file_.get(), &status) != 0) return false;
  size_ = static_cast<uint64_t>(status.st_size);
  return status.st_nlink == 0 && had_name_;
}

size_t LogFile::TakeOffCutLine(std::string_view lines, size_t taken) {
  const size_t newline = lines.substr(0, taken).rfind('\n');
  const size_t whole = newline == lines.npos ? 0 : newline + 1;
  if (whole == taken) return taken;
  struct stat status;
  // O_APPEND leaves the position behind what we wrote.
  const off_t end = ::lseek(file_.get(), 0, SEEK_CUR);
  if (sys::Fstat(file_.get(), &status) != 0 || !S_ISREG(status.st_mode) ||
      status.st_size != end ||
      ::ftruncate(file_.get(), end - static_cast<off_t>(taken - whole)) != 0) {
    return taken;
  }
  return whole;
}

int LogFile::Sync() {
  if (!file_.valid()) return open_error_;
  const int error = SyncAll(file_.get(), is_fresh_ ? &::syncfs : &::fsync);
  if (error == 0) is_fresh_ = false;
  return error;
}

void LogFile::Replace(UniqueFd file) {
  file_ = std::move(file);
  is_fresh_ = true;
  had_name_ = true;
  size_ = 0;
}

}  // namespace kingpin::log_internal
