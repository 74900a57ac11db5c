// Counts the leaves of the tree of legal moves: the measure of a move generator's
// correctness and speed.
//
//   Position position;
//   Perft(&position, 3);   // 79666
#ifndef APPS_CHINESE_CHESS_RULES_PERFT_H_
#define APPS_CHINESE_CHESS_RULES_PERFT_H_

#include <cstdint>

#include "apps/chinese_chess/rules/position.h"

namespace chinese_chess {

// Sequences of `depth` legal moves; 1 of none. Repetition and draws do not end them.
// The position is as before afterwards. The last ply is counted without being made.
uint64_t Perft(Position* position, int depth);

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_RULES_PERFT_H_
