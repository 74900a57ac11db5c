// Why a move is illegal, for players and for programs.
//
// Pure functions, safe from any thread.
//
//   IllegalReason reason = WhyIllegal(position, move);
//   if (reason != IllegalReason::kNone) Refuse(ExplainIllegal(position, move));
//   // "h0f1: the horse is blocked by the piece on g0"
#ifndef APPS_CHINESE_CHESS_RULES_ILLEGAL_MOVE_H_
#define APPS_CHINESE_CHESS_RULES_ILLEGAL_MOVE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "apps/chinese_chess/rules/move.h"
#include "apps/chinese_chess/rules/position.h"

namespace chinese_chess {

enum class IllegalReason : uint8_t {
  kNone,  // It is legal.
  kEmptySquare,
  kOpponentsPiece,
  kOwnPieceOnTarget,
  kNotItsMove,   // The piece does not move so on any board.
  kOutOfPalace,  // General, advisor.
  kAcrossRiver,  // Elephant.
  kSoldierBack,  // Backwards, or sideways before the river.
  kBlocked,      // A line, a horse's leg, an elephant's eye.
  kCannonNeedsScreen,
  kInCheck,  // Its general would be, or would still be, attacked.
  kGeneralsFace,
};

IllegalReason WhyIllegal(const Position& position, Move move);

// A name for programs: "none", "empty_square", ...
std::string_view IllegalReasonName(IllegalReason reason);

// A sentence that begins with the move; empty if the move is legal.
std::string ExplainIllegal(const Position& position, Move move);

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_RULES_ILLEGAL_MOVE_H_
