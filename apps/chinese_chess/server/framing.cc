#include "apps/chinese_chess/server/framing.h"

#include "kingpin/http/websocket.h"
#include "kingpin/http/websocket_close.h"
#include "kingpin/http/websocket_host.h"

namespace chinese_chess {
namespace {

namespace http = kingpin::http;

}  // namespace

void WriteMessage(kingpin::Connection& connection, std::string_view text) {
  if (http::WebSocket* socket = http::WebSocketHost::Find(connection)) {
    socket->SendText(text);
    return;
  }
  connection.Write(text);
  connection.Write("\n");
}

void HangUp(kingpin::Connection& connection, std::string_view reason) {
  if (http::WebSocket* socket = http::WebSocketHost::Find(connection)) {
    return socket->Close(http::WebSocketClose::kPolicyViolation, reason);
  }
  connection.CloseLingering();
}

}  // namespace chinese_chess
