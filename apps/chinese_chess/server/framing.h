// How messages lie in the bytes of a connection: one a line on raw TCP, one a text frame in
// a WebSocket. Whoever sends a message does not ask which.
//
// Threads: the connection's loop.
//
//   WriteMessage(connection, R"({"t":"pong","n":1})");
//   HangUp(connection, "too many messages");
#ifndef APPS_CHINESE_CHESS_SERVER_FRAMING_H_
#define APPS_CHINESE_CHESS_SERVER_FRAMING_H_

#include <optional>
#include <string_view>

#include "kingpin/http/websocket_host.h"
#include "kingpin/http/websocket_message.h"
#include "kingpin/net/connection.h"

namespace chinese_chess {

// `text` is UTF-8 and has no line feed.
void WriteMessage(kingpin::Connection& connection, std::string_view text);

// One message to many connections of a loop: framed, and compressed, once. `text` and
// `host`, which has the loop's WebSockets, outlive it.
//
//   Broadcast broadcast(text, &host);
//   for (kingpin::Connection* connection : all) broadcast.WriteTo(*connection);
class Broadcast {
 public:
  Broadcast(std::string_view text, kingpin::http::WebSocketHost* host)
      : text_(text), host_(*host) {}

  void WriteTo(kingpin::Connection& connection);

 private:
  const std::string_view text_;
  kingpin::http::WebSocketHost& host_;
  std::optional<kingpin::http::WebSocketMessage>
      message_;  // Once it is needed.
};

// Takes no more messages, and closes after what was written. A WebSocket is told
// `reason`, of at most 123 bytes, in its Close frame.
void HangUp(kingpin::Connection& connection, std::string_view reason);

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_SERVER_FRAMING_H_
