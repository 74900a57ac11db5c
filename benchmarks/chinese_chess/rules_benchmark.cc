// What the rules of Chinese chess cost: perft, move generation by itself, and the text
// forms that a server reads.
//
// Items are nodes for perft, moves for generators, calls for the rest.

#include <benchmark/benchmark.h>

#include <cstdint>
#include <random>
#include <string_view>
#include <vector>

#include "apps/chinese_chess/rules/fen.h"
#include "apps/chinese_chess/rules/move.h"
#include "apps/chinese_chess/rules/movegen.h"
#include "apps/chinese_chess/rules/notation.h"
#include "apps/chinese_chess/rules/perft.h"
#include "apps/chinese_chess/rules/position.h"

namespace chinese_chess {
namespace {

constexpr std::string_view kMiddleGame =
    "r1ba1a3/4kn3/2n1b4/pNp1p1p1p/4c4/6P2/P1P2R2P/1CcC5/9/2BAKAB2 w - - 0 1";
constexpr std::string_view kEndgame =
    "4ka3/4a4/9/3R5/9/9/9/5r3/4A4/3AK4 w - - 0 1";

void BM_Perft(benchmark::State& state, std::string_view fen, int depth) {
  Position position = *ParseFen(fen);
  uint64_t nodes = 0;
  for (auto _ : state) nodes += Perft(&position, depth);
  state.SetItemsProcessed(static_cast<int64_t>(nodes));
}
BENCHMARK_CAPTURE(BM_Perft, Start4, kStartFen, 4)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Perft, MiddleGame4, kMiddleGame, 4)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Perft, Endgame4, kEndgame, 4)
    ->Unit(benchmark::kMillisecond);

// Positions of random play: openings, middle games, endings, checks.
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

void BM_GenerateLegalMoves(benchmark::State& state) {
  const std::vector<Position> positions = RandomPositions();
  int64_t made = 0;
  for (auto _ : state) {
    for (const Position& position : positions) {
      MoveList moves;
      GenerateLegalMoves(position, &moves);
      made += static_cast<int64_t>(moves.size());
      benchmark::DoNotOptimize(moves.begin());
      benchmark::ClobberMemory();
    }
  }
  state.SetItemsProcessed(made);
}
BENCHMARK(BM_GenerateLegalMoves);

void BM_GenerateLegalCaptures(benchmark::State& state) {
  const std::vector<Position> positions = RandomPositions();
  int64_t calls = 0;
  for (auto _ : state) {
    for (const Position& position : positions) {
      MoveList moves;
      GenerateLegalCaptures(position, &moves);
      benchmark::DoNotOptimize(moves.begin());
      benchmark::ClobberMemory();
    }
    calls += static_cast<int64_t>(positions.size());
  }
  state.SetItemsProcessed(calls);
}
BENCHMARK(BM_GenerateLegalCaptures);

void BM_CountLegalMoves(benchmark::State& state) {
  const std::vector<Position> positions = RandomPositions();
  int64_t counted = 0;
  for (auto _ : state) {
    for (const Position& position : positions) {
      counted += CountLegalMoves(position);
    }
  }
  state.SetItemsProcessed(counted);
}
BENCHMARK(BM_CountLegalMoves);

void BM_MakeUnmake(benchmark::State& state) {
  Position position;
  MoveList moves;
  GenerateLegalMoves(position, &moves);
  for (auto _ : state) {
    for (const Move move : moves) {
      const Undo undo = position.Make(move);
      benchmark::DoNotOptimize(position);
      position.Unmake(move, undo);
    }
  }
  state.SetItemsProcessed(state.iterations() *
                          static_cast<int64_t>(moves.size()));
}
BENCHMARK(BM_MakeUnmake);

void BM_IsLegal(benchmark::State& state) {
  const Position position;
  const Move move = *ParseIccs("h2e2");
  for (auto _ : state) benchmark::DoNotOptimize(IsLegal(position, move));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_IsLegal);

void BM_ParseFen(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(ParseFen(kMiddleGame));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_ParseFen);

void BM_ParseMove(benchmark::State& state, std::string_view text) {
  const Position position;
  for (auto _ : state) benchmark::DoNotOptimize(ParseMove(position, text));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(BM_ParseMove, Iccs, "h2e2");
BENCHMARK_CAPTURE(BM_ParseMove, Wxf, "C2=5");
BENCHMARK_CAPTURE(BM_ParseMove, Chinese, "炮二平五");

}  // namespace
}  // namespace chinese_chess

BENCHMARK_MAIN();
