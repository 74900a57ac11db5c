#include "apps/chinese_chess/terminal/board_view.h"

#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "apps/chinese_chess/rules/utf8.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace chinese_chess {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::vector<std::string> Lines(const BoardStyle& style) {
  return absl::StrSplit(DrawBoard(Position(), style), '\n');
}

// Columns on a terminal: Chinese characters take two.
int Width(std::string_view line) {
  int width = 0;
  while (!line.empty()) width += *TakeUtf8(&line) >= 0x2e80 ? 2 : 1;
  return width;
}

TEST(DrawBoard, LettersAreAscii) {
  const auto lines = Lines({.letters = true});
  EXPECT_EQ(lines[1], "9   r---n---b---a---k---a---b---n---r");
  EXPECT_EQ(lines[19], "0   R---N---B---A---K---A---B---N---R");
  for (const std::string& line : lines) {
    for (char c : line) EXPECT_TRUE(c >= ' ' && c <= '~') << line;
  }
}

TEST(DrawBoard, CharactersStayInTheirColumns) {
  const auto lines = Lines({});
  EXPECT_EQ(lines[1], "9   车──马──象──士──将──士──象──马──车");
  for (size_t i = 1; i <= 19; ++i) {
    // A piece on the last file takes one more.
    EXPECT_THAT(Width(lines[i]), ::testing::AnyOf(37, 38)) << lines[i];
  }
  EXPECT_THAT(Lines({.traditional = true})[19], HasSubstr("俥"));
}

TEST(DrawBoard, FlippedBlackIsBelow) {
  const auto lines = Lines({.letters = true, .flipped = true});
  EXPECT_EQ(lines[19], "9   r---n---b---a---k---a---b---n---r");
  EXPECT_THAT(lines[21], HasSubstr("i   h   g"));
}

TEST(DrawBoard, TheLastMoveIsShown) {
  Position position;
  const Move move = *ParseIccs("h2e2");
  position.Make(move);
  EXPECT_THAT(DrawBoard(position, {.letters = true, .last = move}),
              HasSubstr("--[C]--"));
  const std::string colored =
      DrawBoard(position, {.letters = true, .color = true, .last = move});
  EXPECT_THAT(colored, HasSubstr("\033[7m\033[1;31mC\033[0m"));
  EXPECT_THAT(colored, Not(HasSubstr("[C]")));
}

}  // namespace
}  // namespace chinese_chess
