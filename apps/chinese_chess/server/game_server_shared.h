// What the threads of the game server share: nothing of a game. The identity is
// immutable, the archive has a queue, and GameThreads are reached through their
// mailboxes only.
//
// A game belongs to one thread, Owner() of its id; the lobby belongs to thread 0; a
// session belongs to the thread of its connection.
//
// Threads: thread-safe after Open().
// Lifetime: outlives the threads, the archive and the bots, whose last words it hears; the
// identity and the TLS outlive it.
//
//   shared.Tell(shared.Owner(game), [command](GameThread& thread) {
//     thread.rooms().Handle(command);
//   });
#ifndef APPS_CHINESE_CHESS_SERVER_GAME_SERVER_SHARED_H_
#define APPS_CHINESE_CHESS_SERVER_GAME_SERVER_SHARED_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/hash/hash.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "apps/chinese_chess/bot/bot_pool.h"
#include "apps/chinese_chess/server/archive.h"
#include "apps/chinese_chess/server/game_counters.h"
#include "apps/chinese_chess/server/game_store.h"
#include "apps/chinese_chess/server/identity.h"
#include "apps/chinese_chess/server/live_game.h"
#include "kingpin/pool/thread_shared_data_for_server.h"
#include "kingpin/tls/tls_server.h"

namespace chinese_chess {

class GameThread;

struct GameServerOptions {
  LiveGameOptions game;
  // Events of a game that are kept for those who come back.
  size_t history = 32;
  // A game that no person plays any more ends after.
  absl::Duration deserted = absl::Minutes(5);
  // How long a game that is over stays for a rematch, if anybody does.
  absl::Duration after_game = absl::Minutes(5);
  // How long a private room waits for its owner, who has lost the connection.
  absl::Duration keep_room = absl::Minutes(10);
  // The server asks a session whether it is still there, and gives it up after.
  absl::Duration ping_every = absl::Seconds(15);
  absl::Duration silent = absl::Seconds(40);
  // Messages of a session in 20 seconds. Who sends more is closed.
  int credits = 100;
  // Games that a session may follow at once.
  size_t max_followed = 8;
  // Games that a player may be in at once.
  size_t max_games = 8;
  // Spectators see what was so long before, until the game is over.
  absl::Duration spectator_delay = absl::ZeroDuration();
  // Between two messages about the lobby, or about who watches a game.
  absl::Duration news_every = absl::Milliseconds(700);
  // Of other pages that may connect: "https://play.example.com".
  std::vector<std::string> origins = {};
};

// What the server uses and others own.
struct GameServerParts {
  const Identity* identity = nullptr;
  Archive* archive = nullptr;         // Null: nothing is kept.
  bot::BotPool* bots = nullptr;       // Null: no computer plays.
  kingpin::TlsServer* tls = nullptr;  // Null: in the plain.
};

class GameServerShared : public kingpin::ThreadSharedDataForServer {
 public:
  using Errand = absl::AnyInvocable<void(GameThread&) &&>;

  // `running` are the games to go on with, and `first_version` is above all versions of
  // earlier runs.
  GameServerShared(kingpin::ServerOptions server, GameServerOptions options,
                   const GameServerParts& parts,
                   std::vector<RunningGame> running, uint64_t first_version);

  absl::Status Open(int threads) override;

  static constexpr int kLobbyThread = 0;
  int Owner(std::string_view game) const {
    return static_cast<int>(absl::HashOf(game) %
                            static_cast<size_t>(threads()));
  }
  // Runs `errand` on that thread, after those that the calling thread has sent it
  // earlier; at once if it is the calling thread's own. False: its mailbox is full.
  bool Tell(int thread, Errand errand);

  // By the threads: each says where it is, and where it was.
  void Register(int thread, GameThread* game_thread) {
    game_threads_[static_cast<size_t>(thread)] = game_thread;
  }

  const GameServerOptions& game_options() const { return options_; }
  const Identity& identity() const { return *parts_.identity; }
  // Null as in GameServerParts.
  Archive* archive() const { return parts_.archive; }
  bot::BotPool* bots() const { return parts_.bots; }
  kingpin::TlsServer* tls() const { return parts_.tls; }
  uint64_t first_version() const { return first_version_; }
  const std::vector<RunningGame>& running() const { return running_; }

  GameCounters& counters(int thread) {
    return *counters_[static_cast<size_t>(thread)];
  }
  // Who is here, on all threads.
  uint64_t sessions() const;
  // All threads' in sum, the archive's, and how the loops do: one JSON object.
  std::string StatsJson() const;

 private:
  const GameServerOptions options_;
  const GameServerParts parts_;
  const std::vector<RunningGame> running_;
  const uint64_t first_version_;
  // Constant after Open() but for the entries, which are their threads' own.
  std::vector<GameThread*> game_threads_;
  std::vector<std::unique_ptr<GameCounters>> counters_;
};

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_SERVER_GAME_SERVER_SHARED_H_
