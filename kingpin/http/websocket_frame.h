// The heads of WebSocket frames (RFC 6455 section 5.2), read and written.
//
//   | fin rsv1-3 opcode | mask length | length, 0, 2 or 8 bytes | key, 0 or 4 |
//
// Pure; safe from any thread. A head is at most 14 bytes, so reading one keeps
// no state: whoever has only a part of it calls again with more. What the first
// bytes show to be wrong is an error before the others have come.
//
//   WebSocketFrameHead head;
//   switch (ReadFrameHead(bytes, {.masked = true}, &head)) {
//     case FrameHeadResult::kNeedMore: return;
//     case FrameHeadResult::kError: return Fail(head.error, head.error_text);
//     case FrameHeadResult::kDone: bytes.remove_prefix(head.head_bytes);
//   }
#ifndef KINGPIN_HTTP_WEBSOCKET_FRAME_H_
#define KINGPIN_HTTP_WEBSOCKET_FRAME_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "kingpin/http/websocket_close.h"

namespace kingpin::http {

enum class WebSocketOpcode : uint8_t {
  kContinuation = 0,
  kText = 1,
  kBinary = 2,
  kClose = 8,
  kPing = 9,
  kPong = 10,
};

constexpr bool IsControl(WebSocketOpcode opcode) {
  return static_cast<uint8_t>(opcode) >= 8;
}

inline constexpr size_t kMaxFrameHead = 14;

struct WebSocketFrameHead {
  WebSocketOpcode opcode = WebSocketOpcode::kContinuation;
  bool fin = false;
  bool compressed = false;  // RSV1 (RFC 7692 section 6).
  uint8_t head_bytes = 0;
  uint32_t mask_key = 0;  // As on the wire; 0, which changes nothing: none.
  uint64_t payload_bytes = 0;

  // After kError: how to fail, and a phrase of ours for the peer's people.
  WebSocketClose error = WebSocketClose::kNormal;
  std::string_view error_text;
};

// What the next frame may be.
struct FrameRules {
  // It comes from a client, which masks; a server does not (section 5.1).
  bool masked = false;
  bool may_compress = false;  // permessage-deflate is agreed upon.
  bool in_message = false;    // A message lacks its last fragment.
  uint64_t max_payload_bytes = UINT64_MAX;
};

enum class FrameHeadResult : uint8_t { kNeedMore, kDone, kError };

// Errors: kMessageTooBig above the limit, kProtocolError for all else: a
// reserved bit or opcode, a control frame that is fragmented, compressed or
// longer than 125 bytes, a missing or superfluous mask, a length that is not in
// its shortest form or has its highest bit set, a continuation of nothing, a new
// message inside of one.
FrameHeadResult ReadFrameHead(std::string_view bytes, const FrameRules& rules,
                              WebSocketFrameHead* head);

// Returns how many bytes it takes. `mask_key`: of a client's.
size_t WriteFrameHead(const WebSocketFrameHead& head,
                      std::optional<uint32_t> mask_key,
                      std::span<char, kMaxFrameHead> out);

}  // namespace kingpin::http

#endif  // KINGPIN_HTTP_WEBSOCKET_FRAME_H_
