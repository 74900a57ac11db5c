#include "apps/chinese_chess/terminal/replay.h"

#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "apps/chinese_chess/rules/pgn.h"
#include "apps/chinese_chess/rules/record_json.h"
#include "apps/chinese_chess/terminal/game_text.h"

namespace chinese_chess {

absl::Status Replay::Load(const JsonObject& message) {
  absl::StatusOr<GameRecord> record = ParseRecordJson(message.Raw("record"));
  if (!record.ok()) return record.status();
  record_ = *std::move(record);
  game_ = ReplayGame(record_);
  id_ = message.Text("game");
  ply_ = 0;
  loaded_ = shown_ = true;
  return absl::OkStatus();
}

void Replay::Step(Command::Verb verb) {
  switch (verb) {
    case Command::kFirst:
      ply_ = 0;
      return;
    case Command::kPrevious:
      ply_ -= ply_ > 0 ? 1 : 0;
      return;
    case Command::kNext:
      ply_ += ply_ < game_.size() ? 1 : 0;
      return;
    default:
      ply_ = game_.size();
  }
}

std::string Replay::Headline() const {
  return absl::StrCat("record ", id_, " ", record_.Tag("Red"), " - ",
                      record_.Tag("Black"), " ", OutcomeWords(record_.outcome),
                      ", ", game_.size(), " plies");
}

std::string Replay::Line(Notation notation) const {
  if (ply_ == 0) return "replay: the start";
  return absl::StrCat(
      "replay ", MoveNumber(ply_ - 1), " ", MoveText(game_, ply_ - 1, notation),
      ply_ == game_.size() ? absl::StrCat(" ", OutcomeWords(record_.outcome))
                           : "");
}

std::string ExportRecord(const GameRecord& record, std::string_view format) {
  if (format == "json") return absl::StrCat(FormatRecordJson(record), "\n");
  return FormatPgn(
      record,
      {.notation = ParseNotationName(format).value_or(Notation::kChinese)});
}

}  // namespace chinese_chess
