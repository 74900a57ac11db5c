#include "kingpin/http/utf8_validator.h"

#include <cstddef>
#include <cstring>

namespace kingpin::http {
namespace {

constexpr uint64_t kHighBits = 0x8080808080808080;

// The first byte at or after `p` that is not ASCII, or `end`.
const char* SkipAscii(const char* p, const char* end) {
  for (; end - p >= 8; p += 8) {
    uint64_t word;
    std::memcpy(&word, p, sizeof(word));
    if ((word & kHighBits) != 0) break;
  }
  while (p != end && static_cast<uint8_t>(*p) < 0x80) ++p;
  return p;
}

}  // namespace

// RFC 3629 section 4: only the second byte of a character has bounds of its own.
bool Utf8Validator::Begin(uint8_t lead) {
  low_ = 0x80;
  high_ = 0xbf;
  if (lead >= 0xc2 && lead <= 0xdf) {
    missing_ = 1;
  } else if (lead >= 0xe0 && lead <= 0xef) {
    missing_ = 2;
    if (lead == 0xe0) low_ = 0xa0;   // Below: overlong.
    if (lead == 0xed) high_ = 0x9f;  // Above: surrogates.
  } else if (lead >= 0xf0 && lead <= 0xf4) {
    missing_ = 3;
    if (lead == 0xf0) low_ = 0x90;   // Below: overlong.
    if (lead == 0xf4) high_ = 0x8f;  // Above: no character.
  } else {
    return false;
  }
  return true;
}

bool Utf8Validator::Feed(std::string_view piece) {
  const char* p = piece.data();
  const char* const end = p + piece.size();
  while (p != end) {
    if (missing_ == 0) {
      p = SkipAscii(p, end);
      if (p == end) return true;
      if (!Begin(static_cast<uint8_t>(*p++))) return false;
      continue;
    }
    const uint8_t byte = static_cast<uint8_t>(*p++);
    if (byte < low_ || byte > high_) return false;
    --missing_;
    low_ = 0x80;
    high_ = 0xbf;
  }
  return true;
}

}  // namespace kingpin::http
