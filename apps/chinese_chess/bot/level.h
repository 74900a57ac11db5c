// How strong the bot plays: so many nodes, and so much chance in what it thinks of moves.
//
// The lowest are made to lose: they look little ahead and often prefer a worse move, as
// beginners do. What they play depends on nothing but the game, the level and the seed.
//
//   Searcher searcher(4 << 20);
//   std::optional<Move> move = ChooseMove(searcher, game, LevelOf(1), seed);
#ifndef APPS_CHINESE_CHESS_BOT_LEVEL_H_
#define APPS_CHINESE_CHESS_BOT_LEVEL_H_

#include <atomic>
#include <cstdint>
#include <optional>
#include <string_view>

#include "apps/chinese_chess/bot/search.h"
#include "apps/chinese_chess/rules/game.h"
#include "apps/chinese_chess/rules/move.h"

namespace chinese_chess {

struct Level {
  std::string_view name;
  uint64_t nodes;
  int depth;
  int noise;  // A move may seem better or worse by so much.
};

inline constexpr int kLevels = 6;
inline constexpr int kDefaultLevel = 2;  // One that a beginner can beat.

// From 1 to kLevels.
const Level& LevelOf(int number);

// nullopt: the game is over, or `stop` was set.
std::optional<Move> ChooseMove(Searcher& searcher, const Game& game,
                               const Level& level, uint64_t seed,
                               const std::atomic<bool>* stop = nullptr);

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_BOT_LEVEL_H_
