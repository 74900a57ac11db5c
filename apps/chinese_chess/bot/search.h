// Looks for the best move: alpha-beta with iterative deepening.
//
// A transposition table, quiescence over captures, null moves, killers and history for
// the order, check extensions, late moves less deep. It stops at a number of nodes, a
// depth, a time, or when told to; the same nodes give the same move, whatever the
// machine does meanwhile.
//
// Repetition counts as the rules have it: within the search a cycle in which one side
// checked on every move is lost for that side, any other is a draw; each of the root's
// moves is played on the game itself, so that what would end it, by a perpetual chase
// too, is known exactly, and what repeats by one's own fault is shunned.
//
// Threads: one at a time for each object; `stop` may be set by any.
//
//   Searcher searcher(4 << 20);
//   SearchResult result = searcher.Search(game, {.nodes = 100'000});
//   if (result.move.has_value()) Play(*result.move);
#ifndef APPS_CHINESE_CHESS_BOT_SEARCH_H_
#define APPS_CHINESE_CHESS_BOT_SEARCH_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "apps/chinese_chess/rules/game.h"
#include "apps/chinese_chess/rules/move.h"
#include "apps/chinese_chess/rules/movegen.h"
#include "apps/chinese_chess/rules/position.h"
#include "kingpin/sys/clock.h"

namespace chinese_chess {

inline constexpr int kMateScore = 30'000;
inline constexpr int kMaxDepth = 64;

struct SearchLimits {
  uint64_t nodes = UINT64_MAX;
  int depth = kMaxDepth;
  absl::Duration time = absl::InfiniteDuration();
  const std::atomic<bool>* stop = nullptr;
  // Scores of all moves of the root are wanted, not only of the best one.
  bool score_all = false;
};

struct RootMove {
  Move move;
  int score = 0;  // For the side to move; kMateScore less the plies to a mate.
};

struct SearchResult {
  std::optional<Move> move;  // nullopt: the game is over.
  int score = 0;
  int depth = 0;  // That was finished.
  uint64_t nodes = 0;
  std::vector<Move> line;  // What is expected, from `move` on.
  // The best first; the scores of the others are bounds unless score_all.
  std::vector<RootMove> moves;
};

class Searcher {
 public:
  // At least one depth is finished whatever the limits, so there is always a move.
  using Report = std::function<void(const SearchResult&)>;

  explicit Searcher(size_t table_bytes);

  // `report` is called after each depth.
  SearchResult Search(const Game& game, const SearchLimits& limits,
                      const Report& report = nullptr);
  // As a new one: what follows does not depend on earlier searches.
  void Clear();

 private:
  enum class Bound : uint8_t { kNone, kExact, kLower, kUpper };

  struct Entry {
    uint64_t key = 0;
    int16_t score = 0;
    Move move;
    int8_t depth = 0;
    Bound bound = Bound::kNone;
  };

  // The line from the root's last capture to where the search is.
  struct Step {
    uint64_t key = 0;  // Before the move.
    bool gives_check = false;
    bool captures = false;
  };

  struct Ordered {
    Move move;
    int order;
  };
  using OrderedMoves = std::array<Ordered, kMaxMoves>;

  bool OutOfLimits();
  void BeginAt(const Game& game);
  void AddRootMoves(const Game& game);
  void SearchRoot(int depth);
  int SearchRootMove(RootMove& root, int depth, int alpha, bool first);

  int AlphaBeta(int depth, int ply, int alpha, int beta, bool may_pass);
  int SearchMoves(int depth, int ply, int alpha, int beta, bool in_check,
                  Move table_move);
  int SearchMove(Move move, size_t index, int depth, int ply, int alpha,
                 int beta, bool in_check);
  bool PassIsEnough(int depth, int ply, int beta);
  int Quiesce(int ply, int alpha, int beta);
  // The score of a position that was here before on this line.
  std::optional<int> RepetitionScore(int ply) const;
  int Evaluate() const;

  Undo Make(Move move);
  void Unmake(Move move, Undo undo);

  size_t Order(const MoveList& moves, int ply, Move first,
               OrderedMoves* ordered) const;
  static void PickBest(OrderedMoves* ordered, size_t from, size_t count);
  void NoteCut(Move move, int depth, int ply);

  Entry& EntryOf(uint64_t key) { return table_[key & (table_.size() - 1)]; }
  void Store(int depth, int ply, int score, Bound bound, Move move);
  std::vector<Move> LineFrom(Move first);

  std::vector<Entry> table_;
  Position position_;
  int material_ = 0;  // From Red's side.
  std::vector<Step> steps_;
  std::vector<RootMove> root_;
  std::vector<bool> root_decided_;  // The rules end the game there.
  Move killers_[kMaxDepth * 2][2];
  std::array<std::array<int, kSquares>, kSquares> history_;

  SearchLimits limits_;
  kingpin::MonotonicTime deadline_;
  uint64_t nodes_ = 0;
  bool stopped_ = false;
  bool may_stop_ = false;  // Not within the first depth.
};

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_BOT_SEARCH_H_
