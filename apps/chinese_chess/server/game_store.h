// What outlives the process, in one SQLite file: games that are being played, move by
// move, finished games, and the server's key.
//
//   meta      key, value                    "identity_key", "starts"
//   running   a row for each game that is not over
//   moves     a row for each of their moves, with the clock
//   finished  a row for each game that is, with the whole record as JSON
//
// A transaction holds a batch of changes, all or none. The file is written in WAL mode
// with synchronous=FULL: what Apply() has returned for survives kill -9 and a power cut.
//
// It blocks on the disk, so it is not for loop threads: Archive owns it on a thread.
//
// Threads: one at a time.
//
//   absl::StatusOr<std::unique_ptr<GameStore>> store = GameStore::Open("games.db");
//   if (!store.ok()) return store.status();
//   for (RunningGame& game : *(*store)->RunningGames()) Resume(game);
#ifndef APPS_CHINESE_CHESS_SERVER_GAME_STORE_H_
#define APPS_CHINESE_CHESS_SERVER_GAME_STORE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "apps/chinese_chess/rules/outcome.h"
#include "apps/chinese_chess/server/live_game.h"

struct sqlite3;

namespace chinese_chess {

// --- Changes ---------------------------------------------------------------------------

struct BeginGame {
  GameSetup setup;
};
// From `first_ply` on the moves are these; what was there is replaced.
struct SetMoves {
  std::string game;
  size_t first_ply = 0;
  std::vector<TimedMove> moves;
};
// Out of the running games, and, unless `record` is empty, into the finished ones.
struct FinishGame {
  GameSetup setup;
  Outcome outcome;
  absl::Time finished;
  size_t plies = 0;
  std::string record;  // JSON.
};
using StoreChange = std::variant<BeginGame, SetMoves, FinishGame>;

// --- What there is -----------------------------------------------------------------------

struct RunningGame {
  GameSetup setup;
  std::vector<TimedMove> moves;
};

struct FinishedGame {
  std::string id;
  std::string red;
  std::string black;
  std::string control;
  std::string result;
  std::string reason;
  int64_t finished_ms = 0;  // Since 1970.
  size_t plies = 0;
};

class GameStore {
 public:
  // Creates the file, for its owner alone, or reads the one that is there; a database of
  // another program is refused and left as it is. ":memory:" keeps nothing.
  static absl::StatusOr<std::unique_ptr<GameStore>> Open(
      const std::string& path);
  ~GameStore();
  GameStore(const GameStore&) = delete;
  GameStore& operator=(const GameStore&) = delete;

  // All of them, or after an error none.
  absl::Status Apply(absl::Span<const StoreChange> changes);

  // What is there of it that makes sense: a game whose row cannot be read is left out,
  // moves from the first that is out of place on, too. The log says so.
  absl::StatusOr<std::vector<RunningGame>> RunningGames();
  // The record as JSON; nullopt: there is no such game.
  absl::StatusOr<std::optional<std::string>> FindRecord(std::string_view id);
  // Those of one player, or with an empty id all that are listed; the latest first.
  absl::StatusOr<std::vector<FinishedGame>> RecentGames(
      std::string_view player_id, size_t most);

  // The server's own: `make` is asked for a value if there is none yet.
  absl::StatusOr<std::string> GetOrMakeMeta(std::string_view key,
                                            std::string (*make)());
  // How many times the file has been opened by this, this time included.
  absl::StatusOr<int64_t> CountStart();

 private:
  class Statement;

  explicit GameStore(sqlite3* db);
  absl::Status Prepare();
  absl::Status CheckIsOurs();
  absl::Status BringUpToDate();
  absl::Status Run(const char* sql);
  // The first value of the first row.
  absl::StatusOr<int64_t> Number(const char* sql);
  absl::Status Error(std::string_view what) const;
  absl::Status ApplyAll(absl::Span<const StoreChange> changes);
  absl::Status ApplyOne(const BeginGame& change);
  absl::Status ApplyOne(const SetMoves& change);
  absl::Status ApplyOne(const FinishGame& change);
  absl::Status ReadMoves(RunningGame* game);

  sqlite3* const db_;
  // Prepared once; finalized before the database is closed.
  std::vector<std::unique_ptr<Statement>> statements_;
};

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_SERVER_GAME_STORE_H_
