#include "apps/chinese_chess/terminal/lobby_lists.h"

#include <string_view>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace chinese_chess {
namespace {

using ::testing::ElementsAre;

JsonObject Parse(std::string_view text) {
  auto message = JsonObject::Parse(text);
  EXPECT_TRUE(message.ok()) << message.status();
  return *std::move(message);
}

TEST(LobbyLists, ANumberMeansWhatWasShown) {
  LobbyLists lists;
  EXPECT_EQ(lists.Game("1"), "1");
  EXPECT_THAT(
      lists.TakeGames(Parse(
          R"({"t":"games","count":9,"games":[{"game":"g","red":{"name":"A"},)"
          R"("black":{"name":"B"},"control":"5+3","plies":4,"viewers":2}]})")),
      ElementsAre("games: 9", "1 game g A - B, 5+3, 4 plies, 2 watching"));
  EXPECT_EQ(lists.Game("1"), "g");
  EXPECT_EQ(lists.Game("2"), "2");
  EXPECT_EQ(lists.Game("h"), "h");
  lists.TakeGames(Parse(R"({"t":"games","count":0,"games":[]})"));
  EXPECT_EQ(lists.Game("1"), "1");
}

TEST(LobbyLists, WhoOffersWhat) {
  LobbyLists lists;
  EXPECT_THAT(
      lists.TakeLobby(
          Parse(R"({"t":"lobby","connections":3,"games":1,)"
                R"("pools":[{"control":"10+5","waiting":2}],)"
                R"("seeks":[{"seek":"s","player":{"name":"A"},"control":"5+3",)"
                R"("casual":true,"color":"red"}]})")),
      ElementsAre("lobby: 3 here, 1 games", "pool 10+5: 2 waiting",
                  "1 seek s 5+3 casual red A"));
  EXPECT_EQ(lists.Seek("1"), "s");
}

TEST(LobbyLists, WhatIsOver) {
  LobbyLists lists;
  EXPECT_THAT(lists.TakeHistory(Parse(R"({"t":"history","games":[]})")),
              ElementsAre("no game is over yet"));
  EXPECT_THAT(
      lists.TakeHistory(
          Parse(R"({"t":"history","games":[{"game":"f","red":"A","black":"B",)"
                R"("result":"1-0","reason":"timeout","plies":7}]})")),
      ElementsAre("1 finished f A - B 1-0 timeout, 7 plies"));
  EXPECT_EQ(lists.Finished("1"), "f");
}

}  // namespace
}  // namespace chinese_chess
