// An incremental, zero-copy parser of HTTP/1.1 response heads: RFC 9112 sections
// 4-7 for the syntax and the framing, RFC 9110 section 5 for fields.
//
// Threads: no locks, no globals; one thread at a time for each object.
// Memory: a ResponseParser is a few words that live as long as the connection. A
//   Response is scratch space, one for each thread is enough: it holds nothing
//   between two calls that the parser needs, and it keeps the capacity of its
//   field table, so parsing allocates nothing once that is warm.
// Views: everything in a Response points into the input of the call that
//   returned kDone, but for folded values (kLenient only), which are kept beside.
//   It dies with those bytes or with the next Parse() into the same Response. To
//   keep a response, copy its first head_bytes and parse the copy.
// Cost: linear in the input however it is cut. What was scanned is not scanned
//   again; a head that came in pieces is parsed once more when it is complete.
// Strict: whatever two parsers might read in two ways is an error. The result
//   depends on the bytes only, never on how they were cut into calls.
//
//   ResponseParser parser;   // One a connection.
//   Response response;       // One a thread.
//   switch (parser.Parse(unconsumed, Method::kGet, &response)) {
//     case ResponseParser::Result::kNeedMore:
//       return;  // Call again with more appended.
//     case ResponseParser::Result::kError:
//       return Fail(Describe(parser.error()));
//     case ResponseParser::Result::kDone:
//       unconsumed.remove_prefix(response.head_bytes);
//       // If response.is_interim(), the next head follows: Parse() again.
//   }
#ifndef KINGPIN_HTTP_RESPONSE_PARSER_H_
#define KINGPIN_HTTP_RESPONSE_PARSER_H_

#include <cstddef>
#include <cstdint>
#include <forward_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kingpin/http/field.h"
#include "kingpin/http/field_reader.h"
#include "kingpin/http/framing_fields.h"
#include "kingpin/http/method.h"

namespace kingpin::http {

struct Response {
  // What follows the head, by the rules of RFC 9112 6.3 in their order.
  enum class Body : uint8_t {
    kNone,        // Nothing: HEAD, 1xx, 204, 304, or a length of 0.
    kTunnel,      // No HTTP any more: 2xx to CONNECT, or 101.
    kChunked,     // For a ChunkedDecoder.
    kLength,      // *content_length bytes, at least one.
    kUntilClose,  // All bytes up to the peer's FIN. Without a length nobody can
                  // tell a complete body from one that was cut off.
  };

  // The value of the first field of that name (in any case), or nullopt.
  std::optional<std::string_view> Find(std::string_view name) const {
    return FindField(fields, name);
  }

  // 1xx but for 101: not the answer yet, another head follows.
  bool is_interim() const { return status < 200 && status != 101; }

  // Forgets the response; keeps the capacity of `fields`.
  void Clear();

  int status = 0;             // 100-599, with kLenient up to 999.
  std::string_view reason;    // As sent; may be empty. For people only.
  std::vector<Field> fields;  // In the order of arrival.
  int minor_version = 1;      // HTTP/1.x: 0 or 1.
  Body body = Body::kNone;
  // As sent; for HEAD and 304 it is the size of a body that is not sent. Never
  // there for chunked bodies.
  std::optional<uint64_t> content_length;
  // The connection can carry another request once the body has been read: the
  // server agrees, the end of the body is known and nothing was ambiguous.
  bool keep_alive = false;
  size_t head_bytes = 0;  // Through the empty line; the body is next.
  // Values that were folded over lines, joined; `fields` point here.
  std::forward_list<std::string> unfolded;
};

// The defaults let pass what big sites send (many cookies, long policies). They
// bound what a connection without a complete head can hold.
struct ResponseLimits {
  // Bytes of the status line, without its end.
  uint32_t max_status_line = 1024;
  // Bytes of a whole head, empty line included.
  uint32_t max_head = 64 * 1024;
  // Bytes of one field line, without its end.
  uint32_t max_field = 32 * 1024;
  // Number of fields.
  uint32_t max_fields = 200;
  // Number of interim responses (1xx) before the final one.
  uint32_t max_interim = 8;
};

enum class ResponseError : uint8_t {
  kNone,
  kNotHttp,           // The first bytes are not "HTTP/".
  kTls,               // The first byte is that of an alert of TLS.
  kVersion,           // HTTP, but not 1.0 or 1.1.
  kStatusLine,        // Not "HTTP/1.x SP 3DIGIT SP reason", or a status of no
                      // class (RFC 9110 15).
  kField,             // A malformed field line, or a control in a value.
  kHeadTooLarge,      // Any limit on bytes or on the number of fields.
  kContentLength,     // Not digits only, above 2^63 - 1, or twice.
  kTransferEncoding,  // An empty element, or anything after "chunked".
  kAmbiguousLength,   // Transfer-Encoding beside Content-Length or in HTTP/1.0:
                      // the mark of a smuggled response (RFC 9112 6.1, 11.2).
  kUnknownCoding,     // A transfer coding other than chunked.
  kTooManyInterim,
};

// A phrase for people, for the end of "response of HOST: ". Lives for ever.
std::string_view Describe(ResponseError error);

enum class ResponseSyntax : uint8_t {
  kStrict,
  // For servers of the open web. Also accepted, and nothing else:
  // - LF alone as the end of a line;
  // - a status line that ends after the code, without a blank and a reason;
  // - a status from 600 to 999 (its class is unknown, treat it as 500);
  // - HTTP/1.2 to HTTP/1.9, read as 1.1 (RFC 9110 2.5);
  // - blanks before the colon of a field, dropped (RFC 9112 5.1);
  // - a folded value, its lines joined by a blank (RFC 9112 5.2);
  // - a Content-Length that is repeated with the same number;
  // - Transfer-Encoding beside Content-Length or in HTTP/1.0: it decides, and
  //   the connection is not kept (RFC 9112 6.3);
  // - the transfer coding "identity" alone, as if the field were not there.
  // HttpClientHandler also drops what follows an answer, and the connection.
  kLenient,
};

class ResponseParser {
 public:
  enum class Result : uint8_t {
    kNeedMore,  // Call again with the same bytes and more of them.
    kDone,      // `response` is filled; the parser is ready for the next one.
    kError,     // error() says why. Close; stays so until Reset().
  };

  explicit ResponseParser(ResponseSyntax syntax = ResponseSyntax::kStrict,
                          const ResponseLimits& limits = {})
      : limits_(limits), lenient_(syntax == ResponseSyntax::kLenient) {}

  // Parses one head. `input` is all that was not consumed so far: after
  // kNeedMore it must begin with the bytes of the last call, which may have
  // moved. `method` is that of the request which this response answers.
  Result Parse(std::string_view input, Method method, Response* response);

  // Why the last call returned kError.
  ResponseError error() const { return error_; }

  // Back to the start, for another connection.
  void Reset();

 private:
  enum class Phase : uint8_t { kVersion, kReason, kFields, kFailed };
  enum class Step : uint8_t { kGoOn, kStarved, kDone, kFailed };

  Step Run(std::string_view input, Method method, Response* response);
  Step ReadVersion(std::string_view head);
  Step ReadReason(std::string_view head);
  template <bool kLenient>
  Step ReadFields(std::string_view head, Response* response);
  Step OnField(const Field& field);
  Step Finish(Method method, Response* response);
  bool IsStatus(std::string_view digits) const;
  bool IsAmbiguous() const;
  bool IsBodiless() const;
  Response::Body BodyOf(Method method) const;
  bool CanKeepAlive(Response::Body body) const;
  void NextHead();
  Step Fail(ResponseError error);

  ResponseLimits limits_;

  // Offsets into the input.
  uint32_t position_ = 0;  // Everything before it has been looked at.
  uint32_t reason_begin_ = 0;
  uint32_t reason_end_ = 0;

  // What the lines so far said. It cannot live in the Response, which other
  // connections of the thread use while this one waits for bytes.
  FieldReader field_reader_;
  FramingFields framing_;
  uint32_t interim_count_ = 0;
  uint16_t status_ = 0;
  uint8_t minor_version_ = 1;
  Phase phase_ = Phase::kVersion;
  ResponseError error_ = ResponseError::kNone;
  bool lenient_;
};

}  // namespace kingpin::http

#endif  // KINGPIN_HTTP_RESPONSE_PARSER_H_
