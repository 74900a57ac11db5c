// WebSockets of a server: how they come out of HTTP, what the handler is told,
// what becomes of slow, silent and vanishing peers, sends from other threads.

#include "kingpin/http/websocket.h"

#include <errno.h>
#include <malloc.h>
#include <sys/socket.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "kingpin/http/http_handler.h"
#include "kingpin/http/http_status.h"
#include "kingpin/http/websocket_handler.h"
#include "kingpin/http/websocket_handshake.h"
#include "kingpin/http/websocket_host.h"
#include "kingpin/http/websocket_message.h"
#include "kingpin/net/connection_id.h"
#include "kingpin/pool/connection_options.h"
#include "kingpin/pool/epoll_tp_server.h"
#include "kingpin/sys/clock.h"
#include "kingpin/sys/fault.h"
#include "tests/http/websocket_echo_ends.h"
#include "tests/http/websocket_peer.h"
#include "tests/testing/process.h"
#include "tests/testing/test_client.h"

namespace kingpin {
namespace testing {
namespace {

using http::HttpStatus;
using http::WebSocket;
using http::WebSocketClose;
using http::WebSocketKind;
using http::WebSocketMessage;

class Handler;

// The defaults accept everything and echo.
struct Script {
  std::function<void(Handler&, Connection&, const http::Request&)> on_request;
  std::function<void(WebSocket&, std::string_view)> on_open;
  std::function<void(WebSocket&, std::string_view)> on_message;
  std::function<void(WebSocket&, absl::Duration)> on_rtt;
  std::function<void(WebSocket&)> on_slow;
  std::function<void(WebSocket&)> on_writable;
};

struct Shared : ThreadSharedDataForServer {
  Shared(Script s, http::WebSocketOptions w, ServerOptions o)
      : ThreadSharedDataForServer(std::move(o)),
        script(std::move(s)),
        websocket(w) {}

  std::vector<ConnectionId> ids() const {
    absl::MutexLock lock(&mu);
    return ids_;
  }
  void AddId(ConnectionId id) {
    absl::MutexLock lock(&mu);
    ids_.push_back(id);
  }
  bool WaitForIds(size_t count) const {
    return Eventually([&] { return ids().size() >= count; });
  }

  const Script script;
  const http::WebSocketOptions websocket;
  EndLog ends;
  std::atomic<int> messages = 0;
  std::atomic<CloseReason> last_reason = CloseReason::kLocal;

 private:
  mutable absl::Mutex mu;
  std::vector<ConnectionId> ids_ ABSL_GUARDED_BY(mu);
};

class Handler : public http::WebSocketHandler {
 public:
  Handler(Shared* shared, int thread)
      : WebSocketHandler(shared, thread, {}, shared->websocket),
        shared_(*shared) {}

  void OnRequest(Connection& c, const http::Request& request) override {
    if (shared_.script.on_request) {
      return shared_.script.on_request(*this, c, request);
    }
    if (http::AsksForWebSocket(request)) {
      AcceptWebSocket(c, request);
      return;
    }
    AnswerPath(c, request);
  }
  void OnWebSocketOpen(WebSocket& ws, std::string_view protocol) override {
    shared_.AddId(ws.id());
    if (shared_.script.on_open) shared_.script.on_open(ws, protocol);
  }
  void OnWebSocketMessage(WebSocket& ws, WebSocketKind kind,
                          std::string_view payload) override {
    ++shared_.messages;
    if (shared_.script.on_message) {
      shared_.script.on_message(ws, payload);
    } else {
      ws.Send(kind, payload);
    }
  }
  void OnWebSocketRtt(WebSocket& ws, absl::Duration rtt) override {
    if (shared_.script.on_rtt) shared_.script.on_rtt(ws, rtt);
  }
  void OnWebSocketSlow(WebSocket& ws) override {
    if (shared_.script.on_slow) shared_.script.on_slow(ws);
  }
  void OnWebSocketWritable(WebSocket& ws) override {
    if (shared_.script.on_writable) shared_.script.on_writable(ws);
  }
  void OnWebSocketClose(WebSocket&, const http::WebSocketEnd& end) override {
    shared_.last_reason = end.connection;
    shared_.ends.Add(end);
  }
  void AnswerPath(Connection& c, const http::Request& request) {
    char room[512];
    http::ResponseHead head = BeginHead(c, HttpStatus::kOk, room);
    Answer(c, HttpStatus::kOk, &head, request.path);
  }

 private:
  Shared& shared_;
};

class Server {
 public:
  explicit Server(Script script = {}, http::WebSocketOptions websocket = {},
                  ServerOptions options = {}, int threads = 1)
      : shared_(std::move(script), websocket, Local(std::move(options))),
        pool_(&shared_, {.threads = threads, .handle_signals = false}) {
    EXPECT_TRUE(pool_.Start().ok());
  }
  ~Server() { Stop(RunPhase::kStopping); }

  void Stop(RunPhase phase) {
    if (std::exchange(stopped_, true)) return;
    pool_.Shutdown(phase);
    EXPECT_TRUE(pool_.Wait().ok());
  }
  void BeginDrain() { pool_.Shutdown(RunPhase::kDraining); }
  void WaitForEnd() {
    stopped_ = true;
    EXPECT_TRUE(pool_.Wait().ok());
  }
  uint16_t port() const { return shared_.port(); }
  Shared& shared() { return shared_; }
  WebSocketPeer Connect(std::string_view fields = "") {
    return WebSocketPeer::ToServer(port(), fields);
  }

 private:
  static ServerOptions Local(ServerOptions options) {
    options.listen = {"127.0.0.1:0"};
    return options;
  }

  Shared shared_;
  EpollTPServer<Handler> pool_;
  bool stopped_ = false;
};

using Ends = std::vector<std::string>;

// --- Out of HTTP -------------------------------------------------------------

TEST(WebSocketTest, OnePortServesBoth) {
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

TEST(WebSocketTest, AHandshakeThatIsRefusedLeavesHttp) {
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

TEST(WebSocketTest, WhatWasAttachedToTheRequestGoesAlong) {
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

TEST(WebSocketTest, OriginAndProtocolAreTheHandlersChoice) {
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

TEST(WebSocketTest, AnAnswerMayComeLater) {
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

TEST(WebSocketTest, AnAnswerThatComesInADrainIsNoWebSocket) {
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

TEST(WebSocketTest, AClientThatLeavesBeforeTheAnswerGetsNone) {
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

TEST(WebSocketTest, OptionsOutOfTheirBoundsAreRefused) {
  Shared shared({}, {.deflate = {.level = 10}}, {.listen = {"127.0.0.1:0"}});
  EpollTPServer<Handler> pool(&shared, {.threads = 1, .handle_signals = false});
  const absl::Status status = pool.Start();
  EXPECT_TRUE(absl::StrContains(status.message(), "level")) << status;
}

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

// --- Backpressure ------------------------------------------------------------

TEST(WebSocketTest, ASlowReaderIsToldOfAndLosesNothing) {
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

TEST(WebSocketTest, OneThatNeverReadsIsCutAtTheLimit) {
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

TEST(WebSocketTest, AFloodOfPingsOfOneThatDoesNotReadIsNotRead) {
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

TEST(WebSocketTest, PausedItDeliversNothing) {
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
