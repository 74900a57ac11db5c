// What holds for any text that is taken for a game record, as PGN and as JSON: it is
// refused in few words, or it is a game that both forms bring back.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "apps/chinese_chess/rules/game.h"
#include "apps/chinese_chess/rules/game_record.h"
#include "apps/chinese_chess/rules/notation.h"
#include "apps/chinese_chess/rules/pgn.h"
#include "apps/chinese_chess/rules/record_json.h"

namespace chinese_chess {
namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

void CheckJson(const GameRecord& record) {
  const absl::StatusOr<GameRecord> again =
      ParseRecordJson(FormatRecordJson(record));
  Require(again.ok() && *again == record);
}

// PGN sorts its tags, and what it cannot hold it has replaced once and for all. Two
// comments in a row are one, so what a comment begins with may be taken for a time.
void CheckPgn(const GameRecord& record) {
  const std::string text = FormatPgn(record);
  const absl::StatusOr<GameRecord> again = ParsePgn(text);
  Require(again.ok());
  Require(again->moves.size() == record.moves.size());
  for (size_t i = 0; i < record.moves.size(); ++i) {
    Require(again->moves[i].move == record.moves[i].move);
  }
  Require(again->outcome.result == record.outcome.result);
  const absl::StatusOr<GameRecord> wxf =
      ParsePgn(FormatPgn(*again, {.notation = Notation::kWxf}));
  Require(wxf.ok() && wxf->moves.size() == record.moves.size());
}

template <typename Parse>
void Check(std::string_view text, Parse parse) {
  const absl::StatusOr<GameRecord> record = parse(text);
  if (!record.ok()) {
    Require(record.status().message().size() < 500);
    return;
  }
  CheckJson(*record);
  CheckPgn(*record);
  Require(ReplayGame(*record).size() <= record->moves.size());
}

}  // namespace
}  // namespace chinese_chess

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  chinese_chess::Check(
      text, [](std::string_view pgn) { return chinese_chess::ParsePgn(pgn); });
  chinese_chess::Check(text, [](std::string_view json) {
    return chinese_chess::ParseRecordJson(json);
  });
  return 0;
}
