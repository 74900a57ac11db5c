#include "kingpin/http/framing_fields.h"

#include <limits>
#include <optional>

#include "absl/strings/match.h"
#include "kingpin/http/scan.h"

namespace kingpin::http {

bool FramingFields::AddContentLength(std::string_view value) {
  constexpr uint64_t kMaxLength = std::numeric_limits<int64_t>::max();
  const std::optional<uint64_t> length = ParseDigits(value);
  if (has_content_length || !length.has_value() || *length > kMaxLength) {
    return false;
  }
  has_content_length = true;
  content_length = *length;
  return true;
}

bool FramingFields::AddRepeatedContentLength(std::string_view list) {
  bool last = false;
  do {
    last = list.find(',') == std::string_view::npos;
    const bool had = has_content_length;
    const uint64_t before = content_length;
    has_content_length = false;
    if (!AddContentLength(TakeElement(&list))) return false;
    if (had && before != content_length) return false;
  } while (!last);
  return true;
}

bool FramingFields::AddTransferEncoding(std::string_view list) {
  has_transfer_encoding = true;
  bool last = false;
  do {
    last = list.find(',') == std::string_view::npos;
    const std::string_view coding = TakeElement(&list);
    const char* end = coding.data() + coding.size();
    const char* name_end = SkipBytes(coding.data(), end, kTokenByte);
    const size_t name_size = name_end - coding.data();
    if (chunked || name_size == 0) return false;
    chunked = absl::EqualsIgnoreCase(coding.substr(0, name_size), "chunked");
    unknown_coding |= !chunked;
    // Parameters: "chunked" has none, those of unknown codings do not matter.
    if (name_end == end) continue;
    if (chunked || (*name_end != ';' && !IsBlank(*name_end))) return false;
  } while (!last);
  return true;
}

void FramingFields::AddConnection(std::string_view list) {
  while (!list.empty()) {
    const std::string_view option = TakeElement(&list);
    close |= absl::EqualsIgnoreCase(option, "close");
    keep_alive |= absl::EqualsIgnoreCase(option, "keep-alive");
  }
}

// Member by member: `*this = {}` may be written in other words than it is read
// in, which stalls.
void FramingFields::Clear() {
  content_length = 0;
  has_content_length = has_transfer_encoding = false;
  chunked = unknown_coding = false;
  close = keep_alive = false;
}

}  // namespace kingpin::http
