#include "apps/chinese_chess/load/random_player.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "apps/chinese_chess/rules/fen.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace chinese_chess {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;
constexpr kingpin::MonotonicTime kNow{1'000'000'000};
constexpr std::string_view kWelcome =
    R"({"t":"welcome","token":"T","games":["g"]})";
constexpr std::string_view kJoined = R"({"t":"ok","re":"join"})";
constexpr std::string_view kWaiting =
    R"({"t":"waiting","re":"room","code":"abc"})";

// Red opens the room and Black enters it; the test is the server.
class Pair : public ::testing::Test, protected RandomPlayer::Host {
 protected:
  Pair() {
    options_.drop = options_.resign = options_.draw = 0;
    table_ = {.players = {&red_, &black_}};
  }
  void Send(int player, std::string_view message) override {
    absl::StrAppend(&sent_[player], message, "\n");
  }
  void Drop(int player, bool) override { dropped_ = player; }
  void After(absl::Duration, absl::AnyInvocable<void()> task) override {
    tasks_.push_back(std::move(task));
  }
  double Random() override { return 0.25; }
  LoadCounts& counts() override { return counts_; }
  bool counting() const override { return true; }
  void OnGameFinished(std::string_view game, Reason reason) override {
    finished_.emplace_back(game, reason);
  }

  void RunTasks() {
    for (auto& task : std::exchange(tasks_, {})) task();
  }
  std::string Take(int player) { return std::exchange(sent_[player], {}); }
  std::string Game(std::string_view you) {
    return absl::StrCat(R"({"t":"game","game":"g","v":1,"you":")", you,
                        R"(","red":{"name":"a"},"black":{"name":"b"},"fen":")",
                        kStartFen,
                        R"(","moves":[],"result":"*","reason":"none"})");
  }
  static std::string Moved(int version, std::string_view by, int ply,
                           std::string_view move) {
    return absl::StrCat(R"({"t":"move","game":"g","v":)", version, R"(,"by":")",
                        by, R"(","ply":)", ply, R"(,"move":")", move, "\"}");
  }
  // In what was sent.
  static std::string MoveOf(std::string_view sent) {
    constexpr std::string_view kKey = R"("move":")";
    return std::string(sent.substr(sent.find(kKey) + kKey.size(), 4));
  }
  void Seat() {
    for (RandomPlayer* player : {&red_, &black_}) {
      player->OnConnected(kNow);
      player->OnLine(R"({"t":"welcome","token":"T","games":[]})", kNow);
    }
    EXPECT_THAT(Take(0), HasSubstr(R"("t":"room")"));
    red_.OnLine(kWaiting, kNow);
    EXPECT_THAT(Take(1), HasSubstr(R"({"t":"enter","code":"abc"})"));
    red_.OnLine(R"({"t":"paired","game":"g","you":"red"})", kNow);
    black_.OnLine(R"({"t":"paired","game":"g","you":"black"})", kNow);
    EXPECT_THAT(Take(0), HasSubstr(R"({"t":"join","game":"g"})"));
    red_.OnLine(Game("red"), kNow);
    black_.OnLine(Game("black"), kNow);
  }

  LoadOptions options_;
  LoadCounts counts_;
  RandomPlayer::Table table_;
  RandomPlayer red_{0, this, &table_, options_};
  RandomPlayer black_{1, this, &table_, options_};
  std::string sent_[2];
  std::vector<absl::AnyInvocable<void()>> tasks_;
  int dropped_ = -1;
  std::vector<std::pair<std::string, Reason>> finished_;
};

constexpr std::string_view kWrongPly =
    R"({"t":"error","re":"move","id":"1","code":"wrong_ply","text":""})";
constexpr std::string_view kEnd =
    R"({"t":"end","game":"g","v":2,"result":"0-1","reason":"resignation"})";

TEST_F(Pair, PlaysLegalMovesWhenItsTurnHasCome) {
  Seat();
  EXPECT_EQ(counts_.games_begun, 1u);
  EXPECT_THAT(Take(0), HasSubstr(R"("t":"move","game":"g","ply":0)"));
  EXPECT_THAT(Take(1), Not(HasSubstr(R"("t":"move")")));
}

TEST_F(Pair, SaysTheMoveAgainAfterALostConnection) {
  Seat();
  const std::string move = Take(0);
  red_.OnDisconnected();
  red_.OnConnected(kNow);
  const std::string lines = Take(0);
  EXPECT_THAT(lines, HasSubstr(R"({"t":"join","game":"g","v":1})"));
  EXPECT_THAT(lines, HasSubstr(move));
  red_.OnLine(kJoined, kNow + absl::Milliseconds(3));
  EXPECT_EQ(counts_.resumes, 1u);
}

TEST_F(Pair, ARefusalIsOfTheMoveThatItNames) {
  Seat();
  const std::string move = MoveOf(Take(0));
  red_.OnDisconnected();
  red_.OnConnected(kNow);
  red_.OnLine(kWelcome, kNow);
  red_.OnLine(kJoined, kNow);
  Take(0);
  // It had arrived, and was answered.
  red_.OnLine(Moved(2, "red", 0, move), kNow);
  red_.OnLine(Moved(3, "black", 1, "a6a5"), kNow);
  const std::string next = Take(0);
  EXPECT_THAT(next, HasSubstr(R"("ply":2)"));
  red_.OnLine(kWrongPly, kNow);
  EXPECT_EQ(counts_.wrong, 0u);
  red_.OnDisconnected();
  red_.OnConnected(kNow);
  EXPECT_THAT(Take(0), HasSubstr(next));
}

TEST_F(Pair, WhatWaitedForALostConnectionIsNoLatency) {
  Seat();
  const std::string move = MoveOf(Take(0));
  black_.OnDisconnected();
  black_.OnConnected(kNow);
  // The move is told before the join is answered.
  black_.OnLine(Moved(2, "red", 0, move), kNow);
  EXPECT_EQ(counts_.moves, 1u);
  EXPECT_EQ(counts_.latency.count(), 0u);
  black_.OnLine(kJoined, kNow);
  EXPECT_EQ(counts_.resumes, 1u);
}

TEST_F(Pair, WhatCannotBeIsCounted) {
  Seat();
  black_.OnLine(Moved(2, "red", 0, "a0a9"), kNow);
  EXPECT_EQ(counts_.wrong, 1u);
  EXPECT_THAT(counts_.wrong_texts.at(0), HasSubstr("a0a9"));
  red_.OnLine(
      R"({"t":"error","re":"move","id":"1","code":"illegal_move","text":"no"})",
      kNow);
  EXPECT_EQ(counts_.wrong, 2u);
  EXPECT_FALSE(counts_.ok());
}

TEST_F(Pair, BeginsAnewWhenBothHaveSeenTheEnd) {
  Seat();
  Take(0);
  Take(1);
  red_.OnLine(kEnd, kNow);
  EXPECT_THAT(finished_,
              ElementsAre(::testing::Pair("g", Reason::kResignation)));
  EXPECT_EQ(counts_.ends["resignation"], 1u);
  EXPECT_THAT(Take(0), HasSubstr(R"("t":"room")"));
  red_.OnLine(kWaiting, kNow);
  EXPECT_THAT(Take(1), IsEmpty());
  black_.OnLine(kEnd, kNow);
  EXPECT_THAT(Take(1), HasSubstr(R"({"t":"enter","code":"abc"})"));
  EXPECT_EQ(counts_.games_finished, 1u);
}

// `welcome` may have been written before an end that is told before it.
TEST_F(Pair, AGameThatHasEndedIsNotFollowedAgain) {
  Seat();
  red_.OnDisconnected();
  red_.OnConnected(kNow);
  Take(0);
  red_.OnLine(kEnd, kNow);
  red_.OnLine(kWelcome, kNow);
  const std::string said = Take(0);
  EXPECT_THAT(said, Not(HasSubstr(R"("t":"join")")));
  EXPECT_THAT(said, HasSubstr(R"("t":"room")"));
}

// A second room would put its players into two games.
TEST_F(Pair, ACodeThatIsNotTrueYetIsTriedAgain) {
  Seat();
  for (RandomPlayer* player : {&red_, &black_}) player->OnLine(kEnd, kNow);
  red_.OnLine(kWaiting, kNow);
  Take(0);
  EXPECT_THAT(Take(1), HasSubstr(R"({"t":"enter","code":"abc"})"));
  black_.OnLine(R"({"t":"error","re":"enter","code":"no_room","text":""})",
                kNow);
  RunTasks();
  EXPECT_THAT(Take(0), IsEmpty());
  EXPECT_EQ(Take(1), "{\"t\":\"enter\",\"code\":\"abc\"}\n");
}

TEST_F(Pair, AGameThatIsGoneIsLost) {
  Seat();
  Take(0);
  red_.OnLine(R"({"t":"error","re":"join","code":"no_game","text":""})", kNow);
  EXPECT_THAT(Take(0), HasSubstr(R"({"t":"record","game":"g"})"));
  EXPECT_EQ(counts_.lost_games, 0u);
  red_.OnLine(R"({"t":"error","re":"record","code":"no_game","text":""})",
              kNow);
  EXPECT_EQ(counts_.lost_games, 1u);
  EXPECT_THAT(Take(0), HasSubstr(R"("t":"room")"));
}

TEST_F(Pair, AGameThatHasEndedUnseenIsNotLost) {
  Seat();
  Take(0);
  red_.OnLine(R"({"t":"error","re":"join","code":"no_game","text":""})", kNow);
  red_.OnLine(R"({"t":"record","game":"g","record":{}})", kNow);
  EXPECT_EQ(counts_.ends_unseen, 1u);
  EXPECT_TRUE(counts_.ok());
  EXPECT_THAT(Take(0), HasSubstr(R"("t":"room")"));
}

TEST_F(Pair, AMoveSentAgainMayHaveLostItsPlace) {
  Seat();
  red_.OnDisconnected();
  red_.OnConnected(kNow);
  red_.OnLine(kWrongPly, kNow);
  EXPECT_EQ(counts_.wrong, 0u);
}

TEST_F(Pair, AMoveSentOnceHasItsPlace) {
  Seat();
  red_.OnLine(kWrongPly, kNow);
  EXPECT_EQ(counts_.wrong, 1u);
}

// A server that was killed may go on from some moves before. What was played again is told
// as any move is.
TEST_F(Pair, AMoveFurtherOnThanTheGameWaitsForTheOneBefore) {
  Seat();
  const std::string first = MoveOf(Take(0));
  black_.OnLine(Moved(2, "red", 0, first), kNow);
  const std::string second = MoveOf(Take(1));
  // The server has lost both.
  black_.OnDisconnected();
  black_.OnConnected(kNow);
  EXPECT_THAT(Take(1), HasSubstr(absl::StrCat(R"("ply":1,"move":")", second,
                                              R"(","after":")", first)));
  black_.OnLine(kWelcome, kNow);
  black_.OnLine(Game("black"), kNow);
  // Red has said the first again just before ours came.
  black_.OnLine(Moved(2, "red", 0, first), kNow);
  EXPECT_THAT(Take(1), IsEmpty());
  black_.OnLine(Moved(3, "black", 1, second), kNow);
  black_.OnLine(Moved(4, "red", 2, "a3a4"), kNow);
  EXPECT_THAT(Take(1), HasSubstr(R"("ply":3)"));
  EXPECT_TRUE(counts_.ok());
}

TEST_F(Pair, AMoveThatLostItsPlaceIsMadeAnew) {
  Seat();
  const std::string first = MoveOf(Take(0));
  black_.OnLine(Moved(2, "red", 0, first), kNow);
  ASSERT_THAT(Take(1), HasSubstr(R"("ply":1)"));
  black_.OnDisconnected();
  black_.OnConnected(kNow);
  Take(1);
  black_.OnLine(kWelcome, kNow);
  black_.OnLine(Game("black"), kNow);
  // Red said the first again behind ours, and the turn is here before the refusal.
  black_.OnLine(Moved(2, "red", 0, first), kNow);
  black_.OnLine(kWrongPly, kNow);
  EXPECT_THAT(Take(1), HasSubstr(R"("ply":1)"));
  EXPECT_TRUE(counts_.ok());
}

// Whatever is told last: the game, or that one may play.
TEST_F(Pair, WhoHasComeBackMovesWhenBothAreKnown) {
  options_.move_every = absl::Seconds(1);
  Seat();
  for (const bool welcome_first : {true, false}) {
    red_.OnDisconnected();
    red_.OnConnected(kNow);
    red_.OnLine(welcome_first ? kWelcome : kJoined, kNow);
    Take(0);
    RunTasks();
    EXPECT_THAT(Take(0), IsEmpty());
    red_.OnLine(welcome_first ? kJoined : kWelcome, kNow);
    EXPECT_THAT(tasks_, SizeIs(1));
  }
  RunTasks();
  EXPECT_THAT(Take(0), HasSubstr(R"("ply":0)"));
}

// What it knows of the game may be of before the server was killed.
TEST_F(Pair, ARefusedMoveIsNotMadeAnewBeforeTheGameIsKnown) {
  Seat();
  red_.OnDisconnected();
  red_.OnConnected(kNow);
  red_.OnLine(kWelcome, kNow);
  Take(0);
  red_.OnLine(kWrongPly, kNow);
  EXPECT_THAT(Take(0), IsEmpty());
  red_.OnLine(Game("red"), kNow);
  EXPECT_THAT(Take(0), HasSubstr(R"("ply":0)"));
  EXPECT_TRUE(counts_.ok());
}

TEST_F(Pair, TheBeginningOfAnotherGameIsNoResume) {
  Seat();
  red_.OnDisconnected();
  red_.OnConnected(kNow);
  red_.OnLine(R"({"t":"welcome","token":"T","games":[]})", kNow);
  red_.OnLine(R"({"t":"error","re":"join","code":"no_game","text":""})", kNow);
  red_.OnLine(R"({"t":"record","game":"g","record":{}})", kNow);
  red_.OnLine(R"({"t":"paired","game":"h","you":"red"})", kNow);
  red_.OnLine(absl::StrReplaceAll(Game("red"), {{R"("g")", R"("h")"}}), kNow);
  EXPECT_EQ(counts_.resumes, 0u);
  EXPECT_EQ(counts_.games_begun, 2u);
}

constexpr std::string_view kNotPaired =
    R"({"t":"error","re":"paired","code":"busy","text":""})";

TEST_F(Pair, WhatCouldNotBeginIsAskedForOnce) {
  for (RandomPlayer* player : {&red_, &black_}) {
    player->OnConnected(kNow);
    player->OnLine(R"({"t":"welcome","token":"T","games":[]})", kNow);
  }
  Take(0);
  for (RandomPlayer* player : {&red_, &black_}) {
    player->OnLine(kNotPaired, kNow);
  }
  RunTasks();
  const std::string said = Take(0);
  EXPECT_THAT(said, StartsWith(R"({"t":"room")"));
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1);
}

TEST_F(Pair, WhatTheServerWasTooBusyForIsSaidAgain) {
  Seat();
  Take(0);
  Take(1);
  // The opponent is to move, so nothing else reminds of the join.
  black_.OnDisconnected();
  black_.OnConnected(kNow);
  const std::string said = Take(1);
  black_.OnLine(R"({"t":"error","re":"hello","code":"busy","text":""})", kNow);
  black_.OnLine(R"({"t":"error","re":"join","code":"hello_first","text":""})",
                kNow);
  RunTasks();
  EXPECT_EQ(Take(1), said);
  black_.OnLine(kWelcome, kNow);
  black_.OnLine(R"({"t":"error","re":"join","code":"busy","text":""})", kNow);
  RunTasks();
  EXPECT_EQ(Take(1), "{\"t\":\"join\",\"game\":\"g\",\"v\":1}\n");
  // On another connection all is said anyway.
  black_.OnLine(R"({"t":"error","re":"join","code":"busy","text":""})", kNow);
  black_.OnDisconnected();
  black_.OnConnected(kNow);
  Take(1);
  RunTasks();
  EXPECT_THAT(Take(1), IsEmpty());
}

TEST_F(Pair, DropsAsOftenAsItIsToldTo) {
  options_.drop = 1;
  Seat();
  EXPECT_EQ(dropped_, 0);
  EXPECT_EQ(counts_.drops, 1u);
  EXPECT_THAT(tasks_, IsEmpty());
}

}  // namespace
}  // namespace chinese_chess
