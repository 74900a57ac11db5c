// Byte classes and scanners that the parsers of this package share.
//
// Everything here is a pure function of its arguments and safe to call from any
// thread. Grammar names are those of RFC 9110 section 5 and RFC 3986 section 2.

#ifndef KINGPIN_HTTP_SCAN_H_
#define KINGPIN_HTTP_SCAN_H_

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

namespace kingpin::http {

enum ByteClass : uint8_t {
  kTokenByte = 1 << 0,       // tchar
  kValueByte = 1 << 1,       // field-value: HTAB, SP, VCHAR, obs-text
  kTargetByte = 1 << 2,      // what a request target may hold, see below
  kHostByte = 1 << 3,        // reg-name, less "%" and ","
  kUnreservedByte = 1 << 4,  // RFC 3986 unreserved
  kEtagByte = 1 << 5,        // etagc
  kQuotedByte = 1 << 6,      // qdtext
};

namespace scan_internal {

constexpr uint8_t ClassesOf(int c) {
  const bool alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                     (c >= 'a' && c <= 'z');
  const auto is_in = [c](std::string_view set) {
    return c != 0 && set.find(static_cast<char>(c)) != std::string_view::npos;
  };
  const bool visible = c > 0x20 && c < 0x7f;
  const bool obs_text = c >= 0x80;
  const bool blank = c == ' ' || c == '\t';
  int classes = 0;
  if (alnum || is_in("!#$%&'*+-.^_`|~")) classes |= kTokenByte;
  if (visible || obs_text || blank) classes |= kValueByte;
  // Browsers send \ ^ ` { | } [ ] raw somewhere in a URL, and the WHATWG URL
  // standard lets them; they never send these four, nor anything beyond ASCII.
  if (visible && !is_in("#\"<>")) classes |= kTargetByte;
  if (alnum || is_in("-._~!$&'()*+;=")) classes |= kHostByte;
  if (alnum || is_in("-._~")) classes |= kUnreservedByte;
  if ((visible || obs_text) && c != '"') classes |= kEtagByte;
  if ((visible || obs_text || blank) && !is_in("\"\\")) classes |= kQuotedByte;
  return static_cast<uint8_t>(classes);
}

inline constexpr std::array<uint8_t, 256> kClasses = [] {
  std::array<uint8_t, 256> table{};
  for (int c = 0; c < 256; ++c) table[c] = ClassesOf(c);
  return table;
}();

}  // namespace scan_internal

constexpr bool IsByte(char c, ByteClass byte_class) {
  return (scan_internal::kClasses[static_cast<uint8_t>(c)] & byte_class) != 0;
}

constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }

constexpr bool IsBlank(char c) { return c == ' ' || c == '\t'; }

// The value of a hexadecimal digit, -1 for any other byte.
constexpr int HexValue(char c) {
  if (IsDigit(c)) return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// Returns the first position in [p, end) whose byte is not of the class, or
// `end`.
inline const char* SkipBytes(const char* p, const char* end,
                             ByteClass byte_class) {
  // Four bytes for each look at the end: names and targets are short and many.
  for (; end - p >= 4; p += 4) {
    if (!IsByte(p[0], byte_class)) return p;
    if (!IsByte(p[1], byte_class)) return p + 1;
    if (!IsByte(p[2], byte_class)) return p + 2;
    if (!IsByte(p[3], byte_class)) return p + 3;
  }
  while (p != end && IsByte(*p, byte_class)) ++p;
  return p;
}

#if defined(__SSE2__)
// One bit for each byte that no value may hold: controls but HTAB, and DEL.
inline unsigned NotValueMask(__m128i bytes) {
  const __m128i control =
      _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
  const __m128i tab = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\t'));
  const __m128i del = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f));
  return static_cast<unsigned>(
      _mm_movemask_epi8(_mm_or_si128(_mm_andnot_si128(tab, control), del)));
}
#endif

// SkipBytes(p, end, kValueByte), sixteen bytes a step: values are most of a
// head.
inline const char* SkipValue(const char* p, const char* end) {
#if defined(__SSE2__)
  for (; end - p >= 16; p += 16) {
    const unsigned mask =
        NotValueMask(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
    if (mask != 0) return p + __builtin_ctz(mask);
  }
  if (end - p >= 8) {
    const unsigned mask =
        NotValueMask(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))) &
        0xff;
    if (mask != 0) return p + __builtin_ctz(mask);
    p += 8;
  }
#endif
  return SkipBytes(p, end, kValueByte);
}

// Drops blanks (OWS) at both ends.
constexpr std::string_view TrimBlanks(std::string_view text) {
  while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsBlank(text.back())) text.remove_suffix(1);
  return text;
}

// Takes the element before the next comma from the front of `list`, trimmed.
constexpr std::string_view TakeElement(std::string_view* list) {
  const size_t comma = std::min(list->find(','), list->size());
  const std::string_view element = TrimBlanks(list->substr(0, comma));
  list->remove_prefix(std::min(comma + 1, list->size()));
  return element;
}

// Reads 1*DIGIT and nothing else: no sign, no blank, not empty. A number that
// does not fit gives the largest uint64_t, so compare before adding to it.
constexpr std::optional<uint64_t> ParseDigits(std::string_view text) {
  if (text.empty()) return std::nullopt;
  constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();
  uint64_t number = 0;
  for (const char c : text) {
    if (!IsDigit(c)) return std::nullopt;
    const uint64_t digit = static_cast<uint64_t>(c - '0');
    number = number > (kMax - digit) / 10 ? kMax : number * 10 + digit;
  }
  return number;
}

}  // namespace kingpin::http

#endif  // KINGPIN_HTTP_SCAN_H_
