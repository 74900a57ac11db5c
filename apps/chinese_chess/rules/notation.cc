#include "apps/chinese_chess/rules/notation.h"

#include <optional>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "apps/chinese_chess/rules/chinese_notation.h"
#include "apps/chinese_chess/rules/illegal_move.h"
#include "apps/chinese_chess/rules/movegen.h"
#include "apps/chinese_chess/rules/quote.h"
#include "apps/chinese_chess/rules/wxf.h"

namespace chinese_chess {

std::string FormatMove(const Position& position, Move move, Notation notation) {
  switch (notation) {
    case Notation::kIccs:
      return FormatIccs(move);
    case Notation::kWxf:
      return FormatWxf(position, move);
    case Notation::kChinese:
      return FormatChinese(position, move, ChineseScript::kSimplified);
    case Notation::kTraditionalChinese:
      return FormatChinese(position, move, ChineseScript::kTraditional);
  }
  return "";
}

absl::StatusOr<Move> ParseMove(const Position& position,
                               std::string_view text) {
  // No text is a move in two of them: the third character is a letter or a dash, a
  // sign, or none of ASCII's.
  if (const std::optional<Move> iccs = ParseIccs(text); iccs.has_value()) {
    if (IsLegal(position, *iccs)) return *iccs;
    return absl::NotFoundError(ExplainIllegal(position, *iccs));
  }
  for (const char c : text) {
    if (c & 0x80) return ParseChinese(position, text);
  }
  // Coordinates that are none, as nothing else has a letter there.
  if (text.size() == 4 && absl::ascii_isalpha(text[2])) {
    return absl::InvalidArgumentError(
        absl::StrCat(QuoteText(text),
                     " is no move; files are a to i, ranks 0 to 9, from one "
                     "point to another, such as h2e2"));
  }
  if (text.size() == 4) return ParseWxf(position, text);
  return absl::InvalidArgumentError(absl::StrCat(
      QuoteText(text), " is no move; write h2e2, C2=5 or 炮二平五"));
}

}  // namespace chinese_chess
