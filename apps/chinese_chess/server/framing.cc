#include "apps/chinese_chess/server/framing.h"

#include "kingpin/http/websocket.h"
#include "kingpin/http/websocket_close.h"

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

void Broadcast::WriteTo(kingpin::Connection& connection) {
  http::WebSocket* socket = http::WebSocketHost::Find(connection);
  if (socket == nullptr) return WriteMessage(connection, text_);
  if (!message_.has_value()) {
    const http::DeflateOptions& deflate = host_.options().deflate;
    const bool compresses =
        deflate.enabled && text_.size() >= deflate.min_bytes;
    message_.emplace(http::WebSocketKind::kText, text_,
                     compresses ? &host_.deflater() : nullptr);
  }
  socket->Send(*message_);
}

void HangUp(kingpin::Connection& connection, std::string_view reason) {
  if (http::WebSocket* socket = http::WebSocketHost::Find(connection)) {
    return socket->Close(http::WebSocketClose::kPolicyViolation, reason);
  }
  connection.CloseLingering();
}

}  // namespace chinese_chess
