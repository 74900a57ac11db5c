// OpenAboveStderr: open(2), but what it returns is none of the standard streams, which a
// daemon may have closed: what anybody prints there would stand in the file.
//
//   SysResult<UniqueFd> file = OpenAboveStderr("access.log", O_WRONLY, 0);
//
// Threads: safe from any.
#ifndef KINGPIN_LOGGER_OPEN_ABOVE_STDERR_H_
#define KINGPIN_LOGGER_OPEN_ABOVE_STDERR_H_

#include <errno.h>
#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <string>

#include "kingpin/sys/syscalls.h"
#include "kingpin/sys/unique_fd.h"

namespace kingpin::log_internal {

inline SysResult<UniqueFd> OpenAboveStderr(const std::string& path, int flags,
                                           mode_t mode) {
  SysResult<UniqueFd> opened = sys::Open(path.c_str(), flags, mode);
  if (!opened.ok() || opened.value.get() > STDERR_FILENO) return opened;
  const int fd =
      ::fcntl(opened.value.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  if (fd < 0) return {UniqueFd(), errno};
  return {UniqueFd(fd), 0};
}

}  // namespace kingpin::log_internal

#endif  // KINGPIN_LOGGER_OPEN_ABOVE_STDERR_H_
