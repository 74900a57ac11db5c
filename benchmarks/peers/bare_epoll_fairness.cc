// The fairness protocol on bare epoll loops, for two accept strategies of the
// kernel: `reuseport` (a listener a thread) and `exclusive` (one listener,
// registered by every thread with EPOLLEXCLUSIVE).
//
// A client sends one byte: 'i' answers the thread's index (one byte), 'b' burns
// 150 ms of CPU first.
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <vector>

#include "benchmarks/peers/burn.h"
#include "benchmarks/peers/peer.h"

namespace {

void Register(int epoll, int fd, uint32_t interest) {
  epoll_event event = {.events = interest, .data = {.fd = fd}};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
    peers::Die("epoll_ctl");
  }
}

// One accept a wake-up: a thread that takes more than its wake-up was for takes
// it from a sibling.
void Accept(int epoll, int listener) {
  const int fd =
      accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return;
  peers::SetNoDelay(fd);
  Register(epoll, fd, EPOLLIN);
}

void Answer(int fd, char index) {
  char command;
  const ssize_t n = recv(fd, &command, 1, 0);
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0) {
    close(fd);
    return;
  }
  if (command == 'b') peers::Burn();
  // One byte into an empty send queue is never short.
  if (send(fd, &index, 1, MSG_NOSIGNAL) != 1) close(fd);
}

[[noreturn]] void Serve(int index, int listener, uint32_t listener_interest) {
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) peers::Die("epoll_create1");
  Register(epoll, listener, listener_interest);
  std::array<epoll_event, 128> events;
  for (;;) {
    const int n = epoll_wait(epoll, events.data(), events.size(), -1);
    for (int i = 0; i < n; ++i) {
      const int fd = events[i].data.fd;
      if (fd == listener) {
        Accept(epoll, listener);
      } else {
        Answer(fd, static_cast<char>(index));
      }
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const peers::Options options = peers::ParseOptions(argc, argv);
  std::vector<int> listeners;
  uint32_t interest = EPOLLIN;
  if (options.strategy == "reuseport") {
    listeners = peers::ListenPerThread(options);
  } else if (options.strategy == "exclusive") {
    listeners.assign(options.threads, peers::Listen(options.port, false));
    interest |= EPOLLEXCLUSIVE;
  } else {
    std::fputs("--strategy is reuseport or exclusive\n", stderr);
    return 2;
  }
  peers::RunThreads(listeners, [interest](int index, int listener) {
    Serve(index, listener, interest);
  });
}
