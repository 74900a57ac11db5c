// The client's sockets, all on loopback, and the one epoll they wait in.
#ifndef BENCHMARKS_LOAD_SOCKETS_H_
#define BENCHMARKS_LOAD_SOCKETS_H_

#include <sys/epoll.h>

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace load {

// Prints `what: strerror(errno)` and exits with 1.
[[noreturn]] void Die(std::string_view what);

// The monotonic clock.
int64_t NowNs();

// A move-only descriptor.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  Socket& operator=(Socket&& other) noexcept;
  ~Socket() { Close(); }

  int fd() const { return fd_; }

  void Close();
  // Closes with a reset, which leaves no TIME_WAIT on either side.
  void Reset();

 private:
  int fd_ = -1;
};

// A connected, blocking socket with TCP_NODELAY; exits when refused.
Socket Connect(int port);

// A non-blocking socket with a connect under way (errors show on first use).
// The source address cycles over 127.0.0.2-251 with `sequence`, so that ports
// in TIME_WAIT do not run out: 250 x 28,000 of them.
Socket StartConnect(int port, uint64_t sequence);

void SetNonBlocking(const Socket& socket);

// Raises the soft limit of open files to the hard one; exits when that is less
// than `needed`.
void AllowOpenFiles(uint64_t needed);

class Epoll {
 public:
  Epoll();

  void Add(const Socket& socket, uint32_t interest, void* data);
  void Modify(const Socket& socket, uint32_t interest, void* data);
  void Remove(const Socket& socket);

  // Waits without a limit; the events live until the next call.
  std::span<const epoll_event> Wait();

 private:
  void Control(int operation, const Socket& socket, uint32_t interest,
               void* data);

  Socket epoll_;
  std::vector<epoll_event> events_;
};

}  // namespace load

#endif  // BENCHMARKS_LOAD_SOCKETS_H_
