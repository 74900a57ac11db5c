// Time-outs, on a clock that the test owns.
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/net/connection.h"
#include "tests/testing/scripted_server.h"
#include "tests/testing/test_client.h"

namespace kingpin {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::ManualServer;
using testing::Script;
using testing::TestClient;

class ConnectionTimeout : public ::testing::Test {
 protected:
  static ConnectionOptions Bounds() {
    return {.timeouts = {.idle = absl::Seconds(10),
                         .read = absl::Seconds(5),
                         .write = absl::Seconds(7)}};
  }
  void Serve(Script script) {
    server_.emplace(std::move(script), ServerOptions{.connection = Bounds()});
    client_ = TestClient::Connect(server_->port());
    ASSERT_TRUE(
        server_->RunUntil([&] { return server_->shared().connects == 1; }));
  }
  // Bytes on their way are handled before the clock moves.
  void SendAndHandle(absl::string_view data) {
    uint64_t target = server_->stats().bytes_read.value() + data.size();
    client_.TrySend(data);
    ASSERT_TRUE(server_->RunUntil(
        [&] { return server_->stats().bytes_read.value() == target; }));
  }
  void ExpectOpenAfter(absl::Duration d) {
    server_->Advance(d);
    EXPECT_THAT(server_->reasons(), IsEmpty()) << "after " << d;
  }
  void ExpectClosedAfter(absl::Duration d, CloseReason reason) {
    server_->Advance(d);
    EXPECT_THAT(server_->reasons(), ElementsAre(reason)) << "after " << d;
    EXPECT_EQ(server_->stats().timeouts.value(), 1u);
    EXPECT_TRUE(server_->RunUntil([&] { return client_.ended(); }));
  }

  std::optional<ManualServer> server_;
  TestClient client_;
};

TEST_F(ConnectionTimeout, IdleFromTheConnectOn) {
  Serve({});
  ExpectOpenAfter(absl::Milliseconds(9990));
  ExpectClosedAfter(absl::Milliseconds(20), CloseReason::kIdleTimeout);
}

TEST_F(ConnectionTimeout, TrafficPutsTheIdleTimeoutOff) {
  Serve({});
  for (int i = 0; i < 5; ++i) {
    ExpectOpenAfter(absl::Seconds(9));
    SendAndHandle("x");
  }
  ExpectOpenAfter(absl::Milliseconds(9990));
  ExpectClosedAfter(absl::Milliseconds(20), CloseReason::kIdleTimeout);
}

TEST_F(ConnectionTimeout, WritingOnlyPutsTheIdleTimeoutOff) {
  Serve({});
  for (int i = 0; i < 5; ++i) {
    ExpectOpenAfter(absl::Seconds(9));
    server_->only().Write("tick");
    server_->Turn();
  }
  ExpectClosedAfter(absl::Seconds(11), CloseReason::kIdleTimeout);
}

TEST_F(ConnectionTimeout, DrippingBytesDoesNotPutTheReadTimeoutOff) {
  Serve({.on_message = [](Connection&) {}});  // Never a whole message.
  SendAndHandle("x");
  for (int i = 0; i < 4; ++i) {
    ExpectOpenAfter(absl::Milliseconds(1240));
    SendAndHandle("x");
  }
  ExpectClosedAfter(absl::Milliseconds(60), CloseReason::kReadTimeout);
}

TEST_F(ConnectionTimeout, ConsumingPutsTheReadTimeoutOff) {
  Serve({.on_message = [](Connection& c) { c.input().Consume(1); }});
  SendAndHandle("12345");
  for (int i = 0; i < 4; ++i) {
    ExpectOpenAfter(absl::Seconds(4));
    SendAndHandle("x");
  }
  ExpectClosedAfter(absl::Seconds(6), CloseReason::kReadTimeout);
}

TEST_F(ConnectionTimeout, WriteTimeoutRunsWhileThePeerTakesNothing) {
  Serve({.on_message = [](Connection& c) {
    c.input().TakeAll();
    c.Write(std::string(8 << 20, 'x'));
  }});
  SendAndHandle("x");
  server_->Rest();
  ExpectOpenAfter(absl::Seconds(6));
  // It takes some: the time begins anew.
  uint64_t before = server_->stats().bytes_written.value();
  ASSERT_TRUE(server_->RunUntil([&] {
    client_.TryRead();
    return server_->stats().bytes_written.value() > before;
  }));
  server_->Rest();
  ExpectOpenAfter(absl::Seconds(6));
  ExpectClosedAfter(absl::Seconds(2), CloseReason::kWriteTimeout);
}

TEST_F(ConnectionTimeout, WriteTimeoutRunsForWhoAsksForTurns) {
  Serve({.on_message = [](Connection& c) {
    if (c.pending_output() == 0) c.Write(std::string(8 << 20, 'x'));
    c.RequestMessage();
  }});
  SendAndHandle("x");
  // More than once: without an event the kernel may take some more in between,
  // which is progress.
  for (int i = 0; i < 10 && server_->reasons().empty(); ++i) {
    server_->Turn(100);
    ExpectOpenAfter(absl::Seconds(6));
    server_->Advance(absl::Seconds(2));
  }
  EXPECT_THAT(server_->reasons(), ElementsAre(CloseReason::kWriteTimeout));
}

TEST_F(ConnectionTimeout, NeitherIdleNorReadRunsWhileBusy) {
  Serve({.on_message = [](Connection& c) { c.SetBusy(true); }});
  SendAndHandle("request");
  ExpectOpenAfter(absl::Hours(1));
  server_->only().input().TakeAll();
  server_->only().Write("answer");
  server_->only().SetBusy(false);
  server_->Turn();
  ExpectOpenAfter(absl::Milliseconds(9990));
  ExpectClosedAfter(absl::Milliseconds(20), CloseReason::kIdleTimeout);
}

TEST_F(ConnectionTimeout, OwnTimeoutsReplaceTheShared) {
  static const Timeouts kShort = {.idle = absl::Seconds(1)};
  Serve({.on_connect = [](Connection& c) { c.SetTimeouts(&kShort); }});
  ExpectOpenAfter(absl::Milliseconds(990));
  ExpectClosedAfter(absl::Milliseconds(20), CloseReason::kIdleTimeout);
}

TEST_F(ConnectionTimeout, ChangedWhileItRuns) {
  static const Timeouts kShort = {.idle = absl::Seconds(3)};
  static const Timeouts kLong = {.idle = absl::Hours(3)};
  Serve({});
  ExpectOpenAfter(absl::Seconds(2));
  server_->only().SetTimeouts(&kLong);
  ExpectOpenAfter(absl::Hours(2));
  server_->only().SetTimeouts(&kShort);
  server_->Turn();
  server_->Advance(absl::Seconds(4));
  EXPECT_THAT(server_->reasons(), ElementsAre(CloseReason::kIdleTimeout));
}

// FailureMode31 is about the wheel; this is how a loop uses it.
TEST_F(ConnectionTimeout, InfiniteAndAbsurdTimeoutsNeverFireNorSpin) {
  static const Timeouts kInfinite = {.idle = absl::InfiniteDuration()};
  static const Timeouts kAbsurd = {.idle = absl::Hours(24) * 365 * 100'000};
  for (const Timeouts* timeouts : {&kInfinite, &kAbsurd}) {
    Serve({.on_connect = [=](Connection& c) { c.SetTimeouts(timeouts); }});
    ExpectOpenAfter(absl::Hours(24 * 365 * 100));
    EXPECT_TRUE(server_->Echoes(client_));
    uint64_t before = server_->stats().iterations.value();
    absl::Time start = absl::Now();
    server_->handler().RunOnce(absl::Milliseconds(20));
    EXPECT_EQ(server_->stats().iterations.value(), before + 1);
    EXPECT_GE(absl::Now() - start, absl::Milliseconds(19)) << "it spins";
  }
}

TEST_F(ConnectionTimeout, ZeroTimeoutClosesAtOnceAndDoesNotSpin) {
  static const Timeouts kZero = {.idle = absl::ZeroDuration()};
  Serve({.on_connect = [](Connection& c) { c.SetTimeouts(&kZero); }});
  ExpectClosedAfter(absl::Milliseconds(2), CloseReason::kIdleTimeout);
}

// The clock is the loop's only source of time.
TEST(FailureMode30, WallClockHasNoPartInTimers) {
  ManualServer server;
  int fired = 0;
  server.handler().RunAfter(absl::Milliseconds(1), [&] { ++fired; });
  // Real time, wall clock and monotonic, passes; the injected clock stands.
  absl::Time start = absl::Now();
  ASSERT_TRUE(server.RunUntil(
      [&] { return absl::Now() - start > absl::Milliseconds(20); }));
  EXPECT_EQ(fired, 0);
  server.Advance(absl::Milliseconds(3));
  EXPECT_EQ(fired, 1);
}

}  // namespace
}  // namespace kingpin
