#include "apps/chinese_chess/terminal/game_text.h"

#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "apps/chinese_chess/rules/fen.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace chinese_chess {
namespace {

using ::testing::ElementsAre;
constexpr kingpin::MonotonicTime kNow{1'000'000'000};

TEST(GameText, Times) {
  EXPECT_EQ(ClockText(absl::Seconds(297)), "4:57");
  EXPECT_EQ(ClockText(absl::Milliseconds(9540)), "0:09.5");
  EXPECT_EQ(ClockText(absl::ZeroDuration()), "0:00.0");
}

GameModel Begin(std::string_view control, int red_ms) {
  GameModel game("g");
  const std::string text = absl::StrCat(
      R"({"t":"game","game":"g","v":1,"control":")", control,
      R"(","red":{"name":"Zhang","online":true,"left_ms":)", red_ms,
      R"(},"black":{"name":"Li","online":true,"left_ms":1200000},)",
      R"("turn_ms":15000,"clock":true,"fen":")", kStartFen,
      R"(","moves":[],"result":"*","reason":"none"})");
  const auto message = JsonObject::Parse(text);
  EXPECT_TRUE(message.ok()) << message.status();
  EXPECT_TRUE(game.Apply(*message, kNow).ok());
  return game;
}

TEST(GameText, ALimitOfTheMoveIsTold) {
  EXPECT_EQ(ClockLine(Begin("10+5", 585'000), kNow),
            "clock red 9:45 black 20:00, red to move");
  EXPECT_EQ(ClockLine(Begin("20/60/30", 1'185'000), kNow),
            "clock red 19:45 (0:45 for the move) black 20:00 (1:00 for the "
            "move), red to move");
  EXPECT_EQ(ClockLine(Begin("20/60/30", 0), kNow),
            "clock red 0:00.0 (0:15.0 for the move) black 20:00 (1:00 for the "
            "move), red to move");
}

TEST(GameText, MovesAreListedInPairs) {
  Game game;
  EXPECT_TRUE(MoveLines(game, Notation::kIccs).empty());
  for (const char* move : {"h2e2", "h9g7", "h0g2"}) {
    ASSERT_TRUE(game.Play(*ParseIccs(move)).ok());
  }
  EXPECT_THAT(MoveLines(game, Notation::kWxf),
              ElementsAre("1. C2=5 H8+7", "2. H2+3"));
}

TEST(GameText, OthersAreSeenAndNotObeyed) {
  EXPECT_EQ(Shown("a\x1b[2J\u009bm\n"), "a?[2J?m?");
  EXPECT_EQ(Shown("me\u202euoy\u2066\ufeff"), "me?uoy??");
  EXPECT_EQ(Shown("\xff炮"), "?炮");
  EXPECT_EQ(Shown("👩\u200d🚀"), "👩\u200d🚀");
}

}  // namespace
}  // namespace chinese_chess
