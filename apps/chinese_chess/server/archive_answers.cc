#include "apps/chinese_chess/server/archive_answers.h"

#include <cstddef>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "apps/chinese_chess/server/server_message.h"

namespace chinese_chess {
namespace {

constexpr size_t kMostHistory = 50;

std::string Trouble(const ClientMessage& message) {
  return ErrorMessage(TypeName(message.type), message.id,
                      {"archive_trouble", "the archive cannot be read"});
}

std::string AnswerRecord(GameStore& store, const ClientMessage& message) {
  const absl::StatusOr<std::optional<std::string>> record =
      store.FindRecord(message.game);
  if (!record.ok()) return Trouble(message);
  if (record->has_value()) {
    return RecordMessage(message.id, message.game, **record);
  }
  return ErrorMessage(TypeName(message.type), message.id,
                      {"no_game", "there is no such finished game"});
}

}  // namespace

std::string AnswerFromArchive(GameStore& store, const ClientMessage& message,
                              std::string_view player_id) {
  if (message.type == ClientMessage::kRecord) {
    return AnswerRecord(store, message);
  }
  const absl::StatusOr<std::vector<FinishedGame>> games =
      store.RecentGames(player_id, kMostHistory);
  return games.ok() ? HistoryMessage(message.id, *games) : Trouble(message);
}

}  // namespace chinese_chess
