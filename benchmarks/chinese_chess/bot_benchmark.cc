// What the bot of Chinese chess costs: nodes of a search, and its parts by themselves.
//
// Items are nodes for searches, positions for the rest.

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <string_view>
#include <utility>
#include <vector>

#include "apps/chinese_chess/bot/evaluation.h"
#include "apps/chinese_chess/bot/exchange.h"
#include "apps/chinese_chess/bot/level.h"
#include "apps/chinese_chess/bot/piece_square.h"
#include "apps/chinese_chess/bot/search.h"
#include "apps/chinese_chess/rules/fen.h"
#include "apps/chinese_chess/rules/game.h"
#include "apps/chinese_chess/rules/move.h"
#include "apps/chinese_chess/rules/movegen.h"
#include "apps/chinese_chess/rules/position.h"

namespace chinese_chess::bot {
namespace {

constexpr std::string_view kMiddleGame =
    "r1ba1a3/4kn3/2n1b4/pNp1p1p1p/4c4/6P2/P1P2R2P/1CcC5/9/2BAKAB2 w - - 0 1";
constexpr std::string_view kEndgame =
    "2bak4/4a4/4b4/p8/6n2/2N6/P8/4B4/4A4/4KA3 w - - 0 1";

void BM_Search(benchmark::State& state, std::string_view fen) {
  const Game game(*ParseFen(fen));
  Searcher searcher(16 << 20);
  uint64_t nodes = 0;
  for (auto _ : state) {
    searcher.Forget();
    nodes += searcher.Search(game, {.nodes = 200'000}).nodes;
  }
  state.SetItemsProcessed(static_cast<int64_t>(nodes));
}
BENCHMARK_CAPTURE(BM_Search, Start, kStartFen)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Search, MiddleGame, kMiddleGame)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Search, Endgame, kEndgame)->Unit(benchmark::kMillisecond);

// A move of each level, in the middle of a game: what a request to the pool costs.
void BM_Level(benchmark::State& state) {
  const Game game(*ParseFen(kMiddleGame));
  const Level& level = LevelOf(static_cast<int>(state.range(0)));
  Searcher searcher(8 << 20);
  uint64_t seed = 0;
  uint64_t nodes = 0;
  for (auto _ : state) {
    searcher.Forget();
    nodes += ChooseMove(level, game, {.seed = ++seed}, &searcher).nodes;
  }
  state.SetItemsProcessed(static_cast<int64_t>(nodes));
}
BENCHMARK(BM_Level)->DenseRange(1, kLevels)->Unit(benchmark::kMicrosecond);

std::vector<Position> RandomPositions() {
  std::vector<Position> positions;
  std::mt19937 random(1);
  while (positions.size() < 1000) {
    Position position;
    for (int ply = 0; ply < 120; ++ply) {
      MoveList moves;
      GenerateLegalMoves(position, &moves);
      if (moves.empty()) break;
      positions.push_back(position);
      position.Make(moves[random() % moves.size()]);
    }
  }
  return positions;
}

void BM_Evaluate(benchmark::State& state) {
  const std::vector<Position> positions = RandomPositions();
  std::vector<MaterialScore> materials;
  for (const Position& position : positions) materials.emplace_back(position);
  for (auto _ : state) {
    for (size_t i = 0; i < positions.size(); ++i) {
      benchmark::DoNotOptimize(Evaluate(positions[i], materials[i]));
    }
  }
  state.SetItemsProcessed(state.iterations() *
                          static_cast<int64_t>(positions.size()));
}
BENCHMARK(BM_Evaluate);

// What keeping the material up to date by moves saves.
void BM_MaterialFromScratch(benchmark::State& state) {
  const std::vector<Position> positions = RandomPositions();
  for (auto _ : state) {
    for (const Position& position : positions) {
      benchmark::DoNotOptimize(MaterialScore(position));
    }
  }
  state.SetItemsProcessed(state.iterations() *
                          static_cast<int64_t>(positions.size()));
}
BENCHMARK(BM_MaterialFromScratch);

void BM_ExchangeGain(benchmark::State& state) {
  std::vector<std::pair<Position, Move>> captures;
  for (const Position& position : RandomPositions()) {
    MoveList moves;
    GenerateLegalCaptures(position, &moves);
    for (const Move move : moves) captures.emplace_back(position, move);
  }
  for (auto _ : state) {
    for (const auto& [position, move] : captures) {
      benchmark::DoNotOptimize(ExchangeGain(position, move));
    }
  }
  state.SetItemsProcessed(state.iterations() *
                          static_cast<int64_t>(captures.size()));
}
BENCHMARK(BM_ExchangeGain);

}  // namespace
}  // namespace chinese_chess::bot

BENCHMARK_MAIN();
