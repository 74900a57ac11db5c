// The Range field of a GET, resolved against a representation (RFC 9110
// section 14).
//
// Pure, allocates nothing, safe from any thread; 64 bits all the way.
//
//   ByteRange range = ResolveByteRange("bytes=-500", /*size=*/10'000);
//   // range.kind == ByteRange::Kind::kPartial, offset 9500, length 500
//   char text[kContentRangeSize];
//   WriteContentRange(range, 10'000, text);   // "bytes 9500-9999/10000"
//
// Decisions where the RFC leaves a choice:
// - a unit other than bytes, a malformed value, last before first: kWhole, the
//   field is ignored (14.2 allows it; the client sees 200 and what it means);
// - more than one range: kWhole for now;
// - a suffix of a representation of size 0: kWhole, for there is no byte to
//   name in Content-Range, and the answer "nothing" is right;
// - numbers beyond 64 bits are just very large: "bytes=0-99999999999999999999"
//   reaches to the end, and such a first byte is past it.
#ifndef KINGPIN_HTTP_BYTE_RANGE_H_
#define KINGPIN_HTTP_BYTE_RANGE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace kingpin::http {

struct ByteRange {
  enum class Kind : uint8_t {
    kWhole,          // 200 with everything: offset 0, length `size`.
    kPartial,        // 206 with a Content-Range; length is not 0.
    kUnsatisfiable,  // 416 with a Content-Range; length 0.
  };
  Kind kind = Kind::kWhole;
  uint64_t offset = 0;
  uint64_t length = 0;  // offset + length <= size
};

// `value` is the value of the Range field, without blanks around it. Whether
// the field counts at all (GET only, If-Range) is decided in conditional.h.
ByteRange ResolveByteRange(std::string_view value, uint64_t size);

// Three numbers of 20 digits and what stands between them.
inline constexpr size_t kContentRangeSize = 69;

// Writes the value of Content-Range, "bytes 0-4/10" or "bytes */10" if the
// range is unsatisfiable, and returns what was written. Not for kWhole of a
// size of 0.
std::string_view WriteContentRange(const ByteRange& range, uint64_t size,
                                   std::span<char, kContentRangeSize> out);

}  // namespace kingpin::http

#endif  // KINGPIN_HTTP_BYTE_RANGE_H_
