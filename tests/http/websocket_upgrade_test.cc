// How a WebSocket comes out of HTTP: at once, later, not at all.

#include <sys/socket.h>

#include <atomic>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"
#include "kingpin/http/http_handler.h"
#include "kingpin/http/http_status.h"
#include "kingpin/http/websocket.h"
#include "kingpin/http/websocket_handshake.h"
#include "kingpin/net/connection_id.h"
#include "kingpin/pool/epoll_tp_server.h"
#include "tests/http/websocket_peer.h"
#include "tests/http/websocket_test_server.h"
#include "tests/testing/process.h"
#include "tests/testing/test_client.h"

namespace kingpin {
namespace testing {
namespace {

using http::HttpStatus;
using http::WebSocket;
using Handler = WebSocketTestHandler;
using Script = WebSocketScript;
using Server = WebSocketTestServer;
using Shared = WebSocketTestShared;

TEST(WebSocketUpgradeTest, OnePortServesBoth) {
  Server server;
  TestClient client = TestClient::Connect(server.port());
  client.Send("GET /first HTTP/1.1\r\nHost: h\r\n\r\n");
  WebSocketPeer peer(std::move(client), /*is_client=*/true);
  EXPECT_TRUE(absl::StartsWith(peer.ReadHead(), "HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(peer.socket().Read(6), "/first");
  // On the same connection, with the first message in the same segment.
  peer.SendBytes(WebSocketPeer::Request() + peer.Encode({0x81, "early"}));
  const std::string head = peer.ReadHead();
  EXPECT_TRUE(absl::StartsWith(head, "HTTP/1.1 101 Switching Protocols\r\n"));
  EXPECT_TRUE(absl::StrContains(
      head, absl::StrCat("Sec-WebSocket-Accept: ", kSampleAccept, "\r\n")));
  EXPECT_FALSE(absl::StrContains(head, "Content-Length"));
  EXPECT_EQ(peer.Read(), "text:early");

  TestClient other = TestClient::Connect(server.port());
  other.Send("GET /other HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(absl::EndsWith(other.ReadAll(), "/other"));
  peer.SendText("still there");
  EXPECT_EQ(peer.Read(), "text:still there");
}

TEST(WebSocketUpgradeTest, AHandshakeThatIsRefusedLeavesHttp) {
  Server server({.on_request = [](Handler& handler, Connection& c,
                                  const http::Request& request) {
    if (request.path == "/ws") {
      EXPECT_FALSE(handler.AcceptWebSocket(c, request));
    } else {
      handler.AnswerPath(c, request);
    }
  }});
  WebSocketPeer peer(TestClient::Connect(server.port()), true);
  peer.SendBytes("GET /ws HTTP/1.1\r\nHost: h\r\n\r\n");
  const std::string head = peer.ReadHead();
  EXPECT_TRUE(absl::StartsWith(head, "HTTP/1.1 426 ")) << head;
  EXPECT_TRUE(absl::StrContains(head, "Sec-WebSocket-Version: 13\r\n"));
  peer.socket().Read(std::string("426 Upgrade Required\n").size());
  peer.SendBytes("GET /next HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(absl::StartsWith(peer.ReadHead(), "HTTP/1.1 200 "));
}

TEST(WebSocketUpgradeTest, WhatWasAttachedToTheRequestGoesAlong) {
  Server server(
      {.on_request =
           [](Handler& handler, Connection& c, const http::Request& request) {
             handler.Attach<std::string>(c, request.path);
             handler.AcceptWebSocket(c, request);
           },
       .on_message =
           [](WebSocket& ws, std::string_view) {
             EXPECT_EQ(ws.attachment<int>(), nullptr);
             ws.SendText(*ws.attachment<std::string>());
             ws.Attach<std::string>("replaced");
           }});
  WebSocketPeer peer = WebSocketPeer::ToServer(server.port(), "", "/room/7");
  peer.SendText("?");
  EXPECT_EQ(peer.Read(), "text:/room/7");
  peer.SendText("?");
  EXPECT_EQ(peer.Read(), "text:replaced");
}

TEST(WebSocketUpgradeTest, OriginAndProtocolAreTheHandlersChoice) {
  static constexpr std::string_view kProtocols[] = {"xiangqi.v2", "xiangqi.v1"};
  Server server(
      {.on_request =
           [](Handler& handler, Connection& c, const http::Request& request) {
             if (!http::IsSameOrigin(request)) {
               return handler.AnswerError(c, HttpStatus::kForbidden);
             }
             handler.AcceptWebSocket(c, request, kProtocols);
           },
       .on_open = [](WebSocket& ws,
                     std::string_view protocol) { ws.SendText(protocol); }});
  WebSocketPeer peer = server.Connect(
      "Origin: http://h\r\nSec-WebSocket-Protocol: chat, xiangqi.v1\r\n");
  EXPECT_TRUE(
      absl::StrContains(peer.head(), "Sec-WebSocket-Protocol: xiangqi.v1\r\n"));
  EXPECT_EQ(peer.Read(), "text:xiangqi.v1");
  EXPECT_FALSE(absl::StrContains(server.Connect().head(), "Protocol:"));

  WebSocketPeer evil(TestClient::Connect(server.port()), true);
  evil.SendBytes(WebSocketPeer::Request("Origin: http://evil\r\n"));
  EXPECT_TRUE(absl::StartsWith(evil.ReadHead(), "HTTP/1.1 403 "));
}

struct Deferred {
  http::WebSocketOpening opening;
};

Script DeferringScript() {
  return {.on_request = [](Handler& handler, Connection& c,
                           const http::Request& request) {
    http::WebSocketOpening opening;
    if (!handler.ReadOpening(c, request, &opening)) return;
    handler.Attach<Deferred>(c, Deferred{opening});
    handler.Defer(c);
    static_cast<Shared&>(handler.shared()).AddId(c.id());
  }};
}

void AcceptDeferred(Connection& c) {
  Handler& handler = static_cast<Handler&>(c.handler());
  const Deferred* deferred = handler.attachment<Deferred>(c);
  handler.AcceptWebSocket(c, deferred->opening, "", {{"Set-Cookie", "seat=1"}});
  handler.Resume(c);
}

TEST(WebSocketUpgradeTest, AnAnswerMayComeLater) {
  Server server(DeferringScript());
  WebSocketPeer peer(TestClient::Connect(server.port()), true);
  peer.SendBytes(WebSocketPeer::Request() + peer.Encode({0x81, "meanwhile"}));
  ASSERT_TRUE(server.shared().WaitForIds(1));
  ASSERT_TRUE(With(server.shared(), server.shared().ids()[0], AcceptDeferred));
  EXPECT_TRUE(absl::StrContains(peer.ReadHead(), "\r\nSet-Cookie: seat=1\r\n"));
  EXPECT_EQ(peer.Read(), "text:meanwhile");
  peer.SendText("now");
  EXPECT_EQ(peer.Read(), "text:now");
}

TEST(WebSocketUpgradeTest, AnAnswerThatComesInADrainIsNoWebSocket) {
  Server server(DeferringScript());
  WebSocketPeer peer(TestClient::Connect(server.port()), true);
  peer.SendBytes(WebSocketPeer::Request());
  ASSERT_TRUE(server.shared().WaitForIds(1));
  const ConnectionId id = server.shared().ids()[0];
  server.BeginDrain();
  std::atomic<bool> draining = false;
  ASSERT_TRUE(Eventually([&] {
    (void)With(server.shared(), id, [&](Connection& c) {
      draining = static_cast<Handler&>(c.handler()).draining();
    });
    return draining.load();
  }));
  ASSERT_TRUE(With(server.shared(), id, AcceptDeferred));
  EXPECT_TRUE(absl::StartsWith(peer.ReadHead(), "HTTP/1.1 503 "));
  server.WaitForEnd();
}

TEST(WebSocketUpgradeTest, AClientThatLeavesBeforeTheAnswerGetsNone) {
  Server server(DeferringScript());
  WebSocketPeer peer(TestClient::Connect(server.port()), true);
  peer.SendBytes(WebSocketPeer::Request());
  ASSERT_TRUE(server.shared().WaitForIds(1));
  peer.socket().HalfClose();
  // The FIN is seen before the post, or there is nothing to see here.
  ASSERT_TRUE(Eventually([&] {
    bool ended = false;
    absl::Notification seen;
    (void)With(server.shared(), server.shared().ids()[0], [&](Connection& c) {
      char byte;
      ended = recv(c.fd(), &byte, 1, MSG_PEEK) == 0;
      seen.Notify();
    });
    seen.WaitForNotification();
    return ended;
  }));
  ASSERT_TRUE(With(server.shared(), server.shared().ids()[0], AcceptDeferred));
  EXPECT_TRUE(absl::StartsWith(peer.ReadHead(), "HTTP/1.1 101 "));
  EXPECT_EQ(peer.Read(), "end");
}

TEST(WebSocketUpgradeTest, OptionsOutOfTheirBoundsAreRefused) {
  Shared shared({}, {.deflate = {.level = 10}}, {.listen = {"127.0.0.1:0"}});
  EpollTPServer<Handler> pool(&shared, {.threads = 1, .handle_signals = false});
  const absl::Status status = pool.Start();
  EXPECT_TRUE(absl::StrContains(status.message(), "level")) << status;
}

}  // namespace
}  // namespace testing
}  // namespace kingpin
