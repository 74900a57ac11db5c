// Echo in a closed loop: every connection has one message in flight.
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

#include "absl/flags/flag.h"
#include "benchmarks/load/closed_loop.h"
#include "benchmarks/load/json_line.h"
#include "benchmarks/load/phases.h"
#include "benchmarks/load/sockets.h"

ABSL_FLAG(int, connections, 64, "Connections of all the threads.");
ABSL_FLAG(int, size, 64, "Bytes of a message.");

namespace load {
namespace {

// Sends a message that differs from connection to connection and from time to
// time, and compares what comes back byte for byte.
class EchoExchange : public Exchange {
 public:
  EchoExchange(Epoll& epoll, uint64_t id, size_t size)
      : Exchange(epoll), sequence_(id << 32), message_(size, '\0') {
    for (size_t i = 0; i < size; ++i) message_[i] = static_cast<char>(id + i);
  }

  Progress Start() override {
    ++sequence_;
    std::memcpy(message_.data(), &sequence_,
                std::min(sizeof(sequence_), message_.size()));
    sent_ = 0;
    received_ = 0;
    return Send();
  }

  Progress OnEvent(uint32_t events) override {
    if (events & EPOLLOUT) return Send();
    return Receive();
  }

  int64_t bytes() const override {
    return static_cast<int64_t>(message_.size());
  }

 private:
  Progress Send() {
    const ssize_t n = send(fd(), message_.data() + sent_,
                           message_.size() - sent_, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN) return Progress::kFailed;
    sent_ += std::max<ssize_t>(n, 0);
    WaitForRoom(sent_ < message_.size());
    return Progress::kMore;
  }

  // A large message needs both directions at once: the server stops reading
  // when its answer finds no room.
  void WaitForRoom(bool wait) {
    if (wait == waits_for_room_) return;
    waits_for_room_ = wait;
    SetInterest(wait ? EPOLLIN | EPOLLOUT : EPOLLIN);
  }

  Progress Receive() {
    static thread_local std::array<char, size_t{256} << 10> scratch;
    const ssize_t n = recv(fd(), scratch.data(), scratch.size(), 0);
    if (n < 0 && errno == EAGAIN) return Progress::kMore;
    if (n <= 0 || static_cast<size_t>(n) > sent_ - received_) {
      return Progress::kFailed;
    }
    if (std::memcmp(scratch.data(), message_.data() + received_, n) != 0) {
      return Progress::kFailed;
    }
    received_ += n;
    return received_ == message_.size() ? Progress::kDone : Progress::kMore;
  }

  uint64_t sequence_;
  std::string message_;
  size_t sent_ = 0;
  size_t received_ = 0;
  bool waits_for_room_ = false;
};

int Main() {
  const int connections = absl::GetFlag(FLAGS_connections);
  const int threads = absl::GetFlag(FLAGS_threads);
  const int size = absl::GetFlag(FLAGS_size);
  Workers workers = MakeWorkers([&](int thread) {
    auto loop = std::make_unique<ClosedLoop>();
    for (int id = thread; id < connections; id += threads) {
      loop->Add(std::make_unique<EchoExchange>(loop->epoll(), id, size));
    }
    return loop;
  });
  JsonLine line;
  line.Add("load", "echo")
      .Add("connections", int64_t{connections})
      .Add("size", int64_t{size});
  return RunPhases(workers, line);
}

}  // namespace
}  // namespace load

int main(int argc, char** argv) {
  load::Init(argc, argv, "Echo in a closed loop, byte-checked.",
             [] { return absl::GetFlag(FLAGS_connections); });
  return load::Main();
}
