// The masking of WebSocket payloads (RFC 6455 section 5.3): XOR with a key of
// four bytes, over and over. The same call undoes it.
//
// Pure; safe from any thread. Works in place, 32 bytes a step.
//
//   uint32_t key = header.mask_key;
//   key = MaskWebSocket(first_piece, key);
//   key = MaskWebSocket(next_piece, key);  // Goes on where the last one ended.
#ifndef KINGPIN_HTTP_WEBSOCKET_MASK_H_
#define KINGPIN_HTTP_WEBSOCKET_MASK_H_

#include <cstdint>

#include "absl/types/span.h"

namespace kingpin::http {

// `key` is the four bytes as they lie on the wire (memcpy). Returns the key for
// what follows `data`.
uint32_t MaskWebSocket(absl::Span<char> data, uint32_t key);

}  // namespace kingpin::http

#endif  // KINGPIN_HTTP_WEBSOCKET_MASK_H_
