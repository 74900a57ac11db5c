#include "apps/chinese_chess/rules/attacks.h"

#include <cstdlib>
#include <utility>

namespace chinese_chess {
namespace attacks_internal {
namespace {

struct Step {
  int file;
  int rank;
};

constexpr Step kOrthogonal[] = {{0, -1}, {-1, 0}, {1, 0}, {0, 1}};
constexpr Step kDiagonal[] = {{-1, -1}, {1, -1}, {-1, 1}, {1, 1}};

constexpr void ScanDirection(int at, int step, int length, unsigned occupied,
                             LineBits* bits) {
  int seen = 0;
  for (int i = at + step; i >= 0 && i < length && seen < 2; i += step) {
    const unsigned bit = 1u << i;
    if (seen == 0) bits->first |= static_cast<uint16_t>(bit);
    if ((occupied & bit) == 0) continue;
    if (++seen == 2) bits->second |= static_cast<uint16_t>(bit);
  }
}

template <int kLength>
using LineRow = std::array<LineBits, 1 << kLength>;

template <int kLength>
constexpr LineRow<kLength> MakeLineRow(int at) {
  LineRow<kLength> row{};
  for (unsigned occupied = 0; occupied < row.size(); ++occupied) {
    ScanDirection(at, 1, kLength, occupied, &row[occupied]);
    ScanDirection(at, -1, kLength, occupied, &row[occupied]);
  }
  return row;
}

// A constant of its own for each row, for compilers that count the steps.
template <int kLength, int kAt>
constexpr LineRow<kLength> kLineRow = MakeLineRow<kLength>(kAt);

template <int kLength, int... kAt>
constexpr std::array<LineRow<kLength>, kLength> MakeLines(
    std::integer_sequence<int, kAt...>) {
  return {{kLineRow<kLength, kAt>...}};
}

constexpr void Add(int file, int rank, Bitboard* set) {
  if (IsOnBoard(file, rank)) *set |= SquareBit(MakeSquare(file, rank));
}

constexpr bool IsInPalace(int file, int rank) {
  return IsOnBoard(file, rank) && file >= 3 && file <= 5 &&
         (rank <= 2 || rank >= 7);
}

// Both the targets by leg and the attackers by diagonal have two squares a
// direction.
constexpr PatternTable MakeHorseTargets() {
  PatternTable table{};
  for (Square square = 0; square < kSquares; ++square) {
    for (unsigned blocked = 0; blocked < 16; ++blocked) {
      for (int i = 0; i < 4; ++i) {
        if (blocked >> i & 1) continue;
        const auto [df, dr] = kOrthogonal[i];
        for (int side : {-1, 1}) {
          Add(FileOf(square) + 2 * df + (df == 0 ? side : 0),
              RankOf(square) + 2 * dr + (dr == 0 ? side : 0),
              &table[square][blocked]);
        }
      }
    }
  }
  return table;
}

// The leg is next to the horse, hence diagonal to what it attacks.
constexpr PatternTable MakeHorseAttackers() {
  PatternTable table{};
  for (Square square = 0; square < kSquares; ++square) {
    for (unsigned blocked = 0; blocked < 16; ++blocked) {
      for (int i = 0; i < 4; ++i) {
        if (blocked >> i & 1) continue;
        const auto [df, dr] = kDiagonal[i];
        Add(FileOf(square) + 2 * df, RankOf(square) + dr,
            &table[square][blocked]);
        Add(FileOf(square) + df, RankOf(square) + 2 * dr,
            &table[square][blocked]);
      }
    }
  }
  return table;
}

constexpr PatternTable MakeElephantTargets() {
  PatternTable table{};
  for (Square square = 0; square < kSquares; ++square) {
    for (unsigned blocked = 0; blocked < 16; ++blocked) {
      for (int i = 0; i < 4; ++i) {
        const int file = FileOf(square) + 2 * kDiagonal[i].file;
        const int rank = RankOf(square) + 2 * kDiagonal[i].rank;
        const bool crosses = rank / 5 != RankOf(square) / 5;
        if ((blocked >> i & 1) == 0 && !crosses) {
          Add(file, rank, &table[square][blocked]);
        }
      }
    }
  }
  return table;
}

constexpr StepTable MakePalaceSteps(const Step (&steps)[4]) {
  StepTable table{};
  for (Square square = 0; square < kSquares; ++square) {
    if (!IsInPalace(FileOf(square), RankOf(square))) continue;
    for (const auto [df, dr] : steps) {
      const int file = FileOf(square) + df;
      const int rank = RankOf(square) + dr;
      if (IsInPalace(file, rank)) Add(file, rank, &table[square]);
    }
  }
  return table;
}

constexpr StepTable MakeCross() {
  StepTable table{};
  for (Square square = 0; square < kSquares; ++square) {
    for (Square other = 0; other < kSquares; ++other) {
      if ((FileOf(square) == FileOf(other)) !=
          (RankOf(square) == RankOf(other))) {
        table[square] |= SquareBit(other);
      }
    }
  }
  return table;
}

constexpr StepTable MakeHorseAround() {
  StepTable table{};
  for (Square square = 0; square < kSquares; ++square) {
    table[square] = kHorseTargets[square][0];
  }
  return table;
}

constexpr bool HasCrossed(Color color, int rank) {
  return color == Color::kRed ? rank >= 5 : rank <= 4;
}

constexpr StepTable MakeSoldierSteps(Color color) {
  StepTable table{};
  for (Square square = 0; square < kSquares; ++square) {
    const int file = FileOf(square);
    const int rank = RankOf(square);
    Add(file, rank + (color == Color::kRed ? 1 : -1), &table[square]);
    if (!HasCrossed(color, rank)) continue;
    Add(file - 1, rank, &table[square]);
    Add(file + 1, rank, &table[square]);
  }
  return table;
}

constexpr StepTable Invert(const StepTable& steps) {
  StepTable table{};
  for (Square from = 0; from < kSquares; ++from) {
    for (Bitboard rest = steps[from]; !rest.empty();) {
      table[rest.PopFirst()] |= SquareBit(from);
    }
  }
  return table;
}

}  // namespace

constexpr std::array<std::array<LineBits, 1 << kFiles>, kFiles> kRankLines =
    MakeLines<kFiles>(std::make_integer_sequence<int, kFiles>());
constexpr std::array<std::array<LineBits, 1 << kRanks>, kRanks> kFileLines =
    MakeLines<kRanks>(std::make_integer_sequence<int, kRanks>());

constexpr PatternTable kHorseTargets = MakeHorseTargets();
constexpr PatternTable kHorseAttackers = MakeHorseAttackers();
constexpr PatternTable kElephantTargets = MakeElephantTargets();
constexpr StepTable kHorseAround = MakeHorseAround();
constexpr StepTable kGeneralSteps = MakePalaceSteps(kOrthogonal);
constexpr StepTable kAdvisorSteps = MakePalaceSteps(kDiagonal);
constexpr StepTable kCross = MakeCross();
constexpr std::array<StepTable, 2> kSoldierSteps = {
    MakeSoldierSteps(Color::kRed), MakeSoldierSteps(Color::kBlack)};
constexpr std::array<StepTable, 2> kSoldierAttackers = {
    Invert(kSoldierSteps[0]), Invert(kSoldierSteps[1])};

}  // namespace attacks_internal

namespace {

using ReachTable = std::array<std::array<Bitboard, kPieceTypes>, 2>;

constexpr bool IsReachable(PieceType type, int file, int rank) {
  switch (type) {
    case PieceType::kGeneral:
      return rank <= 2 && file >= 3 && file <= 5;
    case PieceType::kAdvisor:
      return rank <= 2 && file >= 3 && file <= 5 && (file + rank) % 2 == 1;
    case PieceType::kElephant:
      // a2, c0, c4, e2, g0, g4, i2.
      return rank <= 4 && rank % 2 == 0 && file % 2 == 0 &&
             (file / 2 + rank / 2) % 2 == 1;
    case PieceType::kSoldier:
      return rank >= 5 || (rank >= 3 && file % 2 == 0);
    default:
      return true;
  }
}

constexpr ReachTable MakeReach() {
  ReachTable table{};
  for (int type = 0; type < kPieceTypes; ++type) {
    for (Square square = 0; square < kSquares; ++square) {
      if (IsReachable(static_cast<PieceType>(type), FileOf(square),
                      RankOf(square))) {
        table[0][type] |= SquareBit(square);
        table[1][type] |= SquareBit(MirrorForBlack(square));
      }
    }
  }
  return table;
}

constexpr ReachTable kReach = MakeReach();

}  // namespace

Bitboard SquaresBetween(Square a, Square b) {
  Bitboard between;
  const bool same_rank = RankOf(a) == RankOf(b);
  if (!same_rank && FileOf(a) != FileOf(b)) return between;
  const int step = (same_rank ? 1 : kFiles) * (a < b ? 1 : -1);
  if (a == b) return between;
  for (Square at = a + step; at != b; at += step) between |= SquareBit(at);
  return between;
}

Square HorseLeg(Square from, Square to) {
  const int df = FileOf(to) - FileOf(from);
  const int dr = RankOf(to) - RankOf(from);
  return std::abs(df) == 2 ? from + df / 2 : from + dr / 2 * kFiles;
}

const Bitboard& ReachableSquares(Color color, PieceType type) {
  return kReach[static_cast<int>(color)][static_cast<int>(type)];
}

}  // namespace chinese_chess
