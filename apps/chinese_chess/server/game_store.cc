#include "apps/chinese_chess/server/game_store.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/log/check.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "apps/chinese_chess/rules/move.h"
#include "apps/chinese_chess/server/time_control.h"
#include "kingpin/logger/klog.h"

namespace chinese_chess {
namespace {

constexpr int kSchemaVersion = 2;
// "KPxq", which tells our files from those of other programs; file(1) shows it.
constexpr int64_t kApplicationId = 0x4b507871;
constexpr const char* kSetApplicationId = "PRAGMA application_id = 0x4b507871";
// Before there was one: a new file, or one with our tables.
constexpr const char* kLooksLikeOurs =
    "SELECT count(*) = 0 OR sum(type = 'table' AND name IN ('meta', 'running',"
    " 'moves', 'finished')) = 4 FROM sqlite_master";

constexpr const char* kSchema = R"sql(
CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE running (
  id TEXT PRIMARY KEY, red_id TEXT NOT NULL, red TEXT NOT NULL,
  black_id TEXT NOT NULL, black TEXT NOT NULL, control TEXT NOT NULL,
  casual INTEGER NOT NULL, created_ms INTEGER NOT NULL,
  listed INTEGER NOT NULL DEFAULT 1) WITHOUT ROWID;
CREATE TABLE moves (
  game TEXT NOT NULL, ply INTEGER NOT NULL, move TEXT NOT NULL,
  at_ms INTEGER NOT NULL, charged_ms INTEGER NOT NULL, left_ms INTEGER NOT NULL,
  PRIMARY KEY (game, ply)) WITHOUT ROWID;
CREATE TABLE finished (
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, red_id TEXT NOT NULL,
  red TEXT NOT NULL, black_id TEXT NOT NULL, black TEXT NOT NULL,
  control TEXT NOT NULL, casual INTEGER NOT NULL, created_ms INTEGER NOT NULL,
  finished_ms INTEGER NOT NULL, result TEXT NOT NULL, reason TEXT NOT NULL,
  plies INTEGER NOT NULL, record TEXT NOT NULL,
  listed INTEGER NOT NULL DEFAULT 1);
CREATE INDEX finished_by_red ON finished (red_id, number);
CREATE INDEX finished_by_black ON finished (black_id, number);
CREATE INDEX finished_listed ON finished (number) WHERE listed;
PRAGMA user_version = 2;
)sql";

// From version 1.
constexpr const char* kUpgrade = R"sql(
ALTER TABLE running ADD COLUMN listed INTEGER NOT NULL DEFAULT 1;
ALTER TABLE finished ADD COLUMN listed INTEGER NOT NULL DEFAULT 1;
CREATE INDEX finished_listed ON finished (number) WHERE listed;
PRAGMA user_version = 2;
)sql";

// In the order of kStatements.
enum Sql : size_t {
  kGetMeta,
  kSetMeta,
  kBegin,
  kDropMoves,
  kAddMove,
  kEndRunning,
  kFinish,
  kRunning,
  kMoves,
  kRecord,
  kRecent,
  kRecentOf,
};
constexpr const char* kStatements[] = {
    "SELECT value FROM meta WHERE key = ?",
    "INSERT INTO meta VALUES (?, ?)"
    " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    // Whoever repeats a batch after an error finds what it has done already.
    "INSERT OR IGNORE INTO running VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "DELETE FROM moves WHERE game = ? AND ply >= ?",
    "INSERT INTO moves VALUES (?, ?, ?, ?, ?, ?)",
    "DELETE FROM running WHERE id = ?",
    "INSERT OR IGNORE INTO finished (id, red_id, red, black_id, black, control,"
    " casual, created_ms, finished_ms, result, reason, plies, record, listed)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "SELECT id, red_id, red, black_id, black, control, casual, created_ms,"
    " listed FROM running ORDER BY created_ms",
    "SELECT ply, move, at_ms, charged_ms, left_ms FROM moves"
    " WHERE game = ? ORDER BY ply",
    "SELECT record FROM finished WHERE id = ?",
    "SELECT id, red, black, control, result, reason, finished_ms, plies"
    " FROM finished WHERE listed ORDER BY number DESC LIMIT ?",
    // The last of either colour from its index, for one OR would sort all of a player's.
    "SELECT id, red, black, control, result, reason, finished_ms, plies"
    " FROM finished WHERE number IN"
    " (SELECT number FROM (SELECT number FROM finished WHERE red_id = ?1"
    "   ORDER BY number DESC LIMIT ?2)"
    "  UNION ALL"
    "  SELECT number FROM (SELECT number FROM finished WHERE black_id = ?1"
    "   ORDER BY number DESC LIMIT ?2))"
    " ORDER BY number DESC LIMIT ?2",
};

}  // namespace

// A prepared statement, used from Bind() to the last Step() by one at a time.
class GameStore::Statement {
 public:
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  // What is bound outlives the stepping.
  template <typename... Values>
  Statement& Bind(const Values&... values) {
    sqlite3_reset(statement_);
    int index = 0;
    (BindOne(++index, values), ...);
    return *this;
  }
  // SQLITE_ROW, SQLITE_DONE or an error.
  int Step() {
    const int code = sqlite3_step(statement_);
    if (code != SQLITE_ROW) sqlite3_reset(statement_);
    return code;
  }
  std::string Text(int column) const {
    const void* data = sqlite3_column_blob(statement_, column);
    const int size = sqlite3_column_bytes(statement_, column);
    return data == nullptr ? std::string()
                           : std::string(static_cast<const char*>(data),
                                         static_cast<size_t>(size));
  }
  int64_t Integer(int column) const {
    return sqlite3_column_int64(statement_, column);
  }
  absl::Duration Milliseconds(int column) const {
    return absl::Milliseconds(Integer(column));
  }
  // Nobody wants the rest.
  void Reset() { sqlite3_reset(statement_); }

 private:
  void BindOne(int index, const std::string& text) {
    BindOne(index, std::string_view(text));
  }
  void BindOne(int index, std::string_view text) {
    sqlite3_bind_text(statement_, index, text.data(),
                      static_cast<int>(text.size()), SQLITE_STATIC);
  }
  void BindOne(int index, int64_t value) {
    sqlite3_bind_int64(statement_, index, value);
  }
  void BindOne(int index, size_t value) {
    sqlite3_bind_int64(statement_, index, static_cast<int64_t>(value));
  }
  void BindOne(int index, bool value) {
    sqlite3_bind_int64(statement_, index, value ? 1 : 0);
  }
  void BindOne(int index, absl::Duration value) {
    sqlite3_bind_int64(statement_, index, absl::ToInt64Milliseconds(value));
  }
  void BindOne(int index, absl::Time value) {
    sqlite3_bind_int64(statement_, index, absl::ToUnixMillis(value));
  }

  sqlite3_stmt* const statement_;
};

namespace {

// The file has the server's key, so it is its owner's alone; SQLite gives its other files
// the same mode. Here is also where it shows whether it can be written at all, which
// SQLite would tell as "disk I/O error" of whatever comes first.
absl::Status CreatePrivate(const std::string& path) {
  if (path == ":memory:") return absl::OkStatus();
  const int fd =
      open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd >= 0) {
    close(fd);
    return absl::OkStatus();
  }
  // Not opened again: to close it would drop the locks of who has it open in this process.
  if (errno == EEXIST && access(path.c_str(), W_OK) == 0) {
    return absl::OkStatus();
  }
  return absl::ErrnoToStatus(errno, absl::StrCat(path, " cannot be written"));
}

void WarnIfOthersMayRead(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) == 0 && (info.st_mode & 077) != 0) {
    KLOG(WARNING) << path << " has the key that tokens are made with, and "
                  << "others than its owner may read it";
  }
}

}  // namespace

// --- Opening -----------------------------------------------------------------------------

absl::StatusOr<std::unique_ptr<GameStore>> GameStore::Open(
    const std::string& path) {
  if (absl::Status s = CreatePrivate(path); !s.ok()) return s;
  sqlite3* db = nullptr;
  // One thread at a time is our promise, so SQLite needs no locks of its own.
  constexpr int kFlags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  const int code = sqlite3_open_v2(path.c_str(), &db, kFlags, nullptr);
  std::unique_ptr<GameStore> store(new GameStore(db));
  if (code != SQLITE_OK) return store->Error(absl::StrCat("open ", path));
  sqlite3_busy_timeout(db, 2000);
  if (absl::Status status = store->Prepare(); !status.ok()) {
    if (sqlite3_errcode(db) == SQLITE_BUSY) {
      return absl::UnavailableError(absl::StrCat(
          path, " is in use by another program; a server needs it for itself"));
    }
    return absl::Status(status.code(),
                        absl::StrCat(path, ": ", status.message()));
  }
  WarnIfOthersMayRead(path);
  return store;
}

GameStore::GameStore(sqlite3* db) : db_(db) {}

GameStore::~GameStore() {
  statements_.clear();
  sqlite3_close(db_);
}

absl::Status GameStore::Error(std::string_view what) const {
  return absl::UnavailableError(
      absl::StrCat("SQLite, ", what, ": ", sqlite3_errmsg(db_)));
}

absl::Status GameStore::Run(const char* sql) {
  if (sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) == SQLITE_OK) {
    return absl::OkStatus();
  }
  return Error(sql);
}

absl::StatusOr<int64_t> GameStore::Number(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  sqlite3_prepare_v2(db_, sql, -1, &statement, nullptr);
  absl::StatusOr<int64_t> number;
  if (sqlite3_step(statement) == SQLITE_ROW) {
    number = sqlite3_column_int64(statement, 0);
  } else {
    number = Error(sql);
  }
  sqlite3_finalize(statement);
  return number;
}

absl::Status GameStore::CheckIsOurs() {
  const absl::StatusOr<int64_t> id = Number("PRAGMA application_id");
  if (!id.ok()) return id.status();
  if (*id == kApplicationId) return absl::OkStatus();
  const absl::StatusOr<int64_t> like_ours = Number(kLooksLikeOurs);
  if (!like_ours.ok()) return like_ours.status();
  if (*id == 0 && *like_ours == 1) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "is a database of another program; name a file that is not there yet");
}

absl::Status GameStore::BringUpToDate() {
  const absl::StatusOr<int64_t> found = Number("PRAGMA user_version");
  if (!found.ok()) return found.status();
  if (*found < 0 || *found > kSchemaVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat("has tables of version ", *found, ", this program makes ",
                     kSchemaVersion));
  }
  if (*found == kSchemaVersion) return absl::OkStatus();
  return Run(*found == 0 ? kSchema : kUpgrade);
}

absl::Status GameStore::Prepare() {
  // Exclusive: two servers on one file would take each other's games for theirs.
  absl::Status status = Run("PRAGMA locking_mode = EXCLUSIVE");
  // Before anything is written, as by the next line.
  if (status.ok()) status = CheckIsOurs();
  for (const char* sql : {"PRAGMA journal_mode = WAL",
                          "PRAGMA synchronous = FULL", "BEGIN EXCLUSIVE"}) {
    if (status.ok()) status = Run(sql);
  }
  if (status.ok()) status = BringUpToDate();
  if (status.ok()) status = Run(kSetApplicationId);
  if (status.ok()) status = Run("COMMIT");
  if (!status.ok()) return status;
  for (const char* sql : kStatements) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(db_, sql, -1, &statement, nullptr) != SQLITE_OK) {
      return Error(sql);
    }
    statements_.push_back(std::make_unique<Statement>(statement));
  }
  return absl::OkStatus();
}

// --- Changes -----------------------------------------------------------------------------

absl::Status GameStore::Apply(absl::Span<const StoreChange> changes) {
  if (absl::Status status = Run("BEGIN IMMEDIATE"); !status.ok()) return status;
  absl::Status status = ApplyAll(changes);
  if (status.ok()) status = Run("COMMIT");
  // A commit that failed may leave the transaction open or not.
  if (!status.ok() && sqlite3_get_autocommit(db_) == 0) {
    Run("ROLLBACK").IgnoreError();
  }
  return status;
}

absl::Status GameStore::ApplyAll(absl::Span<const StoreChange> changes) {
  for (const StoreChange& change : changes) {
    absl::Status status =
        std::visit([this](const auto& one) { return ApplyOne(one); }, change);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status GameStore::ApplyOne(const BeginGame& change) {
  const GameSetup& setup = change.setup;
  const std::string control = FormatTimeControl(setup.control);
  Statement& begin = statements_[kBegin]->Bind(
      setup.id, setup.players[0].id, setup.players[0].name, setup.players[1].id,
      setup.players[1].name, control, setup.casual, setup.created,
      setup.listed);
  return begin.Step() == SQLITE_DONE ? absl::OkStatus() : Error("begin game");
}

absl::Status GameStore::ApplyOne(const SetMoves& change) {
  Statement& drop =
      statements_[kDropMoves]->Bind(change.game, change.first_ply);
  if (drop.Step() != SQLITE_DONE) return Error("drop moves");
  size_t ply = change.first_ply;
  for (const TimedMove& move : change.moves) {
    const std::string iccs = FormatIccs(move.move);
    Statement& add = statements_[kAddMove]->Bind(
        change.game, ply++, iccs, move.at, move.charged, move.left);
    if (add.Step() != SQLITE_DONE) return Error("add move");
  }
  return absl::OkStatus();
}

absl::Status GameStore::ApplyOne(const FinishGame& change) {
  const GameSetup& setup = change.setup;
  if (statements_[kEndRunning]->Bind(setup.id).Step() != SQLITE_DONE) {
    return Error("end running game");
  }
  if (statements_[kDropMoves]->Bind(setup.id, int64_t{0}).Step() !=
      SQLITE_DONE) {
    return Error("drop moves");
  }
  if (change.record.empty()) return absl::OkStatus();
  const std::string control = FormatTimeControl(setup.control);
  Statement& finish = statements_[kFinish]->Bind(
      setup.id, setup.players[0].id, setup.players[0].name, setup.players[1].id,
      setup.players[1].name, control, setup.casual, setup.created,
      change.finished, ResultText(change.outcome.result),
      ReasonText(change.outcome.reason), change.plies, change.record,
      setup.listed);
  return finish.Step() == SQLITE_DONE ? absl::OkStatus() : Error("finish game");
}

// --- Reading -----------------------------------------------------------------------------

absl::StatusOr<std::vector<RunningGame>> GameStore::RunningGames() {
  std::vector<RunningGame> games;
  Statement& row = statements_[kRunning]->Bind();
  int code;
  while ((code = row.Step()) == SQLITE_ROW) {
    const absl::StatusOr<TimeControl> control = ParseTimeControl(row.Text(5));
    if (!control.ok()) {
      KLOG(ERROR) << "game " << row.Text(0)
                  << " cannot go on: " << control.status().message();
      continue;
    }
    games.push_back({.setup = {.id = row.Text(0),
                               .players = {Player{row.Text(1), row.Text(2)},
                                           Player{row.Text(3), row.Text(4)}},
                               .control = *control,
                               .casual = row.Integer(6) != 0,
                               .listed = row.Integer(8) != 0,
                               .created = absl::FromUnixMillis(row.Integer(7))},
                     .moves = {}});
  }
  if (code != SQLITE_DONE) return Error("read running games");
  for (RunningGame& game : games) {
    if (absl::Status status = ReadMoves(&game); !status.ok()) return status;
  }
  return games;
}

absl::Status GameStore::ReadMoves(RunningGame* game) {
  Statement& row = statements_[kMoves]->Bind(game->setup.id);
  int code;
  while ((code = row.Step()) == SQLITE_ROW) {
    const std::optional<Move> move = ParseIccs(row.Text(1));
    // They are written in order; a hole would be a fault of ours. The game goes on from
    // before it, and what is behind it goes with its next move.
    if (!move.has_value() ||
        row.Integer(0) != static_cast<int64_t>(game->moves.size())) {
      KLOG(ERROR) << "game " << game->setup.id << ": move " << row.Integer(0)
                  << " is out of place";
      row.Reset();
      return absl::OkStatus();
    }
    game->moves.push_back({.move = *move,
                           .at = row.Milliseconds(2),
                           .charged = row.Milliseconds(3),
                           .left = row.Milliseconds(4)});
  }
  return code == SQLITE_DONE ? absl::OkStatus() : Error("read moves");
}

absl::StatusOr<std::optional<std::string>> GameStore::FindRecord(
    std::string_view id) {
  Statement& row = statements_[kRecord]->Bind(id);
  const int code = row.Step();
  if (code == SQLITE_DONE) return std::optional<std::string>();
  if (code != SQLITE_ROW) return Error("read record");
  std::string record = row.Text(0);
  row.Reset();
  return std::optional<std::string>(std::move(record));
}

absl::StatusOr<std::vector<FinishedGame>> GameStore::RecentGames(
    std::string_view player_id, size_t most) {
  std::vector<FinishedGame> games;
  Statement& row = player_id.empty()
                       ? statements_[kRecent]->Bind(most)
                       : statements_[kRecentOf]->Bind(player_id, most);
  int code;
  while ((code = row.Step()) == SQLITE_ROW) {
    games.push_back({.id = row.Text(0),
                     .red = row.Text(1),
                     .black = row.Text(2),
                     .control = row.Text(3),
                     .result = row.Text(4),
                     .reason = row.Text(5),
                     .finished_ms = row.Integer(6),
                     .plies = static_cast<size_t>(row.Integer(7))});
  }
  if (code != SQLITE_DONE) return Error("read finished games");
  return games;
}

absl::StatusOr<std::string> GameStore::GetOrMakeMeta(std::string_view key,
                                                     std::string (*make)()) {
  Statement& get = statements_[kGetMeta]->Bind(key);
  const int code = get.Step();
  if (code == SQLITE_ROW) {
    std::string value = get.Text(0);
    get.Reset();
    return value;
  }
  if (code != SQLITE_DONE) return Error("read meta");
  std::string value = make();
  if (statements_[kSetMeta]->Bind(key, value).Step() != SQLITE_DONE) {
    return Error("write meta");
  }
  return value;
}

absl::StatusOr<int64_t> GameStore::CountStart() {
  absl::StatusOr<std::string> before =
      GetOrMakeMeta("starts", [] { return std::string("0"); });
  if (!before.ok()) return before.status();
  int64_t starts;
  if (!absl::SimpleAtoi(*before, &starts)) starts = 0;
  const std::string now = absl::StrCat(++starts);
  if (statements_[kSetMeta]->Bind(std::string_view("starts"), now).Step() !=
      SQLITE_DONE) {
    return Error("write meta");
  }
  return starts;
}

}  // namespace chinese_chess
