// What holds for any text that is taken for a move: it is refused in one line, or it
// is a legal move, and the same when it is written in any notation.
//
// The first line is the move, what follows is the position (or the start).

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "apps/chinese_chess/rules/fen.h"
#include "apps/chinese_chess/rules/move.h"
#include "apps/chinese_chess/rules/movegen.h"
#include "apps/chinese_chess/rules/notation.h"
#include "apps/chinese_chess/rules/position.h"
#include "apps/chinese_chess/rules/utf8.h"

namespace chinese_chess {
namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

void Check(const Position& position, std::string_view text) {
  const absl::StatusOr<Move> move = ParseMove(position, text);
  if (!move.ok()) {
    Require(move.status().message().size() < 400);
    Require(IsUtf8(move.status().message()));
    Require(move.status().message().find('\n') == std::string_view::npos);
    return;
  }
  Require(IsLegal(position, *move));
  for (const Notation notation :
       {Notation::kIccs, Notation::kWxf, Notation::kChinese,
        Notation::kTraditionalChinese}) {
    const absl::StatusOr<Move> again =
        ParseMove(position, FormatMove(position, *move, notation));
    Require(again.ok() && *again == *move);
  }
}

}  // namespace
}  // namespace chinese_chess

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using chinese_chess::Position;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t line = input.find('\n');
  const std::string_view text = input.substr(0, line);
  chinese_chess::Check(Position(), text);
  if (line == std::string_view::npos) return 0;
  std::string_view fen = input.substr(line + 1);
  fen = fen.substr(0, fen.find('\n'));
  const absl::StatusOr<Position> position = chinese_chess::ParseFen(fen);
  if (position.ok()) chinese_chess::Check(*position, text);
  return 0;
}
