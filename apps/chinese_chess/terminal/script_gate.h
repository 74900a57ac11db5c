// ScriptGate: when the next command of a script may be run.
//
// A command waits for the answer to the one before; what is about a game waits for the
// game if one is to come (somebody has asked to be paired, or a game has been joined and
// not yet told), and a move or a `wait` for its turn. If no game is to come nothing waits
// for one: it is run, so that what cannot be done is refused rather than waited for.
//
//              Expect(id)            GameNamed()          GameTold()
//   nothing ---------------> pairing -----------> joining ----------> nothing
//      ^-- Refused(id), NotPaired() --'              |
//      '------------------ ExpectNothing() ----------'
//
// Threads: one at a time for each object.
//
//   ScriptGate gate;
//   const std::string id = gate.Ask("paired");    // Say it with this id.
//   gate.Expect(id);
//   gate.Hold(command, view);
//   ...
//   gate.Settle(message);
//   if (auto command = gate.Release(view)) Run(*command);
#ifndef APPS_CHINESE_CHESS_TERMINAL_SCRIPT_GATE_H_
#define APPS_CHINESE_CHESS_TERMINAL_SCRIPT_GATE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "apps/chinese_chess/client/json_object.h"
#include "apps/chinese_chess/terminal/command.h"

namespace chinese_chess {

class ScriptGate {
 public:
  // What there is at the moment.
  struct View {
    bool known = false;    // A game, all of it.
    bool over = false;     // It is.
    bool playing = false;  // Not watching.
    bool my_turn = false;  // And no move is on its way.
    size_t plies = 0;
    bool replay = false;  // A finished one is looked at.
  };

  // --- The answer to a question ---
  // A new id, by which it is known; `answer`: or by this type, if it has no id.
  std::string Ask(std::string_view answer = "");
  // A message may be the answer.
  void Settle(const JsonObject& message);
  // It comes no more.
  void GiveUp() { awaited_id_.clear(); }
  // Empty: none is awaited.
  const std::string& awaited_id() const { return awaited_id_; }
  // A game is to be told, which is asked for anew on each connection.
  bool awaits_game() const {
    return !awaited_id_.empty() && awaited_answer_ == "game";
  }

  // --- The game that is to come ---
  // Of a pairing, which was asked for by this id.
  void Expect(std::string_view id);
  // Whether it was expected.
  bool Refused(std::string_view id);
  void ExpectNothing() { expected_ = Expected::kNothing; }
  // None comes of what was asked, whatever that was.
  void NotPaired();
  // It has been joined; and now it has been told.
  void GameNamed() { expected_ = Expected::kGame; }
  void GameTold();

  // --- The command that waits ---
  // It is kept if it has to wait; else false.
  bool Hold(const Command& command, const View& view);
  // The one that was kept, if it need not wait any longer.
  std::optional<Command> Release(const View& view);
  bool open() const { return !held_.has_value() && awaited_id_.empty(); }

 private:
  enum class Expected : uint8_t { kNothing, kPairing, kGame };

  bool MustWait(const Command& command, const View& view) const;
  bool MustWaitFor(std::string_view what, const View& view) const;

  int64_t last_id_ = 0;
  std::string awaited_id_;
  std::string awaited_answer_;
  Expected expected_ = Expected::kNothing;
  std::string expected_id_;  // kPairing.
  std::optional<Command> held_;
  size_t plies_before_ = 0;  // When it was held.
};

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_TERMINAL_SCRIPT_GATE_H_
