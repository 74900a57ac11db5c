#include "kingpin/logger/fd_sink.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

namespace kingpin {
namespace log_internal {

SysResult<size_t> WriteAll(int fd, std::string_view data) {
  size_t taken = 0;
  while (taken < data.size()) {
    const SysResult<size_t> result =
        sys::Write(fd, data.data() + taken, data.size() - taken);
    if (result.ok() && result.value > 0) {
      taken += result.value;
    } else if (result.error == EAGAIN) {
      // A file never says EAGAIN; a pipe, a socket or a terminal can be polled.
      pollfd writable = {.fd = fd, .events = POLLOUT, .revents = 0};
      ::poll(&writable, 1, /*timeout=*/-1);
    } else {
      // Nothing taken and no error: as good as one, and it must not be retried
      // for ever.
      return {taken, result.ok() ? EIO : result.error};
    }
  }
  return {taken, 0};
}

}  // namespace log_internal

SysResult<size_t> FdSink::Write(const LogBatch& batch) {
  return log_internal::WriteAll(fd_, batch.text);
}

int FdSink::Sync() {
  if (::fsync(fd_) == 0) return 0;
  // Pipes, sockets and terminals have nothing to sync.
  return errno == EINVAL || errno == EROFS ? 0 : errno;
}

}  // namespace kingpin
