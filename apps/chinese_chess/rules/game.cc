#include "apps/chinese_chess/rules/game.h"

#include "apps/chinese_chess/rules/bitboard.h"
#include "apps/chinese_chess/rules/illegal_move.h"
#include "apps/chinese_chess/rules/movegen.h"

namespace chinese_chess {

Game::Game(const Position& start)
    : start_(start), position_(start), count_(start.quiet_plies()) {
  Judge();
}

absl::Status Game::Play(Move move) {
  if (outcome_.over()) return absl::FailedPreconditionError("the game is over");
  if (!IsLegal(position_, move)) {
    return absl::InvalidArgumentError(ExplainIllegal(position_, move));
  }
  Ply ply{{move, {}, false}, position_.key(), count_};
  const Color mover = position_.turn();
  ply.played.undo = position_.Make(move);
  ply.played.gives_check = position_.InCheck();
  count_.Add(mover, ply.played.undo.captured != Piece::kNone,
             ply.played.gives_check);
  plies_.push_back(ply);
  Judge();
  return absl::OkStatus();
}

bool Game::Undo() {
  if (plies_.empty()) return false;
  const Ply& last = plies_.back();
  position_.Unmake(last.played.move, last.played.undo);
  count_ = last.count;
  plies_.pop_back();
  Judge();
  return true;
}

void Game::End(Outcome outcome) {
  if (!outcome_.over()) outcome_ = outcome;
}

void Game::Judge() {
  warning_.reset();
  outcome_ = JudgeBoard();
  if (outcome_.over()) return;
  const std::vector<size_t> earlier = Occurrences();
  if (earlier.size() == 1) warning_ = JudgeFrom(earlier.front());
}

Outcome Game::JudgeBoard() const {
  if (!HasLegalMove(position_)) {
    return LostBy(position_.turn(), position_.InCheck() ? Reason::kCheckmate
                                                        : Reason::kStalemate);
  }
  const std::vector<size_t> earlier = Occurrences();
  if (earlier.size() >= 2) {
    const Ruling ruling = JudgeFrom(earlier.back());
    return ruling.reason == Reason::kRepetition
               ? Drawn(ruling.reason)
               : LostBy(ruling.offender, ruling.reason);
  }
  if (!CanWin(position_, Color::kRed) && !CanWin(position_, Color::kBlack)) {
    return Drawn(Reason::kMaterial);
  }
  if (count_.quiet() >= kNoCapturePlies) return Drawn(Reason::kNoCapture);
  if (plies_.size() >= kMaxPlies) return Drawn(Reason::kMoveLimit);
  return {};
}

std::vector<size_t> Game::Occurrences() const {
  std::vector<size_t> occurrences;
  // What was captured does not come back.
  for (size_t i = plies_.size(); i-- > 0;) {
    if (plies_[i].played.undo.captured != Piece::kNone) break;
    if (plies_[i].key == position_.key()) occurrences.push_back(i);
  }
  return occurrences;
}

Ruling Game::JudgeFrom(size_t ply) const {
  std::vector<CycleMove> cycle;
  for (size_t i = ply; i < plies_.size(); ++i)
    cycle.push_back(plies_[i].played);
  return JudgeCycle(position_, cycle);
}

bool CanWin(const Position& position, Color color) {
  const Bitboard attackers = position.pieces(PieceType::kChariot) |
                             position.pieces(PieceType::kHorse) |
                             position.pieces(PieceType::kCannon) |
                             position.pieces(PieceType::kSoldier);
  return !(attackers & position.pieces(color)).empty();
}

}  // namespace chinese_chess
