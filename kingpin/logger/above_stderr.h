// AboveStderr: descriptors that are none of the standard streams, which a daemon may have
// closed: what anybody prints there would stand in the file, or go to the socket.
//
//   SysResult<UniqueFd> file = OpenAboveStderr("access.log", O_WRONLY, 0);
//   SysResult<UniqueFd> fd = AboveStderr(UniqueFd(socket(...)));
//
// Threads: safe from any.
#ifndef KINGPIN_LOGGER_ABOVE_STDERR_H_
#define KINGPIN_LOGGER_ABOVE_STDERR_H_

#include <errno.h>
#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "kingpin/sys/syscalls.h"
#include "kingpin/sys/unique_fd.h"

namespace kingpin::log_internal {

// `fd`, or a duplicate of it that is closed on exec.
inline SysResult<UniqueFd> AboveStderr(UniqueFd fd) {
  if (fd.get() > STDERR_FILENO) return {std::move(fd), 0};
  const int above = ::fcntl(fd.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  if (above < 0) return {UniqueFd(), errno};
  return {UniqueFd(above), 0};
}

// open(2).
inline SysResult<UniqueFd> OpenAboveStderr(const std::string& path, int flags,
                                           mode_t mode) {
  SysResult<UniqueFd> opened = sys::Open(path.c_str(), flags, mode);
  if (!opened.ok()) return opened;
  return AboveStderr(std::move(opened.value));
}

}  // namespace kingpin::log_internal

#endif  // KINGPIN_LOGGER_ABOVE_STDERR_H_
