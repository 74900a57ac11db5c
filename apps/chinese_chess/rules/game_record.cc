#include "apps/chinese_chess/rules/game_record.h"

#include <cstddef>

#include "absl/strings/ascii.h"

namespace chinese_chess {

std::string_view GameRecord::Tag(std::string_view name) const {
  for (const auto& [key, value] : tags) {
    if (key == name) return value;
  }
  return "";
}

void GameRecord::SetTag(std::string_view name, std::string_view value) {
  for (auto& [key, old] : tags) {
    if (key != name) continue;
    old = std::string(value);
    return;
  }
  tags.emplace_back(name, value);
}

bool IsFieldTag(std::string_view name) {
  for (const std::string_view field :
       {"Game", "Result", "Termination", "Format", "FEN"}) {
    if (name == field) return true;
  }
  return false;
}

bool IsTagName(std::string_view name) {
  constexpr size_t kMost = 64;
  for (const char c : name) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '_') {
      return false;
    }
  }
  return !name.empty() && name.size() <= kMost;
}

GameRecord RecordGame(const Game& game) {
  GameRecord record;
  record.SetTag("Rules", kRulesName);
  record.start = game.start();
  for (size_t ply = 0; ply < game.size(); ++ply) {
    record.moves.push_back({.move = game.move(ply)});
  }
  record.outcome = game.outcome();
  return record;
}

Game ReplayGame(const GameRecord& record) {
  Game game(record.start);
  for (const RecordedMove& recorded : record.moves) {
    if (!game.Play(recorded.move).ok()) return game;
  }
  game.End(record.outcome);
  return game;
}

}  // namespace chinese_chess
