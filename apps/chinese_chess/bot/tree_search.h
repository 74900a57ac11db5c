// Alpha-beta from a position downwards: principal variation search with what makes it
// fast (transpositions, null moves, late move reductions, pruning near the leaves) and
// what keeps it from being fooled (checks are extended, exchanges are played out).
//
// Null moves need care here: a side without a legal move has lost, so to pass can be
// the best "move" of all. They are not tried in check, nor with few pieces, and near
// the root they are confirmed by a search without them.
//
// Searcher deepens it move by move; what it learns is kept in the table and the history.
//
// Threads: one at a time for each object.
//
//   TreeSearch tree(game, &table, &history, &budget);
//   Score score = tree.Below(move, depth - 1, -kInfinity, kInfinity);
//   if (!budget.is_spent()) Use(score, tree.line());
#ifndef APPS_CHINESE_CHESS_BOT_TREE_SEARCH_H_
#define APPS_CHINESE_CHESS_BOT_TREE_SEARCH_H_

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "apps/chinese_chess/bot/move_history.h"
#include "apps/chinese_chess/bot/move_picker.h"
#include "apps/chinese_chess/bot/no_move.h"
#include "apps/chinese_chess/bot/piece_square.h"
#include "apps/chinese_chess/bot/score.h"
#include "apps/chinese_chess/bot/search_budget.h"
#include "apps/chinese_chess/bot/search_path.h"
#include "apps/chinese_chess/bot/transposition_table.h"
#include "apps/chinese_chess/rules/game.h"
#include "apps/chinese_chess/rules/move.h"
#include "apps/chinese_chess/rules/piece.h"

namespace chinese_chess::bot {

class TreeSearch {
 public:
  // All outlive it.
  TreeSearch(const Game& game, TranspositionTable* table, MoveHistory* history,
             SearchBudget* budget);

  // How good `move`, a legal one of the root, is for who makes it: at most alpha, at
  // least beta, or exact in between. Of no meaning once the budget is spent.
  Score Below(Move move, int depth, Score alpha, Score beta);
  // The line that Below() expects, with `move`.
  std::vector<Move> line() const;

  const Position& root() const { return path_.position(); }
  // Checks are extended to twice that many plies.
  void set_root_depth(int depth) { root_depth_ = depth; }
  // The deepest ply since the last call.
  int TakeDeepest();

 private:
  struct Frame {
    MaterialScore material;
    Score evaluation = 0;
    Move move = kNoMove;  // The one that is being tried.
    Piece piece = Piece::kNone;
    std::array<Move, 2> killers = {};
  };
  // What a node knows before it tries its moves.
  struct Node {
    int depth;
    Score alpha;
    Score beta;
    bool is_pv;
    bool in_check;
    bool is_improving = false;
    Score evaluation = 0;
    bool is_known = false;  // To the table, with its evaluation.
    Move table_move = kNoMove;
  };
  enum class Null : uint8_t { kAllowed, kForbidden };

  Score Search(int depth, Score alpha, Score beta, Null null);
  Score SearchMoves(const Node& node);
  // The score of the move that has just been made, the `count`th of its node.
  Score SearchMade(const Node& node, int count, bool is_late, int history,
                   Score alpha);
  Score Quiescence(Score alpha, Score beta);
  Score QuiescenceMoves(const Node& node, Score stand);

  // Known without looking at the moves: a rule, the table, or the evaluation is far
  // from the window.
  std::optional<Score> TableCutoff(Node* node);
  std::optional<Score> StaticCutoff(const Node& node, Null null);
  std::optional<Score> NullMoveCutoff(const Node& node);
  bool IsHopeless(const Node& node, int count, Move move, bool is_bad_capture,
                  int history) const;
  bool HasRoomToPass() const;

  Score EvaluateNow(const Node& node) const;
  void Evaluate(Node* node);
  void Make(Move move);
  void Unmake();
  MovePicker::Hints HintsFor(const Node& node) const;
  void RewardCutoff(const Node& node, Move move, const MoveList& tried);
  void StoreResult(const Node& node, Score best, Move move);
  void ClearLine() { line_length_[path_.ply()] = path_.ply(); }
  void ExtendLine(Move move);

  Frame& frame() { return frames_[path_.ply()]; }
  const Frame& frame() const { return frames_[path_.ply()]; }

  SearchPath path_;
  TranspositionTable& table_;
  MoveHistory& history_;
  SearchBudget& budget_;
  int root_depth_ = 1;
  int deepest_ = 0;
  std::array<Frame, kMaxPly + 2> frames_;
  // The best line of each ply, as a triangle.
  std::array<std::array<Move, kMaxPly + 1>, kMaxPly + 1> lines_;
  std::array<int, kMaxPly + 2> line_length_{};
};

}  // namespace chinese_chess::bot

#endif  // APPS_CHINESE_CHESS_BOT_TREE_SEARCH_H_
