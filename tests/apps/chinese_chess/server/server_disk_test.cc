// What players are told waits for the disk: one that is slow, and one that fails.

#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "apps/chinese_chess/server/game_store.h"
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

std::string FreshPath() {
  static int count = 0;
  return absl::StrCat(std::getenv("TEST_TMPDIR"), "/disk-", getpid(), "-",
                      ++count);
}

TEST(ServerDiskTest, NoGameBeginsWhileTheDiskFails) {
  Server server({.news_every = absl::Milliseconds(1)}, 2, FreshPath());
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

TEST(ServerDiskTest, WhoWaitsWhileTheDiskFailsKeepsTheirPlace) {
  Server server({}, 2, FreshPath());
  TestPlayer first(server.port());
  TestPlayer second(server.port());
  first.Hello("Zhang");
  second.Hello("Li");
  constexpr std::string_view kPool = R"({"t":"pool","control":"5+3","id":"p"})";
  first.Say(kPool);
  first.Next("waiting");
  {
    ScopedFullDisk full;
    TestPlayer third(server.port());
    third.Hello("Wang");
    third.Say(R"({"t":"bot","control":"5+3"})");
    EXPECT_TRUE(kingpin::testing::Eventually(
        [&] { return server.archive().failing(); }));
    second.Say(kPool);
    const std::string error = second.Next("error");
    EXPECT_EQ(Field(error, "code"), "busy");
    EXPECT_EQ(Field(error, "re"), "pool");
    EXPECT_EQ(Field(error, "id"), "p");
  }
  EXPECT_TRUE(kingpin::testing::Eventually(
      [&] { return !server.archive().failing(); }));
  second.Say(kPool);
  const std::string paired = first.Next();
  EXPECT_EQ(Field(paired, "t"), "paired");
  EXPECT_EQ(Field(second.Next("paired"), "game"), Field(paired, "game"));
}

// Found out too late for anybody to keep a place: then both ask for it again.
TEST(ServerDiskTest, WhoIsPairedForNothingIsTold) {
  Server server({}, 2, ":memory:", &kingpin::Clock::Real(), {.queue = 1});
  TestPlayer first(server.port());
  TestPlayer second(server.port());
  first.Hello("Zhang");
  second.Hello("Li");
  const auto wait_both = [&] {
    first.Say(R"({"t":"pool","control":"5+3"})");
    first.Next("waiting");
    second.Say(R"({"t":"pool","control":"5+3"})");
  };
  {
    HeldArchive held(&server.archive());
    ASSERT_TRUE(server.archive().Post(SetMoves{"no game", 0, {}}));
    wait_both();
    for (TestPlayer* player : {&first, &second}) {
      const std::string error = player->Next();
      EXPECT_EQ(Field(error, "re"), "paired");
      EXPECT_EQ(Field(error, "code"), "busy");
    }
    held.Release();
    EXPECT_TRUE(kingpin::testing::Eventually(
        [&] { return server.archive().changes() == 1; }));
  }
  wait_both();
  for (TestPlayer* player : {&first, &second}) {
    EXPECT_EQ(Field(player->Next(), "t"), "paired");
  }
}

// Nobody has to move again for that.
TEST(ServerDiskTest, AMoveThatFoundNoRoomIsWrittenDown) {
  kingpin::Clock clock = kingpin::Clock::Manual();
  const std::string path = FreshPath();
  {
    Server server({.silent = absl::Hours(1)}, 1, path, &clock, {.queue = 1});
    PairOfPlayers pair = Pair(server.port());
    {
      HeldArchive held(&server.archive());
      ASSERT_TRUE(server.archive().Post(SetMoves{"no game", 0, {}}));
      Play(pair, 0, "h2e2");
      EXPECT_EQ(server.Stat("journal_delays"), "1");
      held.Release();
      EXPECT_TRUE(kingpin::testing::Eventually(
          [&] { return server.archive().changes() == 2; }));
    }
    clock.Advance(absl::Seconds(2));
    // The loop sleeps by another clock.
    pair.red.Say(R"({"t":"ping","n":1})");
    EXPECT_TRUE(kingpin::testing::Eventually(
        [&] { return server.archive().changes() == 3; }));
  }
  const auto store = GameStore::Open(path);
  ASSERT_TRUE(store.ok()) << store.status();
  ASSERT_THAT(*(*store)->RunningGames(), testing::SizeIs(1));
  EXPECT_THAT((*store)->RunningGames()->front().moves, testing::SizeIs(1));
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
    EXPECT_EQ(Field(error, "code"),
              player == &pair.red ? "other_busy" : "too_many_games");
    EXPECT_EQ(Field(error, "re"), "offer");
    // So that the offer is not taken for one that still stands.
    const std::string decline = player->Next("decline");
    EXPECT_EQ(Field(decline, "by"), "black");
    EXPECT_EQ(Field(decline, "offer"), "rematch");
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
