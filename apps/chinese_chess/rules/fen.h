// FEN: a position in one line.
//
//   rnbakabnr/9/1c5c1/p1p1p1p1p/9/9/P1P1P1P1P/1C5C1/9/RNBAKABNR w - - 0 1
//
// Ten ranks, Black's back rank first; the side to move (w or r, b); two fields that
// are always "-"; moves since the last capture; number of the pair of moves. Read
// are also E for B and H for N, and a text that ends after any field but the first;
// written are always all six, with B, N and w. A move number of 0 counts as 1, for
// there are programs that write it.
//
// A position that is read is one that can be played: right numbers of pieces, on
// points that they can get to, generals not facing, the side that has just moved not
// in check. The error says what is wrong and where, in ICCS coordinates.
//
// Pure functions, safe from any thread.
//
//   absl::StatusOr<Position> position = ParseFen("4k4/9/9/9/9/9/9/9/9/3K5 w");
//   if (!position.ok()) return position.status();
//   FormatFen(*position);   // "4k4/9/9/9/9/9/9/9/9/3K5 w - - 0 1"
#ifndef APPS_CHINESE_CHESS_RULES_FEN_H_
#define APPS_CHINESE_CHESS_RULES_FEN_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "apps/chinese_chess/rules/position.h"

namespace chinese_chess {

inline constexpr std::string_view kStartFen =
    "rnbakabnr/9/1c5c1/p1p1p1p1p/9/9/P1P1P1P1P/1C5C1/9/RNBAKABNR w - - 0 1";

// Which points are right for generals, advisors, elephants and soldiers.
enum class FenPlaces : uint8_t {
  kReachable,  // Those that a game can bring them to.
  // For positions that somebody composed to try a move generator out: generals and
  // advisors anywhere in their palace, elephants on their side of the river, soldiers
  // beyond their own back rank.
  kComposed,
};

absl::StatusOr<Position> ParseFen(std::string_view fen,
                                  FenPlaces places = FenPlaces::kReachable);

std::string FormatFen(const Position& position);

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_RULES_FEN_H_
