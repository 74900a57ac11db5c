// A server on a free port whose WebSockets do what a test says, and what became of them.
//
//   WebSocketTestServer server({.on_message = [](http::WebSocket& ws, std::string_view) {
//     ws.SendText("heard");
//   }});
//   WebSocketPeer peer = server.Connect();

#ifndef TESTS_HTTP_WEBSOCKET_TEST_SERVER_H_
#define TESTS_HTTP_WEBSOCKET_TEST_SERVER_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "kingpin/http/http_handler.h"
#include "kingpin/http/http_status.h"
#include "kingpin/http/websocket.h"
#include "kingpin/http/websocket_handler.h"
#include "kingpin/http/websocket_handshake.h"
#include "kingpin/net/connection_id.h"
#include "kingpin/pool/connection_options.h"
#include "kingpin/pool/epoll_tp_server.h"
#include "tests/http/websocket_echo_ends.h"
#include "tests/http/websocket_peer.h"
#include "tests/testing/process.h"

namespace kingpin {
namespace testing {

class WebSocketTestHandler;

// The defaults accept everything and echo.
struct WebSocketScript {
  std::function<void(WebSocketTestHandler&, Connection&, const http::Request&)>
      on_request;
  std::function<void(http::WebSocket&, std::string_view)> on_open;
  std::function<void(http::WebSocket&, std::string_view)> on_message;
  std::function<void(http::WebSocket&, absl::Duration)> on_rtt;
  std::function<void(http::WebSocket&)> on_slow;
  std::function<void(http::WebSocket&)> on_writable;
};

class WebSocketTestShared : public ThreadSharedDataForServer {
 public:
  WebSocketTestShared(WebSocketScript s, http::WebSocketOptions w,
                      ServerOptions o)
      : ThreadSharedDataForServer(std::move(o)),
        script(std::move(s)),
        websocket(w) {}

  std::vector<ConnectionId> ids() const {
    absl::MutexLock lock(&mu_);
    return ids_;
  }
  void AddId(ConnectionId id) {
    absl::MutexLock lock(&mu_);
    ids_.push_back(id);
  }
  bool WaitForIds(size_t count) const {
    return Eventually([&] { return ids().size() >= count; });
  }

  const WebSocketScript script;
  const http::WebSocketOptions websocket;
  EndLog ends;
  std::atomic<int> messages = 0;
  std::atomic<CloseReason> last_reason = CloseReason::kLocal;

 private:
  mutable absl::Mutex mu_;
  std::vector<ConnectionId> ids_ ABSL_GUARDED_BY(mu_);
};

class WebSocketTestHandler : public http::WebSocketHandler {
 public:
  WebSocketTestHandler(WebSocketTestShared* shared, int thread)
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
  void OnWebSocketOpen(http::WebSocket& ws,
                       std::string_view protocol) override {
    shared_.AddId(ws.id());
    if (shared_.script.on_open) shared_.script.on_open(ws, protocol);
  }
  void OnWebSocketMessage(http::WebSocket& ws, http::WebSocketKind kind,
                          std::string_view payload) override {
    ++shared_.messages;
    if (shared_.script.on_message) {
      shared_.script.on_message(ws, payload);
    } else {
      ws.Send(kind, payload);
    }
  }
  void OnWebSocketRtt(http::WebSocket& ws, absl::Duration rtt) override {
    if (shared_.script.on_rtt) shared_.script.on_rtt(ws, rtt);
  }
  void OnWebSocketSlow(http::WebSocket& ws) override {
    if (shared_.script.on_slow) shared_.script.on_slow(ws);
  }
  void OnWebSocketWritable(http::WebSocket& ws) override {
    if (shared_.script.on_writable) shared_.script.on_writable(ws);
  }
  void OnWebSocketClose(http::WebSocket&,
                        const http::WebSocketEnd& end) override {
    shared_.last_reason = end.connection;
    shared_.ends.Add(end);
  }
  void AnswerPath(Connection& c, const http::Request& request) {
    char room[512];
    http::ResponseHead head = BeginHead(c, http::HttpStatus::kOk, room);
    Answer(c, http::HttpStatus::kOk, &head, request.path);
  }

 private:
  WebSocketTestShared& shared_;
};

class WebSocketTestServer {
 public:
  explicit WebSocketTestServer(WebSocketScript script = {},
                               http::WebSocketOptions websocket = {},
                               ServerOptions options = {}, int threads = 1)
      : shared_(std::move(script), websocket, Local(std::move(options))),
        pool_(&shared_, {.threads = threads, .handle_signals = false}) {
    EXPECT_TRUE(pool_.Start().ok());
  }
  ~WebSocketTestServer() { Stop(RunPhase::kStopping); }

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
  WebSocketTestShared& shared() { return shared_; }
  WebSocketPeer Connect(std::string_view fields = "") {
    return WebSocketPeer::ToServer(port(), fields);
  }

 private:
  static ServerOptions Local(ServerOptions options) {
    options.listen = {"127.0.0.1:0"};
    return options;
  }

  WebSocketTestShared shared_;
  EpollTPServer<WebSocketTestHandler> pool_;
  bool stopped_ = false;
};

}  // namespace testing
}  // namespace kingpin

#endif  // TESTS_HTTP_WEBSOCKET_TEST_SERVER_H_
