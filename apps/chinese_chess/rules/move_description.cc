#include "apps/chinese_chess/rules/move_description.h"

#include <array>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "apps/chinese_chess/rules/bitboard.h"
#include "apps/chinese_chess/rules/illegal_move.h"
#include "apps/chinese_chess/rules/movegen.h"
#include "apps/chinese_chess/rules/quote.h"
#include "apps/chinese_chess/rules/square.h"

namespace chinese_chess {
namespace {

// 1-9 from the mover's right.
int OwnFile(Square square, Color color) {
  return color == Color::kRed ? kFiles - FileOf(square) : FileOf(square) + 1;
}

// Ranks that lie before it, from the opponent's back rank.
int DepthFromFront(Square square, Color color) {
  return color == Color::kRed ? kRanks - 1 - RankOf(square) : RankOf(square);
}

// A piece and its kind, sorted by own file and then from the front.
using Places = std::array<std::array<bool, kRanks>, kFiles + 1>;

void DescribeTandems(const Position& position, MoveDescription* move,
                     int depth) {
  Places places{};
  std::array<int, kFiles + 1> counts{};
  for (Bitboard rest = position.pieces(move->color, move->type);
       !rest.empty();) {
    const Square square = rest.PopFirst();
    const int file = OwnFile(square, move->color);
    places[file][DepthFromFront(square, move->color)] = true;
    ++counts[file];
  }
  for (int before = 0; before < depth; ++before) {
    move->from_front += places[move->file][before];
  }
  move->on_file = counts[move->file];
  for (int file = 1; file <= kFiles; ++file) {
    if (counts[file] < 2) continue;
    ++move->tandem_files;
    move->in_tandem += counts[file];
    if (file < move->file) move->tandem_place += counts[file];
  }
  move->tandem_place += move->from_front;
}

void AppendMatches(const Position& position, const Bitboard& targets,
                   Square from,
                   absl::FunctionRef<bool(const MoveDescription&)> matches,
                   std::vector<Move>* found) {
  for (Bitboard rest = targets; !rest.empty();) {
    const Move move = MakeMove(from, rest.PopFirst());
    if (matches(DescribeMove(position, move))) found->push_back(move);
  }
}

std::vector<Move> FindPseudoLegal(
    const Position& position,
    absl::FunctionRef<bool(const MoveDescription&)> matches) {
  std::vector<Move> found;
  for (Bitboard rest = position.pieces(position.turn()); !rest.empty();) {
    const Square from = rest.PopFirst();
    AppendMatches(position, PseudoLegalTargets(position, from), from, matches,
                  &found);
  }
  return found;
}

}  // namespace

MoveDescription DescribeMove(const Position& position, Move move) {
  const Piece piece = position.at(move.from);
  MoveDescription description;
  description.type = TypeOf(piece);
  description.color = ColorOf(piece);
  description.file = OwnFile(move.from, description.color);
  const int depth = DepthFromFront(move.from, description.color);
  const int steps = depth - DepthFromFront(move.to, description.color);
  const int new_file = OwnFile(move.to, description.color);
  description.direction = steps > 0   ? Direction::kForward
                          : steps < 0 ? Direction::kBackward
                                      : Direction::kSideways;
  description.number =
      new_file == description.file ? std::abs(steps) : new_file;
  DescribeTandems(position, &description, depth);
  return description;
}

absl::StatusOr<Move> FindMove(
    const Position& position, std::string_view text,
    absl::FunctionRef<bool(const MoveDescription&)> matches) {
  const std::vector<Move> found = FindPseudoLegal(position, matches);
  std::vector<Move> legal;
  for (const Move move : found) {
    if (position.LeavesGeneralSafe(move)) legal.push_back(move);
  }
  if (legal.size() == 1) return legal[0];
  if (legal.size() > 1) {
    return absl::InvalidArgumentError(absl::StrCat(QuoteText(text), " may be ",
                                                   FormatIccs(legal[0]), " or ",
                                                   FormatIccs(legal[1])));
  }
  if (found.size() == 1) {
    return absl::NotFoundError(absl::StrCat(
        QuoteText(text), ": ", ExplainIllegal(position, found[0])));
  }
  return absl::NotFoundError(absl::StrCat(
      QuoteText(text), ": ", ColorName(position.turn()), " has no such move"));
}

bool PieceChoice::Matches(const MoveDescription& move) const {
  switch (by) {
    case By::kFile:
      return move.file == number;
    case By::kFront:
      return move.on_file > 1 && move.from_front == 0;
    case By::kMiddle:
      return move.on_file > 2 && move.from_front == move.on_file / 2 &&
             move.on_file % 2 == 1;
    case By::kRear:
      return move.on_file > 1 && move.from_front == move.on_file - 1;
    case By::kPlace:
      return move.on_file > 1 && move.tandem_place == number - 1;
  }
  return false;
}

}  // namespace chinese_chess
