#include "kingpin/logger/local_datagrams.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>

#include "kingpin/logger/above_stderr.h"
#include "kingpin/logger/fd_sink.h"
#include "kingpin/logger/ticks.h"
#include "kingpin/sys/syscalls.h"

namespace kingpin::log_internal {
namespace {

// Whether the socket leads nowhere any more: the daemon was restarted.
bool IsDisconnected(int error) {
  return error == ECONNREFUSED || error == ECONNRESET || error == ENOTCONN ||
         error == EPIPE || error == EBADF;
}

}  // namespace

int LocalDatagrams::Send(absl::FunctionRef<int(int fd)> send) {
  deadline_nanos_ = 0;
  if (!socket_.valid()) {
    if (const int error = Connect(); error != 0) return error;
  }
  int error = SendConnected(send);
  if (!IsDisconnected(error)) return error;
  error = Connect();
  return error != 0 ? error : SendConnected(send);
}

int LocalDatagrams::SendConnected(absl::FunctionRef<int(int fd)> send) {
  for (bool has_waited = false;; has_waited = true) {
    const int error = send(socket_.get());
    if (error != EAGAIN && error != ENOBUFS) {
      waits_ = error == 0;
      return error;
    }
    // ENOBUFS may be said of a socket that can be written to all the while.
    waits_ = waits_ && !(has_waited && error == ENOBUFS) && WaitForRoom();
    if (!waits_) return error;
  }
}

bool LocalDatagrams::WaitForRoom() {
  const int64_t now = static_cast<int64_t>(MonotonicNanos());
  if (deadline_nanos_ == 0) {
    deadline_nanos_ =
        now + absl::ToInt64Nanoseconds(std::min(patience_, absl::Hours(24)));
  }
  if (now >= deadline_nanos_) return false;
  pollfd writable = {.fd = socket_.get(), .events = POLLOUT, .revents = 0};
  return ::poll(&writable, 1,
                PollMillis(absl::Nanoseconds(deadline_nanos_ - now))) != 0;
}

int LocalDatagrams::Connect() {
  socket_.Reset();
  sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
  if (path_.size() >= sizeof(address.sun_path)) return ENAMETOOLONG;
  std::memcpy(address.sun_path, path_.data(), path_.size());
  UniqueFd lowest(
      ::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!lowest.valid()) return errno;
  SysResult<UniqueFd> fd = AboveStderr(std::move(lowest));
  if (!fd.ok()) return fd.error;
  if (::connect(fd.value.get(), reinterpret_cast<const sockaddr*>(&address),
                sizeof(address)) != 0) {
    return errno;
  }
  socket_ = std::move(fd.value);
  return 0;
}

}  // namespace kingpin::log_internal
