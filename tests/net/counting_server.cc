#include "tests/net/counting_server.h"

#include <sys/epoll.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace kingpin {
namespace testing {

CountingServer::CountingServer(int hosts, int keep)
    : keep_(keep),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      open_(hosts, 0),
      most_(hosts, 0) {
  for (int i = 0; i < hosts; ++i) {
    listeners_.push_back(std::make_unique<TestListener>(
        absl::StrCat("127.0.1.", i + 1, ":0"), 4096));
  }
}

void CountingServer::Start() {
  thread_ = std::thread([this] { Run(); });
}

void CountingServer::Stop() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
}

void CountingServer::Run() {
  while (!stop_) {
    Serve(/*timeout_ms=*/1);
    for (size_t host = 0; host < listeners_.size(); ++host) {
      while (auto socket = listeners_[host]->TryAccept()) {
        Count(static_cast<int>(host), *std::move(socket));
      }
    }
  }
}

void CountingServer::Count(int host, TestClient socket) {
  // What ended before this one began.
  while (Serve(/*timeout_ms=*/0) > 0) {
  }
  ++accepts_;
  most_[host] = std::max(most_[host], ++open_[host]);
  most_in_all_ = std::max<int>(most_in_all_, peers_.size() + 1);
  const int fd = socket.fd();
  epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data = {.fd = fd}};
  epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
  peers_.emplace(fd, Peer{std::move(socket), host});
}

int CountingServer::Serve(int timeout_ms) {
  epoll_event events[256];
  const int count = epoll_wait(epoll_.get(), events, 256, timeout_ms);
  for (int i = 0; i < count; ++i) Answer(events[i].data.fd);
  return count;
}

void CountingServer::Answer(int fd) {
  auto it = peers_.find(fd);
  if (it == peers_.end()) return;
  Peer& peer = it->second;
  const bool ended = peer.socket.ended();
  const size_t received = peer.socket.received().size();
  if (received > peer.answered) {
    peer.socket.TrySend("y");
    peer.answered = received;
    ++peer.messages;
  }
  if (ended || (keep_ > 0 && peer.messages >= keep_)) {
    --open_[peer.host];
    peers_.erase(it);
  }
}

}  // namespace testing
}  // namespace kingpin
