#include "apps/chinese_chess/rules/bitboard.h"

#include <vector>

#include "gtest/gtest.h"

namespace chinese_chess {
namespace {

TEST(BitboardTest, TakesItsSquaresInOrder) {
  Bitboard set = SquareBit(44) | SquareBit(3) | SquareBit(89) | SquareBit(45);
  EXPECT_EQ(set.Count(), 4);
  std::vector<Square> squares;
  while (!set.empty()) squares.push_back(set.PopFirst());
  EXPECT_EQ(squares, (std::vector<Square>{3, 44, 45, 89}));
}

TEST(BitboardTest, HoldsEachSquareByItself) {
  Bitboard all;
  for (Square square = 0; square < kSquares; ++square) {
    EXPECT_EQ(SquareBit(square).Count(), 1);
    EXPECT_EQ(SquareBit(square).First(), square);
    for (Square other = 0; other < kSquares; ++other) {
      EXPECT_EQ(SquareBit(square).Has(other), square == other);
    }
    all |= SquareBit(square);
    EXPECT_EQ(all.Count(), square + 1);
  }
}

TEST(BitboardTest, CombinesAsSets) {
  const Bitboard a = SquareBit(1) | SquareBit(50);
  const Bitboard b = SquareBit(50) | SquareBit(60);
  EXPECT_EQ(a & b, SquareBit(50));
  EXPECT_EQ(a ^ b, SquareBit(1) | SquareBit(60));
  EXPECT_EQ(a & ~b, SquareBit(1));
}

TEST(SquareTest, NamesAreIccs) {
  EXPECT_EQ(SquareName(MakeSquare(0, 0)), "a0");
  EXPECT_EQ(SquareName(MakeSquare(8, 9)), "i9");
  EXPECT_EQ(ParseSquare("H2"), MakeSquare(7, 2));
  for (const char* wrong : {"", "a", "j0", "a:", "`0", "a00"}) {
    EXPECT_FALSE(ParseSquare(wrong).has_value()) << wrong;
  }
  EXPECT_EQ(SquareName(MirrorForBlack(*ParseSquare("h2"))), "b7");
}

}  // namespace
}  // namespace chinese_chess
