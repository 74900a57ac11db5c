#include "kingpin/http/websocket_message.h"

#include <optional>

#include "kingpin/http/websocket_frame.h"

namespace kingpin::http {
namespace {

// A whole frame; returns the size of its head.
size_t WriteFrame(WebSocketKind kind, std::string_view payload, bool compressed,
                  std::string* frame) {
  char head[kMaxFrameHead];
  const size_t head_bytes = WriteFrameHead(
      {.opcode = kind == WebSocketKind::kText ? WebSocketOpcode::kText
                                              : WebSocketOpcode::kBinary,
       .fin = true,
       .compressed = compressed,
       .payload_bytes = payload.size()},
      std::nullopt, head);
  frame->reserve(head_bytes + payload.size());
  frame->assign(head, head_bytes);
  frame->append(payload);
  return head_bytes;
}

}  // namespace

WebSocketMessage::WebSocketMessage(WebSocketKind kind, std::string_view payload,
                                   WebSocketDeflater* deflater) {
  auto encoded = std::make_shared<Encoded>();
  encoded->kind = kind;
  encoded->head_bytes = WriteFrame(kind, payload, false, &encoded->frame);
  if (deflater != nullptr) {
    std::string deflated;
    deflater->Reset();
    deflater->Deflate(payload, &deflated);
    deflater->Reset();
    encoded->window_bits = deflater->window_bits();
    if (deflated.size() < payload.size()) {
      WriteFrame(kind, deflated, true, &encoded->compressed_frame);
    }
  }
  encoded_ = std::move(encoded);
}

std::string_view WebSocketMessage::compressed_frame(int window_bits) const {
  // It cannot refer to more than there is of it.
  const bool in_reach = encoded_->window_bits <= window_bits ||
                        payload().size() <= size_t{1} << window_bits;
  return in_reach ? std::string_view(encoded_->compressed_frame)
                  : std::string_view();
}

}  // namespace kingpin::http
