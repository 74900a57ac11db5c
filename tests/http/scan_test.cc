#include "kingpin/http/scan.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace kingpin::http {
namespace {

TEST(ScanTest, ClassesAreThoseOfTheGrammar) {
  for (int i = 0; i < 256; ++i) {
    const char c = static_cast<char>(i);
    const bool alnum = (i >= '0' && i <= '9') || (i >= 'A' && i <= 'Z') ||
                       (i >= 'a' && i <= 'z');
    const bool vchar = i > 0x20 && i < 0x7f;
    EXPECT_EQ(IsByte(c, kValueByte), i == '\t' || (i >= 0x20 && i != 0x7f))
        << i;
    EXPECT_EQ(IsByte(c, kEtagByte), (vchar && c != '"') || i >= 0x80) << i;
    if (alnum) {
      EXPECT_TRUE(IsByte(c, kTokenByte)) << i;
    }
    if (IsByte(c, kTokenByte)) {
      EXPECT_TRUE(vchar && std::string_view("()<>@,;:\\\"/[]?={}").find(c) ==
                               std::string_view::npos)
          << i;
    }
  }
}

TEST(ScanTest, SkipValueFindsEveryBadByteAtEveryOffset) {
  for (size_t size = 0; size < 40; ++size) {
    for (size_t at = 0; at < size; ++at) {
      for (int i = 0; i < 256; ++i) {
        std::string text(size, 'v');
        text[at] = static_cast<char>(i);
        const char* end = text.data() + text.size();
        ASSERT_EQ(SkipValue(text.data(), end),
                  SkipBytes(text.data(), end, kValueByte))
            << size << " " << at << " " << i;
      }
    }
  }
}

TEST(ScanTest, ParsesDigitsOnly) {
  EXPECT_EQ(ParseDigits("0"), 0u);
  EXPECT_EQ(ParseDigits("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(ParseDigits("18446744073709551614"), UINT64_MAX - 1);
  EXPECT_EQ(ParseDigits("18446744073709551616"), UINT64_MAX);
  EXPECT_EQ(ParseDigits("99999999999999999999999990"), UINT64_MAX);
  for (const std::string_view bad : {"", "+1", "-1", " 1", "1 ", "1a", "0x1"}) {
    EXPECT_EQ(ParseDigits(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace kingpin::http
