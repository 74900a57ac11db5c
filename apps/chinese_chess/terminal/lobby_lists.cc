#include "apps/chinese_chess/terminal/lobby_lists.h"

#include <cstddef>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace chinese_chess {

std::vector<std::string> LobbyLists::TakeLobby(const JsonObject& message) {
  std::vector<std::string> lines;
  lines.push_back(
      absl::StrCat("lobby: ", message.Integer("connections").value_or(0),
                   " here, ", message.Integer("games").value_or(0), " games"));
  for (const JsonObject& pool : message.Objects("pools")) {
    lines.push_back(absl::StrCat("pool ", pool.Text("control"), ": ",
                                 pool.Integer("waiting").value_or(0),
                                 " waiting"));
  }
  seeks_.clear();
  for (const JsonObject& seek : message.Objects("seeks")) {
    seeks_.push_back(seek.Text("seek"));
    lines.push_back(absl::StrCat(
        seeks_.size(), " seek ", seeks_.back(), " ", seek.Text("control"),
        seek.Flag("casual") ? " casual" : "", " ", seek.Text("color"), " ",
        seek.Object("player").Text("name")));
  }
  return lines;
}

std::vector<std::string> LobbyLists::TakeGames(const JsonObject& message) {
  std::vector<std::string> lines;
  lines.push_back(
      absl::StrCat("games: ", message.Integer("count").value_or(0)));
  games_.clear();
  for (const JsonObject& game : message.Objects("games")) {
    games_.push_back(game.Text("game"));
    lines.push_back(absl::StrCat(
        games_.size(), " game ", games_.back(), " ",
        game.Object("red").Text("name"), " - ",
        game.Object("black").Text("name"), ", ", game.Text("control"), ", ",
        game.Integer("plies").value_or(0), " plies, ",
        game.Integer("viewers").value_or(0), " watching"));
  }
  return lines;
}

std::vector<std::string> LobbyLists::TakeHistory(const JsonObject& message) {
  std::vector<std::string> lines;
  finished_.clear();
  for (const JsonObject& game : message.Objects("games")) {
    finished_.push_back(game.Text("game"));
    lines.push_back(absl::StrCat(finished_.size(), " finished ",
                                 finished_.back(), " ", game.Text("red"), " - ",
                                 game.Text("black"), " ", game.Text("result"),
                                 " ", game.Text("reason"), ", ",
                                 game.Integer("plies").value_or(0), " plies"));
  }
  if (lines.empty()) lines.emplace_back("no game is over yet");
  return lines;
}

std::string LobbyLists::Pick(const std::vector<std::string>& list,
                             std::string_view text) {
  size_t number;
  if (absl::SimpleAtoi(text, &number) && number >= 1 && number <= list.size()) {
    return list[number - 1];
  }
  return std::string(text);
}

}  // namespace chinese_chess
