// The whole server in this process, played on over real sockets by the line protocol.

#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "apps/chinese_chess/rules/game.h"
#include "apps/chinese_chess/rules/move.h"
#include "apps/chinese_chess/rules/movegen.h"
#include "apps/chinese_chess/rules/outcome.h"
#include "apps/chinese_chess/server/game_server_shared.h"
#include "apps/chinese_chess/server/game_store.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/sys/clock.h"
#include "tests/apps/chinese_chess/server/test_player.h"
#include "tests/apps/chinese_chess/server/test_server.h"
#include "tests/testing/process.h"

namespace chinese_chess {
namespace {

using testing::HasSubstr;
using testing::Not;

using Server = TestServer;

// By the pool, joined: a game that everybody may see.
PairOfPlayers PairInPool(uint16_t port) {
  TestPlayer a(port);
  TestPlayer b(port);
  a.Hello("Zhang");
  b.Hello("Li");
  a.Say(R"({"t":"pool","control":"5+3","id":"7"})");
  EXPECT_EQ(Field(a.Next("waiting"), "id"), "7");
  b.Say(R"({"t":"pool","control":"5+3"})");
  const std::string paired = a.Next("paired");
  const std::string game = Field(paired, "game");
  EXPECT_EQ(Field(b.Next("paired"), "game"), game);
  PairOfPlayers pair = Field(paired, "you") == "red"
                           ? PairOfPlayers{game, std::move(a), std::move(b)}
                           : PairOfPlayers{game, std::move(b), std::move(a)};
  pair.red.Join(game);
  pair.black.Join(game);
  EXPECT_EQ(Field(pair.red.Next("game"), "turn"), "red");
  EXPECT_EQ(Field(pair.black.Next("game"), "you"), "black");
  return pair;
}

TEST(ServerTest, AGameFromThePoolToMate) {
  Server server;
  PairOfPlayers pair = PairInPool(server.port());
  Play(pair, 0, "h2e2 a9a8 e2e6 a8a9 b2b4 a9a8 b4e4");
  for (TestPlayer* player : {&pair.red, &pair.black}) {
    const std::string end = player->Next("end");
    EXPECT_EQ(Field(end, "result"), "1-0");
    EXPECT_EQ(Field(end, "reason"), "checkmate");
  }
  // Who hears of the end finds it in the archive.
  pair.black.Say(
      absl::StrCat(R"({"t":"record","game":")", pair.game, R"(","id":"r"})"));
  const std::string record = pair.black.Next("record");
  EXPECT_EQ(Field(record, "reason"), "checkmate");
  EXPECT_THAT(record, HasSubstr(R"({"move":"b4e4")"));
  pair.red.Say(R"({"t":"history","mine":true})");
  EXPECT_THAT(pair.red.Next("history"), HasSubstr(pair.game));
}

TEST(ServerTest, WhatIsNoMoveIsRefusedAndHarmsNobody) {
  Server server;
  PairOfPlayers pair = Pair(server.port());
  TestPlayer stranger(server.port());
  stranger.Hello();
  pair.black.Move(pair.game, 0, "h9g7", "x");
  std::string error = pair.black.Next("error");
  EXPECT_EQ(Field(error, "code"), "not_your_turn");
  EXPECT_EQ(Field(error, "id"), "x");
  EXPECT_EQ(pair.red.Ask("move", pair.game, R"(,"ply":0,"move":"h2h9")"), "ok");
  EXPECT_EQ(pair.black.Ask("move", pair.game, R"(,"ply":1,"move":"a9a0")"),
            "illegal_move");
  EXPECT_EQ(pair.black.Ask("move", pair.game, R"(,"ply":3,"move":"i9h9")"),
            "wrong_ply");
  EXPECT_EQ(stranger.Ask("move", pair.game, R"(,"ply":1,"move":"i9h9")"),
            "not_player");
  EXPECT_EQ(stranger.Ask("resign", pair.game), "not_player");
  EXPECT_EQ(stranger.Ask("move", "nothing", R"(,"ply":1,"move":"i9h9")"),
            "no_game");
  EXPECT_EQ(pair.black.Ask("move", pair.game, R"(,"ply":1,"move":"i9h9")"),
            "ok");
  EXPECT_EQ(Field(pair.red.Next("move"), "move"), "h2h9");
  EXPECT_EQ(Field(pair.red.Next("move"), "move"), "i9h9");
}

TEST(ServerTest, AMessageThatComesTwiceDoesNothingTwice) {
  Server server;
  PairOfPlayers pair = Pair(server.port());
  for (int i = 0; i < 3; ++i) pair.red.Move(pair.game, 0, "h2e2", "m");
  for (int i = 0; i < 3; ++i) {
    const std::string ok = pair.red.Next("ok");
    EXPECT_EQ(Field(ok, "id"), "m");
    EXPECT_EQ(Field(ok, "repeated"), i == 0 ? "" : "true");
  }
  EXPECT_EQ(Field(pair.black.Next("move"), "move"), "h2e2");
  Play(pair, 1, "h9g7 h0g2");
  EXPECT_EQ(pair.red.Ask("move", pair.game, R"(,"ply":0,"move":"h2e2")"),
            "wrong_ply");
  EXPECT_EQ(server.Stat("moves"), "3");
  EXPECT_EQ(server.Stat("moves_repeated"), "2");
}

TEST(ServerTest, AMoveIsNotMadeInAnotherPositionThanItWasMeantFor) {
  Server server;
  PairOfPlayers pair = Pair(server.port());
  const auto move = [&](TestPlayer& player, std::string_view rest) {
    return player.Ask("move", pair.game, rest);
  };
  EXPECT_EQ(move(pair.red, R"(,"ply":0,"move":"h2e2","after":"h9g7")"),
            "wrong_ply");
  Play(pair, 0, "h2e2");
  EXPECT_EQ(move(pair.black, R"(,"ply":1,"move":"h9g7","after":"b2e2")"),
            "wrong_ply");
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(move(pair.black, R"(,"ply":1,"move":"h9g7","after":"h2e2")"),
              "ok");
  }
  EXPECT_EQ(move(pair.red, R"(,"ply":9,"move":"h0g2","after":"h9g7")"),
            "wrong_ply");
}

TEST(ServerTest, AForgedTokenIsRefused) {
  Server server;
  TestPlayer honest(server.port());
  honest.Hello("Zhang");
  std::string forged = honest.token();
  forged.back() = forged.back() == '0' ? '1' : '0';
  TestPlayer forger(server.port());
  forger.Say(absl::StrCat(R"({"t":"hello","token":")", forged, "\"}"));
  EXPECT_EQ(Field(forger.Next("error"), "code"), "bad_token");
  forger.Hello();
  EXPECT_NE(forger.id(), honest.id());
  TestPlayer again(server.port());
  again.Hello("Zhang", honest.token());
  EXPECT_EQ(again.id(), honest.id());
}

TEST(ServerTest, HelloComesFirstAndOnce) {
  Server server;
  TestPlayer player(server.port());
  player.Say(R"({"t":"pool","control":"5+3"})");
  EXPECT_EQ(Field(player.Next("error"), "code"), "hello_first");
  player.Say(R"({"t":"hello","name":" x"})");
  EXPECT_EQ(Field(player.Next("error"), "code"), "bad_name");
  player.Hello("Zhang");
  player.Say(R"({"t":"hello"})");
  EXPECT_EQ(Field(player.Next("error"), "code"), "already");
}

TEST(ServerTest, NonsenseIsAnsweredAndForgiven) {
  Server server;
  TestPlayer player(server.port());
  for (const std::string_view nonsense :
       {"", "get / http", "{", "[]", R"({"t":"dance"})", "\xff\xfe",
        R"({"t":"move","game":"g","ply":"1","move":"h2e2"})"}) {
    player.Say(nonsense);
    EXPECT_EQ(Field(player.Next("error"), "code"), "bad_message");
  }
  player.Hello();
  EXPECT_EQ(player.token().size(), 64u);
}

TEST(ServerTest, AnOversizedLineEndsItsConnectionOnly) {
  Server server;
  PairOfPlayers pair = Pair(server.port());
  TestPlayer shouter(server.port());
  shouter.Hello();
  shouter.Say(std::string(5000, 'x'));
  const std::string error = shouter.Next("error");
  EXPECT_EQ(Field(error, "code"), "bad_message");
  EXPECT_THAT(error, HasSubstr("2048"));
  EXPECT_TRUE(shouter.WaitForEnd());
  TestPlayer endless(server.port());
  endless.Say(std::string(200'000, 'x'));
  EXPECT_EQ(Field(endless.Next("error"), "code"), "bad_message");
  EXPECT_TRUE(endless.WaitForEnd());
  Play(pair, 0, "h2e2 h9g7");
}

TEST(ServerTest, WhoSendsTooMuchIsClosed) {
  Server server({.credits = 20});
  TestPlayer player(server.port());
  player.Hello();
  for (int i = 0; i < 30; ++i) player.Say(R"({"t":"cancel"})");
  EXPECT_EQ(Field(player.Next("error"), "code"), "too_fast");
  EXPECT_TRUE(player.WaitForEnd());
  EXPECT_EQ(server.Stat("rate_limited"), "1");
}

TEST(ServerTest, WhoComesBackGetsWhatTheyMissed) {
  Server server;
  PairOfPlayers pair = Pair(server.port());
  Play(pair, 0, "h2e2 h9g7");
  const uint64_t seen = pair.red.version();
  const std::string red_id = pair.red.id();
  pair.red.Disconnect();
  const std::string away = pair.black.Next("presence");
  EXPECT_EQ(Field(away, "online"), "false");
  EXPECT_EQ(Field(away, "grace_ms"), "30000");
  EXPECT_EQ(pair.black.Ask("chat", pair.game, R"(,"text":"are you there?")"),
            "ok");
  pair.red.Reconnect(server.port());
  EXPECT_EQ(pair.red.id(), red_id);
  EXPECT_THAT(pair.red.welcome(), HasSubstr(pair.game));
  pair.red.Join(pair.game, absl::StrCat(",\"v\":", seen));
  EXPECT_EQ(Field(pair.red.Next(), "t"), "presence");
  const std::string chat = pair.red.Next();
  EXPECT_EQ(Field(chat, "text"), "are you there?");
  EXPECT_EQ(Field(chat, "v"), absl::StrCat(seen + 2));
  EXPECT_EQ(Field(pair.red.Next(), "re"), "join");
  EXPECT_EQ(Field(pair.red.Next(), "online"), "true");
  EXPECT_EQ(Field(pair.black.Next("presence"), "online"), "true");
  Play(pair, 2, "h0g2 i9h9");
  EXPECT_EQ(server.Stat("resumed"), "1");
}

// The clock of a move that was missed is not that of now.
TEST(ServerTest, WhoComesBackIsToldHowMuchTimeIsLeft) {
  kingpin::Clock clock = kingpin::Clock::Manual();
  Server server({}, /*threads=*/1, ":memory:", &clock);
  PairOfPlayers pair = Pair(server.port(), "5+3");
  Play(pair, 0, "h2e2 h9g7");
  const uint64_t seen = pair.black.version();
  pair.black.Disconnect();
  pair.red.Next("presence");
  pair.red.Move(pair.game, 2, "h0g2");
  pair.red.Next("move");
  clock.Advance(absl::Seconds(30));
  pair.black.Reconnect(server.port());
  pair.black.Join(pair.game, absl::StrCat(R"(,"id":"9","v":)", seen));
  EXPECT_EQ(Field(pair.black.Next("move"), "black_ms"), "303000");
  const std::string resumed = pair.black.Next("ok");
  EXPECT_EQ(Field(resumed, "id"), "9");
  EXPECT_EQ(Field(resumed, "game"), pair.game);
  EXPECT_EQ(Field(resumed, "red_ms"), "306000");
  EXPECT_EQ(Field(resumed, "black_ms"), "273000");
  EXPECT_EQ(Field(resumed, "turn_ms"), "30000");
  EXPECT_EQ(Field(resumed, "clock"), "true");
  // Nothing happened since, but time has passed.
  clock.Advance(absl::Seconds(5));
  pair.black.Join(pair.game, absl::StrCat(",\"v\":", pair.black.version()));
  EXPECT_EQ(Field(pair.black.Next("ok"), "black_ms"), "268000");
}

TEST(ServerTest, WhoAnswersPingsLateGainsLittle) {
  kingpin::Clock clock = kingpin::Clock::Manual();
  Server server({}, /*threads=*/1, ":memory:", &clock);
  TestPlayer cheat(server.port());
  cheat.set_answers_pings(false);
  cheat.Hello("Zhang");
  cheat.Say(R"({"t":"ping","n":1})");
  cheat.Next("pong");
  ASSERT_FALSE(cheat.last_ping().empty());
  clock.Advance(absl::Seconds(2));
  cheat.Say(absl::StrCat(R"({"t":"pong","n":)", cheat.last_ping(), "}"));
  cheat.Say(R"({"t":"bot","control":"10+5","color":"red"})");
  const std::string game = Field(cheat.Next("paired"), "game");
  cheat.Join(game);
  cheat.Next("game");
  clock.Advance(absl::Seconds(9));
  cheat.Move(game, 0, "h2e2");
  int charged_ms = 0;
  ASSERT_TRUE(
      absl::SimpleAtoi(Field(cheat.Next("move"), "charged_ms"), &charged_ms));
  EXPECT_GT(charged_ms, 8500);  // Not 7000.
  EXPECT_LT(charged_ms, 9000);
}

TEST(ServerTest, WhoWasAwayTooLongGetsTheWholeGame) {
  Server server({.history = 4});
  PairOfPlayers pair = Pair(server.port());
  const uint64_t seen = pair.red.version();
  pair.black.Move(pair.game, 1, "h9g7");  // Too early; harms nobody.
  Play(pair, 0, "h2e2 h9g7 h0g2 i9h9 i0h0");
  for (const std::string& v :
       {absl::StrCat(seen), std::string("999999999"), std::string("0")}) {
    pair.red.Reconnect(server.port());
    pair.red.Join(pair.game, absl::StrCat(",\"v\":", v));
    const std::string game = pair.red.Next("game");
    EXPECT_THAT(game, HasSubstr(R"({"move":"i0h0")"));
    EXPECT_EQ(Field(game, "turn"), "black");
  }
  EXPECT_EQ(server.Stat("resynced"), "3");
}

TEST(ServerTest, SpectatorsSeeTheGameAndNotTheTable) {
  Server server({.news_every = absl::Milliseconds(1)});
  PairOfPlayers pair = Pair(server.port());
  TestPlayer watcher(server.port());
  watcher.Hello("Wang");
  watcher.Join(pair.game);
  const std::string game = watcher.Next("game");
  EXPECT_EQ(Field(game, "you"), "");
  const std::string viewers = pair.red.Next("viewers");
  EXPECT_EQ(Field(viewers, "viewers"), "1");
  EXPECT_THAT(viewers, HasSubstr(R"("names":["Wang"])"));
  EXPECT_EQ(watcher.Ask("chat", pair.game, R"(,"text":"ssh")"), "ok");
  EXPECT_EQ(pair.red.Ask("chat", pair.game, R"(,"text":"good luck")"), "ok");
  Play(pair, 0, "h2e2 h9g7");
  EXPECT_EQ(pair.red.Ask("offer", pair.game, R"(,"offer":"draw")"), "ok");
  EXPECT_EQ(pair.red.Ask("resign", pair.game), "ok");
  // What is not for them keeps its number.
  uint64_t version = 0;
  ASSERT_TRUE(absl::SimpleAtoi(Field(game, "v"), &version));
  for (const char* type : {"chat", "skip", "move", "move", "skip", "end"}) {
    std::string event = watcher.Next();
    while (Field(event, "v").empty()) event = watcher.Next();
    EXPECT_EQ(Field(event, "t"), type);
    EXPECT_EQ(Field(event, "v"), absl::StrCat(++version));
  }
  for (const std::string& message : pair.red.skipped()) {
    EXPECT_THAT(message, Not(HasSubstr("ssh")));
  }
}

TEST(ServerTest, NobodySilencesTheOthers) {
  Server server;
  PairOfPlayers pair = Pair(server.port());
  TestPlayer loud(server.port());
  TestPlayer quiet(server.port());
  loud.Hello("Wang");
  quiet.Hello("Zhao");
  const auto say = [&](TestPlayer& player) {
    return player.Ask("chat", pair.game, R"(,"text":"me!")");
  };
  EXPECT_EQ(say(loud), "no_game");
  loud.Join(pair.game);
  quiet.Join(pair.game);
  int said = 0;
  for (int i = 0; i < 30; ++i) said += say(loud) == "ok";
  EXPECT_GE(said, 5);
  EXPECT_LE(said, 15);  // Some seconds may have passed.
  EXPECT_EQ(say(quiet), "ok");
}

TEST(ServerTest, WhoWantsNoChatGetsNone) {
  Server server;
  PairOfPlayers pair = Pair(server.port());
  pair.red.Join(pair.game,
                absl::StrCat(R"(,"mute":true,"v":)", pair.red.version()));
  EXPECT_EQ(Field(pair.red.Next("ok"), "re"), "join");
  EXPECT_EQ(pair.black.Ask("chat", pair.game, R"(,"text":"rude")"), "ok");
  EXPECT_EQ(Field(pair.red.Next(), "t"), "skip");
  Play(pair, 0, "h2e2");
  for (const std::string& message : pair.red.skipped()) {
    EXPECT_THAT(message, Not(HasSubstr("rude")));
  }
  // What was said is there for who wants it after all.
  pair.red.Join(pair.game);
  EXPECT_THAT(pair.red.Next("game"), HasSubstr("rude"));
  EXPECT_EQ(pair.black.Ask("chat", pair.game, R"(,"text":"sorry")"), "ok");
  EXPECT_EQ(Field(pair.red.Next("chat"), "text"), "sorry");
}

TEST(ServerTest, WhatSpectatorsSeeCanBeOlder) {
  Server server({.spectator_delay = absl::Hours(1)});
  PairOfPlayers pair = Pair(server.port());
  TestPlayer watcher(server.port());
  watcher.Hello("Wang");
  Play(pair, 0, "h2e2 h9g7");
  watcher.Join(pair.game);
  EXPECT_THAT(watcher.Next("game"),
              testing::AllOf(HasSubstr(R"("moves":[])"),
                             HasSubstr(R"("delay_ms":3600000)")));
  const uint64_t seen = watcher.version();
  Play(pair, 2, "h0g2");
  watcher.Say(R"({"t":"ping","n":1})");
  watcher.Next("pong");
  EXPECT_EQ(watcher.version(), seen);
  // There is nothing to hide any more.
  EXPECT_EQ(pair.black.Ask("resign", pair.game), "ok");
  for (const char* move : {"h2e2", "h9g7", "h0g2"}) {
    EXPECT_EQ(Field(watcher.Next("move"), "move"), move);
  }
  EXPECT_EQ(Field(watcher.Next("end"), "result"), "1-0");
  watcher.Join(pair.game, absl::StrCat(",\"v\":", watcher.version()));
  EXPECT_EQ(Field(watcher.Next("ok"), "re"), "join");
  watcher.Join(pair.game);
  EXPECT_THAT(watcher.Next("game"), Not(HasSubstr("delay_ms")));
}

TEST(ServerTest, WhatSpectatorsSeeComesInTime) {
  Server server({.spectator_delay = absl::Milliseconds(200)});
  PairOfPlayers pair = Pair(server.port());
  TestPlayer watcher(server.port());
  watcher.Hello("Wang");
  watcher.Join(pair.game);
  watcher.Next("game");
  Play(pair, 0, "h2e2 h9g7");
  EXPECT_EQ(Field(watcher.Next("move"), "move"), "h2e2");
  EXPECT_EQ(Field(watcher.Next("move"), "move"), "h9g7");
}

TEST(ServerTest, GamesAreListed) {
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

TEST(ServerTest, AGameOfAPrivateRoomIsListedNowhere) {
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

TEST(ServerTest, TheLobbyShowsSeeksAndTheirEnd) {
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

TEST(ServerTest, WhoIsGoneSeeksNothing) {
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
TEST(ServerTest, ARoomOutlivesTheConnectionOfItsOwner) {
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
  guest.Say(absl::StrCat(R"({"t":"enter","id":"6","code":")", code, "\"}"));
  EXPECT_EQ(Field(guest.Next("waiting"), "id"), "6");
  host.Reconnect(server.port());
  host.Say(kRoom);
  const std::string paired = host.Next("paired");
  EXPECT_EQ(Field(paired, "you"), "red");
  EXPECT_EQ(Field(guest.Next("paired"), "game"), Field(paired, "game"));
}

// Who asked has to know that it was not done.
TEST(ServerTest, WhatFindsAMailboxFullIsAnswered) {
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

TEST(ServerTest, DrawsAreAgreedUpon) {
  Server server;
  PairOfPlayers pair = Pair(server.port());
  Play(pair, 0, "h2e2 h9g7");
  EXPECT_EQ(pair.red.Ask("offer", pair.game, R"(,"offer":"draw")"), "ok");
  EXPECT_EQ(Field(pair.black.Next("offer"), "by"), "red");
  EXPECT_EQ(pair.black.Ask("decline", pair.game, R"(,"offer":"draw")"), "ok");
  EXPECT_EQ(Field(pair.red.Next("decline"), "by"), "black");
  EXPECT_EQ(pair.red.Ask("offer", pair.game, R"(,"offer":"draw")"),
            "too_early");
  EXPECT_EQ(pair.black.Ask("offer", pair.game, R"(,"offer":"draw")"), "ok");
  EXPECT_EQ(pair.red.Ask("offer", pair.game, R"(,"offer":"draw")"), "ok");
  EXPECT_EQ(Field(pair.black.Next("end"), "reason"), "agreement");
}

TEST(ServerTest, TakebackAndRematchInACasualGame) {
  Server server;
  PairOfPlayers pair = Pair(server.port(), "5+3", /*casual=*/true);
  Play(pair, 0, "h2e2 h9g7");
  EXPECT_EQ(pair.black.Ask("offer", pair.game, R"(,"offer":"takeback")"), "ok");
  EXPECT_EQ(pair.red.Ask("offer", pair.game, R"(,"offer":"takeback")"), "ok");
  EXPECT_EQ(Field(pair.black.Next("takeback"), "ply"), "1");
  EXPECT_EQ(Field(pair.red.Next("takeback"), "ply"), "1");
  Play(pair, 1, "b9c7");
  EXPECT_EQ(pair.red.Ask("resign", pair.game), "ok");
  EXPECT_EQ(Field(pair.black.Next("end"), "result"), "0-1");
  EXPECT_EQ(pair.black.Ask("offer", pair.game, R"(,"offer":"rematch")"), "ok");
  EXPECT_EQ(pair.red.Ask("offer", pair.game, R"(,"offer":"rematch")"), "ok");
  const std::string next = Field(pair.red.Next("rematch"), "next");
  EXPECT_EQ(Field(pair.black.Next("rematch"), "next"), next);
  pair.red.Join(next);
  EXPECT_EQ(Field(pair.red.Next("game"), "you"), "black");
  pair.black.Join(next);
  EXPECT_EQ(Field(pair.black.Next("game"), "you"), "red");
}

TEST(ServerTest, TheFlagFallsWithoutAMessage) {
  Server server;
  PairOfPlayers pair = Pair(server.port(), "0.017+0");
  Play(pair, 0, "h2e2 h9g7");
  const std::string end = pair.black.Next("end");
  EXPECT_EQ(Field(end, "result"), "0-1");
  EXPECT_EQ(Field(end, "reason"), "timeout");
  EXPECT_EQ(Field(end, "red_ms"), "0");
}

TEST(ServerTest, WhoIsGoneForLongIsClaimedAgainst) {
  Server server({.game = {.least_grace = absl::Milliseconds(50),
                          .most_grace = absl::Milliseconds(50)}});
  PairOfPlayers pair = Pair(server.port());
  Play(pair, 0, "h2e2 h9g7");
  EXPECT_EQ(pair.red.Ask("claim", pair.game), "opponent_here");
  pair.black.Disconnect();
  EXPECT_EQ(Field(pair.red.Next("presence"), "online"), "false");
  std::string answer;
  EXPECT_TRUE(kingpin::testing::Eventually([&] {
    answer = pair.red.Ask("claim", pair.game);
    return answer != "too_early";
  }));
  EXPECT_EQ(answer, "ok");
  const std::string end = pair.red.Next("end");
  EXPECT_EQ(Field(end, "result"), "1-0");
  EXPECT_EQ(Field(end, "reason"), "abandonment");
}

TEST(ServerTest, WhoDoesNotAnswerPingsIsClosed) {
  Server server({.ping_every = absl::Milliseconds(20),
                 .silent = absl::Milliseconds(200)});
  TestPlayer silent(server.port());
  silent.set_answers_pings(false);
  silent.Hello();
  EXPECT_EQ(Field(silent.Next("error"), "code"), "silent");
  EXPECT_TRUE(silent.WaitForEnd());
  // Nor may one stay who never says who they are.
  TestPlayer nobody(server.port());
  nobody.Say(R"({"t":"ping"})");
  EXPECT_EQ(Field(nobody.Next("error"), "code"), "silent");
  EXPECT_EQ(server.Stat("silent"), "2");
}

TEST(ServerTest, PingsAndStatsNeedNoHello) {
  Server server;
  TestPlayer player(server.port());
  player.Say(R"({"t":"ping","n":5})");
  EXPECT_EQ(Field(player.Next("pong"), "n"), "5");
  player.Say(R"({"t":"stats"})");
  const std::string stats = player.Next("stats");
  EXPECT_EQ(Field(stats, "sessions"), "1");
  EXPECT_THAT(stats, HasSubstr("loop_p99_us"));
}

TEST(ServerTest, OneConnectionFollowsSoManyGames) {
  Server server({.max_followed = 1});
  PairOfPlayers one = Pair(server.port());
  PairOfPlayers two = Pair(server.port());
  one.red.Join(two.game);
  EXPECT_EQ(Field(one.red.Next("error"), "code"), "too_many");
  EXPECT_EQ(one.red.Ask("leave", one.game), "ok");
  EXPECT_EQ(Field(one.black.Next("presence"), "online"), "false");
  one.red.Join(two.game);
  EXPECT_EQ(Field(one.red.Next("game"), "game"), two.game);
}

TEST(ServerTest, AGameThatIsNotThereIsNotFollowed) {
  Server server({.max_followed = 2});
  PairOfPlayers pair = Pair(server.port());
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(pair.red.Ask("join", absl::StrCat("nothing", i)), "no_game");
  }
  PairOfPlayers other = Pair(server.port());
  pair.red.Join(other.game);
  EXPECT_EQ(Field(pair.red.Next("game"), "game"), other.game);
}

// One who is on that thread of two.
TestPlayer PlayerOn(int thread, Server& server) {
  const auto& slot = *server.shared().slots()[static_cast<size_t>(thread)];
  while (true) {
    const auto before = slot.load();
    TestPlayer player(server.port());
    player.Hello();
    if (slot.load() > before) return player;
  }
}

TEST(ServerTest, WhoMissesAnEventIsSentTheGame) {
  Server server;
  TestPlayer red = PlayerOn(0, server);
  TestPlayer black = PlayerOn(1, server);
  std::string game;
  do {
    if (!game.empty()) {
      EXPECT_EQ(red.Ask("abort", game), "ok");
    }
    red.Say(R"({"t":"room","control":"5+3","color":"red"})");
    const std::string code = Field(red.Next("waiting"), "code");
    black.Say(absl::StrCat(R"({"t":"enter","code":")", code, "\"}"));
    game = Field(red.Next("paired"), "game");
    EXPECT_EQ(Field(black.Next("paired"), "game"), game);
  } while (server.shared().Owner(game) != 0);
  black.Join(game);
  black.Next("game");
  red.Join(game);
  red.Next("game");
  black.Next("presence");
  // Black's thread is busy, and its mailbox is full.
  absl::Notification busy;
  absl::Notification go_on;
  ASSERT_TRUE(server.shared().Tell(1, [&](GameThread&) {
    busy.Notify();
    go_on.WaitForNotification();
  }));
  busy.WaitForNotification();
  while (server.shared().Tell(1, [](GameThread&) {})) {
  }
  red.Move(game, 0, "h2e2");
  EXPECT_EQ(Field(red.Next("move"), "ply"), "0");
  go_on.Notify();
  EXPECT_THAT(black.Next("game"), HasSubstr(R"({"move":"h2e2")"));
  EXPECT_EQ(black.version(), red.version());
}

// The game with the computer as Red, joined.
std::string PlayBot(TestPlayer& player, std::string_view control, int level) {
  player.Say(absl::StrCat(R"({"t":"bot","control":")", control,
                          R"(","color":"black","level":)", level, "}"));
  const std::string game = Field(player.Next("paired"), "game");
  player.Join(game);
  EXPECT_EQ(Field(player.Next("game"), "you"), "black");
  return game;
}

TEST(ServerTest, TheComputerIsHereWhoeverLeaves) {
  Server server({.game = {.least_grace = absl::Milliseconds(1),
                          .most_grace = absl::Milliseconds(1)}});
  TestPlayer player(server.port());
  player.Hello("Zhang");
  const std::string game = PlayBot(player, "5+3", 1);
  TestPlayer watcher(server.port());
  watcher.Hello("Wang");
  watcher.Join(game);
  watcher.Next("game");
  EXPECT_EQ(watcher.Ask("leave", game), "ok");
  player.Reconnect(server.port());
  player.Join(game);
  EXPECT_THAT(player.Next("game"),
              testing::ContainsRegex(R"("red":\{[^}]*"online":true)"));
  EXPECT_EQ(player.Ask("claim", game), "opponent_here");
}

TEST(ServerTest, APlayerPlaysSoManyGamesAtOnce) {
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
    EXPECT_EQ(Field(error, "code"), "too_many");
  }
  EXPECT_EQ(Field(errors.back(), "id"), "last");
  EXPECT_EQ(player.Ask("abort", games[0]), "ok");
  EXPECT_TRUE(kingpin::testing::Eventually([&] {
    player.Say(R"({"t":"room","control":"5+3"})");
    return Field(player.Next(), "t") == "waiting";
  }));
}

TEST(ServerTest, AGameThatNobodyIsAtEnds) {
  Server server({.deserted = absl::Seconds(1)});
  TestPlayer player(server.port());
  player.Hello("Zhang");
  player.Say(R"({"t":"bot","control":"180+180","color":"red"})");
  const std::string game = Field(player.Next("paired"), "game");
  player.Join(game);
  player.Move(game, 0, "h2e2");
  for (const char* by : {"red", "black"}) {
    EXPECT_EQ(Field(player.Next("move"), "by"), by);
  }
  player.Disconnect();
  EXPECT_TRUE(kingpin::testing::Eventually(
      [&] { return server.Stat("games_over") == "1"; }));
  TestPlayer reader(server.port());
  reader.Hello();
  reader.Say(absl::StrCat(R"({"t":"record","game":")", game, "\"}"));
  const std::string record = reader.Next("record");
  EXPECT_EQ(Field(record, "result"), "0-1");
  EXPECT_EQ(Field(record, "reason"), "abandonment");
}

TEST(ServerTest, TheComputerStopsThinkingWhenTheGameIsOver) {
  Server server;
  TestPlayer player(server.port());
  player.Hello("Zhang");
  const std::string game = PlayBot(player, "90+90", 8);
  EXPECT_EQ(player.Ask("abort", game), "ok");
  EXPECT_EQ(Field(player.Next("end"), "reason"), "aborted");
  EXPECT_EQ(server.Stat("bot_cancelled"), "1");
  EXPECT_EQ(server.Stat("bot_moves"), "0");
}

// A strong one, whose every thought would take longer than it has for the game.
TEST(ServerTest, TheComputerDoesNotLoseOnTimeByThinking) {
  Server server({.credits = 100'000});
  TestPlayer player(server.port());
  player.Hello("Zhang");
  player.Say(R"({"t":"bot","control":"0.05+0","level":8,"color":"red"})");
  const std::string id = Field(player.Next("paired"), "game");
  player.Join(id);
  player.Next("game");
  Game game;
  std::mt19937 random(7);
  for (int moves = 0; moves < 25 && !game.outcome().over(); ++moves) {
    MoveList choice;
    GenerateLegalMoves(game.position(), &choice);
    player.Move(id, game.size(), FormatIccs(choice[random() % choice.size()]));
    for (int side = 0; side < 2 && !game.outcome().over(); ++side) {
      const std::string event = player.Next("move");
      ASSERT_FALSE(event.empty()) << "after " << game.size();
      ASSERT_TRUE(game.Play(*ParseIccs(Field(event, "move"))).ok());
    }
  }
  if (!game.outcome().over()) {
    EXPECT_EQ(player.Ask("resign", id), "ok");
    EXPECT_EQ(Field(player.Next("end"), "reason"), "resignation");
  } else {
    EXPECT_EQ(Field(player.Next("end"), "reason"),
              ReasonText(game.outcome().reason));
  }
}

// A person who plays random moves against the computer, to the end.
TEST(ServerTest, AGameAgainstTheBot) {
  Server server({.credits = 100'000});
  TestPlayer player(server.port());
  player.Hello("Zhang");
  player.Say(R"({"t":"bot","control":"30+30","level":3,"color":"black"})");
  const std::string id = Field(player.Next("paired"), "game");
  player.Join(id);
  const std::string state = player.Next("game");
  EXPECT_THAT(state, HasSubstr("Bot 3 (Casual)"));
  Game game;
  const auto see = [&](std::string_view move) {
    const std::string event = player.Next("move");
    ASSERT_EQ(Field(event, "ply"), absl::StrCat(game.size()));
    if (!move.empty()) {
      ASSERT_EQ(Field(event, "move"), move);
    }
    ASSERT_TRUE(game.Play(*ParseIccs(Field(event, "move"))).ok());
  };
  // Its first move may have come with the state of the game.
  if (Field(state, "turn") == "red") {
    see("");
  } else {
    const size_t at = state.find(R"({"move":)");
    ASSERT_TRUE(game.Play(*ParseIccs(Field(state.substr(at), "move"))).ok());
  }
  std::mt19937 random(3);
  while (!game.outcome().over()) {
    MoveList moves;
    GenerateLegalMoves(game.position(), &moves);
    const std::string move = FormatIccs(moves[random() % moves.size()]);
    player.Move(id, game.size(), move);
    see(move);
    if (!game.outcome().over()) see("");
  }
  EXPECT_EQ(Field(player.Next("end"), "result"),
            ResultText(game.outcome().result));
  EXPECT_EQ(player.Ask("offer", id, R"(,"offer":"rematch")"), "ok");
  const std::string next = Field(player.Next("rematch"), "next");
  player.Join(next);
  EXPECT_EQ(Field(player.Next("game"), "you"), "red");
  player.Move(next, 0, "h2e2");
  EXPECT_EQ(Field(player.Next("move"), "by"), "red");
  EXPECT_EQ(Field(player.Next("move"), "by"), "black");
  EXPECT_EQ(player.Ask("offer", next, R"(,"offer":"takeback")"), "ok");
  EXPECT_EQ(Field(player.Next("takeback"), "ply"), "0");
  player.Move(next, 0, "h0g2");
  EXPECT_EQ(Field(player.Next("move"), "by"), "red");
  EXPECT_EQ(Field(player.Next("move"), "by"), "black");
  EXPECT_EQ(player.Ask("offer", next, R"(,"offer":"draw")"), "ok");
  EXPECT_EQ(Field(player.Next("decline"), "by"), "black");
}

// Two who play random legal moves until the rules end the game, losing their connections
// now and then. What they see is what the rules say.
TEST(ServerTest, ARandomGameWithLostConnections) {
  Server server({.credits = 100'000});
  PairOfPlayers pair = Pair(server.port(), "60+30");
  std::mt19937 random(20261128);
  Game game;
  while (!game.outcome().over()) {
    MoveList captures;
    GenerateLegalCaptures(game.position(), &captures);
    MoveList moves;
    GenerateLegalMoves(game.position(), &moves);
    const MoveList& choice = captures.empty() ? moves : captures;
    const Move move = choice[random() % choice.size()];
    const size_t ply = game.size();
    TestPlayer& mover = ply % 2 == 0 ? pair.red : pair.black;
    TestPlayer& other = ply % 2 == 0 ? pair.black : pair.red;
    const uint64_t seen = other.version();
    const bool lost = random() % 8 == 0;
    if (lost) other.Disconnect();
    mover.Move(pair.game, ply, FormatIccs(move));
    ASSERT_EQ(Field(mover.Next("move"), "ply"), absl::StrCat(ply));
    if (lost) {
      other.Reconnect(server.port());
      other.Join(pair.game, absl::StrCat(",\"v\":", seen));
    }
    const std::string event = other.Next("move");
    ASSERT_EQ(Field(event, "ply"), absl::StrCat(ply));
    ASSERT_EQ(Field(event, "move"), FormatIccs(move));
    ASSERT_TRUE(game.Play(move).ok());
  }
  for (TestPlayer* player : {&pair.red, &pair.black}) {
    const std::string end = player->Next("end");
    EXPECT_EQ(Field(end, "result"), ResultText(game.outcome().result));
    EXPECT_EQ(Field(end, "reason"), ReasonText(game.outcome().reason));
  }
  EXPECT_EQ(server.Stat("resynced"), "0");
}

}  // namespace
}  // namespace chinese_chess
