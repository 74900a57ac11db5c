// Failures that a client meets when it connects and writes, named after their rows in
// docs/failure_modes.md.
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/net/io_handler_for_client.h"
#include "kingpin/pool/connect_failure.h"
#include "kingpin/pool/target.h"
#include "kingpin/sys/fault.h"
#include "kingpin/sys/socket_address.h"
#include "tests/net/client_recovery.h"
#include "tests/testing/process.h"
#include "tests/testing/scripted_client.h"
#include "tests/testing/test_client.h"

namespace kingpin {
namespace {

using testing::ClientScript;
using testing::DeafListener;
using ::testing::ElementsAre;
using testing::ExpectRecovered;
using testing::GivesBack;
using ::testing::HasSubstr;
using testing::ManualClient;
using testing::ScriptedClientHandler;
using testing::TestClient;
using testing::TestListener;

Target To(const SocketAddress& address) {
  return {.host = address.host(), .port = address.port()};
}

ConnectFailure FailureOf(ManualClient& client, Target target) {
  client.Add(std::move(target));
  EXPECT_TRUE(client.RunUntilEnded(1));
  return client.failures().at(0);
}

class ConnectFault {
 public:
  // Every connect fails with `error`.
  explicit ConnectFault(int error, sys::Call call = sys::Call::kConnect)
      : hook_([this, error, call](sys::Call c, int) -> sys::Fault {
          if (c != call) return {};
          ++count;
          return {.error = error};
        }) {}
  std::atomic<int> count = 0;

 private:
  ScopedFaultHook hook_;
};

// --- 38: refused, unreachable, time-out ------------------------------------------

TEST(FailureMode38, Refused) {
  testing::RefusedAddress refused;
  const SocketAddress& address = refused.address();
  ManualClient client;
  ConnectFailure failure = FailureOf(client, To(address));
  EXPECT_EQ(failure.reason, ConnectError::kRefused);
  EXPECT_EQ(failure.error, ECONNREFUSED);
  EXPECT_EQ(failure.ToString(),
            absl::StrCat("connection refused (", address.ToString(),
                         ": Connection refused)"));
  ExpectRecovered(client);
}

TEST(FailureMode38, TimedOut) {
  DeafListener deaf;
  ManualClient client({}, {.connect_timeout = absl::Seconds(4)});
  client.Add(To(deaf.address()));
  client.Turn(2);
  client.Advance(absl::Milliseconds(3990));
  EXPECT_EQ(client.shared().ended, 0);
  client.Advance(absl::Milliseconds(12));
  ASSERT_EQ(client.failures().size(), 1u);
  EXPECT_EQ(client.failures()[0].reason, ConnectError::kTimedOut);
  EXPECT_THAT(client.failures()[0].detail,
              HasSubstr(deaf.address().ToString()));
  ExpectRecovered(client);
}

TEST(FailureMode38, EveryErrnoOfConnectHasItsReason) {
  const std::pair<int, ConnectError> pairs[] = {
      {ENETUNREACH, ConnectError::kUnreachable},
      {EHOSTUNREACH, ConnectError::kUnreachable},
      {ETIMEDOUT, ConnectError::kTimedOut},
      {ECONNRESET, ConnectError::kReset},
      {EACCES, ConnectError::kDenied},
      {EINVAL, ConnectError::kOther},
      {ENOBUFS, ConnectError::kNoResources},
  };
  TestListener server;
  for (auto [error, reason] : pairs) {
    ManualClient client;
    {
      ConnectFault fault(error);
      ConnectFailure failure = FailureOf(client, server.target());
      EXPECT_EQ(failure.reason, reason) << error;
      EXPECT_EQ(failure.error, error);
    }
    ExpectRecovered(client);
  }
}

TEST(FailureMode38, NoDescriptorIsLeft) {
  TestListener server;
  for (auto call : {sys::Call::kSocket, sys::Call::kEpollCtl}) {
    ManualClient client;
    const std::set<int> before = testing::OpenDescriptors();
    {
      ConnectFault fault(call == sys::Call::kSocket ? EMFILE : ENOMEM, call);
      ConnectFailure failure = FailureOf(client, server.target());
      EXPECT_EQ(failure.reason, ConnectError::kNoResources);
    }
    EXPECT_EQ(testing::OpenDescriptors(), before);
    ExpectRecovered(client);
  }
}

TEST(FailureMode38, TriedAgainAfterABackOffWithJitter) {
  testing::RefusedAddress refused;
  const SocketAddress& address = refused.address();
  ManualClient client({}, {.pool = {.first_back_off = absl::Seconds(1)}});
  ConnectFault fault(ECONNREFUSED);
  Target target = To(address);
  target.connect_attempts = 3;
  client.Add(std::move(target));
  ASSERT_TRUE(client.RunUntil([&] { return fault.count == 1; }));
  EXPECT_GT(client.Rest(), 0);
  client.Advance(absl::Milliseconds(490));
  EXPECT_EQ(fault.count, 1);
  client.Advance(absl::Milliseconds(520));
  EXPECT_EQ(fault.count, 2);
  client.Advance(absl::Milliseconds(990));
  EXPECT_EQ(fault.count, 2) << "twice as long";
  EXPECT_EQ(client.shared().ended, 0);
  client.Advance(absl::Milliseconds(1020));
  EXPECT_EQ(fault.count, 3);
  EXPECT_THAT(client.events(), ElementsAre("failed: connection refused"));
}

TEST(FailureMode38, OneThatComesBackIsServed) {
  testing::RefusedAddress refused;
  const SocketAddress& address = refused.address();
  ManualClient client;
  Target target = To(address);
  target.connect_attempts = 2;
  client.Add(std::move(target));
  ASSERT_TRUE(client.RunUntil([&] { return client.pool().waiting() == 1; }));
  refused.Release();
  TestListener server(address.ToString());
  client.Advance(absl::Milliseconds(110));
  server.Accept(client);
}

TEST(FailureMode38, SilentHostBacksOffThoughNobodyWaitsForConnectTimeout) {
  DeafListener deaf;
  ManualClient client({}, {.pool = {.first_back_off = absl::Seconds(1)},
                           .attempt_delay = absl::Milliseconds(250)});
  auto add = [&](absl::Duration timeout) {
    Target target = To(deaf.address());
    target.timeout = timeout;
    client.Add(std::move(target));
    client.Turn(2);
  };
  // One that could not know yet says nothing about the host.
  add(absl::Milliseconds(240));
  client.Advance(absl::Milliseconds(245));
  ASSERT_EQ(client.shared().ended, 1);
  add(absl::Milliseconds(260));
  EXPECT_EQ(client.pool().open(), 1);
  client.Advance(absl::Milliseconds(265));
  ASSERT_EQ(client.shared().ended, 2);
  for (const ConnectFailure& failure : client.failures()) {
    EXPECT_EQ(failure.reason, ConnectError::kDeadline);
  }
  add(absl::Milliseconds(100));
  EXPECT_EQ(client.pool().open(), 0) << "it does not back off";
  client.Advance(absl::Milliseconds(105));
  ASSERT_EQ(client.failures().size(), 3u);
  EXPECT_EQ(client.failures()[2].reason, ConnectError::kPoolDeadline);
  EXPECT_THAT(client.failures()[2].detail,
              HasSubstr("backing off; the last connect failed: connecting "
                        "timed out"));
  ExpectRecovered(client);
}

TEST(FailureMode38, StormOfRefusalsCostsOnlyThatHost) {
  testing::RefusedAddress refused;
  const SocketAddress& address = refused.address();
  ManualClient client;
  for (int i = 0; i < 10'000; ++i) client.Add(To(address));
  client.Turn(5);
  EXPECT_GT(client.Rest(), 0) << "spins";
  // One after the other, and ever more rarely.
  EXPECT_LE(client.shared().ended, 64);
  ExpectRecovered(client);
  client.Advance(absl::Seconds(30));
  EXPECT_TRUE(client.RunUntilEnded(10'000)) << "by their deadlines";
  EXPECT_GT(client.Rest(), 0);
  EXPECT_EQ(client.pool().waiting(), 0u);
}

// --- 39: no local address ----------------------------------------------------------

TEST(FailureMode39, NoLocalPortIsLeft) {
  TestListener server;
  ManualClient client(GivesBack());
  client.Add(server.target("x"));
  TestClient peer = server.Accept(client);
  peer.TrySend("y");
  ASSERT_TRUE(client.RunUntil([&] { return client.pool().idle() == 1; }));
  {
    ConnectFault fault(EADDRNOTAVAIL);
    // The idle connection is as good as before; what does not fit fails, and
    // nothing is tried in a tight loop.
    client.Add(server.target("x"));
    client.Add(server.target("x"));
    ASSERT_TRUE(client.RunUntilEnded(2));
    EXPECT_EQ(client.failures().at(0).reason, ConnectError::kNoLocalAddress);
    EXPECT_EQ(client.failures().at(0).error, EADDRNOTAVAIL);
    ASSERT_TRUE(client.RunUntil([&] { return peer.received() == "xx"; }));
    client.Add(server.target("x"));
    EXPECT_GT(client.Rest(), 0) << "spins";
    EXPECT_EQ(fault.count, 1);
    peer.TrySend("y");
    ASSERT_TRUE(client.RunUntil([&] { return peer.received() == "xxx"; }))
        << "pooled reuse";
  }
  ExpectRecovered(client);
}

// --- 40: self-connect ----------------------------------------------------------------

TEST(FailureMode40, SelfConnectIsDetectedAndClosed) {
  testing::RefusedAddress refused;
  const SocketAddress& address = refused.address();
  ManualClient client;
  const std::set<int> before = testing::OpenDescriptors();
  {
    // The kernel is made to choose the very port that is connected to.
    ScopedFaultHook hook([&](sys::Call call, int fd) -> sys::Fault {
      if (call == sys::Call::kConnect) {
        linger reset = {.l_onoff = 1, .l_linger = 0};  // Frees the port.
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
        int on = 1;
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
        EXPECT_EQ(bind(fd, address.get(), address.size()), 0);
      }
      return {};
    });
    ConnectFailure failure = FailureOf(client, To(address));
    EXPECT_EQ(failure.reason, ConnectError::kSelfConnect);
    EXPECT_THAT(failure.detail, HasSubstr(address.ToString()));
  }
  EXPECT_EQ(testing::OpenDescriptors(), before);
  ExpectRecovered(client);
}

// --- 8: a reset while writing ----------------------------------------------------------

// A peer that answers and closes though there is more to read, which resets the
// connection: the answer is in the socket, and what is written finds the error.
class RefusesTheRest {
 public:
  explicit RefusesTheRest(ClientScript script) : client_(std::move(script)) {
    client_.Add(server_.target("head"));
    TestClient peer = server_.Accept(client_);
    EXPECT_TRUE(client_.RunUntil([&] { return peer.received() == "head"; }));
    client_.only().Write("body");
    client_.Turn(2);
    EXPECT_EQ(peer.TrySend("413 is why"), 10u);
    peer.Close();
  }
  ManualClient& client() { return client_; }

 private:
  TestListener server_;
  ManualClient client_;
};

TEST(FailureMode08, TheAnswerBeforeAResetIsReadThoughAWriteFails) {
  std::string got;
  int error = 0;
  ClientScript script = {
      .on_message = [&](ScriptedClientHandler&,
                        Connection& c) { got += c.input().TakeAll(); },
      .on_close = [&](ScriptedClientHandler&, Connection& c,
                      CloseReason) { error = c.error(); }};
  RefusesTheRest t(script);
  Connection& c = t.client().only();
  EXPECT_FALSE(c.Write(std::string(20'000, 'x')));
  EXPECT_FALSE(c.closing());
  EXPECT_FALSE(c.Write("more"));
  EXPECT_EQ(c.pending_output(), 20'000u);
  ASSERT_TRUE(t.client().RunUntilEnded(1));
  EXPECT_EQ(got, "413 is why");
  EXPECT_EQ(error, ECONNRESET);
  EXPECT_THAT(t.client().events(),
              ElementsAre("connect", "message", "close: error"));
  ExpectRecovered(t.client());
}

TEST(FailureMode08, TheAnswerBeforeAResetIsReadToItsEnd) {
  std::string got;
  RefusesTheRest t({.on_message = [&](ScriptedClientHandler&, Connection& c) {
    got += c.input().TakeAll();
    c.Write("go on");
  }});
  {
    ScopedFaultHook hook([](sys::Call call, int) -> sys::Fault {
      return {.max_bytes = call == sys::Call::kRecv ? 3 : SIZE_MAX};
    });
    ASSERT_TRUE(t.client().RunUntilEnded(1));
  }
  EXPECT_EQ(got, "413 is why");
  EXPECT_EQ(t.client().events().back(), "close: error");
  ExpectRecovered(t.client());
}

TEST(FailureMode08, TheAnswerIsReadThoughTheOutputIsAboveItsHighEdge) {
  std::string got;
  TestListener server;
  ManualClient client(
      {.on_message = [&](ScriptedClientHandler&, Connection& c) {
        got += c.input().TakeAll();
      }});
  client.Add(server.target("head"));
  TestClient peer = server.Accept(client);
  ASSERT_TRUE(client.RunUntil([&] { return peer.received() == "head"; }));
  EXPECT_FALSE(client.only().Write(std::string(16 << 20, 'x')));
  client.Turn(2);
  EXPECT_EQ(peer.TrySend("413 is why"), 10u);
  peer.Close();
  ASSERT_TRUE(client.RunUntilEnded(1));
  EXPECT_EQ(got, "413 is why");
  EXPECT_EQ(client.events().back(), "close: error");
  ExpectRecovered(client);
}

TEST(FailureMode08, WhatWasHeldBackAboveTheHighEdgeIsShownAgain) {
  std::string got;
  bool held = false;
  TestListener server;
  ManualClient client(
      {.on_message = [&](ScriptedClientHandler&, Connection& c) {
        // No more in, until what goes out has left.
        if (!std::exchange(held, true)) {
          c.Write(std::string(16 << 20, 'x'));
        } else {
          got += c.input().TakeAll();
        }
      }});
  client.Add(server.target("head"));
  TestClient peer = server.Accept(client);
  ASSERT_TRUE(client.RunUntil([&] { return peer.received() == "head"; }));
  EXPECT_EQ(peer.TrySend("413 is why"), 10u);
  ASSERT_TRUE(client.RunUntil([&] { return held; }));
  client.Turn(2);
  EXPECT_EQ(got, "");
  peer.Close();
  ASSERT_TRUE(client.RunUntilEnded(1));
  EXPECT_EQ(got, "413 is why");
  ExpectRecovered(client);
}

TEST(FailureMode08, AHandlerThatWantsNoMoreIsNotReadFor) {
  RefusesTheRest t({});
  Connection& c = t.client().only();
  c.Write(std::string(20'000, 'x'));
  c.PauseReading();
  ASSERT_TRUE(t.client().RunUntilEnded(1));
  EXPECT_THAT(t.client().events(), ElementsAre("connect", "close: error"));
}

// --- Peers that are slow, or no peers at all ------------------------------------------

TEST(FailureMode22, PeerThatAcceptsAndNeverAnswers) {
  TestListener server;
  ManualClient client;
  for (int i = 0; i < 50; ++i) client.Add(server.target("hello"));
  std::vector<TestClient> peers;
  for (int i = 0; i < 50; ++i) peers.push_back(server.Accept(client));
  ASSERT_TRUE(client.RunUntil([&] { return client.events().size() == 50; }));
  EXPECT_GT(client.Rest(), 0);
  ExpectRecovered(client);
  client.Advance(absl::Seconds(31));
  EXPECT_TRUE(client.RunUntilEnded(51));
  EXPECT_EQ(client.pool().open(), 0);
}

}  // namespace
}  // namespace kingpin
