// Where pieces can go from a square, by table, whoever stands there.
//
// Constant tables (about 100 KiB, of which a position touches little), safe from any
// thread. A chariot's and a cannon's line is one look-up by its occupancy: the nine
// bits of a rank lie side by side, the ten of a file are brought together by a
// multiplication. Horses and elephants are looked up by which of their four legs or
// eyes are occupied.
//
// "Targets" hold every square that the piece reaches, own pieces included.
//
//   LineTargets lines = LinesFrom(square, occupied);
//   Bitboard chariot = lines.first & ~own;
//   Bitboard cannon = (lines.first & ~occupied) | (lines.second & enemy);
#ifndef APPS_CHINESE_CHESS_RULES_ATTACKS_H_
#define APPS_CHINESE_CHESS_RULES_ATTACKS_H_

#include <algorithm>
#include <array>
#include <cstdint>

#include "apps/chinese_chess/rules/bitboard.h"
#include "apps/chinese_chess/rules/piece.h"
#include "apps/chinese_chess/rules/square.h"

namespace chinese_chess {

namespace attacks_internal {

// Of one rank or file, as bits from its lowest square.
struct LineBits {
  uint16_t first = 0;   // Up to and with the first piece in each direction.
  uint16_t second = 0;  // The second piece in each direction.
};

using PatternTable = std::array<std::array<Bitboard, 16>, kSquares>;
using StepTable = std::array<Bitboard, kSquares>;

// By position in the line, and its occupancy.
extern const std::array<std::array<LineBits, 1 << kFiles>, kFiles> kRankLines;
extern const std::array<std::array<LineBits, 1 << kRanks>, kRanks> kFileLines;

extern const PatternTable kHorseTargets;
extern const PatternTable kHorseAttackers;
extern const PatternTable kElephantTargets;
extern const StepTable kHorseAround;
extern const StepTable kGeneralSteps;
extern const StepTable kAdvisorSteps;
extern const StepTable kCross;
extern const std::array<StepTable, 2> kSoldierSteps;
extern const std::array<StepTable, 2> kSoldierAttackers;

// Bits 0, 9, 18, 27, 36: a file of one half of the board.
inline constexpr uint64_t kColumn = 0x1008040201;
// Moves bit 9i to 32 + i, and copies bit i to 9i.
inline constexpr uint64_t kGather = 0x0101010101;

inline unsigned RankBits(const Bitboard& set, int rank) {
  return rank < kRanks / 2
             ? set.half[0] >> rank * kFiles & 0x1ff
             : set.half[1] >> (rank - kRanks / 2) * kFiles & 0x1ff;
}

inline unsigned FileBits(const Bitboard& set, int file) {
  const uint64_t low = (set.half[0] >> file & kColumn) * kGather >> 32 & 31;
  const uint64_t high = (set.half[1] >> file & kColumn) * kGather >> 32 & 31;
  return static_cast<unsigned>(low | high << 5);
}

inline Bitboard RankSquares(uint64_t bits, int rank) {
  Bitboard squares;
  squares.half[rank >= kRanks / 2] = bits << rank % (kRanks / 2) * kFiles;
  return squares;
}

inline Bitboard FileSquares(uint64_t bits, int file) {
  return {{((bits & 31) * kGather & kColumn) << file,
           ((bits >> 5) * kGather & kColumn) << file}};
}

// The four diagonal neighbours, in the order south-west, south-east, north-west,
// north-east. Right if they are on the same side of the river; both uses are.
inline unsigned DiagonalBits(const Bitboard& set, Square square) {
  const bool far = square >= kHalfSquares;
  // By ten, so that a0's south-west neighbour is no negative shift.
  const uint64_t bits =
      (set.half[far] << 10) >> (far ? square - kHalfSquares : square);
  return (bits & 1) | (bits >> 1 & 2) | (bits >> 16 & 4) | (bits >> 17 & 8);
}

// The four orthogonal neighbours: south, west, east, north. One that is not on the
// board counts as whatever; what it would block is not on the board either.
inline unsigned OrthogonalBits(const Bitboard& set, Square square) {
  const bool far = square >= kHalfSquares;
  const uint64_t rank =
      (set.half[far] << 1) >> (far ? square - kHalfSquares : square);
  const unsigned south = set.Has(std::max(square - kFiles, 0));
  const unsigned north = set.Has(std::min(square + kFiles, kSquares - 1));
  return south | (rank << 1 & 2) | (rank & 4) | north << 3;
}

}  // namespace attacks_internal

struct LineTargets {
  Bitboard
      first;  // Up to and with the first piece in each direction: a chariot.
  Bitboard
      second;  // The second piece in each direction: what a cannon captures.
};

inline LineTargets LinesFrom(Square square, const Bitboard& occupied) {
  using namespace attacks_internal;  // NOLINT
  const int file = FileOf(square);
  const int rank = RankOf(square);
  const LineBits along_rank = kRankLines[file][RankBits(occupied, rank)];
  const LineBits along_file = kFileLines[rank][FileBits(occupied, file)];
  return {
      RankSquares(along_rank.first, rank) | FileSquares(along_file.first, file),
      RankSquares(along_rank.second, rank) |
          FileSquares(along_file.second, file)};
}

inline const Bitboard& HorseTargets(Square square, const Bitboard& occupied) {
  return attacks_internal::kHorseTargets[square]
                                        [attacks_internal::OrthogonalBits(
                                            occupied, square)];
}

inline const Bitboard& ElephantTargets(Square square,
                                       const Bitboard& occupied) {
  return attacks_internal::kElephantTargets[square]
                                           [attacks_internal::DiagonalBits(
                                               occupied, square)];
}

// From where a horse attacks `palace_square`, which is in a palace.
inline const Bitboard& HorseAttackers(Square palace_square,
                                      const Bitboard& occupied) {
  return attacks_internal::kHorseAttackers[palace_square]
                                          [attacks_internal::DiagonalBits(
                                              occupied, palace_square)];
}

// From where a horse would attack if no leg were in the way.
inline const Bitboard& HorseAround(Square square) {
  return attacks_internal::kHorseAround[square];
}

inline const Bitboard& GeneralTargets(Square square) {
  return attacks_internal::kGeneralSteps[square];
}
inline const Bitboard& AdvisorTargets(Square square) {
  return attacks_internal::kAdvisorSteps[square];
}
inline const Bitboard& SoldierTargets(Color color, Square square) {
  return attacks_internal::kSoldierSteps[static_cast<int>(color)][square];
}

// From where a soldier of that colour attacks `square`.
inline const Bitboard& SoldierAttackers(Color color, Square square) {
  return attacks_internal::kSoldierAttackers[static_cast<int>(color)][square];
}

// The rank and the file of a square, without it.
inline const Bitboard& CrossOf(Square square) {
  return attacks_internal::kCross[square];
}

// The squares strictly between two of one rank or file; empty for any other pair.
Bitboard SquaresBetween(Square a, Square b);

// The leg of a horse that goes from `from` to `to`.
Square HorseLeg(Square from, Square to);

// The squares that each kind may ever stand on; for soldiers, those that a game can
// bring them to.
const Bitboard& ReachableSquares(Color color, PieceType type);

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_RULES_ATTACKS_H_
