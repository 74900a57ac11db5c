#include "apps/chinese_chess/terminal/game_text.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "apps/chinese_chess/rules/invisible.h"
#include "apps/chinese_chess/rules/move.h"
#include "apps/chinese_chess/rules/utf8.h"

namespace chinese_chess {
namespace {

using kingpin::MonotonicTime;
using Change = GameModel::Change;

std::string MoveLine(const JsonObject& event, const Game& game,
                     Notation notation) {
  const size_t ply = game.size() - 1;
  const std::string warning = event.Text("warning");
  return absl::StrCat(
      "move ", ply, " ", event.Text("by"), " ", FormatIccs(game.move(ply)), " ",
      MoveText(game, ply, notation), game.gave_check(ply) ? " check" : "",
      warning.empty() ? ""
                      : absl::StrCat(" warning: once more ends it, ", warning,
                                     " ", event.Text("offender")));
}

std::string PresenceLine(const JsonObject& event, const GameModel& game) {
  const std::string by = event.Text("by");
  if (event.Flag("online")) return absl::StrCat("presence ", by, " is here");
  const int64_t seconds = event.Integer("grace_ms").value_or(0) / 1000;
  return absl::StrCat(
      "presence ", by, " is gone",
      game.outcome().over() ? "" : absl::StrCat("; claim in ", seconds, " s"));
}

std::string TimeText(const GameModel& game, Color color, MonotonicTime now) {
  const std::string left = ClockText(game.Left(color, now));
  const std::optional<absl::Duration> move = game.LeftForMove(color, now);
  if (!move.has_value()) return left;
  return absl::StrCat(left, " (", ClockText(*move), " for the move)");
}

}  // namespace

std::string_view ColorWord(Color color) {
  return color == Color::kRed ? "red" : "black";
}

std::string OutcomeWords(const Outcome& outcome) {
  return absl::StrCat(ResultText(outcome.result), " ",
                      ReasonText(outcome.reason));
}

std::string ClockText(absl::Duration left) {
  const int64_t tenths = left / absl::Milliseconds(100);
  if (tenths >= 200) {
    return absl::StrFormat("%d:%02d", tenths / 600, tenths / 10 % 60);
  }
  return absl::StrFormat("0:%02d.%d", tenths / 10, tenths % 10);
}

std::string MoveNumber(size_t ply) {
  return absl::StrCat(ply / 2 + 1, ply % 2 == 0 ? "." : "...");
}

std::optional<Notation> ParseNotationName(std::string_view name) {
  if (name == "iccs") return Notation::kIccs;
  if (name == "wxf") return Notation::kWxf;
  if (name == "chinese") return Notation::kChinese;
  return std::nullopt;
}

Position PositionAt(const Game& game, size_t ply) {
  Position position = game.start();
  for (size_t i = 0; i < ply; ++i) position.Make(game.move(i));
  return position;
}

std::string MoveText(const Game& game, size_t ply, Notation notation) {
  return FormatMove(PositionAt(game, ply), game.move(ply), notation);
}

std::vector<std::string> MoveLines(const Game& game, Notation notation) {
  std::vector<std::string> lines;
  Position position = game.start();
  for (size_t ply = 0; ply < game.size(); ++ply) {
    if (ply % 2 == 0) lines.push_back(MoveNumber(ply));
    absl::StrAppend(&lines.back(), " ",
                    FormatMove(position, game.move(ply), notation));
    position.Make(game.move(ply));
  }
  return lines;
}

std::string GameLine(const GameModel& game) {
  return absl::StrCat(
      "game ", game.id(), " ", game.side(Color::kRed).name, " - ",
      game.side(Color::kBlack).name, ", ", game.control(),
      game.casual() ? ", casual" : "", ", ply ", game.game().size(), ", ",
      game.you().has_value() ? absl::StrCat("you are ", ColorWord(*game.you()))
                             : "watching");
}

std::string ClockLine(const GameModel& game, MonotonicTime now) {
  std::string line = "clock";
  for (Color color : {Color::kRed, Color::kBlack}) {
    absl::StrAppend(&line, " ", ColorWord(color), " ",
                    TimeText(game, color, now));
  }
  if (!game.outcome().over()) {
    absl::StrAppend(&line, ", ", ColorWord(game.turn()), " to move");
  }
  return line;
}

std::string ChangeLine(Change change, const JsonObject& event,
                       const GameModel& game, Notation notation) {
  const std::string by = event.Text("by");
  switch (change) {
    case Change::kMove:
      return MoveLine(event, game.game(), notation);
    case Change::kOffer:
      return absl::StrCat("offer ", by, " ", event.Text("offer"));
    case Change::kDecline:
      return absl::StrCat("decline ", by, " ", event.Text("offer"));
    case Change::kTakeback:
      return absl::StrCat("takeback ", by, ", ", game.game().size(),
                          " plies are left");
    case Change::kPresence:
      return PresenceLine(event, game);
    case Change::kChat:
      return absl::StrCat("chat ", event.Text("name"), ": ",
                          event.Text("text"));
    case Change::kEnd:
      return absl::StrCat("end ", OutcomeWords(game.outcome()));
    case Change::kRematch:
      return absl::StrCat("rematch ", game.next());
    case Change::kViewers:
      return absl::StrCat("viewers ", game.viewers());
    default:
      return "";
  }
}

std::string Shown(std::string_view line) {
  std::string shown;
  while (!line.empty()) {
    const std::optional<char32_t> c = TakeUtf8(&line);
    const bool visible = c.has_value() && !IsInvisibleInWords(*c);
    AppendUtf8(visible ? *c : U'?', &shown);
  }
  return shown;
}

}  // namespace chinese_chess
