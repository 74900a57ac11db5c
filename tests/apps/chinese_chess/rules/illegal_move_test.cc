#include "apps/chinese_chess/rules/illegal_move.h"

#include <string_view>

#include "apps/chinese_chess/rules/fen.h"
#include "apps/chinese_chess/rules/move.h"
#include "gtest/gtest.h"

namespace chinese_chess {
namespace {

struct Case {
  std::string_view fen;
  std::string_view move;
  std::string_view name;
  std::string_view explanation;
};

constexpr std::string_view kHorse = "4kab2/4a4/9/9/9/9/9/4B4/4N4/3K5 w";

constexpr Case kCases[] = {
    {kStartFen, "h2e2", "none", ""},
    {kStartFen, "e5e6", "empty_square", "e5e6: there is no piece on e5"},
    {kStartFen, "h7e7", "opponents_piece",
     "h7e7: the cannon on h7 is Black's, and it is Red's move"},
    {kStartFen, "a0a3", "own_piece_on_target",
     "a0a3: there is a Red piece on a3 already"},
    {kStartFen, "a0b1", "not_its_move", "a0b1: a chariot goes along lines"},
    {kStartFen, "b0b2", "not_its_move",
     "b0b2: a horse goes one step along a line and then one diagonally"},
    {kStartFen, "e0e2", "not_its_move",
     "e0e2: a general goes one step along a line"},
    {kStartFen, "a0a5", "blocked",
     "a0a5: the chariot is blocked by the piece on a3"},
    {kStartFen, "a9a4", "opponents_piece",
     "a9a4: the chariot on a9 is Black's, and it is Red's move"},
    {kStartFen, "b0d1", "blocked",
     "b0d1: the horse is blocked by the piece on c0"},
    {kStartFen, "b2b8", "blocked",
     "b2b8: the cannon is blocked by the piece on b7"},
    {kStartFen, "b2b7", "cannon_needs_screen",
     "b2b7: a cannon captures over exactly one piece, and between b2 and b7 "
     "there are 0"},
    {kStartFen, "a3b3", "soldier_back",
     "a3b3: a soldier goes forward, and sideways once it has crossed the "
     "river, never back"},
    {kStartFen, "a3a2", "soldier_back",
     "a3a2: a soldier goes forward, and sideways once it has crossed the "
     "river, never back"},
    {kStartFen, "a3a5", "not_its_move", "a3a5: a soldier goes one step"},
    {kHorse, "d0c0", "out_of_palace", "d0c0: the general stays in its palace"},
    {kHorse, "e2f3", "not_its_move",
     "e2f3: an elephant goes exactly two steps diagonally"},
    {kHorse, "e2g4", "none", ""},
    {"4k4/9/9/9/9/2B6/9/9/9/3K5 w", "c4e6", "across_river",
     "c4e6: an elephant does not cross the river"},
    {"4k4/9/9/9/9/2B6/1N7/9/9/3K5 w", "c4a2", "blocked",
     "c4a2: the elephant is blocked by the piece on b3"},
    {"4k4/9/9/9/9/9/9/9/9/3K1A3 w", "f0g1", "out_of_palace",
     "f0g1: the advisor stays in its palace"},
    {"4k4/9/9/9/9/9/9/9/9/3K1A3 w", "f0f1", "not_its_move",
     "f0f1: an advisor goes one step diagonally"},
    {"3ak4/9/9/9/4c4/9/9/9/4N4/4K4 w", "e1c2", "none", ""},
    {"4k4/9/9/9/9/9/9/9/9/3K5 w", "d0e0", "generals_face",
     "d0e0: the generals would face each other on an open file"},
    {"4k4/9/9/9/4r4/9/9/9/4N4/4K4 w", "e1c2", "in_check",
     "e1c2: the general would be in check, by the chariot on e5"},
    {"4k4/9/9/9/3r5/9/9/9/9/3K1R3 w", "f0f1", "in_check",
     "f0f1: the general would still be in check, by the chariot on d5"},
    // The nearest of two blockers, from either end.
    {"4k4/9/9/R2p1p2R/9/9/9/9/9/3K5 w", "a6h6", "blocked",
     "a6h6: the chariot is blocked by the piece on d6"},
    {"4k4/9/9/R2p1p2R/9/9/9/9/9/3K5 w", "i6b6", "blocked",
     "i6b6: the chariot is blocked by the piece on f6"},
};

TEST(IllegalMoveTest, EveryReasonIsToldApart) {
  for (const auto& [fen, text, name, explanation] : kCases) {
    const absl::StatusOr<Position> position =
        ParseFen(fen, FenPlaces::kComposed);
    ASSERT_TRUE(position.ok()) << fen << ": " << position.status();
    const Move move = *ParseIccs(text);
    EXPECT_EQ(IllegalReasonName(WhyIllegal(*position, move)), name)
        << fen << " " << text;
    EXPECT_EQ(ExplainIllegal(*position, move), explanation);
  }
}

}  // namespace
}  // namespace chinese_chess
