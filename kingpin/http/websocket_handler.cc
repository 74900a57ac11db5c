#include "kingpin/http/websocket_handler.h"

#include <optional>
#include <string>
#include <utility>

#include "kingpin/http/attachment.h"
#include "kingpin/http/http_status.h"
#include "kingpin/http/response_head.h"
#include "kingpin/http/websocket_extension.h"

namespace kingpin::http {

absl::Status WebSocketHandler::Init() {
  if (absl::Status status = websockets_.CheckOptions(); !status.ok()) {
    return status;
  }
  return HttpHandler::Init();
}

bool WebSocketHandler::ReadOpening(Connection& connection,
                                   const Request& request,
                                   WebSocketOpening* opening) {
  const HttpStatus status = ReadWebSocketOpening(request, opening);
  if (status == HttpStatus::kSwitchingProtocols) return true;
  if (status == HttpStatus::kUpgradeRequired) {
    AnswerError(connection, status,
                {{"Upgrade", "websocket"}, {"Sec-WebSocket-Version", "13"}});
  } else {
    AnswerError(connection, status);
  }
  return false;
}

bool WebSocketHandler::AcceptWebSocket(
    Connection& connection, const Request& request,
    std::span<const std::string_view> protocols) {
  WebSocketOpening opening;
  return ReadOpening(connection, request, &opening) &&
         AcceptWebSocket(connection, opening,
                         ChooseProtocol(opening.protocols, protocols));
}

bool WebSocketHandler::AcceptWebSocket(Connection& connection,
                                       const WebSocketOpening& opening,
                                       std::string_view protocol,
                                       ExtraFields fields) {
  // The drain has closed the WebSockets that there were: nobody would close
  // this one.
  if (draining()) {
    AnswerError(connection, HttpStatus::kServiceUnavailable);
    return false;
  }
  char room[4096];
  ResponseHead head(room, HttpStatus::kSwitchingProtocols);
  head.Add("Date", DateText());
  if (!options().server.empty()) head.Add("Server", options().server);
  head.Add("Upgrade", "websocket");
  head.Add("Connection", "Upgrade");
  head.Add("Sec-WebSocket-Accept", opening.accept);
  if (!protocol.empty()) head.Add("Sec-WebSocket-Protocol", protocol);
  std::string extensions;
  const std::optional<DeflateTerms> deflate = AnswerDeflateOffer(
      opening.extensions, websockets_.options().deflate, &extensions);
  if (deflate.has_value()) head.Add("Sec-WebSocket-Extensions", extensions);
  for (const auto& [name, value] : fields) head.Add(name, value);
  SwitchProtocols(connection, &head,
                  [this, deflate, protocol = std::string(protocol)](
                      Connection& switched, Attachment attached) {
                    websockets_.Open(switched, deflate, std::move(attached),
                                     protocol);
                  });
  return true;
}

void WebSocketHandler::OnMessage(Connection& connection) {
  WebSocket* const socket = WebSocketHost::Find(connection);
  if (socket == nullptr) return HttpHandler::OnMessage(connection);
  websockets_.OnMessage(*socket);
}

void WebSocketHandler::OnInputEnd(Connection& connection) {
  WebSocket* const socket = WebSocketHost::Find(connection);
  if (socket == nullptr) return HttpHandler::OnInputEnd(connection);
  websockets_.OnInputEnd(*socket);
}

void WebSocketHandler::OnWriteComplete(Connection& connection) {
  WebSocket* const socket = WebSocketHost::Find(connection);
  if (socket == nullptr) return HttpHandler::OnWriteComplete(connection);
  websockets_.OnWriteComplete(*socket);
}

void WebSocketHandler::OnClose(Connection& connection, CloseReason reason) {
  WebSocket* const socket = WebSocketHost::Find(connection);
  if (socket == nullptr) return HttpHandler::OnClose(connection, reason);
  websockets_.OnClose(*socket, reason);
}

void WebSocketHandler::OnShutdown() {
  HttpHandler::OnShutdown();
  websockets_.OnShutdown();
}

}  // namespace kingpin::http
