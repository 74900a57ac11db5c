// What a piece is worth where it stands, early and late in a game.
//
// The two are mixed by how much is left on the board (Phase). A sum over the pieces,
// so a search keeps it up to date move by move: see MaterialScore.
//
// Constant tables, safe from any thread.
//
//   MaterialScore material(position);
//   MaterialScore after = material;
//   after.Move(piece, move, captured);     // Before or after Position::Make().
//   Score score = after.For(position.turn());
#ifndef APPS_CHINESE_CHESS_BOT_PIECE_SQUARE_H_
#define APPS_CHINESE_CHESS_BOT_PIECE_SQUARE_H_

#include <array>
#include <cstdint>

#include "apps/chinese_chess/bot/score.h"
#include "apps/chinese_chess/rules/move.h"
#include "apps/chinese_chess/rules/piece.h"
#include "apps/chinese_chess/rules/position.h"
#include "apps/chinese_chess/rules/square.h"

namespace chinese_chess::bot {

// For Red if positive.
struct PieceSquare {
  int16_t opening = 0;
  int16_t ending = 0;
};

// Of no piece: zero, so that a capture needs no test.
const PieceSquare& PieceSquareOf(Piece piece, Square square);

// A round figure for exchanges and for the order of captures.
constexpr Score ExchangeValue(PieceType type) {
  constexpr Score kValues[] = {10000, 200, 200, 430, 950, 450, 110, 0};
  return kValues[static_cast<int>(type)];
}

// Chariots count 4, horses and cannons 2: 32 at the start.
constexpr int PhaseOf(Piece piece) {
  constexpr int kPhases[] = {0, 0, 0, 2, 4, 2, 0, 0};
  return kPhases[static_cast<int>(piece) & 7];
}
inline constexpr int kFullPhase = 32;

class MaterialScore {
 public:
  MaterialScore() = default;
  explicit MaterialScore(const Position& position);

  // `piece` makes `move`, and takes `captured`, or Piece::kNone.
  void Move(Piece piece, chinese_chess::Move move, Piece captured) {
    const PieceSquare& from = PieceSquareOf(piece, move.from);
    const PieceSquare& to = PieceSquareOf(piece, move.to);
    const PieceSquare& gone = PieceSquareOf(captured, move.to);
    opening_ += to.opening - from.opening - gone.opening;
    ending_ += to.ending - from.ending - gone.ending;
    phase_ -= PhaseOf(captured);
  }

  int phase() const { return phase_; }

  // From that side's point of view.
  Score For(Color color) const {
    const Score score =
        (opening_ * phase_ + ending_ * (kFullPhase - phase_)) / kFullPhase;
    return color == Color::kRed ? score : -score;
  }

  friend bool operator==(const MaterialScore&, const MaterialScore&) = default;

 private:
  Score opening_ = 0;
  Score ending_ = 0;
  int phase_ = 0;
};

}  // namespace chinese_chess::bot

#endif  // APPS_CHINESE_CHESS_BOT_PIECE_SQUARE_H_
