#include "apps/chinese_chess/bot/evaluate.h"

#include <array>

namespace chinese_chess {
namespace {

constexpr int kValues[kPieceTypes] = {0, 200, 200, 420, 950, 460, 90};

constexpr int Abs(int x) { return x < 0 ? -x : x; }

// Files from the centre one: 0 to 4.
constexpr int FromCentre(int file) { return Abs(file - 4); }

constexpr int SoldierBonus(int file, int rank) {
  if (rank < 5) return file == 4 ? 10 : 0;
  if (rank == 9) return 20;  // Where it does nothing more.
  return 70 + 15 * (rank - 5) + 10 * (4 - FromCentre(file));
}

constexpr int HorseBonus(int file, int rank) {
  const int advanced = rank <= 7 ? 6 * rank : 30;
  const int edge = FromCentre(file) == 4 ? 30 : 0;
  return advanced + 4 * (4 - FromCentre(file)) - edge - (rank == 0 ? 20 : 0);
}

constexpr int ChariotBonus(int file, int rank) {
  const int corner = rank == 0 && FromCentre(file) == 4 ? 40 : 0;
  return 4 * (4 - FromCentre(file)) + 2 * rank - corner;
}

constexpr int CannonBonus(int file, int rank) {
  return (file == 4 ? 25 : 0) + (rank <= 2 ? 10 : 0);
}

// Pieces that guard are best at home, side by side.
constexpr int GuardBonus(int file, int rank) {
  return file == 4 ? 10 : (rank == 0 ? 4 : 0);
}

constexpr int GeneralBonus(int file, int rank) {
  return (file == 4 ? 10 : 0) - 20 * rank;
}

// From the side of the piece's owner, whose back rank is 0.
constexpr int SquareBonus(PieceType type, int file, int rank) {
  switch (type) {
    case PieceType::kGeneral:
      return GeneralBonus(file, rank);
    case PieceType::kAdvisor:
    case PieceType::kElephant:
      return GuardBonus(file, rank);
    case PieceType::kHorse:
      return HorseBonus(file, rank);
    case PieceType::kChariot:
      return ChariotBonus(file, rank);
    case PieceType::kCannon:
      return CannonBonus(file, rank);
    case PieceType::kSoldier:
      return SoldierBonus(file, rank);
  }
  return 0;
}

using Table = std::array<std::array<int16_t, kSquares>, kPieceValues>;

constexpr Table MakeTable() {
  Table table{};
  for (int type = 0; type < kPieceTypes; ++type) {
    for (Square square = 0; square < kSquares; ++square) {
      const PieceType kind = static_cast<PieceType>(type);
      const int worth =
          kValues[type] + SquareBonus(kind, FileOf(square), RankOf(square));
      table[static_cast<int>(MakePiece(Color::kRed, kind))][square] =
          static_cast<int16_t>(worth);
      table[static_cast<int>(MakePiece(Color::kBlack, kind))]
           [MirrorForBlack(square)] = static_cast<int16_t>(-worth);
    }
  }
  return table;
}

constexpr Table kTable = MakeTable();

}  // namespace

int PieceScore(Piece piece, Square square) {
  return kTable[static_cast<int>(piece)][square];
}

int MaterialScore(const Position& position) {
  int score = 0;
  for (Square square = 0; square < kSquares; ++square) {
    score += PieceScore(position.at(square), square);
  }
  return score;
}

int PieceValue(PieceType type) { return kValues[static_cast<int>(type)]; }

}  // namespace chinese_chess
