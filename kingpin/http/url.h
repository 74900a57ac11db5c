// Url: an http or https URL as a client needs it (RFC 3986; RFC 9110 section 4.2).
//
// Pure; safe from any thread.
//
//   absl::StatusOr<Url> url = Url::Parse("http://Example.COM/a/../b c?q#top");
//   // host "example.com", port 80, target "/b%20c?q"
//   absl::StatusOr<Url> next = url->Resolve("../d");   // A Location field.
//   // http://example.com/d
//
// Decisions, for the open web (and what the URL standard of browsers does, too):
// - white space around the text is dropped; in paths and queries, bytes that may not
//   stand there are percent-encoded, what is encoded stays, "." and ".." are resolved,
//   ".." at the root goes nowhere; the fragment is dropped, it is not sent;
// - refused, with the reason: other schemes; no host; a user name or password (RFC
//   9110 section 4.2.4: it makes hosts look like others); a host with bytes other than
//   letters, digits, ".", "-" and "_", which an international name has in its encoded
//   form (xn--...); an IPv6 address that is none, or has a zone; a port that is none or
//   0; control characters anywhere, as they would end a line of the request;
//   anything above 64 KiB.
#ifndef KINGPIN_HTTP_URL_H_
#define KINGPIN_HTTP_URL_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace kingpin::http {

struct Url {
  bool is_https = false;
  std::string host;  // Lower case; an IPv6 address without its brackets.
  uint16_t port = 0;
  std::string target;  // Path and query, as they are sent: "/", "/a?b".

  // Of an absolute URL.
  static absl::StatusOr<Url> Parse(std::string_view text);
  // Of a reference that was found at this one (RFC 3986 section 5.2).
  absl::StatusOr<Url> Resolve(std::string_view reference) const;

  // Of the Host field: the port only if it is not the scheme's, brackets for IPv6.
  std::string HostField() const;
  // The same resource, so the same text.
  std::string ToString() const;

  // Whether it is one that Parse() could have made, for one that was put together
  // by hand: with anything else in its host or target it could end a line of the
  // request, or be read as another one. InvalidArgument says what is wrong.
  absl::Status Check() const;

  friend bool operator==(const Url&, const Url&) = default;
};

}  // namespace kingpin::http

#endif  // KINGPIN_HTTP_URL_H_
