// The lists of the lobby: seeks, running games and finished ones, as the user has seen
// them, so that "3" means the third of them.
//
// Threads: one at a time for each object.
//
//   LobbyLists lists;
//   for (const std::string& line : lists.TakeGames(message)) Say(line);
//   Watch(lists.Game("3"));     // The third's id; what is no number means itself.
#ifndef APPS_CHINESE_CHESS_TERMINAL_LOBBY_LISTS_H_
#define APPS_CHINESE_CHESS_TERMINAL_LOBBY_LISTS_H_

#include <string>
#include <string_view>
#include <vector>

#include "apps/chinese_chess/client/json_object.h"

namespace chinese_chess {

class LobbyLists {
 public:
  // Messages of the server's: `lobby`, `games`, `history`. Returned are the lines to be
  // shown.
  std::vector<std::string> TakeLobby(const JsonObject& message);
  std::vector<std::string> TakeGames(const JsonObject& message);
  std::vector<std::string> TakeHistory(const JsonObject& message);

  std::string Seek(std::string_view text) const { return Pick(seeks_, text); }
  std::string Game(std::string_view text) const { return Pick(games_, text); }
  std::string Finished(std::string_view text) const {
    return Pick(finished_, text);
  }

 private:
  static std::string Pick(const std::vector<std::string>& list,
                          std::string_view text);

  std::vector<std::string> seeks_, games_, finished_;  // Their ids.
};

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_TERMINAL_LOBBY_LISTS_H_
