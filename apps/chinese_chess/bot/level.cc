#include "apps/chinese_chess/bot/level.h"

#include <algorithm>
#include <utility>

#include "apps/chinese_chess/bot/evaluation.h"
#include "apps/chinese_chess/bot/search_path.h"
#include "apps/chinese_chess/rules/movegen.h"
#include "apps/chinese_chess/rules/piece.h"
#include "apps/chinese_chess/rules/position.h"

namespace chinese_chess::bot {
namespace {

constexpr Level kLevelTable[kLevels] = {
    {1, "Beginner", "入门", 0, 1'000, 50, 180},
    {2, "Easy", "初级", 1, 20'000, 50, 200},
    {3, "Casual", "业余", 1, 20'000, 75, 100},
    {4, "Player", "中级", 2, 40'000, 88, 60},
    {5, "Club", "高级", 3, 60'000, 96, 30},
    {6, "Expert", "专家", kMaxDepth, 8'000, 100, 0},
    {7, "Master", "大师", kMaxDepth, 60'000, 100, 0},
    {8, "Grandmaster", "特级大师", kMaxDepth, 600'000, 100, 0},
};

// Strong levels vary their openings: moves of so many plies, within so much of the best.
constexpr size_t kOpeningPlies = 6;
constexpr Score kOpeningNoise = 12;

// splitmix64. Not <random>: its distributions differ between libraries.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  // From 0 to `limit` - 1.
  int Below(int limit) {
    state_ += 0x9e3779b97f4a7c15;
    uint64_t x = state_;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return static_cast<int>((x ^ x >> 31) % static_cast<uint64_t>(limit));
  }
  // From -size to size, most often near 0.
  Score Noise(Score size) {
    return size == 0 ? 0 : Below(size + 1) - Below(size + 1);
  }

 private:
  uint64_t state_;
};

// What each move looks like at once, with nothing that may follow.
std::vector<RankedMove> RankAtSight(const Game& game,
                                    const std::vector<Move>& excluded) {
  SearchPath path(game);
  MoveList moves;
  GenerateLegalMoves(game.position(), &moves);
  std::vector<RankedMove> ranked;
  for (const Move move : moves) {
    if (std::find(excluded.begin(), excluded.end(), move) != excluded.end()) {
      continue;
    }
    path.Make(move);
    Score score = LostIn(1);
    if (HasLegalMove(path.position())) {
      score = path.Judge().value_or(Evaluate(path.position()));
    }
    path.Unmake();
    ranked.push_back({move, -score});
  }
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](auto& a, auto& b) { return a.score > b.score; });
  return ranked;
}

// A capture or a check catches the eye.
bool CatchesEye(const Position& position, Move move) {
  if (position.at(move.to) != Piece::kNone) return true;
  Position after = position;
  after.Make(move);
  return after.InCheck();
}

bool Notices(const Level& level, const Position& position, Move move,
             Random* random) {
  const int roll = random->Below(100);
  if (roll < level.noticed_percent) return true;
  return roll < (100 + level.noticed_percent) / 2 && CatchesEye(position, move);
}

// The best of those that come to mind, as well as they can be told apart.
RankedMove Pick(const std::vector<RankedMove>& ranked, const Level& level,
                const Position& position, Score noise, Random* random) {
  const RankedMove* best = nullptr;
  Score best_score = 0;
  for (const RankedMove& candidate : ranked) {
    const bool noticed = Notices(level, position, candidate.move, random);
    const Score error = random->Noise(noise);
    if (!noticed) continue;
    // A mate is seen or not seen, it is not misjudged.
    const Score score =
        candidate.score + (IsDecided(candidate.score) ? 0 : error);
    if (best != nullptr && score <= best_score) continue;
    best = &candidate;
    best_score = score;
  }
  return best != nullptr ? *best : ranked[0];
}

SearchLimits LimitsOf(const Level& level, const BotOptions& options) {
  return {.depth = level.depth,
          .nodes = std::min(level.nodes, options.nodes),
          .deadline = options.deadline,
          .stop = options.stop,
          .excluded = options.excluded};
}

}  // namespace

std::span<const Level> Levels() { return kLevelTable; }

const Level& LevelOf(int number) {
  return kLevelTable[std::clamp(number, 1, kLevels) - 1];
}

BotMove ChooseMove(const Level& level, const Game& game,
                   const BotOptions& options, Searcher* searcher) {
  const bool is_opening = game.size() < kOpeningPlies;
  const Score noise =
      level.noise == 0 && is_opening ? kOpeningNoise : level.noise;
  if (noise == 0) {
    const SearchResult result =
        searcher->Search(game, LimitsOf(level, options));
    return {result.move, result.score, result.nodes};
  }
  const bool at_sight = level.depth == 0;
  const std::vector<RankedMove> ranked =
      at_sight ? RankAtSight(game, options.excluded)
               : searcher->RankMoves(game, LimitsOf(level, options));
  if (ranked.empty()) return {};
  Random random(options.seed ^ game.position().key() ^ game.size());
  const RankedMove picked =
      Pick(ranked, level, game.position(), noise, &random);
  return {picked.move, picked.score,
          at_sight ? ranked.size() : searcher->nodes()};
}

}  // namespace chinese_chess::bot
