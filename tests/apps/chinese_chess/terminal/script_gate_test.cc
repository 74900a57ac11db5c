#include "apps/chinese_chess/terminal/script_gate.h"

#include <optional>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace chinese_chess {
namespace {

constexpr ScriptGate::View kNoGame = {};
constexpr ScriptGate::View kMyTurn = {
    .known = true, .playing = true, .my_turn = true};
constexpr ScriptGate::View kTheirTurn = {.known = true, .playing = true};
constexpr ScriptGate::View kWatching = {.known = true};
constexpr ScriptGate::View kOver = {
    .known = true, .over = true, .playing = true};

class ScriptGateTest : public ::testing::Test {
 protected:
  bool Waits(std::string_view line, const ScriptGate::View& view) {
    ScriptGate gate = gate_;
    return gate.Hold(*ParseCommand(line), view);
  }
  void Hear(std::string_view text) {
    const auto message = JsonObject::Parse(text);
    ASSERT_TRUE(message.ok()) << message.status();
    gate_.Settle(*message);
  }

  ScriptGate gate_;
};

TEST_F(ScriptGateTest, NothingWaitsForAGameThatIsNotToCome) {
  for (const char* line :
       {"gmaes", "resign", "draw", "takeback", "rematch", "decline", "abort",
        "claim", "chat hello", "board", "moves", "clock", "wait game",
        "wait turn", "wait move", "wait over"}) {
    EXPECT_FALSE(Waits(line, kNoGame)) << line;
    gate_.Expect("1");
    EXPECT_TRUE(Waits(line, kNoGame)) << line;
    gate_.ExpectNothing();
  }
}

TEST_F(ScriptGateTest, WhatIsOfNoGameDoesNotWait) {
  gate_.Expect("1");
  for (const char* line : {"lobby", "games", "cancel", "help", "quit"}) {
    EXPECT_FALSE(Waits(line, kNoGame)) << line;
  }
  ScriptGate::View replay = kNoGame;
  replay.replay = true;
  EXPECT_FALSE(Waits("board", replay));
}

TEST_F(ScriptGateTest, WaitsForItsTurn) {
  EXPECT_FALSE(Waits("h2e2", kMyTurn));
  EXPECT_TRUE(Waits("h2e2", kTheirTurn));
  EXPECT_FALSE(Waits("h2e2", kWatching));
  EXPECT_FALSE(Waits("h2e2", kOver));
  EXPECT_TRUE(Waits("wait turn", kTheirTurn));
  EXPECT_FALSE(Waits("wait turn", kMyTurn));
  EXPECT_TRUE(Waits("wait move", kMyTurn));
  EXPECT_TRUE(Waits("wait over", kMyTurn));
  EXPECT_FALSE(Waits("wait over", kOver));
  EXPECT_FALSE(Waits("wait game", kMyTurn));
  EXPECT_TRUE(Waits("rematch", kMyTurn));
  EXPECT_FALSE(Waits("rematch", kOver));
}

TEST_F(ScriptGateTest, AfterAGameTheNextOneIsWaitedFor) {
  gate_.Expect("1");
  for (const char* line :
       {"h2e2", "resign", "wait game", "wait turn", "wait move", "wait over"}) {
    EXPECT_TRUE(Waits(line, kOver)) << line;
  }
  EXPECT_FALSE(Waits("chat well played", kOver));
  EXPECT_FALSE(Waits("moves", kOver));
}

TEST_F(ScriptGateTest, AGameIsExpectedUntilItIsTold) {
  gate_.Expect("7");
  gate_.GameTold();  // Another one, which was followed before.
  EXPECT_TRUE(Waits("wait game", kOver));
  gate_.GameNamed();
  EXPECT_TRUE(Waits("wait game", kNoGame));
  gate_.GameTold();
  EXPECT_FALSE(Waits("wait game", kMyTurn));
}

TEST_F(ScriptGateTest, ARefusalEndsTheWait) {
  gate_.Expect("7");
  gate_.Refused("6");
  EXPECT_TRUE(Waits("wait game", kNoGame));
  gate_.Refused("7");
  EXPECT_FALSE(Waits("wait game", kNoGame));
}

TEST_F(ScriptGateTest, AnAnswerIsKnownByItsIdOrItsType) {
  const std::string id = gate_.Ask("paired");
  EXPECT_FALSE(gate_.open());
  Hear(R"({"t":"error","code":"illegal_move","id":"another"})");
  EXPECT_FALSE(gate_.open());
  Hear(absl::StrCat(R"({"t":"waiting","re":"pool","id":")", id, "\"}"));
  EXPECT_TRUE(gate_.open());
  EXPECT_NE(gate_.Ask("paired"), id);
  Hear(R"({"t":"paired","game":"g"})");
  EXPECT_TRUE(gate_.open());
  gate_.Ask("game");
  EXPECT_TRUE(gate_.awaits_game());
  Hear(R"({"t":"error","re":"join","code":"no_game"})");
  EXPECT_TRUE(gate_.open());
}

TEST_F(ScriptGateTest, WhatIsHeldIsReleasedOnce) {
  ASSERT_TRUE(gate_.Hold(*ParseCommand("wait move"), kMyTurn));
  EXPECT_FALSE(gate_.open());
  EXPECT_EQ(gate_.Release(kMyTurn), std::nullopt);
  ScriptGate::View moved = kTheirTurn;
  moved.plies = 1;
  const std::optional<Command> command = gate_.Release(moved);
  ASSERT_TRUE(command.has_value());
  EXPECT_EQ(command->verb, Command::kWait);
  EXPECT_TRUE(gate_.open());
  EXPECT_FALSE(gate_.Release(moved).has_value());
}

}  // namespace
}  // namespace chinese_chess
