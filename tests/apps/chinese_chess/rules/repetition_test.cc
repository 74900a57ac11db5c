#include "apps/chinese_chess/rules/repetition.h"

#include <string>
#include <string_view>

#include "apps/chinese_chess/rules/fen.h"
#include "gtest/gtest.h"

namespace chinese_chess {
namespace {

std::string Chased(std::string_view fen, Color chaser) {
  const absl::StatusOr<Position> position = ParseFen(fen, FenPlaces::kComposed);
  EXPECT_TRUE(position.ok()) << fen << ": " << position.status();
  if (!position.ok()) return "";
  std::string names;
  for (Bitboard rest = ChasedPieces(*position, chaser); !rest.empty();) {
    names += SquareName(rest.PopFirst()) + " ";
  }
  return names;
}

TEST(ChaseTest, WhatIsUnprotectedIsChased) {
  EXPECT_EQ(Chased("3k5/9/9/9/9/n3R4/9/9/9/4K4 w", Color::kRed), "a4 ");
  // By the soldier of its own.
  EXPECT_EQ(Chased("3k5/9/9/9/p8/n3R4/9/9/9/4K4 w", Color::kRed), "");
}

TEST(ChaseTest, TheTurnDoesNotMatter) {
  EXPECT_EQ(Chased("3k5/9/9/9/9/n3R4/9/9/9/4K4 b", Color::kRed), "a4 ");
}

TEST(ChaseTest, AChariotIsChasedByLesserPiecesProtectedOrNot) {
  EXPECT_EQ(Chased("3k5/9/9/9/1p7/1r7/3N5/9/9/4K4 w", Color::kRed), "b4 ");
  EXPECT_EQ(Chased("3k5/9/9/9/1p7/1r1p1C3/9/9/9/4K4 w", Color::kRed), "b4 ");
}

TEST(ChaseTest, GeneralsAndSoldiersDoNotChase) {
  EXPECT_EQ(Chased("3k5/9/9/9/1n7/1P7/9/9/9/4K4 w", Color::kRed), "");
  EXPECT_EQ(Chased("3k5/9/9/9/9/9/9/9/4n4/4K4 w", Color::kRed), "");
}

TEST(ChaseTest, SoldiersAreChasedBeyondTheRiverOnly) {
  EXPECT_EQ(Chased("3k5/9/9/p7R/9/9/9/9/9/4K4 w", Color::kRed), "");
  EXPECT_EQ(Chased("3k5/9/9/9/9/p7R/9/9/9/4K4 w", Color::kRed), "a4 ");
}

TEST(ChaseTest, TwoOfAKindMustNotBeAbleToStrikeBack) {
  EXPECT_EQ(Chased("3k5/9/9/9/r7R/9/9/9/9/4K4 w", Color::kRed), "");
  // Pinned against its general.
  EXPECT_EQ(Chased("4k4/9/9/9/4r3R/9/9/9/4R4/4K4 w", Color::kRed), "e5 ");
}

TEST(ChaseTest, APinnedPieceDoesNotChase) {
  EXPECT_EQ(Chased("4k4/9/9/4r4/9/9/4R3n/9/9/3K5 w", Color::kRed), "i3 ");
  EXPECT_EQ(Chased("4k4/9/9/4r4/9/9/4R3n/9/9/4K4 w", Color::kRed), "");
  EXPECT_EQ(Chased("4k4/9/9/4r4/9/4N4/2n6/9/9/4K4 w", Color::kRed), "");
}

TEST(ChaseTest, APinnedProtectorDoesNotProtect) {
  // The advisor would recapture, but the chariot behind it pins it to the file.
  EXPECT_EQ(Chased("4k4/4a4/R2n5/9/9/9/9/9/9/3K5 w", Color::kRed), "");
  EXPECT_EQ(Chased("4k4/4a4/R2n5/9/9/9/9/4R4/9/3K5 w", Color::kRed), "d7 ");
}

}  // namespace
}  // namespace chinese_chess
