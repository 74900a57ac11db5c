// What players are told waits for the disk: one that is slow, and one that fails.

#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/sys/clock.h"
#include "tests/apps/chinese_chess/server/full_disk.h"
#include "tests/apps/chinese_chess/server/held_archive.h"
#include "tests/apps/chinese_chess/server/test_player.h"
#include "tests/apps/chinese_chess/server/test_server.h"
#include "tests/testing/process.h"

namespace chinese_chess {
namespace {

using testing::HasSubstr;
using testing::Not;

using Server = TestServer;

TEST(ServerDiskTest, NobodyHearsOfAnEndThatIsNotWrittenDown) {
  Server server({.after_game = absl::Milliseconds(1)});
  PairOfPlayers pair = Pair(server.port());
  Play(pair, 0, "h2e2 h9g7");
  HeldArchive held(&server.archive());
  pair.red.Say(absl::StrCat(R"({"t":"resign","game":")", pair.game, "\"}"));
  EXPECT_TRUE(kingpin::testing::Eventually(
      [&] { return server.Stat("games_over") == "1"; }));
  // Nor is it answered: who is told that it is done relies on it.
  pair.red.Say(R"({"t":"ping","n":1})");
  EXPECT_EQ(Field(pair.red.Next(), "t"), "pong");
  // Who joins meanwhile waits, and may be gone before it is done.
  {
    TestPlayer watcher(server.port());
    watcher.Hello("Wang");
    watcher.Join(pair.game);
    watcher.Say(R"({"t":"ping","n":1})");
    EXPECT_EQ(Field(watcher.Next(), "t"), "pong");
  }
  EXPECT_TRUE(kingpin::testing::Eventually(
      [&] { return server.Stat("sessions") == "2"; }));
  pair.black.Say(R"({"t":"games"})");
  EXPECT_EQ(Field(pair.black.Next(), "t"), "games");
  held.Release();
  EXPECT_EQ(Field(pair.black.Next("end"), "result"), "0-1");
  EXPECT_EQ(Field(pair.red.Next(), "re"), "resign");
  EXPECT_EQ(Field(pair.red.Next("end"), "result"), "0-1");
  pair.red.Disconnect();
  pair.black.Disconnect();
  // And a game that nobody is in any more goes.
  EXPECT_TRUE(kingpin::testing::Eventually(
      [&] { return server.Stat("rooms") == "0"; }));
}

// Not even by the move that brings it about: a server that is killed now would have the
// players go on from before a mate that they have seen.
TEST(ServerDiskTest, NobodyHearsOfAMoveThatEndsAGameThatIsNotWrittenDown) {
  Server server;
  PairOfPlayers pair = Pair(server.port());
  Play(pair, 0, "h2e2 a9a8 e2e6 a8a9 b2b4 a9a8");
  HeldArchive held(&server.archive());
  pair.red.Move(pair.game, 6, "b4e4");
  EXPECT_TRUE(kingpin::testing::Eventually(
      [&] { return server.Stat("games_over") == "1"; }));
  // What it has said to them came before the answer to the ping.
  for (TestPlayer* player : {&pair.red, &pair.black}) {
    player->Say(R"({"t":"ping","n":1})");
    EXPECT_EQ(Field(player->Next(), "t"), "pong");
  }
  held.Release();
  EXPECT_EQ(Field(pair.red.Next(), "t"), "ok");
  for (TestPlayer* player : {&pair.red, &pair.black}) {
    EXPECT_EQ(Field(player->Next(), "move"), "b4e4");
    EXPECT_EQ(Field(player->Next(), "reason"), "checkmate");
  }
}

TEST(ServerDiskTest, NobodyHearsOfAFlagThatIsNotWrittenDown) {
  kingpin::Clock clock = kingpin::Clock::Manual();
  Server server({.silent = absl::Hours(1)}, /*threads=*/1, ":memory:", &clock);
  PairOfPlayers pair = Pair(server.port(), "5+3");
  Play(pair, 0, "h2e2 h9g7");
  HeldArchive held(&server.archive());
  // The time is up, but the flag waits for a move that the lag may excuse.
  clock.Advance(absl::Seconds(304));
  pair.red.Move(pair.game, 2, "h0g2");
  EXPECT_TRUE(kingpin::testing::Eventually(
      [&] { return server.Stat("games_over") == "1"; }));
  pair.red.Say(R"({"t":"ping","n":1})");
  EXPECT_EQ(Field(pair.red.Next(), "t"), "pong");
  held.Release();
  EXPECT_EQ(Field(pair.red.Next(), "code"), "too_late");
  EXPECT_EQ(Field(pair.red.Next(), "reason"), "timeout");
}

// While it is, others ask and ask: what waits has a bound, and the archive hears of it once.
TEST(ServerDiskTest, AnEndThatTakesLongCostsNoMemory) {
  Server server(
      {.credits = 100'000, .spectator_delay = absl::Milliseconds(2500)});
  PairOfPlayers pair = Pair(server.port());
  PairOfPlayers other = Pair(server.port());
  TestPlayer watcher(server.port());
  watcher.Hello("Wang");
  watcher.Join(other.game);
  watcher.Next("game");
  HeldArchive held(&server.archive());
  pair.red.Say(absl::StrCat(R"({"t":"abort","game":")", pair.game, "\"}"));
  for (int i = 0; i < 257; ++i) pair.red.Join(pair.game);
  EXPECT_EQ(Field(pair.red.Next("error"), "code"), "busy");
  // Some seconds go by, as a spectator sees.
  Play(other, 0, "h2e2");
  EXPECT_EQ(Field(watcher.Next("move"), "move"), "h2e2");
  EXPECT_EQ(server.archive().waiting(), 2u);  // The end, the move.
  held.Release();
  EXPECT_EQ(Field(pair.red.Next("end"), "reason"), "aborted");
}

TEST(ServerDiskTest, NoGameBeginsWhileTheDiskFails) {
  const std::string path =
      absl::StrCat(std::getenv("TEST_TMPDIR"), "/disk-", getpid(), ".db");
  Server server({.news_every = absl::Milliseconds(1)}, 2, path);
  TestPlayer early(server.port());
  TestPlayer late(server.port());
  early.Hello("Zhang");
  late.Hello("Li");
  constexpr std::string_view kAsk =
      R"({"t":"bot","control":"5+3","color":"red"})";
  {
    ScopedFullDisk full;
    early.Say(kAsk);
    EXPECT_TRUE(kingpin::testing::Eventually(
        [&] { return server.Stat("archive_failures") != "0"; }));
    late.Say(kAsk);
    EXPECT_EQ(Field(late.Next("error"), "code"), "busy");
    // What is there can be read.
    late.Say(R"({"t":"history"})");
    EXPECT_EQ(Field(late.Next(), "t"), "history");
    early.Say(R"({"t":"ping","n":1})");
    EXPECT_EQ(Field(early.Next(), "t"), "pong");
  }
  // What had been taken is not lost; the clock begins now.
  const std::string game = Field(early.Next("paired"), "game");
  early.Join(game);
  early.Move(game, 0, "h2e2");
  EXPECT_EQ(Field(early.Next("move"), "by"), "red");
  late.Say(kAsk);
  EXPECT_FALSE(Field(late.Next("paired"), "game").empty());
}

TEST(ServerDiskTest, ARematchThatCannotBeginIsNotPromised) {
  Server server({.max_games = 1});
  PairOfPlayers pair = Pair(server.port());
  EXPECT_EQ(pair.red.Ask("abort", pair.game), "ok");
  pair.black.Say(R"({"t":"bot","control":"5+3"})");
  const std::string busy_with = Field(pair.black.Next("paired"), "game");
  const auto offer = [&](TestPlayer& player) {
    return player.Ask("offer", pair.game, R"(,"offer":"rematch")");
  };
  EXPECT_EQ(offer(pair.red), "ok");
  EXPECT_EQ(offer(pair.black), "ok");
  for (TestPlayer* player : {&pair.red, &pair.black}) {
    const std::string error = player->Next("error");
    EXPECT_EQ(Field(error, "code"), "too_many");
    EXPECT_EQ(Field(error, "re"), "offer");
  }
  EXPECT_EQ(pair.black.Ask("abort", busy_with), "ok");
  EXPECT_EQ(offer(pair.red), "ok");
  EXPECT_EQ(offer(pair.black), "ok");
  EXPECT_FALSE(Field(pair.red.Next("rematch"), "next").empty());
  for (TestPlayer* player : {&pair.red, &pair.black}) {
    EXPECT_THAT(player->skipped(),
                Not(testing::Contains(HasSubstr(R"("next")"))));
  }
}

TEST(ServerDiskTest, AnAbortedGameIsNotKept) {
  Server server;
  PairOfPlayers pair = Pair(server.port());
  EXPECT_EQ(pair.black.Ask("abort", pair.game), "ok");
  EXPECT_EQ(Field(pair.red.Next("end"), "reason"), "aborted");
  EXPECT_EQ(pair.red.Ask("record", pair.game), "no_game");
}

}  // namespace
}  // namespace chinese_chess
