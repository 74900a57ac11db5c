#include "apps/chinese_chess/terminal/script_gate.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace chinese_chess {

std::string ScriptGate::Ask(std::string_view answer) {
  awaited_id_ = absl::StrCat(++last_id_);
  awaited_answer_ = answer;
  return awaited_id_;
}

void ScriptGate::Settle(const JsonObject& message) {
  if (awaited_id_.empty()) return;
  const std::string type = message.Text("t");
  // One that is busy, or has not heard the hello yet, is asked again.
  const std::string code = message.Text("code");
  const bool no_game = awaits_game() && type == "error" &&
                       message.Text("re") == "join" && code != "busy" &&
                       code != "hello_first";
  if (message.Text("id") == awaited_id_ || no_game ||
      (!awaited_answer_.empty() && type == awaited_answer_)) {
    awaited_id_.clear();
  }
}

void ScriptGate::Expect(std::string_view id) {
  expected_ = Expected::kPairing;
  expected_id_ = id;
}

bool ScriptGate::Refused(std::string_view id) {
  if (expected_ != Expected::kPairing || id != expected_id_) return false;
  ExpectNothing();
  return true;
}

void ScriptGate::NotPaired() {
  if (awaited_answer_ == "paired") GiveUp();
  if (expected_ == Expected::kPairing) ExpectNothing();
}

void ScriptGate::GameTold() {
  if (expected_ == Expected::kGame) ExpectNothing();
}

bool ScriptGate::Hold(const Command& command, const View& view) {
  plies_before_ = view.plies;
  if (!MustWait(command, view)) return false;
  held_ = command;
  return true;
}

std::optional<Command> ScriptGate::Release(const View& view) {
  if (!held_.has_value() || !awaited_id_.empty() || MustWait(*held_, view)) {
    return std::nullopt;
  }
  return std::exchange(held_, std::nullopt);
}

bool ScriptGate::MustWait(const Command& command, const View& view) const {
  const bool live = view.known && !view.over;
  const bool coming = expected_ != Expected::kNothing;
  switch (command.verb) {
    case Command::kMove:
      return live ? view.playing && !view.my_turn : coming;
    case Command::kResign:
    case Command::kDraw:
    case Command::kTakeback:
    case Command::kDecline:
    case Command::kAbort:
    case Command::kClaim:
      return coming && !live;
    case Command::kBoard:
    case Command::kMoves:
      return coming && !view.known && !view.replay;
    case Command::kChat:
    case Command::kClock:
      return coming && !view.known;
    case Command::kRematch:
      return live || (coming && !view.known);
    case Command::kWait:
      return MustWaitFor(command.argument, view);
    default:
      return false;
  }
}

bool ScriptGate::MustWaitFor(std::string_view what, const View& view) const {
  const bool coming = expected_ != Expected::kNothing;
  if (what == "game" || !view.known || view.over) return coming;
  if (what == "over") return true;
  if (what == "turn") return !view.my_turn;
  return view.plies == plies_before_;
}

}  // namespace chinese_chess
