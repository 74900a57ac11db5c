// A script plays: it waits for its turn, and for what it has asked for.
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
using ::testing::Not;

class Playing : public SessionInGame {
 protected:
  Playing() : SessionInGame(/*script=*/true) {}
};

TEST_F(Playing, AMoveInAnyNotation) {
  User("炮二平五");
  EXPECT_THAT(session_.TakeToServer(),
              HasSubstr(R"("t":"move","game":"g","ply":0,"move":"h2e2")"));
  EXPECT_FALSE(session_.ready());
  Server(R"({"t":"ok","re":"move","id":"2"})");
  EXPECT_TRUE(session_.ready());
  Server(kRedMoves);
  EXPECT_EQ(session_.TakeToScreen(), "move 0 red h2e2 C2=5\n");
}

TEST_F(Playing, AScriptWaitsForItsTurn) {
  User("h2e2");
  session_.TakeToServer();
  Server(R"({"t":"ok","re":"move","id":"2"})");
  User("h0g2");
  EXPECT_FALSE(session_.ready());  // Accepted, but not yet played.
  Server(kRedMoves);
  EXPECT_FALSE(session_.ready());
  EXPECT_THAT(session_.TakeToServer(), IsEmpty());
  Server(kBlackMoves);
  EXPECT_THAT(session_.TakeToServer(), HasSubstr(R"("move":"h0g2")"));
}

TEST_F(Playing, WhatTheServerHasNotAcknowledgedIsSaidAgain) {
  User("h2e2");
  session_.TakeToServer();
  session_.OnDisconnected("peer");
  EXPECT_FALSE(session_.quit());
  session_.OnConnected();
  const std::string lines = session_.TakeToServer();
  EXPECT_THAT(lines, HasSubstr(R"("token":"T")"));
  EXPECT_THAT(lines,
              HasSubstr(R"({"t":"join","game":"g","v":1,"id":"join g"})"));
  EXPECT_THAT(lines, HasSubstr(R"("ply":0,"move":"h2e2","id":"2")"));
  Server(R"({"t":"welcome","name":"Zhang","token":"T","games":["g"]})");
  Server(kRedMoves);
  session_.OnDisconnected("peer");
  session_.OnConnected();
  EXPECT_THAT(session_.TakeToServer(), Not(HasSubstr(R"("t":"move")")));
}

TEST_F(Playing, AHoleIsFilled) {
  Server(kBlackMoves);
  EXPECT_THAT(session_.TakeToServer(),
              HasSubstr(R"("t":"join","game":"g","id":"join g"})"));
}

TEST_F(Playing, TheFirstErrorEndsAScript) {
  User("h2h8");
  EXPECT_THAT(session_.TakeToScreen(), HasSubstr("error illegal_move"));
  EXPECT_TRUE(session_.quit());
  EXPECT_EQ(session_.exit_code(), 3);
}

TEST_F(Playing, WaitsForTheEnd) {
  User("wait over");
  EXPECT_FALSE(session_.ready());
  Server(
      R"({"t":"end","game":"g","v":2,"result":"1-0","reason":"resignation"})");
  EXPECT_TRUE(session_.ready());
  EXPECT_THAT(session_.TakeToScreen(), HasSubstr("end 1-0 resignation\n"));
}

TEST_F(Playing, OthersDoNotDriveTheTerminal) {
  Server(
      R"({"t":"chat","game":"g","v":2,"name":"x\u001b[2J","text":"\u009bm\n炮"})");
  EXPECT_EQ(session_.TakeToScreen(), "chat x?[2J: ?m?炮\n");
}

TEST_F(Playing, FollowsOneGameAtATime) {
  Server(R"({"t":"rematch","game":"g","v":2,"next":"h"})");
  std::string said = session_.TakeToServer();
  EXPECT_THAT(said, HasSubstr(R"({"t":"leave","game":"g"})"));
  EXPECT_THAT(said, HasSubstr(R"({"t":"join","game":"h","id":"join h"})"));
  User("watch i");
  said = session_.TakeToServer();
  EXPECT_THAT(said, HasSubstr(R"({"t":"leave","game":"h"})"));
  EXPECT_THAT(said, HasSubstr(R"({"t":"join","game":"i","id":"join i"})"));
}

TEST_F(Playing, AMoveGoesWithItsGame) {
  User("h2e2");
  Server(R"({"t":"paired","game":"h","you":"red"})");
  session_.TakeToServer();
  session_.OnDisconnected("peer");
  session_.OnConnected();
  const std::string said = session_.TakeToServer();
  EXPECT_THAT(said, HasSubstr(R"({"t":"join","game":"h","id":"join h"})"));
  EXPECT_THAT(said, Not(HasSubstr(R"("t":"move")")));
}

// Eight that were not there would be all that a connection may follow.
TEST_F(Playing, LeavesWhatIsNotThere) {
  User("watch h");
  Server(
      R"({"t":"error","re":"join","id":"join h","code":"no_game","text":"no"})");
  EXPECT_THAT(session_.TakeToServer(),
              HasSubstr(R"({"t":"leave","game":"h"})"));
  Server(R"({"t":"error","re":"leave","code":"no_game","text":"no"})");
  EXPECT_EQ(session_.TakeToScreen(), "error no_game: no\n");
}

// Both were asked for on a new connection, the second after a `welcome` that named it.
TEST_F(Playing, ARefusalIsOfTheGameThatItNames) {
  User("pool 5+3");
  session_.OnDisconnected("peer");
  session_.OnConnected();
  Server(R"({"t":"welcome","name":"Zhang","token":"T","games":["h"]})");
  session_.TakeToServer();
  Server(
      R"({"t":"error","re":"join","id":"join g","code":"no_game","text":"no"})");
  EXPECT_THAT(session_.TakeToServer(), IsEmpty());
  EXPECT_FALSE(session_.quit());
}

TEST_F(Playing, WaitsForTheRematchThatItOffers) {
  Server(
      R"({"t":"end","game":"g","v":2,"result":"1-0","reason":"resignation"})");
  User("rematch");
  Server(R"({"t":"ok","re":"offer","id":"2"})");
  User("wait game");
  EXPECT_FALSE(session_.ready());
  Server(R"({"t":"decline","game":"g","v":3,"by":"black","offer":"rematch"})");
  EXPECT_TRUE(session_.ready());
}

TEST_F(Playing, ARematchThatIsDeclinedIsNotWaitedFor) {
  Server(
      R"({"t":"end","game":"g","v":2,"result":"1-0","reason":"resignation"})");
  User("pool 5+3");
  Server(R"({"t":"waiting","re":"pool","id":"2"})");
  User("rematch");
  Server(R"({"t":"ok","re":"offer","id":"3"})");
  Server(R"({"t":"decline","game":"g","v":3,"by":"black","offer":"rematch"})");
  User("cancel");
  Server(R"({"t":"ok","re":"cancel","id":"4"})");
  User("wait game");
  EXPECT_TRUE(session_.ready());
}

TEST_F(Playing, TheOpponentsRematchMayGoWhileOnesOwnIsOffered) {
  Server(
      R"({"t":"end","game":"g","v":2,"result":"1-0","reason":"resignation"})");
  Server(R"({"t":"offer","game":"g","v":3,"by":"black","offer":"rematch"})");
  User("rematch");
  Server(R"({"t":"decline","game":"g","v":4,"by":"black","offer":"rematch"})");
  Server(R"({"t":"ok","re":"offer","id":"2"})");
  User("wait game");
  EXPECT_FALSE(session_.ready());
}

// Its event was lost, or is older than the server remembers.
TEST_F(Playing, TheWholeGameTellsOfTheRematch) {
  const auto whole = [&](std::string_view rest) {
    Server(absl::StrCat(
        R"({"t":"game","game":"g","v":9,"you":"red","control":"5+3",)",
        R"("red":{"name":"Zhang","online":true,"left_ms":300000},)",
        R"("black":{"name":"Li","online":true,"left_ms":300000},)",
        R"("fen":")", kStartFen, R"(","moves":[],"result":"1-0",)",
        R"("reason":"resignation")", rest, "}"));
  };
  Server(
      R"({"t":"end","game":"g","v":2,"result":"1-0","reason":"resignation"})");
  User("rematch");
  Server(R"({"t":"ok","re":"offer","id":"2"})");
  User("wait game");
  whole(R"(,"rematch":"red")");
  EXPECT_FALSE(session_.ready());
  whole(R"(,"rematch_agreed":true)");
  EXPECT_FALSE(session_.ready());
  whole("");
  EXPECT_TRUE(session_.ready());
  session_.TakeToServer();
  User("rematch");
  // Of before the offer.
  whole("");
  Server(R"({"t":"ok","re":"offer","id":"3"})");
  User("wait game");
  EXPECT_FALSE(session_.ready());
  // Agreed on, and then it could not begin.
  whole(R"(,"rematch_agreed":true)");
  Server(R"({"t":"decline","game":"g","v":10,"by":"red","offer":"rematch"})");
  EXPECT_TRUE(session_.ready());
}

TEST_F(Playing, TheWholeGameTellsOfTheRematchThatHasBegun) {
  Server(
      R"({"t":"end","game":"g","v":2,"result":"1-0","reason":"resignation"})");
  User("rematch");
  Server(R"({"t":"ok","re":"offer","id":"2"})");
  session_.TakeToServer();
  Server(absl::StrCat(
      R"({"t":"game","game":"g","v":9,"you":"red","control":"5+3",)",
      R"("red":{"name":"Zhang","online":true,"left_ms":300000},)",
      R"("black":{"name":"Li","online":true,"left_ms":300000},)", R"("fen":")",
      kStartFen, R"(","moves":[],"result":"1-0",)",
      R"("reason":"resignation","next":"h"})"));
  EXPECT_THAT(session_.TakeToServer(), HasSubstr(R"("t":"join","game":"h")"));
}

TEST_F(Playing, WhatWaitsInTheLobbyIsSaidAgain) {
  User("pool 5+3");
  const std::string pool = session_.TakeToServer();
  session_.OnDisconnected("peer");
  EXPECT_FALSE(session_.quit());
  session_.OnConnected();
  EXPECT_THAT(session_.TakeToServer(), Not(HasSubstr("pool")));
  Server(R"({"t":"welcome","name":"Zhang","token":"T","games":["g"]})");
  EXPECT_EQ(session_.TakeToServer(), pool);
  User("wait game");
  Server(R"({"t":"waiting","re":"pool","id":"2"})");
  EXPECT_FALSE(session_.ready());
  Server(R"({"t":"paired","game":"h","you":"black"})");
  session_.TakeToServer();
  session_.OnDisconnected("peer");
  session_.OnConnected();
  Server(R"({"t":"welcome","name":"Zhang","token":"T","games":["g","h"]})");
  EXPECT_THAT(session_.TakeToServer(), Not(HasSubstr("pool")));
}

TEST_F(Playing, WhoHasBeenPairedMeanwhileJoinsThatGame) {
  User("room 5+3");
  session_.OnDisconnected("peer");
  session_.OnConnected();
  session_.TakeToServer();
  Server(R"({"t":"welcome","name":"Zhang","token":"T","games":["g","h"]})");
  const std::string said = session_.TakeToServer();
  EXPECT_THAT(said, HasSubstr(R"({"t":"join","game":"h","id":"join h"})"));
  EXPECT_THAT(said, Not(HasSubstr(R"("t":"room")")));
  // Nor is its answer waited for.
  EXPECT_TRUE(session_.ready());
}

// What was asked for went with the token; by no name can it be asked for again.
TEST_F(Playing, AGameThatWasForgottenIsNotWaitedFor) {
  User("watch h");
  EXPECT_FALSE(session_.ready());
  session_.OnDisconnected("peer");
  session_.OnConnected();
  Server(R"({"t":"error","re":"hello","code":"bad_token","text":"no"})");
  Server(R"({"t":"welcome","name":"Zhang","token":"U","games":[]})");
  EXPECT_TRUE(session_.ready());
}

// In a room whose owner is away.
TEST_F(Playing, AGuestWaitsAgain) {
  User("join abc123");
  const std::string enter = session_.TakeToServer();
  EXPECT_THAT(enter, HasSubstr(R"("t":"enter","code":"abc123")"));
  Server(R"({"t":"waiting","re":"enter","id":"2"})");
  session_.OnDisconnected("peer");
  session_.OnConnected();
  session_.TakeToServer();
  Server(R"({"t":"welcome","name":"Zhang","token":"T","games":["g"]})");
  EXPECT_EQ(session_.TakeToServer(), enter);
  Server(R"({"t":"error","re":"enter","id":"2","code":"no_room","text":"no"})");
  session_.OnDisconnected("peer");
  session_.OnConnected();
  session_.TakeToServer();
  Server(R"({"t":"welcome","name":"Zhang","token":"T","games":["g"]})");
  EXPECT_THAT(session_.TakeToServer(), IsEmpty());
}

TEST_F(Playing, AWaitThatTheServerEndsIsNotSaidAgain) {
  User("room 5+3");
  Server(R"({"t":"waiting","re":"room","id":"2","code":"abc123"})");
  User("wait game");
  EXPECT_FALSE(session_.ready());
  // Of what it does not wait for.
  Server(R"({"t":"error","re":"enter","code":"no_room","text":"no"})");
  EXPECT_FALSE(session_.ready());
  Server(R"({"t":"error","re":"room","code":"elsewhere","text":"no"})");
  EXPECT_THAT(session_.TakeToScreen(), HasSubstr("error elsewhere: no"));
  session_.OnDisconnected("peer");
  session_.OnConnected();
  session_.TakeToServer();
  Server(R"({"t":"welcome","name":"Zhang","token":"T","games":["g"]})");
  EXPECT_THAT(session_.TakeToServer(), IsEmpty());
}

TEST_F(Playing, WhatWasCancelledIsNotSaidAgain) {
  User("seek 5+3");
  Server(R"({"t":"waiting","re":"seek","id":"2","seek":"s"})");
  User("cancel");
  session_.TakeToServer();
  session_.OnDisconnected("peer");
  session_.OnConnected();
  session_.TakeToServer();
  Server(R"({"t":"welcome","name":"Zhang","token":"T","games":["g"]})");
  EXPECT_THAT(session_.TakeToServer(), IsEmpty());
}

TEST_F(Playing, WhatCouldNotBeginIsAskedForAgain) {
  User("pool 5+3");
  const std::string pool = session_.TakeToServer();
  // Paired at once, so that no "waiting" has answered it.
  Server(R"({"t":"error","re":"paired","code":"busy","text":"no game"})");
  EXPECT_FALSE(session_.quit());
  EXPECT_TRUE(session_.ready());
  EXPECT_TRUE(session_.TakeAskLater());
  User("wait game");
  EXPECT_FALSE(session_.ready());
  for (int i = 0; i < 2; ++i) {
    session_.AskAgain();
    EXPECT_EQ(session_.TakeToServer(), pool);
    Server(
        R"({"t":"error","re":"pool","id":"2","code":"busy","text":"no game"})");
    EXPECT_EQ(session_.TakeToServer(), "{\"t\":\"cancel\"}\n");
    EXPECT_TRUE(session_.TakeAskLater());
  }
  EXPECT_EQ(session_.TakeToScreen(), "busy: no game; asking again\n");
  session_.AskAgain();
  Server(R"({"t":"waiting","re":"pool","id":"2"})");
  EXPECT_FALSE(session_.TakeAskLater());
  EXPECT_FALSE(session_.ready());
}

TEST_F(Playing, ABusyServerDoesNotPairForTheEarlierWait) {
  User("pool 5+3");
  Server(R"({"t":"waiting","re":"pool","id":"2"})");
  User("pool 10+5");
  session_.TakeToServer();
  session_.TakeToScreen();
  constexpr std::string_view kBusy =
      R"({"t":"error","re":"pool","id":"3","code":"busy","text":"no game"})";
  for (int i = 0; i < 2; ++i) {
    Server(kBusy);
    EXPECT_EQ(session_.TakeToServer(), "{\"t\":\"cancel\"}\n");
    // The same mailbox is full; and the user has not said it.
    Server(R"({"t":"error","re":"cancel","code":"busy","text":"no game"})");
    EXPECT_FALSE(session_.quit());
    EXPECT_TRUE(session_.TakeAskLater());
    session_.AskAgain();
    const std::string again = session_.TakeToServer();
    EXPECT_THAT(again, HasSubstr(R"("control":"10+5")"));
    // After it, it would end it.
    EXPECT_THAT(again, Not(HasSubstr("cancel")));
  }
  EXPECT_EQ(session_.TakeToScreen(), "busy: no game; asking again\n");
}

TEST_F(Playing, WhatIsRefusedMeanwhileDoesNotEndTheWait) {
  Session session({.name = "Zhang", .script = true, .keep_going = true});
  session.OnConnected();
  const auto server = [&](std::string_view line) {
    session.OnServerLine(line, kNow);
  };
  server(R"({"t":"welcome","name":"Zhang","token":"T","games":[]})");
  session.OnUserLine("pool 5+3", kNow);
  server(R"({"t":"waiting","re":"pool","id":"1"})");
  session.OnUserLine("accept x", kNow);
  server(R"({"t":"error","re":"accept","id":"2","code":"no_seek","text":""})");
  session.TakeToServer();
  // A move is of the game that is to come.
  session.OnUserLine("h2e2", kNow);
  EXPECT_FALSE(session.ready());
  EXPECT_EQ(session.TakeToServer(), "");
}

// Its answer was lost with the event.
TEST_F(Playing, AMoveThatTheWholeGameHasIsDone) {
  User("h2e2");
  EXPECT_FALSE(session_.ready());
  Server(R"({"t":"game","game":"g","v":2,"you":"red","control":"5+3",)"
         R"("red":{"name":"Zhang","online":true,"left_ms":300000},)"
         R"("black":{"name":"Li","online":true,"left_ms":300000},)"
         R"("fen":"rnbakabnr/9/1c5c1/p1p1p1p1p/9/9/P1P1P1P1P/1C2C4/9/)"
         R"(RNBAKABNR b - - 1 1","moves":[{"move":"h2e2"}],)"
         R"("result":"*","reason":"none"})");
  EXPECT_TRUE(session_.ready()) << session_.TakeToScreen();
}

TEST_F(Playing, AServerTooBusyToCancelIsToldAgain) {
  constexpr std::string_view kBusy =
      R"({"t":"error","re":"cancel","code":"busy","text":"full"})";
  Server(kBusy);
  EXPECT_EQ(session_.TakeToScreen(), "busy: full; asking again\n");
  EXPECT_TRUE(session_.TakeAskLater());
  session_.AskAgain();
  EXPECT_EQ(session_.TakeToServer(), "{\"t\":\"cancel\"}\n");
  Server(kBusy);
  // Not what is waited for since.
  User("pool 5+3");
  session_.TakeToServer();
  session_.AskAgain();
  EXPECT_THAT(session_.TakeToServer(), IsEmpty());
}

// Which is not waited for in the lobby.
TEST_F(Playing, AComputersGameThatCouldNotBeginIsNotWaitedFor) {
  User("bot 1");
  Server(R"({"t":"error","re":"paired","code":"busy","text":"no game"})");
  EXPECT_EQ(session_.TakeToScreen(), "error busy: no game\n");
  EXPECT_FALSE(session_.TakeAskLater());
}

TEST_F(Playing, ABusyServerIsGreetedAgain) {
  User("h2e2");
  session_.TakeToServer();
  session_.OnDisconnected("peer");
  session_.OnConnected();
  const std::string said = session_.TakeToServer();
  EXPECT_THAT(said, HasSubstr(R"("t":"move")"));
  Server(R"({"t":"error","re":"hello","code":"busy","text":"busy"})");
  Server(
      R"({"t":"error","re":"join","id":"join g","code":"hello_first","text":""})");
  Server(
      R"({"t":"error","re":"move","id":"2","code":"hello_first","text":""})");
  EXPECT_FALSE(session_.quit());
  EXPECT_TRUE(session_.TakeAskLater());
  session_.AskAgain();
  EXPECT_EQ(session_.TakeToServer(), said);
}

TEST_F(Playing, ABusyGameIsJoinedAgain) {
  User("watch h");
  session_.TakeToServer();
  Server(
      R"({"t":"error","re":"join","id":"join h","code":"busy","text":"busy"})");
  EXPECT_FALSE(session_.quit());
  EXPECT_FALSE(session_.ready());
  EXPECT_TRUE(session_.TakeAskLater());
  session_.AskAgain();
  EXPECT_THAT(session_.TakeToServer(),
              HasSubstr(R"({"t":"join","game":"h","id":"join h"})"));
  // Not on another connection, which asks by itself.
  Server(
      R"({"t":"error","re":"join","id":"join h","code":"busy","text":"busy"})");
  session_.OnDisconnected("peer");
  session_.OnConnected();
  session_.TakeToServer();
  session_.AskAgain();
  EXPECT_THAT(session_.TakeToServer(), IsEmpty());
}

TEST_F(Playing, Pings) {
  Server(R"({"t":"ping","n":7})");
  EXPECT_EQ(session_.TakeToServer(), "{\"t\":\"pong\",\"n\":7}\n");
}

TEST_F(Playing, SaysOnceWhyThereIsNoConnection) {
  session_.OnDisconnected("peer");
  session_.TakeToScreen();
  session_.OnDisconnected("refused");
  EXPECT_EQ(session_.TakeToScreen(), "no connection: refused; trying again\n");
  session_.OnDisconnected("refused");
  EXPECT_THAT(session_.TakeToScreen(), IsEmpty());
  session_.OnDisconnected("reset");
  EXPECT_THAT(session_.TakeToScreen(), HasSubstr("reset"));
}

}  // namespace
}  // namespace chinese_chess
