// Connections of a client that go through a transport, as TLS does.
#include <errno.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/net/io_handler_for_client.h"
#include "kingpin/pool/connect_failure.h"
#include "kingpin/pool/target.h"
#include "tests/net/fake_transport.h"
#include "tests/testing/process.h"
#include "tests/testing/scripted_client.h"
#include "tests/testing/test_client.h"

namespace kingpin {
namespace {

using testing::ClientScript;
using testing::Coded;
using ::testing::ElementsAre;
using testing::FakeTransport;
using ::testing::HasSubstr;
using testing::kFarewell;
using testing::ManualClient;
using testing::ScriptedClientHandler;
using testing::TestClient;
using testing::TestListener;

// Speaks first, and gives the connection back when anything has come.
ClientScript Secret() {
  return {.on_message =
              [](ScriptedClientHandler& handler, Connection& c) {
                c.input().TakeAll();
                handler.GiveBack(c);
              },
          .new_transport =
              [](const Target&) {
                return std::make_unique<FakeTransport>(
                    FakeTransport::Options{.speaks_first = true});
              }};
}

TEST(ClientTransport, FirstMessageWaitsForTheHandshake) {
  TestListener server;
  ManualClient client(Secret());
  client.Add(server.target("ABC"));
  TestClient peer = server.Accept(client);
  ASSERT_TRUE(client.RunUntil([&] { return peer.received() == "hi"; }));
  EXPECT_GT(client.Rest(), 0);
  EXPECT_EQ(client.events().size(), 0u);
  peer.TrySend("hi");
  ASSERT_TRUE(
      client.RunUntil([&] { return peer.received() == "hi" + Coded("ABC"); }));
  EXPECT_THAT(client.events(), ElementsAre("connect"));
}

TEST(ClientTransport, StaysWithAConnectionThatIsUsedAgainByAnotherThread) {
  TestListener server;
  testing::ScriptedClientShared shared(Secret(), {});
  ASSERT_TRUE(shared.Open(2).ok());
  ScriptedClientHandler a(&shared, 0);
  ScriptedClientHandler b(&shared, 1);
  ASSERT_TRUE(a.Init().ok());
  ASSERT_TRUE(b.Init().ok());
  std::optional<TestClient> peer;
  auto run = [&](ScriptedClientHandler& handler, auto condition) {
    return testing::Eventually([&] {
      handler.RunOnce(absl::ZeroDuration());
      if (!peer.has_value()) peer = server.TryAccept();
      return condition();
    });
  };
  ASSERT_TRUE(shared.Add(server.target("ABC")).ok());
  ASSERT_TRUE(run(a, [&] { return peer.has_value(); }));
  peer->TrySend("hi");
  ASSERT_TRUE(run(a, [&] { return peer->received() == "hi" + Coded("ABC"); }));
  peer->TrySend(Coded("YES"));
  ASSERT_TRUE(run(a, [&] { return shared.pool().idle() == 1; }));
  ASSERT_TRUE(shared.Add(server.target("DEF")).ok());
  ASSERT_TRUE(run(b, [&] {
    return peer->received() == "hi" + Coded("ABCDEF");
  })) << "no second handshake";
  peer->TrySend(Coded("YES"));
  ASSERT_TRUE(run(b, [&] { return shared.ended == 2; }));
  EXPECT_THAT(shared.events(),
              ElementsAre("connect", "message", "close: given back",
                          "reconnect", "message", "close: given back"));
}

TEST(ClientTransport, HandshakeThatFailsIsAConnectFailure) {
  TestListener server;
  ManualClient client(Secret());
  client.Add(server.target("ABC"));
  TestClient peer = server.Accept(client);
  peer.TrySend("no");
  ASSERT_TRUE(client.RunUntilEnded(1));
  EXPECT_THAT(client.events(), ElementsAre("failed: the handshake failed"));
  EXPECT_EQ(client.failures()[0].reason, ConnectError::kHandshake);
  EXPECT_THAT(client.failures()[0].detail, HasSubstr("bad hello"));
  EXPECT_GT(client.Rest(), 0);
  EXPECT_EQ(client.pool().open(), 0);
}

TEST(ClientTransport, HandshakeHasTimeOutAndDeadline) {
  TestListener server;
  ManualClient client(
      Secret(), {.connection = {.timeouts = {.handshake = absl::Seconds(5)}}});
  Target soon = server.target();
  soon.timeout = absl::Seconds(3);
  client.Add(std::move(soon));
  client.Add(server.target());
  TestClient first = server.Accept(client);
  TestClient second = server.Accept(client);
  ASSERT_TRUE(client.RunUntil(
      [&] { return first.received() == "hi" && second.received() == "hi"; }));
  client.Advance(absl::Milliseconds(3010));
  EXPECT_THAT(client.events(),
              ElementsAre("failed: the deadline passed while connecting"));
  client.Advance(absl::Seconds(2));
  EXPECT_EQ(client.events().back(), "failed: the handshake failed");
  EXPECT_THAT(client.failures()[1].detail, HasSubstr("handshake timeout"));
}

TEST(ClientTransport, ShutdownDuringAHandshake) {
  TestListener server;
  for (RunPhase phase : {RunPhase::kDraining, RunPhase::kStopping}) {
    ManualClient client(Secret());
    client.Add(server.target());
    TestClient peer = server.Accept(client);
    ASSERT_TRUE(client.RunUntil([&] { return peer.received() == "hi"; }));
    client.shared().Shutdown(phase);
    client.Turn(3);
    // A drain lets it have the time of a first request (Timeouts::linger).
    client.Advance(absl::Milliseconds(2010));
    EXPECT_EQ(client.shared().ended, 1);
    EXPECT_EQ(client.failures().size(), 1u);
    EXPECT_TRUE(client.handler().RoleDone());
  }
}

TEST(ClientTransport, FarewellOfAnIdleConnectionIsSeenBeforeItIsUsedAgain) {
  TestListener server;
  ManualClient client(Secret());
  client.Add(server.target("ABC"));
  TestClient peer = server.Accept(client);
  peer.TrySend("hi");
  ASSERT_TRUE(client.RunUntil([&] { return client.events().size() == 1; }));
  peer.TrySend(Coded("YES"));
  ASSERT_TRUE(client.RunUntil([&] { return client.pool().idle() == 1; }));
  peer.TrySend(std::string(1, kFarewell));
  client.Add(server.target("DEF"));
  TestClient second = server.Accept(client);
  EXPECT_TRUE(client.RunUntil([&] { return peer.ended(); }));
}

TEST(ClientTransport, OneThatCannotBeMadeCostsItsTarget) {
  TestListener server;
  ClientScript script = Secret();
  script.new_transport = [](const Target&) -> std::unique_ptr<Transport> {
    throw std::bad_alloc();
  };
  ManualClient client(script);
  client.Add(server.target());
  ASSERT_TRUE(client.RunUntilEnded(1));
  EXPECT_EQ(client.failures()[0].reason, ConnectError::kNoResources);
  EXPECT_GT(client.Rest(), 0);
  EXPECT_EQ(client.pool().open(), 0);
}

}  // namespace
}  // namespace kingpin
