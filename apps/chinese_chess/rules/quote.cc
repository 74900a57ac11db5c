#include "apps/chinese_chess/rules/quote.h"

#include <cstddef>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "apps/chinese_chess/rules/utf8.h"

namespace chinese_chess {

std::string QuoteText(std::string_view text) {
  constexpr size_t kMost = 40;
  const bool cut = text.size() > kMost;
  if (cut) {
    size_t size = kMost;
    // Not within a character.
    while (size > 0 && (text[size] & 0xc0) == 0x80) --size;
    text = text.substr(0, size);
  }
  const std::string escaped =
      IsUtf8(text) ? absl::Utf8SafeCHexEscape(text) : absl::CHexEscape(text);
  return absl::StrCat("\"", escaped, cut ? "...\"" : "\"");
}

}  // namespace chinese_chess
