// A server of several threads under each accept strategy, and the promises that
// accept_mutex.h makes.
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/net/io_handler.h"
#include "kingpin/pool/accept_mutex.h"
#include "kingpin/pool/thread_shared_data_for_server.h"
#include "kingpin/sys/socket_address.h"
#include "tests/testing/process.h"
#include "tests/testing/scripted_server.h"
#include "tests/testing/test_client.h"

namespace kingpin {
namespace {

using testing::ConnectMany;
using testing::Eventually;
using testing::OpenDescriptors;
using testing::TestClient;
using testing::ThreadedServer;

class AcceptStrategyTest : public ::testing::TestWithParam<AcceptStrategy> {};

INSTANTIATE_TEST_SUITE_P(All, AcceptStrategyTest,
                         ::testing::Values(AcceptStrategy::kMutex,
                                           AcceptStrategy::kGated,
                                           AcceptStrategy::kExclusive,
                                           AcceptStrategy::kReusePort));

TEST_P(AcceptStrategyTest, ServesManyClientsAtOnce) {
  std::set<int> before = OpenDescriptors();
  {
    ThreadedServer server({}, {.strategy = GetParam()}, 4);
    std::vector<TestClient> clients = ConnectMany(server.port(), 200);
    for (int round = 0; round < 3; ++round) {
      for (TestClient& client : clients) ASSERT_TRUE(client.Send("hello"));
      for (TestClient& client : clients) ASSERT_EQ(client.Read(5), "hello");
    }
    EXPECT_EQ(server.shared().connections(), 200);
    clients.clear();
    EXPECT_TRUE(server.WaitForConnections(0));
    EXPECT_TRUE(server.Recovered());
  }
  EXPECT_EQ(OpenDescriptors(), before);
}

TEST_P(AcceptStrategyTest, ServesConcurrentChurn) {
  ThreadedServer server({}, {.strategy = GetParam()}, 3);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) {
        TestClient client = TestClient::Connect(server.port());
        ASSERT_TRUE(client.Send("x"));
        ASSERT_EQ(client.Read(1), "x");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(server.WaitForConnections(0));
  EXPECT_EQ(server.shared().connects, 400);
  EXPECT_EQ(server.shared().closes, 400);
  EXPECT_TRUE(server.Idle());
}

TEST_P(AcceptStrategyTest, ListensOnSeveralAddresses) {
  ThreadedServer server(
      {}, {.listen = {"127.0.0.1:0", "127.0.0.2:0"}, .strategy = GetParam()});
  ASSERT_EQ(server.shared().addresses().size(), 2u);
  for (int i = 0; i < 20; ++i) {
    TestClient client;
    ASSERT_EQ(client.ConnectTo(
                  *SocketAddress::Parse(server.shared().addresses()[i % 2])),
              0);
    ASSERT_TRUE(client.Send("x"));
    EXPECT_EQ(client.Read(1), "x");
  }
}

TEST_P(AcceptStrategyTest, MoreThanMaxConnectionsWaitInTheBacklog) {
  constexpr int kMax = 8;
  // Each thread may have begun an accept before it hears of the last.
  constexpr int kThreads = 3;
  ThreadedServer server({}, {.strategy = GetParam(), .max_connections = kMax},
                        kThreads);
  std::vector<TestClient> clients = ConnectMany(server.port(), 30);
  for (TestClient& client : clients) ASSERT_TRUE(client.Send("x"));
  ASSERT_TRUE(
      Eventually([&] { return server.shared().connections() >= kMax; }));
  EXPECT_TRUE(server.Idle()) << "spins at the limit";
  EXPECT_LT(server.shared().connections(), kMax + kThreads);
  // As those leave that have their answer, the others come.
  int served = 0;
  ASSERT_TRUE(Eventually([&] {
    for (TestClient& client : clients) {
      if (client.fd() < 0 || client.received() != "x") continue;
      client.Close();
      ++served;
    }
    return served == 30;
  }));
  EXPECT_TRUE(server.WaitForConnections(0));
  EXPECT_TRUE(server.Recovered());
}

TEST_P(AcceptStrategyTest, AcceptIsNotHeldUpByABurningThread) {
  if (GetParam() == AcceptStrategy::kReusePort) {
    GTEST_SKIP() << "what is hashed to a stuck thread waits for it";
  }
  std::atomic<int> burning = 0;
  std::atomic<bool> release = false;
  ThreadedServer server({.on_message =
                             [&](Connection& c) {
                               if (c.input().TakeAll() != "burn") {
                                 c.Write("ok");
                                 return;
                               }
                               ++burning;
                               while (!release) poll(nullptr, 0, 1);
                             }},
                        {.strategy = GetParam()}, 4);
  // Three of four threads stick, whichever hold the turn, for as long as it
  // takes the last one to serve 50 clients: no time is measured.
  std::vector<TestClient> burners;
  for (int i = 0; i < 3; ++i) {
    burners.push_back(TestClient::Connect(server.port()));
    ASSERT_TRUE(burners.back().Send("burn"));
    ASSERT_TRUE(Eventually([&] { return burning == i + 1; }));
  }
  for (int i = 0; i < 50; ++i) {
    TestClient client = TestClient::Connect(server.port());
    ASSERT_TRUE(client.Send("x"));
    EXPECT_EQ(client.Read(2), "ok");
  }
  release = true;
}

std::vector<uint64_t> Accepts(ThreadedServer& server) {
  std::vector<uint64_t> accepts;
  for (const auto& slot : server.shared().slots()) {
    accepts.push_back(slot->accepts());
  }
  return accepts;
}

uint64_t Spread(const std::vector<uint64_t>& values) {
  auto [least, most] = std::minmax_element(values.begin(), values.end());
  return *most - *least;
}

// The published bounds. A thread that the scheduler holds up in a batch counts
// as stuck and is passed over, so each connection comes when all threads sleep.
TEST(AcceptShares, ConnectionsKeptOpenDifferByTheMargin) {
  for (int margin : {1, 8}) {
    ThreadedServer server({}, {.load_margin = margin, .max_connections = 5000},
                          4);
    std::vector<TestClient> clients;
    for (int i = 0; i < 1500; ++i) {
      clients.push_back(TestClient::Connect(server.port()));
      ASSERT_TRUE(Eventually([&] {
        return server.shared().connects == i + 1 && server.AllAsleep();
      }));
    }
    EXPECT_LE(Spread(Accepts(server)), static_cast<uint64_t>(margin) + 1)
        << ::testing::PrintToString(Accepts(server));
  }
}

TEST(AcceptShares, ConnectionsClosedAtOnceDifferByATurn) {
  constexpr int kMargin = 8;
  ThreadedServer server({}, {.load_margin = kMargin}, 4);
  for (int i = 0; i < 1500; ++i) {
    {
      TestClient client = TestClient::Connect(server.port());
      ASSERT_TRUE(client.Send("x"));
      ASSERT_EQ(client.Read(1), "x");
    }
    ASSERT_TRUE(Eventually([&] {
      return server.shared().connections() == 0 && server.AllAsleep();
    }));
  }
  EXPECT_LE(Spread(Accepts(server)), AcceptMutex::kTurnAccepts + kMargin)
      << ::testing::PrintToString(Accepts(server));
}

TEST(AcceptShares, ReusePortSpreadsOverAllThreads) {
  ThreadedServer server({}, {.strategy = AcceptStrategy::kReusePort}, 4);
  std::vector<TestClient> clients = ConnectMany(server.port(), 400);
  ASSERT_TRUE(server.WaitForConnections(400));
  for (uint64_t accepts : Accepts(server)) EXPECT_GT(accepts, 0u);
}

TEST(UnixSocket, Serves) {
  std::string path = absl::StrCat("unix:/tmp/kingpin_serve_", getpid());
  ThreadedServer server({}, {.listen = {path}});
  for (int i = 0; i < 20; ++i) {
    TestClient client(AF_UNIX);
    ASSERT_EQ(client.ConnectTo(*SocketAddress::Parse(path)), 0);
    ASSERT_TRUE(client.Send("x"));
    EXPECT_EQ(client.Read(1), "x");
  }
}

}  // namespace
}  // namespace kingpin
