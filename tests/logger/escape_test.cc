#include "kingpin/logger/escape.h"

#include <algorithm>
#include <cstddef>
#include <random>
#include <string>
#include <string_view>

#include "gtest/gtest.h"
#include "kingpin/logger/text_buffer.h"

namespace kingpin::log_internal {
namespace {

std::string Escape(std::string_view text, Tabs tabs = Tabs::kEscape) {
  InlineTextBuffer<16> buffer;
  buffer.Append("\n");  // In front of what is escaped.
  buffer.Append(text);
  EscapeFrom(1, tabs, &buffer);
  return std::string(buffer.view().substr(1));
}

TEST(Escape, LeavesTextAlone) {
  for (const char* text :
       {"", "a", "plain text of more than eight bytes ~", "\\", "\xc3\xa9",
        "\xc2\xa0", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xef\xbf\xbf",
        "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf", "\xee\x80\x80",
        "12345678\xc3\xa9"
        "12345678"}) {
    EXPECT_EQ(Escape(text), text);
  }
}

TEST(Escape, ShowsControlCharacters) {
  EXPECT_EQ(Escape("a\nb\rc\td\x1b[31m\x7f"),
            "a\\nb\\x0dc\\x09d\\x1b[31m\\x7f");
  EXPECT_EQ(Escape(std::string_view("\0", 1)), "\\x00");
  EXPECT_EQ(Escape("\xc2\x80\xc2\x9b\xc2\x9f"),
            "\\xc2\\x80\\xc2\\x9b\\xc2\\x9f");
  EXPECT_EQ(Escape("\xe2\x80\xa8|\xe2\x80\xa9|\xe2\x80\xa7"),
            "\\xe2\\x80\\xa8|\\xe2\\x80\\xa9|\xe2\x80\xa7");
  // What turns text around.
  EXPECT_EQ(Escape("\xe2\x80\xaa|\xe2\x80\xae|\xe2\x80\xaf"),
            "\\xe2\\x80\\xaa|\\xe2\\x80\\xae|\xe2\x80\xaf");
  EXPECT_EQ(Escape("\xe2\x81\xa5|\xe2\x81\xa6|\xe2\x81\xa9|\xe2\x81\xaa"),
            "\xe2\x81\xa5|\\xe2\\x81\\xa6|\\xe2\\x81\\xa9|\xe2\x81\xaa");
}

TEST(Escape, KeepsTabsIfTold) {
  EXPECT_EQ(Escape("a\tb\n", Tabs::kKeep), "a\tb\\n");
}

TEST(Escape, ShowsWhatIsNotUtf8) {
  EXPECT_EQ(Escape("\x80"), "\\x80");                    // Continues nothing.
  EXPECT_EQ(Escape("\xc3"), "\\xc3");                    // Cut.
  EXPECT_EQ(Escape("\xe2\x82"), "\\xe2\\x82");           // Cut.
  EXPECT_EQ(Escape("\xc3(\xff"), "\\xc3(\\xff");         // Not continued.
  EXPECT_EQ(Escape("\xc0\xaf"), "\\xc0\\xaf");           // Overlong.
  EXPECT_EQ(Escape("\xe0\x80\x8a"), "\\xe0\\x80\\x8a");  // Overlong.
  EXPECT_EQ(Escape("\xf0\x80\x80\x8a"), "\\xf0\\x80\\x80\\x8a");  // Overlong.
  EXPECT_EQ(Escape("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // A surrogate.
  EXPECT_EQ(Escape("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // Too large.
  EXPECT_EQ(Escape("\xf5\x80\x80\x80"), "\\xf5\\x80\\x80\\x80");  // Too large.
}

TEST(CutText, EndsInsideNoCharacter) {
  const std::string_view euros = "\xe2\x82\xac\xe2\x82\xac";
  for (size_t size = 0; size <= 7; ++size) {
    EXPECT_EQ(CutText(euros, size).size(),
              std::min(size / 3 * 3, euros.size()));
  }
  EXPECT_EQ(CutText("\xf0\x9f\x98\x80", 3), "");
  EXPECT_EQ(CutText("ab\xc3\xa9", 3), "ab");
  EXPECT_EQ(CutText("abc", 2), "ab");
}

TEST(CutText, OfWhatIsNoUtf8AnyPlaceIsAsGood) {
  const std::string continuations(10, '\x80');
  for (size_t size = 0; size <= 10; ++size) {
    // One of the first three may be the middle of a character.
    EXPECT_LE(size - CutText(continuations, size).size(), size < 3 ? 2 : 0);
  }
  EXPECT_EQ(CutText("\xff\x80\x80\x80\x80\x80", 5).size(), 5);
}

TEST(Escape, FindsEachByteAtEachPlace) {
  for (int byte = 0; byte < 256; ++byte) {
    const bool plain = byte >= 0x20 && byte < 0x7f;
    for (size_t at = 0; at < 24; ++at) {
      std::string text(24, 'x');
      text[at] = static_cast<char>(byte);
      EXPECT_EQ(Escape(text) == text, plain) << byte << " at " << at;
    }
  }
}

// Whatever goes in, what comes out is one line of valid UTF-8 without controls, and
// escaping it again changes nothing.
TEST(Escape, AnyBytesBecomeOneLine) {
  std::minstd_rand random(1);
  for (int round = 0; round < 20000; ++round) {
    std::string text(random() % 20, '\0');
    for (char& c : text) c = static_cast<char>(random());
    const std::string line = Escape(text);
    EXPECT_EQ(Escape(line), line);
    EXPECT_EQ(line.find('\n'), line.npos);
  }
}

}  // namespace
}  // namespace kingpin::log_internal
