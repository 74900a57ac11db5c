// Pools, seeks, rooms and lists, over real sockets by the line protocol.
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "apps/chinese_chess/server/game_server_shared.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/apps/chinese_chess/server/test_player.h"
#include "tests/apps/chinese_chess/server/test_server.h"
#include "tests/testing/process.h"

namespace chinese_chess {
namespace {

using testing::HasSubstr;
using testing::Not;

using Server = TestServer;

TEST(ServerLobbyTest, GamesAreListed) {
  Server server({.news_every = absl::Milliseconds(1)});
  PairOfPlayers pair = PairInPool(server.port());
  Play(pair, 0, "h2e2");
  TestPlayer looker(server.port());
  looker.Hello();
  const auto listed = [&] {
    looker.Say(R"({"t":"games"})");
    return looker.Next("games");
  };
  std::string games;
  EXPECT_TRUE(kingpin::testing::Eventually([&] {
    return Field(games = listed(), "plies") == "1";
  })) << games;
  EXPECT_THAT(games, HasSubstr(pair.game));
  EXPECT_THAT(games, HasSubstr("Zhang"));
  EXPECT_EQ(pair.black.Ask("resign", pair.game), "ok");
  EXPECT_EQ(Field(pair.red.Next("end"), "reason"), "resignation");
  EXPECT_TRUE(kingpin::testing::Eventually(
      [&] { return Field(listed(), "count") == "0"; }));
}

TEST(ServerLobbyTest, AGameOfAPrivateRoomIsListedNowhere) {
  Server server;
  PairOfPlayers pair = Pair(server.port());
  TestPlayer stranger(server.port());
  stranger.Hello("Wang");
  Play(pair, 0, "h2e2 h9g7");
  const auto seen = [](TestPlayer& by, std::string_view question) {
    by.Say(absl::StrCat(R"({"t":)", question, "}"));
    return by.Next();
  };
  const std::string games = seen(stranger, R"("games")");
  EXPECT_EQ(Field(games, "count"), "1");
  EXPECT_THAT(games, Not(HasSubstr(pair.game)));
  EXPECT_EQ(pair.red.Ask("resign", pair.game), "ok");
  EXPECT_EQ(Field(pair.black.Next("end"), "result"), "0-1");
  EXPECT_THAT(seen(stranger, R"("history")"), HasSubstr(R"("games":[])"));
  EXPECT_THAT(seen(pair.black, R"("history","mine":true)"),
              HasSubstr(pair.game));
  // Nor that of the rematch. Who was given the id finds it.
  EXPECT_EQ(pair.red.Ask("offer", pair.game, R"(,"offer":"rematch")"), "ok");
  pair.black.Next("offer");
  EXPECT_EQ(pair.black.Ask("offer", pair.game, R"(,"offer":"rematch")"), "ok");
  const std::string next = Field(pair.red.Next("rematch"), "next");
  EXPECT_THAT(seen(stranger, R"("games")"), HasSubstr(R"("games":[])"));
  stranger.Join(next);
  EXPECT_EQ(Field(stranger.Next("game"), "game"), next);
}

TEST(ServerLobbyTest, TheLobbyShowsSeeksAndTheirEnd) {
  Server server({.news_every = absl::Milliseconds(1)});
  TestPlayer looker(server.port());
  TestPlayer seeker(server.port());
  looker.Hello("Li");
  seeker.Hello("Zhang");
  looker.Say(R"({"t":"lobby"})");
  EXPECT_THAT(looker.Next("lobby"), HasSubstr(R"("seeks":[])"));
  seeker.Say(R"({"t":"seek","control":"20/60/30","color":"black"})");
  const std::string id = Field(seeker.Next("waiting"), "seek");
  EXPECT_THAT(looker.Next("lobby"), HasSubstr(id));
  looker.Say(absl::StrCat(R"({"t":"accept","seek":")", id, "\"}"));
  EXPECT_EQ(Field(looker.Next("paired"), "you"), "red");
  EXPECT_EQ(Field(seeker.Next("paired"), "you"), "black");
  looker.Say(R"({"t":"lobby","id":"x"})");
  looker.Say(R"({"t":"lobby","on":false})");
  looker.Next("ok");
  EXPECT_THAT(looker.skipped().back(), HasSubstr(R"("seeks":[])"));
  looker.Say(absl::StrCat(R"({"t":"accept","seek":")", id, "\"}"));
  EXPECT_EQ(Field(looker.Next("error"), "code"), "no_seek");
}

TEST(ServerLobbyTest, WhoIsGoneSeeksNothing) {
  Server server({.news_every = absl::Milliseconds(1)});
  TestPlayer looker(server.port());
  looker.Hello("Li");
  looker.Say(R"({"t":"lobby"})");
  looker.Next("lobby");
  {
    TestPlayer seeker(server.port());
    seeker.Hello("Zhang");
    seeker.Say(R"({"t":"seek","control":"5+3"})");
    seeker.Next("waiting");
    EXPECT_THAT(looker.Next("lobby"), HasSubstr("Zhang"));
  }
  EXPECT_THAT(looker.Next("lobby"), HasSubstr(R"("seeks":[])"));
}

// As when a phone's user sends the code to a friend.
TEST(ServerLobbyTest, ARoomOutlivesTheConnectionOfItsOwner) {
  Server server;
  constexpr std::string_view kRoom =
      R"({"t":"room","control":"5+3","color":"red","id":"5"})";
  TestPlayer host(server.port());
  host.Hello("Zhang");
  host.Say(kRoom);
  const std::string code = Field(host.Next("waiting"), "code");
  host.Disconnect();
  host.Reconnect(server.port());
  host.Say(kRoom);
  EXPECT_EQ(Field(host.Next("waiting"), "code"), code);
  host.Disconnect();
  EXPECT_TRUE(kingpin::testing::Eventually(
      [&] { return server.Stat("sessions") == "0"; }));
  TestPlayer guest(server.port());
  guest.Hello("Li");
  // As it was dictated.
  guest.Say(absl::StrCat(R"({"t":"enter","id":"6","code":")",
                         absl::AsciiStrToUpper(code), "\"}"));
  EXPECT_EQ(Field(guest.Next("waiting"), "id"), "6");
  host.Reconnect(server.port());
  host.Say(kRoom);
  const std::string paired = host.Next("paired");
  EXPECT_EQ(Field(paired, "you"), "red");
  EXPECT_EQ(Field(guest.Next("paired"), "game"), Field(paired, "game"));
}

TEST(ServerLobbyTest, AFriendIsToldWhenTheOwnerStaysAway) {
  Server server({.keep_room = absl::Milliseconds(300)});
  TestPlayer host(server.port());
  host.Hello("Zhang");
  host.Say(R"({"t":"room","control":"5+3"})");
  const std::string code = Field(host.Next("waiting"), "code");
  TestPlayer guest(server.port());
  guest.Hello("Li");
  host.Disconnect();
  EXPECT_TRUE(kingpin::testing::Eventually(
      [&] { return server.Stat("sessions") == "1"; }));
  guest.Say(absl::StrCat(R"({"t":"enter","code":")", code, "\"}"));
  // A machine that is too slow for that has closed the room already.
  const std::string answer = guest.Next();
  const std::string error =
      Field(answer, "t") == "waiting" ? guest.Next() : answer;
  EXPECT_EQ(Field(error, "re"), "enter");
  EXPECT_EQ(Field(error, "code"), "no_room");
}

// Two tabs of one browser are one player.
TEST(ServerLobbyTest, WhoOpensTheSameRoomElsewhereIsToldWhereItWas) {
  Server server;
  constexpr std::string_view kRoom = R"({"t":"room","control":"5+3"})";
  TestPlayer first(server.port());
  TestPlayer second(server.port());
  first.Hello("Zhang");
  second.Hello("Zhang", first.token());
  first.Say(kRoom);
  const std::string code = Field(first.Next("waiting"), "code");
  second.Say(kRoom);
  EXPECT_EQ(Field(second.Next("waiting"), "code"), code);
  const std::string error = first.Next();
  EXPECT_EQ(Field(error, "re"), "room");
  EXPECT_EQ(Field(error, "code"), "elsewhere");
}

// Who asked has to know that it was not done.
TEST(ServerLobbyTest, WhatFindsAMailboxFullIsAnswered) {
  Server server;
  constexpr int kLobby = GameServerShared::kLobbyThread;
  absl::Notification stuck;
  absl::Notification go_on;
  EXPECT_TRUE(server.shared().Tell(kLobby, [&](GameThread&) {
    stuck.Notify();
    go_on.WaitForNotification();
  }));
  stuck.WaitForNotification();
  // On the other thread, then.
  TestPlayer player(server.port());
  player.Say(R"({"t":"hello"})");
  player.Say(R"({"t":"ping"})");
  player.Next("pong");
  while (server.shared().Tell(kLobby, [](GameThread&) {})) continue;
  player.Say(R"({"t":"pool","control":"5+3","id":"7"})");
  std::string error = player.Next("error");
  EXPECT_EQ(Field(error, "code"), "busy");
  EXPECT_EQ(Field(error, "re"), "pool");
  EXPECT_EQ(Field(error, "id"), "7");
  std::string game = "g";
  while (server.shared().Owner(game) != kLobby) game += "g";
  player.Join(game, R"(,"id":"8")");
  error = player.Next("error");
  EXPECT_EQ(Field(error, "code"), "busy");
  EXPECT_EQ(Field(error, "re"), "join");
  EXPECT_EQ(Field(error, "id"), "8");
  // A hello that was not passed on can be said again.
  TestPlayer other(server.port());
  other.Say(R"({"t":"hello"})");
  EXPECT_EQ(Field(other.Next("error"), "code"), "busy");
  go_on.Notify();
  EXPECT_TRUE(kingpin::testing::Eventually([&] {
    other.Say(R"({"t":"hello"})");
    return Field(other.Next(), "t") == "welcome";
  }));
}

TEST(ServerLobbyTest, APlayerPlaysSoManyGamesAtOnce) {
  Server server({.credits = 100'000, .max_games = 3});
  TestPlayer player(server.port());
  player.Hello("Zhang");
  // In one packet, so that none has begun when the last is asked for.
  std::string asked;
  for (int i = 0; i < 5; ++i) {
    absl::StrAppend(&asked, i == 0 ? "" : "\n",
                    R"({"t":"bot","control":"180+180","color":"red"})");
  }
  player.Say(asked);
  player.Say(R"({"t":"seek","control":"5+3","id":"last"})");
  std::vector<std::string> games;
  std::vector<std::string> errors;
  while (games.size() + errors.size() < 6) {
    const std::string message = player.Next();
    ASSERT_FALSE(message.empty());
    if (Field(message, "t") == "paired") {
      games.push_back(Field(message, "game"));
    } else {
      errors.push_back(message);
    }
  }
  EXPECT_EQ(games.size(), 3u);
  ASSERT_EQ(errors.size(), 3u);
  for (const std::string& error : errors) {
    EXPECT_EQ(Field(error, "code"), "too_many_games");
  }
  EXPECT_EQ(Field(errors.back(), "id"), "last");
  EXPECT_EQ(player.Ask("abort", games[0]), "ok");
  EXPECT_TRUE(kingpin::testing::Eventually([&] {
    player.Say(R"({"t":"room","control":"5+3"})");
    return Field(player.Next(), "t") == "waiting";
  }));
}

}  // namespace
}  // namespace chinese_chess
