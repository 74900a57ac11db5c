#include "apps/chinese_chess/bot/evaluation.h"

#include <algorithm>
#include <bit>

#include "apps/chinese_chess/rules/attacks.h"
#include "apps/chinese_chess/rules/bitboard.h"
#include "apps/chinese_chess/rules/piece.h"

namespace chinese_chess::bot {
namespace {

// It is an advantage to be on the move.
constexpr Score kTempo = 12;

constexpr Score kChariotMobility = 4;
constexpr Score kCannonMobility = 2;
constexpr Score kHorseMobility = 9;
// What is usual, so that mobility does not change what a piece is worth.
constexpr int kUsualChariotSquares = 9;
constexpr int kUsualCannonSquares = 8;
constexpr int kUsualHorseSquares = 4;

// Worth of an attacker beyond the river, by PieceType.
constexpr int kAttackWeights[kPieceTypes] = {0, 0, 0, 4, 5, 4, 2};

// Of a cannon with an open file to the general, by whether a chariot helps it.
constexpr Score kHollowCannon[] = {60, 130};
// Of a cannon on the general's file behind exactly two pieces: one move away.
constexpr Score kCannonBehindTwo = 14;

struct Side {
  const Position& position;
  const Bitboard occupied;
  const Color us;
  const Bitboard own = position.pieces(us);
};

Score Mobility(const Side& side) {
  const Bitboard free = ~side.own;
  int chariots = 0;
  int cannons = 0;
  int horses = 0;
  const auto each = [&side](PieceType type, auto visit) {
    for (Bitboard rest = side.own & side.position.pieces(type);
         !rest.empty();) {
      visit(rest.PopFirst());
    }
  };
  each(PieceType::kChariot, [&](Square from) {
    chariots += (LinesFrom(from, side.occupied).first & free).Count() -
                kUsualChariotSquares;
  });
  each(PieceType::kCannon, [&](Square from) {
    cannons += (LinesFrom(from, side.occupied).first & ~side.occupied).Count() -
               kUsualCannonSquares;
  });
  each(PieceType::kHorse, [&](Square from) {
    horses +=
        (HorseTargets(from, side.occupied) & free).Count() - kUsualHorseSquares;
  });
  return chariots * kChariotMobility + cannons * kCannonMobility +
         horses * kHorseMobility;
}

// Of the pieces beyond the river, by how many defenders are gone.
Score Pressure(const Side& side) {
  const int half = side.us == Color::kRed ? 1 : 0;
  const auto beyond = [&](PieceType type) {
    return std::popcount(side.own.half[half] &
                         side.position.pieces(type).half[half]);
  };
  int weight = 0;
  int attackers = 0;
  for (const PieceType type : {PieceType::kHorse, PieceType::kChariot,
                               PieceType::kCannon, PieceType::kSoldier}) {
    const int count = beyond(type);
    attackers += count;
    weight += count * kAttackWeights[static_cast<int>(type)];
  }
  if (attackers < 2) return 0;
  const Color them = Opponent(side.us);
  const int defenders =
      side.position.pieces(them, PieceType::kAdvisor).Count() +
      side.position.pieces(them, PieceType::kElephant).Count();
  return weight * (5 - defenders) * attackers / 4;
}

// Cannons in line with the enemy general.
Score CannonThreats(const Side& side) {
  const Bitboard cannons = side.own & side.position.pieces(PieceType::kCannon);
  const Square general = side.position.general(Opponent(side.us));
  if ((cannons & CrossOf(general)).empty()) return 0;
  const LineTargets lines = LinesFrom(general, side.occupied);
  Score score = 0;
  if (!(lines.first & cannons).empty()) {
    const bool helped =
        !(side.own & side.position.pieces(PieceType::kChariot)).empty();
    score += kHollowCannon[helped];
  }
  const LineTargets beyond = LinesFrom(general, side.occupied & ~lines.first);
  if (!(beyond.second & cannons).empty()) score += kCannonBehindTwo;
  return score;
}

Score Activity(const Side& side, int phase) {
  // Attacks need pieces: they fade with them.
  return Mobility(side) + (Pressure(side) + CannonThreats(side)) * (phase + 8) /
                              (kFullPhase + 8);
}

bool HasAttackers(const Position& position, Color color) {
  return !(position.pieces(color) & (position.pieces(PieceType::kChariot) |
                                     position.pieces(PieceType::kHorse) |
                                     position.pieces(PieceType::kCannon) |
                                     position.pieces(PieceType::kSoldier)))
              .empty();
}

}  // namespace

Score Evaluate(const Position& position, const MaterialScore& material) {
  const Color us = position.turn();
  const Bitboard occupied = position.occupied();
  const Side own{position, occupied, us};
  const Side other{position, occupied, Opponent(us)};
  Score score = material.For(us) + kTempo + Activity(own, material.phase()) -
                Activity(other, material.phase());
  // Whoever cannot win is not ahead, however many advisors are left.
  if (score > 0 && !HasAttackers(position, us)) score = 0;
  if (score < 0 && !HasAttackers(position, Opponent(us))) score = 0;
  return std::clamp(score, -kLeastWin + 1, kLeastWin - 1);
}

}  // namespace chinese_chess::bot
