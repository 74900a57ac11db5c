#include "apps/chinese_chess/rules/movegen.h"

#include "apps/chinese_chess/rules/attacks.h"
#include "apps/chinese_chess/rules/piece.h"

namespace chinese_chess {
namespace {

// What the mover's general forbids to its other pieces.
struct Dangers {
  Bitboard attackers;
  // Squares between the general and a cannon with nothing in between: whoever
  // stepped there would be its screen.
  Bitboard forbidden;
  // Own pieces that may discover an attack by moving. They may have moves all the
  // same; each is tried out.
  Bitboard pinned;
};

void AddLineDangers(const Position& position, Square general,
                    const Bitboard& own, const Bitboard& enemies,
                    Dangers* dangers) {
  const Bitboard cannons = enemies & position.pieces(PieceType::kCannon);
  const Bitboard chariots = enemies & (position.pieces(PieceType::kChariot) |
                                       position.pieces(PieceType::kGeneral));
  const Bitboard occupied = own | enemies;
  const LineTargets lines = LinesFrom(general, occupied);
  dangers->attackers |= (lines.first & chariots) | (lines.second & cannons);
  for (Bitboard rest = lines.first & cannons; !rest.empty();) {
    dangers->forbidden |= SquaresBetween(general, rest.PopFirst());
  }
  for (Bitboard rest = lines.second & chariots; !rest.empty();) {
    dangers->pinned |= SquaresBetween(general, rest.PopFirst()) & own;
  }
  if ((CrossOf(general) & cannons).empty()) return;
  // Two screens are one too many, until one of them leaves. Without the first piece
  // of each direction, the second from there is the third.
  const LineTargets beyond = LinesFrom(general, occupied & ~lines.first);
  for (Bitboard rest = beyond.second & cannons; !rest.empty();) {
    dangers->pinned |= SquaresBetween(general, rest.PopFirst()) & own;
  }
}

void AddHorseDangers(Square general, const Bitboard& own,
                     const Bitboard& occupied, Bitboard horses,
                     Dangers* dangers) {
  dangers->attackers |= HorseAttackers(general, occupied) & horses;
  for (horses &= ~dangers->attackers; !horses.empty();) {
    dangers->pinned |= SquareBit(HorseLeg(horses.PopFirst(), general)) & own;
  }
}

Dangers FindDangers(const Position& position) {
  const Color us = position.turn();
  const Square general = position.general(us);
  const Bitboard& own = position.pieces(us);
  const Bitboard& enemies = position.pieces(Opponent(us));
  Dangers dangers;
  dangers.attackers = SoldierAttackers(Opponent(us), general) & enemies &
                      position.pieces(PieceType::kSoldier);
  const Bitboard on_lines = position.pieces(PieceType::kChariot) |
                            position.pieces(PieceType::kCannon) |
                            position.pieces(PieceType::kGeneral);
  if (!(CrossOf(general) & enemies & on_lines).empty()) {
    AddLineDangers(position, general, own, enemies, &dangers);
  }
  const Bitboard horses =
      HorseAround(general) & enemies & position.pieces(PieceType::kHorse);
  if (!horses.empty()) {
    AddHorseDangers(general, own, own | enemies, horses, &dangers);
  }
  return dangers;
}

Bitboard CannonTargets(const LineTargets& lines, const Bitboard& occupied) {
  return (lines.first & ~occupied) | lines.second;
}

// Calls visit(from, targets) for each piece of the side to move but the general.
// Targets hold own pieces, too.
template <typename Visit>
void ForEachPiece(const Position& position, Visit visit) {
  const Color us = position.turn();
  const Bitboard occupied = position.occupied();
  const auto each = [&](PieceType type, auto targets) {
    for (Bitboard rest = position.pieces(us, type); !rest.empty();) {
      const Square from = rest.PopFirst();
      visit(from, targets(from));
    }
  };
  each(PieceType::kChariot,
       [&](Square from) { return LinesFrom(from, occupied).first; });
  each(PieceType::kCannon, [&](Square from) {
    return CannonTargets(LinesFrom(from, occupied), occupied);
  });
  each(PieceType::kHorse,
       [&](Square from) { return HorseTargets(from, occupied); });
  each(PieceType::kElephant,
       [&](Square from) { return ElephantTargets(from, occupied); });
  each(PieceType::kAdvisor, [](Square from) { return AdvisorTargets(from); });
  each(PieceType::kSoldier,
       [us](Square from) { return SoldierTargets(us, from); });
}

// Those of the targets that leave the general safe.
Bitboard TryOut(const Position& position, Square from, Bitboard targets) {
  Bitboard safe;
  while (!targets.empty()) {
    const Square to = targets.PopFirst();
    if (position.LeavesGeneralSafe(MakeMove(from, to))) safe |= SquareBit(to);
  }
  return safe;
}

// While attacked, a move of another piece can only help if it captures an attacker,
// comes between, steps on a horse's leg, or takes a cannon's screen away.
struct Evasions {
  Bitboard targets;
  Bitboard screens;  // Pieces that may go anywhere.
};

Evasions FindEvasions(const Position& position, const Bitboard& attackers) {
  const Square general = position.general(position.turn());
  Evasions evasions{attackers, {}};
  for (Bitboard rest = attackers; !rest.empty();) {
    const Square attacker = rest.PopFirst();
    const PieceType type = TypeOf(position.at(attacker));
    if (type == PieceType::kHorse) {
      evasions.targets |= SquareBit(HorseLeg(attacker, general));
    }
    const Bitboard between = SquaresBetween(general, attacker);
    evasions.targets |= between;
    if (type == PieceType::kCannon) evasions.screens |= between;
  }
  return evasions;
}

// Calls visit(from, targets) with sets of legal targets, none of which is empty.
// Only targets in `wanted` count.
template <typename Visit>
class LegalVisitor {
 public:
  LegalVisitor(const Position& position, const Bitboard& wanted, Visit visit)
      : position_(position),
        wanted_(wanted & ~position.pieces(position.turn())),
        visit_(visit) {}

  void Run() {
    const Dangers dangers = FindDangers(position_);
    const Square general = position_.general(position_.turn());
    Give(general,
         TryOut(position_, general, GeneralTargets(general) & wanted_));
    if (dangers.attackers.empty()) {
      RunUnattacked(dangers);
    } else {
      RunAttacked(FindEvasions(position_, dangers.attackers));
    }
  }

 private:
  void RunUnattacked(const Dangers& dangers) {
    const Bitboard allowed = wanted_ & ~dangers.forbidden;
    ForEachPiece(position_, [&](Square from, const Bitboard& all) {
      Bitboard targets = all & allowed;
      if (dangers.pinned.Has(from)) targets = TryOut(position_, from, targets);
      Give(from, targets);
    });
  }

  void RunAttacked(const Evasions& evasions) {
    ForEachPiece(position_, [&](Square from, const Bitboard& all) {
      Bitboard targets = all & wanted_;
      if (!evasions.screens.Has(from)) targets &= evasions.targets;
      Give(from, TryOut(position_, from, targets));
    });
  }

  void Give(Square from, const Bitboard& targets) {
    if (!targets.empty()) visit_(from, targets);
  }

  const Position& position_;
  const Bitboard wanted_;
  Visit visit_;
};

void Generate(const Position& position, const Bitboard& wanted,
              MoveList* moves) {
  LegalVisitor(position, wanted, [moves](Square from, Bitboard targets) {
    while (!targets.empty()) moves->Add(MakeMove(from, targets.PopFirst()));
  }).Run();
}

}  // namespace

void GenerateLegalMoves(const Position& position, MoveList* moves) {
  Generate(position, ~Bitboard(), moves);
}

void GenerateLegalCaptures(const Position& position, MoveList* moves) {
  Generate(position, position.pieces(Opponent(position.turn())), moves);
}

int CountLegalMoves(const Position& position) {
  int count = 0;
  LegalVisitor(
      position, ~Bitboard(),
      [&count](Square, const Bitboard& targets) { count += targets.Count(); })
      .Run();
  return count;
}

bool HasLegalMove(const Position& position) {
  return CountLegalMoves(position) != 0;
}

bool IsLegal(const Position& position, Move move) {
  const Piece piece = position.at(move.from);
  if (piece == Piece::kNone || ColorOf(piece) != position.turn()) return false;
  return PseudoLegalTargets(position, move.from).Has(move.to) &&
         position.LeavesGeneralSafe(move);
}

Bitboard PseudoLegalTargets(const Position& position, Square from) {
  const Piece piece = position.at(from);
  if (piece == Piece::kNone) return {};
  const Bitboard occupied = position.occupied();
  const Bitboard others = ~position.pieces(ColorOf(piece));
  switch (TypeOf(piece)) {
    case PieceType::kGeneral:
      return GeneralTargets(from) & others;
    case PieceType::kAdvisor:
      return AdvisorTargets(from) & others;
    case PieceType::kElephant:
      return ElephantTargets(from, occupied) & others;
    case PieceType::kHorse:
      return HorseTargets(from, occupied) & others;
    case PieceType::kChariot:
      return LinesFrom(from, occupied).first & others;
    case PieceType::kCannon:
      return CannonTargets(LinesFrom(from, occupied), occupied) & others;
    case PieceType::kSoldier:
      return SoldierTargets(ColorOf(piece), from) & others;
  }
  return {};
}

}  // namespace chinese_chess
