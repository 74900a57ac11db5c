// A server that goes on with games, while one of its threads has not begun yet.
#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "apps/chinese_chess/server/front_door.h"
#include "apps/chinese_chess/server/game_server_shared.h"
#include "apps/chinese_chess/server/game_store.h"
#include "apps/chinese_chess/server/identity.h"
#include "apps/chinese_chess/server/live_game.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/pool/epoll_tp_server.h"
#include "tests/apps/chinese_chess/server/test_player.h"

namespace chinese_chess {
namespace {

using testing::HasSubstr;

// So many that both threads have some, whatever the seed of their hash.
constexpr int kGames = 40;

std::vector<RunningGame> GamesOf(const Guest& red) {
  std::vector<RunningGame> games;
  for (int i = 0; i < kGames; ++i) {
    games.push_back(
        {.setup = {.id = absl::StrCat("game", i),
                   .players = {Player{red.id, "Ann"}, Player{"other", "Bob"}},
                   .control = {.base = absl::Minutes(5)},
                   .created = absl::UnixEpoch()},
         .moves = {}});
  }
  return games;
}

struct SharedOfTest : GameServerShared {
  using GameServerShared::GameServerShared;
  std::string token;
  std::string welcome;  // Written before Start() returns.
};

// Its thread 1 is late: a player comes before it has restored anything, and so before it
// could have told thread 0.
class LateDoor : public FrontDoor {
 public:
  LateDoor(SharedOfTest* shared, int thread)
      : FrontDoor(shared, thread), shared_(*shared) {}

  absl::Status Init() override {
    if (thread() == 1) {
      TestPlayer player(shared_.port());
      player.Hello("", shared_.token);
      shared_.welcome = player.welcome();
    }
    return FrontDoor::Init();
  }

 private:
  SharedOfTest& shared_;
};

TEST(RestoreTest, TheFirstWelcomeNamesTheGamesOfThreadsThatAreLate) {
  const Identity identity(Identity::NewKey());
  const Guest player = identity.NewGuest();
  SharedOfTest shared({.port = 0, .drain_timeout = absl::Seconds(2)}, {},
                      {.identity = &identity}, GamesOf(player), 1000);
  shared.token = player.token;
  kingpin::EpollTPServer<LateDoor> server(
      &shared, {.threads = 2, .handle_signals = false});
  ASSERT_TRUE(server.Start().ok());
  for (int i = 0; i < kGames; ++i) {
    EXPECT_THAT(shared.welcome, HasSubstr(absl::StrCat("\"game", i, "\"")));
  }
  server.Shutdown(kingpin::RunPhase::kStopping);
  EXPECT_TRUE(server.Wait().ok());
}

}  // namespace
}  // namespace chinese_chess
