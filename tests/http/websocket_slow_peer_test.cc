// WebSockets whose peers are silent, slow or do not read.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "kingpin/http/websocket.h"
#include "kingpin/http/websocket_host.h"
#include "kingpin/http/websocket_message.h"
#include "kingpin/net/connection_id.h"
#include "kingpin/pool/connection_options.h"
#include "kingpin/pool/epoll_tp_server.h"
#include "kingpin/sys/clock.h"
#include "tests/http/websocket_peer.h"
#include "tests/http/websocket_test_server.h"
#include "tests/testing/process.h"

namespace kingpin {
namespace testing {
namespace {

using http::WebSocket;
using http::WebSocketClose;
using http::WebSocketMessage;
using Ends = std::vector<std::string>;
using Script = WebSocketScript;
using Server = WebSocketTestServer;

// --- Time --------------------------------------------------------------------

class WebSocketTimeTest : public ::testing::Test {
 protected:
  void Start(Script script = {}, http::WebSocketOptions options = {}) {
    server_ = std::make_unique<Server>(std::move(script), options,
                                       ServerOptions{.clock = &clock_});
  }
  void Advance(absl::Duration d) {
    clock_.Advance(d);
    server_->shared().thread(0).Wake();
  }
  Clock clock_ = Clock::Manual();
  std::unique_ptr<Server> server_;
};

TEST_F(WebSocketTimeTest, AllArePingedAndTheRttIsTold) {
  std::atomic<int64_t> rtt_ms = -1;
  Start({.on_rtt = [&](WebSocket&, absl::Duration rtt) {
    rtt_ms = absl::ToInt64Milliseconds(rtt);
  }});
  WebSocketPeer peer = server_->Connect();
  Advance(absl::Seconds(21));
  const WebSocketPeer::Got ping = peer.ReadFrame();
  ASSERT_EQ(ping.first, 0x89);
  EXPECT_EQ(ping.payload.size(), 8u);
  clock_.Advance(absl::Milliseconds(40));
  // Neither one that was not asked for nor one that is made up counts.
  peer.Send({0x8a, "unasked!"});
  peer.SendText("x");
  EXPECT_EQ(peer.Read(), "text:x");
  EXPECT_EQ(rtt_ms, -1);
  peer.Send({0x8a, ping.payload});
  peer.SendText("y");
  EXPECT_EQ(peer.Read(), "text:y");
  EXPECT_EQ(rtt_ms, 40);
}

TEST_F(WebSocketTimeTest, OneThatIsSilentAfterAPingIsCut) {
  Start();
  WebSocketPeer silent = server_->Connect();
  WebSocketPeer talker = server_->Connect();
  for (int i = 0; i < 3; ++i) {
    Advance(absl::Seconds(21));
    const WebSocketPeer::Got ping = talker.ReadFrame();
    ASSERT_EQ(ping.first, 0x89);
    talker.Send({0x8a, ping.payload});
    talker.SendText("here");
    ASSERT_EQ(talker.Read(), "text:here");
  }
  EXPECT_EQ(silent.ReadFrame().first, 0x89);
  EXPECT_EQ(silent.Read(), "end");
  EXPECT_EQ(server_->shared().ends.ends(), (Ends{"1006"}));
}

TEST_F(WebSocketTimeTest, APeerThatNeverAnswersACloseIsCut) {
  Start({.on_message = [](WebSocket& ws, std::string_view) {
    ws.Close(WebSocketClose::kPolicyViolation, "enough");
    EXPECT_FALSE(ws.open());
    EXPECT_FALSE(ws.SendText("too late"));
  }});
  WebSocketPeer peer = server_->Connect();
  peer.SendText("x");
  EXPECT_EQ(peer.Read(), "close:1008 enough");
  peer.SendText("does not care");
  Advance(absl::Seconds(6));
  EXPECT_EQ(peer.Read(), "end");
  ASSERT_TRUE(server_->shared().ends.WaitFor(1));
  EXPECT_EQ(server_->shared().ends.ends(), (Ends{"1008"}));
  EXPECT_EQ(server_->shared().messages, 1);
}

TEST_F(WebSocketTimeTest, WithoutPingsTheIdleTimeOutRuns) {
  Start({}, {.ping_interval = absl::InfiniteDuration()});
  WebSocketPeer peer = server_->Connect();
  Advance(absl::Seconds(62));
  EXPECT_EQ(peer.Read(), "end");
  ASSERT_TRUE(server_->shared().ends.WaitFor(1));
  EXPECT_EQ(server_->shared().last_reason, CloseReason::kIdleTimeout);
}

TEST_F(WebSocketTimeTest, AFrameThatStopsInTheMiddleIsCut) {
  Start({}, {.ping_interval = absl::InfiniteDuration()});
  WebSocketPeer peer = server_->Connect();
  const LoopStats& stats = server_->shared().thread(0).stats();
  const uint64_t before = stats.bytes_read.value();
  peer.SendBytes(peer.Encode({0x81, "0123456789"}).substr(0, 8));
  ASSERT_TRUE(Eventually([&] { return stats.bytes_read.value() > before; }));
  // The time-out is set at the end of that iteration.
  peer.socket().HalfClose();
  EXPECT_EQ(peer.Read(), "end");
  WebSocketPeer other = server_->Connect();
  other.SendBytes(other.Encode({0x81, "0123456789"}).substr(0, 8));
  ASSERT_TRUE(Eventually([&] {
    Advance(absl::Seconds(1));
    return server_->shared().ends.ends().size() == 2;
  }));
  EXPECT_EQ(server_->shared().last_reason, CloseReason::kReadTimeout);
}

// --- Backpressure ------------------------------------------------------------

TEST(WebSocketBackpressureTest, ASlowReaderIsToldOfAndLosesNothing) {
  std::atomic<int> slow = 0, writable = 0;
  Server server({.on_slow = [&](WebSocket&) { ++slow; },
                 .on_writable = [&](WebSocket&) { ++writable; }});
  WebSocketPeer peer =
      WebSocketPeer::ToServer(server.port(), "", "/ws", /*buffer=*/4096);
  WebSocketPeer other = server.Connect();
  ASSERT_TRUE(server.shared().WaitForIds(2));
  const ConnectionId id = server.shared().ids()[0];
  const std::string large(32 << 10, 'l');
  int sent = 0;
  // Below output_limit_bytes, above the high edge and what the kernel takes.
  while (slow == 0 && sent < 400) {
    ASSERT_TRUE(
        SendMessage(server.shared(), id, WebSocketMessage::Binary(large)));
    ++sent;
    other.SendText("fast");
    ASSERT_EQ(other.Read(), "text:fast");
  }
  EXPECT_EQ(slow, 1);
  for (int i = 0; i < sent; ++i) {
    ASSERT_TRUE(peer.Read() == "binary:" + large);
  }
  EXPECT_TRUE(Eventually([&] { return writable == 1; }));
}

TEST(WebSocketBackpressureTest, OneThatNeverReadsIsCutAtTheLimit) {
  Server server({}, {},
                {.connection = {.output_high_bytes = 64 << 10,
                                .output_low_bytes = 16 << 10,
                                .output_limit_bytes = 1 << 20}});
  WebSocketPeer peer =
      WebSocketPeer::ToServer(server.port(), "", "/ws", /*buffer=*/4096);
  ASSERT_TRUE(server.shared().WaitForIds(1));
  const auto message = WebSocketMessage::Binary(std::string(64 << 10, 'l'));
  for (int i = 0; i < 1000 && server.shared().ends.ends().empty(); ++i) {
    (void)SendMessage(server.shared(), server.shared().ids()[0], message);
  }
  ASSERT_TRUE(server.shared().ends.WaitFor(1));
  EXPECT_EQ(server.shared().last_reason, CloseReason::kOutputOverflow);
}

TEST(WebSocketBackpressureTest, AFloodOfPingsOfOneThatDoesNotReadIsNotRead) {
  Server server({}, {},
                {.connection = {.output_high_bytes = 64 << 10,
                                .output_low_bytes = 16 << 10,
                                .output_limit_bytes = 1 << 20}});
  WebSocketPeer peer =
      WebSocketPeer::ToServer(server.port(), "", "/ws", /*buffer=*/4096);
  std::string pings;
  for (int i = 0; i < 1000; ++i) {
    pings += peer.Encode({0x89, std::string(125, 'p')});
  }
  // Until the kernel takes no more: the server has stopped reading.
  size_t taken = 0;
  for (size_t last = 1; last > 0 || taken == 0;) {
    last = peer.socket().TrySend(pings);
    taken += last;
    if (last < pings.size()) break;
  }
  EXPECT_TRUE(server.shared().ends.ends().empty());
  WebSocketPeer other = server.Connect();
  other.SendText("served");
  EXPECT_EQ(other.Read(), "text:served");
}

TEST(WebSocketBackpressureTest, PausedItDeliversNothing) {
  Server server({.on_message = [](WebSocket& ws, std::string_view payload) {
    ws.SendText(payload);
    if (payload == "pause") ws.PauseReading();
  }});
  WebSocketPeer peer = server.Connect();
  peer.SendBytes(peer.Encode({0x81, "pause"}) + peer.Encode({0x81, "held"}));
  EXPECT_EQ(peer.Read(), "text:pause");
  WebSocketPeer other = server.Connect();
  other.SendText("x");
  EXPECT_EQ(other.Read(), "text:x");
  EXPECT_EQ(server.shared().messages, 2);
  ASSERT_TRUE(With(
      server.shared(), server.shared().ids()[0],
      [](Connection& c) { http::WebSocketHost::Find(c)->ResumeReading(); }));
  EXPECT_EQ(peer.Read(), "text:held");
}

}  // namespace
}  // namespace testing
}  // namespace kingpin
