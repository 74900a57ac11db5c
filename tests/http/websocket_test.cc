// WebSockets of a server: how they end, sends from other threads, what is sent, memory.

#include "kingpin/http/websocket.h"

#include <errno.h>
#include <malloc.h>

#include <atomic>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "kingpin/http/http_handler.h"
#include "kingpin/http/websocket_deflate.h"
#include "kingpin/http/websocket_message.h"
#include "kingpin/net/connection_id.h"
#include "kingpin/sys/fault.h"
#include "tests/http/websocket_peer.h"
#include "tests/http/websocket_test_server.h"
#include "tests/testing/test_client.h"

namespace kingpin {
namespace testing {
namespace {

using http::WebSocket;
using http::WebSocketClose;
using http::WebSocketKind;
using http::WebSocketMessage;
using Ends = std::vector<std::string>;
using Handler = WebSocketTestHandler;
using Server = WebSocketTestServer;
using Shared = WebSocketTestShared;

// --- Ending ------------------------------------------------------------------

TEST(WebSocketTest, ThePeersCloseIsAnsweredAndTold) {
  Server server;
  WebSocketPeer peer = server.Connect();
  peer.SendClose(4000, "rematch");
  EXPECT_EQ(peer.Read(), "close:4000");
  EXPECT_EQ(peer.Read(), "end");
  peer.socket().Close();
  ASSERT_TRUE(server.shared().ends.WaitFor(1));
  EXPECT_EQ(server.shared().ends.ends(), (Ends{"4000 clean rematch"}));
}

TEST(WebSocketTest, OurCloseIsAnswered) {
  Server server({.on_message = [](WebSocket& ws, std::string_view) {
    ws.SendText("bye");
    ws.Close(WebSocketClose::kNormal, "over");
    ws.Close(WebSocketClose::kInternalError);  // Only the first counts.
  }});
  WebSocketPeer peer = server.Connect();
  peer.SendText("x");
  EXPECT_EQ(peer.Read(), "text:bye");
  EXPECT_EQ(peer.Read(), "close:1000 over");
  peer.SendText("discarded");
  peer.SendClose(1000);
  EXPECT_EQ(peer.Read(), "end");
  peer.socket().Close();
  ASSERT_TRUE(server.shared().ends.WaitFor(1));
  EXPECT_EQ(server.shared().ends.ends(), (Ends{"1000 clean"}));
  EXPECT_EQ(server.shared().messages, 1);
}

TEST(WebSocketTest, ControlFramesAreCounted) {
  Server server({}, {.max_control_frames = 3});
  WebSocketPeer peer = server.Connect();
  for (const int opcode : {0x89, 0x8a, 0x89}) {
    peer.Send({.first = opcode, .payload = "p"});
  }
  EXPECT_EQ(peer.Read(), "pong:p");
  EXPECT_EQ(peer.Read(), "pong:p");
  peer.Send({.payload = "messages are not"});
  EXPECT_EQ(peer.Read(), "text:messages are not");
  peer.Send({.first = 0x89, .payload = "p"});
  EXPECT_EQ(peer.Read(), "close:1008 too many control frames");
}

// Each ping of ours gives back what the peer may send.
TEST(WebSocketTest, ControlFramesAreCountedFromOurPing) {
  Server server({.on_message = [](WebSocket& ws, auto) { ws.Ping(); }},
                {.max_control_frames = 1});
  WebSocketPeer peer = server.Connect();
  for (int i = 0; i < 3; ++i) {
    peer.Send({.first = 0x89, .payload = "p"});
    EXPECT_EQ(peer.Read(), "pong:p");
    peer.Send({.payload = "ping, please"});
    EXPECT_TRUE(absl::StartsWith(peer.Read(), "ping:"));
  }
}

// As a server that pings by itself does.
TEST(WebSocketTest, ControlFramesAreCountedFromOurFirstPing) {
  Server server(
      {.on_message = [](WebSocket& ws, auto) { ws.Ping(); }},
      {.ping_interval = absl::InfiniteDuration(), .max_control_frames = 1});
  WebSocketPeer peer = server.Connect();
  const auto ping = [&] {
    peer.Send({.first = 0x89, .payload = "p"});
    return peer.Read();
  };
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ping(), "pong:p");
  peer.Send({.payload = "ping, please"});
  EXPECT_TRUE(absl::StartsWith(peer.Read(), "ping:"));
  EXPECT_EQ(ping(), "pong:p");
  EXPECT_EQ(ping(), "close:1008 too many control frames");
}

TEST(WebSocketTest, APeerThatVanishes) {
  Server server;
  {
    WebSocketPeer peer = server.Connect();
    peer.socket().Reset();
  }
  ASSERT_TRUE(server.shared().ends.WaitFor(1));
  server.Connect().socket().Close();
  ASSERT_TRUE(server.shared().ends.WaitFor(2));
  EXPECT_EQ(server.shared().ends.ends(), (Ends{"1006", "1006"}));
}

TEST(WebSocketTest, ACallbackThatThrowsCostsItsWebSocketOnly) {
  Server server({.on_message = [](WebSocket& ws, std::string_view payload) {
    if (payload == "throw") throw std::runtime_error("ouch");
    ws.SendText(payload);
  }});
  WebSocketPeer other = server.Connect();
  WebSocketPeer peer = server.Connect();
  peer.SendText("throw");
  EXPECT_EQ(peer.Read(), "close:1011");
  EXPECT_EQ(peer.Read(), "end");
  other.SendText("fine");
  EXPECT_EQ(other.Read(), "text:fine");
  EXPECT_EQ(server.shared().thread(0).stats().handler_exceptions.value(), 1u);
}

TEST(WebSocketTest, ADrainSaysGoingAwayAndWaitsForTheAnswer) {
  Server server;
  WebSocketPeer peer = server.Connect();
  WebSocketPeer other = server.Connect();
  peer.SendText("x");
  EXPECT_EQ(peer.Read(), "text:x");
  server.BeginDrain();
  EXPECT_EQ(peer.Read(), "close:1001");
  EXPECT_EQ(other.Read(), "close:1001");
  peer.SendClose(1001);
  EXPECT_EQ(peer.Read(), "end");
  peer.socket().Close();
  ASSERT_TRUE(server.shared().ends.WaitFor(1));
  EXPECT_EQ(server.shared().ends.ends(), (Ends{"1001 clean"}));
  other.SendClose(1001);
  other.socket().Close();
  server.WaitForEnd();
}

// --- From other threads ------------------------------------------------------

TEST(WebSocketTest, OneMessageForMany) {
  Server server({}, {}, {.load_margin = 1}, /*threads=*/2);
  std::vector<WebSocketPeer> peers;
  for (int i = 0; i < 20; ++i) peers.push_back(server.Connect());
  ASSERT_TRUE(server.shared().WaitForIds(20));
  const std::vector<ConnectionId> ids = server.shared().ids();
  const auto message = WebSocketMessage::Text("to all");
  EXPECT_EQ(message.payload(), "to all");
  EXPECT_EQ(SendMessage(server.shared(), ids, message), 20u);
  for (WebSocketPeer& peer : peers) EXPECT_EQ(peer.Read(), "text:to all");

  EXPECT_TRUE(CloseWebSocket(server.shared(), ids[0],
                             WebSocketClose::kTryAgainLater, "full"));
  ASSERT_TRUE(server.shared().WaitForIds(20));
  peers.clear();
  ASSERT_TRUE(server.shared().ends.WaitFor(20));
  // Stale by now: nothing happens.
  SendMessage(server.shared(), ids, message);
  WebSocketPeer last = server.Connect();
  last.SendText("x");
  EXPECT_EQ(last.Read(), "text:x");
}

TEST(WebSocketTest, ASendToAConnectionThatIsHttpIsNothing) {
  Server server({.on_request = [&](Handler& handler, Connection& c,
                                   const http::Request& request) {
    static_cast<Shared&>(handler.shared()).AddId(c.id());
    handler.AnswerPath(c, request);
  }});
  TestClient client = TestClient::Connect(server.port());
  client.Send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(server.shared().WaitForIds(1));
  EXPECT_TRUE(SendMessage(server.shared(), server.shared().ids()[0],
                          WebSocketMessage::Text("x")));
  client.Send("GET /b HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  const std::string all = client.ReadAll();
  EXPECT_TRUE(absl::EndsWith(all, "\r\n\r\n/b")) << all;
}

TEST(WebSocketTest, ASharedMessageIsCompressedOnce) {
  const std::string payload(2000, 'm');
  Server server({}, {.deflate = {.enabled = true,
                                 .server_context_takeover = true,
                                 .client_context_takeover = true,
                                 .min_bytes = 1}});
  http::WebSocketDeflater deflater(15, 6, 8);
  const WebSocketMessage message(WebSocketKind::kText, payload, &deflater);
  EXPECT_LT(message.compressed_frame(15).size(), 100u);

  WebSocketPeer plain = server.Connect();
  WebSocketPeer keeper =
      server.Connect("Sec-WebSocket-Extensions: permessage-deflate\r\n");
  keeper.UseDeflate({});
  WebSocketPeer narrow = server.Connect(
      "Sec-WebSocket-Extensions: permessage-deflate; "
      "server_no_context_takeover; server_max_window_bits=9\r\n");
  narrow.UseDeflate({.receive_context = false, .receive_bits = 9});
  ASSERT_TRUE(server.shared().WaitForIds(3));
  // A message of its own before, one between, and one after, each of which may
  // refer to what the peer has seen.
  for (int i = 0; i < 3; ++i) {
    keeper.SendText("context, context, context");
    ASSERT_EQ(keeper.Read(), "text:context, context, context");
    EXPECT_EQ(SendMessage(server.shared(), server.shared().ids(), message), 3u);
    for (WebSocketPeer* peer : {&plain, &keeper, &narrow}) {
      ASSERT_EQ(peer->Read(), "text:" + payload);
    }
  }
  EXPECT_EQ(plain.compressed(), 0);
  EXPECT_EQ(keeper.compressed(), 6);
  // It looks back farther than that peer does.
  EXPECT_EQ(narrow.compressed(), 0);
}

// --- What is sent ------------------------------------------------------------

TEST(WebSocketTest, LargeMessagesMayGoInFragments) {
  Server server({}, {.fragment_bytes = 1000});
  WebSocketPeer peer = server.Connect();
  const std::string payload(2500, 'f');
  peer.SendText(payload);
  WebSocketPeer::Got got = peer.ReadFrame();
  EXPECT_EQ(got.first, 0x01);
  EXPECT_EQ(got.payload.size(), 1000u);
  EXPECT_EQ(peer.ReadFrame().first, 0x00);
  got = peer.ReadFrame();
  EXPECT_EQ(got.first, 0x80);
  EXPECT_EQ(got.payload.size(), 500u);
  peer.SendText("");
  EXPECT_EQ(peer.Read(), "text:");
}

TEST(WebSocketTest, SmallMessagesAreNotCompressed) {
  Server server({}, {.deflate = {.enabled = true}});
  WebSocketPeer peer =
      server.Connect("Sec-WebSocket-Extensions: permessage-deflate\r\n");
  EXPECT_TRUE(absl::StrContains(peer.head(), "server_no_context_takeover"));
  peer.UseDeflate({.send_context = false, .receive_context = false});
  peer.SendText("small");
  EXPECT_EQ(peer.Read(), "text:small");
  EXPECT_EQ(peer.compressed(), 0);
  const std::string large(1000, 'c');
  peer.Send({0xc1, peer.Deflate(large)});
  EXPECT_EQ(peer.Read(), "text:" + large);
  EXPECT_EQ(peer.compressed(), 1);
}

TEST(WebSocketTest, SystemCallsThatMoveOneByte) {
  Server server;
  WebSocketPeer peer = server.Connect();
  ScopedFaultHook hook([](sys::Call call, int) -> sys::Fault {
    if (call != sys::Call::kRecv && call != sys::Call::kSend) return {};
    return {.max_bytes = 1};
  });
  for (const int size : {0, 1, 125, 126, 300}) {
    const std::string payload(size, 's');
    peer.SendText(payload);
    EXPECT_EQ(peer.Read(), "text:" + payload);
  }
  peer.SendClose(1000);
  EXPECT_EQ(peer.Read(), "close:1000");
}

TEST(WebSocketTest, ASendThatFailsCostsThatConnection) {
  Server server;
  WebSocketPeer peer = server.Connect();
  WebSocketPeer other = server.Connect();
  other.SendText("x");
  EXPECT_EQ(other.Read(), "text:x");
  {
    std::atomic<int> left = 1;
    ScopedFaultHook hook([&](sys::Call call, int) -> sys::Fault {
      if (call != sys::Call::kSend || left-- <= 0) return {};
      return {.error = ECONNRESET};
    });
    peer.SendText("x");
    ASSERT_TRUE(server.shared().ends.WaitFor(1));
  }
  EXPECT_EQ(server.shared().ends.ends(), (Ends{"1006"}));
  other.SendText("y");
  EXPECT_EQ(other.Read(), "text:y");
}

// --- Memory ------------------------------------------------------------------

TEST(WebSocketTest, AnIdleOneIsSmall) {
  EXPECT_LE(sizeof(WebSocket), 80u);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  constexpr int kCount = 400;
  Server server;
  server.Connect().socket().Close();
  const auto in_use = [] { return mallinfo2().uordblks; };
  std::vector<WebSocketPeer> peers;
  peers.reserve(kCount);
  const size_t before = in_use();
  for (int i = 0; i < kCount; ++i) {
    peers.push_back(server.Connect());
    peers.back().SendText("x");
    ASSERT_EQ(peers.back().Read(), "text:x");
  }
  const size_t of_peers = kCount * peers[0].head().capacity();
  const size_t each = (in_use() - before - of_peers) / kCount;
  RecordProperty("bytes_each", static_cast<int>(each));
  std::printf(
      "an idle WebSocket: %zu bytes, of which WebSocket is %zu and "
      "Connection %zu\n",
      each, sizeof(WebSocket), sizeof(Connection));
  EXPECT_LT(each, 1024u);
#endif
}

}  // namespace
}  // namespace testing
}  // namespace kingpin
