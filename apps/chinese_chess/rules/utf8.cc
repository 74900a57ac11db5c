#include "apps/chinese_chess/rules/utf8.h"

#include <cstddef>

namespace chinese_chess {
namespace {

// The bytes of a character by its first, and the least that may take so many.
struct Lead {
  size_t size;
  char32_t bits;
  char32_t least;
};

std::optional<Lead> ReadLead(unsigned char byte) {
  if (byte < 0x80) return Lead{1, byte, 0};
  if (byte >= 0xc2 && byte < 0xe0) return Lead{2, byte & 0x1fu, 0x80};
  if (byte >= 0xe0 && byte < 0xf0) return Lead{3, byte & 0x0fu, 0x800};
  if (byte >= 0xf0 && byte < 0xf5) return Lead{4, byte & 0x07u, 0x10000};
  return std::nullopt;
}

}  // namespace

std::optional<char32_t> TakeUtf8(std::string_view* text) {
  const std::string_view bytes = *text;
  text->remove_prefix(1);
  const std::optional<Lead> lead =
      ReadLead(static_cast<unsigned char>(bytes[0]));
  if (!lead.has_value() || bytes.size() < lead->size) return std::nullopt;
  char32_t character = lead->bits;
  for (size_t i = 1; i < lead->size; ++i) {
    const unsigned char byte = static_cast<unsigned char>(bytes[i]);
    if ((byte & 0xc0) != 0x80) return std::nullopt;
    character = character << 6 | (byte & 0x3fu);
  }
  const bool is_surrogate = character >= 0xd800 && character < 0xe000;
  if (character < lead->least || character > 0x10ffff || is_surrogate) {
    return std::nullopt;
  }
  text->remove_prefix(lead->size - 1);
  return character;
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    if (!TakeUtf8(&text).has_value()) return false;
  }
  return true;
}

void AppendUtf8(char32_t character, std::string* text) {
  const auto add = [text](char32_t byte) {
    text->push_back(static_cast<char>(byte));
  };
  if (character < 0x80) return add(character);
  if (character < 0x800) {
    add(0xc0 | character >> 6);
  } else if (character < 0x10000) {
    add(0xe0 | character >> 12);
    add(0x80 | (character >> 6 & 0x3f));
  } else {
    add(0xf0 | character >> 18);
    add(0x80 | (character >> 12 & 0x3f));
    add(0x80 | (character >> 6 & 0x3f));
  }
  add(0x80 | (character & 0x3f));
}

}  // namespace chinese_chess
