#include "apps/chinese_chess/rules/game.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_split.h"
#include "apps/chinese_chess/rules/fen.h"
#include "apps/chinese_chess/rules/move.h"
#include "apps/chinese_chess/rules/outcome.h"
#include "gtest/gtest.h"
#include "tests/apps/chinese_chess/rules/random_game.h"

namespace chinese_chess {
namespace {

std::string Text(const Outcome& outcome) {
  return std::string(ResultText(outcome.result)) + " " +
         std::string(ReasonText(outcome.reason));
}

Game GameFrom(std::string_view fen) {
  const absl::StatusOr<Position> start = ParseFen(fen);
  EXPECT_TRUE(start.ok()) << fen << ": " << start.status();
  return start.ok() ? Game(*start) : Game();
}

// Plays until the game is over or the moves are used up.
void PlayAll(std::string_view moves, Game* game) {
  for (const std::string_view text :
       absl::StrSplit(moves, ' ', absl::SkipEmpty())) {
    if (game->outcome().over()) return;
    const absl::Status status = game->Play(*ParseIccs(text));
    ASSERT_TRUE(status.ok()) << status;
  }
}

void PlayCycle(std::string_view cycle, int times, Game* game) {
  for (int i = 0; i < times; ++i) PlayAll(cycle, game);
}

TEST(GameTest, MatesAndStalematesLose) {
  const struct {
    std::string_view fen;
    std::string_view move;
    std::string_view outcome;
  } cases[] = {
      {"3k5/9/9/9/9/9/4R4/9/9/4K4 w", "e3d3", "1-0 checkmate"},
      {"3k5/9/2P6/9/9/9/9/9/9/4K4 w", "c7c8", "1-0 stalemate"},
      {"4k4/9/9/9/9/9/9/2p6/9/3K5 b", "c2c1", "0-1 stalemate"},
      {"3ak4/9/9/3R5/9/4C4/9/9/9/5K3 w", "d6d8", "1-0 stalemate"},
  };
  for (const auto& [fen, move, outcome] : cases) {
    Game game = GameFrom(fen);
    PlayAll(move, &game);
    EXPECT_EQ(Text(game.outcome()), outcome) << fen;
    EXPECT_EQ(game.Play(game.move(0)).code(),
              absl::StatusCode::kFailedPrecondition);
  }
}

TEST(GameTest, AStartCanBeTheEnd) {
  EXPECT_EQ(Text(GameFrom("3aka3/4n4/3N5/9/9/9/9/9/9/3K5 b").outcome()),
            "1-0 checkmate");
  EXPECT_EQ(Text(GameFrom("4k4/9/9/9/9/9/9/9/9/3K5 w").outcome()),
            "1/2-1/2 material");
  EXPECT_EQ(Text(GameFrom("4k4/9/9/9/9/9/4P4/9/9/3K5 w - - 120 90").outcome()),
            "1/2-1/2 no_capture");
}

TEST(GameTest, IllegalMovesChangeNothing) {
  Game game;
  const absl::Status status = game.Play(*ParseIccs("b0d1"));
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "b0d1: the horse is blocked by the piece on c0");
  EXPECT_EQ(FormatFen(game.position()), kStartFen);
  EXPECT_EQ(game.size(), 0u);
}

struct CycleCase {
  std::string_view what;
  std::string_view fen;
  std::string_view approach;  // Moves before the cycle.
  std::string_view cycle;
  std::string_view outcome;
};

constexpr CycleCase kCycles[] = {
    {"idle moves", "4k4/9/9/9/9/9/P8/9/9/3K4R w", "", "i0i1 e9e8 i1i0 e8e9",
     "1/2-1/2 repetition"},
    {"a chariot checks for ever", "4k4/9/9/9/9/9/9/9/4A4/R2AK4 w", "a0a9 e9e8",
     "a9a8 e8e9 a8a9 e9e8", "0-1 perpetual_check"},
    {"Black checks for ever", "3ak4/4a4/9/9/9/9/9/9/9/r3K4 w", "",
     "e0e1 a0a1 e1e0 a1a0", "1-0 perpetual_check"},
    {"both check for ever", "3akr3/5c3/1P2b4/4R4/9/9/9/9/9/4CK3 w",
     "e6e7 f8e8 e7f7 e8f8", "f7e7 f8e8 e7f7 e8f8", "1/2-1/2 repetition"},
    {"check and idle in turn", "2bak4/4a4/4b4/8p/5R3/8P/n8/1r2C4/9/1cBAKAB2 w",
     "", "f5h5 e9f9 h5f5 f9e9", "1/2-1/2 repetition"},
    {"a chariot chases a bare cannon",
     "2bak1r2/4a4/1C2b4/9/6p2/9/9/9/7R1/c1BAK4 w", "h1a1 a0b0",
     "a1b1 b0a0 b1a1 a0b0", "0-1 perpetual_chase"},
    {"Black's chariot is chased by a cannon",
     "1r2kab2/4a4/4b4/p1p1p3p/5R3/2P2N3/PC2P3P/4Cr3/1R3c3/2B1KA3 w", "",
     "b3b2 f2f3 b2b3 f3f2", "0-1 perpetual_chase"},
    {"a protected cannon may be chased",
     "2b1ka3/4a4/4b4/9/9/9/9/4B3R/4A1rc1/4KA3 w", "", "i2h2 h1i1 h2i2 i1h1",
     "1/2-1/2 repetition"},
    {"two chariots are chased in turn", "4k4/9/9/9/C8/9/pp5pp/4B4/9/r1BAKA2r w",
     "a5i5 i0h0 i5a5 a0b0 a5h5 h0i0 h5b5 b0a0",
     "b5i5 i0h0 i5a5 a0b0 a5h5 h0i0 h5b5 b0a0", "1/2-1/2 repetition"},
    {"soldiers and generals may chase",
     "4k4/3P2P1P/9/9/6b1c/5p1C1/9/9/4A4/3AK1p2 w", "", "h4i4 i5h5 i4h4 h5i5",
     "1/2-1/2 repetition"},
    {"two of a kind that can take each other",
     "2b1ka3/4a4/4b4/p3r3p/9/1R7/P7P/2p1CpC2/4A1n2/2BK1AB1c w", "b4b6 e6e3",
     "b6b3 e3e6 b3b6 e6e3", "1/2-1/2 repetition"},
    {"two of a kind, of which one is pinned",
     "5kb2/4a4/4ba3/5r3/9/P6R1/3cpCpc1/4BA3/4A4/2BK5 w", "h4h6 f6f5",
     "h6h5 f5f6 h5h6 f6f5", "0-1 perpetual_chase"},
};

TEST(GameTest, TheThirdOccurrenceIsJudged) {
  for (const CycleCase& test : kCycles) {
    Game game = GameFrom(test.fen);
    PlayAll(test.approach, &game);
    PlayCycle(test.cycle, 3, &game);
    EXPECT_EQ(Text(game.outcome()), test.outcome) << test.what;
  }
}

TEST(GameTest, TheSecondOccurrenceWarns) {
  Game game = GameFrom("4k4/9/9/9/9/9/9/9/4A4/R2AK4 w");
  PlayAll("a0a9 e9e8 a9a8", &game);
  EXPECT_FALSE(game.warning().has_value());
  PlayAll("e8e9 a8a9", &game);
  ASSERT_TRUE(game.warning().has_value());
  EXPECT_EQ(*game.warning(), (Ruling{Reason::kPerpetualCheck, Color::kRed}));
  PlayAll("e9e8 a9a8 e8e9", &game);
  EXPECT_FALSE(game.outcome().over());
  PlayAll("a8a9", &game);
  EXPECT_EQ(Text(game.outcome()), "0-1 perpetual_check");
  EXPECT_FALSE(game.warning().has_value());
}

TEST(GameTest, ACaptureEndsTheSpan) {
  Game game = GameFrom("4k4/9/9/9/9/p8/P8/9/9/3K4R w");
  PlayAll("i0i1 e9e8 i1i0 e8e9", &game);
  ASSERT_TRUE(game.warning().has_value());
  PlayAll("a3a4", &game);
  EXPECT_FALSE(game.warning().has_value());
  EXPECT_EQ(game.counted_quiet_plies(), 0);
  PlayAll("e9e8 i0i1 e8e9 i1i0", &game);
  EXPECT_TRUE(game.warning().has_value());
  EXPECT_FALSE(game.outcome().over());
  PlayAll("e9e8 i0i1 e8e9 i1i0", &game);
  EXPECT_EQ(Text(game.outcome()), "1/2-1/2 repetition");
}

TEST(GameTest, UndoTakesTheOutcomeBack) {
  Game game = GameFrom("4k4/9/9/9/9/9/9/9/4A4/R2AK4 w");
  const std::string before = FormatFen(game.position());
  PlayCycle("a0a9 e9e8 a9a8 e8e9 a8a9 e9e8 a9a8 e8e9 a8a9", 1, &game);
  ASSERT_TRUE(game.outcome().over());
  ASSERT_TRUE(game.Undo());
  EXPECT_FALSE(game.outcome().over());
  while (game.Undo()) {
  }
  EXPECT_EQ(FormatFen(game.position()), before);
  EXPECT_EQ(game.counted_quiet_plies(), 0);
}

TEST(GameTest, UndoIsPlayingOneMoveLess) {
  std::vector<Move> moves;
  VisitRandomGame(11, 120, [&](const Position&, const MoveList& legal) {
    if (!legal.empty()) moves.push_back(legal[0]);
  });
  Game game;
  std::vector<std::string> seen;
  const auto describe = [&game] {
    return FormatFen(game.position()) + Text(game.outcome()) +
           std::to_string(game.counted_quiet_plies()) +
           (game.warning().has_value() ? "!" : "");
  };
  for (uint32_t i = 0; i < 300 && !game.outcome().over(); ++i) {
    seen.push_back(describe());
    MoveList legal;
    GenerateLegalMoves(game.position(), &legal);
    ASSERT_TRUE(game.Play(legal[i * 7919 % legal.size()]).ok());
  }
  while (game.Undo()) {
    ASSERT_EQ(describe(), seen.back());
    seen.pop_back();
  }
  EXPECT_TRUE(seen.empty());
}

// Chariots that walk about without meeting each other or a position again.
std::string NextQuietMove(const Game& game) {
  MoveList legal;
  GenerateLegalMoves(game.position(), &legal);
  for (const Move move : legal) {
    if (game.position().at(move.to) != Piece::kNone) continue;
    Game next = game;
    EXPECT_TRUE(next.Play(move).ok());
    if (next.outcome().reason == Reason::kNoCapture ||
        next.outcome().reason == Reason::kMoveLimit) {
      return FormatIccs(move);
    }
    if (!next.outcome().over() && !next.warning().has_value() &&
        !next.gave_check(next.size() - 1)) {
      return FormatIccs(move);
    }
  }
  return "";
}

constexpr std::string_view kWalkers = "3akab2/9/4b4/8r/9/9/R8/4B4/9/2BAKA3 w";

TEST(GameTest, A120QuietPliesDraw) {
  Game game = GameFrom(kWalkers);
  for (int ply = 1; ply <= kNoCapturePlies; ++ply) {
    ASSERT_FALSE(game.outcome().over()) << ply << " " << Text(game.outcome());
    PlayAll(NextQuietMove(game), &game);
    ASSERT_EQ(game.counted_quiet_plies(), ply);
  }
  EXPECT_EQ(Text(game.outcome()), "1/2-1/2 no_capture");
}

TEST(GameTest, AMoveThatMatesWinsAlthoughItIsTheLast) {
  Game game = GameFrom("3k5/9/9/9/9/9/4R4/9/9/4K4 w - - 119 80");
  PlayAll("e3d3", &game);
  EXPECT_EQ(Text(game.outcome()), "1-0 checkmate");
}

// A legal move without a capture after which the game goes on and no position has come
// back, which checks or does not, and has so many quiet replies in a row.
std::optional<Move> FindMove(const Game& game, bool check, int replies) {
  MoveList legal;
  GenerateLegalMoves(game.position(), &legal);
  for (const Move move : legal) {
    if (game.position().at(move.to) != Piece::kNone) continue;
    Game next = game;
    EXPECT_TRUE(next.Play(move).ok());
    if (!next.outcome().over() && !next.warning().has_value() &&
        next.position().InCheck() == check &&
        (replies == 0 || FindMove(next, false, replies - 1).has_value())) {
      return move;
    }
  }
  return std::nullopt;
}

TEST(GameTest, ChecksBeyondTenAndTheirRepliesDoNotCount) {
  // Red checks with every other move; its other chariot makes the position a new one.
  Game game = GameFrom("4k4/9/9/9/9/9/P8/9/4A4/R2AK3R w");
  int checks = 0;
  int counted = 0;
  bool counts = true;
  while (checks < 14) {
    const bool is_red = game.position().turn() == Color::kRed;
    const bool wants_check = is_red && game.size() % 4 == 0;
    const std::optional<Move> move = FindMove(game, wants_check, 1);
    ASSERT_TRUE(move.has_value()) << FormatFen(game.position());
    ASSERT_TRUE(game.Play(*move).ok());
    checks += wants_check;
    const bool is_reply = !is_red;
    counts = wants_check ? checks <= kCountedChecks : counts || !is_reply;
    counted += counts;
    ASSERT_EQ(game.counted_quiet_plies(), counted) << checks;
    if (is_reply) counts = true;
  }
  EXPECT_EQ(game.position().quiet_plies(), 14 * 4 - 3);
  EXPECT_EQ(counted, 14 * 4 - 3 - 4 - 3);
}

TEST(GameTest, NobodyLeftToCrossTheRiverDraws) {
  Game game = GameFrom("4k4/9/9/9/9/9/9/3p5/3K5/9 w");
  PlayAll("d1d2", &game);
  EXPECT_EQ(Text(game.outcome()), "1/2-1/2 material");
  EXPECT_FALSE(CanWin(game.position(), Color::kBlack));
}

TEST(GameTest, OnlyAttackersCanWin) {
  const Position position = *ParseFen("4k4/9/4b4/9/9/9/P8/9/9/3K5 w");
  EXPECT_TRUE(CanWin(position, Color::kRed));
  EXPECT_FALSE(CanWin(position, Color::kBlack));
}

TEST(GameTest, OthersEndItOnce) {
  Game game;
  game.End(LostBy(Color::kRed, Reason::kResignation));
  EXPECT_EQ(Text(game.outcome()), "0-1 resignation");
  game.End(Drawn(Reason::kAgreement));
  EXPECT_EQ(Text(game.outcome()), "0-1 resignation");
  EXPECT_EQ(game.Play(*ParseIccs("h2e2")).code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST(GameTest, RandomGamesEnd) {
  int reasons[14] = {};
  for (uint32_t seed = 0; seed < 300; ++seed) {
    Game game;
    std::mt19937 random(seed);
    while (!game.outcome().over()) {
      MoveList legal;
      GenerateLegalMoves(game.position(), &legal);
      ASSERT_FALSE(legal.empty());
      ASSERT_TRUE(game.Play(legal[random() % legal.size()]).ok());
      ASSERT_LE(game.size(), kMaxPlies);
    }
    ++reasons[static_cast<int>(game.outcome().reason)];
  }
  EXPECT_GT(reasons[static_cast<int>(Reason::kCheckmate)], 0);
}

TEST(OutcomeTest, TextsComeBack) {
  for (int i = 0; i <= static_cast<int>(Reason::kAborted); ++i) {
    const Reason reason = static_cast<Reason>(i);
    EXPECT_EQ(ParseReason(ReasonText(reason)), reason);
  }
  for (const Result result : {Result::kOngoing, Result::kRedWins,
                              Result::kBlackWins, Result::kDraw}) {
    EXPECT_EQ(ParseResult(ResultText(result)), result);
  }
  EXPECT_FALSE(ParseReason("luck").has_value());
  EXPECT_FALSE(ParseResult("2-0").has_value());
}

}  // namespace
}  // namespace chinese_chess
