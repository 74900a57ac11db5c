#include "kingpin/sys/syscalls.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "absl/base/attributes.h"
#include "absl/base/config.h"
#include "absl/base/optimization.h"
#include "absl/cleanup/cleanup.h"
#include "absl/log/check.h"
#include "kingpin/sys/fault.h"

namespace kingpin {
namespace sys {
namespace {

// Linux moves at most this much in one call (sendfile(2)); also keeps a size
// that came from arithmetic on off_t inside ssize_t.
constexpr size_t kMaxBytes = 0x7ffff000;

bool HasFaultHook() {
  return internal::g_fault_hook.load(std::memory_order_relaxed) != nullptr;
}

// Out of line, to keep the calls short.
ABSL_ATTRIBUTE_NOINLINE Fault AskFaultHook(Call call, int fd) {
  // First the count, then the hook: ScopedFaultHook's destructor goes the other
  // way round, so either it sees the user or the user no hook.
  internal::g_fault_hook_users.fetch_add(1);
  absl::Cleanup leave = [] { internal::g_fault_hook_users.fetch_sub(1); };
  const FaultHook* hook = internal::g_fault_hook.load();
  return hook == nullptr ? Fault{} : (*hook)(call, fd);
}

// libc's recv and send are cancellation points, for which it makes two atomic
// operations before and after each call when the process has threads. No thread
// of ours is ever cancelled. The sanitizers know libc's functions only.
#if defined(ABSL_HAVE_ADDRESS_SANITIZER) || \
    defined(ABSL_HAVE_MEMORY_SANITIZER) || defined(ABSL_HAVE_THREAD_SANITIZER)
ssize_t RawRecv(int fd, void* data, size_t size) {
  return ::recv(fd, data, size, 0);
}
ssize_t RawSend(int fd, const void* data, size_t size) {
  return ::send(fd, data, size, MSG_NOSIGNAL);
}
#else
ssize_t RawRecv(int fd, void* data, size_t size) {
  return ::syscall(SYS_recvfrom, fd, data, size, 0, nullptr, nullptr);
}
ssize_t RawSend(int fd, const void* data, size_t size) {
  return ::syscall(SYS_sendto, fd, data, size, MSG_NOSIGNAL, nullptr, 0);
}
#endif

// Makes the call `function(limit)`, which returns -1 and sets errno on failure,
// until it is not interrupted. `limit` is for calls that move bytes.
template <typename Function>
auto Retry(Call call, int fd, Function function)
    -> SysResult<decltype(function(size_t{}))> {
  size_t limit = kMaxBytes;
  for (;;) {
    if (ABSL_PREDICT_FALSE(HasFaultHook())) {
      Fault fault = AskFaultHook(call, fd);
      if (fault.error == EINTR) continue;
      if (fault.error != 0) return {-1, fault.error};
      limit = std::min(fault.max_bytes, kMaxBytes);
    }
    auto value = function(limit);
    if (ABSL_PREDICT_TRUE(value >= 0)) return {value, 0};
    if (errno != EINTR) return {value, errno};
  }
}

template <typename Function>
SysResult<UniqueFd> MakeFd(Call call, int fd, Function function) {
  auto result = Retry(call, fd, [&](size_t) { return function(); });
  return {UniqueFd(result.value), result.error};
}

template <typename Function>
SysResult<size_t> MoveBytes(Call call, int fd, Function function) {
  SysResult<ssize_t> result = Retry(call, fd, function);
  return {result.ok() ? static_cast<size_t>(result.value) : 0, result.error};
}

template <typename Function>
int MakeCall(Call call, int fd, Function function) {
  return Retry(call, fd, [&](size_t) { return function(); }).error;
}

}  // namespace

SysResult<UniqueFd> StreamSocket(int family) {
  return MakeFd(Call::kSocket, -1, [=] {
    return ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  });
}

int SetOption(int fd, int level, int option, int value) {
  return MakeCall(Call::kSetOption, fd, [=] {
    return ::setsockopt(fd, level, option, &value, sizeof(value));
  });
}

int AttachUpperProtocol(int fd, const char* name) {
  return MakeCall(Call::kSetOption, fd, [=] {
    return ::setsockopt(fd, IPPROTO_TCP, TCP_ULP, name,
                        static_cast<socklen_t>(std::strlen(name)));
  });
}

int Bind(int fd, const SocketAddress& address) {
  return MakeCall(Call::kBind, fd,
                  [&] { return ::bind(fd, address.get(), address.size()); });
}

int Listen(int fd, int backlog) {
  return MakeCall(Call::kListen, fd, [=] { return ::listen(fd, backlog); });
}

int TakeSocketError(int fd) {
  int error = 0;
  socklen_t size = sizeof(error);
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
  return error;
}

int ShutdownWrite(int fd) { return ::shutdown(fd, SHUT_WR) == 0 ? 0 : errno; }

SysResult<UniqueFd> Accept(int listener) {
  return MakeFd(Call::kAccept, listener, [=] {
    return ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  });
}

int Connect(int fd, const SocketAddress& address) {
  // Not made twice: one that a signal interrupts goes on by itself
  // (connect(2), EINTR), and a second call would say EALREADY.
  SysResult<int> result = Retry(Call::kConnect, fd, [&](size_t) {
    int value = ::connect(fd, address.get(), address.size());
    if (value != 0 && errno == EINTR) errno = EINPROGRESS;
    return value;
  });
  return result.error;
}

SysResult<size_t> Peek(int fd) {
  return MoveBytes(Call::kRecv, fd, [=](size_t) {
    char byte;
    return ::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  });
}

SysResult<size_t> Recv(int fd, void* data, size_t size) {
  return MoveBytes(Call::kRecv, fd, [=](size_t limit) {
    return RawRecv(fd, data, std::min(size, limit));
  });
}

SysResult<size_t> Send(int fd, const void* data, size_t size) {
  return MoveBytes(Call::kSend, fd, [=](size_t limit) {
    return RawSend(fd, data, std::min(size, limit));
  });
}

SysResult<size_t> SendV(int fd, absl::Span<const iovec> parts, bool more) {
  if (parts.empty()) return {0, 0};
  return MoveBytes(Call::kSend, fd, [=](size_t limit) {
    msghdr message = {};
    iovec first = parts[0];
    if (ABSL_PREDICT_FALSE(limit < kMaxBytes)) {  // The fault seam.
      first.iov_len = std::min(first.iov_len, limit);
      message.msg_iov = &first;
      message.msg_iovlen = 1;
    } else {
      message.msg_iov = const_cast<iovec*>(parts.data());
      message.msg_iovlen = parts.size();
    }
    return ::sendmsg(fd, &message, MSG_NOSIGNAL | (more ? MSG_MORE : 0));
  });
}

SysResult<size_t> SendFile(int fd, int file, off_t offset, size_t size) {
  return MoveBytes(Call::kSendfile, fd, [=](size_t limit) {
    off_t position = offset;
    return ::sendfile(fd, file, &position, std::min(size, limit));
  });
}

void BlockSigpipe() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

SysResult<UniqueFd> EpollCreate() {
  return MakeFd(Call::kEpollCreate, -1,
                [] { return ::epoll_create1(EPOLL_CLOEXEC); });
}

int EpollCtl(int epoll, int op, int fd, uint32_t events, uint64_t data) {
  return MakeCall(Call::kEpollCtl, fd, [=] {
    epoll_event event = {.events = events, .data = {.u64 = data}};
    return ::epoll_ctl(epoll, op, fd, &event);
  });
}

SysResult<size_t> EpollWait(int epoll, absl::Span<epoll_event> events,
                            int timeout_ms) {
  int count = -1;
  int error = 0;
  if (ABSL_PREDICT_FALSE(HasFaultHook())) {
    error = AskFaultHook(Call::kEpollWait, epoll).error;
  }
  if (ABSL_PREDICT_TRUE(error == 0)) {
    count = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()),
                         timeout_ms);
    if (count < 0) error = errno;
  }
  if (error == EINTR) return {0, 0};
  return {count < 0 ? 0 : static_cast<size_t>(count), error};
}

SysResult<UniqueFd> EventFd() {
  return MakeFd(Call::kEventFd, -1,
                [] { return ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); });
}

void FillRandom(absl::Span<char> bytes) {
  ssize_t got;
  do {
    got = ::getrandom(bytes.data(), bytes.size(), 0);
  } while (got == -1 && errno == EINTR);
  // So few bytes come whole or, on a kernel without the call, never.
  CHECK_EQ(got, static_cast<ssize_t>(bytes.size()));
}

void EventFdSignal(int event_fd) {
  // Fails only with EAGAIN, when the counter is full and the reader is due to
  // wake anyway (eventfd(2)).
  uint64_t one = 1;
  int saved = errno;  // A signal handler must not change it.
  [[maybe_unused]] ssize_t ignored = ::write(event_fd, &one, sizeof(one));
  errno = saved;
}

uint64_t EventFdTake(int event_fd) {
  uint64_t count = 0;
  if (::read(event_fd, &count, sizeof(count)) != sizeof(count)) return 0;
  return count;
}

SysResult<UniqueFd> OpenBeneath(int directory, const char* path, int flags,
                                bool follow_links) {
  open_how how = {};
  how.flags = flags | O_CLOEXEC;
  // O_PATH opens nothing and openat2 refuses to combine the two.
  if ((flags & O_PATH) == 0) how.flags |= O_NONBLOCK;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  if (!follow_links) how.resolve |= RESOLVE_NO_SYMLINKS;
  return MakeFd(Call::kOpen, directory, [&] {
    return static_cast<int>(
        ::syscall(SYS_openat2, directory, path, &how, sizeof(how)));
  });
}

SysResult<UniqueFd> Open(const char* path, int flags, mode_t mode) {
  return MakeFd(Call::kOpen, -1,
                [=] { return ::open(path, flags | O_CLOEXEC, mode); });
}

int Fstat(int fd, struct stat* out) {
  return MakeCall(Call::kFstat, fd, [=] { return ::fstat(fd, out); });
}

int StatAt(int directory, const char* path, struct stat* out) {
  return MakeCall(Call::kFstat, directory,
                  [=] { return ::fstatat(directory, path, out, 0); });
}

int LinkStatAt(int directory, const char* path, struct stat* out) {
  return MakeCall(Call::kFstat, directory, [=] {
    return ::fstatat(directory, path, out, AT_SYMLINK_NOFOLLOW);
  });
}

SysResult<size_t> PRead(int fd, void* data, size_t size, off_t offset) {
  size_t done = 0;
  while (done < size) {
    SysResult<size_t> got = MoveBytes(Call::kRead, fd, [=](size_t limit) {
      return ::pread(fd, static_cast<char*>(data) + done,
                     std::min(size - done, limit),
                     offset + static_cast<off_t>(done));
    });
    if (!got.ok()) return got;
    if (got.value == 0) break;
    done += got.value;
  }
  return {done, 0};
}

int ReadDirectory(UniqueFd directory,
                  absl::FunctionRef<bool(const char* name)> visit) {
  DIR* stream = ::fdopendir(directory.get());
  if (stream == nullptr) return errno;
  directory.Release();
  absl::Cleanup close = [stream] { ::closedir(stream); };  // `visit` may throw.
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(stream);
    if (entry == nullptr) return errno;
    const char* name = entry->d_name;
    if (std::strcmp(name, ".") == 0 || std::strcmp(name, "..") == 0) continue;
    if (!visit(name)) return 0;
  }
}

int Rename(const char* from, const char* to) {
  return MakeCall(Call::kRename, -1, [=] { return ::rename(from, to); });
}

int RenameToNew(const char* from, const char* to) {
  return MakeCall(Call::kRename, -1, [=] {
    return ::renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
  });
}

int Link(const char* from, const char* to) {
  return MakeCall(Call::kRename, -1, [=] { return ::link(from, to); });
}

SysResult<size_t> Write(int fd, const void* data, size_t size) {
  return MoveBytes(Call::kWrite, fd, [=](size_t limit) {
    return ::write(fd, data, std::min(size, limit));
  });
}

int64_t WallClockSeconds() {
  // Cannot fail: the clock exists since Linux 2.6.32 (clock_gettime(2)).
  timespec now;
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  return now.tv_sec;
}

pid_t ThreadId() { return static_cast<pid_t>(::syscall(SYS_gettid)); }

}  // namespace sys
}  // namespace kingpin
