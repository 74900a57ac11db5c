#include "apps/chinese_chess/rules/repetition.h"

#include <array>
#include <cstddef>
#include <cstdint>

#include "apps/chinese_chess/rules/movegen.h"
#include "apps/chinese_chess/rules/square.h"

namespace chinese_chess {
namespace {

// Could the piece on move.from capture what is on move.to, its turn or not?
bool CanCapture(const Position& position, Move move) {
  if (!PseudoLegalTargets(position, move.from).Has(move.to)) return false;
  const Bitboard before = position.Attackers(ColorOf(position.at(move.from)));
  return (position.AttackersAfter(move) & ~before).empty();
}

bool CanCaptureBack(const Position& position, Move capture) {
  const Color chaser = ColorOf(position.at(capture.from));
  Position after = position;
  after.set_turn(chaser);
  after.Make(capture);
  for (Bitboard rest = after.pieces(Opponent(chaser)); !rest.empty();) {
    if (CanCapture(after, MakeMove(rest.PopFirst(), capture.to))) return true;
  }
  return false;
}

// Worth more than whatever it costs, so that protection does not help.
bool IsWorthMore(PieceType attacker, PieceType victim) {
  switch (attacker) {
    case PieceType::kHorse:
    case PieceType::kCannon:
      return victim == PieceType::kChariot;
    case PieceType::kAdvisor:
    case PieceType::kElephant:
      return victim == PieceType::kChariot || victim == PieceType::kHorse ||
             victim == PieceType::kCannon;
    default:
      return false;
  }
}

bool IsChase(const Position& position, Move capture) {
  if (!CanCapture(position, capture)) return false;
  const PieceType attacker = TypeOf(position.at(capture.from));
  const PieceType victim = TypeOf(position.at(capture.to));
  if (attacker == victim &&
      CanCapture(position, MakeMove(capture.to, capture.from))) {
    return false;
  }
  return IsWorthMore(attacker, victim) || !CanCaptureBack(position, capture);
}

Bitboard Chasers(const Position& position, Color color) {
  return position.pieces(color) & ~position.pieces(PieceType::kGeneral) &
         ~position.pieces(PieceType::kSoldier);
}

// General and soldiers that have not crossed the river may be chased for ever.
Bitboard Victims(const Position& position, Color color) {
  Bitboard home_soldiers = position.pieces(color, PieceType::kSoldier);
  home_soldiers.half[color == Color::kRed] = 0;
  return position.pieces(color) & ~home_soldiers &
         ~position.pieces(PieceType::kGeneral);
}

// Walks back through a cycle, while each piece keeps the name of its last square.
class ChaseHistory {
 public:
  explicit ChaseHistory(const Position& position) : position_(position) {
    for (Square square = 0; square < kSquares; ++square) {
      name_[square] = static_cast<uint8_t>(square);
    }
  }

  // The names of the pieces that the move newly chased.
  Bitboard StepBack(const CycleMove& last, bool wanted) {
    const Color mover = Opponent(position_.turn());
    const Bitboard after = wanted ? Names(mover) : Bitboard();
    position_.Unmake(last.move, last.undo);
    name_[last.move.from] = name_[last.move.to];
    return wanted ? after & ~Names(mover) : Bitboard();
  }

  Color turn() const { return position_.turn(); }

 private:
  Bitboard Names(Color chaser) const {
    Bitboard names;
    for (Bitboard rest = ChasedPieces(position_, chaser); !rest.empty();) {
      names |= SquareBit(name_[rest.PopFirst()]);
    }
    return names;
  }

  Position position_;
  std::array<uint8_t, kSquares> name_;
};

bool ChecksAlways(std::span<const CycleMove> cycle, size_t first) {
  for (size_t i = first; i < cycle.size(); i += 2) {
    if (!cycle[i].gives_check) return false;
  }
  return true;
}

// Both sides moved: a position with the same side to move is an even number away.
Ruling OneSided(Reason reason, Color turn, bool by_turn, bool by_other) {
  if (by_turn == by_other) return {};
  return {reason, by_turn ? turn : Opponent(turn)};
}

}  // namespace

Bitboard ChasedPieces(const Position& position, Color chaser) {
  Bitboard chased;
  const Bitboard victims = Victims(position, Opponent(chaser));
  for (Bitboard rest = Chasers(position, chaser); !rest.empty();) {
    const Square from = rest.PopFirst();
    Bitboard targets = PseudoLegalTargets(position, from) & victims & ~chased;
    while (!targets.empty()) {
      const Square to = targets.PopFirst();
      if (IsChase(position, MakeMove(from, to))) chased |= SquareBit(to);
    }
  }
  return chased;
}

Ruling JudgeCycle(const Position& position, std::span<const CycleMove> cycle) {
  const Color turn = position.turn();
  const bool turn_checks = ChecksAlways(cycle, 0);
  const bool other_checks = ChecksAlways(cycle, 1);
  if (turn_checks || other_checks) {
    return OneSided(Reason::kPerpetualCheck, turn, turn_checks, other_checks);
  }
  ChaseHistory history(position);
  Bitboard chased[2] = {~Bitboard(), ~Bitboard()};  // By mover.
  for (size_t i = cycle.size(); i-- > 0;) {
    Bitboard& by_mover = chased[static_cast<int>(Opponent(history.turn()))];
    by_mover &= history.StepBack(cycle[i], !by_mover.empty());
  }
  return OneSided(Reason::kPerpetualChase, turn,
                  !chased[static_cast<int>(turn)].empty(),
                  !chased[static_cast<int>(Opponent(turn))].empty());
}

}  // namespace chinese_chess
