// Many targets and several threads: limits, fair shares, sleep.
#include <poll.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/net/io_handler_for_client.h"
#include "kingpin/pool/target.h"
#include "tests/net/counting_server.h"
#include "tests/testing/process.h"
#include "tests/testing/scripted_client.h"

namespace kingpin {
namespace {

using testing::ClientScript;
using testing::CountingServer;
using testing::ScriptedClientHandler;
using testing::ThreadedClient;

// Where shares are looked at, `stuck_after` is long: a loaded machine can stop a
// thread for as long as a handler can, and its turns then go to the others.

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
  server.Start();
  Run(server, 3, 3000, {.max_connections_per_host = 7});
  server.Stop();
  for (int host : {0, 1, 2}) {
    EXPECT_LE(server.most(host), 7);
    EXPECT_GE(server.most(host), 6) << "the test shows nothing";
  }
}

TEST_P(Limits, InAllIsNotExceededByOneByTheServersOwnCount) {
  CountingServer server(4);
  server.Start();
  Run(server, 4, 3000, {.max_connections_per_host = 7, .max_connections = 16});
  server.Stop();
  EXPECT_LE(server.most_in_all(), 16);
  EXPECT_GE(server.most_in_all(), 15) << "the test shows nothing";
}

TEST_P(Limits, HoldWhenTheServerClosesAfterEachAnswer) {
  constexpr int kTargets = 2000;
  CountingServer server(1, /*keep=*/2);
  server.Start();
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
  server.Start();
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
  server.Start();
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
  server.Start();
  ThreadedClient client(Exchanges(), {}, /*threads=*/2);
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(client.Idle());
    ASSERT_TRUE(client.shared().Add(server.target(0)).ok());
    ASSERT_TRUE(client.WaitUntilEnded(i + 1));
  }
  const uint64_t iterations = client.shared().Sum(&LoopStats::iterations);
  EXPECT_LT(iterations, 20u * 20) << "not by polling";
}

}  // namespace
}  // namespace kingpin
