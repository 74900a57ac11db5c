// Both roles of ours as an echo, for tests that are the other end.
//
//   EchoServer server;              // Accepts /ws.
//   EchoClient client;              // Connects to the test's own listener.
//   WebSocketPeer peer = client.Accept();
#ifndef KINGPIN_TESTS_HTTP_WEBSOCKET_ECHO_ENDS_H_
#define KINGPIN_TESTS_HTTP_WEBSOCKET_ECHO_ENDS_H_

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "gtest/gtest.h"
#include "kingpin/http/websocket_accept_key.h"
#include "kingpin/http/websocket_client.h"
#include "kingpin/http/websocket_handler.h"
#include "kingpin/pool/epoll_tp_client.h"
#include "kingpin/pool/epoll_tp_server.h"
#include "tests/http/websocket_peer.h"
#include "tests/testing/process.h"
#include "tests/testing/scripted_client.h"

namespace kingpin {
namespace testing {

// Ends that were reported: "CODE" or "CODE clean", and the reason.
class EndLog {
 public:
  void Add(const http::WebSocketEnd& end) {
    absl::MutexLock lock(&mu_);
    ends_.push_back(absl::StrCat(static_cast<int>(end.code),
                                 end.clean ? " clean" : "",
                                 end.reason.empty() ? "" : " ", end.reason));
  }
  std::vector<std::string> ends() const {
    absl::MutexLock lock(&mu_);
    return ends_;
  }
  bool WaitFor(size_t count) const {
    return Eventually([&] { return ends().size() >= count; });
  }

 private:
  mutable absl::Mutex mu_;
  std::vector<std::string> ends_ ABSL_GUARDED_BY(mu_);
};

struct EchoServerShared : ThreadSharedDataForServer {
  EchoServerShared(http::WebSocketOptions w, ServerOptions o)
      : ThreadSharedDataForServer(std::move(o)), websocket(w) {}
  const http::WebSocketOptions websocket;
  EndLog ends;
};

class EchoServerHandler : public http::WebSocketHandler {
 public:
  EchoServerHandler(EchoServerShared* shared, int thread)
      : WebSocketHandler(shared, thread, {}, shared->websocket),
        ends_(shared->ends) {}
  void OnRequest(Connection& c, const http::Request& request) override {
    if (request.path == "/ws") {
      AcceptWebSocket(c, request);
    } else {
      AnswerError(c, http::HttpStatus::kNotFound);
    }
  }
  void OnWebSocketMessage(http::WebSocket& ws, http::WebSocketKind kind,
                          std::string_view payload) override {
    ws.Send(kind, payload);
  }
  void OnWebSocketClose(http::WebSocket&,
                        const http::WebSocketEnd& end) override {
    ends_.Add(end);
  }

 private:
  EndLog& ends_;
};

class EchoServer {
 public:
  explicit EchoServer(http::WebSocketOptions websocket = {},
                      ConnectionOptions connection = {})
      : shared_(websocket,
                {.listen = {"127.0.0.1:0"}, .connection = connection}),
        pool_(&shared_, {.threads = 1, .handle_signals = false}) {
    EXPECT_TRUE(pool_.Start().ok());
  }
  ~EchoServer() {
    pool_.Shutdown(RunPhase::kStopping);
    EXPECT_TRUE(pool_.Wait().ok());
  }
  uint16_t port() const { return shared_.port(); }
  EchoServerShared& shared() { return shared_; }

 private:
  EchoServerShared shared_;
  EpollTPServer<EchoServerHandler> pool_;
};

struct EchoClientShared : http::WebSocketClientData {
  EchoClientShared(http::WebSocketClientOptions w, ClientOptions o)
      : WebSocketClientData(std::move(w), std::move(o)) {}
  EndLog ends;
};

class EchoClientHandler : public http::WebSocketClientHandler {
 public:
  EchoClientHandler(EchoClientShared* shared, int thread)
      : WebSocketClientHandler(shared, thread), ends_(shared->ends) {}
  void OnWebSocketMessage(http::WebSocket& ws, http::WebSocketKind kind,
                          std::string_view payload) override {
    ws.Send(kind, payload);
  }
  void OnWebSocketClose(http::WebSocket&,
                        const http::WebSocketEnd& end) override {
    ends_.Add(end);
  }

 private:
  EndLog& ends_;
};

class EchoClient {
 public:
  explicit EchoClient(http::WebSocketOptions websocket = {},
                      ConnectionOptions connection = {})
      : shared_({.websocket = websocket}, {.connection = connection}),
        pool_(&shared_, {.threads = 1, .handle_signals = false}) {
    EXPECT_TRUE(pool_.Start().ok());
  }
  ~EchoClient() {
    pool_.Shutdown(RunPhase::kStopping);
    EXPECT_TRUE(pool_.Wait().ok());
  }
  EchoClientShared& shared() { return shared_; }

  // The server's side of a new connection; `extension` is what it agrees to.
  WebSocketPeer Accept(std::string_view extension = "") {
    EXPECT_TRUE(shared_
                    .Connect({.url = *http::ParseWebSocketUrl(absl::StrCat(
                                  "ws://127.0.0.1:", listener_.port(), "/"))})
                    .ok());
    std::optional<TestClient> socket;
    EXPECT_TRUE(Eventually([&] {
      socket = listener_.TryAccept();
      return socket.has_value();
    }));
    WebSocketPeer peer(*std::move(socket), /*is_client=*/false);
    const std::string request = peer.ReadHead();
    const size_t key = request.find("Sec-WebSocket-Key: ");
    peer.SendBytes(absl::StrCat(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Accept: ",
        http::WebSocketAcceptKey(request.substr(key + 19, 24)), "\r\n",
        extension.empty()
            ? ""
            : absl::StrCat("Sec-WebSocket-Extensions: ", extension, "\r\n"),
        "\r\n"));
    return peer;
  }

 private:
  TestListener listener_;
  EchoClientShared shared_;
  EpollTPClient<EchoClientHandler> pool_;
};

}  // namespace testing
}  // namespace kingpin

#endif  // KINGPIN_TESTS_HTTP_WEBSOCKET_ECHO_ENDS_H_
