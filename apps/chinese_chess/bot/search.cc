#include "apps/chinese_chess/bot/search.h"

#include <algorithm>
#include <memory>

#include "apps/chinese_chess/bot/move_picker.h"
#include "apps/chinese_chess/bot/tree_search.h"
#include "apps/chinese_chess/rules/movegen.h"

namespace chinese_chess::bot {
namespace {

// Half the width of the first window around the last depth's score.
constexpr Score kFirstWindow = 25;
// From this depth on; before, scores jump.
constexpr int kWindowDepth = 4;

// The root's moves, in the order in which one would try them.
std::vector<Move> RootMoves(const Position& position,
                            const MoveHistory& history,
                            const std::vector<Move>& excluded) {
  std::vector<Move> moves;
  MovePicker picker(position, history, {});
  for (Move move = picker.Next(); move != kNoMove; move = picker.Next()) {
    if (std::find(excluded.begin(), excluded.end(), move) == excluded.end()) {
      moves.push_back(move);
    }
  }
  return moves;
}

// The search of one root.
class RootSearch {
 public:
  RootSearch(const Game& game, const SearchLimits& limits,
             const kingpin::Clock& clock, TranspositionTable* table,
             MoveHistory* history)
      : limits_(limits),
        clock_(clock),
        budget_({limits.nodes, limits.deadline, limits.stop}, clock),
        moves_(RootMoves(game.position(), *history, limits.excluded)),
        // On the heap, for it is large.
        tree_(std::make_unique<TreeSearch>(game, table, history, &budget_)) {}

  SearchResult Deepen(Searcher::Report report) {
    if (moves_.empty()) return result_;
    result_.move = moves_.front();
    for (int depth = 1; depth <= MostDepth(); ++depth) {
      tree_->set_root_depth(depth);
      if (!SearchDepth(depth)) break;
      result_.depth = depth;
      Count();
      report(result_);
      if (IsEnough(depth)) break;
      budget_.Enforce();
      if (budget_.Poll()) break;
    }
    Count();
    return result_;
  }

  std::vector<RankedMove> Rank() {
    std::vector<RankedMove> complete;
    for (int depth = 1; depth <= MostDepth(); ++depth) {
      tree_->set_root_depth(depth);
      std::vector<RankedMove> ranked;
      for (const Move move : moves_) {
        const Score score =
            tree_->Below(move, depth - 1, -kInfinity, kInfinity);
        if (budget_.is_spent()) return complete;
        ranked.push_back({move, score});
      }
      std::stable_sort(ranked.begin(), ranked.end(),
                       [](const RankedMove& a, const RankedMove& b) {
                         return a.score > b.score;
                       });
      complete = std::move(ranked);
      for (size_t i = 0; i < moves_.size(); ++i) moves_[i] = complete[i].move;
      budget_.Enforce();
      if (complete.empty() || budget_.Poll() || IsLate()) break;
    }
    return complete;
  }

  uint64_t nodes() const { return budget_.nodes(); }

 private:
  int MostDepth() const { return std::clamp(limits_.depth, 1, kMaxDepth); }

  bool IsLate() const {
    return limits_.soft_deadline != kNoDeadline &&
           clock_.Now() >= limits_.soft_deadline;
  }

  // Deeper would not find anything else, or not in time.
  bool IsEnough(int depth) const {
    const bool has_mate =
        IsMate(result_.score) && PliesToMate(result_.score) <= depth;
    return has_mate || IsLate();
  }

  void Count() {
    result_.nodes = budget_.nodes();
    result_.deepest = std::max(result_.deepest, tree_->TakeDeepest());
  }

  // With a window around the last score, widened until the score is inside. False: the
  // budget is spent. A better move that was found by then counts.
  bool SearchDepth(int depth) {
    const bool narrow = depth >= kWindowDepth && !IsDecided(result_.score);
    Score width = kFirstWindow;
    Score alpha = narrow ? result_.score - width : -kInfinity;
    Score beta = narrow ? result_.score + width : kInfinity;
    while (true) {
      const Score score = SearchWindow(depth, alpha, beta);
      if (budget_.is_spent()) return false;
      width *= 3;
      if (score <= alpha) {
        alpha = width > 500 ? -kInfinity : std::max(score - width, -kInfinity);
      } else if (score >= beta) {
        beta = width > 500 ? kInfinity : std::min(score + width, kInfinity);
      } else {
        return true;
      }
    }
  }

  Score SearchWindow(int depth, Score alpha, Score beta) {
    Score best = -kInfinity;
    for (size_t i = 0; i < moves_.size(); ++i) {
      const Score score = SearchMove(i, depth, alpha, beta);
      if (budget_.is_spent()) return best;
      best = std::max(best, score);
      if (score <= alpha) continue;
      alpha = score;
      result_.move = moves_[i];
      result_.score = score;
      result_.line = tree_->line();
      std::rotate(moves_.begin(), moves_.begin() + static_cast<ptrdiff_t>(i),
                  moves_.begin() + static_cast<ptrdiff_t>(i) + 1);
      if (score >= beta) break;
    }
    return best;
  }

  Score SearchMove(size_t i, int depth, Score alpha, Score beta) {
    if (i == 0) return tree_->Below(moves_[i], depth - 1, alpha, beta);
    const Score score = tree_->Below(moves_[i], depth - 1, alpha, alpha + 1);
    if (score <= alpha || score >= beta || budget_.is_spent()) return score;
    return tree_->Below(moves_[i], depth - 1, alpha, beta);
  }

  const SearchLimits& limits_;
  const kingpin::Clock& clock_;
  SearchBudget budget_;
  std::vector<Move> moves_;
  std::unique_ptr<TreeSearch> tree_;
  SearchResult result_;
};

}  // namespace

Searcher::Searcher(size_t table_bytes, const kingpin::Clock& clock)
    : clock_(clock), table_(table_bytes) {}

void Searcher::Forget() {
  table_.Clear();
  history_.Clear();
}

SearchResult Searcher::Search(const Game& game, const SearchLimits& limits,
                              Report report) {
  table_.NewSearch();
  history_.Fade();
  RootSearch search(game, limits, clock_, &table_, &history_);
  const SearchResult result = search.Deepen(report);
  nodes_ = search.nodes();
  return result;
}

std::vector<RankedMove> Searcher::RankMoves(const Game& game,
                                            const SearchLimits& limits) {
  table_.NewSearch();
  history_.Fade();
  RootSearch search(game, limits, clock_, &table_, &history_);
  std::vector<RankedMove> ranked = search.Rank();
  nodes_ = search.nodes();
  return ranked;
}

}  // namespace chinese_chess::bot
