// What a user of the terminal client types.
//
// The first word says what to do; a line that begins with none of the words is a move, in
// any notation. CommandHelp() is the manual.
//
// Pure, safe from any thread.
//
//   absl::StatusOr<Command> command = ParseCommand("chat good game");
//   if (!command.ok()) return command.status();
//   command->verb;       // Command::kChat
//   command->argument;   // "good game"
#ifndef APPS_CHINESE_CHESS_TERMINAL_COMMAND_H_
#define APPS_CHINESE_CHESS_TERMINAL_COMMAND_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "apps/chinese_chess/rules/piece.h"
#include "apps/chinese_chess/server/time_control.h"

namespace chinese_chess {

struct Command {
  enum Verb : uint8_t {
    kNothing,  // An empty line or a comment.
    kHelp,
    kName,
    kPool,
    kSeek,
    kLobby,
    kAccept,
    kRoom,
    kJoin,
    kBot,
    kCancel,
    kGames,
    kWatch,
    kLeave,
    kMove,
    kResign,
    kDraw,
    kTakeback,
    kRematch,
    kDecline,
    kAbort,
    kClaim,
    kChat,
    kBoard,
    kMoves,
    kClock,
    kFlip,
    kLetters,
    kNotation,
    kHistory,
    kReplay,
    kFirst,
    kPrevious,
    kNext,
    kLast,
    kExport,
    kLive,
    kWait,
    kQuit,
  };

  Verb verb = kNothing;
  // Behind the verb, without blanks around it. What the members below have said is not
  // looked at again.
  std::string argument;
  // Of those that begin a game.
  std::string control = "10+5";
  bool casual = false;
  std::optional<Color> color;
  int level = 2;
};

// The error says what would be right.
absl::StatusOr<Command> ParseCommand(std::string_view line);

std::string_view CommandHelp();

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_TERMINAL_COMMAND_H_
