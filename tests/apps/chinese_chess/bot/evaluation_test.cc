#include "apps/chinese_chess/bot/evaluation.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string_view>

#include "apps/chinese_chess/rules/bitboard.h"
#include "apps/chinese_chess/rules/fen.h"
#include "apps/chinese_chess/rules/movegen.h"
#include "tests/apps/chinese_chess/rules/random_game.h"

namespace chinese_chess::bot {
namespace {

// The same position with the colours exchanged.
Position Exchanged(const Position& position) {
  Position other = Position::Empty();
  for (Bitboard rest = position.occupied(); !rest.empty();) {
    const Square square = rest.PopFirst();
    const Piece piece = position.at(square);
    other.Put(MakePiece(Opponent(ColorOf(piece)), TypeOf(piece)),
              MirrorForBlack(square));
  }
  other.set_turn(Opponent(position.turn()));
  return other;
}

// Left and right exchanged.
Position Reflected(const Position& position) {
  Position other = Position::Empty();
  for (Bitboard rest = position.occupied(); !rest.empty();) {
    const Square square = rest.PopFirst();
    other.Put(position.at(square),
              MakeSquare(kFiles - 1 - FileOf(square), RankOf(square)));
  }
  other.set_turn(position.turn());
  return other;
}

TEST(EvaluationTest, IsTheSameForBothSides) {
  for (uint32_t seed = 1; seed <= 30; ++seed) {
    VisitRandomGame(seed, 200, [](const Position& position, const MoveList&) {
      const Score score = Evaluate(position);
      ASSERT_EQ(score, Evaluate(Exchanged(position))) << FormatFen(position);
      ASSERT_EQ(score, Evaluate(Reflected(position))) << FormatFen(position);
    });
  }
}

TEST(EvaluationTest, MaterialIsKeptUpToDateByMoves) {
  for (uint32_t seed = 1; seed <= 30; ++seed) {
    MaterialScore material{Position()};
    Position last;
    VisitRandomGame(seed, 200, [&](const Position& position, const MoveList&) {
      if (!(position == last)) {
        // Find the move that was made by what it did.
        MoveList moves;
        GenerateLegalMoves(last, &moves);
        for (const Move move : moves) {
          Position after = last;
          after.Make(move);
          if (!(after == position)) continue;
          material.Move(last.at(move.from), move, last.at(move.to));
          break;
        }
      }
      ASSERT_EQ(material, MaterialScore(position)) << FormatFen(position);
      last = position;
    });
  }
}

TEST(EvaluationTest, APieceMoreIsAnAdvantage) {
  for (const std::string_view fen :
       {"rnbakabnr/9/1c5c1/p1p1p1p1p/9/9/P1P1P1P1P/1C5C1/9/1NBAKABNR b",
        "rnbakabnr/9/1c5c1/p1p1p1p1p/9/9/P1P1P1P1P/1C7/9/RNBAKABNR b",
        "rnbakabnr/9/1c5c1/p1p1p1p1p/9/9/P1P1P1P1P/1C5C1/9/R1BAKABNR b"}) {
    EXPECT_GT(Evaluate(*ParseFen(fen)), 250) << fen;
  }
}

TEST(EvaluationTest, WhoCannotWinIsNotAhead) {
  EXPECT_LE(Evaluate(*ParseFen("3k5/9/9/9/9/9/9/p8/9/2BAKAB2 w")), 0);
  EXPECT_GE(Evaluate(*ParseFen("3k5/9/9/9/9/9/9/p8/9/2BAKAB2 b")), 0);
}

TEST(EvaluationTest, AHollowCannonIsAThreat) {
  const Score hollow = Evaluate(*ParseFen("3aka3/9/9/9/9/4C4/9/9/R8/3K5 w"));
  const Score beside = Evaluate(*ParseFen("3aka3/9/9/9/9/3C5/9/9/R8/3K5 w"));
  EXPECT_GT(hollow - beside, 40);
}

}  // namespace
}  // namespace chinese_chess::bot
