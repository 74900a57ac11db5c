// ResponseReader: one whole response, read from bytes as they come: the head, interim
// responses before it, the body without its transfer coding and its content coding,
// and where all that ends (RFC 9112 sections 6 and 7, RFC 9110 section 8.4).
//
// Threads: one at a time for each object. No sockets: whoever owns the bytes shows
// them, and is told what they are.
// Memory: some hundred bytes, and what ContentDecoder takes for a coded body. What
// comes out is bounded by ResponseReaderOptions::max_body.
//
//   class Printer : public ResponseReader::Sink {
//    public:
//     void OnHead(const Response& r) override { std::cout << r.status << '\n'; }
//     void OnBody(std::string_view data) override { std::cout << data; }
//   };
//   ResponseReader reader(Method::kGet);          // One a request.
//   Result result;
//   while ((result = reader.Read(&input, &scratch, &printer)) <= Result::kPaused) {
//     if (result == Result::kPaused) continue;  // Or let others have a turn.
//     if (!Receive(&input)) { reader.EndOfInput(); break; }
//   }
//   if (!reader.status().ok()) return reader.status();
#ifndef KINGPIN_HTTP_RESPONSE_READER_H_
#define KINGPIN_HTTP_RESPONSE_READER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "kingpin/http/chunked_decoder.h"
#include "kingpin/http/content_decoder.h"
#include "kingpin/http/method.h"
#include "kingpin/http/response_parser.h"

namespace kingpin::http {

struct ResponseReaderOptions {
  ResponseSyntax syntax = ResponseSyntax::kStrict;
  ResponseLimits limits;
  // Whether Content-Encoding is undone; without, the body comes as it is.
  bool decode = true;
  // Bytes of the body after decoding.
  uint64_t max_body = 1 << 30;
};

class ResponseReader {
 public:
  // Views die when the call returns.
  class Sink {
   public:
    virtual ~Sink() = default;
    // A 1xx that is not the answer: 100 Continue, 103 Early Hints.
    virtual void OnInterim(const Response&) {}
    // The answer's own head, once.
    virtual void OnHead(const Response& response) = 0;
    // The next piece of the body, not empty.
    virtual void OnBody(std::string_view data) = 0;
  };

  enum class Result : uint8_t {
    kNeedMore,
    // Much has come out of a coded body (ContentDecoder::kTurnBytes), and more may,
    // of what is left of the input: others can have their turns first.
    kPaused,
    kDone,   // The response is complete; what is left of the input is not its.
    kError,  // status() says why; stays so.
  };

  // `method` is that of the request.
  explicit ResponseReader(Method method,
                          const ResponseReaderOptions& options = {});

  // Takes what it can from the front of `input`. What is left must be shown again
  // with more behind it; it may have moved. `scratch` holds nothing between calls:
  // one a thread is enough.
  Result Read(std::string_view* input, Response* scratch, Sink* sink);
  // The peer will send no more, and all it sent was taken. kDone if that is how the
  // body ends, else kError.
  Result EndOfInput();

  // Why the result was kError. kUnavailable: the connection ended before a byte of
  // the response. kDataLoss: in the middle of it, or damaged. kInvalidArgument: not
  // HTTP as it must be. kResourceExhausted: over a limit. kUnimplemented: a coding
  // that is not known.
  const absl::Status& status() const { return status_; }
  // A byte of the response has come; before, the request may be sent again on
  // another connection.
  bool begun() const { return begun_; }
  // After kDone: the connection can carry another request, if nothing is left of
  // the input.
  bool keep_alive() const { return keep_alive_; }
  // After kDone: the connection belongs to another protocol now (CONNECT, 101).
  bool is_tunnel() const { return body_ == Response::Body::kTunnel; }

 private:
  enum class Phase : uint8_t { kHead, kBody, kEnd };

  Result ReadHead(std::string_view* input, Response* response, Sink* sink);
  Result ReadBody(std::string_view* input, Sink* sink);
  Result ReadChunks(std::string_view* input, Sink* sink);
  absl::Status BeginBody(const Response& response);
  // Takes from the front of `data`; all of it, if the result is kNeedMore.
  Result Deliver(std::string_view* data, Sink* sink);
  Result Finish();
  Result Fail(absl::Status status);

  const ResponseReaderOptions options_;
  const Method method_;
  Phase phase_ = Phase::kHead;
  Response::Body body_ = Response::Body::kNone;
  bool begun_ = false;
  bool keep_alive_ = false;
  size_t budget_ = 0;  // Of the call, for `decoder_`.
  ResponseParser parser_;
  ChunkedDecoder chunks_;
  uint64_t body_left_ = 0;  // With Content-Length.
  std::optional<ContentDecoder> decoder_;
  absl::Status status_;
};

}  // namespace kingpin::http

#endif  // KINGPIN_HTTP_RESPONSE_READER_H_
