#include "apps/chinese_chess/rules/position.h"

#include "apps/chinese_chess/rules/fen.h"
#include "gtest/gtest.h"

namespace chinese_chess {
namespace {

TEST(PositionTest, StartsWithThirtyTwoPiecesAndRed) {
  const Position position;
  EXPECT_EQ(position.occupied().Count(), 32);
  EXPECT_EQ(position.turn(), Color::kRed);
  EXPECT_EQ(position.general(Color::kRed), *ParseSquare("e0"));
  EXPECT_EQ(position.general(Color::kBlack), *ParseSquare("e9"));
  EXPECT_FALSE(position.InCheck());
}

TEST(PositionTest, CountsMovesAndQuietPlies) {
  Position position;
  position.Make(*ParseIccs("h2e2"));
  EXPECT_EQ(position.quiet_plies(), 1);
  EXPECT_EQ(position.move_number(), 1);
  position.Make(*ParseIccs("h9g7"));
  EXPECT_EQ(position.move_number(), 2);
  const Move capture = *ParseIccs("e2e6");
  const Undo undo = position.Make(capture);
  EXPECT_EQ(undo.captured, MakePiece(Color::kBlack, PieceType::kSoldier));
  EXPECT_EQ(position.quiet_plies(), 0);
  EXPECT_FALSE(position.InCheck());  // There is no screen.
  position.Unmake(capture, undo);
  EXPECT_EQ(position.quiet_plies(), 2);
}

TEST(PositionTest, FindsWhatChecks) {
  const Position position = *ParseFen("4k4/4a4/9/4C4/9/9/9/9/4R4/3K5 b");
  EXPECT_TRUE(position.InCheck());
  EXPECT_EQ(position.Attackers(Color::kBlack), SquareBit(*ParseSquare("e6")));
  EXPECT_TRUE(position.Attackers(Color::kRed).empty());
}

TEST(PositionTest, TheKeyTellsTheSideToMove) {
  const Position red = *ParseFen("4k4/9/9/9/9/9/9/9/9/3K5 w");
  const Position black = *ParseFen("4k4/9/9/9/9/9/9/9/9/3K5 b");
  EXPECT_NE(red.key(), black.key());
  EXPECT_FALSE(red == black);
  const Position later = *ParseFen("4k4/9/9/9/9/9/9/9/9/3K5 w - - 5 9");
  EXPECT_EQ(red.key(), later.key());
  EXPECT_TRUE(red == later);
}

TEST(PositionTest, GeneralsThatFaceEachOtherAttackEachOther) {
  const Position position = *ParseFen("4k4/9/9/9/9/9/9/9/9/3K5 w");
  EXPECT_EQ(position.AttackersAfter(*ParseIccs("d0e0")),
            SquareBit(*ParseSquare("e9")));
  EXPECT_TRUE(position.LeavesGeneralSafe(*ParseIccs("d0d1")));
}

TEST(PieceTest, LettersComeBack) {
  for (const char letter : std::string_view("KABNRCPkabnrcp")) {
    EXPECT_EQ(PieceLetter(*PieceFromLetter(letter)), letter);
  }
  EXPECT_EQ(PieceFromLetter('E'), PieceFromLetter('B'));
  EXPECT_EQ(PieceFromLetter('h'), PieceFromLetter('n'));
  for (const char letter : std::string_view("XxQ1/ \x80")) {
    EXPECT_FALSE(PieceFromLetter(letter).has_value()) << letter;
  }
}

TEST(MoveTest, IccsIsReadInItsForms) {
  const Move move = MakeMove(*ParseSquare("h2"), *ParseSquare("e2"));
  for (const char* text : {"h2e2", "H2E2", "h2-e2", "H2-E2"}) {
    EXPECT_EQ(ParseIccs(text), move) << text;
  }
  for (const char* text :
       {"", "h2", "h2e", "h2e22", "h2h2", "j2e2", "h2+e2", "h10e9"}) {
    EXPECT_FALSE(ParseIccs(text).has_value()) << text;
  }
  EXPECT_EQ(FormatIccs(move), "h2e2");
}

}  // namespace
}  // namespace chinese_chess
