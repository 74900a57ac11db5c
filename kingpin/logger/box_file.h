// BoxFile: the file of a black box, open and locked: one process has it. The lock ends
// with the process, however that dies, and also if children of fork() live on: the
// descriptor is closed in them, from the moment on that there is one.
//
//   absl::StatusOr<std::unique_ptr<BoxFile>> file = BoxFile::Open("server.box");
//   if (!file.ok()) return file.status();   // kUnavailable: a living process has it.
//   pwrite((*file)->fd(), ...);
//
// Threads: Open() and the destructor from any.
#ifndef KINGPIN_LOGGER_BOX_FILE_H_
#define KINGPIN_LOGGER_BOX_FILE_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kingpin/sys/unique_fd.h"

namespace kingpin::log_internal {

// "WHAT "PATH"" and the errno's text.
absl::Status BoxError(int error, std::string_view what, std::string_view path);

class BoxFile {
 public:
  // Made, and empty, if there is none. Of the user alone, as a log may hold what others
  // must not know: PermissionDenied if it is somebody else's.
  static absl::StatusOr<std::unique_ptr<BoxFile>> Open(const std::string& path);
  ~BoxFile();
  BoxFile(const BoxFile&) = delete;
  BoxFile& operator=(const BoxFile&) = delete;

  // -1 in a child.
  int fd() const { return fd_.get(); }

  // Around fork().
  static void LockForFork();
  static void UnlockInParent();
  static void CloseAllInChild();

 private:
  BoxFile() = default;
  absl::Status OpenAndLock(const std::string& path);

  UniqueFd fd_;
  BoxFile* next_ = nullptr;
};

}  // namespace kingpin::log_internal

#endif  // KINGPIN_LOGGER_BOX_FILE_H_
