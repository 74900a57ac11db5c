#include "apps/chinese_chess/rules/fen.h"

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "apps/chinese_chess/rules/position.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/apps/chinese_chess/rules/random_game.h"

namespace chinese_chess {
namespace {

using testing::HasSubstr;

TEST(FenTest, TheStartIsTheStart) {
  const absl::StatusOr<Position> position = ParseFen(kStartFen);
  ASSERT_TRUE(position.ok()) << position.status();
  EXPECT_EQ(*position, Position());
  EXPECT_EQ(FormatFen(Position()), kStartFen);
}

TEST(FenTest, ComesBackFromRandomGames) {
  for (uint32_t seed = 0; seed < 50; ++seed) {
    VisitRandomGame(seed, 200, [](const Position& position, const MoveList&) {
      const std::string fen = FormatFen(position);
      const absl::StatusOr<Position> again = ParseFen(fen);
      ASSERT_TRUE(again.ok()) << fen << ": " << again.status();
      ASSERT_EQ(*again, position) << fen;
      ASSERT_EQ(FormatFen(*again), fen);
    });
  }
}

TEST(FenTest, AliasesAndShortTextsAreRead) {
  constexpr std::string_view kBoard = "4k4/9/4e4/9/9/9/9/4E4/9/3K1H3";
  constexpr std::string_view kWritten = "4k4/9/4b4/9/9/9/9/4B4/9/3K1N3";
  const struct {
    std::string_view rest;
    std::string_view written;
  } cases[] = {
      {" w", " w - - 0 1"},
      {" r", " w - - 0 1"},
      {" b", " b - - 0 1"},
      {" w -", " w - - 0 1"},
      {" w - -", " w - - 0 1"},
      {" w - - 7", " w - - 7 1"},
      {" w - - 0 0", " w - - 0 1"},
      {" b - - 12 0034", " b - - 12 34"},
      {"  w - -  9999 9999  ", " w - - 9999 9999"},
  };
  for (const auto& [rest, written] : cases) {
    const absl::StatusOr<Position> position =
        ParseFen(absl::StrCat(kBoard, rest));
    ASSERT_TRUE(position.ok()) << rest << ": " << position.status();
    EXPECT_EQ(FormatFen(*position), absl::StrCat(kWritten, written));
  }
}

struct BadFen {
  std::string_view fen;
  std::string_view why;
};

// All but the piece in question is right.
constexpr BadFen kBadFens[] = {
    {"", "a board and a side to move"},
    {"4k4/9/9/9/9/9/9/9/9/3K5", "a board and a side to move"},
    {"4k4/9/9/9/9/9/9/9/3K5 w", "9 ranks, not 10"},
    {"4k4/9/9/9/9/9/9/9/9/9/3K5 w", "11 ranks, not 10"},
    {"4k4/9/9/9/9/9/9/9/9/3K4 w", "rank 0 has 8 points, not 9"},
    {"4k4/9/9//9/9/9/9/9/3K5 w", "rank 6 has 0 points, not 9"},
    {"4k5/9/9/9/9/9/9/9/9/3K5 w", "rank 9 has more than 9 points"},
    {"4k31/9/9/9/9/9/9/9/9/3K5 w", "rank 9 has two numbers in a row"},
    {"4k4/9/9/9/9/9/9/9/9/3K4x w", "\"x\" in rank 0"},
    {"4k4/9/9/9/9/9/9/9/9/3K41 w", "two numbers in a row"},
    {"4k4/9/9/9/9/9/9/9/9/3K40 w", "\"0\" in rank 0"},
    {"4k4/9/9/9/9/9/9/9/9/3K4\xe5 w", "byte 0xe5 in rank 0"},
    {"4k4/9/9/9/9/9/9/9/9/3K5 x", "the side to move"},
    {"4k4/9/9/9/9/9/9/9/9/3K5 W", "the side to move"},
    {"4k4/9/9/9/9/9/9/9/9/3K5 w K -", "field 3"},
    {"4k4/9/9/9/9/9/9/9/9/3K5 w - x", "field 4"},
    {"4k4/9/9/9/9/9/9/9/9/3K5 w - - -1", "moves since a capture"},
    {"4k4/9/9/9/9/9/9/9/9/3K5 w - - 10000", "moves since a capture"},
    {"4k4/9/9/9/9/9/9/9/9/3K5 w - - 0 1.5", "number of the move"},
    {"4k4/9/9/9/9/9/9/9/9/3K5 w - - 0 1 x", "7 fields"},
    {"9/9/9/9/9/9/9/9/9/3K5 w", "Black has no general"},
    {"4k4/9/9/9/9/9/9/9/9/9 w", "Red has no general"},
    {"4k4/9/9/9/9/9/9/9/9/3KK4 w", "Red has 2 generals"},
    {"4k4/9/9/9/9/9/9/3A5/4A4/3K1A3 w", "Red has 3 advisors"},
    {"2b1k1b2/9/4b4/9/9/9/9/9/9/3K5 w", "Black has 3 elephants"},
    {"4k4/9/9/9/9/9/9/9/9/NNN2K3 w", "Red has 3 horses"},
    {"rrr1k4/9/9/9/9/9/9/9/9/3K5 w", "Black has 3 chariots"},
    {"4k4/9/9/9/9/9/9/9/9/CCCK5 w", "Red has 3 cannons"},
    {"4k4/9/PPPPPP3/9/9/9/9/9/9/3K5 w", "Red has 6 soldiers"},
    {"9/9/9/4k4/9/9/9/9/9/3K5 w", "Black's general cannot get to e6"},
    {"4k4/9/9/9/9/9/9/9/9/2K6 w", "Red's general cannot get to c0"},
    {"4k4/3a5/9/9/9/9/9/9/9/3K5 w", "Black's advisor cannot get to d8"},
    {"4k4/9/9/9/9/9/9/9/9/2AK5 w", "Red's advisor cannot get to c0"},
    {"4k4/9/9/9/9/4B4/9/9/9/3K5 w", "Red's elephant cannot get to e4"},
    {"4k4/9/9/9/9/2b6/9/9/9/3K5 w", "Black's elephant cannot get to c4"},
    {"4k4/9/9/9/9/9/9/9/P8/3K5 w", "Red's soldier cannot get to a1"},
    {"4k4/9/9/9/9/9/1P7/9/9/3K5 w", "Red's soldier cannot get to b3"},
    {"4k4/9/8p/8p/9/9/9/9/9/3K5 w", "Black's soldier cannot get to i7"},
    {"4k4/9/9/9/9/9/9/9/9/4K4 w", "face each other"},
    {"4k4/9/9/9/9/9/9/9/9/4K4 b", "face each other"},
    {"4k4/4R4/9/9/9/9/9/9/9/3K5 w",
     "it is Red's move and Black's general is already attacked by the chariot "
     "on e8"},
    {"4k4/9/9/9/9/9/9/9/3p5/3K5 b", "attacked by the soldier on d1"},
    {"4k4/9/3N5/9/9/9/9/9/9/3K5 w", "attacked by the horse on d7"},
    {"4k4/4a4/9/9/4C4/9/9/9/9/3K5 w", "attacked by the cannon on e5"},
};

TEST(FenTest, WhatCannotBePlayedIsRefusedWithAReason) {
  for (const auto& [fen, why] : kBadFens) {
    const absl::StatusOr<Position> position = ParseFen(fen);
    ASSERT_FALSE(position.ok()) << fen;
    EXPECT_EQ(position.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(position.status().message(), HasSubstr(why)) << fen;
    EXPECT_THAT(position.status().message(), testing::StartsWith("FEN: "));
  }
}

TEST(FenTest, ComposedPositionsStandAnywhereWithinReason) {
  for (const std::string_view fen :
       {"4k4/3a5/9/9/9/9/9/9/9/3K5 w", "4k4/9/9/9/9/9/1P7/9/9/3K5 w",
        "4k4/9/9/9/9/9/9/9/P8/3K5 w", "4k4/9/9/9/9/4B4/9/9/9/3K5 w"}) {
    EXPECT_FALSE(ParseFen(fen).ok()) << fen;
    EXPECT_TRUE(ParseFen(fen, FenPlaces::kComposed).ok()) << fen;
  }
  for (const std::string_view fen :
       {"4k4/9/9/9/9/9/9/9/9/P2K5 w", "4k4/9/9/9/9/9/9/9/9/2AK5 w",
        "4k4/9/9/9/4B4/9/9/9/9/3K5 w", "4k4/9/9/9/9/9/9/9/9/4K4 w"}) {
    EXPECT_FALSE(ParseFen(fen, FenPlaces::kComposed).ok()) << fen;
  }
}

}  // namespace
}  // namespace chinese_chess
