// What a position is worth, in hundredths of a soldier before the river.
//
// The sum of what each piece is worth on its square. So a move changes it by two or three
// look-ups, and a search carries it along.
//
// Constant, safe from any thread.
//
//   int score = MaterialScore(position);              // From Red's side.
//   score += PieceScore(piece, to) - PieceScore(piece, from);
#ifndef APPS_CHINESE_CHESS_BOT_EVALUATE_H_
#define APPS_CHINESE_CHESS_BOT_EVALUATE_H_

#include "apps/chinese_chess/rules/piece.h"
#include "apps/chinese_chess/rules/position.h"
#include "apps/chinese_chess/rules/square.h"

namespace chinese_chess {

// Positive for Red's pieces, negative for Black's, zero for none.
int PieceScore(Piece piece, Square square);

// Of all of them, positive if Red is better off.
int MaterialScore(const Position& position);

// Without regard to the square, for the order of captures.
int PieceValue(PieceType type);

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_BOT_EVALUATE_H_
