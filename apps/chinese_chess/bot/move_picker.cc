#include "apps/chinese_chess/bot/move_picker.h"

#include <algorithm>

#include "apps/chinese_chess/bot/exchange.h"
#include "apps/chinese_chess/bot/piece_square.h"
#include "apps/chinese_chess/rules/piece.h"

namespace chinese_chess::bot {
namespace {

// Far beyond each other's reach, and history's.
constexpr int kGoodCapture = 1 << 24;
constexpr int kKiller = 1 << 22;
constexpr int kCounter = 1 << 21;
constexpr int kBadCapture = -(1 << 24);

}  // namespace

MovePicker::MovePicker(const Position& position, const MoveHistory& history,
                       const Hints& hints, Kind kind)
    : position_(position), history_(history), hints_(hints), kind_(kind) {}

Move MovePicker::Next() {
  if (!has_begun_) {
    has_begun_ = true;
    const Move move = hints_.table_move;
    const bool fits =
        kind_ == Kind::kAll || position_.at(move.to) != Piece::kNone;
    if (move != kNoMove && fits && IsLegal(position_, move)) {
      return first_ = move;
    }
  }
  if (!has_generated_) Generate();
  if (next_ == moves_.size()) return kNoMove;
  // The best of the rest; most nodes end before it would pay to sort them all.
  const int* best = std::max_element(scores_ + next_, scores_ + moves_.size());
  const auto at = static_cast<size_t>(best - scores_);
  is_bad_capture_ = *best < kBadCapture / 2;
  if (is_bad_capture_ && kind_ == Kind::kGoodCaptures) return kNoMove;
  std::swap(scores_[next_], scores_[at]);
  std::swap(moves_.begin()[next_], moves_.begin()[at]);
  return moves_[next_++];
}

void MovePicker::Generate() {
  has_generated_ = true;
  if (kind_ == Kind::kAll) {
    GenerateLegalMoves(position_, &moves_);
  } else {
    GenerateLegalCaptures(position_, &moves_);
  }
  for (size_t i = 0; i < moves_.size(); ++i) {
    const Move move = moves_[i];
    scores_[i] = ScoreOf(move);
    if (move != first_) continue;
    // It has been tried.
    std::swap(scores_[0], scores_[i]);
    std::swap(moves_.begin()[0], moves_.begin()[i]);
    next_ = 1;
  }
}

int MovePicker::ScoreOf(Move move) const {
  const Piece piece = position_.at(move.from);
  const Piece captured = position_.at(move.to);
  if (captured != Piece::kNone) {
    const Score victim = ExchangeValue(TypeOf(captured));
    const Score attacker = std::min(ExchangeValue(TypeOf(piece)), 1000);
    // What takes something dearer loses nothing.
    const bool is_good =
        victim >= attacker || ExchangeGain(position_, move) >= 0;
    return (is_good ? kGoodCapture : kBadCapture) + victim * 16 - attacker;
  }
  if (move == hints_.killers[0]) return kKiller + 1;
  if (move == hints_.killers[1]) return kKiller;
  if (move == hints_.counter) return kCounter;
  return history_.Of(piece, move);
}

}  // namespace chinese_chess::bot
