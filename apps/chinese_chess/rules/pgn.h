// Game records as text, in the manner of PGN.
//
//   [Game "Chinese Chess"]
//   [Event "Friday evening"]
//   [Red "Zhang"]
//   [Black "Li"]
//   [Result "1-0"]
//   [Termination "resignation"]
//   [Format "Chinese"]
//     1. 炮二平五 马８进７
//     2. 马二进三 {[%at 9.500] [%emt 1.250] a quiet move}
//     2. ... 车９平８
//     1-0
//
// Tags in the order of the standard, FEN only if the game does not begin at the start;
// moves in ICCS, WXF or Chinese, whichever Format says (reading does not depend on
// it); comments in braces, where %at is the server's clock since the beginning and
// %emt what the move was charged, in seconds.
//
// Read are also: a game without tags, H2-E2, "1.h2e2" in one word, `;` comments,
// variations in parentheses and $ annotations (both left out), and whatever follows
// the result. Every move has to be legal. One game a text, UTF-8 only: records in
// GB18030 have to be converted. The error says in which line.
//
// In values, line breaks become spaces; in comments, "}" becomes ")".
//
// Source: xqbase.com, 中国象棋电脑应用规范（三）文件格式.
// Pure functions, safe from any thread.
//
//   std::string text = FormatPgn(record, {.notation = Notation::kChinese});
//   absl::StatusOr<GameRecord> again = ParsePgn(text);
#ifndef APPS_CHINESE_CHESS_RULES_PGN_H_
#define APPS_CHINESE_CHESS_RULES_PGN_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "apps/chinese_chess/rules/game_record.h"
#include "apps/chinese_chess/rules/notation.h"

namespace chinese_chess {

struct PgnOptions {
  Notation notation = Notation::kChinese;
  bool times = true;  // Of the moves that have any.
};

std::string FormatPgn(const GameRecord& record, const PgnOptions& options = {});

// Of at most kMaxRecordBytes and kMaxRecordedPlies.
absl::StatusOr<GameRecord> ParsePgn(std::string_view text);

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_RULES_PGN_H_
