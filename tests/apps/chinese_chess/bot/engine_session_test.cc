// Sessions as GUIs lead them. The transcripts are files: "> " is what the GUI says,
// "# wait" is where it waits for a move, the rest is what it has to read. Nodes, time
// and the like differ with every improvement of the search and are left out.
#include "apps/chinese_chess/bot/engine_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/mutex.h"
#include "kingpin/sys/clock.h"

namespace chinese_chess::bot {
namespace {

std::vector<std::string>& TranscriptFiles() {
  static auto* files = new std::vector<std::string>();
  return *files;
}

// The lines of a session, for whoever waits for one of them.
class Screen {
 public:
  void Add(std::string_view line) {
    absl::MutexLock lock(&mu_);
    lines_.emplace_back(line);
    bool is_move = absl::StartsWith(line, "bestmove") || line == "nobestmove";
    moves_ += is_move;
  }
  void WaitForMoves(int moves) {
    absl::MutexLock lock(&mu_);
    const auto enough = [this, moves]() ABSL_SHARED_LOCKS_REQUIRED(mu_) {
      return moves_ >= moves;
    };
    mu_.Await(absl::Condition(&enough));
  }
  void WaitForPrefix(std::string_view prefix) {
    absl::MutexLock lock(&mu_);
    const auto there = [this, prefix]() ABSL_SHARED_LOCKS_REQUIRED(mu_) {
      for (const std::string& line : lines_) {
        if (absl::StartsWith(line, prefix)) return true;
      }
      return false;
    };
    mu_.Await(absl::Condition(&there));
  }
  std::vector<std::string> lines() const {
    absl::MutexLock lock(&mu_);
    return lines_;
  }
  int moves() const {
    absl::MutexLock lock(&mu_);
    return moves_;
  }

 private:
  mutable absl::Mutex mu_;
  std::vector<std::string> lines_ ABSL_GUARDED_BY(mu_);
  int moves_ ABSL_GUARDED_BY(mu_) = 0;
};

// Without the numbers that may differ.
std::string Stable(const std::string& line) {
  if (!absl::StartsWith(line, "info depth")) return line;
  const std::vector<std::string> words = absl::StrSplit(line, ' ');
  std::vector<std::string> kept;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "seldepth" || word == "nodes" || word == "nps" ||
        word == "hashfull" || word == "time") {
      ++i;
    } else {
      kept.push_back(word);
    }
  }
  return absl::StrJoin(kept, " ");
}

void Replay(const std::string& path) {
  std::ifstream file(path);
  ASSERT_TRUE(file.is_open()) << path;
  Screen screen;
  std::vector<std::string> wanted;
  {
    const kingpin::Clock clock = kingpin::Clock::Manual();
    EngineSession session(
        [&screen](std::string_view line) { screen.Add(line); }, clock);
    int moves = 0;
    std::string line;
    while (std::getline(file, line)) {
      if (absl::StartsWith(line, "> ")) {
        session.Handle(std::string_view(line).substr(2));
      } else if (line == "# wait") {
        screen.WaitForMoves(++moves);
      } else {
        wanted.push_back(line);
      }
    }
  }
  std::vector<std::string> got;
  for (const std::string& line : screen.lines()) got.push_back(Stable(line));
  EXPECT_EQ(absl::StrJoin(got, "\n"), absl::StrJoin(wanted, "\n")) << path;
}

TEST(TranscriptTest, Replayed) {
  ASSERT_FALSE(TranscriptFiles().empty());
  for (const std::string& path : TranscriptFiles()) Replay(path);
}

constexpr std::string_view kTwoChariots =
    "position fen 3k4r/9/9/9/9/9/9/9/9/R3K4 w moves";

// Each chariot walks its file, eight moves a round and nine: nothing is captured, and
// in 144 plies nothing is repeated.
std::string Walk(int plies) {
  std::string moves;
  for (int ply = 0; ply < plies; ++ply) {
    const int step = ply / 2;
    if (ply % 2 == 0) {
      absl::StrAppend(&moves, " a", 1 + step % 8, "a", 1 + (step + 1) % 8);
    } else {
      absl::StrAppend(&moves, " i", 10 - step % 9, "i", 10 - (step + 1) % 9);
    }
  }
  return moves;
}

class EngineSessionTest : public testing::Test {
 protected:
  void Handle(std::string_view line) { EXPECT_TRUE(session_.Handle(line)); }
  // The last line that "go" is answered with.
  std::string Answer(std::string_view go) {
    Handle(go);
    session_.Finish();
    return screen_.lines().back();
  }

  Screen screen_;
  EngineSession session_{[this](std::string_view line) { screen_.Add(line); }};
};

TEST_F(EngineSessionTest, AnswersWhileItThinks) {
  Handle("go infinite");
  Handle("isready");
  Handle("go depth 1");
  const std::vector<std::string> lines = screen_.lines();
  EXPECT_NE(std::find(lines.begin(), lines.end(), "readyok"), lines.end());
  EXPECT_EQ(lines.back(), "info string error: a search is running");
  screen_.WaitForPrefix("info depth 3");
  EXPECT_EQ(screen_.moves(), 0);
  Handle("stop");
  EXPECT_EQ(screen_.moves(), 1);
}

TEST_F(EngineSessionTest, InfiniteDoesNotMoveBeforeStop) {
  // A mate is found at once; still the GUI has not asked for the move.
  Handle("position fen 3aka3/9/9/9/9/4C4/9/1C7/9/3K5 w");
  Handle("go infinite");
  screen_.WaitForPrefix("info depth 1");
  Handle("isready");
  EXPECT_EQ(screen_.moves(), 0);
  Handle("stop");
  EXPECT_EQ(screen_.lines().back(), "bestmove b3e3");
}

TEST_F(EngineSessionTest, PonderHitThinksOnAndMovesOnce) {
  Handle("go ponder depth 4");
  screen_.WaitForPrefix("info depth 4");
  EXPECT_EQ(screen_.moves(), 0);
  Handle("ponderhit");
  screen_.WaitForMoves(1);
  session_.Finish();
  EXPECT_EQ(screen_.moves(), 1);
}

TEST_F(EngineSessionTest, QuitWhileThinking) {
  Handle("go infinite");
  EXPECT_FALSE(session_.Handle("quit"));
}

TEST_F(EngineSessionTest, EndOfInputEndsAnEndlessSearch) {
  Handle("go infinite");
  session_.Finish();
  EXPECT_EQ(screen_.moves(), 1);
}

TEST_F(EngineSessionTest, TheSmallestTimesMove) {
  for (const std::string_view go :
       {"go movetime 0", "go wtime 0 btime 0", "go wtime -100 btime 5",
        "go wtime 1 btime 1 movestogo 1", "go nodes 1"}) {
    const int moves = screen_.moves();
    Handle(go);
    session_.Finish();
    EXPECT_EQ(screen_.moves(), moves + 1) << go;
  }
}

TEST_F(EngineSessionTest, GoesOnWhereOurRulesHaveEndedTheGame) {
  // The start comes back for the third time, a draw by our rules.
  Handle(
      "position startpos moves a1a2 a10a9 a2a1 a9a10 a1a2 a10a9 a2a1 a9a10 "
      "a1a2 a10a9");
  Handle("go depth 2");
  session_.Finish();
  EXPECT_EQ(screen_.moves(), 1);
  EXPECT_FALSE(absl::StrContains(screen_.lines().back(), "none"));
}

TEST_F(EngineSessionTest, PlaysOnAfterMoreQuietPliesThanOurRulesAllow) {
  // The last of the 130 gives Black's chariot away, right where the moves lead.
  Handle(absl::StrCat(kTwoChariots, Walk(129), " i9i2"));
  EXPECT_THAT(Answer("go depth 2"), testing::StartsWith("bestmove a2i2"));
  Handle(absl::StrCat(kTwoChariots, Walk(129), " i9h8"));
  EXPECT_EQ(screen_.lines().back(),
            "info string error: i8h7: a chariot goes along lines");
}

TEST_F(EngineSessionTest, PlaysOnAfterTheLastAttackerIsGone) {
  Handle(
      "position fen 3k5/9/9/9/9/9/9/9/4p4/4K4 w moves e1e2 d10d9 e2e1 d9d8 "
      "e1e2");
  EXPECT_THAT(Answer("go depth 1"), testing::StartsWith("bestmove d8"));
}

TEST_F(EngineSessionTest, ACountThatIsFullIsNoDrawToTheSearch) {
  Handle("position fen 3k5/9/9/9/9/9/9/9/9/R3K4 w - - 120 90");
  EXPECT_THAT(Answer("go depth 2"), testing::StartsWith("bestmove"));
  for (const std::string& line : screen_.lines()) {
    EXPECT_FALSE(absl::StrContains(line, "score cp 0 ")) << line;
  }
}

TEST_F(EngineSessionTest, HasNoMoveForAPositionThatWasRefused) {
  for (const std::string_view bad :
       {"position fen 9/9/9/9/9/9/9/9/9/9 w",
        "position startpos moves h3e3 h3e3", "position startpos moves h1",
        " position fen", "position"}) {
    Handle("position startpos");
    Handle(bad);
    EXPECT_EQ(Answer("go depth 1"), "bestmove (none)") << bad;
  }
  Handle("position startpos");
  Handle("fly me to the moon");
  EXPECT_NE(Answer("go depth 1"), "bestmove (none)");
}

TEST_F(EngineSessionTest, SaysThatItHasNoMoveWhenItIsAsked) {
  Handle("position fen none");
  Handle("go infinite");
  Handle("d");
  EXPECT_EQ(screen_.moves(), 0);
  Handle("stop");
  EXPECT_EQ(screen_.lines().back(), "bestmove (none)");
}

TEST_F(EngineSessionTest, ChoosesAmongTheMovesThatItIsGiven) {
  for (const int level : {0, 1, 2, 7}) {
    Handle(absl::StrCat("setoption name Level value ", level));
    EXPECT_THAT(Answer("go searchmoves a1a2 depth 3"),
                testing::StartsWith("bestmove a1a2"))
        << level;
    // None that could be played.
    EXPECT_EQ(Answer("go searchmoves a1a9 depth 3"), "bestmove (none)")
        << level;
  }
}

TEST_F(EngineSessionTest, ASearchForAMateEndsWithoutOne) {
  Handle("position startpos");
  Handle("go mate 1");
  screen_.WaitForMoves(1);
  EXPECT_THAT(screen_.lines().back(), testing::StartsWith("bestmove"));
}

TEST_F(EngineSessionTest, EndOfInputEndsASearchWithoutLimits) {
  // A clock of the other side's limits nothing.
  for (const std::string_view go :
       {"go", "go searchmoves a1a2", "go movestogo 4", "go btime 1"}) {
    EXPECT_THAT(Answer(go), testing::StartsWith("bestmove")) << go;
  }
}

TEST_F(EngineSessionTest, EndOfInputLetsALimitedSearchReachItsLimit) {
  EXPECT_THAT(Answer("go depth 5"), testing::StartsWith("bestmove"));
  screen_.WaitForPrefix("info depth 5");
  // A level has limits of its own: what it plays, it plays at the end as well.
  Handle("setoption name Level value 7");
  Handle("ucinewgame");
  Handle("go");
  screen_.WaitForMoves(2);
  const std::string unhurried = screen_.lines().back();
  Handle("ucinewgame");
  EXPECT_EQ(Answer("go"), unhurried);
}

}  // namespace
}  // namespace chinese_chess::bot

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  for (int i = 1; i < argc; ++i) {
    chinese_chess::bot::TranscriptFiles().emplace_back(argv[i]);
  }
  return RUN_ALL_TESTS();
}
