#include "kingpin/logger/escape.h"

#include <cstdint>
#include <cstring>
#include <string>

#include "absl/base/optimization.h"

namespace kingpin::log_internal {
namespace {

constexpr uint64_t kOnes = 0x0101010101010101;
constexpr uint64_t kHighBits = 0x8080808080808080;

bool IsPlain(unsigned char c) { return c >= 0x20 && c < 0x7f; }

// Whether each of 8 bytes is plain. Exact only if none is beyond ASCII; one that
// is makes it false by itself.
bool ArePlain(uint64_t bytes) {
  const uint64_t below_space = (bytes - kOnes * 0x20) & ~bytes;
  const uint64_t del = bytes ^ (kOnes * 0x7f);
  const uint64_t is_del = (del - kOnes) & ~del;
  return ((below_space | is_del | bytes) & kHighBits) == 0;
}

// Where the first byte stands that is not plain ASCII, or text.size().
size_t PlainSize(std::string_view text) {
  size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    uint64_t bytes;
    std::memcpy(&bytes, text.data() + at, sizeof(bytes));
    if (ABSL_PREDICT_FALSE(!ArePlain(bytes))) break;
  }
  while (at < text.size() && IsPlain(text[at])) ++at;
  return at;
}

bool IsContinuation(unsigned char c) { return (c & 0xc0) == 0x80; }

// Whether the valid sequence `text` may stand in a line.
bool MayStand(std::string_view text, Tabs tabs) {
  const unsigned char c = text[0];
  if (text.size() == 1) {
    return IsPlain(c) || (c == '\t' && tabs == Tabs::kKeep);
  }
  if (c == 0xc2) return static_cast<unsigned char>(text[1]) >= 0xa0;  // No C1.
  return !EndsOrReordersLines(text);
}

void AppendEscapes(std::string_view text, TextBuffer* out) {
  constexpr char kHex[] = "0123456789abcdef";
  for (const char c : text) {
    if (c == '\n') {
      out->Append("\\n");
      continue;
    }
    const unsigned char byte = static_cast<unsigned char>(c);
    const char escape[] = {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    out->Append({escape, sizeof(escape)});
  }
}

}  // namespace

size_t Utf8SequenceSize(std::string_view text) {
  const unsigned char first = text[0];
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const size_t size = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (text.size() < size) return 0;
  for (size_t i = 1; i < size; ++i) {
    if (!IsContinuation(text[i])) return 0;
  }
  const unsigned char second = text[1];
  if (first == 0xe0 && second < 0xa0) return 0;   // Could be shorter.
  if (first == 0xed && second >= 0xa0) return 0;  // A surrogate.
  if (first == 0xf0 && second < 0x90) return 0;   // Could be shorter.
  if (first == 0xf4 && second >= 0x90) return 0;  // Beyond U+10FFFF.
  return size;
}

bool EndsOrReordersLines(std::string_view text) {
  if (text.size() != 3 || text[0] != '\xe2') return false;
  const unsigned char last = text[2];
  return (text[1] == '\x80' && last >= 0xa8 && last <= 0xae) ||
         (text[1] == '\x81' && last >= 0xa6 && last <= 0xa9);
}

std::string_view CutText(std::string_view text, size_t size) {
  if (text.size() <= size) return text;
  // A sequence has three continuations at most. Where there are more it is not
  // UTF-8, and any place is as good.
  size_t end = size;
  while (end > 0 && size - end < 3 && IsContinuation(text[end])) --end;
  return text.substr(0, IsContinuation(text[end]) ? size : end);
}

void EscapeFrom(size_t begin, Tabs tabs, TextBuffer* text) {
  const size_t plain = PlainSize(text->view().substr(begin));
  if (ABSL_PREDICT_TRUE(begin + plain == text->size())) return;
  const std::string copy(text->view().substr(begin + plain));
  text->Truncate(begin + plain);
  AppendEscaped(copy, tabs, text);
}

std::string Printable(std::string_view text, Tabs tabs) {
  TextBuffer buffer;
  buffer.Append(text);
  EscapeFrom(0, tabs, &buffer);
  return std::string(buffer.view());
}

void AppendEscaped(std::string_view text, Tabs tabs, TextBuffer* out) {
  while (!text.empty()) {
    const size_t size = Utf8SequenceSize(text);
    const std::string_view piece = text.substr(0, size == 0 ? 1 : size);
    if (size > 0 && MayStand(piece, tabs)) {
      out->Append(piece);
    } else {
      AppendEscapes(piece, out);
    }
    text.remove_prefix(piece.size());
  }
}

}  // namespace kingpin::log_internal
