// Looks for the best move: deeper and deeper, until a limit is reached.
//
// Mates are scored by their distance (score.h), a position without a legal move is
// lost, repetitions are judged by "axf-lite-1": who would check or chase for ever
// loses. With limits of depth or nodes alone, and after Forget(), the result is the
// same on every machine.
//
// Threads: one at a time for each object; only the stop token may be signalled from
// others. Memory: `table_bytes`, and some 60 KiB.
//
//   Searcher searcher(16 << 20);
//   SearchResult result = searcher.Search(game, {.nodes = 100'000});
//   if (result.move == kNoMove) Resign();     // Mated, or every move is excluded.
//   absl::Status status = game.Play(result.move);
#ifndef APPS_CHINESE_CHESS_BOT_SEARCH_H_
#define APPS_CHINESE_CHESS_BOT_SEARCH_H_

#include <cstddef>
#include <cstdint>
#include <stop_token>
#include <vector>

#include "absl/functional/function_ref.h"
#include "apps/chinese_chess/bot/move_history.h"
#include "apps/chinese_chess/bot/no_move.h"
#include "apps/chinese_chess/bot/score.h"
#include "apps/chinese_chess/bot/search_budget.h"
#include "apps/chinese_chess/bot/transposition_table.h"
#include "apps/chinese_chess/rules/game.h"
#include "apps/chinese_chess/rules/move.h"
#include "kingpin/sys/clock.h"

namespace chinese_chess::bot {

inline constexpr int kMaxDepth = 64;

// The first iteration, of one ply with its exchanges, is finished whatever they are, so
// that there is always a move to play.
struct SearchLimits {
  int depth = kMaxDepth;
  uint64_t nodes = kNoNodeLimit;
  // Nothing deeper is begun after the first, everything ends at the second.
  kingpin::MonotonicTime soft_deadline = kNoDeadline;
  kingpin::MonotonicTime deadline = kNoDeadline;
  std::stop_token stop;
  // Moves of the root that must not be played.
  std::vector<Move> excluded;
};

struct SearchResult {
  Move move = kNoMove;
  Score score = 0;  // For who makes the move.
  int depth = 0;    // Plies that were searched completely.
  int deepest = 0;  // Plies of the longest line.
  uint64_t nodes = 0;
  std::vector<Move> line;  // What is expected, from `move` on.
};

struct RankedMove {
  Move move;
  Score score;  // For who makes it.
};

class Searcher {
 public:
  using Report = absl::FunctionRef<void(const SearchResult&)>;

  // The clock outlives it.
  explicit Searcher(size_t table_bytes,
                    const kingpin::Clock& clock = kingpin::Clock::Real());

  SearchResult Search(const Game& game, const SearchLimits& limits) {
    return Search(game, limits, [](const SearchResult&) {});
  }
  // Reports every depth that is completed.
  SearchResult Search(const Game& game, const SearchLimits& limits,
                      Report report);

  // All moves of the root with a score of their own, the best first: for those who do
  // not always want the best. Of the last depth that was completed; costs several
  // times as much as Search(). Empty if there is no move.
  std::vector<RankedMove> RankMoves(const Game& game,
                                    const SearchLimits& limits);

  // What earlier searches found out is not used any more.
  void Forget();

  // Of the last search or ranking.
  uint64_t nodes() const { return nodes_; }
  size_t table_bytes() const { return table_.bytes(); }
  int table_permille() const { return table_.Permille(); }

 private:
  const kingpin::Clock& clock_;
  TranspositionTable table_;
  MoveHistory history_;
  uint64_t nodes_ = 0;
};

}  // namespace chinese_chess::bot

#endif  // APPS_CHINESE_CHESS_BOT_SEARCH_H_
