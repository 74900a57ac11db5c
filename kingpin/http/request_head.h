// Writes the head of a request (RFC 9112 section 3, RFC 9110 section 6).
//
// Pure; safe from any thread.
//
//   absl::StatusOr<Url> url = Url::Parse("http://example.com/a");
//   auto head = WriteRequestHead({.url = *url, .fields = {{"Accept", "*/*"}}});
//   // "GET /a HTTP/1.1\r\nHost: example.com\r\nAccept: */*\r\n\r\n"
#ifndef KINGPIN_HTTP_REQUEST_HEAD_H_
#define KINGPIN_HTTP_REQUEST_HEAD_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "kingpin/http/url.h"

namespace kingpin::http {

enum class TargetForm : uint8_t {
  kOrigin,     // "/a?b": to the server itself.
  kAbsolute,   // "http://example.com/a?b": to a proxy.
  kAuthority,  // "example.com:443": of CONNECT, to a proxy.
};

struct RequestHeadParts {
  // CONNECT with kAuthority, and with nothing else.
  std::string method = "GET";
  Url url;
  TargetForm form = TargetForm::kOrigin;
  // In this order, after Host. Host, Content-Length, Transfer-Encoding, Connection
  // and Expect are the writer's.
  std::vector<std::pair<std::string, std::string>> fields;
  // Of the body that follows; without one, no field. (A method that is expected to
  // have a body says 0: RFC 9110 section 8.6.)
  std::optional<uint64_t> content_length;
  // The server is to close the connection after its answer.
  bool close = false;
  // Expect: 100-continue.
  bool expect_continue = false;
  // The connection is to become this protocol's (RFC 9110 section 7.8):
  // "websocket". Empty: it stays HTTP.
  std::string upgrade = {};
};

// kInvalidArgument names what cannot be sent: a method or name that is no token, a
// URL that Url::Check() refuses, a value with a control character (it could end the
// line: RFC 9110 section 5.5), a field that is the writer's, CONNECT in another form
// than kAuthority.
absl::StatusOr<std::string> WriteRequestHead(const RequestHeadParts& parts);

}  // namespace kingpin::http

#endif  // KINGPIN_HTTP_REQUEST_HEAD_H_
