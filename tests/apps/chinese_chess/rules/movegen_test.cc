#include "apps/chinese_chess/rules/movegen.h"

#include <set>
#include <string>
#include <utility>

#include "apps/chinese_chess/rules/fen.h"
#include "apps/chinese_chess/rules/illegal_move.h"
#include "apps/chinese_chess/rules/move.h"
#include "apps/chinese_chess/rules/position.h"
#include "gtest/gtest.h"
#include "tests/apps/chinese_chess/rules/random_game.h"

namespace chinese_chess {
namespace {

std::set<std::string> Names(const MoveList& moves) {
  std::set<std::string> names;
  for (const Move move : moves) names.insert(FormatIccs(move));
  EXPECT_EQ(names.size(), moves.size()) << "a move is there twice";
  return names;
}

std::set<std::string> LegalMoves(std::string_view fen) {
  MoveList moves;
  GenerateLegalMoves(*ParseFen(fen, FenPlaces::kComposed), &moves);
  return Names(moves);
}

// By trying: whoever could capture the general attacks it, and generals that see each
// other could, too.
bool IsSafeByTrying(Position position, Move move) {
  const Color us = position.turn();
  position.Make(move);
  for (Bitboard rest = position.pieces(Opponent(us)); !rest.empty();) {
    const Square from = rest.PopFirst();
    if (PseudoLegalTargets(position, from).Has(position.general(us))) {
      return false;
    }
  }
  const Square red = position.general(Color::kRed);
  const Square black = position.general(Color::kBlack);
  if (FileOf(red) != FileOf(black)) return true;
  for (Square at = red + kFiles; at != black; at += kFiles) {
    if (position.at(at) != Piece::kNone) return true;
  }
  return false;
}

std::set<std::string> LegalByTrying(const Position& position) {
  std::set<std::string> names;
  for (Bitboard rest = position.pieces(position.turn()); !rest.empty();) {
    const Square from = rest.PopFirst();
    for (Bitboard to = PseudoLegalTargets(position, from); !to.empty();) {
      const Move move = MakeMove(from, to.PopFirst());
      if (IsSafeByTrying(position, move)) names.insert(FormatIccs(move));
    }
  }
  return names;
}

TEST(MovegenTest, AgreesWithTryingEveryMove) {
  int in_check = 0;
  for (uint32_t seed = 0; seed < 120; ++seed) {
    VisitRandomGame(
        seed, 150, [&](const Position& position, const MoveList& moves) {
          in_check += position.InCheck();
          ASSERT_EQ(Names(moves), LegalByTrying(position))
              << FormatFen(position);
          ASSERT_EQ(CountLegalMoves(position), static_cast<int>(moves.size()));
          ASSERT_EQ(HasLegalMove(position), !moves.empty());
        });
  }
  EXPECT_GT(in_check, 300);  // Else the games are too tame.
}

TEST(MovegenTest, EveryPairOfSquaresIsLegalOrHasAReason) {
  for (uint32_t seed = 0; seed < 5; ++seed) {
    VisitRandomGame(
        seed, 100, [](const Position& position, const MoveList& moves) {
          const std::set<std::string> legal = Names(moves);
          for (Square from = 0; from < kSquares; ++from) {
            for (Square to = 0; to < kSquares; ++to) {
              if (from == to) continue;
              const Move move = MakeMove(from, to);
              const bool is_legal = legal.count(FormatIccs(move)) > 0;
              ASSERT_EQ(IsLegal(position, move), is_legal) << FormatIccs(move);
              ASSERT_EQ(WhyIllegal(position, move) == IllegalReason::kNone,
                        is_legal)
                  << FormatFen(position) << " " << FormatIccs(move);
            }
          }
        });
  }
}

TEST(MovegenTest, CapturesAreThoseMovesThatCapture) {
  for (uint32_t seed = 0; seed < 20; ++seed) {
    VisitRandomGame(
        seed, 150, [](const Position& position, const MoveList& moves) {
          MoveList expected;
          for (const Move move : moves) {
            if (position.at(move.to) != Piece::kNone) expected.Add(move);
          }
          MoveList captures;
          GenerateLegalCaptures(position, &captures);
          ASSERT_EQ(Names(captures), Names(expected)) << FormatFen(position);
        });
  }
}

TEST(MovegenTest, MakeAndUnmakeLeaveNoTrace) {
  VisitRandomGame(7, 200, [](const Position& position, const MoveList& moves) {
    Position copy = position;
    for (const Move move : moves) {
      const Undo undo = copy.Make(move);
      // The key is kept up to date; that of the FEN is made from nothing.
      ASSERT_EQ(copy.key(), ParseFen(FormatFen(copy))->key());
      copy.Unmake(move, undo);
      ASSERT_EQ(FormatFen(copy), FormatFen(position));
      ASSERT_EQ(copy.key(), position.key());
      ASSERT_EQ(copy.occupied(), position.occupied());
    }
  });
}

TEST(MovegenTest, HollowCannonAllowsNoScreen) {
  // Nothing may step between; the advisor and the chariot could.
  EXPECT_EQ(LegalMoves("3ak4/3R5/9/9/9/4C4/9/9/9/5K3 b"),
            (std::set<std::string>{}));
}

TEST(MovegenTest, TheGuardedChariotCannotBeTaken) {
  EXPECT_EQ(LegalMoves("4k4/4R4/9/9/9/9/9/9/9/4K4 b"),
            (std::set<std::string>{"e9d9", "e9f9"}));
}

TEST(MovegenTest, AHorseCheckIsAnsweredOnItsLeg) {
  const std::set<std::string> moves =
      LegalMoves("4k4/r8/3N5/9/9/9/9/9/9/3K5 b");
  EXPECT_TRUE(moves.count("a8d8"));
  EXPECT_EQ(moves.size(), 4u);
}

TEST(MovegenTest, ALegsPieceMayCaptureOnlyTheHorse) {
  EXPECT_EQ(LegalMoves("4k4/3r5/3N5/9/9/9/9/9/9/5K3 b"),
            (std::set<std::string>{"d8d7", "e9d9", "e9e8"}));
}

TEST(MovegenTest, AChariotAndACannonOnTheBackRankAreNoMate) {
  // gbtami/pychess-variants issue 843: the advisor comes between.
  EXPECT_EQ(
      LegalMoves("c3k1RC1/4an3/9/3NP4/9/6n2/9/1r1p5/4p4/3K5 b").count("e8f9"),
      1u);
  EXPECT_EQ(LegalMoves("c3k1RC1/4a4/9/9/9/9/9/9/9/3K5 b"),
            (std::set<std::string>{"e8f9"}));
}

}  // namespace
}  // namespace chinese_chess
