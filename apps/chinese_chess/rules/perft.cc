#include "apps/chinese_chess/rules/perft.h"

#include "apps/chinese_chess/rules/move.h"
#include "apps/chinese_chess/rules/movegen.h"

namespace chinese_chess {

uint64_t Perft(Position* position, int depth) {
  if (depth <= 0) return 1;
  if (depth == 1) return static_cast<uint64_t>(CountLegalMoves(*position));
  MoveList moves;
  GenerateLegalMoves(*position, &moves);
  uint64_t nodes = 0;
  for (const Move move : moves) {
    const Undo undo = position->Make(move);
    nodes += Perft(position, depth - 1);
    position->Unmake(move, undo);
  }
  return nodes;
}

}  // namespace chinese_chess
