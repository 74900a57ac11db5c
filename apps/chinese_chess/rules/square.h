// The 90 points of the board.
//
// A square is rank * 9 + file. File 0 (written a) is Red's left, rank 0 Red's back
// rank, as in ICCS: square 0 is a0, square 89 is i9. Ranks 0-4 are Red's side of the
// river, ranks 5-9 Black's.
//
// Plain integers: they index tables. Immutable, safe from any thread.
//
//   Square h2 = MakeSquare(7, 2);
//   SquareName(h2);                  // "h2"
//   ParseSquare("h2") == h2;
//   MirrorForBlack(h2);              // b7: what h2 is to Red, b7 is to Black
#ifndef APPS_CHINESE_CHESS_RULES_SQUARE_H_
#define APPS_CHINESE_CHESS_RULES_SQUARE_H_

#include <optional>
#include <string>
#include <string_view>

namespace chinese_chess {

using Square = int;

inline constexpr int kFiles = 9;
inline constexpr int kRanks = 10;
inline constexpr int kSquares = kFiles * kRanks;
inline constexpr int kHalfSquares = kSquares / 2;  // Up to the river.

constexpr Square MakeSquare(int file, int rank) { return rank * kFiles + file; }
constexpr int FileOf(Square square) { return square % kFiles; }
constexpr int RankOf(Square square) { return square / kFiles; }

constexpr bool IsOnBoard(int file, int rank) {
  return file >= 0 && file < kFiles && rank >= 0 && rank < kRanks;
}

// Turns the board by 180 degrees.
constexpr Square MirrorForBlack(Square square) { return kSquares - 1 - square; }

inline std::string SquareName(Square square) {
  return {static_cast<char>('a' + FileOf(square)),
          static_cast<char>('0' + RankOf(square))};
}

// Two characters, letters in either case.
inline std::optional<Square> ParseSquare(std::string_view name) {
  if (name.size() != 2) return std::nullopt;
  const int file = (name[0] | 0x20) - 'a';
  const int rank = name[1] - '0';
  if (!IsOnBoard(file, rank)) return std::nullopt;
  return MakeSquare(file, rank);
}

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_RULES_SQUARE_H_
