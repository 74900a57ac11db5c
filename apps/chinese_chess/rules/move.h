// A move: from where to where. What moves and what it captures is on the board.
//
// Written in ICCS coordinates, h2e2; the classic form H2-E2 is read as well. Values,
// safe from any thread.
//
//   std::optional<Move> move = ParseIccs("h2e2");
//   FormatIccs(*move);                             // "h2e2"
#ifndef APPS_CHINESE_CHESS_RULES_MOVE_H_
#define APPS_CHINESE_CHESS_RULES_MOVE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "apps/chinese_chess/rules/square.h"

namespace chinese_chess {

struct Move {
  uint8_t from = 0;
  uint8_t to = 0;

  friend constexpr bool operator==(Move, Move) = default;
};

constexpr Move MakeMove(Square from, Square to) {
  return {static_cast<uint8_t>(from), static_cast<uint8_t>(to)};
}

inline std::string FormatIccs(Move move) {
  return SquareName(move.from) + SquareName(move.to);
}

// "h2e2" or "h2-e2", in either case. A move to where it comes from is none.
inline std::optional<Move> ParseIccs(std::string_view text) {
  const bool dashed = text.size() == 5 && text[2] == '-';
  if (text.size() != 4 && !dashed) return std::nullopt;
  const std::optional<Square> from = ParseSquare(text.substr(0, 2));
  const std::optional<Square> to = ParseSquare(text.substr(dashed ? 3 : 2));
  if (!from.has_value() || !to.has_value() || *from == *to) return std::nullopt;
  return MakeMove(*from, *to);
}

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_RULES_MOVE_H_
