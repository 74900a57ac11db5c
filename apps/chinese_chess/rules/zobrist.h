// Random numbers that name positions: a position's key is the exclusive or of those
// of its pieces and, with Black to move, one more.
//
// Fixed for ever, so that a key may be written down. Constant, safe from any thread.
#ifndef APPS_CHINESE_CHESS_RULES_ZOBRIST_H_
#define APPS_CHINESE_CHESS_RULES_ZOBRIST_H_

#include <array>
#include <cstdint>

#include "apps/chinese_chess/rules/piece.h"
#include "apps/chinese_chess/rules/square.h"

namespace chinese_chess {

using ZobristTable = std::array<std::array<uint64_t, kSquares>, kPieceValues>;

namespace zobrist_internal {

// splitmix64: one step of it for each number.
constexpr uint64_t Scramble(uint64_t x) {
  x *= 0x9e3779b97f4a7c15;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
  x = (x ^ x >> 27) * 0x94d049bb133111eb;
  return x ^ x >> 31;
}

// No piece counts nothing, so that a capture needs no test.
constexpr ZobristTable MakeTable() {
  ZobristTable table{};
  for (int piece = 0; piece < kPieceValues; ++piece) {
    if ((piece & 7) == static_cast<int>(Piece::kNone)) continue;
    for (Square square = 0; square < kSquares; ++square) {
      table[piece][square] = Scramble(piece * kSquares + square + 1);
    }
  }
  return table;
}

inline constexpr ZobristTable kTable = MakeTable();

}  // namespace zobrist_internal

constexpr uint64_t ZobristKey(Piece piece, Square square) {
  return zobrist_internal::kTable[static_cast<int>(piece)][square];
}

inline constexpr uint64_t kZobristBlackToMove =
    zobrist_internal::Scramble(kPieceValues * kSquares + 1);

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_RULES_ZOBRIST_H_
