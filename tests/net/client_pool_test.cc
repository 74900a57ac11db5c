// Many targets and several threads: limits, fair shares, sleep.
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/net/io_handler_for_client.h"
#include "kingpin/pool/target.h"
#include "kingpin/sys/unique_fd.h"
#include "tests/testing/process.h"
#include "tests/testing/scripted_client.h"
#include "tests/testing/test_client.h"

namespace kingpin {
namespace {

using testing::ClientScript;
using testing::ScriptedClientHandler;
using testing::TestClient;
using testing::TestListener;
using testing::ThreadedClient;

// Where shares are looked at, `stuck_after` is long: a loaded machine can stop a
// thread for as long as a handler can, and its turns then go to the others.

// A server of one thread that counts what is open at a time, host by host, and
// echoes. It counts a connection as closed when it has seen the end of it, and
// looks for ends before it counts a new one: what a client has closed before it
// opened another never counts twice.
class CountingServer {
 public:
  // `keep`: how many messages of a connection are answered before the server
  // closes it; 0: all.
  explicit CountingServer(int hosts, int keep = 0) : keep_(keep) {
    epoll_.Reset(epoll_create1(EPOLL_CLOEXEC));
    for (int i = 0; i < hosts; ++i) {
      listeners_.push_back(std::make_unique<TestListener>(
          absl::StrCat("127.0.1.", i + 1, ":0"), 4096));
    }
    open_.assign(hosts, 0);
    most_.assign(hosts, 0);
    thread_ = std::thread([this] { Run(); });
  }
  ~CountingServer() {
    stop_ = true;
    thread_.join();
  }

  Target target(int host) const { return listeners_[host]->target("hello"); }
  // The most that were open at one time.
  int most(int host) const { return most_[host]; }
  int most_in_all() const { return most_in_all_; }
  int accepts() const { return accepts_; }
  void Stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
    thread_ = std::thread([] {});
  }

 private:
  struct Peer {
    TestClient socket;
    int host;
    size_t answered = 0;
    int messages = 0;
  };

  void Run() {
    while (!stop_) {
      Serve(/*timeout_ms=*/1);
      for (size_t host = 0; host < listeners_.size(); ++host) {
        while (auto socket = listeners_[host]->TryAccept()) {
          Count(static_cast<int>(host), *std::move(socket));
        }
      }
    }
  }
  void Count(int host, TestClient socket) {
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
  int Serve(int timeout_ms) {
    epoll_event events[256];
    const int count = epoll_wait(epoll_.get(), events, 256, timeout_ms);
    for (int i = 0; i < count; ++i) Answer(events[i].data.fd);
    return count;
  }
  void Answer(int fd) {
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

  const int keep_;
  UniqueFd epoll_;
  std::vector<std::unique_ptr<TestListener>> listeners_;
  std::map<int, Peer> peers_;
  std::vector<int> open_;
  std::vector<int> most_;
  std::atomic<int> most_in_all_ = 0;
  std::atomic<int> accepts_ = 0;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

// Gives the connection back when an answer has come, or closes it: every
// `close_every`th.
ClientScript Exchanges(int close_every = 0) {
  auto count = std::make_shared<std::atomic<int>>(0);
  return {.on_message = [=](ScriptedClientHandler& handler, Connection& c) {
    c.input().TakeAll();
    if (close_every > 0 && ++*count % close_every == 0) return c.Close();
    handler.GiveBack(c);
  }};
}

class Limits : public ::testing::TestWithParam<int> {  // Threads.
 protected:
  // Exchanges `targets` with the hosts of `server`, added by three threads.
  void Run(CountingServer& server, int hosts, int targets,
           ConnectionPoolOptions options) {
    ThreadedClient client(Exchanges(/*close_every=*/3), {.pool = options},
                          GetParam());
    std::vector<std::thread> adders;
    for (int adder = 0; adder < 3; ++adder) {
      adders.emplace_back([&, adder] {
        for (int i = 0; i < targets / 3; ++i) {
          ASSERT_TRUE(
              client.shared().Add(server.target((i + adder) % hosts)).ok());
        }
      });
    }
    for (std::thread& adder : adders) adder.join();
    ASSERT_TRUE(client.WaitUntilEnded(targets)) << client.pool().DebugString();
    EXPECT_TRUE(client.Idle());
    EXPECT_EQ(client.shared().Sum(&LoopStats::connect_failures), 0u);
  }
};

TEST_P(Limits, OfEachHostIsNotExceededByOneByTheServersOwnCount) {
  CountingServer server(3);
  Run(server, 3, 3000, {.max_connections_per_host = 7});
  server.Stop();
  for (int host : {0, 1, 2}) {
    EXPECT_LE(server.most(host), 7);
    EXPECT_GE(server.most(host), 6) << "the test shows nothing";
  }
}

TEST_P(Limits, InAllIsNotExceededByOneByTheServersOwnCount) {
  CountingServer server(4);
  Run(server, 4, 3000, {.max_connections_per_host = 7, .max_connections = 16});
  server.Stop();
  EXPECT_LE(server.most_in_all(), 16);
  EXPECT_GE(server.most_in_all(), 15) << "the test shows nothing";
}

TEST_P(Limits, HoldWhenTheServerClosesAfterEachAnswer) {
  constexpr int kTargets = 2000;
  CountingServer server(1, /*keep=*/2);
  {
    ThreadedClient client(
        Exchanges(), {.pool = {.max_connections_per_host = 5}}, GetParam());
    for (int i = 0; i < kTargets; ++i) {
      ASSERT_TRUE(client.shared().Add(server.target(0)).ok());
    }
    ASSERT_TRUE(client.WaitUntilEnded(kTargets)) << client.pool().DebugString();
  }
  server.Stop();
  EXPECT_LE(server.most(0), 5);
}

INSTANTIATE_TEST_SUITE_P(Threads, Limits, ::testing::Values(1, 2, 4));

// Which part of the draws is the first thread's, of a closed loop with
// `at_a_time` targets under way.
double ShareOfFirstThread(int at_a_time) {
  constexpr int kTargets = 10'000;
  CountingServer server(2);
  std::atomic<int> left = kTargets;
  ClientScript script = Exchanges();
  // As each ends the next is added.
  script.on_close = [&](ScriptedClientHandler& handler, Connection&,
                        CloseReason) {
    const int number = left.fetch_sub(1);
    if (number <= 0) return;
    (void)handler.client_shared().Add(server.target(number % 2));
  };
  ThreadedClient client(script, {.pool = {.stuck_after = testing::kPatience}},
                        /*threads=*/2);
  for (int i = 0; i < at_a_time; ++i) {
    EXPECT_TRUE(client.shared().Add(server.target(0)).ok());
  }
  EXPECT_TRUE(client.WaitUntilEnded(kTargets)) << client.pool().DebugString();
  const double first = static_cast<double>(client.pool().draws(0));
  return first / (first + static_cast<double>(client.pool().draws(1)));
}

TEST(Shares, DrawsAreSpreadWithinTenPercent) {
  for (int at_a_time : {1, 8, 50}) {
    // Where the machine gives one thread no time, that one draws less. That is
    // as it should be, and does not happen each time.
    double share = 0;
    for (int tries = 0; tries < 5; ++tries) {
      share = ShareOfFirstThread(at_a_time);
      if (share > 0.45 && share < 0.55) break;
    }
    EXPECT_NEAR(share, 0.5, 0.05) << at_a_time << " at a time";
  }
}

TEST(Shares, ThreadThatIsStuckHoldsUpNobody) {
  CountingServer server(1);
  std::atomic<bool> release = false;
  std::atomic<bool> stuck = false;
  ClientScript script = Exchanges();
  script.on_connect = [&](ScriptedClientHandler&, Connection&) {
    if (stuck.exchange(true)) return;
    while (!release) poll(nullptr, 0, 1);
  };
  ThreadedClient client(script, {}, /*threads=*/2);
  for (int i = 0; i < 500; ++i) {
    ASSERT_TRUE(client.shared().Add(server.target(0)).ok());
  }
  // All but what the stuck thread had drawn with that one.
  EXPECT_TRUE(client.WaitUntilEnded(500 - 32)) << client.pool().DebugString();
  release = true;
  EXPECT_TRUE(client.WaitUntilEnded(500));
}

TEST(Sleep, IdleThreadsSleepAndAreWokenByWork) {
  CountingServer server(1);
  ThreadedClient client(Exchanges(), {}, /*threads=*/2);
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(client.Idle());
    ASSERT_TRUE(client.shared().Add(server.target(0)).ok());
    ASSERT_TRUE(client.WaitUntilEnded(i + 1));
  }
  const uint64_t iterations = client.shared().Sum(&LoopStats::iterations);
  EXPECT_LT(iterations, 20u * 20) << "not by polling";
}

TEST(Sleep, ManyConnectionsFromTwoThreads) {
  constexpr int kConnections = 2000;
  CountingServer server(4);
  std::atomic<int> answered = 0;
  ClientScript script = {
      .on_message = [&](ScriptedClientHandler&, Connection& c) {
        c.input().TakeAll();
        ++answered;
      }};
  ThreadedClient client(script,
                        {.pool = {.max_connections_per_host = kConnections,
                                  .max_connections = kConnections,
                                  .stuck_after = testing::kPatience}},
                        /*threads=*/2);
  for (int i = 0; i < kConnections + 100; ++i) {
    ASSERT_TRUE(client.shared().Add(server.target(i % 4)).ok());
  }
  ASSERT_TRUE(testing::Eventually([&] { return answered == kConnections; }));
  EXPECT_EQ(client.shared().connections(), kConnections);
  EXPECT_EQ(client.pool().waiting(), 100u);
  EXPECT_NEAR(client.shared().thread(0).load(), kConnections / 2,
              kConnections / 20);
  EXPECT_TRUE(client.Idle());
  server.Stop();
  EXPECT_EQ(server.most_in_all(), kConnections);
}

}  // namespace
}  // namespace kingpin
