#include "kingpin/pool/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "kingpin/sys/clock.h"
#include "kingpin/sys/syscalls.h"

namespace kingpin {
namespace {

bool IsSocket(const std::string& path) {
  struct stat info;
  return lstat(path.c_str(), &info) == 0 && S_ISSOCK(info.st_mode);
}

// What the errno does not say.
absl::string_view HintFor(int error, const SocketAddress& address) {
  const std::string path = address.path();
  switch (error) {
    case EADDRINUSE:
      return path.empty() || IsSocket(path)
                 ? " (is another server running?)"
                 : " (something else has that path, which is no socket)";
    case EACCES:
      if (address.is_ip())
        return " (ports below 1024 need CAP_NET_BIND_SERVICE)";
      return path.empty() ? "" : " (its folder has to be writable)";
    case ENOENT:
      return path.empty() ? "" : " (is its folder there?)";
    case EWOULDBLOCK:
      return " (another server is starting or ending)";
    case EADDRNOTAVAIL:
      return " (not an address of this machine)";
    default:
      return "";
  }
}

absl::Status ListenError(int error, absl::string_view call,
                         const SocketAddress& address) {
  return absl::ErrnoToStatus(
      error, absl::StrCat("listen on ", address.ToString(), ": ", call,
                          HintFor(error, address)));
}

// Sets the options in turn; the errno of the first that fails.
int SetTcpOptions(int fd, const SocketOptions& options) {
  if (options.tcp_nodelay) {
    if (int error = sys::SetOption(fd, IPPROTO_TCP, TCP_NODELAY, 1)) {
      return error;
    }
  }
  if (options.unsent_limit_bytes > 0) {
    if (int error = sys::SetOption(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT,
                                   options.unsent_limit_bytes)) {
      return error;
    }
  }
  if (options.keep_alive <= absl::ZeroDuration()) return 0;
  int idle_seconds = static_cast<int>(std::clamp<int64_t>(
      absl::ToInt64Seconds(options.keep_alive), 1, 32767));  // tcp(7).
  int every_seconds = std::max(idle_seconds / 3, 1);
  if (int error = sys::SetOption(fd, SOL_SOCKET, SO_KEEPALIVE, 1)) return error;
  if (int error = sys::SetOption(fd, IPPROTO_TCP, TCP_KEEPIDLE, idle_seconds)) {
    return error;
  }
  if (int error =
          sys::SetOption(fd, IPPROTO_TCP, TCP_KEEPINTVL, every_seconds)) {
    return error;
  }
  return sys::SetOption(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
}

int SetOptions(int fd, const SocketAddress& address,
               const SocketOptions& options, bool share_port) {
  auto set = [fd](int option, int value) {
    return value == 0 ? 0 : sys::SetOption(fd, SOL_SOCKET, option, value);
  };
  int error = set(SO_REUSEADDR, options.reuse_address);
  if (error == 0) error = set(SO_REUSEPORT, share_port);
  if (error == 0) error = set(SO_SNDBUF, options.send_buffer_bytes);
  if (error == 0) error = set(SO_RCVBUF, options.receive_buffer_bytes);
  if (error == 0 && address.is_ip()) error = SetTcpOptions(fd, options);
  if (error == 0 && address.family() == AF_INET6) {
    // Whatever net.ipv6.bindv6only says: "[::]:80" and ":80" take IPv4 too.
    error = sys::SetOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
  }
  return error;
}

// True if `path` is a socket that no process listens on any more.
bool IsStaleSocket(const SocketAddress& address) {
  if (!IsSocket(address.path())) return false;
  SysResult<UniqueFd> probe = sys::StreamSocket(AF_UNIX);
  return probe.ok() &&
         connect(probe.value.get(), address.get(), address.size()) != 0 &&
         errno == ECONNREFUSED;
}

bool SameFile(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

// Who has a path locked for longer does not just look and decide.
constexpr absl::Duration kLockPatience = absl::Seconds(2);
constexpr absl::Duration kLockPollPeriod = absl::Milliseconds(5);

// While it is locked, no other server claims, replaces or removes the path of a
// unix-domain socket: until a server listens, its path looks like one that was
// left behind. The lock is on a file next to the path, which is there for that
// long only; if its owner was killed it stays, unlocked.
class PathLock {
 public:
  PathLock() = default;
  PathLock(const PathLock&) = delete;
  PathLock& operator=(const PathLock&) = delete;
  ~PathLock() {
    if (file_.valid()) unlink(name_.c_str());
  }

  // Waits for who has it, up to kLockPatience. 0 or errno; EWOULDBLOCK when
  // somebody has it still.
  int Lock(const std::string& path) {
    name_ = path + ".kingpin-lock";
    MonotonicTime give_up = Clock::Real().Now() + kLockPatience;
    int error = TryLock();
    while (error == EWOULDBLOCK && Clock::Real().Now() < give_up) {
      absl::SleepFor(kLockPollPeriod);
      error = TryLock();
    }
    return error;
  }

 private:
  int TryLock() {
    SysResult<UniqueFd> file =
        sys::Open(name_.c_str(), O_CREAT | O_RDWR | O_NOFOLLOW, 0600);
    if (!file.ok()) return file.error;
    if (flock(file.value.get(), LOCK_EX | LOCK_NB) != 0) return errno;
    // Who had it may have removed the file between our two calls.
    struct stat locked, named;
    if (fstat(file.value.get(), &locked) != 0 ||
        lstat(name_.c_str(), &named) != 0 || !SameFile(locked, named)) {
      return EWOULDBLOCK;
    }
    file_ = std::move(file.value);
    return 0;
  }

  std::string name_;
  UniqueFd file_;  // Valid: locked.
};

int BindAddress(int fd, const SocketAddress& address) {
  int error = sys::Bind(fd, address);
  if (error == EADDRINUSE && !address.path().empty() &&
      IsStaleSocket(address)) {
    unlink(address.path().c_str());
    error = sys::Bind(fd, address);
  }
  return error;
}

bool IsAnyIpv6(const SocketAddress& address) {
  return address.family() == AF_INET6 && address.host() == "::";
}

absl::StatusOr<UniqueFd> MakeBound(const SocketAddress& address,
                                   const SocketOptions& options,
                                   bool share_port) {
  SysResult<UniqueFd> fd = sys::StreamSocket(address.family());
  if (fd.error == EAFNOSUPPORT && IsAnyIpv6(address)) {
    absl::StatusOr<SocketAddress> v4 =
        SocketAddress::Parse(absl::StrCat("0.0.0.0:", address.port()));
    return MakeBound(*v4, options, share_port);
  }
  if (!fd.ok()) return ListenError(fd.error, "socket", address);
  if (int error = SetOptions(fd.value.get(), address, options, share_port)) {
    return ListenError(error, "setsockopt", address);
  }
  if (int error = BindAddress(fd.value.get(), address)) {
    return ListenError(error, "bind", address);
  }
  return std::move(fd.value);
}

}  // namespace

absl::StatusOr<Listener> Listener::Open(const SocketAddress& address,
                                        const SocketOptions& options,
                                        bool share_port) {
  const std::string path = address.path();
  PathLock lock;
  if (!path.empty()) {
    if (int error = lock.Lock(path)) {
      return ListenError(error, "lock the path", address);
    }
  }
  absl::StatusOr<UniqueFd> fd = MakeBound(address, options, share_port);
  if (!fd.ok()) return fd.status();
  if (int error = sys::Listen(fd->get(), options.backlog)) {
    return ListenError(error, "listen", address);
  }
  SocketAddress bound = SocketAddress::Local(fd->get());
  Listener listener(*std::move(fd), std::move(bound));
  if (struct stat named; !path.empty() && lstat(path.c_str(), &named) == 0) {
    listener.path_id_ = {named.st_dev, named.st_ino};
  }
  return listener;
}

absl::Status Listener::CheckFree(const SocketAddress& address,
                                 const SocketOptions& options) {
  return MakeBound(address, options, /*share_port=*/false).status();
}

absl::StatusOr<Listener> Listener::Adopt(int fd) {
  int listening = 0;
  socklen_t size = sizeof(listening);
  if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 ||
      listening == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("descriptor ", fd, " is not a listening socket"));
  }
  if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 ||
      fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("adopt descriptor ", fd));
  }
  return Listener(UniqueFd(fd), SocketAddress::Local(fd));
}

Listener::~Listener() {
  if (!path_id_.has_value()) return;
  const std::string path = address_.path();
  PathLock lock;
  struct stat named;
  // Looked at before the socket is closed: then its inode may be used anew.
  bool ours = lock.Lock(path) == 0 && lstat(path.c_str(), &named) == 0 &&
              *path_id_ == std::pair(named.st_dev, named.st_ino);
  fd_.Reset();
  // Not if it was handed over and another process listens on it still.
  if (ours && IsStaleSocket(address_)) unlink(path.c_str());
}

AcceptOutcome ClassifyAcceptError(int error) {
  switch (error) {
    case EAGAIN:
      return AcceptOutcome::kNothing;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      return AcceptOutcome::kPause;
    case ECONNABORTED:
    case EPROTO:
    case EPERM:  // A firewall rule. accept(2).
    // Errors that were already pending on the new socket; Linux hands them out
    // through accept(2), "Error handling".
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
      return AcceptOutcome::kSkip;
    default:
      // Nothing documented. Pausing keeps a surprise from becoming a spin.
      return AcceptOutcome::kPause;
  }
}

}  // namespace kingpin
