// Which quiet moves have been good elsewhere in the tree.
//
// A move is named by its piece and where it goes. Each count lies within
// +-kMostHistory, and the nearer it is, the less it moves. Also the move that refuted
// each move last. Threads: one at a time for each object.
//
//   history.Reward(piece, move, HistoryBonus(depth));
//   history.Reward(other_piece, tried_in_vain, -HistoryBonus(depth));
#ifndef APPS_CHINESE_CHESS_BOT_MOVE_HISTORY_H_
#define APPS_CHINESE_CHESS_BOT_MOVE_HISTORY_H_

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>

#include "apps/chinese_chess/bot/no_move.h"
#include "apps/chinese_chess/rules/move.h"
#include "apps/chinese_chess/rules/piece.h"
#include "apps/chinese_chess/rules/square.h"

namespace chinese_chess::bot {

inline constexpr int kMostHistory = 1 << 14;

constexpr int HistoryBonus(int depth) {
  return std::min(20 * depth * depth, 1600);
}

class MoveHistory {
 public:
  int Of(Piece piece, Move move) const {
    return counts_[static_cast<int>(piece)][move.to];
  }
  void Reward(Piece piece, Move move, int bonus) {
    int16_t& count = counts_[static_cast<int>(piece)][move.to];
    count = static_cast<int16_t>(count + bonus -
                                 count * std::abs(bonus) / kMostHistory);
  }

  // The answer to `piece` having gone to `to`.
  Move CounterOf(Piece piece, Square to) const {
    return counters_[static_cast<int>(piece)][to];
  }
  void SetCounter(Piece piece, Square to, Move answer) {
    counters_[static_cast<int>(piece)][to] = answer;
  }

  void Clear() { *this = MoveHistory(); }
  // What was good a move ago counts less.
  void Fade() {
    for (auto& of_piece : counts_) {
      for (int16_t& count : of_piece) count = static_cast<int16_t>(count / 2);
    }
  }

 private:
  std::array<std::array<int16_t, kSquares>, kPieceValues> counts_{};
  std::array<std::array<Move, kSquares>, kPieceValues> counters_{};
};

}  // namespace chinese_chess::bot

#endif  // APPS_CHINESE_CHESS_BOT_MOVE_HISTORY_H_
