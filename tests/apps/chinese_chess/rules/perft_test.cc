// Node counts of known positions. The first thirteen are published (Chess Programming
// Wiki, "Chinese Chess Perft Results"; the tests of Fairy-Stockfish); the others were
// counted with Fairy-Stockfish.

#include "apps/chinese_chess/rules/perft.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "apps/chinese_chess/rules/fen.h"
#include "apps/chinese_chess/rules/position.h"
#include "gtest/gtest.h"

namespace chinese_chess {
namespace {

struct PerftCase {
  std::string_view name;
  std::string_view board;       // And side to move.
  std::vector<uint64_t> nodes;  // At depth 1, 2, ...
};

const std::vector<PerftCase>& Cases() {
  static const auto* const kCases = new std::vector<PerftCase>{
      {"start",
       "rnbakabnr/9/1c5c1/p1p1p1p1p/9/9/P1P1P1P1P/1C5C1/9/RNBAKABNR w",
       {44, 1920, 79666, 3290240, 133312995}},
      {"CPW 2",
       "r1ba1a3/4kn3/2n1b4/pNp1p1p1p/4c4/6P2/P1P2R2P/1CcC5/9/2BAKAB2 w",
       {38, 1128, 43929, 1339047, 53112976}},
      {"CPW 3",
       "1cbak4/9/n2a5/2p1p3p/5cp2/2n2N3/6PCP/3AB4/2C6/3A1K1N1 w",
       {7, 281, 8620, 326201, 10369923}},
      {"CPW 4",
       "5a3/3k5/3aR4/9/5r3/5n3/9/3A1A3/5K3/2BC2B2 w",
       {25, 424, 9850, 202884, 4739553}},
      {"CPW 5",
       "CRN1k1b2/3ca4/4ba3/9/2nr5/9/9/4B4/4A4/4KA3 w",
       {28, 516, 14808, 395483, 11842230}},
      {"CPW 6",
       "R1N1k1b2/9/3aba3/9/2nr5/2B6/9/4B4/4A4/4KA3 w",
       {21, 364, 7626, 162837, 3500505}},
      {"CPW 7",
       "C1nNk4/9/9/9/9/9/n1pp5/B3C4/9/3A1K3 w",
       {28, 222, 6241, 64971, 1914306}},
      {"CPW 8",
       "4ka3/4a4/9/9/4N4/p8/9/4C3c/7n1/2BK5 w",
       {23, 345, 8124, 149272, 3513104}},
      {"CPW 9",
       "2b1ka3/9/b3N4/4n4/9/9/9/4C4/2p6/2BK5 w",
       {21, 195, 3883, 48060, 933096}},
      {"CPW 10",
       "1C2ka3/9/C1Nab1n2/p3p3p/6p2/9/P3P3P/3AB4/3p2c2/c1BAK4 w",
       {30, 830, 22787, 649866, 17920736}},
      {"CPW 11",
       "CnN1k1b2/c3a4/4ba3/9/2nr5/9/9/4C4/4A4/4KA3 w",
       {19, 583, 11714, 376467, 8148177}},
      {"FSF tests 2",
       "1rbaka2R/5r3/6n2/2p1p1p2/4P1bP1/PpC3Bc1/1nPR2P2/2N2AN2/1c2K1p2/2BAC4 w",
       {49, 2265, 100326, 4485547}},
      {"FSF tests 3",
       "4kcP1N/8n/3rb4/9/9/9/9/3p1A3/4K4/5CB2 w",
       {13, 272, 3707, 92741}},
      {"kings-adjacent-files", "4k4/9/9/9/9/9/9/9/9/3K5 w", {1, 2, 5, 11, 17}},
      {"flying-general pin (horse: 0 horse moves)",
       "3k5/9/9/3n5/9/9/9/9/9/3K5 b",
       {2, 3, 24, 54, 411}},
      {"flying-general pin (cannon slides on file)",
       "3k5/9/9/3c5/9/9/9/9/9/3K5 b",
       {9, 16, 208, 523, 7673}},
      {"flying-general pin both rooks",
       "4k4/4r4/9/9/4R4/9/9/9/9/4K4 w",
       {10, 52, 426, 4293, 51493}},
      {"flying-general pin, 2 screens then 1",
       "3ak4/4a4/4b4/9/4c4/4C4/4P4/4B4/4A4/4KA3 w",
       {17, 300, 5923, 108892, 2265486}},
      {"general may not take a guarded chariot",
       "4k4/4R4/9/9/9/9/9/9/9/4K4 b",
       {2, 36, 18, 290, 490}},
      {"mate by flying general", "3k5/9/9/9/9/3R5/9/9/9/4K4 b", {0, 0, 0}},
      {"stalemate soldier+fg", "3k5/2P6/9/9/9/9/9/9/9/4K4 b", {0, 0, 0}},
      {"horse legs blocked",
       "4k4/9/9/3p5/2pNp4/3p1n3/4PNP2/5P3/9/3K5 w",
       {4, 56, 372, 4716}},
      {"horse check, block on leg",
       "4k4/r8/3N5/9/9/9/9/9/9/3K5 b",
       {4, 22, 324, 2210, 36115}},
      {"leg-pin: piece on horse leg",
       "4k4/3r5/3N5/9/9/9/9/9/9/5K3 b",
       {3, 16, 191, 1330, 21975}},
      {"discovered by unblocking leg",
       "4k4/3P5/3N5/9/9/9/9/9/9/5K3 w",
       {10, 8, 78, 118, 978}},
      {"double check R+H",
       "4k4/1rN6/9/9/9/9/9/9/4R4/3K5 b",
       {1, 23, 254, 5397, 78658}},
      {"before double check",
       "4k4/3a5/4b4/9/4N4/9/9/9/4R4/3K5 w",
       {22, 107, 2538, 12682}},
      {"double cannon mate", "3aka3/9/9/9/9/4C4/9/4C4/9/3K5 b", {0, 0, 0}},
      {"cannon check over own advisor",
       "4k4/4a4/9/9/9/4C4/9/9/9/3K5 b",
       {5, 89, 257, 4448, 15516}},
      {"cannon screens",
       "c3k4/9/4c4/p3p3p/4C4/9/P3P3P/4C4/9/5K3 w",
       {25, 390, 10711, 220389}},
      {"stalemate by hollow cannon",
       "3ak4/3R5/9/9/9/4C4/9/9/9/5K3 b",
       {0, 0, 0, 0, 0}},
      {"elephant eyes & river",
       "2b1k1b2/3P1p3/9/9/2P6/4P1p2/9/4B4/3p5/2B1KA3 w",
       {12, 106, 1133, 10886}},
      {"soldiers everywhere",
       "P2k4P/9/2P6/9/P3P4/p3p4/9/2p6/9/p4K2p w",
       {12, 142, 1755, 20600, 259414}},
      {"palace advisors",
       "5k3/4a4/3a5/9/9/9/9/5A3/4A4/3K5 w",
       {4, 16, 72, 299, 1228}},
      {"smothered horse mate", "3aka3/4n4/3N5/9/9/9/9/9/9/3K5 b", {0, 0, 0}},
      {"double horse check",
       "3aka3/9/3N1N3/9/9/9/9/9/9/3K5 b",
       {1, 17, 35, 367, 1122}},
      {"cannon + horse double check",
       "2bak4/9/2N1b4/9/4N4/9/9/4C4/9/3K5 w",
       {31, 138, 4253, 25277}},
      {"screen arithmetic",
       "4k4/4c4/4n4/9/4C4/9/4n4/4C4/9/4K4 w",
       {23, 331, 7801, 124520}},
      {"elephant eye pin and palace fork",
       "2bk5/4a4/4b4/9/2R6/6r2/9/4B4/4A4/2B1K4 b",
       {26, 605, 13241, 290665}},
      {"rook endgame both palaces",
       "4ka3/4a4/9/3R5/9/9/9/5r3/4A4/3AK4 w",
       {19, 316, 5336, 90100}},
      {"iron bolt (cannon + chariot)",
       "2bakab2/9/9/9/4C4/9/9/9/9/3RK4 w",
       {21, 66, 1514, 6717}},
      {"stalemate by palace soldiers",
       "3k5/4P4/3P5/9/9/9/9/9/9/5K3 b",
       {0, 0, 0, 0, 0}},
  };
  return *kCases;
}

// Without optimisation, and with sanitizers, the largest trees would take minutes.
#ifdef NDEBUG
constexpr uint64_t kMostNodes = UINT64_MAX;
#else
constexpr uint64_t kMostNodes = 500'000;
#endif

class PerftTest : public testing::TestWithParam<PerftCase> {};

TEST_P(PerftTest, CountsTheNodesAtEveryDepth) {
  const PerftCase& expected = GetParam();
  const absl::StatusOr<Position> start =
      ParseFen(expected.board, FenPlaces::kComposed);
  ASSERT_TRUE(start.ok()) << start.status();
  Position position = *start;
  for (size_t i = 0; i < expected.nodes.size(); ++i) {
    if (expected.nodes[i] > kMostNodes) break;
    EXPECT_EQ(Perft(&position, static_cast<int>(i) + 1), expected.nodes[i])
        << expected.name << ", depth " << i + 1;
    EXPECT_EQ(FormatFen(position), FormatFen(*start));
  }
}

INSTANTIATE_TEST_SUITE_P(Known, PerftTest, testing::ValuesIn(Cases()));

TEST(PerftTest, NoPlyIsOneLeaf) {
  Position position;
  EXPECT_EQ(Perft(&position, 0), 1u);
}

}  // namespace
}  // namespace chinese_chess
