#include "kingpin/http/chunked_decoder.h"

#include <algorithm>
#include <limits>

#include "kingpin/http/scan.h"

namespace kingpin::http {
namespace {

constexpr uint64_t kMaxSize = std::numeric_limits<int64_t>::max();

// What every chunk may cost in framing before it counts as overhead.
constexpr uint64_t kFairFraming = 16;

}  // namespace

ChunkedDecoder::Result ChunkedDecoder::Decode(std::string_view* input,
                                              std::string_view* data) {
  *data = {};
  while (state_ != State::kDone && state_ != State::kError) {
    if (input->empty()) return Result::kNeedMore;
    if (state_ == State::kData) {
      const size_t size = std::min<uint64_t>(remaining_, input->size());
      *data = input->substr(0, size);
      input->remove_prefix(size);
      remaining_ -= size;
      if (remaining_ == 0) state_ = State::kDataCr;
      return Result::kData;
    }
    state_ = Next(input->front());
    input->remove_prefix(1);
  }
  return state_ == State::kDone ? Result::kDone : Result::kError;
}

void ChunkedDecoder::Return(size_t size) {
  if (size == 0) return;
  remaining_ += size;
  state_ = State::kData;
}

ChunkedDecoder::State ChunkedDecoder::Next(char c) {
  switch (state_) {
    case State::kSizeLf:
      return c == '\n' ? EndSizeLine() : State::kError;
    case State::kDataCr:
      return c == '\r' ? State::kDataLf : State::kError;
    case State::kDataLf:
      return c == '\n' ? State::kSizeStart : State::kError;
    case State::kTrailerStart:
    case State::kTrailerName:
    case State::kTrailerValue:
    case State::kTrailerLf:
    case State::kLastLf:
      if (++trailer_bytes_ > limits_.max_trailer) return State::kError;
      return NextInTrailer(c);
    default:
      if (c != '\r' && ++line_bytes_ > limits_.max_line) return State::kError;
      return NextInSizeLine(c);
  }
}

// chunk-size *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )
ChunkedDecoder::State ChunkedDecoder::NextInSizeLine(char c) {
  switch (state_) {
    case State::kSizeStart:
    case State::kSize: {
      const int digit = HexValue(c);
      if (digit < 0) {
        return state_ == State::kSize ? AfterExtension(c) : State::kError;
      }
      if (remaining_ > kMaxSize >> 4) return State::kError;
      remaining_ = remaining_ << 4 | static_cast<uint64_t>(digit);
      return State::kSize;
    }
    case State::kBeforeExt:
      if (IsBlank(c)) return State::kBeforeExt;
      return c == ';' ? State::kExtNameStart : State::kError;
    case State::kExtNameStart:
      if (IsBlank(c)) return State::kExtNameStart;
      return IsByte(c, kTokenByte) ? State::kExtName : State::kError;
    case State::kExtName:
      if (IsByte(c, kTokenByte)) return State::kExtName;
      if (IsBlank(c)) return State::kAfterExtName;
      return c == '=' ? State::kExtValueStart : AfterExtension(c);
    case State::kAfterExtName:
      if (IsBlank(c)) return State::kAfterExtName;
      if (c == '=') return State::kExtValueStart;
      return c == ';' ? State::kExtNameStart : State::kError;
    case State::kExtValueStart:
      if (IsBlank(c)) return State::kExtValueStart;
      if (c == '"') return State::kExtQuoted;
      return IsByte(c, kTokenByte) ? State::kExtToken : State::kError;
    case State::kExtToken:
      return IsByte(c, kTokenByte) ? State::kExtToken : AfterExtension(c);
    case State::kExtQuoted:
      if (c == '"') return State::kExtQuoteEnd;
      if (c == '\\') return State::kExtEscaped;
      return IsByte(c, kQuotedByte) ? State::kExtQuoted : State::kError;
    case State::kExtEscaped:
      return IsByte(c, kValueByte) ? State::kExtQuoted : State::kError;
    default:  // kExtQuoteEnd
      return AfterExtension(c);
  }
}

// After a size or an extension. A blank here must lead to another extension:
// before CRLF it is malformed.
ChunkedDecoder::State ChunkedDecoder::AfterExtension(char c) {
  if (c == '\r') return State::kSizeLf;
  if (c == ';') return State::kExtNameStart;
  return IsBlank(c) ? State::kBeforeExt : State::kError;
}

ChunkedDecoder::State ChunkedDecoder::EndSizeLine() {
  const uint64_t fair = kFairFraming + 2 * remaining_;
  const uint64_t overhead = overhead_ + line_bytes_ + 4;  // Two CRLFs.
  overhead_ = overhead > fair ? overhead - fair : 0;
  line_bytes_ = 0;
  if (overhead_ > limits_.max_overhead) return State::kError;
  return remaining_ == 0 ? State::kTrailerStart : State::kData;
}

ChunkedDecoder::State ChunkedDecoder::NextInTrailer(char c) {
  switch (state_) {
    case State::kTrailerStart:
      if (c == '\r') return State::kLastLf;
      if (++trailer_fields_ > limits_.max_trailer_fields) return State::kError;
      return IsByte(c, kTokenByte) ? State::kTrailerName : State::kError;
    case State::kTrailerName:
      if (c == ':') return State::kTrailerValue;
      return IsByte(c, kTokenByte) ? State::kTrailerName : State::kError;
    case State::kTrailerValue:
      if (c == '\r') return State::kTrailerLf;
      return IsByte(c, kValueByte) ? State::kTrailerValue : State::kError;
    case State::kTrailerLf:
      return c == '\n' ? State::kTrailerStart : State::kError;
    default:  // kLastLf
      return c == '\n' ? State::kDone : State::kError;
  }
}

}  // namespace kingpin::http
