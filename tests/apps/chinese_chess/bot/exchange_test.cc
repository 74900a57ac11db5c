#include "apps/chinese_chess/bot/exchange.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string_view>

#include "apps/chinese_chess/bot/piece_square.h"
#include "apps/chinese_chess/rules/fen.h"
#include "apps/chinese_chess/rules/movegen.h"
#include "tests/apps/chinese_chess/rules/random_game.h"

namespace chinese_chess::bot {
namespace {

constexpr Score kChariot = ExchangeValue(PieceType::kChariot);
constexpr Score kHorse = ExchangeValue(PieceType::kHorse);
constexpr Score kCannon = ExchangeValue(PieceType::kCannon);
constexpr Score kSoldier = ExchangeValue(PieceType::kSoldier);

Score Gain(std::string_view fen, std::string_view move) {
  return ExchangeGain(*ParseFen(fen), *ParseIccs(move));
}

TEST(ExchangeTest, WhatIsNotProtectedIsWon) {
  EXPECT_EQ(Gain("3k5/9/9/n8/9/9/9/9/9/R3K4 w", "a0a6"), kHorse);
}

TEST(ExchangeTest, WhatIsProtectedCostsTheCapturer) {
  // By a chariot behind, by a horse, by a soldier.
  EXPECT_EQ(Gain("r2k5/9/9/n8/9/9/9/9/9/R3K4 w", "a0a6"), kHorse - kChariot);
  EXPECT_EQ(Gain("3k5/1n7/9/n8/9/9/9/9/9/R3K4 w", "a0a6"), kHorse - kChariot);
}

TEST(ExchangeTest, ABlockedLegProtectsNothing) {
  EXPECT_EQ(Gain("3k5/1n7/1c7/n8/9/9/9/9/9/R3K4 w", "a0a6"), kHorse);
}

TEST(ExchangeTest, CannonsLoseAndGainScreens) {
  // The soldier is the cannon's screen.
  EXPECT_EQ(Gain("3k5/9/9/n8/9/p8/9/9/9/C3K4 w", "a0a6"), kHorse);
  // Two chariots in a row: the one behind sees through the one before.
  EXPECT_EQ(Gain("r2k5/9/9/n8/9/9/9/9/R8/R3K4 w", "a1a6"), kHorse);
}

TEST(ExchangeTest, AQuietMoveMayHangThePiece) {
  EXPECT_EQ(Gain("r2k5/9/9/9/9/9/9/9/9/1R2K4 w", "b0a0"), -kChariot);
  EXPECT_EQ(Gain("3k5/9/9/9/9/9/9/9/9/1R2K4 w", "b0a0"), 0);
}

TEST(ExchangeTest, AGeneralTakesOnlyWhatIsNotProtected) {
  EXPECT_EQ(Gain("4k4/4C4/9/9/9/9/9/9/9/R2K5 b", "e9e8"), kCannon);
  EXPECT_EQ(Gain("3k5/3n5/9/9/9/9/9/3R5/9/4K4 w", "d2d8"), kHorse - kChariot);
  EXPECT_EQ(Gain("3k5/3n5/9/9/9/9/9/3R5/3R5/4K4 w", "d2d8"), kHorse);
}

// Attackers as the exchanges find them are those that could capture.
TEST(ExchangeTest, AttackersAreThosePiecesThatReach) {
  for (uint32_t seed = 1; seed <= 10; ++seed) {
    VisitRandomGame(seed, 150, [](const Position& position, const MoveList&) {
      for (Square square = 0; square < kSquares; ++square) {
        for (const Color color : {Color::kRed, Color::kBlack}) {
          const Piece on = position.at(square);
          // Captures only, and of the other colour, for a cannon moves otherwise.
          if (on == Piece::kNone || ColorOf(on) == color) continue;
          Bitboard reach;
          for (Bitboard rest = position.pieces(color); !rest.empty();) {
            const Square from = rest.PopFirst();
            if (PseudoLegalTargets(position, from).Has(square)) {
              reach |= SquareBit(from);
            }
          }
          ASSERT_EQ(AttackersTo(position, square, color, position.occupied()),
                    reach)
              << FormatFen(position) << " " << SquareName(square);
        }
      }
    });
  }
}

TEST(ExchangeTest, SoldiersCountLeast) {
  EXPECT_EQ(Gain("3k5/9/9/r8/P8/9/9/9/9/4K4 w", "a5a6"), kChariot);
  EXPECT_GT(kHorse, kSoldier);
}

}  // namespace
}  // namespace chinese_chess::bot
