// How a run ends: stop accepting, tell the handlers, wait for those that are
// busy, force what is left.
#include <errno.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/net/io_handler.h"
#include "kingpin/sys/socket_address.h"
#include "tests/testing/process.h"
#include "tests/testing/scripted_server.h"
#include "tests/testing/test_client.h"

namespace kingpin {
namespace {

using testing::ConnectMany;
using ::testing::Each;
using ::testing::ElementsAre;
using testing::ManualServer;
using testing::TestClient;

TEST(Drain, ClosesIdleConnectionsAtOnce) {
  int told = 0;
  ManualServer server({.on_shutdown = [&](IOHandler& handler) {
    ++told;
    EXPECT_TRUE(handler.draining());
  }});
  std::vector<TestClient> clients = ConnectMany(server.port(), 5);
  for (TestClient& client : clients) ASSERT_TRUE(server.Echoes(client));
  server.shared().Shutdown();
  for (TestClient& client : clients) {
    EXPECT_TRUE(server.RunUntil([&] { return client.ended(); }));
    EXPECT_EQ(client.error(), 0);
  }
  EXPECT_EQ(told, 1);
  EXPECT_EQ(server.handler().connections(), 0u);
  EXPECT_THAT(server.reasons(), Each(CloseReason::kShutdown));
}

TEST(Drain, WaitsALittleForTheFirstRequestOfWhoHasJustConnected) {
  ManualServer server;
  std::vector<TestClient> clients = ConnectMany(server.port(), 3);
  ASSERT_TRUE(server.RunUntil([&] { return server.shared().connects == 3; }));
  server.shared().Shutdown();
  server.Turn(3);
  EXPECT_GT(server.Rest(), 0);
  server.Advance(absl::Milliseconds(1900));
  clients[0].TrySend("x");
  EXPECT_TRUE(server.RunUntil([&] { return clients[0].ended(); }));
  EXPECT_EQ(clients[0].received(), "x");
  EXPECT_EQ(server.handler().connections(), 2u);
  server.Advance(absl::Milliseconds(200));
  EXPECT_EQ(server.handler().connections(), 0u);
  EXPECT_THAT(server.reasons(), Each(CloseReason::kShutdown));
}

TEST(Drain, NoNewConnectionsCome) {
  ManualServer server;
  server.Turn();
  server.shared().Shutdown();
  server.Turn();
  EXPECT_EQ(TestClient().ConnectTo(
                *SocketAddress::Parse(server.shared().addresses()[0])),
            ECONNREFUSED);
}

TEST(Drain, WaitsForTheBusy) {
  ManualServer server({.on_message = [](Connection& c) {
    c.input().TakeAll();
    c.SetBusy(true);
  }});
  TestClient client = TestClient::Connect(server.port());
  client.TrySend("request");
  ASSERT_TRUE(
      server.RunUntil([&] { return server.stats().bytes_read.value() > 0; }));
  server.shared().Shutdown();
  server.Advance(absl::Seconds(9));
  server.Turn(3);
  EXPECT_EQ(server.handler().connections(), 1u);
  server.only().Write("the answer");
  server.only().SetBusy(false);
  ASSERT_TRUE(server.RunUntil([&] { return client.ended(); }));
  EXPECT_EQ(client.received(), "the answer");
  EXPECT_EQ(client.error(), 0);
}

TEST(Drain, WaitsALittleForTheRestOfAMessage) {
  ManualServer server({.on_message = [](Connection& c) {
    if (c.input().view().ends_with('\n')) c.Write(c.input().TakeAll());
  }});
  std::vector<TestClient> clients = ConnectMany(server.port(), 2);
  for (TestClient& client : clients) client.TrySend("half of");
  ASSERT_TRUE(
      server.RunUntil([&] { return server.stats().bytes_read.value() == 14; }));
  server.shared().Shutdown();
  server.Turn();
  server.Advance(absl::Milliseconds(1900));
  clients[0].TrySend(" it\n");
  EXPECT_TRUE(server.RunUntil([&] { return clients[0].ended(); }));
  EXPECT_EQ(clients[0].received(), "half of it\n");
  server.Advance(absl::Milliseconds(200));
  EXPECT_EQ(server.handler().connections(), 0u);
  EXPECT_THAT(server.reasons(), Each(CloseReason::kShutdown));
}

TEST(Drain, WaitsForOutputThatIsOnItsWay) {
  const std::string big(8 << 20, 'x');
  ManualServer server({.on_message = [&](Connection& c) {
    c.input().TakeAll();
    c.Write(big);
  }});
  TestClient client = TestClient::Connect(server.port());
  client.TrySend("request");
  ASSERT_TRUE(server.RunUntil(
      [&] { return server.stats().bytes_written.value() > 0; }));
  server.shared().Shutdown();
  server.Turn(3);
  EXPECT_EQ(server.handler().connections(), 1u);
  ASSERT_TRUE(server.RunUntil([&] { return client.ended(); }));
  EXPECT_EQ(client.received().size(), big.size());
}

TEST(Drain, DeadlineForces) {
  ManualServer server({.on_connect = [](Connection& c) { c.SetBusy(true); }},
                      {.drain_timeout = absl::Seconds(3)});
  TestClient client = TestClient::Connect(server.port());
  ASSERT_TRUE(server.RunUntil([&] { return server.shared().connects == 1; }));
  server.shared().Shutdown();
  server.Turn();
  server.Advance(absl::Milliseconds(2990));
  EXPECT_EQ(server.handler().connections(), 1u);
  server.Advance(absl::Milliseconds(20));
  server.Turn();
  EXPECT_EQ(server.handler().connections(), 0u);
  EXPECT_EQ(server.shared().phase(), RunPhase::kStopping);
  EXPECT_THAT(server.reasons(), ElementsAre(CloseReason::kShutdown));
}

TEST(Drain, StoppingHurries) {
  ManualServer server({.on_connect = [](Connection& c) { c.SetBusy(true); }});
  std::vector<TestClient> clients = ConnectMany(server.port(), 3);
  ASSERT_TRUE(server.RunUntil([&] { return server.shared().connects == 3; }));
  server.shared().Shutdown();
  server.Turn(2);
  EXPECT_EQ(server.handler().connections(), 3u);
  server.shared().Shutdown(RunPhase::kStopping);
  server.Turn();
  EXPECT_EQ(server.handler().connections(), 0u);
}

TEST(Drain, SocketAdoptedWhileStoppingIsClosed) {
  ManualServer server({.on_connect = [](Connection& c) { c.SetBusy(true); }});
  server.shared().Shutdown(RunPhase::kStopping);
  server.Turn();
  int pair[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
  UniqueFd peer(pair[1]);
  EXPECT_EQ(server.handler().Adopt(UniqueFd(pair[0])), 0);
  server.Turn();
  EXPECT_EQ(server.handler().connections(), 0u);
  EXPECT_THAT(server.reasons(), ElementsAre(CloseReason::kShutdown));
}

TEST(Drain, GoesOnlyForward) {
  ManualServer server;
  server.shared().Shutdown(RunPhase::kStopping);
  server.shared().Shutdown(RunPhase::kDraining);
  EXPECT_EQ(server.shared().phase(), RunPhase::kStopping);
}

TEST(Drain, RequestThatArrivesWithItIsAnsweredAndThenClosed) {
  TestClient* client = nullptr;
  // Between the events of the batch and the look for idle connections.
  ManualServer server(
      {.on_shutdown = [&](IOHandler&) { client->TrySend("late"); }});
  TestClient late = TestClient::Connect(server.port());
  client = &late;
  ASSERT_TRUE(server.Echoes(late));
  server.shared().Shutdown();
  ASSERT_TRUE(server.RunUntil([&] { return late.ended(); }))
      << "answered and then forgotten";
  EXPECT_EQ(late.received(), "pinglate");
  EXPECT_EQ(late.error(), 0);
}

TEST(Drain, ConnectionsInTheBacklogAreServed) {
  ManualServer server;
  server.Turn();
  std::vector<TestClient> clients = ConnectMany(server.port(), 20);
  for (TestClient& client : clients) client.TrySend("x");
  server.shared().Shutdown();
  for (TestClient& client : clients) {
    EXPECT_TRUE(server.RunUntil([&] { return client.ended(); }));
    EXPECT_EQ(client.received(), "x");
    EXPECT_EQ(client.error(), 0);
  }
}

TEST(Drain, LoopSleepsWhileItWaits) {
  ManualServer server({.on_connect = [](Connection& c) { c.SetBusy(true); }});
  TestClient client = TestClient::Connect(server.port());
  ASSERT_TRUE(server.RunUntil([&] { return server.shared().connects == 1; }));
  server.shared().Shutdown();
  server.Turn(3);
  uint64_t before = server.stats().iterations.value();
  absl::Time start = absl::Now();
  server.handler().RunOnce(absl::Milliseconds(20));
  EXPECT_GE(absl::Now() - start, absl::Milliseconds(19)) << "it spins";
  EXPECT_EQ(server.stats().iterations.value(), before + 1);
}

}  // namespace
}  // namespace kingpin
