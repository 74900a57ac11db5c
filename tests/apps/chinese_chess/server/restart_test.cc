// The real binary, killed and started again: finished games are there, running ones go
// on.

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "apps/chinese_chess/rules/game.h"
#include "apps/chinese_chess/rules/move.h"
#include "apps/chinese_chess/rules/movegen.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/apps/chinese_chess/server/test_player.h"
#include "tests/testing/process.h"

namespace chinese_chess {
namespace {

using testing::HasSubstr;

std::string FreshPath() {
  static int count = 0;
  const std::string path = absl::StrCat(std::getenv("TEST_TMPDIR"), "/server-",
                                        getpid(), "-", ++count, ".db");
  for (const char* suffix : {"", "-wal", "-shm"}) {
    unlink(absl::StrCat(path, suffix).c_str());
  }
  return path;
}

class ServerProcess {
 public:
  explicit ServerProcess(std::vector<std::string> flags) {
    flags.insert(flags.begin(),
                 {"apps/chinese_chess/server/server", "--port", "0",
                  "--credits", "1000000", "--threads", "2"});
    int out[2];
    EXPECT_EQ(pipe(out), 0);
    child_ = fork();
    if (child_ == 0) {
      dup2(out[1], STDOUT_FILENO);
      close(out[0]);
      close(out[1]);
      std::vector<char*> argv;
      for (std::string& flag : flags) argv.push_back(flag.data());
      argv.push_back(nullptr);
      execv(argv[0], argv.data());
      _exit(127);
    }
    close(out[1]);
    ReadPort(out[0]);
    close(out[0]);
  }
  ~ServerProcess() {
    if (child_ > 0) End(SIGKILL);
  }

  // What its exit was, as WaitForExit() says it.
  int End(int signal) {
    kill(child_, signal);
    return kingpin::testing::WaitForExit(std::exchange(child_, -1));
  }
  uint16_t port() const { return port_; }

 private:
  void ReadPort(int fd) {
    std::string line;
    char c;
    while (read(fd, &c, 1) == 1 && c != '\n') line.push_back(c);
    int port = 0;
    EXPECT_TRUE(absl::SimpleAtoi(line.substr(line.rfind(':') + 1), &port))
        << line;
    port_ = static_cast<uint16_t>(port);
  }

  pid_t child_ = -1;
  uint16_t port_ = 0;
};

// Until the archive has all that it was told: it answers in order.
void WaitForArchive(TestPlayer& player) {
  player.Say(R"({"t":"history"})");
  EXPECT_FALSE(player.Next("history").empty());
}

void MakeMove(PairOfPlayers& pair, size_t ply, const std::string& move) {
  (ply % 2 == 0 ? pair.red : pair.black).Move(pair.game, ply, move);
  for (TestPlayer* player : {&pair.red, &pair.black}) {
    ASSERT_EQ(Field(player->Next("move"), "move"), move);
  }
}

// Both come back; the game as Red is told it.
std::string ComeBack(PairOfPlayers& pair, uint16_t port) {
  const uint64_t seen = pair.red.version();
  std::string game;
  for (TestPlayer* player : {&pair.black, &pair.red}) {
    player->Reconnect(port);
    EXPECT_THAT(player->welcome(), HasSubstr(pair.game));
    player->Join(pair.game, absl::StrCat(",\"v\":", seen));
    game = player->Next("game");
    player->Next("presence");
  }
  pair.black.Next("presence");
  EXPECT_GT(pair.red.version(), seen);
  return game;
}

size_t CountMoves(std::string_view game) {
  size_t count = 0;
  for (size_t at = game.find(R"({"move":)"); at != game.npos;
       at = game.find(R"({"move":)", at + 1)) {
    ++count;
  }
  return count;
}

TEST(RestartTest, AKilledServerGoesOnWhereItWas) {
  const std::string db = FreshPath();
  auto server =
      std::make_unique<ServerProcess>(std::vector<std::string>{"--db", db});
  PairOfPlayers pair = Pair(server->port());
  MakeMove(pair, 0, "h2e2");
  MakeMove(pair, 1, "h9g7");
  MakeMove(pair, 2, "h0g2");
  WaitForArchive(pair.red);
  EXPECT_EQ(server->End(SIGKILL), 1000 + SIGKILL);

  server =
      std::make_unique<ServerProcess>(std::vector<std::string>{"--db", db});
  const std::string game = ComeBack(pair, server->port());
  EXPECT_EQ(CountMoves(game), 3u);
  EXPECT_EQ(Field(game, "turn"), "black");
  EXPECT_EQ(Field(game, "control"), "5+3");
  EXPECT_EQ(Field(game, "you"), "red");
  // Three seconds for each of Red's moves.
  int left_ms = 0;
  EXPECT_TRUE(absl::SimpleAtoi(Field(game, "left_ms"), &left_ms));
  EXPECT_GT(left_ms, 300'000);
  EXPECT_LE(left_ms, 306'000);
  MakeMove(pair, 3, "i9h9");
  EXPECT_EQ(pair.red.Ask("resign", pair.game), "ok");
  EXPECT_EQ(Field(pair.black.Next("end"), "result"), "0-1");
}

TEST(RestartTest, WhoHeardOfTheEndFindsTheRecord) {
  const std::string db = FreshPath();
  for (int round = 0; round < 3; ++round) {
    auto server =
        std::make_unique<ServerProcess>(std::vector<std::string>{"--db", db});
    PairOfPlayers pair = Pair(server->port());
    MakeMove(pair, 0, "h2e2");
    MakeMove(pair, 1, "h9g7");
    EXPECT_EQ(pair.black.Ask("resign", pair.game), "ok");
    EXPECT_EQ(Field(pair.red.Next("end"), "result"), "1-0");
    EXPECT_EQ(server->End(SIGKILL), 1000 + SIGKILL);

    server =
        std::make_unique<ServerProcess>(std::vector<std::string>{"--db", db});
    pair.red.Reconnect(server->port());
    EXPECT_THAT(pair.red.welcome(), HasSubstr(R"("games":[])"));
    pair.red.Say(absl::StrCat(R"({"t":"record","game":")", pair.game, "\"}"));
    const std::string record = pair.red.Next("record");
    EXPECT_EQ(CountMoves(record), 2u);
    EXPECT_EQ(Field(record, "reason"), "resignation");
  }
}

// Killed at any moment, without waiting for anything: what comes back is the game up to
// some move, and it can be played on.
TEST(RestartTest, KilledInMidMove) {
  const std::string db = FreshPath();
  auto server =
      std::make_unique<ServerProcess>(std::vector<std::string>{"--db", db});
  PairOfPlayers pair = Pair(server->port(), "60+30");
  std::mt19937 random(7);
  Game game;
  for (int round = 0; round < 5; ++round) {
    for (size_t moves = random() % 8 + 1; moves > 0; --moves) {
      MoveList legal;
      GenerateLegalMoves(game.position(), &legal);
      const Move move = legal[random() % legal.size()];
      MakeMove(pair, game.size(), FormatIccs(move));
      ASSERT_TRUE(game.Play(move).ok());
      if (game.outcome().over()) return;
    }
    server->End(SIGKILL);
    server =
        std::make_unique<ServerProcess>(std::vector<std::string>{"--db", db});
    const std::string state = ComeBack(pair, server->port());
    const size_t kept = CountMoves(state);
    ASSERT_LE(kept, game.size());
    while (game.size() > kept) game.Undo();
    if (kept > 0) {
      EXPECT_THAT(state, HasSubstr(FormatIccs(game.move(kept - 1))));
    }
  }
}

TEST(RestartTest, APlannedRestartSaysSoAndKeepsAll) {
  const std::string db = FreshPath();
  auto server =
      std::make_unique<ServerProcess>(std::vector<std::string>{"--db", db});
  PairOfPlayers pair = Pair(server->port());
  MakeMove(pair, 0, "h2e2");
  EXPECT_EQ(server->End(SIGTERM), 0);
  EXPECT_EQ(Field(pair.red.Next("restart"), "t"), "restart");
  server =
      std::make_unique<ServerProcess>(std::vector<std::string>{"--db", db});
  EXPECT_EQ(CountMoves(ComeBack(pair, server->port())), 1u);
}

TEST(RestartTest, WithoutADatabaseNothingIsKept) {
  ServerProcess server({"--db", "off"});
  PairOfPlayers pair = Pair(server.port());
  MakeMove(pair, 0, "h2e2");
  EXPECT_EQ(pair.red.Ask("resign", pair.game), "ok");
  EXPECT_EQ(Field(pair.black.Next("end"), "result"), "0-1");
  pair.red.Say(absl::StrCat(R"({"t":"record","game":")", pair.game, "\"}"));
  EXPECT_EQ(Field(pair.red.Next("error"), "code"), "no_archive");
}

}  // namespace
}  // namespace chinese_chess
