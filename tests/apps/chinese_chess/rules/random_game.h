// Games of random legal moves, the same for the same seed.
#ifndef TESTS_APPS_CHINESE_CHESS_RULES_RANDOM_GAME_H_
#define TESTS_APPS_CHINESE_CHESS_RULES_RANDOM_GAME_H_

#include <cstdint>
#include <random>

#include "absl/functional/function_ref.h"
#include "apps/chinese_chess/rules/move.h"
#include "apps/chinese_chess/rules/movegen.h"
#include "apps/chinese_chess/rules/position.h"

namespace chinese_chess {

// Calls visit(position, its legal moves) before each move of one game, to its end or
// for `plies` moves. Captures are taken more often than chance would, so that endings
// occur.
inline void VisitRandomGame(
    uint32_t seed, int plies,
    absl::FunctionRef<void(const Position&, const MoveList&)> visit) {
  std::mt19937 random(seed);
  Position position;
  for (int ply = 0; ply < plies; ++ply) {
    MoveList moves;
    GenerateLegalMoves(position, &moves);
    visit(position, moves);
    if (moves.empty()) return;
    MoveList captures;
    GenerateLegalCaptures(position, &captures);
    const bool capture = !captures.empty() && random() % 4 == 0;
    const MoveList& choice = capture ? captures : moves;
    position.Make(choice[random() % choice.size()]);
  }
}

}  // namespace chinese_chess

#endif  // TESTS_APPS_CHINESE_CHESS_RULES_RANDOM_GAME_H_
