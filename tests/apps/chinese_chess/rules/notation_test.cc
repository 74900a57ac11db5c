// WXF and Chinese notation: what is written, what is read, and that both are the same
// move.

#include "apps/chinese_chess/rules/notation.h"

#include <set>
#include <string>
#include <string_view>

#include "apps/chinese_chess/rules/chinese_notation.h"
#include "apps/chinese_chess/rules/fen.h"
#include "apps/chinese_chess/rules/wxf.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/apps/chinese_chess/rules/random_game.h"

namespace chinese_chess {
namespace {

using testing::HasSubstr;

Position At(std::string_view fen) {
  const absl::StatusOr<Position> position =
      fen == "-" ? Position() : ParseFen(fen);
  EXPECT_TRUE(position.ok()) << fen << ": " << position.status();
  return position.ok() ? *position : Position();
}

struct WrittenCase {
  std::string_view fen;
  std::string_view iccs;
  std::string_view wxf;
  std::string_view simplified;
  std::string_view traditional;
};

constexpr std::string_view kBlackStart =
    "rnbakabnr/9/1c5c1/p1p1p1p1p/9/9/P1P1P1P1P/1C5C1/9/RNBAKABNR b";
constexpr std::string_view kTandems = "3k5/9/9/2R1C1N2/9/2R1C1N2/9/9/9/4K4 w";
constexpr std::string_view kBlackTandems =
    "5k3/9/9/2r1c1n2/9/2r1c1n2/9/9/9/3K5 b";
constexpr std::string_view kThree = "4k4/9/6P2/6P2/6P2/9/P8/9/9/3K5 w";
constexpr std::string_view kFour = "4k4/6P2/6P2/6P2/6P2/9/9/9/9/3K5 w";
constexpr std::string_view kFive = "4k1P2/6P2/6P2/6P2/6P2/9/9/9/9/3K5 w";
constexpr std::string_view kTwoFiles = "4k4/9/6P2/2P3P2/2P3P2/9/9/9/9/3K5 w";
constexpr std::string_view kPairs = "4k4/9/9/2P3P2/2P3P2/9/9/9/9/3K5 w";
constexpr std::string_view kBlackThree = "4k4/9/9/9/9/2p6/2p6/2p6/9/3K5 b";

constexpr WrittenCase kWritten[] = {
    {"-", "h2e2", "C2=5", "炮二平五", "炮二平五"},
    {"-", "h0g2", "H2+3", "马二进三", "傌二進三"},
    {"-", "g0e2", "E3+5", "相三进五", "相三進五"},
    {"-", "a0a1", "R9+1", "车九进一", "俥九進一"},
    {"-", "d0e1", "A6+5", "仕六进五", "仕六進五"},
    {"-", "e0e1", "K5+1", "帅五进一", "帥五進一"},
    {"-", "i3i4", "P1+1", "兵一进一", "兵一進一"},
    {"-", "b2b9", "C8+7", "炮八进七", "炮八進七"},
    {kBlackStart, "h9g7", "H8+7", "马８进７", "馬８進７"},
    {kBlackStart, "b7e7", "C2=5", "炮２平５", "砲２平５"},
    {kBlackStart, "e9e8", "K5+1", "将５进１", "將５進１"},
    {kBlackStart, "c9a7", "E3+1", "象３进１", "象３進１"},
    {kBlackStart, "f9e8", "A6+5", "士６进５", "士６進５"},
    {kBlackStart, "a9a8", "R1+1", "车１进１", "車１進１"},
    {kBlackStart, "g6g5", "P7+1", "卒７进１", "卒７進１"},
    {kTandems, "c6c7", "R++1", "前车进一", "前俥進一"},
    {kTandems, "c4b4", "R-=8", "后车平八", "後俥平八"},
    {kTandems, "e6e5", "C+-1", "前炮退一", "前炮退一"},
    {kTandems, "g4i5", "H-+1", "后马进一", "後傌進一"},
    {kBlackTandems, "c4c3", "R++1", "前车进１", "前車進１"},
    {kBlackTandems, "e6f6", "C-=6", "后炮平６", "後砲平６"},
    {kBlackTandems, "g4h2", "H++8", "前马进８", "前馬進８"},
    // Elephants and advisors keep their file.
    {"4k4/9/9/9/9/2B6/9/9/9/2BK5 w", "c4e2", "E7-5", "相七退五", "相七退五"},
    {"4k4/9/9/9/9/2B6/9/9/9/2BK5 w", "c0e2", "E7+5", "相七进五", "相七進五"},
    // Soldiers.
    {kThree, "g7h7", "P+=2", "前兵平二", "前兵平二"},
    {kThree, "g6h6", "P3=2", "中兵平二", "中兵平二"},
    {kThree, "g5h5", "P-=2", "后兵平二", "後兵平二"},
    {kThree, "a3a4", "P9+1", "兵九进一", "兵九進一"},
    {kFour, "g8f8", "++=4", "一兵平四", "一兵平四"},
    {kFour, "g7f7", "P+=4", "二兵平四", "二兵平四"},
    {kFour, "g6f6", "P-=4", "三兵平四", "三兵平四"},
    {kFour, "g5f5", "--=4", "四兵平四", "四兵平四"},
    {kFive, "g9f9", "++=4", "一兵平四", "一兵平四"},
    {kFive, "g8f8", "P+=4", "二兵平四", "二兵平四"},
    {kFive, "g7f7", "P3=4", "三兵平四", "三兵平四"},
    {kFive, "g6f6", "P-=4", "四兵平四", "四兵平四"},
    {kFive, "g5f5", "--=4", "五兵平四", "五兵平四"},
    {kTwoFiles, "g7f7", "3+=4", "一兵平四", "一兵平四"},
    {kTwoFiles, "g6f6", "33=4", "二兵平四", "二兵平四"},
    {kTwoFiles, "g5f5", "3-=4", "三兵平四", "三兵平四"},
    {kTwoFiles, "c6d6", "7+=6", "四兵平六", "四兵平六"},
    {kTwoFiles, "c5d5", "7-=6", "五兵平六", "五兵平六"},
    {kPairs, "g6h6", "3+=2", "一兵平二", "一兵平二"},
    {kPairs, "c5b5", "7-=8", "四兵平八", "四兵平八"},
    {kBlackThree, "c2d2", "P+=4", "前卒平４", "前卒平４"},
    {kBlackThree, "c3d3", "P3=4", "中卒平４", "中卒平４"},
    {kBlackThree, "c4d4", "P-=4", "后卒平４", "後卒平４"},
};

TEST(NotationTest, MovesAreWrittenAsBooksWriteThem) {
  for (const WrittenCase& test : kWritten) {
    const Position position = At(test.fen);
    const Move move = *ParseIccs(test.iccs);
    EXPECT_EQ(FormatMove(position, move, Notation::kIccs), test.iccs);
    EXPECT_EQ(FormatMove(position, move, Notation::kWxf), test.wxf)
        << test.fen << " " << test.iccs;
    EXPECT_EQ(FormatMove(position, move, Notation::kChinese), test.simplified)
        << test.fen << " " << test.iccs;
    EXPECT_EQ(FormatMove(position, move, Notation::kTraditionalChinese),
              test.traditional);
    for (const std::string_view text :
         {test.iccs, test.wxf, test.simplified, test.traditional}) {
      const absl::StatusOr<Move> read = ParseMove(position, text);
      ASSERT_TRUE(read.ok()) << text << ": " << read.status();
      EXPECT_EQ(*read, move) << text;
    }
  }
}

struct ReadCase {
  std::string_view fen;
  std::string_view text;
  std::string_view iccs;
};

constexpr ReadCase kRead[] = {
    {"-", "C2.5", "h2e2"},
    {"-", "c2=5", "h2e2"},
    {"-", "N2+3", "h0g2"},
    {"-", "B3+5", "g0e2"},
    {"-", "H2-E2", "h2e2"},
    {"-", "炮2平5", "h2e2"},
    {"-", "砲２平五", "h2e2"},
    {"-", "包二平五", "h2e2"},
    {"-", "象三進五", "g0e2"},
    {"-", "卒一进一", "i3i4"},
    {kTandems, "+R+1", "c6c7"},
    {kTandems, "-r=8", "c4b4"},
    {kTandems, "後车平8", "c4b4"},
    // Which of two on a file is meant is plain, for the other cannot.
    {"3k5/9/9/2R6/2R6/9/9/9/9/4K4 w", "R7+3", "c6c9"},
    {"3k5/9/9/2R6/2R6/9/9/9/9/4K4 w", "车七退四", "c5c1"},
    {"4k4/9/9/9/9/2B6/9/9/9/2BK5 w", "前相退五", "c4e2"},
    {"4k4/9/9/9/9/2B6/9/9/9/2BK5 w", "E-+5", "c0e2"},
    {kThree, "P=.2", "g6h6"},
    {kThree, "Pa=2", "g7h7"},
    {kThree, "pb.2", "g6h6"},
    {kThree, "一兵平二", "g7h7"},
    {kThree, "三兵平二", "g5h5"},
    {kTwoFiles, "pe.6", "c5d5"},
    {kFive, "33.4", "g7f7"},
};

TEST(NotationTest, OtherFormsAreUnderstood) {
  for (const auto& [fen, text, iccs] : kRead) {
    const absl::StatusOr<Move> move = ParseMove(At(fen), text);
    ASSERT_TRUE(move.ok()) << text << ": " << move.status();
    EXPECT_EQ(FormatIccs(*move), iccs) << text;
  }
}

struct WrongCase {
  std::string_view fen;
  std::string_view text;
  std::string_view why;
};

constexpr WrongCase kWrong[] = {
    {"-", "", "is no move"},
    {"-", "e2", "is no move"},
    {"-", "h2h2", "is no move; files are a to i"},
    {"-", "z9z9", "is no move; files are a to i"},
    {"-", "h2ex", "is no move; files are a to i"},
    {"-", "X2=5", "is no move in WXF"},
    {"-", "C2*5", "is no move in WXF"},
    {"-", "C0=5", "is no move in WXF"},
    {"-", "C2=0", "is no move in WXF"},
    {"-", "CC=5", "is no move in WXF"},
    {"-", "C2=2", "Red has no such move"},
    {"-", "C3=5", "Red has no such move"},
    {"-", "C+=5", "Red has no such move"},
    {"-", "++=4", "Red has no such move"},
    {"-", "炮三平五", "Red has no such move"},
    {"-", "前炮平五", "Red has no such move"},
    {"-", "炮二平", "is no move in Chinese"},
    {"-", "炮二平五!", "is no move in Chinese"},
    {"-", "炮前平五", "is no move in Chinese"},
    {"-", "二炮三平", "is no move in Chinese"},
    {"-", "龙二平五", "is no move in Chinese"},
    {"-", "\xe7\x82", "is no move in Chinese"},
    {"-", "b0d1", "b0d1: the horse is blocked by the piece on c0"},
    {"4k4/4R4/9/9/9/9/9/9/9/4K4 b", "K5+1",
     "e9e8: the generals would face each other"},
    {"4k4/4R4/9/9/9/9/9/9/9/4K4 b", "将５进１",
     "e9e8: the generals would face each other"},
    {"3k5/9/9/2R6/9/2R6/9/9/9/4K4 w", "R7+1", "may be c4c5 or c6c7"},
    {"3k5/9/9/2R6/9/2R6/9/9/9/4K4 w", "车七进一", "may be c4c5 or c6c7"},
};

TEST(NotationTest, WhatIsNoMoveHasAReason) {
  for (const auto& [fen, text, why] : kWrong) {
    const absl::StatusOr<Move> move = ParseMove(At(fen), text);
    ASSERT_FALSE(move.ok()) << text << " is " << FormatIccs(*move);
    EXPECT_THAT(move.status().message(), HasSubstr(why)) << text;
  }
}

TEST(NotationTest, LongTextsAreCutInMessages) {
  const absl::StatusOr<Move> move =
      ParseMove(Position(), std::string(100'000, 'x'));
  ASSERT_FALSE(move.ok());
  EXPECT_LT(move.status().message().size(), 200u);
}

TEST(NotationTest, EveryMoveOfRandomGamesComesBack) {
  for (uint32_t seed = 0; seed < 60; ++seed) {
    VisitRandomGame(
        seed, 250, [](const Position& position, const MoveList& moves) {
          for (const Notation notation :
               {Notation::kIccs, Notation::kWxf, Notation::kChinese,
                Notation::kTraditionalChinese}) {
            std::set<std::string> texts;
            for (const Move move : moves) {
              const std::string text = FormatMove(position, move, notation);
              ASSERT_TRUE(texts.insert(text).second)
                  << text << " is two moves of " << FormatFen(position);
              if (moves.size() > 8 && texts.size() % 8 != 0)
                continue;  // For speed.
              const absl::StatusOr<Move> again = ParseMove(position, text);
              ASSERT_TRUE(again.ok()) << FormatFen(position) << again.status();
              ASSERT_EQ(*again, move) << FormatFen(position) << " " << text;
            }
          }
        });
  }
}

TEST(NotationTest, SoldiersInTandemComeBack) {
  // Endings with soldiers only, which random games seldom have.
  for (const std::string_view fen :
       {kThree, kFour, kFive, kTwoFiles, kPairs, kBlackThree}) {
    const Position position = At(fen);
    MoveList moves;
    GenerateLegalMoves(position, &moves);
    for (const Move move : moves) {
      for (const Notation notation : {Notation::kWxf, Notation::kChinese}) {
        const std::string text = FormatMove(position, move, notation);
        EXPECT_EQ(*ParseMove(position, text), move) << fen << " " << text;
      }
    }
  }
}

TEST(ChineseNotationTest, PiecesHaveNames) {
  EXPECT_EQ(ChinesePieceName(*PieceFromLetter('K')), "帅");
  EXPECT_EQ(
      ChinesePieceName(*PieceFromLetter('k'), ChineseScript::kTraditional),
      "將");
}

}  // namespace
}  // namespace chinese_chess
