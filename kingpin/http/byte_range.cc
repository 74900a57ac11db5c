#include "kingpin/http/byte_range.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "absl/strings/match.h"
#include "kingpin/http/scan.h"

namespace kingpin::http {
namespace {

constexpr std::string_view kUnit = "bytes=";

using Kind = ByteRange::Kind;

ByteRange Whole(uint64_t size) { return {Kind::kWhole, 0, size}; }

// "-500"
ByteRange ResolveSuffix(std::string_view digits, uint64_t size) {
  const std::optional<uint64_t> suffix = ParseDigits(digits);
  if (!suffix.has_value()) return Whole(size);
  if (*suffix == 0) return {Kind::kUnsatisfiable, 0, 0};
  if (size == 0) return Whole(size);
  const uint64_t length = std::min(*suffix, size);
  return {Kind::kPartial, size - length, length};
}

// "500-" and "500-999"
ByteRange ResolveFirstLast(std::string_view first_digits,
                           std::string_view last_digits, uint64_t size) {
  const std::optional<uint64_t> first = ParseDigits(first_digits);
  const std::optional<uint64_t> last =
      last_digits.empty() ? UINT64_MAX : ParseDigits(last_digits);
  if (!first.has_value() || !last.has_value() || *last < *first) {
    return Whole(size);
  }
  if (*first >= size) return {Kind::kUnsatisfiable, 0, 0};
  const uint64_t end = std::min(*last, size - 1) + 1;
  return {Kind::kPartial, *first, end - *first};
}

}  // namespace

ByteRange ResolveByteRange(std::string_view value, uint64_t size) {
  if (!absl::StartsWithIgnoreCase(value, kUnit)) return Whole(size);
  const std::string_view range = value.substr(kUnit.size());
  const size_t dash = range.find('-');
  if (dash == std::string_view::npos) return Whole(size);
  const std::string_view last = range.substr(dash + 1);
  // A comma, that is a second range, is no digit: malformed and ignored alike.
  if (dash == 0) return ResolveSuffix(last, size);
  return ResolveFirstLast(range.substr(0, dash), last, size);
}

std::string_view WriteContentRange(const ByteRange& range, uint64_t size,
                                   std::span<char, kContentRangeSize> out) {
  char* const end = out.data() + out.size();
  char* p = std::copy_n("bytes ", 6, out.data());
  if (range.length == 0) {
    *p++ = '*';
  } else {
    p = std::to_chars(p, end, range.offset).ptr;
    *p++ = '-';
    p = std::to_chars(p, end, range.offset + range.length - 1).ptr;
  }
  *p++ = '/';
  p = std::to_chars(p, end, size).ptr;
  return {out.data(), static_cast<size_t>(p - out.data())};
}

}  // namespace kingpin::http
