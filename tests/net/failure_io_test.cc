// docs/failure_modes.md, the rows about reading from and writing to peers.
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/net/connection.h"
#include "kingpin/sys/fault.h"
#include "kingpin/sys/unique_fd.h"
#include "tests/testing/process.h"
#include "tests/testing/scripted_server.h"
#include "tests/testing/test_client.h"

namespace kingpin {
namespace {

using ::testing::ElementsAre;
using testing::ManualServer;
using testing::Script;
using testing::TestClient;

// Bytes of which no two stretches are equal.
std::string Pattern(size_t size) {
  std::string text;
  for (int i = 0; text.size() < size; ++i) absl::StrAppend(&text, i, ",");
  text.resize(size);
  return text;
}

std::shared_ptr<const UniqueFd> FileWith(const std::string& text) {
  std::string path = absl::StrCat(::testing::TempDir(), "/kingpin_XXXXXX");
  auto fd = std::make_shared<UniqueFd>(mkstemp(path.data()));
  unlink(path.c_str());
  EXPECT_EQ(write(fd->get(), text.data(), text.size()),
            static_cast<ssize_t>(text.size()));
  return fd;
}

// Sends all of `data`, however slowly the server takes it, and expects it back.
void ExpectEcho(ManualServer& server, TestClient& client,
                absl::string_view data) {
  size_t sent = 0;
  EXPECT_TRUE(server.RunUntil([&] {
    if (sent < data.size()) sent += client.TrySend(data.substr(sent));
    return client.received().size() >= data.size();
  }));
  EXPECT_EQ(client.received(), data);
}

TEST(FailureMode04, EintrIsRetried) {
  ManualServer server;
  std::atomic<unsigned> calls = 0;
  ScopedFaultHook hook([&](sys::Call, int) -> sys::Fault {
    return {.error = ++calls % 3 == 0 ? 0 : EINTR};
  });
  TestClient client = TestClient::Connect(server.port());
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(server.Echoes(client));
  EXPECT_TRUE(server.reasons().empty());
}

TEST(FailureMode04, SignalStormLosesNothing) {
  static std::atomic<int> signals = 0;
  struct sigaction action = {}, before;
  action.sa_handler = [](int) { signals.fetch_add(1); };
  sigaction(SIGALRM, &action, &before);  // No SA_RESTART.
  itimerval storm = {.it_interval = {.tv_sec = 0, .tv_usec = 200},
                     .it_value = {.tv_sec = 0, .tv_usec = 200}};
  setitimer(ITIMER_REAL, &storm, nullptr);
  {
    ManualServer server;
    TestClient client = TestClient::Connect(server.port());
    ExpectEcho(server, client, Pattern(4 << 20));
    EXPECT_TRUE(server.RunUntil([&] { return signals > 50; }));
    EXPECT_TRUE(server.Echoes(client));
    EXPECT_TRUE(server.reasons().empty());
  }
  itimerval none = {};
  setitimer(ITIMER_REAL, &none, nullptr);
  sigaction(SIGALRM, &before, nullptr);
}

TEST(FailureMode05, EagainStormLosesNothingAndDoesNotSpin) {
  ManualServer server;
  std::atomic<unsigned> calls = 0;
  uint64_t turns;
  {
    ScopedFaultHook hook([&](sys::Call call, int) -> sys::Fault {
      bool moves = call == sys::Call::kRecv || call == sys::Call::kSend ||
                   call == sys::Call::kAccept;
      return {.error = moves && ++calls % 2 == 0 ? EAGAIN : 0};
    });
    TestClient client = TestClient::Connect(server.port());
    ExpectEcho(server, client, Pattern(1 << 20));
    EXPECT_GT(server.Rest(), 0);
    turns = server.stats().iterations.value();
    EXPECT_EQ(server.shared().closes, 0);
  }
  EXPECT_LT(turns, 100'000u);
  EXPECT_TRUE(server.Recovered());
}

TEST(FailureMode06, OneByteWritesDeliverAllInOrder) {
  std::string file_text = Pattern(3000);
  std::shared_ptr<const UniqueFd> file = FileWith(file_text);
  std::string big = Pattern(20'000);
  ManualServer server({.on_message = [&](Connection& c) {
    c.input().TakeAll();
    c.Write("head:");
    c.SendFile(file, 10, file_text.size() - 10);
    c.Write(big);
    c.Write("tail");
    c.CloseLingering();
  }});
  TestClient client = TestClient::Connect(server.port());
  ScopedFaultHook hook(
      [](sys::Call, int) -> sys::Fault { return {.max_bytes = 1}; });
  ASSERT_EQ(client.TrySend("x"), 1u);
  EXPECT_TRUE(server.RunUntil([&] { return client.ended(); }));
  EXPECT_EQ(client.received(),
            absl::StrCat("head:", file_text.substr(10), big, "tail"));
  EXPECT_EQ(client.error(), 0);
}

TEST(FailureMode06, SmallestSendBufferDeliversAllInOrder) {
  ManualServer server({}, {.socket = {.send_buffer_bytes = 1}});
  TestClient client = TestClient::Connect(server.port(), 1);
  ExpectEcho(server, client, Pattern(300'000));
  EXPECT_TRUE(server.Recovered());
}

// A protocol of lines: answers each with its length.
Script LineLengths() {
  return {.on_message = [](Connection& c) {
    absl::string_view text = c.input().view();
    size_t end;
    while ((end = text.find('\n')) != text.npos) {
      c.Write(absl::StrCat(end, "\n"));
      text.remove_prefix(end + 1);
    }
    c.input().Consume(c.input().size() - text.size());
  }};
}

TEST(FailureMode07, SameAnswerWhereverTheRequestIsSplit) {
  const std::string request = "hello world\nsecond one\n\nlast\n";
  ManualServer server(LineLengths());
  for (size_t split = 0; split <= request.size(); ++split) {
    TestClient client = TestClient::Connect(server.port());
    uint64_t target = server.stats().bytes_read.value() + split;
    client.TrySend(request.substr(0, split));
    ASSERT_TRUE(server.RunUntil(
        [&] { return server.stats().bytes_read.value() == target; }));
    client.TrySend(request.substr(split));
    EXPECT_TRUE(server.RunUntil([&] { return client.received().size() == 10; }))
        << "split at " << split;
    EXPECT_EQ(client.received(), "11\n10\n0\n4\n") << "split at " << split;
  }
}

TEST(FailureMode07, SameAnswerWhenReadByteByByte) {
  ManualServer server(LineLengths());
  ScopedFaultHook hook([](sys::Call call, int) -> sys::Fault {
    return {.max_bytes = call == sys::Call::kRecv ? 1 : SIZE_MAX};
  });
  TestClient client = TestClient::Connect(server.port());
  std::string line = Pattern(10'000);
  client.TrySend(absl::StrCat(line, "\n", line, "\n"));
  EXPECT_TRUE(server.RunUntil([&] { return client.received().size() == 12; }));
  EXPECT_EQ(client.received(), "10000\n10000\n");
}

class FailureMode08 : public ::testing::Test {
 protected:
  // A client's connection is reset in the state that `prepare` brings it to.
  void ResetAfter(Script script,
                  absl::FunctionRef<void(ManualServer&, TestClient&)> prepare) {
    ManualServer server(std::move(script));
    TestClient client = TestClient::Connect(server.port());
    ASSERT_TRUE(server.RunUntil([&] { return server.shared().connects == 1; }));
    prepare(server, client);
    client.Reset();
    ASSERT_TRUE(server.RunUntil([&] { return server.shared().closes > 0; }));
    server.Turn(3);
    EXPECT_EQ(server.shared().closes, 1);
    EXPECT_GT(server.Rest(), 0);
    EXPECT_EQ(server.handler().connections(), 0u);
    reasons_ = server.reasons();
  }
  std::vector<CloseReason> reasons_;
};

TEST_F(FailureMode08, ResetWhileReading) {
  int error = 0;
  ResetAfter(
      {.on_close = [&](Connection& c, CloseReason) { error = c.error(); }},
      [](ManualServer&, TestClient&) {});
  EXPECT_THAT(reasons_, ElementsAre(CloseReason::kError));
  EXPECT_EQ(error, ECONNRESET);
}

TEST_F(FailureMode08, ResetWhileWriting) {
  ResetAfter({.on_connect = [](Connection& c) { c.Write(Pattern(8 << 20)); }},
             [](ManualServer& server, TestClient&) {
               EXPECT_GT(server.only().pending_output(), 0u);
             });
  EXPECT_THAT(reasons_, ElementsAre(CloseReason::kError));
}

TEST_F(FailureMode08, ResetWhileClosingAndWriting) {
  ResetAfter({.on_connect =
                  [](Connection& c) {
                    c.Write(Pattern(8 << 20));
                    c.Close();
                  }},
             [](ManualServer&, TestClient&) {});
  EXPECT_THAT(reasons_, ElementsAre(CloseReason::kError));
}

TEST_F(FailureMode08, ResetWhilePaused) {
  ResetAfter({.on_connect = [](Connection& c) { c.PauseReading(); }},
             [](ManualServer&, TestClient& client) { client.TrySend("x"); });
  EXPECT_THAT(reasons_, ElementsAre(CloseReason::kError));
}

TEST_F(FailureMode08, ResetWhileLingering) {
  ResetAfter({.on_connect = [](Connection& c) { c.CloseLingering(); }},
             [](ManualServer&, TestClient&) {});
  EXPECT_THAT(reasons_, ElementsAre(CloseReason::kLocal));
}

TEST_F(FailureMode08, ResetAfterHalfClose) {
  ResetAfter({.on_input_end = [](Connection&) {}},
             [](ManualServer& server, TestClient& client) {
               client.HalfClose();
               server.Rest();
             });
  EXPECT_EQ(reasons_.size(), 1u);
}

// SIGPIPE has its default disposition here: raised once, it ends the test.
class FailureMode09 : public ::testing::Test {
 protected:
  void SetUp() override {
    struct sigaction now;
    sigaction(SIGPIPE, nullptr, &now);
    ASSERT_EQ(now.sa_handler, SIG_DFL);
  }

  // Writes to a connection whose peer has gone until that is noticed.
  void WriteToTheGone(absl::FunctionRef<void(Connection&)> write) {
    ManualServer server({.on_connect = [](Connection& c) { c.PauseReading(); },
                         .on_input_end = [](Connection&) {}});
    TestClient client = TestClient::Connect(server.port());
    ASSERT_TRUE(server.RunUntil([&] { return server.shared().connects == 1; }));
    set_mask_();
    client.Close();
    ASSERT_TRUE(server.RunUntil([&] {
      server.handler().ForEachConnection(write);
      return server.shared().closes == 1;
    }));
    EXPECT_THAT(server.reasons(), ElementsAre(CloseReason::kError));
    EXPECT_GT(server.Rest(), 0);
  }

  std::function<void()> set_mask_ = [] {};
};

TEST_F(FailureMode09, WriteAfterPeerClosed) {
  // So that it is seen to be MSG_NOSIGNAL, and not the mask, that prevents it.
  set_mask_ = [] {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  };
  WriteToTheGone([](Connection& c) { c.Write("x"); });
  WriteToTheGone([](Connection& c) { c.Write(std::string(20'000, 'x')); });
}

TEST_F(FailureMode09, SendFileAfterPeerClosed) {
  std::shared_ptr<const UniqueFd> file = FileWith("some text");
  WriteToTheGone([&](Connection& c) { c.SendFile(file, 0, 9); });
}

TEST(FailureMode10, ReplyIsDeliveredAfterHalfClose) {
  const std::string reply = Pattern(3 << 20);
  ManualServer server({.on_message = [&](Connection& c) {
    c.input().TakeAll();
    c.Write(reply);
  }});
  TestClient client = TestClient::Connect(server.port());
  client.TrySend("request");
  client.HalfClose();
  EXPECT_TRUE(server.RunUntil([&] { return client.ended(); }));
  EXPECT_EQ(client.received(), reply);
  EXPECT_EQ(client.error(), 0);
  EXPECT_THAT(server.reasons(), ElementsAre(CloseReason::kPeer));
  EXPECT_GT(server.Rest(), 0);
}

TEST(FailureMode10, HandlerMayKeepAnsweringAfterHalfClose) {
  int ends = 0;
  ManualServer server({.on_input_end = [&](Connection&) { ++ends; }});
  TestClient client = TestClient::Connect(server.port());
  client.TrySend("a");
  client.HalfClose();
  ASSERT_TRUE(server.RunUntil([&] { return ends == 1; }));
  EXPECT_GT(server.Rest(), 0) << "a half-closed socket makes the loop spin";
  server.only().Write("b");
  EXPECT_TRUE(server.RunUntil([&] { return client.received() == "ab"; }));
  server.Advance(absl::Seconds(120));
  EXPECT_TRUE(server.RunUntil([&] { return client.ended(); }));
  EXPECT_EQ(ends, 1) << "the end of the input is told once";
  EXPECT_THAT(server.reasons(), ElementsAre(CloseReason::kIdleTimeout));
}

TEST(FailureMode11, PeerThatNeverReadsStopsProduction) {
  const std::string chunk(64 << 10, 'x');
  uint64_t most_pending = 0;
  auto produce = [&](Connection& c) {
    while (c.Write(chunk)) {
    }
    most_pending = std::max(most_pending, c.pending_output());
  };
  ManualServer server({.on_connect = produce,
                       .on_message =
                           [&](Connection& c) {
                             c.input().TakeAll();
                             produce(c);
                           },
                       .on_write_complete = produce});
  TestClient client = TestClient::Connect(server.port(), 1024);
  ASSERT_TRUE(server.RunUntil([&] { return server.shared().connects == 1; }));
  EXPECT_GT(server.Rest(), 0);
  // What it asks for meanwhile is not even read.
  std::string request(1 << 20, 'r');
  for (int i = 0; i < 100; ++i) {
    client.TrySend(request);
    server.Turn();
  }
  EXPECT_EQ(server.stats().bytes_read.value(), 0u);
  const ConnectionOptions options;
  EXPECT_LE(most_pending, options.output_high_bytes + chunk.size());
  server.Advance(absl::Seconds(29));
  EXPECT_EQ(server.handler().connections(), 1u);
  server.Advance(absl::Seconds(2));
  EXPECT_THAT(server.reasons(), ElementsAre(CloseReason::kWriteTimeout));
  EXPECT_EQ(server.stats().timeouts.value(), 1u);
  EXPECT_GT(server.Rest(), 0);
}

// What waits for room cannot be told so: the connection ends, and no timer of
// it is left in the wheel.
TEST(FailureMode02, EpollThatCannotBeChangedEndsTheConnection) {
  const std::string big(8 << 20, 'x');
  std::atomic<bool> fail = false;
  ScopedFaultHook hook([&](sys::Call call, int) -> sys::Fault {
    if (call == sys::Call::kEpollCtl && fail) return {.error = ENOMEM};
    return {};
  });
  ManualServer server({.on_message = [&](Connection& c) {
    bool ask = c.input().TakeAll() == "big";
    fail = ask;
    c.Write(ask ? big : "x");
  }});
  TestClient client = TestClient::Connect(server.port());
  client.TrySend("big");
  ASSERT_TRUE(server.RunUntil([&] { return !server.reasons().empty(); }));
  fail = false;
  EXPECT_THAT(server.reasons(), ElementsAre(CloseReason::kError));
  EXPECT_EQ(server.handler().connections(), 0u);
  server.Advance(absl::Hours(1));
  client.TrySend("small");
  TestClient next = TestClient::Connect(server.port());
  next.TrySend("small");
  EXPECT_TRUE(server.RunUntil([&] { return next.received() == "x"; }));
}

TEST_F(FailureMode08, WhatADirectWriteCouldNotSendIsPendingAtTheEnd) {
  const std::string big(64 << 10, 'x');
  ScopedFaultHook hook([](sys::Call call, int) -> sys::Fault {
    if (call == sys::Call::kSend) return {.error = ECONNRESET};
    return {};
  });
  uint64_t pending = 0;
  ManualServer server(
      {.on_message = [&](Connection& c) { c.Write(big); },
       .on_close = [&](Connection& c,
                       CloseReason) { pending = c.pending_output(); }});
  TestClient client = TestClient::Connect(server.port());
  client.TrySend("x");
  ASSERT_TRUE(server.RunUntil([&] { return !server.reasons().empty(); }));
  EXPECT_EQ(pending, big.size());
}

TEST(FailureMode11, HandlerThatIgnoresTheEdgeLosesTheConnection) {
  const std::string chunk(64 << 10, 'x');
  ManualServer server({.on_connect = [&](Connection& c) {
    for (int i = 0; i < 1000; ++i) c.Write(chunk);
  }});
  TestClient client = TestClient::Connect(server.port(), 1024);
  ASSERT_TRUE(server.RunUntil([&] { return server.shared().closes == 1; }));
  EXPECT_THAT(server.reasons(), ElementsAre(CloseReason::kOutputOverflow));
  EXPECT_EQ(server.stats().overflows.value(), 1u);
  EXPECT_GT(server.Rest(), 0);
}

TEST(FailureMode22, PeerThatVanishedIsClosedByTheIdleTimeout) {
  ManualServer server;
  TestClient client = TestClient::Connect(server.port());
  ASSERT_TRUE(server.Echoes(client));
  server.Advance(absl::Seconds(59));
  EXPECT_EQ(server.handler().connections(), 1u);
  server.Advance(absl::Seconds(2));
  EXPECT_EQ(server.handler().connections(), 0u);
  EXPECT_THAT(server.reasons(), ElementsAre(CloseReason::kIdleTimeout));
  EXPECT_TRUE(server.Recovered());
}

TEST(FailureMode23, RequestThatArrivesWithTheIdleTimeoutIsAnswered) {
  ManualServer server;
  TestClient client = TestClient::Connect(server.port());
  ASSERT_TRUE(server.Echoes(client));
  // Tasks run after the events were taken and before the timers.
  ASSERT_TRUE(server.shared().thread(0).Post([&] { client.TrySend("late"); }));
  server.Advance(absl::Seconds(61));
  EXPECT_TRUE(server.RunUntil([&] { return client.received() == "pinglate"; }));
  EXPECT_EQ(server.handler().connections(), 1u);
  // And waits the full time again.
  server.Advance(absl::Seconds(59));
  EXPECT_EQ(server.handler().connections(), 1u);
  server.Advance(absl::Seconds(2));
  EXPECT_EQ(server.handler().connections(), 0u);
}

TEST(FailureMode23, RequestNearTheIdleTimeoutIsAnsweredOrCleanlyClosed) {
  ManualServer server;
  int answered = 0, closed = 0;
  for (int i = 0; i < 5000; ++i) {
    TestClient client = TestClient::Connect(server.port());
    ASSERT_TRUE(
        server.RunUntil([&] { return server.handler().connections() == 1; }));
    bool before = i % 3 == 0;
    if (before) client.TrySend("x");
    server.Advance(absl::Seconds(61));
    if (!before) client.TrySend("x");
    ASSERT_TRUE(server.RunUntil(
        [&] { return client.received() == "x" || client.ended(); }));
    ++(client.received() == "x" ? answered : closed);
    EXPECT_FALSE(before && client.received() != "x") << "a lost request";
    client.Close();
    ASSERT_TRUE(
        server.RunUntil([&] { return server.handler().connections() == 0; }));
  }
  EXPECT_GT(answered, 0);
  EXPECT_GT(closed, 0);
}

}  // namespace
}  // namespace kingpin
