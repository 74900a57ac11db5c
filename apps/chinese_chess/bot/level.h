// How strong the opponent plays.
//
// The weak levels err as people do. They overlook moves (a capture or a check less
// often), they look hardly ahead (the weakest takes what it sees and not what takes
// back), and they misjudge what they see a little; they do not play nonsense. The
// strong ones search all moves, by a budget of nodes. All of it is decided by the seed
// and the position: the same seed plays the same game, where time does not run out.
//
// Immutable, safe from any thread.
//
//   BotMove best = ChooseMove(LevelOf(kDefaultLevel), game, {.seed = 7}, &searcher);
//   if (best.move != kNoMove) Play(best.move);
#ifndef APPS_CHINESE_CHESS_BOT_LEVEL_H_
#define APPS_CHINESE_CHESS_BOT_LEVEL_H_

#include <cstdint>
#include <span>
#include <stop_token>
#include <string_view>
#include <vector>

#include "apps/chinese_chess/bot/no_move.h"
#include "apps/chinese_chess/bot/score.h"
#include "apps/chinese_chess/bot/search.h"
#include "apps/chinese_chess/bot/search_budget.h"
#include "apps/chinese_chess/rules/game.h"
#include "apps/chinese_chess/rules/move.h"
#include "kingpin/sys/clock.h"

namespace chinese_chess::bot {

struct Level {
  int number;  // From 1.
  std::string_view name;
  std::string_view chinese_name;
  // Plies ahead, exchanges not counted; 0 looks at its own move only.
  int depth;
  uint64_t nodes;
  // How many in a hundred of the quiet moves it thinks of.
  int noticed_percent;
  // Up to so much it misjudges a move, in either direction.
  Score noise;
};

inline constexpr int kLevels = 8;
// A grown-up beginner has a chance.
inline constexpr int kDefaultLevel = 2;

// By number, the weakest first.
std::span<const Level> Levels();
// Of a number beyond either end, the level at that end.
const Level& LevelOf(int number);

struct BotOptions {
  uint64_t seed = 0;
  // Caps on top of the level's.
  uint64_t nodes = kNoNodeLimit;
  kingpin::MonotonicTime deadline = kNoDeadline;
  std::stop_token stop;
  // Moves that must not be played.
  std::vector<Move> excluded;
};

struct BotMove {
  Move move = kNoMove;  // Of the side to move; kNoMove if it has none.
  Score score = 0;      // What the bot thinks of its own position then.
  uint64_t nodes = 0;
};

// The game may be over by repetition or a draw; it is played on.
BotMove ChooseMove(const Level& level, const Game& game,
                   const BotOptions& options, Searcher* searcher);

}  // namespace chinese_chess::bot

#endif  // APPS_CHINESE_CHESS_BOT_LEVEL_H_
