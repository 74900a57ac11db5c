#include "apps/chinese_chess/bot/search_path.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string_view>

#include "apps/chinese_chess/rules/fen.h"
#include "apps/chinese_chess/rules/movegen.h"
#include "apps/chinese_chess/rules/outcome.h"
#include "apps/chinese_chess/rules/repetition.h"

namespace chinese_chess::bot {
namespace {

// What Judge() has to say one ply after the root, by the game's own verdict.
std::optional<Score> ScoreOf(const Outcome& outcome, Color turn) {
  switch (outcome.reason) {
    case Reason::kNone:
    case Reason::kCheckmate:  // Found by who looks for moves.
    case Reason::kStalemate:
      return std::nullopt;
    case Reason::kPerpetualCheck:
    case Reason::kPerpetualChase: {
      const Score lost = LostByRuleIn(1);
      return outcome == LostBy(turn, outcome.reason) ? lost : -lost;
    }
    default:
      return kDraw;
  }
}

// Checks, chases and goes back and forth more often than chance would.
Move PickRepetitive(const Game& game, const MoveList& moves,
                    std::mt19937* random) {
  const auto roll = (*random)() % 100;
  const Color mover = game.position().turn();
  for (size_t i = 0, first = (*random)(); i < moves.size(); ++i) {
    const Move move = moves[(first + i) % moves.size()];
    Position after = game.position();
    after.Make(move);
    if (roll < 45 && after.InCheck()) return move;
    if (roll >= 45 && roll < 75 && !ChasedPieces(after, mover).empty())
      return move;
    if (roll >= 75 && roll < 95 && game.size() >= 2 &&
        move == MakeMove(game.move(game.size() - 2).to,
                         game.move(game.size() - 2).from)) {
      return move;
    }
  }
  return moves[(*random)() % moves.size()];
}

// Random play with few pieces, so that positions come back and counts run out.
TEST(SearchPathTest, JudgesAsTheGameDoes) {
  constexpr std::string_view kFens[] = {
      "3k5/9/9/9/9/9/9/9/9/R3K4 w",
      "3k5/4a4/9/9/9/4n4/9/9/4r4/5KR2 w",
      "4k4/9/9/9/9/2n6/9/1C7/9/3K5 b",
      "4k4/9/9/9/9/9/9/p8/9/3K5 w - - 80 1",
  };
  std::map<Reason, int> judged;
  for (uint32_t seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    Game game(*ParseFen(kFens[seed % std::size(kFens)]));
    while (!game.outcome().over()) {
      MoveList moves;
      GenerateLegalMoves(game.position(), &moves);
      SearchPath path(game);
      for (const Move move : moves) {
        path.Make(move);
        Game after = game;
        ASSERT_TRUE(after.Play(move).ok());
        const std::optional<Score> wanted =
            ScoreOf(after.outcome(), after.position().turn());
        // A mate may also be found here, on the last ply before a count draws.
        if (after.outcome().reason != Reason::kCheckmate &&
            after.outcome().reason != Reason::kStalemate) {
          ASSERT_EQ(path.Judge(), wanted) << FormatFen(after.position());
        }
        if (wanted.has_value()) ++judged[after.outcome().reason];
        path.Unmake();
        ASSERT_EQ(path.position(), game.position());
      }
      ASSERT_TRUE(game.Play(PickRepetitive(game, moves, &random)).ok());
    }
  }
  // The comparison has met each of them.
  for (const Reason reason : {Reason::kPerpetualCheck, Reason::kRepetition,
                              Reason::kNoCapture, Reason::kMaterial}) {
    EXPECT_GT(judged[reason], 0) << ReasonText(reason);
  }
}

TEST(SearchPathTest, OnceIsEnoughBelowTheRoot) {
  SearchPath path{Game()};
  for (const std::string_view move : {"a0a1", "a9a8", "a1a0"}) {
    path.Make(*ParseIccs(move));
    EXPECT_EQ(path.Judge(), std::nullopt);
  }
  path.Make(*ParseIccs("a8a9"));
  EXPECT_EQ(path.Judge(), kDraw);
}

// A chariot chases a bare cannon, at first within the search, then in the game.
TEST(SearchPathTest, WhoChasesForEverLoses) {
  constexpr std::string_view kCycle[] = {"a1b1", "b0a0", "b1a1", "a0b0"};
  Game game(*ParseFen("2bak1r2/4a4/1C2b4/9/6p2/9/9/9/7R1/c1BAK4 w"));
  for (const std::string_view move : {"h1a1", "a0b0"}) {
    ASSERT_TRUE(game.Play(*ParseIccs(move)).ok());
  }
  SearchPath below(game);
  for (const std::string_view move : kCycle) {
    EXPECT_EQ(below.Judge(), std::nullopt);
    below.Make(*ParseIccs(move));
  }
  EXPECT_EQ(below.Judge(), LostByRuleIn(4));
  for (int i = 0; i < 7; ++i) {
    ASSERT_TRUE(game.Play(*ParseIccs(kCycle[i % 4])).ok());
  }
  SearchPath path(game);
  path.Make(*ParseIccs(kCycle[3]));
  EXPECT_EQ(path.Judge(), LostByRuleIn(1));
}

TEST(SearchPathTest, NothingIsRepeatedAcrossANullMove) {
  SearchPath path{Game()};
  path.Make(*ParseIccs("a0a1"));
  path.MakeNull();
  path.Make(*ParseIccs("a1a0"));
  path.MakeNull();
  EXPECT_EQ(path.position(), Position());
  EXPECT_EQ(path.Judge(), std::nullopt);
  path.UnmakeNull();
  path.Unmake();
  path.UnmakeNull();
  path.Unmake();
  EXPECT_EQ(path.ply(), 0);
  EXPECT_EQ(path.position(), Position());
}

TEST(SearchPathTest, MateGoesBeforeACount) {
  SearchPath path{
      Game(*ParseFen("3aka3/9/9/9/9/4C4/9/1C7/9/3K5 w - - 119 80"))};
  path.Make(*ParseIccs("b2e2"));
  EXPECT_EQ(path.Judge(), LostIn(1));
}

}  // namespace
}  // namespace chinese_chess::bot
