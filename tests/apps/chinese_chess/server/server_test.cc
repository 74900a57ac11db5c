// The whole server in this process, played on over real sockets by the line protocol.
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "apps/chinese_chess/rules/game.h"
#include "apps/chinese_chess/rules/move.h"
#include "apps/chinese_chess/rules/movegen.h"
#include "apps/chinese_chess/rules/outcome.h"
#include "apps/chinese_chess/server/game_server_shared.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/sys/clock.h"
#include "tests/apps/chinese_chess/server/test_player.h"
#include "tests/apps/chinese_chess/server/test_server.h"
#include "tests/testing/process.h"

namespace chinese_chess {
namespace {

using testing::HasSubstr;

using Server = TestServer;

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
  for (const char* name : {" x", "Bot 9 (Master)", "bot 1"}) {
    player.Say(absl::StrCat(R"({"t":"hello","name":")", name, "\"}"));
    EXPECT_EQ(Field(player.Next("error"), "code"), "bad_name") << name;
  }
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
  TestPlayer by_a_byte(server.port());
  by_a_byte.Say(std::string(2048, ' ') + "\r");
  EXPECT_EQ(Field(by_a_byte.Next("error"), "code"), "bad_message");
  by_a_byte.Hello();
  EXPECT_NE(by_a_byte.id(), "");
  by_a_byte.Say(std::string(2049, ' '));
  EXPECT_EQ(Field(by_a_byte.Next("error"), "code"), "bad_message");
  EXPECT_TRUE(by_a_byte.WaitForEnd());
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

// It would begin without one who has found something else to do, and count as theirs.
TEST(ServerTest, ARematchGoesWithWhoOffersIt) {
  Server server;
  PairOfPlayers pair = Pair(server.port());
  EXPECT_EQ(pair.red.Ask("abort", pair.game), "ok");
  const auto offer = [&](TestPlayer& player) {
    return player.Ask("offer", pair.game, R"(,"offer":"rematch")");
  };
  EXPECT_EQ(offer(pair.red), "ok");
  EXPECT_EQ(pair.red.Ask("leave", pair.game), "ok");
  EXPECT_EQ(Field(pair.black.Next("decline"), "by"), "red");
  EXPECT_EQ(offer(pair.red), "no_game");
  EXPECT_EQ(offer(pair.black), "ok");
  pair.red.Join(pair.game);
  pair.red.Next("game");
  EXPECT_EQ(offer(pair.red), "ok");
  EXPECT_FALSE(Field(pair.black.Next("rematch"), "next").empty());
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
