#include "kingpin/http/websocket_mask.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "absl/types/span.h"

namespace kingpin::http {
namespace {

constexpr char kKey[4] = {'\x37', '\xfa', '\x21', '\x3d'};

uint32_t Key() {
  uint32_t key;
  std::memcpy(&key, kKey, sizeof(key));
  return key;
}

std::string OneByOne(std::string text) {
  for (size_t i = 0; i < text.size(); ++i) text[i] ^= kKey[i % 4];
  return text;
}

TEST(WebSocketMaskTest, IsWhatTheRfcShows) {
  // Section 5.7: a masked "Hello".
  std::string text = "\x7f\x9f\x4d\x51\x58";
  MaskWebSocket(absl::MakeSpan(text), Key());
  EXPECT_EQ(text, "Hello");
}

TEST(WebSocketMaskTest, EverySizeAtEveryAlignment) {
  for (size_t size = 0; size < 150; ++size) {
    for (size_t offset = 0; offset < 9; ++offset) {
      std::string text(size + 16, 'x');
      for (size_t i = 0; i < size; ++i) text[offset + i] = char('a' + i % 26);
      std::string expected = text;
      expected.replace(offset, size, OneByOne(text.substr(offset, size)));
      MaskWebSocket(absl::MakeSpan(text).subspan(offset, size), Key());
      ASSERT_EQ(text, expected) << size << " at " << offset;
    }
  }
}

TEST(WebSocketMaskTest, GoesOnWhereAPieceHasEnded) {
  const std::string all(100, 'q');
  for (size_t cut = 0; cut <= all.size(); ++cut) {
    std::string text = all;
    const absl::Span<char> bytes = absl::MakeSpan(text);
    const uint32_t key = MaskWebSocket(bytes.subspan(0, cut), Key());
    MaskWebSocket(bytes.subspan(cut), key);
    ASSERT_EQ(text, OneByOne(all)) << cut;
  }
}

TEST(WebSocketMaskTest, TwiceIsNothing) {
  std::string text = "a message of some length, longer than a block of it";
  const std::string before = text;
  MaskWebSocket(absl::MakeSpan(text), Key());
  EXPECT_NE(text, before);
  MaskWebSocket(absl::MakeSpan(text), Key());
  EXPECT_EQ(text, before);
}

}  // namespace
}  // namespace kingpin::http
