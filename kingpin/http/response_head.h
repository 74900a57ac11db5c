// Writes the head of a response (RFC 9112 section 4, RFC 9110 section 6) into
// the caller's bytes.
//
// Threads: one at a time for each object.
// Memory: never allocates; what does not fit makes the whole head empty, so
//   that no half of a head is ever sent. The usual head takes about 250 bytes;
//   4 KiB on the stack is plenty, but a long Location or file name may want
//   more: then check Finish().
// Injection: CR, LF, NUL and other controls in a value become blanks (RFC 9110
//   5.5), whoever put them there; such a value never ends its line. A field
//   whose name is not a token is left out: names come from code, not from
//   peers.
//
//   char buffer[4096];
//   ResponseHead head(buffer, HttpStatus::kOk);
//   head.Add("Date", date_cache.Get(now));
//   head.AddContentLength(1024);
//   head.AddConnection(request.keep_alive, request.minor_version);
//   connection.Write(head.Finish());
#ifndef KINGPIN_HTTP_RESPONSE_HEAD_H_
#define KINGPIN_HTTP_RESPONSE_HEAD_H_

#include <cstdint>
#include <span>
#include <string_view>

#include "kingpin/http/http_status.h"

namespace kingpin::http {

class ResponseHead {
 public:
  // Begins with the status line. `buffer` outlives the head and what Finish()
  // returns. The version is always 1.1: it is the server's own (RFC 9110 2.5).
  ResponseHead(std::span<char> buffer, HttpStatus status);

  void Add(std::string_view name, std::string_view value);
  void Add(std::string_view name, uint64_t value);

  // The size of the body: of the one that is left out too, for HEAD and 304.
  // Writes nothing for 1xx and 204, which must not have the field.
  void AddContentLength(uint64_t length);

  // What will happen to the connection, as far as the client does not assume
  // it: "close", "keep-alive" for HTTP/1.0, or nothing.
  void AddConnection(bool keep_alive, int minor_version);

  // Adds the empty line and returns the head; empty if it did not fit. The last
  // call on this object.
  std::string_view Finish();

 private:
  bool Reserve(size_t size);
  void Append(std::string_view text);
  void AppendCrlf();

  char* const begin_;
  char* const end_;
  char* p_;
  const HttpStatus status_;
  bool fits_ = true;
};

}  // namespace kingpin::http

#endif  // KINGPIN_HTTP_RESPONSE_HEAD_H_
