// A move that is none: where there is nothing to say, and for a pass.
//
//   if (entry.move != kNoMove) Try(entry.move);
#ifndef APPS_CHINESE_CHESS_BOT_NO_MOVE_H_
#define APPS_CHINESE_CHESS_BOT_NO_MOVE_H_

#include "apps/chinese_chess/rules/move.h"

namespace chinese_chess::bot {

// No move of the game stays where it is.
inline constexpr Move kNoMove = {};

}  // namespace chinese_chess::bot

#endif  // APPS_CHINESE_CHESS_BOT_NO_MOVE_H_
