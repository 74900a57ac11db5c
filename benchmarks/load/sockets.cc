#include "benchmarks/load/sockets.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <utility>

namespace load {
namespace {

constexpr uint32_t kSourceAddresses = 250;

sockaddr_in Loopback(uint32_t last_byte, int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl((INADDR_LOOPBACK & ~0xffu) | last_byte);
  return address;
}

void SetOption(int fd, int level, int name) {
  const int on = 1;
  if (setsockopt(fd, level, name, &on, sizeof(on)) != 0) Die("setsockopt");
}

Socket NewSocket(int flags) {
  Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
  if (socket.fd() < 0) Die("socket");
  SetOption(socket.fd(), IPPROTO_TCP, TCP_NODELAY);
  return socket;
}

int ConnectTo(const Socket& socket, int port) {
  const sockaddr_in address = Loopback(1, port);
  return connect(socket.fd(), reinterpret_cast<const sockaddr*>(&address),
                 sizeof(address));
}

}  // namespace

void Die(std::string_view what) {
  std::fprintf(stderr, "%.*s: %s\n", static_cast<int>(what.size()), what.data(),
               std::strerror(errno));
  std::exit(1);
}

int64_t NowNs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * int64_t{1'000'000'000} + now.tv_nsec;
}

Socket& Socket::operator=(Socket&& other) noexcept {
  if (this != &other) {
    Close();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

void Socket::Close() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

void Socket::Reset() {
  const linger now = {.l_onoff = 1, .l_linger = 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  Close();
}

Socket Connect(int port) {
  Socket socket = NewSocket(0);
  if (ConnectTo(socket, port) != 0) Die("connect");
  return socket;
}

Socket StartConnect(int port, uint64_t sequence) {
  Socket socket = NewSocket(SOCK_NONBLOCK);
  // The port is left for connect() to choose, when it knows the whole tuple.
  SetOption(socket.fd(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT);
  const sockaddr_in source = Loopback(2 + sequence % kSourceAddresses, 0);
  if (bind(socket.fd(), reinterpret_cast<const sockaddr*>(&source),
           sizeof(source)) != 0) {
    Die("bind");
  }
  if (ConnectTo(socket, port) != 0 && errno != EINPROGRESS) Die("connect");
  return socket;
}

void SetNonBlocking(const Socket& socket) {
  const int flags = fcntl(socket.fd(), F_GETFL);
  if (fcntl(socket.fd(), F_SETFL, flags | O_NONBLOCK) != 0) Die("fcntl");
}

void AllowOpenFiles(uint64_t needed) {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) Die("getrlimit");
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) Die("setrlimit");
  if (limit.rlim_max >= needed) return;
  errno = EMFILE;
  Die("the hard limit of open files is too low");
}

Epoll::Epoll() : epoll_(epoll_create1(EPOLL_CLOEXEC)), events_(1024) {
  if (epoll_.fd() < 0) Die("epoll_create1");
}

void Epoll::Add(const Socket& socket, uint32_t interest, void* data) {
  Control(EPOLL_CTL_ADD, socket, interest, data);
}

void Epoll::Modify(const Socket& socket, uint32_t interest, void* data) {
  Control(EPOLL_CTL_MOD, socket, interest, data);
}

void Epoll::Remove(const Socket& socket) {
  Control(EPOLL_CTL_DEL, socket, 0, nullptr);
}

std::span<const epoll_event> Epoll::Wait() {
  int n;
  do {
    n = epoll_wait(epoll_.fd(), events_.data(), events_.size(), -1);
  } while (n < 0 && errno == EINTR);
  if (n < 0) Die("epoll_wait");
  return {events_.data(), static_cast<size_t>(n)};
}

void Epoll::Control(int operation, const Socket& socket, uint32_t interest,
                    void* data) {
  epoll_event event = {.events = interest, .data = {.ptr = data}};
  if (epoll_ctl(epoll_.fd(), operation, socket.fd(), &event) != 0) {
    Die("epoll_ctl");
  }
}

}  // namespace load
