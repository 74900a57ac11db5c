// What the fields that frame a message say together: Content-Length,
// Transfer-Encoding and Connection (RFC 9112 sections 6 and 9). They are gathered
// line by line; what they mean depends on the whole head, and is the parser's.
//
// Threads: no locks, no globals; one thread at a time for each object.
//
//   FramingFields framing;
//   if (!framing.AddContentLength(field.value)) return Refuse(400);
#ifndef KINGPIN_HTTP_FRAMING_FIELDS_H_
#define KINGPIN_HTTP_FRAMING_FIELDS_H_

#include <cstdint>
#include <string_view>

namespace kingpin::http {

struct FramingFields {
  // The value of one field line of that name. False: it is malformed, or it
  // contradicts a line before.
  //
  // Content-Length is digits, at most 2^63 - 1, once.
  bool AddContentLength(std::string_view value);
  // The same length may be repeated, in a list or on other lines (RFC 9110 8.6).
  bool AddRepeatedContentLength(std::string_view list);
  // Only "chunked" is known. What follows it would decide where the body ends,
  // so nothing may (RFC 9112 6.1); an empty element is malformed too.
  bool AddTransferEncoding(std::string_view list);
  void AddConnection(std::string_view list);

  void Clear();

  uint64_t content_length = 0;
  bool has_content_length = false;
  bool has_transfer_encoding = false;
  bool chunked = false;         // The last coding is "chunked".
  bool unknown_coding = false;  // There is another, before it or alone.
  bool close = false;
  bool keep_alive = false;
};

}  // namespace kingpin::http

#endif  // KINGPIN_HTTP_FRAMING_FIELDS_H_
