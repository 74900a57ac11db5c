// What a GUI says to an engine: a line of UCI, or of UCCI, its Chinese relative.
//
// Moves are a file and a rank twice. UCI counts ranks from 1 to 10 (h3e3), as other
// engines do for this game; UCCI from 0 to 9 (h2e2), as people do. Unknown commands and
// words are refused: the error says what was wrong, for the GUI's log.
//
// Pure functions, safe from any thread.
//
//   absl::StatusOr<EngineCommand> command =
//       ParseEngineCommand("go depth 8", Dialect::kUci);
//   if (!command.ok()) return Complain(command.status());
//   if (const auto* go = std::get_if<GoCommand>(&*command)) Search(go->depth);
//
// Source: the UCI specification of April 2006; UCCI 3.0 of xqbase.
#ifndef APPS_CHINESE_CHESS_BOT_ENGINE_COMMAND_H_
#define APPS_CHINESE_CHESS_BOT_ENGINE_COMMAND_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "apps/chinese_chess/rules/move.h"

namespace chinese_chess::bot {

enum class Dialect : uint8_t { kUci, kUcci };

struct HelloCommand {
  Dialect dialect;
};
struct SimpleCommand {
  enum class Kind : uint8_t {
    kNothing,  // An empty line.
    kIsReady,
    kNewGame,
    kStop,
    kPonderHit,
    kShow,
    kQuit,
  };
  Kind kind;
};
struct SetOptionCommand {
  std::string name;
  std::string value;  // May be empty.
};
struct PositionCommand {
  std::string fen;  // Empty: the start.
  std::vector<Move> moves;
};
struct BanMovesCommand {
  std::vector<Move> moves;
};
struct GoCommand {
  std::optional<int> depth;  // "mate" is one, too.
  std::optional<uint64_t> nodes;
  std::optional<absl::Duration> move_time;
  // Red's and Black's in UCI. In UCCI of the side to move: both have the same.
  std::array<std::optional<absl::Duration>, 2> time;
  std::array<absl::Duration, 2> increment = {absl::ZeroDuration(),
                                             absl::ZeroDuration()};
  std::optional<int> moves_to_go;
  bool infinite = false;
  bool ponder = false;  // Until "ponderhit" or "stop".
  // Unless empty, the moves to choose from ("searchmoves").
  std::vector<Move> only;
};

using EngineCommand =
    std::variant<HelloCommand, SimpleCommand, SetOptionCommand, PositionCommand,
                 BanMovesCommand, GoCommand>;

// A line without its end; blanks at either end do not matter.
absl::StatusOr<EngineCommand> ParseEngineCommand(std::string_view line,
                                                 Dialect dialect);

std::string FormatEngineMove(Move move, Dialect dialect);
std::optional<Move> ParseEngineMove(std::string_view text, Dialect dialect);

}  // namespace chinese_chess::bot

#endif  // APPS_CHINESE_CHESS_BOT_ENGINE_COMMAND_H_
