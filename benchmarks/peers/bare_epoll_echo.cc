// Echo on a bare epoll loop: what the kernel charges and nothing else.
//
// One loop and one SO_REUSEPORT listener a thread, level-triggered, one scratch
// buffer a thread, written back at once. EPOLLOUT is armed only after a short
// write, and reading waits until the rest is out, so nothing grows.
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <unordered_map>

#include "benchmarks/peers/peer.h"

namespace {

class EchoLoop {
 public:
  explicit EchoLoop(int listener)
      : epoll_(epoll_create1(EPOLL_CLOEXEC)), listener_(listener) {
    if (epoll_ < 0) peers::Die("epoll_create1");
    Control(EPOLL_CTL_ADD, listener_, EPOLLIN);
  }

  [[noreturn]] void Run() {
    std::array<epoll_event, 1024> events;
    for (;;) {
      const int n = epoll_wait(epoll_, events.data(), events.size(), -1);
      for (int i = 0; i < n; ++i) {
        const int fd = events[i].data.fd;
        if (fd == listener_) {
          Accept();
        } else if (events[i].events & EPOLLOUT) {
          WriteRest(fd);
        } else {
          Echo(fd);
        }
      }
    }
  }

 private:
  void Control(int operation, int fd, uint32_t interest) {
    epoll_event event = {.events = interest, .data = {.fd = fd}};
    if (epoll_ctl(epoll_, operation, fd, &event) != 0) peers::Die("epoll_ctl");
  }

  // A bounded batch, so that a burst of connections starves nobody; the
  // listener is level-triggered and reports what is left.
  void Accept() {
    for (int i = 0; i < kAcceptBatch; ++i) {
      const int fd =
          accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      peers::SetNoDelay(fd);
      Control(EPOLL_CTL_ADD, fd, EPOLLIN);
    }
  }

  void Echo(int fd) {
    const ssize_t n = recv(fd, scratch_.data(), scratch_.size(), 0);
    if (n > 0) {
      Write(fd, {scratch_.data(), static_cast<size_t>(n)});
    } else if (n == 0 || errno != EAGAIN) {
      close(fd);
    }
  }

  void Write(int fd, std::string_view bytes) {
    const ssize_t n = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n == static_cast<ssize_t>(bytes.size())) return;
    if (n < 0 && errno != EAGAIN) {
      close(fd);
      return;
    }
    rest_[fd] = std::string(bytes.substr(n < 0 ? 0 : n));
    Control(EPOLL_CTL_MOD, fd, EPOLLOUT);
  }

  void WriteRest(int fd) {
    const auto it = rest_.find(fd);
    const ssize_t n =
        send(fd, it->second.data(), it->second.size(), MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN) {
      close(fd);
      rest_.erase(it);
      return;
    }
    it->second.erase(0, n < 0 ? 0 : n);
    if (!it->second.empty()) return;
    rest_.erase(it);
    Control(EPOLL_CTL_MOD, fd, EPOLLIN);
  }

  static constexpr int kAcceptBatch = 16;

  const int epoll_;
  const int listener_;
  std::array<char, peers::kScratchBytes> scratch_;
  // What a short write left over, by descriptor: only these wait for EPOLLOUT.
  std::unordered_map<int, std::string> rest_;
};

}  // namespace

int main(int argc, char** argv) {
  const peers::Options options = peers::ParseOptions(argc, argv);
  peers::RunThreads(peers::ListenPerThread(options), [](int, int listener) {
    EchoLoop loop(listener);
    loop.Run();
  });
}
