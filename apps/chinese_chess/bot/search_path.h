// The moves from the start of a game to the position that a search looks at, and what
// the rules say of it: repetitions and draws, as Game judges them.
//
// Before the root, a position has to have occurred twice to be judged, as in the game.
// Within the search once is enough: who comes back once can come back again, and the
// search would only find out later. Nothing is repeated across a null move.
//
// Threads: one at a time for each object. Allocates in the constructor only, as long
// as no more than kMaxPly moves are made.
//
//   SearchPath path(game);
//   path.Make(move);
//   if (std::optional<Score> score = path.Judge()) Use(*score);   // Of who is to move.
//   path.Unmake();
#ifndef APPS_CHINESE_CHESS_BOT_SEARCH_PATH_H_
#define APPS_CHINESE_CHESS_BOT_SEARCH_PATH_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "apps/chinese_chess/bot/score.h"
#include "apps/chinese_chess/rules/game.h"
#include "apps/chinese_chess/rules/move.h"
#include "apps/chinese_chess/rules/position.h"
#include "apps/chinese_chess/rules/quiet_count.h"
#include "apps/chinese_chess/rules/repetition.h"

namespace chinese_chess::bot {

class SearchPath {
 public:
  // `game` may be over: whoever asks for a move gets one.
  explicit SearchPath(const Game& game);

  const Position& position() const { return position_; }
  // Moves made since the game's last.
  int ply() const { return static_cast<int>(steps_.size() - root_); }
  bool in_check() const { return in_check_; }
  // Towards the draw without captures.
  int quiet_plies() const { return count_.quiet(); }

  // A legal move.
  void Make(Move move);
  void Unmake();
  // Passes, which the rules do not know. Not while in check.
  void MakeNull();
  void UnmakeNull();

  // Set if the game would be over here but for mate: the score for who is to move.
  // Not at the root.
  std::optional<Score> Judge() const;

 private:
  // Before a move.
  struct Step {
    uint64_t key = 0;
    QuietCount count;
    bool in_check = false;
    // Moves up to and with this one that could be taken back on the board.
    int reversible = 0;
  };

  int ReversibleWith(const CycleMove& played) const;
  // Where the cycle begins that the position closes, if the rules end it.
  std::optional<size_t> FindCycle() const;
  Score JudgeCycleFrom(size_t first) const;
  bool IsDrawnByCount() const;

  Position position_;
  std::vector<Step> steps_;
  std::vector<CycleMove> moves_;  // As many; a null move has no squares.
  size_t root_;
  QuietCount count_;
  bool in_check_;
};

}  // namespace chinese_chess::bot

#endif  // APPS_CHINESE_CHESS_BOT_SEARCH_PATH_H_
