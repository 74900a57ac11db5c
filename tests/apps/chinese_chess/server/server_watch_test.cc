// Spectators and what is said, over real sockets by the line protocol.
#include <cstdint>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/apps/chinese_chess/server/test_player.h"
#include "tests/apps/chinese_chess/server/test_server.h"

namespace chinese_chess {
namespace {

using testing::HasSubstr;
using testing::Not;

using Server = TestServer;

TEST(ServerWatchTest, SpectatorsSeeTheGameAndNotTheTable) {
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

TEST(ServerWatchTest, NobodySilencesTheOthers) {
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

TEST(ServerWatchTest, WhoWantsNoChatGetsNone) {
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

TEST(ServerWatchTest, WhatSpectatorsSeeCanBeOlder) {
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

TEST(ServerWatchTest, WhatSpectatorsSeeComesInTime) {
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

}  // namespace
}  // namespace chinese_chess
