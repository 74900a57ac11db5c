// Connections with a transport between their bytes and the socket.
#include "kingpin/net/transport.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/net/connection.h"
#include "kingpin/net/io_handler.h"
#include "kingpin/pool/thread_shared_data.h"
#include "kingpin/sys/clock.h"
#include "kingpin/sys/fault.h"
#include "kingpin/sys/unique_fd.h"
#include "tests/net/fake_transport.h"
#include "tests/testing/scripted_server.h"
#include "tests/testing/test_client.h"

namespace kingpin {
namespace {

using testing::Coded;
using testing::ConnectMany;
using ::testing::ElementsAre;
using testing::FakeTransport;
using ::testing::IsEmpty;
using testing::kFarewell;
using testing::kHello;
using testing::ManualServer;
using testing::Script;
using testing::TestClient;
using testing::ThreadedServer;

Script With(FakeTransport::Options options, Script script = {}) {
  script.new_transport = [options] {
    return std::make_unique<FakeTransport>(options);
  };
  return script;
}

std::string WithFarewell(const std::string& text) {
  return absl::StrCat(Coded(text), std::string(1, kFarewell));
}

TEST(Transport, ConnectComesWithTheEndOfTheHandshake) {
  ManualServer server(With({}));
  TestClient client = TestClient::Connect(server.port());
  client.TrySend("h");
  ASSERT_TRUE(
      server.RunUntil([&] { return server.handler().connections() == 1; }));
  server.Turn(5);
  EXPECT_EQ(server.shared().connects, 0);
  client.TrySend(absl::StrCat("i", Coded("hello")));
  ASSERT_TRUE(server.RunUntil([&] { return client.received().size() == 5; }));
  EXPECT_EQ(client.received(), Coded("hello"));
  EXPECT_EQ(server.shared().connects, 1);
  EXPECT_EQ(server.stats().handshakes.value(), 1u);
  EXPECT_EQ(server.stats().bytes_read.value(), 5u);
  EXPECT_GT(server.Rest(), 0);
}

TEST(Transport, WhoSpeaksFirstNeedsNoEvent) {
  ManualServer server(With({.speaks_first = true}));
  TestClient client = TestClient::Connect(server.port());
  ASSERT_TRUE(server.RunUntil([&] { return client.received() == kHello; }));
  EXPECT_GT(server.Rest(), 0);
}

TEST(Transport, FailedHandshakeIsReportedWithItsReason) {
  std::string text;
  std::vector<CloseReason> reasons;
  ManualServer server(
      With({}, {.on_handshake_failed = [&](Connection& c, CloseReason reason) {
             text = c.error_text();
             reasons.push_back(reason);
           }}));
  TestClient client = TestClient::Connect(server.port());
  client.TrySend("GET / HTTP/1.1");
  ASSERT_TRUE(server.RunUntil([&] { return client.ended(); }));
  EXPECT_EQ(text, "bad hello");
  EXPECT_THAT(reasons, ElementsAre(CloseReason::kError));
  EXPECT_EQ(server.shared().connects, 0);
  EXPECT_EQ(server.shared().closes, 0);
  EXPECT_EQ(server.stats().handshakes_failed.value(), 1u);
  EXPECT_EQ(server.handler().connections(), 0u);
}

TEST(Transport, PeerThatLeavesInTheHandshakeIsForgotten) {
  ManualServer server(With({}));
  for (bool reset : {false, true}) {
    TestClient client = TestClient::Connect(server.port());
    client.TrySend("h");
    ASSERT_TRUE(
        server.RunUntil([&] { return server.handler().connections() == 1; }));
    server.Turn();
    reset ? client.Reset() : client.Close();
    ASSERT_TRUE(
        server.RunUntil([&] { return server.handler().connections() == 0; }));
  }
  EXPECT_EQ(server.stats().handshakes_failed.value(), 2u);
}

TEST(Transport, HandshakeHasADeadlineThatDripsDoNotPutOff) {
  std::vector<CloseReason> reasons;
  ManualServer server(
      With({}, {.on_handshake_failed = [&](Connection&, CloseReason reason) {
             reasons.push_back(reason);
           }}));
  TestClient client = TestClient::Connect(server.port());
  ASSERT_TRUE(
      server.RunUntil([&] { return server.handler().connections() == 1; }));
  server.Advance(absl::Seconds(9));
  client.TrySend("h");
  server.Turn(3);
  server.Advance(absl::Milliseconds(900));
  server.Turn(3);
  EXPECT_THAT(reasons, IsEmpty());
  server.Advance(absl::Milliseconds(110));
  server.Turn(3);
  EXPECT_THAT(reasons, ElementsAre(CloseReason::kHandshakeTimeout));
  EXPECT_TRUE(client.ended());
}

TEST(Transport, HandshakesHaveABudgetAnIteration) {
  Clock* clock = nullptr;
  ManualServer server(With({.on_step = [&] {
    if (clock != nullptr) clock->Advance(absl::Microseconds(600));
  }}));
  TestClient settled = TestClient::Connect(server.port());
  settled.TrySend(kHello);
  ASSERT_TRUE(server.RunUntil([&] { return server.shared().connects == 1; }));

  clock = &server.clock();
  std::vector<TestClient> storm = ConnectMany(server.port(), 20);
  ASSERT_TRUE(
      server.RunUntil([&] { return server.handler().connections() == 21; }));
  for (TestClient& client : storm) client.TrySend(kHello);
  for (int round = 1; round <= 10; ++round) {
    settled.TrySend("x");
    server.Turn();
    // Two of 0.6 ms, for the second begins before 1 ms is over.
    EXPECT_EQ(server.shared().connects, 1 + 2 * round);
    EXPECT_EQ(settled.received().size(), static_cast<size_t>(round));
  }
  EXPECT_GT(server.Rest(), 0);
}

TEST(Transport, ConnectionMayDieWhileItWaitsForItsTurn) {
  Clock* clock = nullptr;
  ManualServer server(With({.on_step =
                                [&] {
                                  if (clock != nullptr)
                                    clock->Advance(absl::Seconds(1));
                                }},
                           {.on_connect = [](Connection& c) {
                             c.handler().shared().Shutdown(RunPhase::kStopping);
                           }}));
  std::vector<TestClient> storm = ConnectMany(server.port(), 5);
  ASSERT_TRUE(
      server.RunUntil([&] { return server.handler().connections() == 5; }));
  clock = &server.clock();
  for (TestClient& client : storm) client.TrySend(kHello);
  // The first ends the run, while the others are in the queue.
  ASSERT_TRUE(
      server.RunUntil([&] { return server.handler().connections() == 0; }));
  for (TestClient& client : storm) EXPECT_TRUE(client.WaitForEnd());
}

TEST(Transport, BytesThatNoEventAnnouncesAreRead) {
  std::string got;
  ManualServer server(With({.piece = 3}, {.on_message = [&](Connection& c) {
                             got += std::string(c.input().TakeAll());
                           }}));
  TestClient client = TestClient::Connect(server.port());
  client.TrySend(absl::StrCat(kHello, Coded("0123456789")));
  ASSERT_TRUE(server.RunUntil([&] { return got.size() == 10; }));
  EXPECT_EQ(got, "0123456789");
  EXPECT_GT(server.Rest(), 0);
}

TEST(Transport, BytesThatNoEventAnnouncesWaitForResumeReading) {
  std::string got;
  ManualServer server(With({.piece = 3}, {.on_message = [&](Connection& c) {
                             got += std::string(c.input().TakeAll());
                             c.PauseReading();
                           }}));
  TestClient client = TestClient::Connect(server.port());
  client.TrySend(absl::StrCat(kHello, Coded("012345")));
  ASSERT_TRUE(server.RunUntil([&] { return got.size() == 3; }));
  EXPECT_GT(server.Rest(), 0);
  EXPECT_EQ(got, "012");
  server.only().ResumeReading();
  server.Turn(3);
  EXPECT_EQ(got, "012345");
}

TEST(Transport, HandlerThatStopsGetsNoMoreUntilItsTurn) {
  std::vector<size_t> held;
  ManualServer server(With({.piece = 4}, {.on_message = [&](Connection& c) {
                             held.push_back(c.input().size());
                             c.input().Consume(1);
                             if (!c.input().empty()) c.RequestMessage();
                           }}));
  TestClient client = TestClient::Connect(server.port());
  client.TrySend(absl::StrCat(kHello, Coded("01234567")));
  ASSERT_TRUE(server.RunUntil([&] { return held.size() == 8; }));
  EXPECT_THAT(held, ElementsAre(4, 3, 2, 1, 4, 3, 2, 1));
}

std::shared_ptr<const UniqueFd> FileOf(const std::string& text) {
  std::string path = absl::StrCat(::testing::TempDir(), "/kingpin_XXXXXX");
  auto fd = std::make_shared<UniqueFd>(mkstemp(path.data()));
  unlink(path.c_str());
  EXPECT_EQ(write(fd->get(), text.data(), text.size()),
            static_cast<ssize_t>(text.size()));
  return fd;
}

// Bytes and files that do not fit the socket, then Close.
std::string WriteMuch(Connection& c) {
  std::string large(100'000, 'L');
  std::string text;
  for (int i = 0; i < 30'000; ++i) absl::StrAppend(&text, i, ",");
  std::shared_ptr<const UniqueFd> file = FileOf(text);
  c.Write("a");
  c.Write(large);
  c.SendFile(file, 0, text.size());
  c.SendFile(file, 5, 10);
  c.Write("z");
  return absl::StrCat("a", large, text, text.substr(5, 10), "z");
}

TEST(Transport, OutputKeepsItsOrderHoweverTheSocketTakesIt) {
  for (size_t most : {size_t{1}, size_t{700}, SIZE_MAX}) {
    std::string expected;
    ManualServer server(With({.piece = 1500}, {.on_connect = [&](auto& c) {
                               expected = WriteMuch(c);
                               c.Close();
                             }}));
    int calls = 0;
    ScopedFaultHook hook([&](sys::Call call, int) -> sys::Fault {
      if (call != sys::Call::kSend) return {};
      // So that every other call ends in a full socket.
      if (most < 1000 && ++calls % 2 == 0) return {.error = EAGAIN};
      return {.max_bytes = most == 1 ? 97 : most};
    });
    TestClient client = TestClient::Connect(server.port(), 4096);
    client.TrySend(kHello);
    ASSERT_TRUE(server.RunUntil([&] { return client.ended(); }));
    EXPECT_TRUE(client.received() == WithFarewell(expected)) << most;
    EXPECT_EQ(client.error(), 0);
  }
}

TEST(Transport, OutputInTheKernelGoesToTheSocket) {
  std::string expected;
  ManualServer server(
      With({.output_in_kernel = true}, {.on_connect = [&](Connection& c) {
             expected = WriteMuch(c);
             c.Close();
           }}));
  TestClient client = TestClient::Connect(server.port());
  client.TrySend(kHello);
  ASSERT_TRUE(server.RunUntil([&] { return client.ended(); }));
  EXPECT_TRUE(client.received() ==
              absl::StrCat(expected, std::string(1, kFarewell)));
}

TEST(Transport, WriteCompleteWaitsForWhatTheTransportHolds) {
  bool complete = false;
  bool full = true;
  ManualServer server(With({}, {.on_connect = [](auto& c) { c.Write("text"); },
                                .on_write_complete =
                                    [&](Connection& c) {
                                      EXPECT_EQ(c.pending_output(), 0u);
                                      complete = true;
                                    }}));
  ScopedFaultHook hook([&](sys::Call call, int) -> sys::Fault {
    if (call == sys::Call::kSend && full) return {.error = EAGAIN};
    return {};
  });
  TestClient client = TestClient::Connect(server.port());
  client.TrySend(kHello);
  ASSERT_TRUE(server.RunUntil([&] { return server.shared().connects == 1; }));
  server.Turn(3);
  EXPECT_FALSE(complete);
  EXPECT_EQ(server.only().pending_output(), 4u);
  full = false;
  ASSERT_TRUE(server.RunUntil([&] { return complete; }));
  EXPECT_EQ(client.received(), Coded("text"));
}

TEST(Transport, FileThatIsShorterThanSaidEndsWithoutFarewell) {
  int error = 0;
  ManualServer server(
      With({}, {.on_connect =
                    [](Connection& c) {
                      c.SendFile(FileOf("0123456789"), 0, 20);
                      c.Close();
                    },
                .on_close = [&](Connection& c, auto) { error = c.error(); }}));
  TestClient client = TestClient::Connect(server.port());
  client.TrySend(kHello);
  ASSERT_TRUE(server.RunUntil([&] { return client.ended(); }));
  EXPECT_EQ(client.received(), Coded("0123456789"));
  EXPECT_EQ(error, ENODATA);
}

TEST(Transport, FarewellWaitsForRoomAndNotForEver) {
  bool full = false;
  ManualServer server(With({}, {.on_message = [&](Connection& c) {
                             c.input().TakeAll();
                             c.Close();
                             full = true;
                           }}));
  ScopedFaultHook hook([&](sys::Call call, int) -> sys::Fault {
    if (call == sys::Call::kSend && full) return {.error = EAGAIN};
    return {};
  });
  for (bool room : {true, false}) {
    full = false;
    TestClient client = TestClient::Connect(server.port());
    client.TrySend(absl::StrCat(kHello, "x"));
    ASSERT_TRUE(server.RunUntil([&] { return full; }));
    server.Turn(3);
    EXPECT_FALSE(client.ended());
    full = !room;
    server.Advance(room ? absl::ZeroDuration() : absl::Seconds(31));
    ASSERT_TRUE(server.RunUntil([&] { return client.ended(); }));
    EXPECT_EQ(client.received(), room ? std::string(1, kFarewell) : "");
  }
  EXPECT_THAT(server.reasons(),
              ElementsAre(CloseReason::kLocal, CloseReason::kWriteTimeout));
}

TEST(Transport, EachWayOfEndingSaysFarewellOrDoesNot) {
  struct Case {
    void (*end)(Connection&);
    absl::Duration wait;
    bool farewell;
  };
  const Case cases[] = {
      {[](Connection& c) { c.Close(); }, absl::ZeroDuration(), true},
      {[](Connection& c) { c.CloseLingering(); }, absl::ZeroDuration(), true},
      {[](Connection& c) { c.Abort(); }, absl::ZeroDuration(), false},
      {[](Connection&) {}, absl::Seconds(61), true},
      {[](Connection&) { throw 1; }, absl::ZeroDuration(), false},
  };
  for (const Case& way : cases) {
    ManualServer server(With({}, {.on_message = [&](Connection& c) {
                               c.input().TakeAll();
                               way.end(c);
                             }}));
    TestClient client = TestClient::Connect(server.port());
    client.TrySend(absl::StrCat(kHello, "x"));
    ASSERT_TRUE(server.RunUntil(
        [&] { return server.stats().bytes_read.value() == 1; }));
    server.Advance(way.wait);
    ASSERT_TRUE(server.RunUntil([&] { return client.ended(); }));
    EXPECT_EQ(client.received(), way.farewell ? std::string(1, kFarewell) : "");
  }
}

TEST(Transport, FarewellOfThePeerIsTheEndOfInputAndFinAloneIsAnError) {
  std::string text;
  ManualServer server(With({}, {.on_close = [&](Connection& c, CloseReason) {
                             text = c.error_text();
                           }}));
  TestClient polite = TestClient::Connect(server.port());
  polite.TrySend(
      absl::StrCat(kHello, Coded("ping"), std::string(1, kFarewell)));
  ASSERT_TRUE(server.RunUntil([&] { return polite.ended(); }));
  EXPECT_EQ(polite.received(), WithFarewell("ping"));
  EXPECT_EQ(text, "");
  TestClient rude = TestClient::Connect(server.port());
  rude.TrySend(kHello);
  rude.HalfClose();
  ASSERT_TRUE(server.RunUntil([&] { return rude.ended(); }));
  EXPECT_EQ(text, "cut off");
  EXPECT_EQ(rude.received(), "");
  EXPECT_THAT(server.reasons(),
              ElementsAre(CloseReason::kPeer, CloseReason::kError));
}

Script Upgrading(std::string* ready) {
  return {.on_message =
              [](Connection& c) {
                if (c.transport() != nullptr) {
                  c.Write(c.input().TakeAll());
                  return;
                }
                c.input().Consume(std::min<size_t>(c.input().size(), 7));
                if (c.StartTransport(std::make_unique<FakeTransport>(
                        FakeTransport::Options{}))) {
                  c.Write("first");
                }
              },
          .on_transport_ready = [ready](Connection&) { *ready += "ready"; }};
}

TEST(Transport, MayStartInTheMiddle) {
  std::string ready;
  ManualServer server(Upgrading(&ready));
  TestClient client = TestClient::Connect(server.port());
  client.TrySend("upgrade");
  ASSERT_TRUE(
      server.RunUntil([&] { return server.stats().bytes_read.value() == 7; }));
  server.Turn(3);
  EXPECT_EQ(client.received(), "");
  client.TrySend(kHello);
  ASSERT_TRUE(server.RunUntil([&] { return !client.received().empty(); }));
  EXPECT_EQ(client.received(), Coded("first"));
  EXPECT_EQ(ready, "ready");
  client.TrySend(Coded("more"));
  ASSERT_TRUE(server.RunUntil([&] { return client.received().size() == 9; }));
  EXPECT_EQ(client.received(), Coded("firstmore"));
}

TEST(Transport, WhatCameBeforeTheHandshakeIsNotTakenForProtected) {
  std::string ready;
  ManualServer server(Upgrading(&ready));
  TestClient client = TestClient::Connect(server.port());
  client.TrySend("upgradeINJECTED");
  ASSERT_TRUE(server.RunUntil([&] { return client.ended(); }));
  EXPECT_EQ(ready, "");
  EXPECT_THAT(server.reasons(), ElementsAre(CloseReason::kError));
}

TEST(Transport, HandshakeThatFailsInTheMiddleIsAClose) {
  std::string ready;
  ManualServer server(Upgrading(&ready));
  TestClient client = TestClient::Connect(server.port());
  client.TrySend("upgrade");
  ASSERT_TRUE(
      server.RunUntil([&] { return server.stats().bytes_read.value() == 7; }));
  server.Advance(absl::Seconds(11));
  ASSERT_TRUE(server.RunUntil([&] { return client.ended(); }));
  EXPECT_THAT(server.reasons(), ElementsAre(CloseReason::kHandshakeTimeout));
}

TEST(Transport, DrainSaysFarewellAndCutsHandshakesShort) {
  ManualServer server(With({}));
  TestClient idle = TestClient::Connect(server.port());
  idle.TrySend(absl::StrCat(kHello, Coded("x")));
  ASSERT_TRUE(server.RunUntil([&] { return idle.received().size() == 1; }));
  TestClient slow = TestClient::Connect(server.port());
  TestClient quick = TestClient::Connect(server.port());
  ASSERT_TRUE(
      server.RunUntil([&] { return server.handler().connections() == 3; }));
  server.shared().Shutdown();
  ASSERT_TRUE(server.RunUntil([&] { return idle.ended(); }));
  EXPECT_EQ(idle.received(), WithFarewell("x"));
  quick.TrySend(absl::StrCat(kHello, Coded("last")));
  ASSERT_TRUE(server.RunUntil([&] { return quick.ended(); }));
  EXPECT_EQ(quick.received(), WithFarewell("last"));
  EXPECT_FALSE(slow.ended());
  server.Advance(absl::Seconds(3));
  ASSERT_TRUE(server.RunUntil([&] { return slow.ended(); }));
}

TEST(Transport, LackOfMemoryForOnePausesAccepting) {
  int left = 1;
  Script script = With({});
  script.new_transport = [&]() -> std::unique_ptr<Transport> {
    if (left-- > 0) throw std::bad_alloc();
    return std::make_unique<FakeTransport>(FakeTransport::Options{});
  };
  ManualServer server(std::move(script));
  TestClient lost = TestClient::Connect(server.port());
  ASSERT_TRUE(server.RunUntil([&] { return lost.ended(); }));
  EXPECT_EQ(server.stats().accept_pauses.value(), 1u);
  server.Advance(absl::Milliseconds(20));
  TestClient client = TestClient::Connect(server.port());
  client.TrySend(kHello);
  ASSERT_TRUE(server.RunUntil([&] { return server.shared().connects == 1; }));
}

TEST(Transport, ThreadsShutDownAmidHandshakes) {
  for (int i = 0; i < 5; ++i) {
    std::vector<TestClient> clients;
    {
      ThreadedServer server(With({}));
      clients = ConnectMany(server.port(), 40);
      for (size_t j = 0; j < clients.size(); j += 2) clients[j].TrySend("hi");
      ASSERT_TRUE(server.WaitForConnections(40));
      server.pool().Shutdown(RunPhase::kStopping);
    }
    for (TestClient& client : clients) EXPECT_TRUE(client.WaitForEnd());
  }
}

}  // namespace
}  // namespace kingpin
