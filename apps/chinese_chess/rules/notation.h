// Moves in any of the notations, for whoever types or reads them.
//
// Pure functions, safe from any thread.
//
//   absl::StatusOr<Move> move = ParseMove(position, "C2=5");   // Or h2e2, 炮二平五.
//   if (!move.ok()) return move.status();
//   FormatMove(position, *move, Notation::kChinese);
#ifndef APPS_CHINESE_CHESS_RULES_NOTATION_H_
#define APPS_CHINESE_CHESS_RULES_NOTATION_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "apps/chinese_chess/rules/move.h"
#include "apps/chinese_chess/rules/position.h"

namespace chinese_chess {

enum class Notation : uint8_t {
  kIccs,     // h2e2
  kWxf,      // C2=5
  kChinese,  // 炮二平五, simplified
  kTraditionalChinese,
};

std::string FormatMove(const Position& position, Move move, Notation notation);

// A legal move, in whichever notation the text is. The error says why it is none.
absl::StatusOr<Move> ParseMove(const Position& position, std::string_view text);

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_RULES_NOTATION_H_
