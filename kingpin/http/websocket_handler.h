// WebSocketHandler: an HttpHandler (http_handler.h) whose requests may become
// WebSockets, next to ordinary ones on the same port, over TLS as well.
//
//   class Game : public http::WebSocketHandler {
//    public:
//     using WebSocketHandler::WebSocketHandler;
//     void OnRequest(Connection& c, const http::Request& r) override {
//       if (r.path != "/play") return AnswerError(c, http::HttpStatus::kNotFound);
//       if (!http::IsSameOrigin(r)) {
//         return AnswerError(c, http::HttpStatus::kForbidden);
//       }
//       Attach<Player>(c);               // The WebSocket will have it.
//       AcceptWebSocket(c, r, kProtocols);
//     }
//     void OnWebSocketMessage(http::WebSocket& ws, http::WebSocketKind,
//                             std::string_view text) override {
//       Play(*ws.attachment<Player>(), text);
//     }
//   };
//
// Threads, lifetime: as IOHandler. Overriding what is overridden here, or
// OnConnect, call the one here too. A drain closes every WebSocket with
// kGoingAway and waits for the peers' answers.
#ifndef KINGPIN_HTTP_WEBSOCKET_HANDLER_H_
#define KINGPIN_HTTP_WEBSOCKET_HANDLER_H_

#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "kingpin/http/http_handler.h"
#include "kingpin/http/request_parser.h"
#include "kingpin/http/websocket.h"
#include "kingpin/http/websocket_handshake.h"
#include "kingpin/http/websocket_host.h"
#include "kingpin/net/connection.h"
#include "kingpin/pool/thread_shared_data_for_server.h"

namespace kingpin::http {

class WebSocketHandler : public HttpHandler, public WebSocketEvents {
 public:
  WebSocketHandler(ThreadSharedDataForServer* shared, int thread,
                   const HttpOptions& options = {},
                   const WebSocketOptions& websocket = {})
      : HttpHandler(shared, thread, options),
        websockets_(this, this, WebSocketHost::Role::kServer, websocket) {}

  // Refuses options that are out of their bounds; the error names the option.
  absl::Status Init() override;

  // In OnRequest: answers 101 if the request is a proper handshake, and
  // OnWebSocketOpen comes when OnRequest has returned, with what was attached to
  // the exchange. Else answers 400 or 426, or 503 while the run drains; false.
  // Of the `protocols` that we speak the client's first choice is taken; none,
  // if it offers none of them (whether that will do is to be told from
  // OnWebSocketOpen). Whether the page that asks may is the caller's to find
  // out first: IsSameOrigin, IsOriginAmong.
  bool AcceptWebSocket(Connection& connection, const Request& request,
                       std::span<const std::string_view> protocols = {});
  // The same in two steps: for more fields, or for an answer after Defer(), for
  // which `opening` is kept. The first answers 400 or 426, the second 101 or
  // 503. `protocol` is one of opening.protocols, or empty.
  bool ReadOpening(Connection& connection, const Request& request,
                   WebSocketOpening* opening);
  bool AcceptWebSocket(Connection& connection, const WebSocketOpening& opening,
                       std::string_view protocol, ExtraFields fields = {});

  WebSocketHost& websockets() { return websockets_; }

  void OnMessage(Connection& connection) override;
  void OnInputEnd(Connection& connection) override;
  void OnWriteComplete(Connection& connection) override;
  void OnClose(Connection& connection, CloseReason reason) override;
  void OnShutdown() override;

 private:
  WebSocketHost websockets_;
};

}  // namespace kingpin::http

#endif  // KINGPIN_HTTP_WEBSOCKET_HANDLER_H_
