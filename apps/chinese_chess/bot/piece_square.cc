#include "apps/chinese_chess/bot/piece_square.h"

#include "apps/chinese_chess/rules/bitboard.h"

namespace chinese_chess::bot {
namespace {

// Files a to e of each rank, Red's back rank first; f to i mirror them.
using Half = std::array<std::array<int16_t, 5>, kRanks>;

struct Worth {
  int16_t opening;
  int16_t ending;
};

// Indexed by PieceType. A cannon needs screens and loses with the pieces, a horse
// gains with the room; soldiers are what endings are about.
constexpr Worth kWorth[kPieceTypes] = {
    {0, 0},      {190, 200}, {190, 200}, {395, 460},
    {900, 1000}, {450, 430}, {75, 120},
};

constexpr Half kGeneral = {{
    {0, 0, 0, 0, 15},
    {0, 0, 0, -20, -15},
    {0, 0, 0, -35, -35},
}};
// Late, a general that stands high or aside is not in the same danger, and commands
// an open file.
constexpr Half kGeneralLate = {{
    {0, 0, 0, 5, 0},
    {0, 0, 0, 0, -5},
    {0, 0, 0, -5, -10},
}};
constexpr Half kAdvisor = {{
    {0, 0, 0, 0, 0},
    {0, 0, 0, 0, 10},
    {0, 0, 0, -8, 0},
}};
constexpr Half kElephant = {{
    {0, 0, 0, 0, 0},
    {0, 0, 0, 0, 0},
    {-12, 0, 0, 0, 10},
    {0, 0, 0, 0, 0},
    {0, 0, -3, 0, 0},
}};
constexpr Half kHorse = {{
    {-20, -25, -10, -15, -25},
    {-15, -5, 0, 0, -45},
    {-10, 0, 10, 5, 0},
    {-5, 5, 5, 8, 8},
    {0, 10, 12, 16, 12},
    {5, 15, 18, 22, 25},
    {10, 25, 30, 30, 25},
    {10, 20, 35, 40, 30},
    {10, 30, 40, 25, 10},
    {0, 5, 15, 5, -10},
}};
constexpr Half kChariot = {{
    {-25, 0, -5, 8, -15},
    {-10, 5, 0, 12, 0},
    {-10, 5, 0, 12, 5},
    {-5, 8, 5, 14, 10},
    {5, 12, 10, 18, 15},
    {5, 14, 12, 20, 18},
    {10, 14, 14, 22, 22},
    {5, 10, 10, 18, 20},
    {15, 20, 20, 28, 30},
    {10, 12, 12, 20, 18},
}};
constexpr Half kCannon = {{
    {0, 2, 5, 8, 5},
    {0, 5, 8, 10, 8},
    {0, 4, 2, 5, 20},
    {0, 0, 3, 3, 8},
    {-2, 0, 3, 5, 12},
    {0, 0, 3, 3, 15},
    {0, 3, 0, 0, 12},
    {0, 5, 3, -5, 0},
    {10, 10, 5, -5, -10},
    {25, 25, 10, -5, -10},
}};
constexpr Half kSoldier = {{
    {0, 0, 0, 0, 0},
    {0, 0, 0, 0, 0},
    {0, 0, 0, 0, 0},
    {0, 0, 0, 0, 12},
    {4, 0, 14, 0, 14},
    {30, 40, 50, 60, 65},
    {45, 60, 75, 90, 95},
    {50, 75, 100, 115, 120},
    {50, 80, 110, 130, 135},
    {0, 5, 15, 25, 25},
}};
constexpr Half kSoldierLate = {{
    {0, 0, 0, 0, 0},
    {0, 0, 0, 0, 0},
    {0, 0, 0, 0, 0},
    {0, 0, 0, 0, 5},
    {10, 0, 15, 0, 15},
    {50, 65, 75, 85, 85},
    {60, 80, 95, 110, 110},
    {60, 85, 110, 125, 130},
    {50, 75, 105, 125, 130},
    {-20, -10, 5, 20, 25},
}};

constexpr const Half* kOpening[kPieceTypes] = {
    &kGeneral, &kAdvisor, &kElephant, &kHorse, &kChariot, &kCannon, &kSoldier};
constexpr const Half* kEnding[kPieceTypes] = {
    &kGeneralLate, &kAdvisor, &kElephant,   &kHorse,
    &kChariot,     &kCannon,  &kSoldierLate};

using Table = std::array<std::array<PieceSquare, kSquares>, kPieceValues>;

constexpr int16_t At(const Half& half, Square square) {
  const int file = FileOf(square);
  return half[RankOf(square)][file < 5 ? file : kFiles - 1 - file];
}

constexpr Table MakeTable() {
  Table table{};
  for (int type = 0; type < kPieceTypes; ++type) {
    for (Square square = 0; square < kSquares; ++square) {
      const auto opening = static_cast<int16_t>(kWorth[type].opening +
                                                At(*kOpening[type], square));
      const auto ending = static_cast<int16_t>(kWorth[type].ending +
                                               At(*kEnding[type], square));
      table[type][square] = {opening, ending};
      table[8 + type][MirrorForBlack(square)] = {static_cast<int16_t>(-opening),
                                                 static_cast<int16_t>(-ending)};
    }
  }
  return table;
}

constexpr Table kTable = MakeTable();

}  // namespace

const PieceSquare& PieceSquareOf(Piece piece, Square square) {
  return kTable[static_cast<int>(piece)][square];
}

MaterialScore::MaterialScore(const Position& position) {
  for (Bitboard rest = position.occupied(); !rest.empty();) {
    const Square square = rest.PopFirst();
    const Piece piece = position.at(square);
    const PieceSquare& worth = PieceSquareOf(piece, square);
    opening_ += worth.opening;
    ending_ += worth.ending;
    phase_ += PhaseOf(piece);
  }
}

}  // namespace chinese_chess::bot
