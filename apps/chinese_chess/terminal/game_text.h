// What the terminal client says of a game, in words that programs may read as well: one
// line each, without a line feed.
//
// Pure functions, safe from any thread.
//
//   OutcomeWords(game.outcome());     // "1-0 checkmate"
//   ClockText(absl::Seconds(297));    // "4:57"
//   ClockLine(game, now);             // "clock red 4:57 black 5:00, red to move"
#ifndef APPS_CHINESE_CHESS_TERMINAL_GAME_TEXT_H_
#define APPS_CHINESE_CHESS_TERMINAL_GAME_TEXT_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "apps/chinese_chess/client/game_model.h"
#include "apps/chinese_chess/client/json_object.h"
#include "apps/chinese_chess/rules/game.h"
#include "apps/chinese_chess/rules/notation.h"
#include "apps/chinese_chess/rules/outcome.h"
#include "apps/chinese_chess/rules/piece.h"
#include "apps/chinese_chess/rules/position.h"
#include "kingpin/sys/clock.h"

namespace chinese_chess {

// "red", "black".
std::string_view ColorWord(Color color);
std::string OutcomeWords(const Outcome& outcome);
// "4:57"; "0:09.5" below twenty seconds.
std::string ClockText(absl::Duration left);
// "12.": of the pair; Black's is the same with dots.
std::string MoveNumber(size_t ply);
// "iccs", "wxf", "chinese".
std::optional<Notation> ParseNotationName(std::string_view name);

Position PositionAt(const Game& game, size_t ply);
// The move of a ply of the game's.
std::string MoveText(const Game& game, size_t ply, Notation notation);
// All of them, a line each pair.
std::vector<std::string> MoveLines(const Game& game, Notation notation);

// Who plays whom, how, and how far they are.
std::string GameLine(const GameModel& game);
std::string ClockLine(const GameModel& game, kingpin::MonotonicTime now);
// What `event` has changed; empty: nothing that anybody sees.
std::string ChangeLine(GameModel::Change change, const JsonObject& event,
                       const GameModel& game, Notation notation);

// `line` as a terminal may see it: what others have written obeys nobody.
std::string Shown(std::string_view line);

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_TERMINAL_GAME_TEXT_H_
