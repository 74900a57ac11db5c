#include "apps/chinese_chess/bot/search_path.h"

#include <span>

#include "apps/chinese_chess/rules/movegen.h"
#include "apps/chinese_chess/rules/outcome.h"
#include "apps/chinese_chess/rules/piece.h"

namespace chinese_chess::bot {
namespace {

// A position cannot be back sooner.
constexpr int kShortestCycle = 4;

}  // namespace

SearchPath::SearchPath(const Game& game)
    : position_(game.position()),
      root_(game.size()),
      count_(game.quiet_count()),
      in_check_(position_.InCheck()) {
  steps_.reserve(game.size() + kMaxPly + 1);
  moves_.reserve(game.size() + kMaxPly + 1);
  for (size_t i = 0; i < game.size(); ++i) {
    moves_.push_back(game.played(i));
    steps_.push_back(
        {.key = game.key(i), .reversible = ReversibleWith(moves_[i])});
  }
}

int SearchPath::ReversibleWith(const CycleMove& played) const {
  if (played.undo.captured != Piece::kNone) return 0;
  return steps_.empty() ? 1 : steps_.back().reversible + 1;
}

void SearchPath::Make(Move move) {
  const Color mover = position_.turn();
  Step step{.key = position_.key(), .count = count_, .in_check = in_check_};
  CycleMove played{.move = move, .undo = position_.Make(move)};
  in_check_ = position_.InCheck();
  played.gives_check = in_check_;
  step.reversible = ReversibleWith(played);
  count_.Add(mover, played.undo.captured != Piece::kNone, in_check_);
  steps_.push_back(step);
  moves_.push_back(played);
}

void SearchPath::Unmake() {
  position_.Unmake(moves_.back().move, moves_.back().undo);
  count_ = steps_.back().count;
  in_check_ = steps_.back().in_check;
  steps_.pop_back();
  moves_.pop_back();
}

void SearchPath::MakeNull() {
  steps_.push_back({.key = position_.key(), .count = count_});
  moves_.emplace_back();
  position_.set_turn(Opponent(position_.turn()));
}

void SearchPath::UnmakeNull() {
  position_.set_turn(Opponent(position_.turn()));
  steps_.pop_back();
  moves_.pop_back();
}

std::optional<Score> SearchPath::Judge() const {
  if (const std::optional<size_t> first = FindCycle()) {
    return JudgeCycleFrom(*first);
  }
  if (!IsDrawnByCount()) return std::nullopt;
  // A mate goes before a count.
  return HasLegalMove(position_) ? kDraw : LostIn(ply());
}

std::optional<size_t> SearchPath::FindCycle() const {
  const int size = static_cast<int>(steps_.size());
  const int reversible = steps_.empty() ? 0 : steps_.back().reversible;
  std::optional<size_t> before_root;
  int occurrences = 0;
  for (int i = size - kShortestCycle; i >= size - reversible; i -= 2) {
    const auto step = static_cast<size_t>(i);
    if (steps_[step].key != position_.key()) continue;
    if (step >= root_) return step;
    before_root = step;
    ++occurrences;
  }
  return occurrences >= 2 ? before_root : std::nullopt;
}

Score SearchPath::JudgeCycleFrom(size_t first) const {
  const Ruling ruling = JudgeCycle(position_, std::span(moves_).subspan(first));
  if (ruling.reason == Reason::kRepetition) return kDraw;
  const Score lost = LostByRuleIn(ply());
  return ruling.offender == position_.turn() ? lost : -lost;
}

bool SearchPath::IsDrawnByCount() const {
  if (count_.quiet() >= kNoCapturePlies || steps_.size() >= kMaxPlies)
    return true;
  // Only a capture takes the last attacker away.
  return !steps_.empty() && steps_.back().reversible == 0 &&
         (!CanWin(position_, Color::kRed) && !CanWin(position_, Color::kBlack));
}

}  // namespace chinese_chess::bot
