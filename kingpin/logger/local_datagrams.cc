#include "kingpin/logger/local_datagrams.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>

#include "kingpin/logger/fd_sink.h"

namespace kingpin::log_internal {
namespace {

// Whether the socket leads nowhere any more: the daemon was restarted.
bool IsDisconnected(int error) {
  return error == ECONNREFUSED || error == ECONNRESET || error == ENOTCONN ||
         error == EPIPE || error == EBADF;
}

}  // namespace

int LocalDatagrams::Send(absl::FunctionRef<int(int fd)> send) {
  if (!socket_.valid()) {
    if (const int error = Connect(); error != 0) return error;
  }
  int error = SendConnected(send);
  if (!IsDisconnected(error)) return error;
  error = Connect();
  return error != 0 ? error : SendConnected(send);
}

int LocalDatagrams::SendConnected(absl::FunctionRef<int(int fd)> send) {
  for (;;) {
    const int error = send(socket_.get());
    if (error != EAGAIN && error != ENOBUFS) {
      waits_ = error == 0;
      return error;
    }
    if (!waits_ || !WaitForRoom()) {
      waits_ = false;
      return error;
    }
  }
}

bool LocalDatagrams::WaitForRoom() {
  pollfd writable = {.fd = socket_.get(), .events = POLLOUT, .revents = 0};
  return ::poll(&writable, 1, PollMillis(patience_)) != 0;
}

int LocalDatagrams::Connect() {
  socket_.Reset();
  sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
  if (path_.size() >= sizeof(address.sun_path)) return ENAMETOOLONG;
  std::memcpy(address.sun_path, path_.data(), path_.size());
  UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return errno;
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address),
                sizeof(address)) != 0) {
    return errno;
  }
  socket_ = std::move(fd);
  return 0;
}

}  // namespace kingpin::log_internal
