#include "apps/chinese_chess/bot/search.h"

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_split.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "apps/chinese_chess/bot/bot_pool.h"
#include "apps/chinese_chess/bot/evaluate.h"
#include "apps/chinese_chess/bot/level.h"
#include "apps/chinese_chess/rules/fen.h"
#include "apps/chinese_chess/rules/game.h"
#include "apps/chinese_chess/rules/move.h"
#include "apps/chinese_chess/rules/movegen.h"
#include "apps/chinese_chess/rules/outcome.h"
#include "apps/chinese_chess/rules/piece.h"
#include "gtest/gtest.h"

namespace chinese_chess {
namespace {

constexpr size_t kTable = 1 << 20;

Game GameAt(std::string_view fen) { return Game(*ParseFen(fen)); }

void Play(Game* game, std::string_view moves) {
  for (const std::string_view move : absl::StrSplit(moves, ' ')) {
    ASSERT_TRUE(game->Play(*ParseIccs(move)).ok()) << move;
  }
}

std::string BestMove(const Game& game, const SearchLimits& limits) {
  const SearchResult result = Searcher(kTable).Search(game, limits);
  return result.move.has_value() ? FormatIccs(*result.move) : "none";
}

TEST(EvaluateTest, TheStartIsEven) {
  EXPECT_EQ(MaterialScore(Position()), 0);
  const Position up = *ParseFen("3k5/9/9/9/9/9/9/9/9/R3K3R b");
  EXPECT_GT(MaterialScore(up), 1500);
}

TEST(SearchTest, ItFindsAMate) {
  Game game;
  Play(&game, "h2e2 a9a8 e2e6 a8a9 b2b4 a9a8");
  const SearchResult result =
      Searcher(kTable).Search(game, {.nodes = 20'000, .depth = 6});
  ASSERT_TRUE(result.move.has_value());
  Game after = game;
  ASSERT_TRUE(after.Play(*result.move).ok());
  EXPECT_EQ(after.outcome(), WonBy(Color::kRed, Reason::kCheckmate));
  EXPECT_EQ(result.score, kMateScore - 1);
}

TEST(SearchTest, NoMoveAtAllIsLost) {
  // Black has a general that cannot move: Red need only keep it so.
  const Game game = GameAt("3k5/4P4/9/3P5/9/9/9/9/9/5K3 w");
  const SearchResult result =
      Searcher(kTable).Search(game, {.nodes = 200'000, .depth = 5});
  EXPECT_GT(result.score, kMateScore - 100);
}

TEST(SearchTest, AGameThatIsOverHasNoMove) {
  Game game;
  game.End(WonBy(Color::kRed, Reason::kResignation));
  EXPECT_EQ(BestMove(game, {.depth = 3}), "none");
}

TEST(SearchTest, ItTakesWhatIsLeftHanging) {
  // The chariot on a5 is guarded by nothing.
  const Game game = GameAt("3k5/9/9/9/r8/9/9/9/9/R4K3 w");
  EXPECT_EQ(BestMove(game, {.depth = 4}), "a0a5");
}

TEST(SearchTest, TheSameNodesGiveTheSameMove) {
  Game game;
  Play(&game, "h2e2 h9g7 h0g2 i9h9");
  const SearchLimits limits = {.nodes = 30'000};
  const std::string move = BestMove(game, limits);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(BestMove(game, limits), move);
}

TEST(SearchTest, ItStopsWhenItIsToldTo) {
  std::atomic<bool> stop = true;
  const SearchResult result = Searcher(kTable).Search(Game(), {.stop = &stop});
  EXPECT_TRUE(result.move.has_value());
  EXPECT_LT(result.nodes, 100'000u);
  const SearchResult timed =
      Searcher(kTable).Search(Game(), {.time = absl::Milliseconds(1)});
  EXPECT_TRUE(timed.move.has_value());
  EXPECT_LT(timed.depth, kMaxDepth);
  const SearchResult few = Searcher(kTable).Search(Game(), {.nodes = 5'000});
  EXPECT_LE(few.nodes, 6'000u);
}

TEST(SearchTest, ALineIsPlayable) {
  const SearchResult result =
      Searcher(kTable).Search(Game(), {.nodes = 20'000});
  ASSERT_FALSE(result.line.empty());
  EXPECT_EQ(result.line[0], *result.move);
  Game game;
  for (const Move move : result.line) EXPECT_TRUE(game.Play(move).ok());
}

TEST(SearchTest, PerpetualCheckIsNoWayOut) {
  // Two soldiers are about to mate Red, who could only check for ever, and lose by it.
  Game game = GameAt("3k5/9/4b4/9/9/9/9/R8/3pp4/5K3 w");
  Searcher searcher(kTable);
  for (int ply = 0; ply < 40 && !game.outcome().over(); ++ply) {
    const SearchResult result = searcher.Search(game, {.nodes = 3'000});
    ASSERT_TRUE(game.Play(*result.move).ok());
  }
  EXPECT_NE(game.outcome().reason, Reason::kPerpetualCheck);
  EXPECT_NE(game.outcome().reason, Reason::kPerpetualChase);
}

// The stronger wins, nearly always: over several games the score says so.
TEST(LevelTest, LevelsDiffer) {
  Searcher searcher(kTable);
  int score = 0;  // Of the stronger.
  constexpr int kGames = 6;
  for (int round = 0; round < kGames; ++round) {
    Game game;
    const Color strong = round % 2 == 0 ? Color::kRed : Color::kBlack;
    while (!game.outcome().over() && game.size() < 200) {
      const bool is_strong = game.position().turn() == strong;
      const std::optional<Move> move =
          ChooseMove(searcher, game, LevelOf(is_strong ? 4 : 1),
                     static_cast<uint64_t>(round));
      ASSERT_TRUE(move.has_value());
      ASSERT_TRUE(game.Play(*move).ok());
    }
    if (game.outcome() == WonBy(strong, game.outcome().reason)) ++score;
  }
  EXPECT_GE(score, kGames - 1);
}

TEST(LevelTest, ASeedDecides) {
  Searcher searcher(kTable);
  const auto first = [&](uint64_t seed) {
    return FormatIccs(*ChooseMove(searcher, Game(), LevelOf(1), seed));
  };
  EXPECT_EQ(first(1), first(1));
  bool differs = false;
  for (uint64_t seed = 2; seed < 12; ++seed) differs |= first(seed) != first(1);
  EXPECT_TRUE(differs);
}

TEST(BotPoolTest, ItThinksElsewhereAndAnswers) {
  absl::Notification done;
  std::optional<Move> move;
  BotPool pool({.threads = 1, .table_bytes = kTable});
  ASSERT_TRUE(pool.Think(Game(), LevelOf(1), 1, [&](std::optional<Move> m) {
    move = m;
    done.Notify();
  }));
  done.WaitForNotification();
  ASSERT_TRUE(move.has_value());
  EXPECT_TRUE(IsLegal(Position(), *move));
}

TEST(BotPoolTest, AFullQueueSaysNo) {
  absl::Notification busy;
  absl::Notification go_on;
  BotPool pool({.threads = 1, .queue = 1, .table_bytes = kTable});
  ASSERT_TRUE(pool.Think(Game(), LevelOf(1), 1, [&](std::optional<Move>) {
    busy.Notify();
    go_on.WaitForNotification();
  }));
  busy.WaitForNotification();
  EXPECT_TRUE(pool.Think(Game(), LevelOf(1), 1, [](std::optional<Move>) {}));
  EXPECT_FALSE(pool.Think(Game(), LevelOf(1), 1, [](std::optional<Move>) {}));
  EXPECT_EQ(pool.waiting(), 1u);
  go_on.Notify();
}

TEST(BotPoolTest, TheEndDoesNotWaitForThoughts) {
  auto pool = std::make_unique<BotPool>(
      BotPoolOptions{.threads = 1, .table_bytes = kTable});
  // Longer than any test may take.
  static const Level kForEver = {"for ever", UINT64_MAX, kMaxDepth, 0};
  ASSERT_TRUE(pool->Think(Game(), kForEver, 1, [](std::optional<Move>) {}));
  pool.reset();
}

}  // namespace
}  // namespace chinese_chess
