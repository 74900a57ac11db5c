#include "kingpin/http/utf8_validator.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace kingpin::http {
namespace {

// The encoding that RFC 3629 section 3 gives in its table.
std::string Encode(uint32_t c) {
  const auto byte = [](uint32_t bits) { return static_cast<char>(bits); };
  if (c < 0x80) return {byte(c)};
  if (c < 0x800) return {byte(0xc0 | c >> 6), byte(0x80 | (c & 0x3f))};
  if (c < 0x10000) {
    return {byte(0xe0 | c >> 12), byte(0x80 | (c >> 6 & 0x3f)),
            byte(0x80 | (c & 0x3f))};
  }
  return {byte(0xf0 | c >> 18), byte(0x80 | (c >> 12 & 0x3f)),
          byte(0x80 | (c >> 6 & 0x3f)), byte(0x80 | (c & 0x3f))};
}

TEST(Utf8ValidatorTest, TakesEveryCharacterAndNoSurrogate) {
  for (uint32_t c = 0; c <= 0x10ffff; ++c) {
    const bool surrogate = c >= 0xd800 && c <= 0xdfff;
    ASSERT_EQ(IsUtf8(Encode(c)), !surrogate) << std::hex << c;
  }
  EXPECT_FALSE(IsUtf8(Encode(0x110000)));
}

TEST(Utf8ValidatorTest, EveryPairOfBytesIsJudgedByTheGrammar) {
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) {
      const std::string text = {static_cast<char>(a), static_cast<char>(b)};
      const bool two_ascii = a < 0x80 && b < 0x80;
      const bool one_character =
          a >= 0xc2 && a <= 0xdf && b >= 0x80 && b <= 0xbf;
      ASSERT_EQ(IsUtf8(text), two_ascii || one_character) << a << " " << b;
    }
  }
}

TEST(Utf8ValidatorTest, FailsAtTheFirstByteThatCannotBe) {
  struct Case {
    std::string_view text;
    size_t good;  // Bytes before the one that is wrong.
  };
  for (const Case& c :
       {Case{"abc\x80", 3}, Case{"\xc0\xaf", 0}, Case{"\xe0\x80\xaf", 1},
        Case{"\xed\xa0\x80", 1}, Case{"\xf0\x8f\xbf\xbf", 1},
        Case{"\xf4\x90\x80\x80", 1}, Case{"\xf5\x80", 0}, Case{"\xff", 0},
        Case{"\xe4\xb8x", 2}, Case{"12345678\xf0\x9f\x80(", 11}}) {
    Utf8Validator validator;
    for (size_t i = 0; i < c.text.size(); ++i) {
      const bool ok = validator.Feed(c.text.substr(i, 1));
      ASSERT_EQ(ok, i < c.good) << c.text << " at " << i;
      if (!ok) break;
    }
    EXPECT_FALSE(IsUtf8(c.text));
  }
}

TEST(Utf8ValidatorTest, ACutAnywhereMakesNoDifference) {
  const std::string text =
      "ASCII text, \xc3\xa9, \xe4\xb8\xad\xe5\x9b\xbd "
      "\xe8\xb1\xa1\xe6\xa3\x8b, \xf0\x9f\x80\x84 and more";
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    Utf8Validator validator;
    EXPECT_TRUE(validator.Feed(std::string_view(text).substr(0, cut)));
    EXPECT_TRUE(validator.Feed(std::string_view(text).substr(cut)));
    EXPECT_TRUE(validator.complete());
  }
}

TEST(Utf8ValidatorTest, AnUnfinishedCharacterIsNotComplete) {
  Utf8Validator validator;
  EXPECT_TRUE(validator.Feed("x\xe4\xb8"));
  EXPECT_FALSE(validator.complete());
  EXPECT_TRUE(validator.Feed("\xad"));
  EXPECT_TRUE(validator.complete());
}

}  // namespace
}  // namespace kingpin::http
