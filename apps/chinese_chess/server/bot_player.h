// The computer as a player: its id says how strong it plays, so that a game that is
// restored knows.
//
// Pure, safe from any thread.
//
//   Player bot = BotPlayer(2);       // {"bot:2", "Bot 2 (Easy)"}
//   BotLevel(bot);                   // 2
//   IsLikeABotsName("bot 9");        // true: no person may be called so
#ifndef APPS_CHINESE_CHESS_SERVER_BOT_PLAYER_H_
#define APPS_CHINESE_CHESS_SERVER_BOT_PLAYER_H_

#include <optional>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "apps/chinese_chess/bot/level.h"
#include "apps/chinese_chess/server/live_game.h"

namespace chinese_chess {

inline Player BotPlayer(int level) {
  return {absl::StrCat("bot:", level),
          absl::StrCat("Bot ", level, " (", bot::LevelOf(level).name, ")")};
}

// nullopt: a person. Their ids are hexadecimal.
inline std::optional<int> BotLevel(const Player& player) {
  std::string_view id = player.id;
  int level;
  if (!absl::ConsumePrefix(&id, "bot:") || !absl::SimpleAtoi(id, &level)) {
    return std::nullopt;
  }
  return level;
}

inline bool IsLikeABotsName(std::string_view name) {
  constexpr std::string_view kBegin = "bot ";
  return absl::StartsWithIgnoreCase(name, kBegin) &&
         name.size() > kBegin.size() &&
         absl::ascii_isdigit(static_cast<unsigned char>(name[kBegin.size()]));
}

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_SERVER_BOT_PLAYER_H_
