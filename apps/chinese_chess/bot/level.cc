#include "apps/chinese_chess/bot/level.h"

#include <algorithm>
#include <cstddef>
#include <random>

namespace chinese_chess {
namespace {

constexpr Level kTable[kLevels] = {
    {"beginner", 400, 1, 350},         {"easy", 2'000, 2, 150},
    {"casual", 8'000, 4, 60},          {"club", 40'000, kMaxDepth, 20},
    {"expert", 250'000, kMaxDepth, 0}, {"master", 1'500'000, kMaxDepth, 0},
};

}  // namespace

const Level& LevelOf(int number) {
  return kTable[static_cast<size_t>(std::clamp(number, 1, kLevels) - 1)];
}

std::optional<Move> ChooseMove(Searcher& searcher, const Game& game,
                               const Level& level, uint64_t seed,
                               const std::atomic<bool>* stop) {
  searcher.Clear();
  const SearchResult result =
      searcher.Search(game, {.nodes = level.nodes,
                             .depth = level.depth,
                             .stop = stop,
                             .score_all = level.noise > 0});
  if (stop != nullptr && stop->load()) return std::nullopt;
  if (level.noise == 0 || !result.move.has_value()) return result.move;
  std::mt19937_64 random(seed * 1000 + game.size());
  std::optional<Move> best;
  int best_score = 0;
  for (const RootMove& root : result.moves) {
    const int noise =
        static_cast<int>(random() % static_cast<uint64_t>(2 * level.noise + 1));
    const int score = root.score + noise - level.noise;
    if (best.has_value() && score <= best_score) continue;
    best = root.move;
    best_score = score;
  }
  return best;
}

}  // namespace chinese_chess
