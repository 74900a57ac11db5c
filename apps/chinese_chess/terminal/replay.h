// Replay: a finished game that is looked at, move by move.
//
// It is shown until Hide(); the record stays.
//
// Threads: one at a time for each object.
//
//   Replay replay;
//   if (absl::Status status = replay.Load(message); !status.ok()) return status;
//   replay.Step(Command::kNext);
//   replay.Line(Notation::kWxf);   // "replay 1. C2=5"
#ifndef APPS_CHINESE_CHESS_TERMINAL_REPLAY_H_
#define APPS_CHINESE_CHESS_TERMINAL_REPLAY_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "apps/chinese_chess/client/json_object.h"
#include "apps/chinese_chess/rules/game.h"
#include "apps/chinese_chess/rules/game_record.h"
#include "apps/chinese_chess/rules/notation.h"
#include "apps/chinese_chess/terminal/command.h"

namespace chinese_chess {

class Replay {
 public:
  // A `record` of the server's; an error changes nothing.
  absl::Status Load(const JsonObject& message);
  void Hide() { shown_ = false; }

  bool loaded() const { return loaded_; }
  bool shown() const { return shown_; }
  // All of its moves, as far as our rules let it go, and how many of them are shown.
  const Game& game() const { return game_; }
  size_t ply() const { return ply_; }

  // kFirst, kPrevious, kNext or kLast.
  void Step(Command::Verb verb);

  // Whose game, and how it ended; where it is.
  std::string Headline() const;
  std::string Line(Notation notation) const;
  const GameRecord& record() const { return record_; }

 private:
  bool loaded_ = false;
  bool shown_ = false;
  std::string id_;
  GameRecord record_;
  Game game_;
  size_t ply_ = 0;
};

// In the notation of that name, as PGN; or "json".
std::string ExportRecord(const GameRecord& record, std::string_view format);

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_TERMINAL_REPLAY_H_
