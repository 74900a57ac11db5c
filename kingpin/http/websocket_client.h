// WebSocketClientHandler: the loop of a client thread whose connections become
// WebSockets: ws:// and wss://, over the shared pool's limits, names and back-off
// (kingpin/pool/connection_pool.h). Any thread may ask for one.
//
//   class Printer : public http::WebSocketClientHandler {
//    public:
//     using WebSocketClientHandler::WebSocketClientHandler;
//     void OnWebSocketOpen(http::WebSocket& ws, std::string_view) override {
//       ws.SendText("hello");
//     }
//     void OnWebSocketMessage(http::WebSocket& ws, http::WebSocketKind,
//                             std::string_view text) override {
//       std::cout << text << '\n';
//       ws.Close();
//     }
//   };
//   http::WebSocketClientData shared;
//   auto added = shared.Connect({.url = *http::ParseWebSocketUrl("ws://h/")});
//   EpollTPClient<Printer> client(&shared, {.threads = 1});
//
// Each request that Connect() has taken ends exactly once: by
// OnWebSocketConnectFailed, or by OnWebSocketOpen and then OnWebSocketClose. If no
// loop can start, it is WebSocketClientData::OnWebSocketConnectFailed.
// Names are looked up by what MakeResolver() returns (//kingpin/dns:dns_resolver);
// without it, hosts are addresses and localhost.
// Neither redirects nor proxies are followed; a lost connection is not opened
// again by itself: add the request anew.
//
// Threads: WebSocketClientData from any; handlers and callbacks as IOHandler.
// Lifetime: as ThreadSharedDataForClient. Overriding what is overridden here,
// call the one here too. Of Connection, EmplaceState is taken (use
// WebSocket::Attach), and so are SetMidMessage, PauseReading and ResumeReading.
#ifndef KINGPIN_HTTP_WEBSOCKET_CLIENT_H_
#define KINGPIN_HTTP_WEBSOCKET_CLIENT_H_

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "kingpin/http/response_parser.h"
#include "kingpin/http/url.h"
#include "kingpin/http/websocket.h"
#include "kingpin/http/websocket_handshake.h"
#include "kingpin/http/websocket_host.h"
#include "kingpin/net/connection.h"
#include "kingpin/net/io_handler_for_client.h"
#include "kingpin/net/transport.h"
#include "kingpin/pool/connect_failure.h"
#include "kingpin/pool/target.h"
#include "kingpin/pool/thread_shared_data_for_client.h"
#include "kingpin/tls/tls_client.h"

namespace kingpin::http {

struct WebSocketRequest {
  Url url;  // ParseWebSocketUrl.
  // What the server may choose from, best first.
  std::vector<std::string> protocols = {};
  // Origin, Cookie, Authorization ...; the handshake's own are added.
  std::vector<std::pair<std::string, std::string>> fields = {};
  // From Connect() to OnWebSocketOpen.
  absl::Duration timeout = absl::Seconds(30);
  TargetPriority priority = TargetPriority::kNormal;
  // What the caller wants to find again: context().
  std::unique_ptr<TargetContext> context = nullptr;
};

struct WebSocketClientOptions {
  WebSocketOptions websocket = {};
  // Of wss.
  TlsClientOptions tls = {.alpn = {"http/1.1"}};
  std::string user_agent = "kingpin";
};

class WebSocketClientData : public ThreadSharedDataForClient {
 public:
  explicit WebSocketClientData(WebSocketClientOptions websocket = {},
                               ClientOptions client = {})
      : ThreadSharedDataForClient(std::move(client)),
        options_(std::move(websocket)) {}

  // Reads the roots that wss trusts, too; without any, wss is refused later.
  absl::Status Open(int threads) override;

  // From any thread, at any time. An error, and no connection: InvalidArgument
  // for what cannot be sent, else those of ConnectionPool::Add(), of which
  // ResourceExhausted means: later.
  absl::Status Connect(WebSocketRequest request);

  // Instead of the handlers', none of which has come into being: the run could not
  // start, for the reason that Start() or Run() returns.
  virtual void OnWebSocketConnectFailed(
      std::unique_ptr<TargetContext> /*context*/,
      const absl::Status& /*status*/) {}

  const WebSocketClientOptions& websocket_options() const { return options_; }

 protected:
  void OnTargetDropped(Target& target, const ConnectFailure& failure) override;

 private:
  friend class WebSocketClientHandler;

  const WebSocketClientOptions options_;
  absl::StatusOr<std::unique_ptr<TlsClient>> tls_ =
      absl::FailedPreconditionError("wss is not ready before Open()");
};

class WebSocketClientHandler : public IOHandlerForClient,
                               public WebSocketEvents {
 public:
  WebSocketClientHandler(WebSocketClientData* shared, int thread)
      : IOHandlerForClient(shared, thread),
        data_(*shared),
        websockets_(this, this, WebSocketHost::Role::kClient,
                    shared->websocket_options().websocket) {}

  // Refuses options that are out of their bounds; the error names the option.
  absl::Status Init() override;

  // There will be no WebSocket. DeadlineExceeded; Unavailable: no connection, or
  // it ended before an answer; FailedPrecondition: the server answered something
  // else; InvalidArgument: what it answered is no WebSocket's; Cancelled: the run
  // ends. `context` is the request's.
  virtual void OnWebSocketConnectFailed(
      std::unique_ptr<TargetContext> /*context*/,
      const absl::Status& /*status*/) {}

  // Of the request that it was opened for.
  TargetContext* context(WebSocket& socket);
  WebSocketHost& websockets() { return websockets_; }

  std::unique_ptr<Transport> NewTransport(const Target& target) override;
  void OnConnect(Connection& connection) override;
  void OnMessage(Connection& connection) override;
  void OnInputEnd(Connection& connection) override;
  void OnWriteComplete(Connection& connection) override;
  void OnClose(Connection& connection, CloseReason reason) override;
  void OnConnectFailed(Target& target, const ConnectFailure& failure) override;
  void OnShutdown() override;

 private:
  friend class WebSocketClientData;

  // Of a target.
  struct Opening;
  // Hangs on a connection until it is a WebSocket.
  struct Handshake {
    ResponseParser parser;
  };

  void ReadAnswer(Connection& connection);
  // Tells the application, once.
  void FailOpening(Target& target, const absl::Status& status);

  WebSocketClientData& data_;
  WebSocketHost websockets_;
  Response scratch_;
};

}  // namespace kingpin::http

#endif  // KINGPIN_HTTP_WEBSOCKET_CLIENT_H_
