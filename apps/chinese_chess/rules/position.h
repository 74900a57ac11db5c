// A position: who stands where, and whose move it is.
//
// Both generals are always on the board (only Empty(), which the FEN parser starts
// from, has none). Made for search as well as for serving: Make() and Unmake() are
// some twenty instructions, nothing allocates, a copy is 250 bytes.
//
// Threads: one at a time for each object.
//
//   Position position;                       // The start.
//   Undo undo = position.Make(*ParseIccs("h2e2"));
//   position.turn();                         // Color::kBlack
//   position.Unmake(*ParseIccs("h2e2"), undo);
#ifndef APPS_CHINESE_CHESS_RULES_POSITION_H_
#define APPS_CHINESE_CHESS_RULES_POSITION_H_

#include <array>
#include <cstdint>

#include "apps/chinese_chess/rules/bitboard.h"
#include "apps/chinese_chess/rules/move.h"
#include "apps/chinese_chess/rules/piece.h"
#include "apps/chinese_chess/rules/square.h"

namespace chinese_chess {

// What Unmake() cannot see on the board.
struct Undo {
  Piece captured = Piece::kNone;
  uint16_t quiet_plies = 0;
};

class Position {
 public:
  // The start.
  Position();
  static Position Empty();

  Piece at(Square square) const { return board_[square]; }
  Color turn() const { return turn_; }
  const Bitboard& pieces(Color color) const {
    return by_color_[static_cast<int>(color)];
  }
  const Bitboard& pieces(PieceType type) const {
    return by_type_[static_cast<int>(type)];
  }
  Bitboard pieces(Color color, PieceType type) const {
    return pieces(color) & pieces(type);
  }
  Bitboard occupied() const { return by_color_[0] | by_color_[1]; }
  Square general(Color color) const {
    return pieces(color, PieceType::kGeneral).First();
  }

  // Of the board and the side to move, nothing else.
  uint64_t key() const { return key_; }
  // Moves of one side since the last capture.
  int quiet_plies() const { return quiet_plies_; }
  // Of the pair of moves that comes next, from 1; counts up after Black's.
  int move_number() const { return move_number_; }

  // The pieces of the opponent that attack `color`'s general. The enemy general is
  // one of them when the two face each other.
  Bitboard Attackers(Color color) const;
  // Is the side to move in check?
  bool InCheck() const { return !Attackers(turn_).empty(); }

  // Would the mover's general be unattacked after `move`? The move has to be one
  // that its piece could make; nothing is moved.
  bool LeavesGeneralSafe(Move move) const;
  // What would attack it. Opponent's pieces, at their squares of now.
  Bitboard AttackersAfter(Move move) const;

  // Any move of a piece to anywhere; whether that is a move of the game is decided
  // in movegen.h. A general must not be captured.
  Undo Make(Move move);
  void Unmake(Move move, Undo undo);

  // For those who set up a board.
  void Put(Piece piece, Square square);  // The square must be empty.
  void set_turn(Color turn);
  void set_counters(int quiet_plies, int move_number);

  // Pieces and side to move; the counters do not matter.
  friend bool operator==(const Position& a, const Position& b) {
    return a.key_ == b.key_ && a.turn_ == b.turn_ && a.board_ == b.board_;
  }

 private:
  struct EmptyTag {};
  explicit Position(EmptyTag);

  Bitboard AttackersOf(Square general, Color color, const Bitboard& occupied,
                       const Bitboard& enemies) const;

  std::array<Bitboard, 2> by_color_{};
  std::array<Bitboard, kPieceTypes + 1> by_type_{};  // The last: of no piece.
  uint64_t key_ = 0;
  std::array<Piece, kSquares> board_;
  Color turn_ = Color::kRed;
  uint16_t quiet_plies_ = 0;
  uint16_t move_number_ = 1;
};

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_RULES_POSITION_H_
