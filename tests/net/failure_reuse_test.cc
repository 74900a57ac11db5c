// Failures that a client meets on connections that it keeps to use them again, named after
// their rows in docs/failure_modes.md.
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/net/io_handler_for_client.h"
#include "kingpin/pool/target.h"
#include "kingpin/sys/fault.h"
#include "tests/net/client_recovery.h"
#include "tests/testing/scripted_client.h"
#include "tests/testing/test_client.h"

namespace kingpin {
namespace {

using testing::ClientScript;
using ::testing::ElementsAre;
using testing::ExpectRecovered;
using testing::GivesBack;
using testing::ManualClient;
using testing::ScriptedClientHandler;
using testing::TestClient;
using testing::TestListener;

// --- 42: the server closes an idle connection -------------------------------------------

// One exchange over; the peer's side of the idle connection.
TestClient Pooled(ManualClient& client, TestListener& server) {
  client.Add(server.target("1"));
  TestClient peer = server.Accept(client);
  peer.TrySend("y");
  EXPECT_TRUE(client.RunUntil([&] { return client.pool().idle() == 1; }));
  EXPECT_EQ(peer.Read(1), "1");
  return peer;
}

TEST(FailureMode42, ClosedBeforeItIsUsedAgain) {
  TestListener server;
  ManualClient client(GivesBack());
  for (bool reset : {false, true}) {
    TestClient peer = Pooled(client, server);
    reset ? peer.Reset() : peer.Close();
    client.Add(server.target("2"));
    TestClient second = server.Accept(client);
    ASSERT_TRUE(client.RunUntil([&] { return second.received() == "2"; }));
    EXPECT_EQ(client.stats().retries.value(), 0u) << "nobody was told";
    EXPECT_EQ(client.events().back(), "connect");
    second.HalfClose();
    ASSERT_TRUE(client.RunUntil([&] { return client.pool().open() == 0; }));
  }
  ExpectRecovered(client);
}

// A server that starts again: all idle connections are dead, and it refuses new ones.
TEST(FailureMode42, DeadOnesDoNotGetRoundTheBackOff) {
  constexpr int kIdle = 5;
  TestListener server;
  ManualClient client(GivesBack());
  {
    std::vector<TestClient> peers;
    for (int i = 0; i < kIdle; ++i) client.Add(server.target("1"));
    for (int i = 0; i < kIdle; ++i) peers.push_back(server.Accept(client));
    for (TestClient& peer : peers) peer.TrySend("y");
    ASSERT_TRUE(client.RunUntil([&] { return client.pool().idle() == kIdle; }));
  }
  int connects = 0;
  ScopedFaultHook hook([&](sys::Call call, int) -> sys::Fault {
    if (call != sys::Call::kConnect) return {};
    ++connects;
    return {.error = ECONNREFUSED};
  });
  for (int i = 0; i <= kIdle; ++i) client.Add(server.target("2"));
  client.Turn(2 * kIdle + 4);
  EXPECT_EQ(connects, 1);
  EXPECT_EQ(client.failures().size(), 1u);
  EXPECT_EQ(client.pool().waiting(), static_cast<size_t>(kIdle));
  EXPECT_EQ(client.pool().open(), 0);
}

TEST(FailureMode42, ClosedAsItIsUsedAgain) {
  TestListener server;
  for (bool reset : {false, true}) {
    ManualClient client(GivesBack());
    TestClient peer = Pooled(client, server);
    client.Add(server.target("2"));
    ASSERT_TRUE(client.RunUntil([&] { return peer.received() == "2"; }));
    // It has read nothing of it, as far as the client can see.
    reset ? peer.Reset() : peer.Close();
    TestClient second = server.Accept(client);
    ASSERT_TRUE(client.RunUntil([&] { return second.received() == "2"; }));
    second.TrySend("y");
    ASSERT_TRUE(client.RunUntilEnded(2));
    EXPECT_THAT(
        client.events(),
        ElementsAre("connect", "message", "close: given back", "reconnect",
                    "close: retry", "connect", "message", "close: given back"));
    EXPECT_EQ(client.stats().retries.value(), 1u);
    ExpectRecovered(client);
  }
}

TEST(FailureMode42, RetriedOnANewConnectionOnlyAndOnce) {
  TestListener server;
  ManualClient client(GivesBack());
  // Two idle ones, of which the retry must not take the second.
  client.Add(server.target("1"));
  client.Add(server.target("1"));
  std::vector<TestClient> peers;
  peers.push_back(server.Accept(client));
  peers.push_back(server.Accept(client));
  for (TestClient& peer : peers) peer.TrySend("y");
  ASSERT_TRUE(client.RunUntil([&] { return client.pool().idle() == 2; }));
  client.Add(server.target("2"));
  ASSERT_TRUE(client.RunUntil([&] {
    return peers[0].received() == "12" || peers[1].received() == "12";
  }));
  for (TestClient& peer : peers) {
    if (peer.received() == "12") peer.Close();
  }
  {
    TestClient third = server.Accept(client);
    ASSERT_TRUE(client.RunUntil([&] { return third.received() == "2"; }));
  }  // Dies too.
  ASSERT_TRUE(client.RunUntilEnded(3));
  EXPECT_EQ(client.events().back(), "close: peer");
  EXPECT_FALSE(server.TryAccept().has_value());
  EXPECT_EQ(client.stats().retries.value(), 1u);
  ExpectRecovered(client);
}

TEST(FailureMode42, NewConnectionThatDiesIsNotRetried) {
  TestListener server;
  ManualClient client(GivesBack());
  client.Add(server.target("1"));
  {
    TestClient peer = server.Accept(client);
    ASSERT_TRUE(client.RunUntil([&] { return peer.received() == "1"; }));
  }
  ASSERT_TRUE(client.RunUntilEnded(1));
  EXPECT_THAT(client.events(), ElementsAre("connect", "close: peer"));
  EXPECT_FALSE(server.TryAccept().has_value());
  ExpectRecovered(client);
}

TEST(FailureMode42, NotRetriedAfterTheFirstByte) {
  TestListener server;
  ClientScript keeps_reading;
  bool second = false;
  keeps_reading.on_message = [&](ScriptedClientHandler& handler,
                                 Connection& c) {
    c.input().TakeAll();
    if (!second) handler.GiveBack(c);
  };
  ManualClient client(keeps_reading);
  TestClient peer = Pooled(client, server);
  second = true;
  client.Add(server.target("2"));
  ASSERT_TRUE(client.RunUntil([&] { return peer.received() == "2"; }));
  peer.TrySend("half an ans");
  ASSERT_TRUE(
      client.RunUntil([&] { return client.events().back() == "message"; }));
  peer.Close();
  ASSERT_TRUE(client.RunUntilEnded(2));
  EXPECT_EQ(client.events().back(), "close: peer");
  EXPECT_FALSE(server.TryAccept().has_value());
  ExpectRecovered(client);
}

TEST(FailureMode42, NotRetriedIfItMustNotArriveTwice) {
  TestListener server;
  ManualClient client(GivesBack());
  TestClient peer = Pooled(client, server);
  Target target = server.target("pay");
  target.may_retry = false;
  client.Add(std::move(target));
  ASSERT_TRUE(client.RunUntil([&] { return peer.received() == "pay"; }));
  peer.Close();
  ASSERT_TRUE(client.RunUntilEnded(2));
  EXPECT_EQ(client.events().back(), "close: peer");
  EXPECT_FALSE(server.TryAccept().has_value());
  ExpectRecovered(client);
}

// `close` closes the connection as it is used again, and `fail` has it fail.
void ExpectNoRetryAfter(
    absl::FunctionRef<void(Connection&)> close,
    absl::FunctionRef<void(ManualClient&, TestClient&)> fail) {
  TestListener server;
  ClientScript script = GivesBack();
  script.on_connect = [&](ScriptedClientHandler& handler, Connection& c) {
    if (handler.reused(c)) close(c);
  };
  ManualClient client(script);
  TestClient peer = Pooled(client, server);
  client.Add(server.target());
  fail(client, peer);
  ASSERT_TRUE(client.RunUntilEnded(2));
  EXPECT_EQ(client.stats().retries.value(), 0u);
  EXPECT_FALSE(server.TryAccept().has_value());
  ExpectRecovered(client);
}

TEST(FailureMode42, NotRetriedAfterTheHandlerHasClosedIt) {
  const std::string big(8 << 20, 'x');
  for (auto close : {&Connection::Close, &Connection::CloseLingering}) {
    ExpectNoRetryAfter(
        [&](Connection& c) {
          c.Write(big);
          (c.*close)();
        },
        [](ManualClient& client, TestClient& peer) {
          ASSERT_TRUE(
              client.RunUntil([&] { return !peer.received().empty(); }));
          peer.Reset();
        });
  }
}

TEST(FailureMode42, NotRetriedAfterAnAbortOfWhatHasFailed) {
  const std::string big(64 << 10, 'x');
  std::atomic<bool> fail = false;
  ScopedFaultHook hook([&](sys::Call call, int) -> sys::Fault {
    return {.error = fail && call == sys::Call::kSend ? EPIPE : 0};
  });
  for (auto close : {&Connection::Close, &Connection::Abort}) {
    ExpectNoRetryAfter(
        [&](Connection& c) {
          fail = true;
          c.Write(big);
          (c.*close)();
          fail = false;
        },
        [](ManualClient&, TestClient&) {});
  }
}

// --- 43: bytes that nobody asked for -----------------------------------------------------

TEST(FailureMode43, BytesAfterAnAnswerDropTheConnection) {
  TestListener server;
  ManualClient client(GivesBack());
  TestClient peer = Pooled(client, server);
  peer.TrySend("an answer to what was never asked");
  client.Add(server.target("2"));
  TestClient second = server.Accept(client);
  ASSERT_TRUE(client.RunUntil([&] { return second.received() == "2"; }));
  EXPECT_TRUE(client.RunUntil([&] { return peer.ended(); }));
  second.TrySend("y");
  ASSERT_TRUE(client.RunUntilEnded(2));
  EXPECT_EQ(client.stats().bytes_read.value(), 2u) << "read the other's";
  ExpectRecovered(client);
}

TEST(FailureMode43, BytesBehindAnAnswerDropTheConnection) {
  TestListener server;
  ManualClient client(
      {.on_message = [](ScriptedClientHandler& handler, Connection& c) {
        c.input().Consume(1);  // The answer is a byte.
        handler.GiveBack(c);
      }});
  client.Add(server.target("1"));
  TestClient peer = server.Accept(client);
  peer.TrySend("y and more");
  ASSERT_TRUE(client.RunUntilEnded(1));
  EXPECT_EQ(client.pool().idle(), 0u);
  EXPECT_TRUE(client.RunUntil([&] { return peer.ended(); }));
  ExpectRecovered(client);
}

TEST(FailureMode43, AnswerBeforeTheQuestion) {
  TestListener server;
  std::string seen;
  ManualClient client(
      {.on_message = [&](ScriptedClientHandler& handler, Connection& c) {
        seen += std::string(c.input().TakeAll());
        handler.GiveBack(c);
      }});
  client.Add(server.target("1"));
  TestClient peer = server.Accept(client);
  peer.TrySend("y");
  ASSERT_TRUE(client.RunUntilEnded(1));
  EXPECT_EQ(seen, "y") << "the handler's own affair, and then nobody else's";
  ExpectRecovered(client);
}

}  // namespace
}  // namespace kingpin
