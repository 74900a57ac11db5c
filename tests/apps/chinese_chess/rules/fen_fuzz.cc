// What holds for any text that is taken for a FEN: it is refused, or it is a position
// that can be played and that is written so that it comes back.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "apps/chinese_chess/rules/fen.h"
#include "apps/chinese_chess/rules/move.h"
#include "apps/chinese_chess/rules/movegen.h"
#include "apps/chinese_chess/rules/position.h"

namespace chinese_chess {
namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

void Check(std::string_view fen, FenPlaces places) {
  const absl::StatusOr<Position> position = ParseFen(fen, places);
  if (!position.ok()) {
    Require(position.status().message().size() < 300);
    return;
  }
  const absl::StatusOr<Position> again = ParseFen(FormatFen(*position), places);
  Require(again.ok() && *again == *position &&
          FormatFen(*again) == FormatFen(*position));
  MoveList moves;
  GenerateLegalMoves(*position, &moves);
  Require(CountLegalMoves(*position) == static_cast<int>(moves.size()));
  Position copy = *position;
  for (const Move move : moves) {
    Require(IsLegal(copy, move));
    const Undo undo = copy.Make(move);
    Require(copy.Attackers(position->turn()).empty());
    Require(CountLegalMoves(copy) >= 0);
    copy.Unmake(move, undo);
    Require(copy == *position);
  }
}

}  // namespace
}  // namespace chinese_chess

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using chinese_chess::FenPlaces;
  const std::string_view fen(reinterpret_cast<const char*>(data), size);
  chinese_chess::Check(fen, FenPlaces::kReachable);
  chinese_chess::Check(fen, FenPlaces::kComposed);
  return 0;
}
