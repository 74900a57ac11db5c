// A game as it is kept: who, when, the moves with their times, how it ended.
//
// It knows nothing of how it is written; pgn.h and record_json.h do. What its players
// played is legal, but where it ended is their affair: records of other rules of
// repetition are records, too.
//
// A value; one thread at a time.
//
//   GameRecord record;
//   record.SetTag("Red", "Zhang");
//   record.moves.push_back({.move = *ParseIccs("h2e2"), .charged_ms = 1250});
//   record.outcome = WonBy(Color::kRed, Reason::kResignation);
#ifndef APPS_CHINESE_CHESS_RULES_GAME_RECORD_H_
#define APPS_CHINESE_CHESS_RULES_GAME_RECORD_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "apps/chinese_chess/rules/game.h"
#include "apps/chinese_chess/rules/move.h"
#include "apps/chinese_chess/rules/outcome.h"
#include "apps/chinese_chess/rules/position.h"

namespace chinese_chess {

// Those who read records refuse longer ones.
inline constexpr size_t kMaxRecordBytes = 1 << 20;
inline constexpr size_t kMaxRecordedPlies = 4096;
inline constexpr size_t kMaxRecordTags = 256;
// A time that is longer, some three centuries, is none.
inline constexpr int64_t kMaxRecordedMs = 9'999'999'999'999;

struct RecordedMove {
  Move move;
  // On the server's clock, since the game began; what was taken off the player's.
  std::optional<int64_t> at_ms;
  std::optional<int64_t> charged_ms;
  std::string comment;  // UTF-8.

  friend bool operator==(const RecordedMove&, const RecordedMove&) = default;
};

struct GameRecord {
  // Event, Site, Date (yyyy.mm.dd), Round, RedTeam, Red, BlackTeam, Black, ECCO,
  // Opening, Variation, TimeControl, Rules, or any other name of letters, digits and
  // underscores; values are UTF-8. Kept in order. Game, Result, Termination, Format
  // and FEN are none of them: they are said by the fields below.
  std::vector<std::pair<std::string, std::string>> tags;
  Position start;
  std::string comment;  // Before the first move.
  std::vector<RecordedMove> moves;
  Outcome outcome;

  // Empty if there is none of that name.
  std::string_view Tag(std::string_view name) const;
  // In place of the earlier value, or after the other tags.
  void SetTag(std::string_view name, std::string_view value);

  friend bool operator==(const GameRecord& a, const GameRecord& b) {
    return a.tags == b.tags && a.start == b.start &&
           a.start.quiet_plies() == b.start.quiet_plies() &&
           a.start.move_number() == b.start.move_number() &&
           a.comment == b.comment && a.moves == b.moves &&
           a.outcome == b.outcome;
  }
};

// Is it one of the names that GameRecord's fields stand for?
bool IsFieldTag(std::string_view name);
// Letters, digits and underscores, 1 to 64 of them.
bool IsTagName(std::string_view name);

// The moves and the outcome of a game, with our rules' name as its tag.
GameRecord RecordGame(const Game& game);

// Plays a record again, to its end or as far as our rules let it go.
Game ReplayGame(const GameRecord& record);

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_RULES_GAME_RECORD_H_
