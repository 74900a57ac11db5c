// The moves of a position.
//
// A move is legal when its piece moves so, and afterwards the mover's general is not
// attacked and the generals do not face each other on an open file. A side that has
// no legal move has lost, in check or not.
//
// Legal moves are made directly: attacks on the general, pins (by chariots, cannons,
// horses' legs and the other general) and the squares where any piece would become a
// cannon's screen are found once, and only moves that these touch are tried out.
//
// Pure functions of the position, safe from any thread.
//
//   MoveList moves;
//   GenerateLegalMoves(position, &moves);
//   for (Move move : moves) Consider(move);
#ifndef APPS_CHINESE_CHESS_RULES_MOVEGEN_H_
#define APPS_CHINESE_CHESS_RULES_MOVEGEN_H_

#include <cstddef>

#include "apps/chinese_chess/rules/bitboard.h"
#include "apps/chinese_chess/rules/move.h"
#include "apps/chinese_chess/rules/position.h"
#include "apps/chinese_chess/rules/square.h"

namespace chinese_chess {

// Chariots and cannons have 17 targets each at most, horses 8, elephants and
// advisors 4, the general 4, soldiers 3: 119 in all.
inline constexpr size_t kMaxMoves = 128;

// Without allocation, in no order that means anything but always the same.
class MoveList {
 public:
  void Add(Move move) { moves_[size_++] = move; }
  void Clear() { size_ = 0; }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  Move operator[](size_t i) const { return moves_[i]; }
  Move* begin() { return moves_; }
  Move* end() { return moves_ + size_; }
  const Move* begin() const { return moves_; }
  const Move* end() const { return moves_ + size_; }

 private:
  Move moves_[kMaxMoves];
  size_t size_ = 0;
};

// Both add to the list.
void GenerateLegalMoves(const Position& position, MoveList* moves);
void GenerateLegalCaptures(const Position& position, MoveList* moves);

// As many as GenerateLegalMoves() would add, faster.
int CountLegalMoves(const Position& position);
bool HasLegalMove(const Position& position);

// Any move at all may be asked about: no piece on `from`, the wrong colour.
bool IsLegal(const Position& position, Move move);

// Where the piece on `from`, whoever's turn it is, could move if its general were
// not to be minded. Empty without a piece.
Bitboard PseudoLegalTargets(const Position& position, Square from);

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_RULES_MOVEGEN_H_
