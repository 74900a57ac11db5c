// A strict, incremental, zero-copy decoder of the chunked transfer coding
// (RFC 9112 section 7.1).
//
// Threads: no locks, no globals; one thread at a time for each object.
// Memory: a few words, whatever the peer sends. Body bytes are views into the
//   caller's input; chunk extensions and trailer fields are checked, then
//   dropped.
// Strict: sizes are 1*HEXDIG up to 2^63 - 1; every line ends in CRLF, and so
//   does the data of a chunk; extensions are tokens or quoted strings; a
//   trailer field has a token as its name, no blank before the colon and no
//   folding. Anything else is an error: answer 400 and close, the end of the
//   body is unknown. The result depends on the bytes only, never on how they
//   were cut into calls.
//
//   using Result = ChunkedDecoder::Result;
//   ChunkedDecoder decoder;  // One a message body.
//   Result result;
//   for (std::string_view data;
//        (result = decoder.Decode(&input, &data)) == Result::kData;) {
//     body.append(data);
//   }
#ifndef KINGPIN_HTTP_CHUNKED_DECODER_H_
#define KINGPIN_HTTP_CHUNKED_DECODER_H_

#include <cstdint>
#include <string_view>

namespace kingpin::http {

struct ChunkedLimits {
  // Bytes of one chunk-size line, extensions included, without its CRLF. Nobody
  // uses extensions; leave it alone.
  uint32_t max_line = 1024;
  // Bytes of framing (lines and CRLFs) beyond a fair share, which is 16 bytes
  // and twice the data for each chunk. It stops a peer that sends an extension
  // of a kilobyte with every byte of data; raise it for nobody.
  uint32_t max_overhead = 16 * 1024;
  // Bytes of the whole trailer section, its CRLFs included.
  uint32_t max_trailer = 8 * 1024;
  // Number of trailer fields.
  uint32_t max_trailer_fields = 32;
};

class ChunkedDecoder {
 public:
  enum class Result : uint8_t {
    kNeedMore,  // All of the input was consumed.
    kData,      // `data` is the next piece of the body; call again.
    kDone,      // The body is complete; what is left of the input is not its.
    kError,     // Malformed or over a limit; stays so.
  };

  ChunkedDecoder() = default;
  explicit ChunkedDecoder(const ChunkedLimits& limits) : limits_(limits) {}

  // Takes bytes from the front of `input` up to the next result. `data` is
  // empty unless the result is kData; then it lies in the bytes of `input`.
  Result Decode(std::string_view* input, std::string_view* data);
  // After kData, and before anything else: the last `size` bytes of `data` were not
  // used. They are the begin of the next input.
  void Return(size_t size);

 private:
  // What the next byte must be. The order of the first six follows the grammar
  // of a chunk-size line.
  enum class State : uint8_t {
    kSizeStart,      // The first digit.
    kSize,           // A digit, a blank, ";" or CR.
    kBeforeExt,      // A blank or ";", after a blank.
    kExtNameStart,   // A blank or a name, after ";".
    kExtName,        // The name, a blank, "=", ";" or CR.
    kAfterExtName,   // A blank, "=" or ";", after a blank.
    kExtValueStart,  // A blank, a token or a quote, after "=".
    kExtToken,       // The token, a blank, ";" or CR.
    kExtQuoted,      // Text, a backslash or the closing quote.
    kExtEscaped,     // Any text byte, after a backslash.
    kExtQuoteEnd,    // A blank, ";" or CR.
    kSizeLf,
    kData,
    kDataCr,
    kDataLf,
    kTrailerStart,  // A name or the CR of the empty line.
    kTrailerName,
    kTrailerValue,
    kTrailerLf,
    kLastLf,
    kDone,
    kError,
  };

  State NextInSizeLine(char c);
  State NextInTrailer(char c);
  State AfterExtension(char c);
  State Next(char c);
  State EndSizeLine();

  ChunkedLimits limits_;
  uint64_t remaining_ = 0;  // The size being read, then the data still to come.
  uint32_t line_bytes_ = 0;
  uint32_t overhead_ = 0;
  uint32_t trailer_bytes_ = 0;
  uint32_t trailer_fields_ = 0;
  State state_ = State::kSizeStart;
};

}  // namespace kingpin::http

#endif  // KINGPIN_HTTP_CHUNKED_DECODER_H_
