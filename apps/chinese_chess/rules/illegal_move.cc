#include "apps/chinese_chess/rules/illegal_move.h"

#include <cstddef>
#include <cstdlib>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "apps/chinese_chess/rules/attacks.h"
#include "apps/chinese_chess/rules/bitboard.h"
#include "apps/chinese_chess/rules/piece.h"
#include "apps/chinese_chess/rules/square.h"

namespace chinese_chess {
namespace {

// The shape of a move, as its player sees it.
struct Shape {
  int sideways;  // Files, without a sign.
  int forward;   // Ranks; negative is backward.

  bool IsDiagonal(int steps) const {
    return sideways == steps && std::abs(forward) == steps;
  }
  bool IsStraight() const { return sideways == 0 || forward == 0; }
  bool IsStep() const { return sideways + std::abs(forward) == 1; }
  bool IsHorse() const { return sideways * std::abs(forward) == 2; }
};

Shape ShapeOf(Move move, Color color) {
  const int ranks = RankOf(move.to) - RankOf(move.from);
  return {std::abs(FileOf(move.to) - FileOf(move.from)),
          color == Color::kRed ? ranks : -ranks};
}

int CountBetween(const Position& position, Move move) {
  return (SquaresBetween(move.from, move.to) & position.occupied()).Count();
}

IllegalReason WhyNotCannon(const Position& position, Move move) {
  const int between = CountBetween(position, move);
  if (position.at(move.to) == Piece::kNone) {
    return between > 0 ? IllegalReason::kBlocked : IllegalReason::kNone;
  }
  return between == 1 ? IllegalReason::kNone
                      : IllegalReason::kCannonNeedsScreen;
}

IllegalReason WhyNotSoldier(Move move, Color color, Shape shape) {
  if (!shape.IsStep()) return IllegalReason::kNotItsMove;
  return SoldierTargets(color, move.from).Has(move.to)
             ? IllegalReason::kNone
             : IllegalReason::kSoldierBack;
}

// For a piece that would move as `fits` says if nothing were in its way.
IllegalReason Unless(bool fits, bool stopped, IllegalReason why_stopped) {
  if (!fits) return IllegalReason::kNotItsMove;
  return stopped ? why_stopped : IllegalReason::kNone;
}

// Of the piece's own way to move; the general is not minded yet.
IllegalReason WhyNotItsMove(const Position& position, Move move) {
  const Piece piece = position.at(move.from);
  const Color color = ColorOf(piece);
  const Shape shape = ShapeOf(move, color);
  switch (TypeOf(piece)) {
    case PieceType::kGeneral:
      return Unless(shape.IsStep(), !GeneralTargets(move.from).Has(move.to),
                    IllegalReason::kOutOfPalace);
    case PieceType::kAdvisor:
      return Unless(shape.IsDiagonal(1),
                    !AdvisorTargets(move.from).Has(move.to),
                    IllegalReason::kOutOfPalace);
    case PieceType::kElephant:
      if (!shape.IsDiagonal(2)) return IllegalReason::kNotItsMove;
      if (RankOf(move.from) / 5 != RankOf(move.to) / 5) {
        return IllegalReason::kAcrossRiver;
      }
      return ElephantTargets(move.from, position.occupied()).Has(move.to)
                 ? IllegalReason::kNone
                 : IllegalReason::kBlocked;
    case PieceType::kHorse:
      return Unless(shape.IsHorse(),
                    !HorseTargets(move.from, position.occupied()).Has(move.to),
                    IllegalReason::kBlocked);
    case PieceType::kChariot:
      return Unless(shape.IsStraight(), CountBetween(position, move) > 0,
                    IllegalReason::kBlocked);
    case PieceType::kCannon:
      return shape.IsStraight() ? WhyNotCannon(position, move)
                                : IllegalReason::kNotItsMove;
    case PieceType::kSoldier:
      return WhyNotSoldier(move, color, shape);
  }
  return IllegalReason::kNotItsMove;
}

// The square that a horse, an elephant or a line is blocked at.
Square BlockedAt(const Position& position, Move move) {
  const PieceType type = TypeOf(position.at(move.from));
  if (type == PieceType::kHorse) return HorseLeg(move.from, move.to);
  if (type == PieceType::kElephant) return (move.from + move.to) / 2;
  const Bitboard between =
      SquaresBetween(move.from, move.to) & position.occupied();
  Square nearest = between.First();
  for (Bitboard rest = between; !rest.empty();) {
    const Square square = rest.PopFirst();
    if (move.from > move.to) nearest = square;
  }
  return nearest;
}

std::string ExplainCheck(const Position& position, Move move) {
  const Square attacker = position.AttackersAfter(move).First();
  return absl::StrCat(position.InCheck() ? "the general would still be"
                                         : "the general would be",
                      " in check, by the ",
                      PieceTypeName(TypeOf(position.at(attacker))), " on ",
                      SquareName(attacker));
}

std::string ExplainShape(PieceType type) {
  switch (type) {
    case PieceType::kGeneral:
      return "a general goes one step along a line";
    case PieceType::kAdvisor:
      return "an advisor goes one step diagonally";
    case PieceType::kElephant:
      return "an elephant goes exactly two steps diagonally";
    case PieceType::kHorse:
      return "a horse goes one step along a line and then one diagonally";
    case PieceType::kChariot:
      return "a chariot goes along lines";
    case PieceType::kCannon:
      return "a cannon goes along lines";
    case PieceType::kSoldier:
      return "a soldier goes one step";
  }
  return "";
}

std::string Explain(const Position& position, Move move, IllegalReason reason) {
  const Piece piece = position.at(move.from);
  const std::string_view name =
      piece == Piece::kNone ? "piece" : PieceTypeName(TypeOf(piece));
  switch (reason) {
    case IllegalReason::kNone:
      return "it is legal";
    case IllegalReason::kEmptySquare:
      return absl::StrCat("there is no piece on ", SquareName(move.from));
    case IllegalReason::kOpponentsPiece:
      return absl::StrCat("the ", name, " on ", SquareName(move.from), " is ",
                          ColorName(ColorOf(piece)), "'s, and it is ",
                          ColorName(position.turn()), "'s move");
    case IllegalReason::kOwnPieceOnTarget:
      return absl::StrCat("there is a ", ColorName(position.turn()),
                          " piece on ", SquareName(move.to), " already");
    case IllegalReason::kNotItsMove:
      return ExplainShape(TypeOf(piece));
    case IllegalReason::kOutOfPalace:
      return absl::StrCat("the ", name, " stays in its palace");
    case IllegalReason::kAcrossRiver:
      return "an elephant does not cross the river";
    case IllegalReason::kSoldierBack:
      return "a soldier goes forward, and sideways once it has crossed the "
             "river, never back";
    case IllegalReason::kBlocked:
      return absl::StrCat("the ", name, " is blocked by the piece on ",
                          SquareName(BlockedAt(position, move)));
    case IllegalReason::kCannonNeedsScreen:
      return absl::StrCat(
          "a cannon captures over exactly one piece, and between ",
          SquareName(move.from), " and ", SquareName(move.to), " there are ",
          CountBetween(position, move));
    case IllegalReason::kInCheck:
      return ExplainCheck(position, move);
    case IllegalReason::kGeneralsFace:
      return "the generals would face each other on an open file";
  }
  return "";
}

}  // namespace

IllegalReason WhyIllegal(const Position& position, Move move) {
  const Piece piece = position.at(move.from);
  if (piece == Piece::kNone) return IllegalReason::kEmptySquare;
  if (ColorOf(piece) != position.turn()) return IllegalReason::kOpponentsPiece;
  const Piece target = position.at(move.to);
  const IllegalReason reason = WhyNotItsMove(position, move);
  if (reason == IllegalReason::kNotItsMove) return reason;
  if (target != Piece::kNone && ColorOf(target) == position.turn()) {
    return IllegalReason::kOwnPieceOnTarget;
  }
  if (reason != IllegalReason::kNone) return reason;
  const Bitboard attackers = position.AttackersAfter(move);
  if (attackers.empty()) return IllegalReason::kNone;
  return attackers == (attackers & position.pieces(PieceType::kGeneral))
             ? IllegalReason::kGeneralsFace
             : IllegalReason::kInCheck;
}

std::string_view IllegalReasonName(IllegalReason reason) {
  constexpr std::string_view kNames[] = {
      "none",
      "empty_square",
      "opponents_piece",
      "own_piece_on_target",
      "not_its_move",
      "out_of_palace",
      "across_river",
      "soldier_back",
      "blocked",
      "cannon_needs_screen",
      "in_check",
      "generals_face",
  };
  static_assert(std::size(kNames) ==
                static_cast<size_t>(IllegalReason::kGeneralsFace) + 1);
  return kNames[static_cast<size_t>(reason)];
}

std::string ExplainIllegal(const Position& position, Move move) {
  const IllegalReason reason = WhyIllegal(position, move);
  if (reason == IllegalReason::kNone) return "";
  return absl::StrCat(FormatIccs(move), ": ", Explain(position, move, reason));
}

}  // namespace chinese_chess
