// Game records as JSON, for programs.
//
//   {"format":"chinese-chess-game-1",
//    "tags":{"Red":"Zhang","Black":"Li","Rules":"axf-lite-1"},
//    "start":"rnbakabnr/9/1c5c1/p1p1p1p1p/9/9/P1P1P1P1P/1C5C1/9/RNBAKABNR w - - 0 1",
//    "comment":"played by candlelight",
//    "moves":[{"move":"h2e2","at_ms":1900,"charged_ms":1250,"comment":"!"}, ...],
//    "result":"1-0","reason":"resignation"}
//
// On one line; comments and times that are not there are left out. Read in any order of
// keys; a key that is not one of these, or there twice, is an error, so that nothing
// that matters is dropped silently. Every move has to be legal.
//
// Pure functions, safe from any thread.
//
//   std::string json = FormatRecordJson(record);
//   absl::StatusOr<GameRecord> again = ParseRecordJson(json);   // == record
#ifndef APPS_CHINESE_CHESS_RULES_RECORD_JSON_H_
#define APPS_CHINESE_CHESS_RULES_RECORD_JSON_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "apps/chinese_chess/rules/game_record.h"

namespace chinese_chess {

std::string FormatRecordJson(const GameRecord& record);

// Of at most kMaxRecordBytes and kMaxRecordedPlies.
absl::StatusOr<GameRecord> ParseRecordJson(std::string_view json);

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_RULES_RECORD_JSON_H_
