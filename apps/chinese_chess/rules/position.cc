#include "apps/chinese_chess/rules/position.h"

#include <string_view>

#include "apps/chinese_chess/rules/attacks.h"
#include "apps/chinese_chess/rules/zobrist.h"

namespace chinese_chess {
namespace {

// Red's half of the start, rank by rank from the back; Black's is its mirror image.
constexpr std::string_view kStartRanks[] = {
    "RNBAKABNR", "         ", " C     C ", "P P P P P", "         ",
};

}  // namespace

Position::Position(EmptyTag) { board_.fill(Piece::kNone); }

Position Position::Empty() { return Position(EmptyTag()); }

Position::Position() : Position(EmptyTag()) {
  for (Square square = 0; square < kHalfSquares; ++square) {
    const char letter = kStartRanks[RankOf(square)][FileOf(square)];
    if (letter == ' ') continue;
    const PieceType type = TypeOf(*PieceFromLetter(letter));
    Put(MakePiece(Color::kRed, type), square);
    Put(MakePiece(Color::kBlack, type), MirrorForBlack(square));
  }
}

void Position::Put(Piece piece, Square square) {
  by_color_[static_cast<int>(ColorOf(piece))] |= SquareBit(square);
  by_type_[static_cast<int>(TypeOf(piece))] |= SquareBit(square);
  board_[square] = piece;
  key_ ^= ZobristKey(piece, square);
}

void Position::set_turn(Color turn) {
  if (turn != turn_) key_ ^= kZobristBlackToMove;
  turn_ = turn;
}

void Position::set_counters(int quiet_plies, int move_number) {
  quiet_plies_ = static_cast<uint16_t>(quiet_plies);
  move_number_ = static_cast<uint16_t>(move_number);
}

Undo Position::Make(Move move) {
  const Piece piece = board_[move.from];
  const Undo undo = {board_[move.to], quiet_plies_};
  const Bitboard both = SquareBit(move.from) ^ SquareBit(move.to);
  by_color_[static_cast<int>(turn_)] ^= both;
  by_type_[static_cast<int>(TypeOf(piece))] ^= both;
  ++quiet_plies_;
  if (undo.captured != Piece::kNone) {
    by_color_[static_cast<int>(Opponent(turn_))] ^= SquareBit(move.to);
    by_type_[static_cast<int>(TypeOf(undo.captured))] ^= SquareBit(move.to);
    quiet_plies_ = 0;
  }
  board_[move.from] = Piece::kNone;
  board_[move.to] = piece;
  key_ ^= ZobristKey(piece, move.from) ^ ZobristKey(piece, move.to) ^
          ZobristKey(undo.captured, move.to) ^ kZobristBlackToMove;
  move_number_ += turn_ == Color::kBlack;
  turn_ = Opponent(turn_);
  return undo;
}

void Position::Unmake(Move move, Undo undo) {
  turn_ = Opponent(turn_);
  move_number_ -= turn_ == Color::kBlack;
  quiet_plies_ = undo.quiet_plies;
  const Piece piece = board_[move.to];
  const Bitboard both = SquareBit(move.from) ^ SquareBit(move.to);
  by_color_[static_cast<int>(turn_)] ^= both;
  by_type_[static_cast<int>(TypeOf(piece))] ^= both;
  if (undo.captured != Piece::kNone) {
    by_color_[static_cast<int>(Opponent(turn_))] ^= SquareBit(move.to);
    by_type_[static_cast<int>(TypeOf(undo.captured))] ^= SquareBit(move.to);
  }
  board_[move.from] = piece;
  board_[move.to] = undo.captured;
  key_ ^= ZobristKey(piece, move.from) ^ ZobristKey(piece, move.to) ^
          ZobristKey(undo.captured, move.to) ^ kZobristBlackToMove;
}

Bitboard Position::AttackersOf(Square general, Color color,
                               const Bitboard& occupied,
                               const Bitboard& enemies) const {
  Bitboard attackers =
      (HorseAttackers(general, occupied) & pieces(PieceType::kHorse)) |
      (SoldierAttackers(Opponent(color), general) &
       pieces(PieceType::kSoldier));
  const Bitboard chariots =
      pieces(PieceType::kChariot) | pieces(PieceType::kGeneral);
  const Bitboard cannons = pieces(PieceType::kCannon);
  if (!(CrossOf(general) & enemies & (chariots | cannons)).empty()) {
    const LineTargets lines = LinesFrom(general, occupied);
    attackers |= (lines.first & chariots) | (lines.second & cannons);
  }
  return attackers & enemies;
}

Bitboard Position::Attackers(Color color) const {
  return AttackersOf(general(color), color, occupied(),
                     pieces(Opponent(color)));
}

Bitboard Position::AttackersAfter(Move move) const {
  const Color us = ColorOf(board_[move.from]);
  const Square own_general = general(us);
  // What is captured neither attacks nor is gone as an obstacle.
  return AttackersOf(move.from == own_general ? move.to : own_general, us,
                     (occupied() & ~SquareBit(move.from)) | SquareBit(move.to),
                     pieces(Opponent(us)) & ~SquareBit(move.to));
}

bool Position::LeavesGeneralSafe(Move move) const {
  return AttackersAfter(move).empty();
}

}  // namespace chinese_chess
