#include "apps/chinese_chess/bot/engine_protocol.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/match.h"
#include "absl/synchronization/mutex.h"
#include "apps/chinese_chess/rules/move.h"
#include "apps/chinese_chess/rules/movegen.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace chinese_chess {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::StartsWith;

class Dialogue {
 public:
  bool Say(std::string_view line) { return engine_.Handle(line); }
  std::vector<std::string> said() {
    absl::MutexLock lock(&mu_);
    return lines_;
  }
  // The next line that begins so.
  std::string Await(std::string_view start) {
    absl::MutexLock lock(&mu_);
    const auto has_more = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
      return at_ < lines_.size();
    };
    while (true) {
      mu_.Await(absl::Condition(&has_more));
      const std::string line = lines_[at_++];
      if (absl::StartsWith(line, start)) return line;
    }
  }

 private:
  absl::Mutex mu_;
  std::vector<std::string> lines_ ABSL_GUARDED_BY(mu_);
  size_t at_ ABSL_GUARDED_BY(mu_) = 0;
  EngineProtocol engine_{[this](const std::string& line) {
    absl::MutexLock lock(&mu_);
    lines_.push_back(line);
  }};
};

TEST(EngineProtocolTest, ItIntroducesItself) {
  Dialogue uci;
  uci.Say("uci");
  EXPECT_THAT(uci.said(), Contains("uciok"));
  EXPECT_THAT(uci.said(), Contains(HasSubstr("UCI_Variant")));
  uci.Say("isready");
  EXPECT_EQ(uci.said().back(), "readyok");
  Dialogue ucci;
  ucci.Say("ucci");
  EXPECT_EQ(ucci.said().back(), "ucciok");
  EXPECT_FALSE(ucci.Say("quit"));
  EXPECT_EQ(ucci.said().back(), "bye");
}

TEST(EngineProtocolTest, ItAnswersWithAMove) {
  Dialogue dialogue;
  dialogue.Say("position startpos moves h2e2 h9g7");
  dialogue.Say("go nodes 5000");
  EXPECT_THAT(dialogue.Await("info depth 1"), HasSubstr("score cp"));
  const std::string best = dialogue.Await("bestmove ");
  const std::optional<Move> move = ParseIccs(best.substr(9, 4));
  ASSERT_TRUE(move.has_value()) << best;
  Position position;
  position.Make(*ParseIccs("h2e2"));
  position.Make(*ParseIccs("h9g7"));
  EXPECT_TRUE(IsLegal(position, *move));
}

TEST(EngineProtocolTest, MatesAreToldInMoves) {
  Dialogue dialogue;
  dialogue.Say("position startpos moves h2e2 a9a8 e2e6 a8a9 b2b4 a9a8");
  dialogue.Say("go depth 3");
  EXPECT_THAT(dialogue.Await("info depth 1"), HasSubstr("score mate 1"));
  dialogue.Await("bestmove");
  dialogue.Say("position startpos moves h2e2 a9a8 e2e6 a8a9 b2b4 a9a8 b4e4");
  dialogue.Say("go depth 3");
  EXPECT_EQ(dialogue.Await("bestmove"), "bestmove (none)");
}

TEST(EngineProtocolTest, StopEndsASearch) {
  Dialogue dialogue;
  dialogue.Say("position startpos");
  dialogue.Say("go infinite");
  dialogue.Await("info depth 1");
  dialogue.Say("stop");
  EXPECT_THAT(dialogue.said().back(), StartsWith("bestmove "));
}

TEST(EngineProtocolTest, ClocksAreDividedUp) {
  Dialogue dialogue;
  dialogue.Say("position startpos");
  dialogue.Say("go wtime 400 btime 400 winc 0 binc 0");
  dialogue.Await("bestmove");
  dialogue.Say("go time 400 increment 0");
  dialogue.Await("bestmove");
}

TEST(EngineProtocolTest, NonsenseHarmsNobody) {
  Dialogue dialogue;
  for (const std::string_view line :
       {"", "   ", "dance", "position", "position fen", "position fen x y z",
        "position startpos moves", "position startpos moves h2h2 x",
        "go nodes -5 depth 1", "go depth", "stop", "stop"}) {
    EXPECT_TRUE(dialogue.Say(line)) << line;
    if (absl::StartsWith(line, "go depth")) dialogue.Say("stop");
  }
  EXPECT_THAT(dialogue.said(), Contains(HasSubstr("info string")));
}

}  // namespace
}  // namespace chinese_chess
