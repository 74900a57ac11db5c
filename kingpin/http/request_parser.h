// A strict, incremental, zero-copy parser of HTTP/1.1 request heads: RFC 9112
// sections 2-7 for the syntax and the framing, RFC 9110 section 5 for fields.
//
// Threads: no locks, no globals; one thread at a time for each object.
// Memory: a RequestParser is a few words that live as long as the connection. A
//   Request is scratch space, one for each thread is enough: it holds nothing
//   between two calls that the parser needs, and it keeps the capacity of its
//   field table, so parsing allocates nothing once that is warm.
// Views: everything in a Request points into the input of the call that
//   returned kDone (but for the path "/" or "*" that an absolute target left
//   out). It dies with those bytes or with the next Parse() into the same
//   Request. To keep a request, copy its first head_bytes and parse the copy.
// Cost: linear in the input however it is cut. What was scanned is not scanned
//   again; a head that came in pieces is parsed once more when it is complete.
// Strict: whatever two parsers might read in two ways is an error. The result
//   depends on the bytes only, never on how they were cut into calls.
//
//   RequestParser parser;   // One a connection.
//   Request request;        // One a thread.
//   switch (parser.Parse(unconsumed, &request)) {
//     case RequestParser::Result::kNeedMore:
//       return;  // Call again with more appended.
//     case RequestParser::Result::kError:
//       return Refuse(parser.error());
//     case RequestParser::Result::kDone:
//       unconsumed.remove_prefix(request.head_bytes);
//   }
#ifndef KINGPIN_HTTP_REQUEST_PARSER_H_
#define KINGPIN_HTTP_REQUEST_PARSER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "kingpin/http/field.h"
#include "kingpin/http/field_reader.h"
#include "kingpin/http/framing_fields.h"
#include "kingpin/http/http_status.h"
#include "kingpin/http/method.h"

namespace kingpin::http {

struct Request {
  // The value of the first field of that name (in any case), or nullopt.
  std::optional<std::string_view> Find(std::string_view name) const;
  std::optional<std::string_view> Find(FieldId id) const;

  // Forgets the request; keeps the capacity of `fields`.
  void Clear();

  // A body follows the head.
  bool has_body() const { return chunked || content_length.value_or(0) > 0; }

  Method method = Method::kOther;
  std::string_view method_name;
  std::string_view target;  // As sent, in any of the four forms.
  std::string_view path;    // Still percent-encoded. Begins with "/"; "*" for
                            // OPTIONS of the server; empty for CONNECT.
  std::string_view query;   // After the "?", without it.
  std::string_view host;    // With the port if it was sent. An authority in the
                            // target wins over Host. Empty: HTTP/1.0 without.
  std::vector<Field> fields;  // In the order of arrival.

  int minor_version = 1;  // HTTP/1.x: 0 or 1.
  // At most 2^63 - 1; never there if `chunked`.
  std::optional<uint64_t> content_length;
  bool chunked = false;
  bool keep_alive = false;  // What the client asks; 1.0 must ask for it.
  // A body follows, and the client awaits 100 (Continue) before it sends it.
  bool expect_continue = false;
  size_t head_bytes = 0;  // Through the empty line; the body is next.
};

// The defaults serve browsers with much to tell; raise them for big cookies.
// They bound what a connection without a complete request can hold.
struct RequestLimits {
  // Bytes of a request target. More: 414. Not above max_head.
  uint32_t max_target = 8 * 1024;
  // Bytes of a whole head, empty line included. More: 431.
  uint32_t max_head = 32 * 1024;
  // Bytes of one field line, without its CRLF. More: 431.
  uint32_t max_field = 16 * 1024;
  // Number of fields. More: 431.
  uint32_t max_fields = 100;
};

class RequestParser {
 public:
  enum class Result : uint8_t {
    kNeedMore,  // Call again with the same bytes and more of them.
    kDone,      // `request` is filled; the parser is ready for the next one.
    kError,     // Answer error() and close; stays so until Reset().
  };

  RequestParser() = default;
  explicit RequestParser(const RequestLimits& limits) : limits_(limits) {}

  // Parses one head. `input` is all that was not consumed so far: after
  // kNeedMore it must begin with the bytes of the last call, which may have
  // moved.
  Result Parse(std::string_view input, Request* request);

  // Why the last call returned kError:
  //   400  malformed or ambiguous, in the words of RFC 9112 or in ours:
  //        - a bare CR or LF, a NUL or another control, a second empty line
  //          before the request line;
  //        - a request line that is not "method SP target SP HTTP/1.x";
  //        - a target that fits no form of RFC 9112 3.2 or the method, has a
  //          fragment, a byte that is no URI's, userinfo, or another scheme
  //          than http and https;
  //        - a folded line, a blank before the colon, a name that is no token;
  //        - no Host in HTTP/1.1, two of them, an empty or an odd one ("%" and
  //          "," are refused although a registered name may have them);
  //        - Content-Length that is not digits only, above 2^63 - 1, or twice;
  //          Transfer-Encoding beside it, in HTTP/1.0, with an empty element,
  //          or with anything after "chunked".
  //   414  target longer than max_target.
  //   417  an expectation other than 100-continue.
  //   431  head, field or number of fields over its limit.
  //   501  a transfer coding other than chunked; a method of over 32 bytes.
  //   505  a version other than 1.0 and 1.1.
  HttpStatus error() const { return error_; }

  // Back to the start, for bytes that have nothing to do with those so far.
  void Reset();

 private:
  enum class Phase : uint8_t {
    kStart,    // Nothing, or part of an empty line.
    kMethod,   // line_begin_ is the method's.
    kTarget,   // token_begin_ is the target's.
    kVersion,  // position_ is the version's, and waits for its CRLF.
    kFields,
    kFailed,
  };
  enum class Step : uint8_t { kGoOn, kStarved, kDone, kFailed };

  Step Run(std::string_view input, Request* request);
  inline Step ReadStart(std::string_view head);
  inline Step ReadMethod(std::string_view head);
  inline Step ReadTarget(std::string_view head);
  inline Step ReadVersion(std::string_view head, Request* request);
  inline Step ReadFields(std::string_view head, Request* request);
  Step OnField(const Field& field, Request* request);
  Step OnHost(std::string_view value, Request* request);
  Step Finish(Request* request);
  Step Fail(HttpStatus error);
  Step Starve(size_t position);

  RequestLimits limits_;

  // Offsets into the input.
  uint32_t position_ = 0;  // Everything before it has been looked at.
  uint32_t line_begin_ = 0;
  uint32_t token_begin_ = 0;

  // What the lines so far said. It cannot live in the Request, which other
  // connections of the thread use while this one waits for bytes.
  FieldReader field_reader_;
  FramingFields framing_;
  HttpStatus error_{};
  Phase phase_ = Phase::kStart;
  uint8_t minor_version_ = 1;
  bool has_host_ = false;
  bool expect_continue_ = false;
  bool unknown_expectation_ = false;
};

}  // namespace kingpin::http

#endif  // KINGPIN_HTTP_REQUEST_PARSER_H_
