// The proof that a server has read a WebSocket handshake (RFC 6455 section
// 4.2.2): base64 of SHA-1 of the client's key and a constant. No secret is in
// it; SHA-1 is what the protocol says. The one place here that links a library
// of hashes (docs/dependencies.md).
//
// Pure; safe from any thread.
//
//   WebSocketAcceptKey("dGhlIHNhbXBsZSBub25jZQ==")
//       == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
#ifndef KINGPIN_HTTP_WEBSOCKET_ACCEPT_KEY_H_
#define KINGPIN_HTTP_WEBSOCKET_ACCEPT_KEY_H_

#include <string>
#include <string_view>

namespace kingpin::http {

std::string WebSocketAcceptKey(std::string_view key);

}  // namespace kingpin::http

#endif  // KINGPIN_HTTP_WEBSOCKET_ACCEPT_KEY_H_
