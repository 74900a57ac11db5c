#include "kingpin/logger/box_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string_view>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "kingpin/logger/above_stderr.h"
#include "kingpin/logger/black_box_format.h"
#include "kingpin/logger/plain_mutex.h"
#include "kingpin/sys/syscalls.h"

namespace kingpin::log_internal {
namespace {

constinit PlainMutex files_mu;
constinit BoxFile* first_file = nullptr;  // Guarded by files_mu.

std::string InUse(int fd, std::string_view path) {
  BoxHeader header = {};
  const bool is_known =
      ::pread(fd, &header, sizeof(header), 0) == sizeof(header) &&
      header.magic == kBoxMagic;
  return absl::StrCat(
      "black box \"", path, "\" is in use by ",
      is_known ? absl::StrCat("process ", header.pid) : "another process");
}

}  // namespace

absl::Status BoxError(int error, std::string_view what, std::string_view path) {
  return absl::ErrnoToStatus(error, absl::StrCat(what, " \"", path, "\""));
}

absl::StatusOr<std::unique_ptr<BoxFile>> BoxFile::Open(
    const std::string& path) {
  auto file = absl::WrapUnique(new BoxFile);
  // Nothing forks between here and there: the child would have a lock that it does
  // not know of.
  PlainMutexLock lock(&files_mu);
  if (absl::Status status = file->OpenAndLock(path); !status.ok()) {
    return status;
  }
  file->next_ = std::exchange(first_file, file.get());
  return file;
}

BoxFile::~BoxFile() {
  PlainMutexLock lock(&files_mu);
  BoxFile** link = &first_file;
  while (*link != nullptr && *link != this) link = &(*link)->next_;
  if (*link == this) *link = next_;
  fd_.Reset();
}

absl::Status BoxFile::OpenAndLock(const std::string& path) {
  SysResult<UniqueFd> opened =
      OpenAboveStderr(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
  if (!opened.ok()) {
    return BoxError(opened.error, "cannot open black box", path);
  }
  const int fd = opened.value.get();
  struct stat status;
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    return absl::InvalidArgumentError(
        absl::StrCat("black box \"", path, "\" is no regular file"));
  }
  // Its owner could read what is logged, and cut the file under the mapping.
  if (status.st_uid != ::geteuid()) {
    return absl::PermissionDeniedError(
        absl::StrCat("black box \"", path, "\" belongs to user ", status.st_uid,
                     ", not to this one, ", ::geteuid()));
  }
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    return errno == EWOULDBLOCK
               ? absl::UnavailableError(InUse(fd, path))
               : BoxError(errno, "cannot lock black box", path);
  }
  fd_ = std::move(opened.value);
  return absl::OkStatus();
}

void BoxFile::LockForFork() { files_mu.LockForFork(); }
void BoxFile::UnlockInParent() { files_mu.UnlockAfterFork(); }
void BoxFile::CloseAllInChild() {
  for (BoxFile* file = std::exchange(first_file, nullptr); file != nullptr;
       file = file->next_) {
    file->fd_.Reset();
  }
  files_mu.UnlockAfterFork();
}

}  // namespace kingpin::log_internal
