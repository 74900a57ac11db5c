// Games against the computer, over real sockets by the line protocol.
#include <random>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "apps/chinese_chess/rules/game.h"
#include "apps/chinese_chess/rules/move.h"
#include "apps/chinese_chess/rules/movegen.h"
#include "apps/chinese_chess/rules/outcome.h"
#include "apps/chinese_chess/server/game_server_shared.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/apps/chinese_chess/server/test_player.h"
#include "tests/apps/chinese_chess/server/test_server.h"
#include "tests/testing/process.h"

namespace chinese_chess {
namespace {

using testing::HasSubstr;

using Server = TestServer;

// The game with the computer as Red, joined.
std::string PlayBot(TestPlayer& player, std::string_view control, int level) {
  player.Say(absl::StrCat(R"({"t":"bot","control":")", control,
                          R"(","color":"black","level":)", level, "}"));
  const std::string game = Field(player.Next("paired"), "game");
  player.Join(game);
  EXPECT_EQ(Field(player.Next("game"), "you"), "black");
  return game;
}

TEST(ServerComputerTest, TheComputerIsHereWhoeverLeaves) {
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

TEST(ServerComputerTest, AGameThatNobodyIsAtEnds) {
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

TEST(ServerComputerTest, TheComputerStopsThinkingWhenTheGameIsOver) {
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
TEST(ServerComputerTest, TheComputerDoesNotLoseOnTimeByThinking) {
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
TEST(ServerComputerTest, AGameAgainstTheBot) {
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

}  // namespace
}  // namespace chinese_chess
