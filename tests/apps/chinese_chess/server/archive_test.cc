// GameStore on real files, and Archive's thread on top of it.

#include "apps/chinese_chess/server/archive.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "apps/chinese_chess/rules/move.h"
#include "apps/chinese_chess/rules/outcome.h"
#include "apps/chinese_chess/server/game_store.h"
#include "apps/chinese_chess/server/live_game.h"
#include "apps/chinese_chess/server/time_control.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/apps/chinese_chess/server/full_disk.h"
#include "tests/apps/chinese_chess/server/held_archive.h"
#include "tests/testing/process.h"

namespace chinese_chess {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::string FreshPath() {
  static int count = 0;
  const char* folder = std::getenv("TEST_TMPDIR");
  std::string path = absl::StrCat(folder, "/games-", getpid(), "-", ++count);
  unlink(path.c_str());
  return path;
}

std::unique_ptr<GameStore> MustOpen(const std::string& path) {
  absl::StatusOr<std::unique_ptr<GameStore>> store = GameStore::Open(path);
  EXPECT_TRUE(store.ok()) << store.status();
  return *std::move(store);
}

GameSetup TestSetup(const std::string& id) {
  return {.id = id,
          .players = {Player{"red-id", "张'三"}, Player{"black-id", "Li"}},
          .control = *ParseTimeControl("20/60/30"),
          .casual = true,
          .created = absl::FromUnixMillis(1234)};
}

TimedMove Timed(const char* move, int seconds) {
  return {*ParseIccs(move), absl::Seconds(seconds), absl::Milliseconds(1500),
          absl::Seconds(300 - seconds)};
}

FinishGame Finish(const std::string& id) {
  return {TestSetup(id), WonBy(Color::kRed, Reason::kTimeout),
          absl::FromUnixMillis(99), 2, "{\"game\":\"" + id + "\"}"};
}

// By another program, in a file that no server has open.
void RunSql(const std::string& path, const char* sql) {
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(db, sql, nullptr, nullptr, nullptr), SQLITE_OK)
      << sqlite3_errmsg(db);
  sqlite3_close(db);
}

TEST(GameStoreTest, ARunningGameComesBackAfterReopening) {
  const std::string path = FreshPath();
  {
    auto store = MustOpen(path);
    ASSERT_TRUE(
        store
            ->Apply({BeginGame{TestSetup("one")},
                     SetMoves{"one", 0, {Timed("h2e2", 3), Timed("h9g7", 5)}}})
            .ok());
  }
  auto store = MustOpen(path);
  const auto games = store->RunningGames();
  ASSERT_TRUE(games.ok()) << games.status();
  ASSERT_THAT(*games, SizeIs(1));
  const RunningGame& game = games->front();
  EXPECT_EQ(game.setup.id, "one");
  EXPECT_EQ(game.setup.players[0].name, "张'三");
  EXPECT_EQ(game.setup.players[1].id, "black-id");
  EXPECT_EQ(game.setup.control, TestSetup("").control);
  EXPECT_TRUE(game.setup.casual);
  EXPECT_EQ(game.setup.created, absl::FromUnixMillis(1234));
  ASSERT_THAT(game.moves, SizeIs(2));
  EXPECT_EQ(FormatIccs(game.moves[1].move), "h9g7");
  EXPECT_EQ(game.moves[1].at, absl::Seconds(5));
  EXPECT_EQ(game.moves[1].charged, absl::Milliseconds(1500));
  EXPECT_EQ(game.moves[1].left, absl::Seconds(295));
}

TEST(GameStoreTest, SetMovesReplacesTheTail) {
  auto store = MustOpen(":memory:");
  ASSERT_TRUE(
      store
          ->Apply({BeginGame{TestSetup("one")},
                   SetMoves{"one", 0, {Timed("h2e2", 1), Timed("h9g7", 2)}},
                   SetMoves{"one", 1, {Timed("b9c7", 4)}}})
          .ok());
  EXPECT_EQ(FormatIccs((*store->RunningGames())[0].moves[1].move), "b9c7");
  ASSERT_TRUE(store->Apply({SetMoves{"one", 0, {}}}).ok());
  EXPECT_THAT((*store->RunningGames())[0].moves, IsEmpty());
}

TEST(GameStoreTest, AFinishedGameRunsNoMore) {
  auto store = MustOpen(":memory:");
  ASSERT_TRUE(
      store
          ->Apply({BeginGame{TestSetup("one")},
                   SetMoves{"one", 0, {Timed("h2e2", 1)}}, Finish("one")})
          .ok());
  EXPECT_THAT(*store->RunningGames(), IsEmpty());
  EXPECT_EQ(*store->FindRecord("one"), "{\"game\":\"one\"}");
  EXPECT_EQ(*store->FindRecord("two"), std::nullopt);
  const auto recent = store->RecentGames("black-id", 10);
  ASSERT_THAT(*recent, SizeIs(1));
  EXPECT_EQ(recent->front().result, "1-0");
  EXPECT_EQ(recent->front().reason, "timeout");
  EXPECT_EQ(recent->front().finished_ms, 99);
  EXPECT_THAT(*store->RecentGames("somebody", 10), IsEmpty());
  EXPECT_THAT(*store->RecentGames("", 10), SizeIs(1));
}

TEST(GameStoreTest, TheLastGamesOfAPlayerAreOfBothColours) {
  auto store = MustOpen(":memory:");
  std::vector<StoreChange> changes;
  for (int i = 0; i < 6; ++i) {
    GameSetup setup = TestSetup(absl::StrCat(i));
    // Black, black, red, and so on.
    if (i % 3 == 2) std::swap(setup.players[0], setup.players[1]);
    changes.push_back(BeginGame{setup});
    FinishGame finish = Finish(setup.id);
    finish.setup = setup;
    changes.push_back(finish);
  }
  ASSERT_TRUE(store->Apply(changes).ok());
  const auto recent = store->RecentGames("black-id", 4);
  std::vector<std::string> ids;
  for (const auto& game : *recent) ids.push_back(game.id);
  EXPECT_THAT(ids, ElementsAre("5", "4", "3", "2"));
}

TEST(GameStoreTest, WhatIsDoneTwiceIsDoneOnce) {
  auto store = MustOpen(":memory:");
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(store
                    ->Apply({BeginGame{TestSetup("one")},
                             SetMoves{"one", 0, {Timed("h2e2", 1)}}})
                    .ok());
  }
  EXPECT_THAT((*store->RunningGames())[0].moves, SizeIs(1));
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(store->Apply({Finish("one")}).ok());
  EXPECT_THAT(*store->RecentGames("", 10), SizeIs(1));
}

TEST(GameStoreTest, AnAbortedGameLeavesNothing) {
  auto store = MustOpen(":memory:");
  FinishGame finish = Finish("one");
  finish.record.clear();
  ASSERT_TRUE(store->Apply({BeginGame{TestSetup("one")}, finish}).ok());
  EXPECT_THAT(*store->RunningGames(), IsEmpty());
  EXPECT_THAT(*store->RecentGames("", 10), IsEmpty());
}

TEST(GameStoreTest, TheLatestComeFirst) {
  auto store = MustOpen(":memory:");
  for (const char* id : {"one", "two", "three"}) {
    ASSERT_TRUE(store->Apply({Finish(id)}).ok());
  }
  std::vector<std::string> ids;
  const auto recent = store->RecentGames("", 2);
  ASSERT_TRUE(recent.ok());
  for (const FinishedGame& game : *recent) ids.push_back(game.id);
  EXPECT_THAT(ids, ElementsAre("three", "two"));
}

TEST(GameStoreTest, APrivateGameIsForItsPlayersAlone) {
  const std::string path = FreshPath();
  FinishGame finish = Finish("hidden");
  finish.setup.listed = false;
  BeginGame begin = {TestSetup("running")};
  begin.setup.listed = false;
  ASSERT_TRUE(MustOpen(path)->Apply({Finish("open"), finish, begin}).ok());
  auto store = MustOpen(path);
  ASSERT_THAT(*store->RecentGames("", 10), SizeIs(1));
  EXPECT_EQ(store->RecentGames("", 10)->front().id, "open");
  EXPECT_THAT(*store->RecentGames("red-id", 10), SizeIs(2));
  EXPECT_TRUE(store->FindRecord("hidden")->has_value());
  EXPECT_FALSE(store->RunningGames()->front().setup.listed);
}

TEST(GameStoreTest, AFileOfTheFirstVersionIsBroughtUpToDate) {
  const std::string path = FreshPath();
  ASSERT_TRUE(
      MustOpen(path)->Apply({BeginGame{TestSetup("one")}, Finish("two")}).ok());
  RunSql(path,
         "DROP INDEX finished_listed;"
         "ALTER TABLE running DROP COLUMN listed;"
         "ALTER TABLE finished DROP COLUMN listed;"
         "PRAGMA user_version = 1");
  for (int start = 1; start <= 2; ++start) {
    auto store = MustOpen(path);
    ASSERT_THAT(*store->RunningGames(), SizeIs(1));
    EXPECT_TRUE(store->RunningGames()->front().setup.listed);
    EXPECT_THAT(*store->RecentGames("", 10), SizeIs(1));
  }
}

TEST(GameStoreTest, TheKeyIsMadeOnceAndStartsAreCounted) {
  const std::string path = FreshPath();
  for (int start = 1; start <= 3; ++start) {
    auto store = MustOpen(path);
    EXPECT_EQ(
        *store->GetOrMakeMeta("key", [] { return std::string("\0k", 2); }),
        std::string("\0k", 2));
    EXPECT_EQ(*store->GetOrMakeMeta("key", [] { return std::string("new"); }),
              std::string("\0k", 2));
    EXPECT_EQ(*store->CountStart(), start);
  }
}

TEST(GameStoreTest, AGameThatCannotBeReadIsNoReasonNotToStart) {
  const std::string path = FreshPath();
  ASSERT_TRUE(
      MustOpen(path)
          ->Apply({BeginGame{TestSetup("bad")}, BeginGame{TestSetup("good")},
                   SetMoves{"good", 0, {Timed("h2e2", 3)}}})
          .ok());
  RunSql(path, "UPDATE running SET control = '0.0166667+5' WHERE id = 'bad'");
  const auto games = MustOpen(path)->RunningGames();
  ASSERT_TRUE(games.ok()) << games.status();
  ASSERT_THAT(*games, SizeIs(1));
  EXPECT_EQ(games->front().setup.id, "good");
  EXPECT_THAT(games->front().moves, SizeIs(1));
}

TEST(GameStoreTest, AGameGoesOnFromBeforeAHole) {
  const std::string path = FreshPath();
  ASSERT_TRUE(
      MustOpen(path)
          ->Apply({BeginGame{TestSetup("one")},
                   SetMoves{"one", 0, {Timed("h2e2", 3), Timed("h9g7", 5)}},
                   SetMoves{"one", 3, {Timed("i9h9", 7)}}})
          .ok());
  auto store = MustOpen(path);
  const auto games = store->RunningGames();
  ASSERT_TRUE(games.ok()) << games.status();
  ASSERT_THAT(*games, SizeIs(1));
  EXPECT_THAT(games->front().moves, SizeIs(2));
  // Its next move fills it.
  ASSERT_TRUE(store->Apply({SetMoves{"one", 2, {Timed("b0c2", 9)}}}).ok());
  EXPECT_THAT((*store->RunningGames())[0].moves, SizeIs(3));
}

TEST(GameStoreTest, TheFileIsItsOwnersAlone) {
  const std::string path = FreshPath();
  const mode_t before = umask(0);
  auto store = MustOpen(path);
  ASSERT_TRUE(store->Apply({BeginGame{TestSetup("one")}}).ok());
  umask(before);
  for (const char* suffix : {"", "-wal"}) {
    struct stat info;
    ASSERT_EQ(stat(absl::StrCat(path, suffix).c_str(), &info), 0) << suffix;
    EXPECT_EQ(info.st_mode & 0777, 0600u) << suffix;
  }
}

TEST(GameStoreTest, OneServerAFile) {
  const std::string path = FreshPath();
  auto store = MustOpen(path);
  ASSERT_TRUE(store->Apply({BeginGame{TestSetup("one")}}).ok());
  const auto second = GameStore::Open(path);
  EXPECT_FALSE(second.ok());
  EXPECT_THAT(second.status().message(), HasSubstr("in use by another"));
}

TEST(GameStoreTest, AnothersFileIsRefused) {
  const std::string path = FreshPath();
  RunSql(path, "PRAGMA user_version = 7");
  const auto store = GameStore::Open(path);
  EXPECT_FALSE(store.ok());
  EXPECT_THAT(store.status().message(), HasSubstr("version 7"));
}

std::string Contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(GameStoreTest, ADatabaseOfAnotherProgramStaysAsItIs) {
  for (const char* sql :
       {"CREATE TABLE foo (a)", "CREATE TABLE meta (key, value)",
        "PRAGMA application_id = 7",
        // One that has our tables and says that it is not ours.
        "CREATE TABLE meta (a); CREATE TABLE running (a); CREATE TABLE moves "
        "(a);"
        "CREATE TABLE finished (a); PRAGMA application_id = -7"}) {
    const std::string path = FreshPath();
    RunSql(path, sql);
    const std::string before = Contents(path);
    EXPECT_FALSE(before.empty());
    const auto store = GameStore::Open(path);
    EXPECT_THAT(store.status().message(), HasSubstr("another program")) << sql;
    EXPECT_THAT(store.status().message(), HasSubstr(path));
    EXPECT_EQ(Contents(path), before) << sql;
  }
}

TEST(GameStoreTest, AFileFromBeforeTheMarkIsMarked) {
  const std::string path = FreshPath();
  ASSERT_TRUE(MustOpen(path)->Apply({Finish("one")}).ok());
  const std::string marked = Contents(path);
  RunSql(path, "PRAGMA application_id = 0");
  EXPECT_NE(Contents(path).substr(68, 4), "KPxq");
  EXPECT_THAT(*MustOpen(path)->RecentGames("", 10), SizeIs(1));
  EXPECT_EQ(Contents(path).substr(68, 4), "KPxq");
  EXPECT_EQ(marked.substr(68, 4), "KPxq");
}

TEST(GameStoreTest, WhatCannotBeWrittenIsSaidInWords) {
  for (const char* path : {"/nowhere/games.db", "/proc/games.db"}) {
    EXPECT_THAT(GameStore::Open(path).status().message(),
                HasSubstr(absl::StrCat(path, " cannot be written")));
  }
  const std::string path = FreshPath();
  MustOpen(path).reset();
  chmod(path.c_str(), 0400);
  // Root may all the same.
  if (access(path.c_str(), W_OK) == 0) return;
  EXPECT_THAT(GameStore::Open(path).status().message(),
              HasSubstr("cannot be written"));
}

TEST(GameStoreTest, WhatWasAppliedSurvivesKill) {
  const std::string path = FreshPath();
  const pid_t child = kingpin::testing::Fork([&] {
    auto store = MustOpen(path);
    if (!store->Apply({BeginGame{TestSetup("one")}, Finish("two")}).ok())
      return 1;
    kill(getpid(), SIGKILL);
    return 2;
  });
  ASSERT_EQ(kingpin::testing::WaitForExit(child), 1000 + SIGKILL);
  auto store = MustOpen(path);
  EXPECT_THAT(*store->RunningGames(), SizeIs(1));
  EXPECT_THAT(*store->RecentGames("", 10), SizeIs(1));
}

TEST(ArchiveTest, DoneMeansThatItIsThere) {
  Archive archive(MustOpen(":memory:"));
  absl::Notification done;
  ASSERT_TRUE(archive.Post(Finish("one"), [&] { done.Notify(); }));
  done.WaitForNotification();
  absl::Notification asked;
  ASSERT_TRUE(archive.Ask([&](GameStore& store) {
    EXPECT_THAT(*store.RecentGames("", 10), SizeIs(1));
    asked.Notify();
  }));
  asked.WaitForNotification();
  EXPECT_EQ(archive.changes(), 1u);
}

TEST(ArchiveTest, ManyChangesAreFewTransactions) {
  Archive archive(MustOpen(":memory:"), {.gather = absl::Seconds(1)});
  absl::Notification done;
  for (int i = 0; i < 99; ++i) {
    ASSERT_TRUE(archive.Post(Finish(absl::StrCat("game", i))));
  }
  ASSERT_TRUE(archive.Post(Finish("last"), [&] { done.Notify(); }));
  done.WaitForNotification();
  EXPECT_EQ(archive.changes(), 100u);
  EXPECT_LT(archive.commits(), 10u);
}

TEST(ArchiveTest, QuestionsComeAfterWhatWasPostedBefore) {
  Archive archive(MustOpen(":memory:"));
  absl::Notification asked;
  for (const char* id : {"one", "two", "three"}) {
    ASSERT_TRUE(archive.Post(Finish(id)));
    ASSERT_TRUE(archive.Ask([id](GameStore& store) {
      EXPECT_TRUE(store.FindRecord(id)->has_value());
    }));
  }
  ASSERT_TRUE(archive.Ask([&](GameStore&) { asked.Notify(); }));
  asked.WaitForNotification();
}

TEST(ArchiveTest, TheEndWritesWhatWasPosted) {
  const std::string path = FreshPath();
  {
    Archive archive(MustOpen(path), {.gather = absl::Hours(1)});
    ASSERT_TRUE(archive.Post(Finish("one")));
  }
  EXPECT_THAT(*MustOpen(path)->RecentGames("", 10), SizeIs(1));
}

TEST(ArchiveTest, AFullQueueSaysNo) {
  Archive archive(MustOpen(":memory:"),
                  {.queue = 2, .questions = 1, .gather = absl::ZeroDuration()});
  HeldArchive held(&archive);
  EXPECT_TRUE(archive.Post(Finish("one")));
  EXPECT_TRUE(archive.Ask([](GameStore&) {}));
  EXPECT_FALSE(archive.Ask([](GameStore&) {}));
  // However much is asked, there is room for what has to be written.
  EXPECT_TRUE(archive.Post(Finish("two")));
  EXPECT_FALSE(archive.Post(Finish("three")));
  EXPECT_EQ(archive.waiting(), 3u);
  held.Release();
}

TEST(ArchiveTest, QuestionsDoNotCutATransaction) {
  Archive archive(MustOpen(":memory:"), {.gather = absl::ZeroDuration()});
  absl::Notification done;
  HeldArchive held(&archive);
  size_t found = 0;
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(archive.Post(Finish(absl::StrCat("game", i))));
    ASSERT_TRUE(archive.Ask([&found](GameStore& store) {
      found = store.RecentGames("", 1000)->size();
    }));
  }
  ASSERT_TRUE(archive.Ask([&](GameStore&) { done.Notify(); }));
  held.Release();
  done.WaitForNotification();
  EXPECT_EQ(archive.commits(), 1u);
  EXPECT_EQ(found, 100u);
}

TEST(ArchiveTest, QuestionsAreAnsweredWhileTheDiskFails) {
  Archive archive(MustOpen(FreshPath()), {.retry = absl::Milliseconds(10)});
  absl::Notification asked;
  bool failed;
  {
    ScopedFullDisk full;
    ASSERT_TRUE(archive.Post(Finish("one")));
    failed = kingpin::testing::Eventually([&] { return archive.failing(); });
    ASSERT_TRUE(archive.Ask([&](GameStore& store) {
      EXPECT_THAT(*store.RecentGames("", 10), IsEmpty());
      asked.Notify();
    }));
    asked.WaitForNotification();
  }
  EXPECT_TRUE(failed);
}

// In the middle of what it has taken while a change before it cannot be written.
TEST(ArchiveTest, ChangesBehindAQuestionAreWrittenWhenTheDiskRecovers) {
  Archive archive(MustOpen(FreshPath()), {.retry = absl::Milliseconds(1)});
  absl::Notification written;
  absl::Notification asked;
  {
    HeldArchive held(&archive);
    ScopedFullDisk full;
    ASSERT_TRUE(archive.Post(Finish("one")));
    ASSERT_TRUE(archive.Ask([&](GameStore& store) {
      EXPECT_THAT(*store.RecentGames("", 10), IsEmpty());
      asked.Notify();
    }));
    ASSERT_TRUE(archive.Post(Finish("two"), [&] { written.Notify(); }));
    held.Release();
    asked.WaitForNotification();
  }
  written.WaitForNotification();
  absl::Notification done;
  ASSERT_TRUE(archive.Ask([&](GameStore& store) {
    EXPECT_THAT(*store.RecentGames("", 10), SizeIs(2));
    done.Notify();
  }));
  done.WaitForNotification();
}

TEST(ArchiveTest, QuestionsAmongWhatIsGivenUpAreAnswered) {
  const std::string path = FreshPath();
  auto archive = std::make_unique<Archive>(
      MustOpen(path), ArchiveOptions{.retry = absl::Milliseconds(1),
                                     .patience = absl::Milliseconds(20)});
  int answered = 0;
  {
    HeldArchive held(archive.get());
    ScopedFullDisk full;
    for (const char* id : {"one", "two"}) {
      ASSERT_TRUE(archive->Post(Finish(id)));
      ASSERT_TRUE(archive->Ask([&](GameStore&) { ++answered; }));
    }
    ASSERT_TRUE(archive->Post(Finish("three")));
    held.Release();
    archive.reset();
  }
  EXPECT_EQ(answered, 2);
  EXPECT_THAT(*MustOpen(path)->RecentGames("", 10), IsEmpty());
}

TEST(ArchiveTest, ADiskThatRecoversLosesNothing) {
  const std::string path = FreshPath();
  Archive archive(MustOpen(path), {.retry = absl::Milliseconds(1)});
  absl::Notification done;
  bool failed;
  {
    ScopedFullDisk full;
    ASSERT_TRUE(archive.Post(Finish("one"), [&] { done.Notify(); }));
    failed =
        kingpin::testing::Eventually([&] { return archive.failures() > 1; });
  }
  EXPECT_TRUE(failed);
  done.WaitForNotification();
  EXPECT_FALSE(archive.failing());
  absl::Notification asked;
  ASSERT_TRUE(archive.Ask([&](GameStore& store) {
    EXPECT_THAT(*store.RecentGames("", 10), SizeIs(1));
    asked.Notify();
  }));
  asked.WaitForNotification();
}

TEST(ArchiveTest, PatienceWithTheDiskEnds) {
  const std::string path = FreshPath();
  absl::Notification done;
  auto archive = std::make_unique<Archive>(
      MustOpen(path), ArchiveOptions{.retry = absl::Milliseconds(1),
                                     .patience = absl::Milliseconds(20)});
  {
    ScopedFullDisk full;
    ASSERT_TRUE(archive->Post(Finish("one"), [&] { done.Notify(); }));
    archive.reset();
  }
  EXPECT_FALSE(done.HasBeenNotified());
  EXPECT_THAT(*MustOpen(path)->RecentGames("", 10), IsEmpty());
}

// A hole in what is written would be worse than an end.
TEST(ArchiveTest, NothingIsWrittenBehindWhatWasGivenUp) {
  const std::string path = FreshPath();
  MustOpen(path).reset();
  RunSql(path,
         "CREATE TRIGGER refuse BEFORE INSERT ON running WHEN new.id = 'bad'"
         " BEGIN SELECT RAISE(ABORT, 'no'); END");
  {
    Archive archive(MustOpen(path), {.retry = absl::Milliseconds(1),
                                     .patience = absl::Milliseconds(20)});
    ASSERT_TRUE(archive.Post(BeginGame{TestSetup("bad")}));
    EXPECT_TRUE(
        kingpin::testing::Eventually([&] { return archive.failures() > 0; }));
    ASSERT_TRUE(archive.Post(BeginGame{TestSetup("good")}));
  }
  EXPECT_THAT(*MustOpen(path)->RunningGames(), IsEmpty());
}

}  // namespace
}  // namespace chinese_chess
