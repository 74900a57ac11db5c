// Whatever a GUI sends is a command or an error, and moves are written as
// they were read.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/log/check.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "apps/chinese_chess/bot/engine_command.h"

namespace chinese_chess::bot {
namespace {

void CheckMoves(const std::vector<Move>& moves, Dialect dialect) {
  for (const Move move : moves) {
    CHECK(ParseEngineMove(FormatEngineMove(move, dialect), dialect) == move);
  }
}

void TryLine(std::string_view line, Dialect dialect) {
  const absl::StatusOr<EngineCommand> command =
      ParseEngineCommand(line, dialect);
  if (!command.ok()) {
    CHECK(!command.status().message().empty());
    return;
  }
  if (const auto* position = std::get_if<PositionCommand>(&*command)) {
    CheckMoves(position->moves, dialect);
  } else if (const auto* banned = std::get_if<BanMovesCommand>(&*command)) {
    CHECK(dialect == Dialect::kUcci);
    CheckMoves(banned->moves, dialect);
  } else if (const auto* go = std::get_if<GoCommand>(&*command)) {
    CheckMoves(go->only, dialect);
    CHECK_GE(go->depth.value_or(1), 1);
    CHECK(go->move_time.value_or(absl::ZeroDuration()) >= absl::ZeroDuration());
  }
}

}  // namespace
}  // namespace chinese_chess::bot

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace chinese_chess::bot;  // NOLINT
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  TryLine(line, Dialect::kUci);
  TryLine(line, Dialect::kUcci);
  return 0;
}
