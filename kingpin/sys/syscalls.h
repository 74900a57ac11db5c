// The one place that calls the kernel on behalf of a loop. One thin function a
// system call: EINTR is handled inside, descriptors are born CLOEXEC and
// (Open() apart) non-blocking, SIGPIPE is never raised, errno is captured at
// once, and the fault seam is asked first by every call that is named in
// fault.h. Code that only runs at the start or the end (listeners, signals, the
// logger's thread) makes its few other calls itself.
//
// Threads: all functions are safe from any thread.
// Errors: {value, error}; `error` is an errno value, 0 when the call succeeded.
// EAGAIN is an error code here and no failure: callers sort.
//
//   SysResult<size_t> sent = sys::Send(fd, "hi", 2);
//   if (sent.ok()) return sent.value;
//   if (sent.error == EAGAIN) return ArmEpollOut();
//   return absl::ErrnoToStatus(sent.error, "send");
#ifndef KINGPIN_SYS_SYSCALLS_H_
#define KINGPIN_SYS_SYSCALLS_H_

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>

#include "absl/functional/function_ref.h"
#include "absl/types/span.h"
#include "kingpin/sys/socket_address.h"
#include "kingpin/sys/unique_fd.h"

namespace kingpin {

template <typename T>
struct [[nodiscard]] SysResult {
  T value;
  int error = 0;
  bool ok() const { return error == 0; }
};

namespace sys {

// --- Sockets ---------------------------------------------------------------

// A stream socket of the family.
SysResult<UniqueFd> StreamSocket(int family);
// Each returns 0 or errno.
int SetOption(int fd, int level, int option, int value);
// Puts a protocol of the kernel's above TCP: "tls". TCP_ULP, kSetOption of the
// fault seam.
int AttachUpperProtocol(int fd, const char* name);
int Bind(int fd, const SocketAddress& address);
int Listen(int fd, int backlog);
// SO_ERROR, which reading clears; the errno of the read if that fails.
int TakeSocketError(int fd);
// Of a socket: nothing that is sent arrives any more. What the peer has sent may
// still be there to be read.
inline bool PeerHasGone(int error) {
  return error == EPIPE || error == ECONNRESET;
}
// Sends FIN. The socket can still be read.
int ShutdownWrite(int fd);

SysResult<UniqueFd> Accept(int listener);
// 0: connected. EINPROGRESS: the socket becomes writable when it is known, and
// TakeSocketError() then says how it went.
int Connect(int fd, const SocketAddress& address);
// What a Recv of one byte would return, without taking the byte. EAGAIN: the
// peer has neither sent anything nor closed.
SysResult<size_t> Peek(int fd);
// A value of 0 means the peer has sent FIN.
SysResult<size_t> Recv(int fd, void* data, size_t size);
SysResult<size_t> Send(int fd, const void* data, size_t size);
// `more`: MSG_MORE, the kernel may hold a partial segment for what follows.
SysResult<size_t> SendV(int fd, absl::Span<const iovec> parts, bool more);
// From `offset` of `file`, whose own position does not move. A value of 0 means
// that the file ends before `offset`. sendfile(2) takes no MSG_NOSIGNAL: a
// thread that calls this must block SIGPIPE (BlockSigpipe).
SysResult<size_t> SendFile(int fd, int file, off_t offset, size_t size);
// SIGPIPE that this thread causes stays pending for ever. pthread_sigmask(3).
void BlockSigpipe();

// --- Randomness --------------------------------------------------------------

// Fills `bytes`, at most 256 of them, with what nobody can foretell. Waits only
// for the kernel to have gathered it, once after a boot (getrandom(2)).
void FillRandom(absl::Span<char> bytes);

// --- Readiness ---------------------------------------------------------------

SysResult<UniqueFd> EpollCreate();
// `op` is EPOLL_CTL_*; `data` comes back in epoll_event.data.u64.
int EpollCtl(int epoll, int op, int fd, uint32_t events, uint64_t data);
// How many of `events` were filled; `timeout_ms` -1 waits for ever. A signal
// ends the wait early with 0 events, because only the caller knows how much of
// the time is left.
SysResult<size_t> EpollWait(int epoll, absl::Span<epoll_event> events,
                            int timeout_ms);
SysResult<UniqueFd> EventFd();
// Wakes whoever waits for `event_fd`. Safe in a signal handler.
void EventFdSignal(int event_fd);
// Reads and clears the count; 0 when there was none.
uint64_t EventFdTake(int event_fd);

// --- Files -------------------------------------------------------------------

// Opens `path` beneath `directory` and never outside of it: not by "..", by an
// absolute path or by a symbolic link (openat2(2), RESOLVE_BENEATH and
// RESOLVE_NO_MAGICLINKS; `follow_links` false adds RESOLVE_NO_SYMLINKS).
// O_NONBLOCK is set, so a FIFO cannot hold the thread.
SysResult<UniqueFd> OpenBeneath(int directory, const char* path, int flags,
                                bool follow_links);
SysResult<UniqueFd> Open(const char* path, int flags, mode_t mode = 0);
int Fstat(int fd, struct stat* out);
// Of `path` from `directory`, following links, wherever they lead: for looking
// at what OpenBeneath is to open, or at whether what it opened has changed.
int StatAt(int directory, const char* path, struct stat* out);
// The same of a link itself.
int LinkStatAt(int directory, const char* path, struct stat* out);
// From `offset`; less than `size` only at the end of the file.
SysResult<size_t> PRead(int fd, void* data, size_t size, off_t offset);
// Calls `visit` with the name of each entry but "." and "..", in no order,
// until it returns false. 0 or errno.
int ReadDirectory(UniqueFd directory,
                  absl::FunctionRef<bool(const char* name)> visit);
// Give a file another name, or one more; RenameToNew() and Link() never replace what
// has `to` already (EEXIST). 0 or errno. kRename of the fault seam is all of them.
int Rename(const char* from, const char* to);
int RenameToNew(const char* from, const char* to);
int Link(const char* from, const char* to);
// Blocking descriptors: for the logger's backend, never on a loop thread.
SysResult<size_t> Write(int fd, const void* data, size_t size);

// Wall clock, seconds since the Unix epoch, of the clock that file systems
// stamp files with: a few milliseconds behind, never ahead.
// CLOCK_REALTIME_COARSE.
int64_t WallClockSeconds();

// The kernel's id of this thread, as ps -L shows it. gettid(2).
pid_t ThreadId();

}  // namespace sys
}  // namespace kingpin

#endif  // KINGPIN_SYS_SYSCALLS_H_
