// WXF notation: four characters, as the World Xiangqi Federation writes moves.
//
//   C2=5   the cannon on file 2 goes sideways to file 5
//   H2+3   the horse on file 2 goes forward to file 3
//   R9+1   the chariot on file 9 goes one step forward
//   C-=6   the rear of two cannons on a file goes sideways to file 6
//
// Files are counted from the mover's right. Advisors and elephants keep their file's
// digit, for the direction tells which is meant. Soldiers: of three on a file the
// middle one keeps the digit (P+ P3 P-); of four and five the outermost are ++ and
// --; while two files have several, the file's digit stands in place of the P
// (3+ 33 3- 7+ 7-).
//
// Written with "=" for sideways. Read are also ".", small letters, B and N for E and
// H, the sign before the letter (+C=6), Pa to Pe for soldiers in tandem by place, and
// whatever else leaves one legal move.
//
// Source: wxf.org, "Official Xiangqi piece names and notation".
// Pure functions, safe from any thread.
//
//   FormatWxf(Position(), *ParseIccs("h2e2"));   // "C2=5"
//   absl::StatusOr<Move> move = ParseWxf(Position(), "C2.5");
#ifndef APPS_CHINESE_CHESS_RULES_WXF_H_
#define APPS_CHINESE_CHESS_RULES_WXF_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "apps/chinese_chess/rules/move.h"
#include "apps/chinese_chess/rules/position.h"

namespace chinese_chess {

// A move that the piece on move.from, of the side to move, can make.
std::string FormatWxf(const Position& position, Move move);

// Errors: InvalidArgument, not WXF or more than one move; NotFound, no legal move.
absl::StatusOr<Move> ParseWxf(const Position& position, std::string_view text);

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_RULES_WXF_H_
