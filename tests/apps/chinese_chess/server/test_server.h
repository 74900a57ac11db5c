// The whole server in the process of a test, on a free port, with an archive in memory or
// in a file.
//
//   TestServer server({.credits = 20});
//   TestPlayer player(server.port());
#ifndef TESTS_APPS_CHINESE_CHESS_SERVER_TEST_SERVER_H_
#define TESTS_APPS_CHINESE_CHESS_SERVER_TEST_SERVER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/time/time.h"
#include "apps/chinese_chess/bot/bot_pool.h"
#include "apps/chinese_chess/server/archive.h"
#include "apps/chinese_chess/server/front_door.h"
#include "apps/chinese_chess/server/game_server_shared.h"
#include "apps/chinese_chess/server/game_store.h"
#include "apps/chinese_chess/server/identity.h"
#include "gtest/gtest.h"
#include "kingpin/pool/epoll_tp_server.h"
#include "kingpin/sys/clock.h"
#include "tests/apps/chinese_chess/server/test_player.h"

namespace chinese_chess {

class TestServer {
 public:
  explicit TestServer(GameServerOptions options = {}, int threads = 2,
                      const std::string& db = ":memory:",
                      const kingpin::Clock* clock = &kingpin::Clock::Real(),
                      const ArchiveOptions& archive = {})
      : identity_(Identity::NewKey()),
        archive_(std::make_unique<Archive>(*GameStore::Open(db), archive)),
        shared_({.port = 0, .drain_timeout = absl::Seconds(2), .clock = clock},
                std::move(options), {&identity_, archive_.get(), bots_.get()},
                {}, 1000),
        server_(&shared_, {.threads = threads, .handle_signals = false}) {
    EXPECT_TRUE(server_.Start().ok());
  }
  ~TestServer() {
    server_.Shutdown(kingpin::RunPhase::kStopping);
    EXPECT_TRUE(server_.Wait().ok());
    archive_.reset();
    bots_.reset();
  }

  // As SIGTERM does.
  void Drain() { server_.Shutdown(kingpin::RunPhase::kDraining); }

  uint16_t port() const { return shared_.port(); }
  Archive& archive() { return *archive_; }
  GameServerShared& shared() { return shared_; }
  std::string Stat(std::string_view name) {
    return Field(shared_.StatsJson(), name);
  }

 private:
  const Identity identity_;
  std::unique_ptr<Archive> archive_;
  std::unique_ptr<bot::BotPool> bots_ =
      std::make_unique<bot::BotPool>(bot::BotPoolOptions{.threads = 1});
  GameServerShared shared_;
  kingpin::EpollTPServer<FrontDoor> server_;
};

}  // namespace chinese_chess

#endif  // TESTS_APPS_CHINESE_CHESS_SERVER_TEST_SERVER_H_
