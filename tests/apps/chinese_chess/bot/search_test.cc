#include "apps/chinese_chess/bot/search.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <stop_token>
#include <string_view>
#include <vector>

#include "absl/strings/str_split.h"
#include "apps/chinese_chess/rules/fen.h"
#include "apps/chinese_chess/rules/game.h"
#include "apps/chinese_chess/rules/movegen.h"
#include "apps/chinese_chess/rules/outcome.h"
#include "tests/apps/chinese_chess/rules/random_game.h"

namespace chinese_chess::bot {
namespace {

constexpr size_t kTableBytes = 1 << 20;

// With an attack, with few pieces, and with a stalemate.
constexpr std::string_view kMiddleGame =
    "r1ba1a3/4kn3/2n1b4/pNp1p1p1p/4c4/6P2/P1P2R2P/1CcC5/9/2BAKAB2 w";

Game GameFrom(std::string_view fen, std::string_view moves = "") {
  Game game(*ParseFen(fen));
  for (const std::string_view move :
       absl::StrSplit(moves, ' ', absl::SkipEmpty())) {
    EXPECT_TRUE(game.Play(*ParseIccs(move)).ok()) << move;
  }
  return game;
}

// By trying everything: can the side to move force a win within that many plies?
bool CanMate(Position* position, int plies) {
  MoveList moves;
  GenerateLegalMoves(*position, &moves);
  if (plies <= 0) return false;
  return std::any_of(moves.begin(), moves.end(), [&](Move move) {
    const Undo undo = position->Make(move);
    MoveList replies;
    GenerateLegalMoves(*position, &replies);
    const bool mates =
        std::all_of(replies.begin(), replies.end(), [&](Move reply) {
          const Undo reply_undo = position->Make(reply);
          const bool can = CanMate(position, plies - 2);
          position->Unmake(reply, reply_undo);
          return can;
        });
    position->Unmake(move, undo);
    return mates;
  });
}

struct Puzzle {
  std::string_view name;
  std::string_view fen;
  int plies;
  Reason reason;
};

constexpr Puzzle kPuzzles[] = {
    {"double cannon", "3aka3/9/9/9/9/4C4/9/1C7/9/3K5 w", 1, Reason::kCheckmate},
    {"horse before cannon", "3ak4/4a4/4b4/9/4N4/9/9/4C4/9/3K5 w", 3,
     Reason::kCheckmate},
    {"the general opens its file", "4kab2/4a4/4b4/9/9/5R3/9/4C4/4K4/9 w", 5,
     Reason::kCheckmate},
    {"for Black", "5k3/9/9/9/9/9/8P/r8/1r7/4K4 b", 1, Reason::kCheckmate},
    {"stalemate", "3k5/9/2P6/9/9/9/9/9/9/4K4 w", 1, Reason::kStalemate},
    {"stalemate by a long way", "3k5/9/1P7/9/9/9/9/9/9/4K4 w", 5,
     Reason::kStalemate},
};

TEST(SearchTest, FindsTheShortestMate) {
  for (const Puzzle& puzzle : kPuzzles) {
    SCOPED_TRACE(puzzle.name);
    Searcher searcher(kTableBytes);
    Game game = GameFrom(puzzle.fen);
    Position position = game.position();
    ASSERT_TRUE(CanMate(&position, puzzle.plies));
    ASSERT_FALSE(CanMate(&position, puzzle.plies - 2));
    const SearchResult result = searcher.Search(game, {.nodes = 300'000});
    EXPECT_EQ(result.score, kMate - puzzle.plies);
    // And knows how: the line that it expects is the mate.
    ASSERT_EQ(result.line.size(), static_cast<size_t>(puzzle.plies));
    for (const Move move : result.line) EXPECT_TRUE(game.Play(move).ok());
    EXPECT_EQ(game.outcome().reason, puzzle.reason);
  }
}

TEST(SearchTest, WhoCannotMoveHasLost) {
  // Stalemated and mated: nothing to play, and no crash.
  for (const std::string_view fen :
       {"3k5/4P4/3P5/9/9/9/9/9/9/5K3 b", "3aka3/9/9/9/9/4C4/9/4C4/9/3K5 b"}) {
    Searcher searcher(kTableBytes);
    EXPECT_EQ(searcher.Search(GameFrom(fen), {.depth = 3}).move, kNoMove)
        << fen;
    EXPECT_TRUE(searcher.RankMoves(GameFrom(fen), {.depth = 1}).empty()) << fen;
  }
}

// Red can check for ever and has nothing else: Black mates at the next move.
constexpr std::string_view kOnlyChecks = "4k4/7R1/9/9/9/9/9/r8/1r7/3K5 w";

TEST(SearchTest, PerpetualCheckIsNoWayOut) {
  Searcher searcher(kTableBytes);
  const SearchResult result =
      searcher.Search(GameFrom(kOnlyChecks), {.nodes = 200'000});
  EXPECT_LE(result.score, -kLeastWin);
}

TEST(SearchTest, WalksIntoPerpetualCheckAndWins) {
  Game game = GameFrom(kOnlyChecks);
  Searcher red(kTableBytes);
  Searcher black(kTableBytes);
  while (!game.outcome().over()) {
    Searcher& searcher = game.position().turn() == Color::kRed ? red : black;
    ASSERT_TRUE(game.Play(searcher.Search(game, {.nodes = 30'000}).move).ok());
  }
  EXPECT_EQ(game.outcome().result, Result::kBlackWins);
}

TEST(SearchTest, DoesNotCompleteAPerpetualCheck) {
  // Red has checked with every move, and the next check would be the third time.
  const Game game = GameFrom("3k5/9/9/9/R8/9/9/9/4p4/5K3 w",
                             "a5d5 d9e9 d5e5 e9d9 e5d5 d9e9 d5e5 e9d9");
  ASSERT_TRUE(game.warning().has_value());
  ASSERT_EQ(game.warning()->reason, Reason::kPerpetualCheck);
  Searcher searcher(kTableBytes);
  const SearchResult result = searcher.Search(game, {.nodes = 20'000});
  Game after = game;
  ASSERT_TRUE(after.Play(result.move).ok());
  EXPECT_NE(after.outcome().reason, Reason::kPerpetualCheck);
  EXPECT_GT(result.score, 0);
}

TEST(SearchTest, TakesADrawWhereEverythingElseLoses) {
  // The cycle is Black's to close; it is nobody's fault, and Red is far ahead.
  const Game game = GameFrom("3k5/9/9/9/9/9/9/9/R8/3AK4 w",
                             "a1b1 d9d8 b1a1 d8d9 a1b1 d9d8 b1a1");
  Searcher searcher(kTableBytes);
  const SearchResult result = searcher.Search(game, {.nodes = 20'000});
  EXPECT_EQ(result.score, kDraw);
  Game after = game;
  ASSERT_TRUE(after.Play(result.move).ok());
  EXPECT_EQ(after.outcome().reason, Reason::kRepetition);
}

TEST(SearchTest, StopsWithinAPollOfBeingTold) {
  Searcher searcher(kTableBytes);
  std::stop_source source;
  uint64_t told_at = 0;
  const SearchResult result =
      searcher.Search(GameFrom(kMiddleGame), {.stop = source.get_token()},
                      [&](const SearchResult& reached) {
                        if (reached.depth != 6) return;
                        told_at = reached.nodes;
                        source.request_stop();
                      });
  EXPECT_EQ(result.depth, 6);
  EXPECT_LE(result.nodes, told_at + kPollNodes);
  EXPECT_NE(result.move, kNoMove);
}

TEST(SearchTest, StoppedInTheMiddleOfADepth) {
  // Told from the outside of any report, by another thread's request in effect: the
  // budget is polled inside the tree.
  Searcher searcher(kTableBytes);
  std::stop_source source;
  source.request_stop();
  const SearchResult result =
      searcher.Search(GameFrom(kMiddleGame), {.stop = source.get_token()});
  // There is a move all the same: the first depth is always finished.
  EXPECT_EQ(result.depth, 1);
  EXPECT_TRUE(IsLegal(GameFrom(kMiddleGame).position(), result.move));
}

TEST(SearchTest, KeepsToNodesAndDepth) {
  Searcher searcher(kTableBytes);
  EXPECT_EQ(searcher.Search(Game(), {.nodes = 5'000}).nodes, 5'000u);
  EXPECT_EQ(searcher.Search(Game(), {.depth = 3}).depth, 3);
}

TEST(SearchTest, KeepsToDeadlines) {
  kingpin::Clock clock = kingpin::Clock::Manual();
  Searcher searcher(kTableBytes, clock);
  const auto late = clock.Now() + absl::Seconds(1);
  // Time passes when depth 4 is there.
  const auto pass = [&clock](const SearchResult& reached) {
    if (reached.depth == 4) clock.Advance(absl::Seconds(2));
  };
  EXPECT_EQ(
      searcher.Search(Game(), {.depth = 6, .soft_deadline = late}, pass).depth,
      4);
  const auto later = clock.Now() + absl::Seconds(1);
  EXPECT_EQ(
      searcher.Search(Game(), {.depth = 6, .deadline = later}, pass).depth, 4);
}

TEST(SearchTest, DoesNotPlayWhatIsExcluded) {
  Searcher searcher(kTableBytes);
  const Game game;
  SearchLimits limits{.depth = 4};
  const Move first = searcher.Search(game, limits).move;
  limits.excluded = {first};
  const Move second = searcher.Search(game, limits).move;
  EXPECT_NE(second, first);
  EXPECT_TRUE(IsLegal(game.position(), second));
}

TEST(SearchTest, IsTheSameEveryTime) {
  const Game game = GameFrom(kMiddleGame);
  Searcher fresh(kTableBytes);
  const SearchResult first = fresh.Search(game, {.nodes = 50'000});
  Searcher used(kTableBytes);
  used.Search(Game(), {.nodes = 70'000});
  used.Forget();
  const SearchResult second = used.Search(game, {.nodes = 50'000});
  EXPECT_EQ(first.move, second.move);
  EXPECT_EQ(first.score, second.score);
  EXPECT_EQ(first.depth, second.depth);
  EXPECT_EQ(first.nodes, second.nodes);
  EXPECT_EQ(first.line, second.line);
}

TEST(SearchTest, ATableThatIsAlwaysFullIsEnough) {
  Searcher tiny(1);  // One line: every store throws something out.
  EXPECT_EQ(tiny.table_bytes(), 64u);
  const SearchResult result =
      tiny.Search(GameFrom(kPuzzles[2].fen), {.nodes = 1'000'000});
  EXPECT_EQ(result.score, kMate - kPuzzles[2].plies);
  EXPECT_EQ(tiny.table_permille(), 1000);
}

TEST(SearchTest, MovesAreLegalInRandomPositions) {
  Searcher searcher(kTableBytes);
  int searches = 0;
  for (uint32_t seed = 1; searches < 200; ++seed) {
    int ply = 0;
    VisitRandomGame(
        seed, 150, [&](const Position& position, const MoveList& moves) {
          if (++ply % 10 != 0) return;
          ++searches;
          Game game(position);
          const SearchResult result = searcher.Search(game, {.nodes = 2'000});
          if (moves.empty()) {
            EXPECT_EQ(result.move, kNoMove);
            return;
          }
          // The whole line that it expects can be played.
          ASSERT_FALSE(result.line.empty());
          EXPECT_EQ(result.line.front(), result.move);
          Position after = position;
          for (const Move move : result.line) {
            ASSERT_TRUE(IsLegal(after, move)) << FormatFen(position);
            after.Make(move);
          }
        });
  }
}

TEST(SearchTest, RanksEveryMoveOnce) {
  Searcher searcher(kTableBytes);
  const Game game = GameFrom(kPuzzles[0].fen);
  const std::vector<RankedMove> ranked = searcher.RankMoves(game, {.depth = 2});
  EXPECT_EQ(ranked.size(),
            static_cast<size_t>(CountLegalMoves(game.position())));
  EXPECT_EQ(ranked.front().score, kMate - 1);
  EXPECT_TRUE(std::is_sorted(ranked.begin(), ranked.end(),
                             [](const RankedMove& a, const RankedMove& b) {
                               return a.score > b.score;
                             }));
}

}  // namespace
}  // namespace chinese_chess::bot
