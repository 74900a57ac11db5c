// The tables against the rules, step by step on a board of booleans.

#include "apps/chinese_chess/rules/attacks.h"

#include <random>

#include "gtest/gtest.h"

namespace chinese_chess {
namespace {

constexpr int kOrthogonal[4][2] = {{1, 0}, {-1, 0}, {0, 1}, {0, -1}};
constexpr int kDiagonal[4][2] = {{1, 1}, {-1, 1}, {1, -1}, {-1, -1}};

Bitboard RandomSet(std::mt19937* random) {
  Bitboard set;
  const unsigned density = (*random)() % 12 + 1;
  for (Square square = 0; square < kSquares; ++square) {
    if ((*random)() % 12 < density) set |= SquareBit(square);
  }
  return set;
}

Bitboard At(int file, int rank) {
  return IsOnBoard(file, rank) ? SquareBit(MakeSquare(file, rank)) : Bitboard();
}

LineTargets WalkLines(Square from, const Bitboard& occupied) {
  LineTargets lines;
  for (const auto& [df, dr] : kOrthogonal) {
    int seen = 0;
    int file = FileOf(from) + df;
    int rank = RankOf(from) + dr;
    for (; IsOnBoard(file, rank); file += df, rank += dr) {
      if (seen == 0) lines.first |= At(file, rank);
      if (!occupied.Has(MakeSquare(file, rank))) continue;
      if (++seen == 2) lines.second |= At(file, rank);
    }
  }
  return lines;
}

Bitboard WalkHorse(Square from, const Bitboard& occupied) {
  Bitboard targets;
  const int file = FileOf(from);
  const int rank = RankOf(from);
  for (const auto& [df, dr] : kOrthogonal) {
    const Bitboard leg = At(file + df, rank + dr);
    if (leg.empty() || !(leg & occupied).empty()) continue;
    for (const auto& [ef, er] : kDiagonal) {
      const bool outward = df * ef > 0 || dr * er > 0;
      if (outward) targets |= At(file + df + ef, rank + dr + er);
    }
  }
  return targets;
}

TEST(AttacksTest, LinesAndHorsesAreThoseOfABoard) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    const Bitboard occupied = RandomSet(&random);
    for (Square from = 0; from < kSquares; ++from) {
      const LineTargets expected = WalkLines(from, occupied);
      const LineTargets lines = LinesFrom(from, occupied);
      EXPECT_EQ(lines.first, expected.first) << SquareName(from);
      EXPECT_EQ(lines.second, expected.second) << SquareName(from);
      EXPECT_EQ(HorseTargets(from, occupied), WalkHorse(from, occupied))
          << SquareName(from);
    }
  }
}

TEST(AttacksTest, ElephantsAreStoppedByEyesAndTheRiver) {
  std::mt19937 random(2);
  for (int round = 0; round < 200; ++round) {
    const Bitboard occupied = RandomSet(&random);
    for (const Color color : {Color::kRed, Color::kBlack}) {
      Bitboard rest = ReachableSquares(color, PieceType::kElephant);
      EXPECT_EQ(rest.Count(), 7);
      while (!rest.empty()) {
        const Square from = rest.PopFirst();
        Bitboard expected;
        for (const auto& [df, dr] : kDiagonal) {
          const Bitboard eye = At(FileOf(from) + df, RankOf(from) + dr);
          const Bitboard target =
              At(FileOf(from) + 2 * df, RankOf(from) + 2 * dr);
          const bool same_side =
              !target.empty() && target.First() / 45 == from / 45;
          if (same_side && (eye & occupied).empty()) expected |= target;
        }
        EXPECT_EQ(ElephantTargets(from, occupied), expected);
      }
    }
  }
}

TEST(AttacksTest, AttackersAreTheOtherWayRound) {
  std::mt19937 random(3);
  for (int round = 0; round < 50; ++round) {
    const Bitboard occupied = RandomSet(&random);
    for (const Color color : {Color::kRed, Color::kBlack}) {
      Bitboard palace = ReachableSquares(color, PieceType::kGeneral);
      EXPECT_EQ(palace.Count(), 9);
      while (!palace.empty()) {
        const Square target = palace.PopFirst();
        for (Square from = 0; from < kSquares; ++from) {
          EXPECT_EQ(HorseAttackers(target, occupied).Has(from),
                    HorseTargets(from, occupied).Has(target));
          EXPECT_EQ(SoldierAttackers(color, target).Has(from),
                    SoldierTargets(color, from).Has(target));
        }
      }
    }
  }
}

TEST(AttacksTest, PalacePiecesStayThere) {
  for (const Color color : {Color::kRed, Color::kBlack}) {
    const Bitboard palace = ReachableSquares(color, PieceType::kGeneral);
    for (Bitboard rest = palace; !rest.empty();) {
      const Square from = rest.PopFirst();
      EXPECT_TRUE((GeneralTargets(from) & ~palace).empty());
      EXPECT_TRUE((AdvisorTargets(from) & ~palace).empty());
    }
    EXPECT_EQ(ReachableSquares(color, PieceType::kAdvisor).Count(), 5);
  }
  EXPECT_EQ(GeneralTargets(*ParseSquare("e1")).Count(), 4);
  EXPECT_EQ(AdvisorTargets(*ParseSquare("e8")).Count(), 4);
  EXPECT_EQ(GeneralTargets(*ParseSquare("e4")).Count(), 0);
}

TEST(AttacksTest, SoldiersNeverGoBack) {
  EXPECT_EQ(SoldierTargets(Color::kRed, *ParseSquare("a3")),
            SquareBit(*ParseSquare("a4")));
  EXPECT_EQ(SoldierTargets(Color::kBlack, *ParseSquare("e4")),
            SquareBit(*ParseSquare("e3")) | SquareBit(*ParseSquare("d4")) |
                SquareBit(*ParseSquare("f4")));
  EXPECT_EQ(SoldierTargets(Color::kRed, *ParseSquare("i9")),
            SquareBit(*ParseSquare("h9")));
  EXPECT_EQ(ReachableSquares(Color::kBlack, PieceType::kSoldier).Count(),
            45 + 10);
}

TEST(AttacksTest, BetweenIsOnALineOnly) {
  EXPECT_EQ(SquaresBetween(*ParseSquare("e0"), *ParseSquare("e9")).Count(), 8);
  EXPECT_EQ(SquaresBetween(*ParseSquare("i4"), *ParseSquare("g4")),
            SquareBit(*ParseSquare("h4")));
  EXPECT_TRUE(SquaresBetween(*ParseSquare("a0"), *ParseSquare("b0")).empty());
  EXPECT_TRUE(SquaresBetween(*ParseSquare("a0"), *ParseSquare("b2")).empty());
  EXPECT_TRUE(SquaresBetween(*ParseSquare("a0"), *ParseSquare("a0")).empty());
}

}  // namespace
}  // namespace chinese_chess
