// WebSocketMessage: a message that is encoded once and sent to many.
//
// A server's frame is the same for every peer, so it is written once and shared.
// With compression there is a second form, that refers to nothing before it:
// any peer that has agreed to permessage-deflate can read it, whether it keeps
// its context or not. (Messages that do refer to earlier ones are each peer's
// own and cannot be shared.)
//
// Threads: immutable; safe from any thread. A copy costs a reference.
// Clients mask each frame with a key of its own, so from them it is sent as any
// other message.
//
//   auto move = WebSocketMessage::Text("{\"move\":\"h2e2\"}");
//   for (ConnectionId player : room) (void)SendMessage(shared, player, move);
#ifndef KINGPIN_HTTP_WEBSOCKET_MESSAGE_H_
#define KINGPIN_HTTP_WEBSOCKET_MESSAGE_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "kingpin/http/websocket_deflate.h"

namespace kingpin::http {

enum class WebSocketKind : bool { kBinary, kText };

class WebSocketMessage {
 public:
  // With a `deflater`, in its compressed form too, if that is smaller. The
  // deflater is reset by that.
  WebSocketMessage(WebSocketKind kind, std::string_view payload,
                   WebSocketDeflater* deflater = nullptr);
  // The payload has to be UTF-8, or peers end the connection.
  static WebSocketMessage Text(std::string_view payload) {
    return {WebSocketKind::kText, payload};
  }
  static WebSocketMessage Binary(std::string_view payload) {
    return {WebSocketKind::kBinary, payload};
  }

  WebSocketKind kind() const { return encoded_->kind; }
  std::string_view payload() const {
    return std::string_view(encoded_->frame).substr(encoded_->head_bytes);
  }
  // As a server sends it.
  std::string_view frame() const { return encoded_->frame; }
  // The same, compressed, for a peer that looks back `window_bits`; empty: there
  // is none, or it looks back farther than that.
  std::string_view compressed_frame(int window_bits) const;

 private:
  struct Encoded {
    WebSocketKind kind;
    size_t head_bytes = 0;
    int window_bits = 0;
    std::string frame;
    std::string compressed_frame;
  };
  std::shared_ptr<const Encoded> encoded_;
};

}  // namespace kingpin::http

#endif  // KINGPIN_HTTP_WEBSOCKET_MESSAGE_H_
