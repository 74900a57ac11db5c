// Somebody types, who sees the board and is not waited for.
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "apps/chinese_chess/rules/fen.h"
#include "apps/chinese_chess/terminal/session.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/apps/chinese_chess/terminal/session_in_game.h"

namespace chinese_chess {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Typing : public SessionInGame {
 protected:
  Typing() : SessionInGame(/*script=*/false) {}

  // The connection that is made to say hello by another name.
  std::string ComeBack() {
    EXPECT_TRUE(session_.TakeReconnect());
    session_.OnConnected();
    return session_.TakeToServer();
  }
};

constexpr std::string_view kBadName =
    R"({"t":"error","re":"hello","code":"bad_name","text":"20 characters"})";

TEST_F(Typing, ANameThatIsRefusedLosesNothing) {
  User("h2e2");
  session_.TakeToServer();
  User("name x");
  const std::string said = ComeBack();
  EXPECT_THAT(said, HasSubstr(R"("name":"x")"));
  Server(kBadName);
  EXPECT_THAT(session_.TakeToScreen(), HasSubstr("error bad_name: 20"));
  // The same by the old name, whatever has come of what followed the first hello.
  const std::string again = session_.TakeToServer();
  EXPECT_THAT(again, HasSubstr(R"("name":"Zhang","token":"T")"));
  EXPECT_EQ(again.substr(again.find('\n')), said.substr(said.find('\n')));
  EXPECT_THAT(again, HasSubstr(R"("t":"move")"));
  for (const char* re : {"join\",\"id\":\"join g", "move\",\"id\":\"2"}) {
    Server(absl::StrCat(R"({"t":"error","re":")", re,
                        R"(","code":"hello_first","text":"hello"})"));
  }
  Server(R"({"t":"welcome","name":"Zhang","token":"T","games":["g"]})");
  EXPECT_EQ(session_.TakeToScreen(), "welcome Zhang\n");
  EXPECT_THAT(session_.TakeToServer(), IsEmpty());
  Server(kRedMoves);
  EXPECT_THAT(session_.TakeToScreen(), HasSubstr("move 0 red"));
}

// Of a server whose ideas of names have changed.
TEST_F(Typing, ANameThatIsGoodNoLongerIsLeftOut) {
  User("name x");
  ComeBack();
  Server(kBadName);
  session_.TakeToServer();
  Server(kBadName);
  EXPECT_THAT(session_.TakeToServer(),
              HasSubstr(R"({"t":"hello","token":"T"})"));
  Server(kBadName);
  EXPECT_THAT(session_.TakeToServer(), IsEmpty());
}

// A refusal leaves the server with the earlier wait, and nobody here expects its game.
TEST_F(Typing, AWaitThatIsRefusedLeavesNoneBehind) {
  User("pool 5+3");
  Server(R"({"t":"waiting","re":"pool","id":"2"})");
  User("join abc124");
  session_.TakeToServer();
  session_.TakeToScreen();
  Server(R"({"t":"error","re":"enter","id":"3","code":"no_room","text":"no"})");
  EXPECT_EQ(session_.TakeToServer(), "{\"t\":\"cancel\"}\n");
  EXPECT_EQ(session_.TakeToScreen(),
            "the earlier wait is over\nerror no_room: no\n");
  Server(R"({"t":"ok","re":"cancel"})");
  EXPECT_THAT(session_.TakeToScreen(), IsEmpty());
  // Now there is none to speak of.
  User("join abc125");
  session_.TakeToScreen();
  Server(R"({"t":"error","re":"enter","id":"4","code":"no_room","text":"no"})");
  EXPECT_EQ(session_.TakeToScreen(), "error no_room: no\n");
}

// Its game may be the earlier one's, and the later one would begin another.
TEST_F(Typing, WhoIsPairedForTheEarlierWaitLeavesTheLaterOne) {
  constexpr std::string_view kWaits = R"({"t":"waiting","re":"pool","id":"3"})";
  constexpr std::string_view kPaired =
      R"({"t":"paired","game":"g","you":"red"})";
  User("pool 5+3");
  Server(R"({"t":"waiting","re":"pool","id":"2"})");
  User("pool 10+5");
  session_.TakeToServer();
  Server(kPaired);
  EXPECT_EQ(session_.TakeToServer(), "{\"t\":\"cancel\"}\n");
  Server(kWaits);
  EXPECT_THAT(session_.TakeToServer(), IsEmpty());
  // The other way round.
  User("pool 5+3");
  Server(R"({"t":"waiting","re":"pool","id":"4"})");
  User("pool 10+5");
  Server(R"({"t":"waiting","re":"pool","id":"5"})");
  session_.TakeToServer();
  Server(kPaired);
  EXPECT_EQ(session_.TakeToServer(), "{\"t\":\"cancel\"}\n");
}

// It was the earlier one's game that could not begin: the later one still waits there.
TEST_F(Typing, AWaitThatIsRefusedWhenSaidAgainIsCancelled) {
  User("pool 5+3");
  User("pool 10+5");
  Server(R"({"t":"waiting","re":"pool","id":"3"})");
  Server(R"({"t":"error","re":"paired","code":"busy","text":"no game"})");
  session_.AskAgain();
  session_.TakeToServer();
  Server(R"({"t":"error","re":"pool","id":"3","code":"no","text":"no"})");
  EXPECT_EQ(session_.TakeToServer(), "{\"t\":\"cancel\"}\n");
}

TEST_F(Typing, AServerTooBusyToHearOfAnAcceptedWaitAgainKeepsIt) {
  User("room 5+3");
  Server(R"({"t":"waiting","re":"room","id":"2","code":"abc123"})");
  Server(R"({"t":"error","re":"paired","code":"busy","text":"no game"})");
  session_.AskAgain();
  session_.TakeToServer();
  Server(
      R"({"t":"error","re":"room","id":"2","code":"busy","text":"no game"})");
  EXPECT_THAT(session_.TakeToServer(), IsEmpty());
  EXPECT_TRUE(session_.TakeAskLater());
}

TEST_F(Typing, AServerThatDropsTheEarlierWaitHasTheLaterOneYetToCome) {
  User("room 5+3");
  Server(R"({"t":"waiting","re":"room","id":"2","code":"abc123"})");
  User("room 10+5");
  session_.TakeToServer();
  constexpr std::string_view kElsewhere =
      R"({"t":"error","re":"room","code":"elsewhere","text":"no"})";
  session_.TakeToScreen();
  Server(kElsewhere);
  Server(
      R"({"t":"error","re":"room","id":"3","code":"busy","text":"no game"})");
  session_.TakeToServer();
  session_.AskAgain();
  EXPECT_THAT(session_.TakeToServer(), HasSubstr(R"("control":"10+5")"));
  Server(R"({"t":"waiting","re":"room","id":"3","code":"abc124"})");
  session_.TakeToScreen();
  Server(kElsewhere);
  EXPECT_EQ(session_.TakeToScreen(), "error elsewhere: no\n");
  session_.AskAgain();
  EXPECT_THAT(session_.TakeToServer(), IsEmpty());
}

TEST_F(Typing, SeesTheBoardAfterEachMove) {
  User("h2e2");
  Server(kRedMoves);
  EXPECT_THAT(session_.TakeToScreen(), HasSubstr("[炮]"));
  User("h0g2");
  EXPECT_THAT(session_.TakeToScreen(), HasSubstr("not your turn"));
  EXPECT_FALSE(session_.quit());
}

TEST_F(Typing, ResignsOnlyWhenSaidTwice) {
  User("resign");
  EXPECT_THAT(session_.TakeToServer(), IsEmpty());
  User("resign");
  EXPECT_THAT(session_.TakeToServer(), HasSubstr(R"("t":"resign")"));
}

TEST_F(Typing, IsNotAskedTwiceToResignWhatThereIsNot) {
  Server(
      R"({"t":"end","game":"g","v":2,"result":"1-0","reason":"resignation"})");
  User("resign");
  EXPECT_THAT(session_.TakeToServer(), HasSubstr(R"("t":"resign")"));
  User("leave");
  session_.TakeToScreen();
  User("resign");
  EXPECT_EQ(session_.TakeToScreen(), "error no_game: there is no game here\n");
}

TEST_F(Typing, AViewerHasNoTurn) {
  User("watch h");
  Server(absl::StrCat(
      R"({"t":"game","game":"h","v":1,"red":{"name":"A"},"black":{"name":"B"},)",
      R"("fen":")", kStartFen,
      R"(","moves":[],"result":"*","reason":"none"})"));
  session_.TakeToScreen();
  User("h2e2");
  EXPECT_EQ(session_.TakeToScreen(),
            "error not_player: you are watching this game\n");
}

TEST_F(Typing, ExportsItsOwnGame) {
  Server(kRedMoves);
  Server(
      R"({"t":"end","game":"g","v":3,"result":"1-0","reason":"resignation"})");
  session_.TakeToScreen();
  User("export wxf");
  const std::string record = session_.TakeToScreen();
  for (const char* part :
       {"[Red \"Zhang\"]", "[Black \"Li\"]", "[Result \"1-0\"]",
        "[Termination \"resignation\"]", "[TimeControl \"5+3\"]", "1. C2=5"}) {
    EXPECT_THAT(record, HasSubstr(part));
  }
  User("export json");
  EXPECT_THAT(session_.TakeToScreen(),
              HasSubstr(R"("moves":[{"move":"h2e2"}],"result":"1-0")"));
  User("leave");
  session_.TakeToScreen();
  User("export");
  EXPECT_THAT(session_.TakeToScreen(), HasSubstr("error no_record"));
}

TEST_F(Typing, NothingIsShownOfAGameThatWasLeft) {
  User("leave");
  session_.TakeToScreen();
  for (const char* line : {"moves", "board", "clock"}) {
    User(line);
    EXPECT_THAT(session_.TakeToScreen(), HasSubstr("error no_game")) << line;
  }
}

TEST_F(Typing, SeesTheClockOfNowAfterALostConnection) {
  session_.OnDisconnected("peer");
  session_.OnConnected();
  Server(R"({"t":"welcome","name":"Zhang","token":"T","games":["g"]})");
  session_.TakeToScreen();
  Server(R"({"t":"ok","re":"join","game":"g","red_ms":200000,)"
         R"("black_ms":300000,"turn_ms":100000,"clock":true})");
  EXPECT_EQ(session_.TakeToScreen(),
            "clock red 3:20 black 5:00, red to move\n");
}

TEST_F(Typing, ReplaysARecord) {
  User("replay f");
  EXPECT_THAT(session_.TakeToServer(), HasSubstr(R"("game":"f")"));
  Server(absl::StrCat(
      R"({"t":"record","id":"2","game":"f","record":)",
      R"({"format":"chinese-chess-game-1","tags":{"Red":"A","Black":"B"},)",
      R"("start":")", kStartFen,
      R"(","moves":[{"move":"h2e2"}],"result":"1-0","reason":"timeout"}})"));
  EXPECT_THAT(session_.TakeToScreen(),
              HasSubstr("record f A - B 1-0 timeout, 1 plies"));
  User("next");
  EXPECT_THAT(session_.TakeToScreen(), HasSubstr("replay 1. C2=5 1-0 timeout"));
  User("export wxf");
  EXPECT_THAT(session_.TakeToScreen(), HasSubstr("C2=5"));
}

}  // namespace
}  // namespace chinese_chess
