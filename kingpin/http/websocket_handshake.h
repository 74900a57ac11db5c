// The opening handshake of a WebSocket (RFC 6455 section 4), of both sides.
//
// Pure, but for NewWebSocketKey; safe from any thread.
//
//   WebSocketOpening opening;                       // Server.
//   HttpStatus status = ReadWebSocketOpening(request, &opening);
//   if (status != HttpStatus::kSwitchingProtocols) return Refuse(status);
//   std::string_view protocol = ChooseProtocol(opening.protocols, kMine);
#ifndef KINGPIN_HTTP_WEBSOCKET_HANDSHAKE_H_
#define KINGPIN_HTTP_WEBSOCKET_HANDSHAKE_H_

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "kingpin/http/http_status.h"
#include "kingpin/http/request_head.h"
#include "kingpin/http/request_parser.h"
#include "kingpin/http/response_parser.h"
#include "kingpin/http/url.h"
#include "kingpin/http/websocket_extension.h"

namespace kingpin::http {

// --- Server ------------------------------------------------------------------

// It asks for a WebSocket, rightly or not: has "Upgrade: websocket".
bool AsksForWebSocket(const Request& request);

// What is needed of a request to answer it, also when it is gone.
struct WebSocketOpening {
  std::string accept;      // Sec-WebSocket-Accept of the answer.
  std::string protocols;   // Sec-WebSocket-Protocol; empty: none.
  std::string extensions;  // Sec-WebSocket-Extensions; empty: none.
};

// kSwitchingProtocols: it is fine, and `opening` is set. kUpgradeRequired: it
// asks for no WebSocket, or for another version than 13. kBadRequest: it is no
// GET of HTTP/1.1, has a body, lacks "Connection: Upgrade", or has no key, two, or
// one that is not 16 bytes in base64.
HttpStatus ReadWebSocketOpening(const Request& request,
                                WebSocketOpening* opening);

// The first of what was offered, which is in the client's order, that is in
// `supported`; empty: none is, and the answer names none (the client decides
// whether it goes on). Names are compared exactly.
std::string_view ChooseProtocol(std::string_view offered,
                                std::span<const std::string_view> supported);

// Whether the page that asks may: a browser lets any page connect to anybody,
// with the user's cookies, and only says which page it was (RFC 6455 section
// 10.2). True without Origin: then it is no browser.
// Of the page's host and port, as in "Host"; the scheme is not compared.
bool IsSameOrigin(const Request& request);
// Of `origins`, as browsers write them: "https://play.example.com".
bool IsOriginAmong(const Request& request,
                   std::span<const std::string_view> origins);

// --- Client ------------------------------------------------------------------

// A ws or wss URL, as the http or https one of the same place. InvalidArgument
// as Url::Parse, and for a fragment (RFC 6455 section 3).
absl::StatusOr<Url> ParseWebSocketUrl(std::string_view text);

// 16 random bytes in base64.
std::string NewWebSocketKey();

// Adds what makes a request ask for a WebSocket.
void AddWebSocketFields(std::string_view key,
                        const std::vector<std::string>& protocols,
                        const DeflateOptions& deflate, RequestHeadParts* parts);

struct WebSocketAgreement {
  std::string protocol;  // Empty: none.
  std::optional<DeflateTerms> deflate;
};

// What the server has agreed to. FailedPrecondition: it has answered something
// else than 101. InvalidArgument: it is no answer to this key, or has a protocol
// or an extension that was not offered.
absl::StatusOr<WebSocketAgreement> ReadWebSocketAnswer(
    const Response& response, std::string_view key,
    const std::vector<std::string>& protocols, const DeflateOptions& deflate);

}  // namespace kingpin::http

#endif  // KINGPIN_HTTP_WEBSOCKET_HANDSHAKE_H_
