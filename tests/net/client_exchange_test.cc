// One target, one connection: what a handler sees of them.
#include <errno.h>
#include <sys/socket.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/net/io_handler_for_client.h"
#include "kingpin/pool/connect_failure.h"
#include "kingpin/pool/target.h"
#include "tests/testing/process.h"
#include "tests/testing/scripted_client.h"
#include "tests/testing/test_client.h"

namespace kingpin {
namespace {

using testing::ClientScript;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::ManualClient;
using testing::ScriptedClientHandler;
using testing::TestClient;
using testing::TestListener;

// Gives the connection back when a whole line has come.
ClientScript GivesBackAfterALine() {
  return {.on_message = [](ScriptedClientHandler& handler, Connection& c) {
    if (!c.input().view().ends_with('\n')) return;
    c.input().TakeAll();
    handler.GiveBack(c);
  }};
}

// Gets the answer to "hello\n" and has the connection given back.
TestClient Exchange(ManualClient& client, TestListener& server) {
  const int before = client.shared().ended;
  client.Add(server.target("hello\n"));
  TestClient peer = server.Accept(client);
  EXPECT_TRUE(client.RunUntil([&] { return peer.received() == "hello\n"; }));
  peer.TrySend("yes\n");
  EXPECT_TRUE(client.RunUntilEnded(before + 1));
  EXPECT_GT(client.Rest(), 0);
  EXPECT_EQ(client.pool().idle(), 1u);
  return peer;
}

TEST(ClientExchange, SendsTheFirstMessageThenCallsOnConnect) {
  TestListener server;
  ManualClient client({.on_connect = [](ScriptedClientHandler&, Connection& c) {
    c.Write("second");
  }});
  client.Add(server.target("first "));
  TestClient peer = server.Accept(client);
  EXPECT_TRUE(
      client.RunUntil([&] { return peer.received() == "first second"; }));
  EXPECT_THAT(client.events(), ElementsAre("connect"));
  EXPECT_EQ(client.stats().connects.value(), 1u);
}

TEST(ClientExchange, TheTargetIsThereFromOnConnectToOnClose) {
  struct Number : TargetContext {
    explicit Number(int n) : number(n) {}
    int number;
  };
  std::vector<int> seen;
  auto note = [&seen](ScriptedClientHandler& handler, Connection& c) {
    Target* target = handler.target(c);
    ASSERT_NE(target, nullptr);
    seen.push_back(static_cast<Number&>(*target->context).number);
  };
  TestListener server;
  ManualClient client({.on_connect = note,
                       .on_message =
                           [&](ScriptedClientHandler& h, Connection& c) {
                             note(h, c);
                             c.input().TakeAll();
                             c.Close();
                           },
                       .on_close = [&](ScriptedClientHandler& h, Connection& c,
                                       CloseReason) { note(h, c); }});
  Target target = server.target();
  target.context = std::make_unique<Number>(42);
  client.Add(std::move(target));
  TestClient peer = server.Accept(client);
  peer.TrySend("x");
  EXPECT_TRUE(client.RunUntilEnded(1));
  EXPECT_THAT(seen, ElementsAre(42, 42, 42));
}

TEST(ClientExchange, SocketOfTheHandlersOwnHasNoTarget) {
  ManualClient client;
  int pair[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
  UniqueFd peer(pair[1]);
  ASSERT_EQ(client.handler().Adopt(UniqueFd(pair[0])), 0);
  EXPECT_EQ(client.handler().target(client.only()), nullptr);
  EXPECT_FALSE(client.handler().GiveBack(client.only()));
  client.Turn(2);
  EXPECT_THAT(client.events(), ElementsAre("connect", "close: local"));
}

TEST(ClientExchange, UnixDomainTargets) {
  TestListener server(testing::UniqueUnixAddress());
  ManualClient client(GivesBackAfterALine());
  TestClient peer = Exchange(client, server);
  client.Add(server.target());
  ASSERT_TRUE(client.RunUntil([&] { return client.events().size() == 4; }));
  EXPECT_EQ(client.events().back(), "reconnect");
}

TEST(ClientExchange, LocalhostNeedsNoResolver) {
  TestListener server;
  ManualClient client;
  // Nobody listens on [::1], which is tried first.
  client.Add({.host = "localhost", .port = server.port()});
  server.Accept(client);
  EXPECT_TRUE(client.RunUntil([&] { return client.events().size() == 1; }));
}

TEST(ClientExchange, ManyTargetsAddedFromCallbacks) {
  TestListener server;
  int left = 50;
  ManualClient client(
      {.on_message =
           [&](ScriptedClientHandler& handler, Connection& c) {
             c.input().TakeAll();
             handler.GiveBack(c);
           },
       .on_close =
           [&](ScriptedClientHandler& handler, Connection&, CloseReason) {
             if (left-- > 0) {
               ASSERT_TRUE(
                   handler.client_shared().Add(server.target("x")).ok());
             }
           }});
  client.Add(server.target("x"));
  TestClient peer = server.Accept(client);
  size_t answered = 0;
  EXPECT_TRUE(client.RunUntil([&] {
    for (; answered < peer.received().size(); ++answered) peer.TrySend("y");
    return client.shared().ended == 51;
  }));
  EXPECT_EQ(client.stats().connects.value(), 1u) << "one connection served all";
}

// --- Giving back and reusing -------------------------------------------------------

TEST(ClientReuse, ConnectionIsUsedAgain) {
  TestListener server;
  ManualClient client(GivesBackAfterALine());
  TestClient peer = Exchange(client, server);
  client.Add(server.target("again\n"));
  ASSERT_TRUE(
      client.RunUntil([&] { return peer.received() == "hello\nagain\n"; }));
  peer.TrySend("yes\n");
  ASSERT_TRUE(client.RunUntilEnded(2));
  EXPECT_THAT(client.events(),
              ElementsAre("connect", "message", "close: given back",
                          "reconnect", "message", "close: given back"));
  EXPECT_EQ(client.stats().connects.value(), 1u);
  EXPECT_FALSE(server.TryAccept().has_value());
}

TEST(ClientReuse, IdLeadsToNoLaterExchange) {
  TestListener server;
  ClientScript script = GivesBackAfterALine();
  std::vector<ConnectionId> ids;
  script.on_connect = [&](ScriptedClientHandler&, Connection& c) {
    ids.push_back(c.id());
  };
  ManualClient client(script);
  TestClient peer = Exchange(client, server);
  client.Add(server.target("again\n"));
  ASSERT_TRUE(client.RunUntil([&] { return ids.size() == 2; }));
  EXPECT_EQ(client.handler().Find(ids[0]), nullptr);
  EXPECT_TRUE(Send(client.shared(), ids[0], "astray"));
  client.Turn(2);
  EXPECT_EQ(client.stats().stale_ids.value(), 1u);
  EXPECT_EQ(peer.received(), "hello\nagain\n");
}

TEST(ClientReuse, AnotherThreadDrawsIt) {
  TestListener server;
  testing::ScriptedClientShared shared(GivesBackAfterALine(), {});
  ASSERT_TRUE(shared.Open(2).ok());
  ScriptedClientHandler a(&shared, 0);
  ScriptedClientHandler b(&shared, 1);
  ASSERT_TRUE(a.Init().ok());
  ASSERT_TRUE(b.Init().ok());
  ASSERT_TRUE(shared.Add(server.target("hello\n")).ok());
  std::optional<TestClient> peer;
  ASSERT_TRUE(testing::Eventually([&] {
    a.RunOnce(absl::ZeroDuration());
    if (!peer.has_value()) peer = server.TryAccept();
    return peer.has_value() && peer->received() == "hello\n";
  }));
  peer->TrySend("yes\n");
  ASSERT_TRUE(testing::Eventually([&] {
    a.RunOnce(absl::ZeroDuration());
    return shared.pool().idle() == 1;
  }));
  ASSERT_TRUE(shared.Add(server.target("from b\n")).ok());
  ASSERT_TRUE(testing::Eventually([&] {
    b.RunOnce(absl::ZeroDuration());
    return peer->received() == "hello\nfrom b\n";
  }));
  EXPECT_EQ(b.connections(), 1u);
  // The first loop hears nothing of it.
  const uint64_t events = shared.thread(0).stats().events.value();
  peer->TrySend("yes\n");
  for (int i = 0; i < 3; ++i) a.RunOnce(absl::ZeroDuration());
  EXPECT_EQ(shared.thread(0).stats().events.value(), events);
  ASSERT_TRUE(testing::Eventually([&] {
    b.RunOnce(absl::ZeroDuration());
    return shared.ended == 2;
  }));
}

TEST(ClientReuse, NotGivenBackWithUnreadInput) {
  TestListener server;
  ManualClient client(
      {.on_message = [](ScriptedClientHandler& handler, Connection& c) {
        c.input().Consume(1);
        EXPECT_FALSE(handler.GiveBack(c));
      }});
  client.Add(server.target());
  TestClient peer = server.Accept(client);
  peer.TrySend("xy");
  ASSERT_TRUE(client.RunUntilEnded(1));
  EXPECT_EQ(client.pool().idle(), 0u);
  EXPECT_TRUE(client.RunUntil([&] { return peer.ended(); }));
}

TEST(ClientReuse, NotGivenBackWithUnsentOutput) {
  TestListener server;
  ManualClient client(
      {.on_message = [](ScriptedClientHandler& handler, Connection& c) {
        c.input().TakeAll();
        c.Write("last words");
        EXPECT_FALSE(handler.GiveBack(c));
      }});
  client.Add(server.target());
  TestClient peer = server.Accept(client);
  peer.TrySend("x");
  ASSERT_TRUE(client.RunUntilEnded(1));
  EXPECT_TRUE(client.RunUntil([&] { return peer.ended(); }));
  EXPECT_EQ(peer.received(), "last words");
}

TEST(ClientReuse, NotGivenBackAfterTheEndOfInput) {
  TestListener server;
  ManualClient client(
      {.on_input_end = [](ScriptedClientHandler& handler, Connection& c) {
        EXPECT_FALSE(handler.GiveBack(c));
      }});
  client.Add(server.target());
  TestClient peer = server.Accept(client);
  peer.HalfClose();
  ASSERT_TRUE(client.RunUntilEnded(1));
  EXPECT_THAT(client.events(), ElementsAre("connect", "close: peer"));
  EXPECT_EQ(client.pool().idle(), 0u);
}

TEST(ClientReuse, GivenBackTwiceInOneCallbackIsOnce) {
  TestListener server;
  ManualClient client(
      {.on_message = [](ScriptedClientHandler& handler, Connection& c) {
        c.input().TakeAll();
        EXPECT_TRUE(handler.GiveBack(c));
        EXPECT_FALSE(handler.GiveBack(c));
      }});
  client.Add(server.target());
  TestClient peer = server.Accept(client);
  peer.TrySend("x");
  ASSERT_TRUE(client.RunUntilEnded(1));
  EXPECT_GT(client.Rest(), 0);
  EXPECT_EQ(client.pool().idle(), 1u);
}

TEST(ClientReuse, IdleOneExpires) {
  TestListener server;
  ManualClient client(GivesBackAfterALine(),
                      {.pool = {.idle_timeout = absl::Seconds(4)}});
  TestClient peer = Exchange(client, server);
  client.Advance(absl::Milliseconds(3990));
  EXPECT_FALSE(peer.ended());
  client.Advance(absl::Milliseconds(20));
  EXPECT_TRUE(client.RunUntil([&] { return peer.ended(); }));
  EXPECT_EQ(peer.error(), 0);
  EXPECT_GT(client.Rest(), 0);
  EXPECT_EQ(client.pool().open(), 0);
}

// --- Deadlines -----------------------------------------------------------------------

TEST(ClientDeadline, ReadTimeoutRunsWhileAnAnswerIsWaitedFor) {
  TestListener server;
  ManualClient client({},
                      {.connection = {.timeouts = {.read = absl::Seconds(5)}}});
  client.Add(server.target("hello"));
  TestClient peer = server.Accept(client);
  ASSERT_TRUE(client.RunUntil([&] { return peer.received() == "hello"; }));
  client.Advance(absl::Milliseconds(4990));
  EXPECT_EQ(client.shared().ended, 0);
  client.Advance(absl::Milliseconds(20));
  EXPECT_THAT(client.events(), ElementsAre("connect", "close: read timeout"));
}

TEST(ClientDeadline, WriteTimeoutRunsWhileThePeerDoesNotRead) {
  TestListener server;
  ManualClient client(
      {}, {.connection = {.timeouts = {.read = absl::Hours(1),
                                       .write = absl::Seconds(5)}}});
  Target target = server.target(std::string(14 << 20, 'x'));
  target.timeout = absl::InfiniteDuration();
  client.Add(std::move(target));
  TestClient peer = server.Accept(client);
  ASSERT_TRUE(client.RunUntil(
      [&] { return client.stats().bytes_written.value() > 0; }));
  EXPECT_GT(client.Rest(), 0);
  client.Advance(absl::Milliseconds(4990));
  EXPECT_EQ(client.shared().ended, 0);
  // The kernel may have found room for more just now, which is progress.
  EXPECT_TRUE(client.RunUntil([&] {
    client.Advance(absl::Seconds(5));
    return client.shared().ended == 1;
  }));
  EXPECT_THAT(client.events(), ElementsAre("connect", "close: write timeout"));
}

TEST(ClientDeadline, WholeRequestHoweverThePeerDrips) {
  TestListener server;
  ManualClient client;
  Target target = server.target("hello");
  target.timeout = absl::Seconds(10);
  client.Add(std::move(target));
  TestClient peer = server.Accept(client);
  for (int i = 0; i < 9; ++i) {
    peer.TrySend(".");
    ASSERT_TRUE(client.RunUntil([&] {
      return client.stats().bytes_read.value() == static_cast<uint64_t>(i + 1);
    }));
    client.Advance(absl::Seconds(1));
  }
  EXPECT_EQ(client.shared().ended, 0);
  client.Advance(absl::Milliseconds(1010));
  EXPECT_EQ(client.events().back(), "close: deadline");
  EXPECT_EQ(client.shared().ended, 1);
}

TEST(ClientDeadline, PassesWhileConnecting) {
  testing::DeafListener deaf;
  ManualClient client;
  client.Add({.host = "127.0.0.1",
              .port = deaf.address().port(),
              .timeout = absl::Seconds(3)});
  client.Turn(3);
  client.Advance(absl::Milliseconds(2990));
  EXPECT_THAT(client.events(), IsEmpty());
  client.Advance(absl::Milliseconds(20));
  ASSERT_EQ(client.failures().size(), 1u);
  EXPECT_EQ(client.failures()[0].reason, ConnectError::kDeadline);
  EXPECT_GT(client.Rest(), 0);
  EXPECT_EQ(client.pool().open(), 0);
  EXPECT_EQ(client.pool().hosts(), 1u) << "so long a silence is its fault";
}

TEST(ClientDeadline, PassesWhileWaitingForAPlaceInThePool) {
  TestListener server;
  ManualClient client({}, {.pool = {.max_connections_per_host = 1}});
  client.Add(server.target());
  TestClient peer = server.Accept(client);
  Target second = server.target();
  second.timeout = absl::Seconds(2);
  client.Add(std::move(second));
  client.Turn(2);
  client.Advance(absl::Milliseconds(1990));
  EXPECT_EQ(client.shared().ended, 0);
  client.Advance(absl::Milliseconds(20));
  ASSERT_EQ(client.failures().size(), 1u);
  EXPECT_EQ(client.failures()[0].reason, ConnectError::kPoolDeadline);
  EXPECT_EQ(client.handler().connections(), 1u);
}

TEST(ClientDeadline, NoneIsSetForInfinity) {
  TestListener server;
  ManualClient client({.on_connect = [](ScriptedClientHandler&, Connection& c) {
    c.SetBusy(true);
  }});
  Target target = server.target();
  target.timeout = absl::InfiniteDuration();
  client.Add(std::move(target));
  TestClient peer = server.Accept(client);
  ASSERT_TRUE(client.RunUntil([&] { return client.events().size() == 1; }));
  client.Advance(absl::Hours(100));
  EXPECT_EQ(client.shared().ended, 0);
}

// --- Ending --------------------------------------------------------------------------

TEST(ClientEnd, DrainFailsWhatHasNoConnectionAndWaitsForWhatHas) {
  TestListener server;
  testing::DeafListener deaf;
  ManualClient client({}, {.pool = {.max_connections_per_host = 1}});
  client.Add(server.target("hello"));
  TestClient peer = server.Accept(client);
  ASSERT_TRUE(client.RunUntil([&] { return peer.received() == "hello"; }));
  client.Add(server.target("waits"));
  client.Add({.host = "127.0.0.1", .port = deaf.address().port()});
  client.Turn(2);
  client.shared().Shutdown();
  EXPECT_TRUE(client.RunUntilEnded(2));
  for (const ConnectFailure& failure : client.failures()) {
    EXPECT_EQ(failure.reason, ConnectError::kShutdown);
  }
  EXPECT_FALSE(client.shared().Add(server.target()).ok());
  EXPECT_EQ(client.handler().connections(), 1u);
  peer.TrySend("answer");
  peer.HalfClose();
  EXPECT_TRUE(client.RunUntilEnded(3));
  EXPECT_EQ(client.events().back(), "close: peer");
  EXPECT_TRUE(client.RunUntil([&] { return client.handler().RoleDone(); }));
  EXPECT_EQ(client.pool().open(), 0);
}

TEST(ClientEnd, DrainClosesIdleConnections) {
  TestListener server;
  ManualClient client(GivesBackAfterALine());
  TestClient peer = Exchange(client, server);
  client.shared().Shutdown();
  EXPECT_TRUE(client.RunUntil([&] { return peer.ended(); }));
  EXPECT_EQ(client.pool().idle(), 0u);
}

TEST(ClientEnd, StoppingEndsEverything) {
  TestListener server;
  ManualClient client;
  client.Add(server.target());
  TestClient peer = server.Accept(client);
  ASSERT_TRUE(client.RunUntil([&] { return client.events().size() == 1; }));
  client.shared().Shutdown(RunPhase::kStopping);
  client.handler().Run();
  EXPECT_THAT(client.events(), ElementsAre("connect", "close: shutdown"));
}

TEST(ClientEnd, RunEndsWhenAllIsDone) {
  TestListener server;
  testing::RefusedAddress refused;
  ManualClient client(
      {.on_connect = [](ScriptedClientHandler&, Connection& c) { c.Close(); }},
      {.pool = {.end_when_done = true}});
  client.Add(server.target());
  client.Add({.host = "127.0.0.1", .port = refused.port()});
  client.Add(server.target());
  client.handler().Run();  // Returns.
  EXPECT_EQ(client.shared().ended, 3);
}

TEST(ClientEnd, RunGoesOnForWhatAFailureAdds) {
  // What the last one to fail adds, though it failed in the pool, is waited for.
  testing::RefusedAddress refused;
  int adds = 3;
  ManualClient client(
      {.on_connect_failed =
           [&](ScriptedClientHandler& handler, Target&,
               const ConnectFailure& failure) {
             if (adds-- == 0) return;
             EXPECT_TRUE(handler.client_shared()
                             .Add({.host = "127.0.0.1",
                                   .port = refused.port(),
                                   .timeout = absl::ZeroDuration()})
                             .ok());
             if (adds < 2) {
               EXPECT_EQ(failure.reason, ConnectError::kPoolDeadline);
             }
           }},
      {.pool = {.end_when_done = true}});
  client.Add({.host = "127.0.0.1", .port = refused.port()});
  client.handler().Run();
  EXPECT_EQ(client.shared().ended, 4);
}

// --- Exceptions ----------------------------------------------------------------------

TEST(ClientException, CostsItsConnectionOnly) {
  TestListener server;
  bool threw = false;
  ManualClient client({.on_connect = [&](ScriptedClientHandler&, Connection&) {
    if (!std::exchange(threw, true)) throw std::runtime_error("oops");
  }});
  client.Add(server.target());
  TestClient first = server.Accept(client);
  ASSERT_TRUE(client.RunUntilEnded(1));
  EXPECT_EQ(client.events().back(), "close: exception");
  client.Add(server.target());
  TestClient second = server.Accept(client);
  ASSERT_TRUE(client.RunUntil([&] { return client.events().size() == 3; }));
  EXPECT_EQ(client.handler().connections(), 1u);
  EXPECT_EQ(client.pool().open(), 1);
}

TEST(ClientException, OfOnConnectFailedCostsNothingElse) {
  TestListener server;
  testing::RefusedAddress refused;
  ManualClient client({.on_connect_failed = [](ScriptedClientHandler&, Target&,
                                               const ConnectFailure&) {
    throw std::runtime_error("oops");
  }});
  client.Add({.host = "127.0.0.1", .port = refused.port()});
  ASSERT_TRUE(client.RunUntil(
      [&] { return client.stats().handler_exceptions.value() == 1; }));
  client.Add(server.target());
  server.Accept(client);
}

}  // namespace
}  // namespace kingpin
