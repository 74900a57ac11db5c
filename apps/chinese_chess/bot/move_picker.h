// In which order a search tries the moves of a position: the better the order, the
// smaller the tree.
//
// First the transposition table's move; then captures that do not lose material, the
// dearest victim first; killers and the usual answer to the last move; the other quiet
// moves by their history; captures that lose material. Moves are made only when the
// first one was not enough.
//
// Threads: one at a time for each object.
//
//   MovePicker picker(position, history, {.table_move = move});
//   for (Move move = picker.Next(); move != kNoMove; move = picker.Next()) Try(move);
#ifndef APPS_CHINESE_CHESS_BOT_MOVE_PICKER_H_
#define APPS_CHINESE_CHESS_BOT_MOVE_PICKER_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "apps/chinese_chess/bot/move_history.h"
#include "apps/chinese_chess/bot/no_move.h"
#include "apps/chinese_chess/rules/move.h"
#include "apps/chinese_chess/rules/movegen.h"
#include "apps/chinese_chess/rules/position.h"

namespace chinese_chess::bot {

class MovePicker {
 public:
  struct Hints {
    Move table_move = kNoMove;  // Need not be legal, nor need the others.
    std::array<Move, 2> killers = {};
    Move counter = kNoMove;
  };
  enum class Kind : uint8_t {
    kAll,
    kGoodCaptures,  // Those that do not lose material.
  };

  // Everything outlives the picker and is unchanged when Next() is called.
  MovePicker(const Position& position, const MoveHistory& history,
             const Hints& hints, Kind kind = Kind::kAll);

  // kNoMove when there are no more.
  Move Next();
  // Does the last one lose material, as far as can be seen?
  bool is_bad_capture() const { return is_bad_capture_; }

 private:
  void Generate();
  int ScoreOf(Move move) const;

  const Position& position_;
  const MoveHistory& history_;
  const Hints hints_;
  const Kind kind_;
  bool has_begun_ = false;
  bool has_generated_ = false;
  bool is_bad_capture_ = false;
  size_t next_ = 0;
  Move first_ = kNoMove;
  MoveList moves_;
  int scores_[kMaxMoves];
};

}  // namespace chinese_chess::bot

#endif  // APPS_CHINESE_CHESS_BOT_MOVE_PICKER_H_
