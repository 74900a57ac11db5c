#include "apps/chinese_chess/bot/exchange.h"

#include <algorithm>

#include "apps/chinese_chess/bot/piece_square.h"
#include "apps/chinese_chess/rules/attacks.h"

namespace chinese_chess::bot {
namespace {

// More than there are pieces.
constexpr int kMostCaptures = 33;

Bitboard HorsesTo(Square square, Bitboard horses, const Bitboard& occupied) {
  Bitboard attackers;
  for (horses &= HorseAround(square); !horses.empty();) {
    const Square horse = horses.PopFirst();
    if (!occupied.Has(HorseLeg(horse, square))) attackers |= SquareBit(horse);
  }
  return attackers;
}

// The cheapest first; the general last, for it must not be captured back.
Square CheapestOf(const Position& position, const Bitboard& attackers) {
  constexpr PieceType kByValue[] = {PieceType::kSoldier,  PieceType::kAdvisor,
                                    PieceType::kElephant, PieceType::kHorse,
                                    PieceType::kCannon,   PieceType::kChariot};
  for (const PieceType type : kByValue) {
    const Bitboard some = attackers & position.pieces(type);
    if (!some.empty()) return some.First();
  }
  return attackers.First();
}

}  // namespace

Bitboard AttackersTo(const Position& position, Square square, Color color,
                     const Bitboard& occupied) {
  const Bitboard own = position.pieces(color) & occupied;
  const auto of = [&](PieceType type) { return own & position.pieces(type); };
  Bitboard attackers =
      SoldierAttackers(color, square) & of(PieceType::kSoldier);
  const Bitboard on_lines = of(PieceType::kChariot) | of(PieceType::kCannon);
  if (!(CrossOf(square) & on_lines).empty()) {
    const LineTargets lines = LinesFrom(square, occupied);
    attackers |= (lines.first & of(PieceType::kChariot)) |
                 (lines.second & of(PieceType::kCannon));
  }
  attackers |= HorsesTo(square, of(PieceType::kHorse), occupied);
  // These three step the same way back; only from where they live.
  if (ReachableSquares(color, PieceType::kElephant).Has(square)) {
    attackers |= ElephantTargets(square, occupied) & of(PieceType::kElephant);
  }
  attackers |= AdvisorTargets(square) & of(PieceType::kAdvisor);
  attackers |= GeneralTargets(square) & of(PieceType::kGeneral);
  return attackers;
}

Score ExchangeGain(const Position& position, Move move) {
  // gain[i]: what the i-th capturer has won if nobody goes on after it.
  Score gain[kMostCaptures];
  int last = 0;
  const Piece captured = position.at(move.to);
  gain[0] = captured == Piece::kNone ? 0 : ExchangeValue(TypeOf(captured));
  Bitboard occupied =
      (position.occupied() & ~SquareBit(move.from)) | SquareBit(move.to);
  PieceType standing = TypeOf(position.at(move.from));
  Color side = Opponent(position.turn());
  while (last + 1 < kMostCaptures) {
    const Bitboard attackers = AttackersTo(position, move.to, side, occupied);
    if (attackers.empty()) break;
    const Square from = CheapestOf(position, attackers);
    const PieceType type = TypeOf(position.at(from));
    occupied = occupied & ~SquareBit(from);
    side = Opponent(side);
    // A general takes only what is not protected.
    if (type == PieceType::kGeneral &&
        !AttackersTo(position, move.to, side, occupied).empty()) {
      break;
    }
    ++last;
    gain[last] = ExchangeValue(standing) - gain[last - 1];
    standing = type;
  }
  for (; last > 0; --last) {
    gain[last - 1] = -std::max(-gain[last - 1], gain[last]);
  }
  return gain[0];
}

}  // namespace chinese_chess::bot
