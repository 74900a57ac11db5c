#include "apps/chinese_chess/bot/level.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <string>

#include "apps/chinese_chess/rules/fen.h"
#include "apps/chinese_chess/rules/movegen.h"
#include "apps/chinese_chess/rules/outcome.h"

namespace chinese_chess::bot {
namespace {

constexpr size_t kTableBytes = 1 << 20;

// Points of `first`, two for a win, in games with alternating colours.
int Match(int first, int second, int games) {
  Searcher searcher(kTableBytes);
  int points = 0;
  for (int i = 0; i < games; ++i) {
    const Color color = i % 2 == 0 ? Color::kRed : Color::kBlack;
    Game game;
    while (!game.outcome().over()) {
      searcher.Forget();
      const int level = game.position().turn() == color ? first : second;
      const BotMove move = ChooseMove(
          LevelOf(level), game, {.seed = static_cast<uint64_t>(i)}, &searcher);
      EXPECT_TRUE(game.Play(move.move).ok());
    }
    const Result result = game.outcome().result;
    points += result == Result::kDraw                                  ? 1
              : (result == Result::kRedWins) == (color == Color::kRed) ? 2
                                                                       : 0;
  }
  return points;
}

TEST(LevelTest, TheWeakestLosesToTheThird) { EXPECT_LE(Match(1, 3, 6), 2); }

TEST(LevelTest, TheDefaultIsEasyButNotTheEasiest) {
  EXPECT_GE(Match(kDefaultLevel, 1, 6), 9);
  EXPECT_LE(kDefaultLevel, 3);
}

TEST(LevelTest, NumbersBeyondTheEndsAreTheEnds) {
  EXPECT_EQ(LevelOf(-3).number, 1);
  EXPECT_EQ(LevelOf(99).number, kLevels);
  int number = 0;
  for (const Level& level : Levels()) EXPECT_EQ(level.number, ++number);
  EXPECT_EQ(number, kLevels);
  EXPECT_GE(kLevels, 6);
}

TEST(LevelTest, TheSeedDecides) {
  for (const Level& level : Levels()) {
    Searcher first(kTableBytes);
    Searcher second(kTableBytes);
    const BotOptions options{.seed = 17, .nodes = 5'000};
    const BotMove a = ChooseMove(level, Game(), options, &first);
    const BotMove b = ChooseMove(level, Game(), options, &second);
    EXPECT_EQ(a.move, b.move) << level.number;
    EXPECT_EQ(a.score, b.score) << level.number;
  }
}

TEST(LevelTest, SeedsVaryTheOpeningOfEveryLevel) {
  for (const Level& level : Levels()) {
    Searcher searcher(kTableBytes);
    std::set<std::string> openings;
    for (uint64_t seed = 0; seed < 12; ++seed) {
      const BotMove move =
          ChooseMove(level, Game(), {.seed = seed, .nodes = 5'000}, &searcher);
      openings.insert(FormatIccs(move.move));
    }
    EXPECT_GE(openings.size(), 2u) << level.number;
  }
}

TEST(LevelTest, NoLevelPlaysWhenThereIsNoMove) {
  const Game mated(*ParseFen("3aka3/9/9/9/9/4C4/9/4C4/9/3K5 b"));
  for (const Level& level : Levels()) {
    Searcher searcher(kTableBytes);
    EXPECT_EQ(ChooseMove(level, mated, {}, &searcher).move, kNoMove);
  }
}

TEST(LevelTest, NoLevelPlaysAnExcludedMove) {
  const Game game;
  MoveList moves;
  GenerateLegalMoves(game.position(), &moves);
  for (const Level& level : Levels()) {
    Searcher searcher(kTableBytes);
    BotOptions options{.nodes = 1'000,
                       .excluded = {moves.begin() + 1, moves.end()}};
    EXPECT_EQ(ChooseMove(level, game, options, &searcher).move, moves[0]);
    options.excluded.push_back(moves[0]);
    EXPECT_EQ(ChooseMove(level, game, options, &searcher).move, kNoMove);
  }
}

TEST(LevelTest, PlaysOnWhenARuleHasEndedTheGame) {
  const Game drawn(*ParseFen("3ak4/9/9/9/9/9/9/9/9/3K1A3 w"));
  ASSERT_TRUE(drawn.outcome().over());
  for (const Level& level : Levels()) {
    Searcher searcher(kTableBytes);
    const BotMove move = ChooseMove(level, drawn, {.nodes = 1'000}, &searcher);
    EXPECT_TRUE(IsLegal(drawn.position(), move.move)) << level.number;
  }
}

TEST(LevelTest, AMateThatIsNoticedIsPlayed) {
  const Game game(*ParseFen("3aka3/9/9/9/9/4C4/9/1C7/9/3K5 w"));
  Searcher searcher(kTableBytes);
  for (int number = 6; number <= kLevels; ++number) {
    const BotMove move = ChooseMove(LevelOf(number), game, {}, &searcher);
    EXPECT_EQ(move.score, kMate - 1) << number;
  }
}

}  // namespace
}  // namespace chinese_chess::bot
