// Whose fault is a position that came back? The rule set "axf-lite-1".
//
// A cycle is the moves between two occurrences of a position. Who gave check with
// every one of their moves in it, and the other did not, loses. Else, who newly
// attacked one same piece with every one of their moves, and the other did not, loses.
// Anything else is a draw: both check, both chase, a check and an idle move in turn,
// one piece after the other.
//
// A piece is chased if it is no general and no soldier on its own side, and a piece
// that is neither general nor soldier could capture it: a horse or a cannon a
// chariot, an advisor or an elephant a chariot, horse or cannon; or anything anything
// that cannot be captured back then. Two of a kind that could capture each other do
// not chase. "Could capture" minds the pins: the capture must not leave an attacker on
// one's own general that was not there before.
//
// Source: the Asian rules as Fairy-Stockfish and Pikafish read them. Known to differ
// from the diagrams of the World Xiangqi Federation: a chariot that a horse pins.
//
// Pure functions, safe from any thread.
//
//   Ruling ruling = JudgeCycle(position, cycle);   // Position after the cycle.
//   if (ruling.reason == Reason::kPerpetualCheck) Warn(ruling.offender);
#ifndef APPS_CHINESE_CHESS_RULES_REPETITION_H_
#define APPS_CHINESE_CHESS_RULES_REPETITION_H_

#include <span>

#include "apps/chinese_chess/rules/bitboard.h"
#include "apps/chinese_chess/rules/move.h"
#include "apps/chinese_chess/rules/outcome.h"
#include "apps/chinese_chess/rules/piece.h"
#include "apps/chinese_chess/rules/position.h"

namespace chinese_chess {

// A move of a cycle; none of them captures.
struct CycleMove {
  Move move;
  Undo undo;
  bool gives_check = false;
};

struct Ruling {
  // kPerpetualCheck, kPerpetualChase, or kRepetition: nobody's fault.
  Reason reason = Reason::kRepetition;
  Color offender = Color::kRed;  // Of the first two.

  friend constexpr bool operator==(const Ruling&, const Ruling&) = default;
};

// `position` is the one that came back, as it is after the cycle. The cycle has moves
// of both sides.
Ruling JudgeCycle(const Position& position, std::span<const CycleMove> cycle);

// The squares of the pieces that `chaser` chases, as if it were to move.
Bitboard ChasedPieces(const Position& position, Color chaser);

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_RULES_REPETITION_H_
