#include "apps/chinese_chess/rules/fen.h"

#include <cstddef>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "apps/chinese_chess/rules/attacks.h"
#include "apps/chinese_chess/rules/bitboard.h"
#include "apps/chinese_chess/rules/piece.h"
#include "apps/chinese_chess/rules/square.h"

namespace chinese_chess {
namespace {

// No game gets there, and sixteen bits hold it.
constexpr int kMaxCounter = 9999;
constexpr size_t kMaxFields = 6;

template <typename... Part>
absl::Status Error(const Part&... parts) {
  return absl::InvalidArgumentError(absl::StrCat("FEN: ", parts...));
}

// Letters that come from anywhere are not printed as they are.
std::string Quoted(char c) {
  if (c > ' ' && c < 0x7f) return std::string("\"") + c + '"';
  return absl::StrCat("byte 0x", absl::Hex(static_cast<unsigned char>(c)));
}

absl::Status ReadRank(std::string_view text, int rank, Position* position) {
  int file = 0;
  bool after_digit = false;
  for (const char c : text) {
    const bool is_digit = c >= '1' && c <= '9';
    const std::optional<Piece> piece = PieceFromLetter(c);
    if (!is_digit && !piece.has_value()) {
      return Error(Quoted(c), " in rank ", rank,
                   " is neither a piece (KABNRCP, kabnrcp) nor 1-9");
    }
    if (is_digit && after_digit) {
      return Error("rank ", rank, " has two numbers in a row");
    }
    if (file + (is_digit ? c - '0' : 1) > kFiles) {
      return Error("rank ", rank, " has more than 9 points");
    }
    if (piece.has_value()) position->Put(*piece, MakeSquare(file, rank));
    file += is_digit ? c - '0' : 1;
    after_digit = is_digit;
  }
  if (file == kFiles) return absl::OkStatus();
  return Error("rank ", rank, " has ", file, " points, not 9");
}

absl::Status ReadBoard(std::string_view text, Position* position) {
  const std::vector<std::string_view> ranks = absl::StrSplit(text, '/');
  if (ranks.size() != kRanks) {
    return Error("the board has ", ranks.size(), " ranks, not 10");
  }
  for (int i = 0; i < kRanks; ++i) {
    absl::Status status = ReadRank(ranks[i], kRanks - 1 - i, position);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status ReadTurn(std::string_view text, Position* position) {
  if (text == "b") {
    position->set_turn(Color::kBlack);
  } else if (text != "w" && text != "r") {
    return Error("the side to move is w (or r) for Red, b for Black");
  }
  return absl::OkStatus();
}

absl::Status ReadCounter(std::string_view text, std::string_view what,
                         int* value) {
  int number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9' || text.size() > 4) {
      return Error("the number of ", what, " is from 0 to ", kMaxCounter);
    }
    number = number * 10 + (c - '0');
  }
  *value = number;
  return absl::OkStatus();
}

absl::Status ReadFields(const std::vector<std::string_view>& fields,
                        Position* position) {
  absl::Status status = ReadBoard(fields[0], position);
  if (status.ok()) status = ReadTurn(fields[1], position);
  for (size_t i = 2; i < fields.size() && i < 4 && status.ok(); ++i) {
    if (fields[i] != "-") status = Error("field ", i + 1, " is always \"-\"");
  }
  int quiet_plies = 0;
  int move_number = 1;
  if (status.ok() && fields.size() > 4) {
    status = ReadCounter(fields[4], "moves since a capture", &quiet_plies);
  }
  if (status.ok() && fields.size() > 5) {
    status = ReadCounter(fields[5], "the move", &move_number);
  }
  position->set_counters(quiet_plies, move_number == 0 ? 1 : move_number);
  return status;
}

absl::Status CheckCount(const Position& position, Color color, PieceType type) {
  constexpr int kMost[kPieceTypes] = {1, 2, 2, 2, 2, 2, 5};
  const int most = kMost[static_cast<int>(type)];
  const int count = position.pieces(color, type).Count();
  if (count > most) {
    return Error(ColorName(color), " has ", count, " ", PieceTypeName(type),
                 "s; there ", most == 1 ? "is " : "are ", most);
  }
  if (count == 0 && type == PieceType::kGeneral) {
    return Error(ColorName(color), " has no general");
  }
  return absl::OkStatus();
}

bool IsPlace(PieceType type, Square from_own_side, FenPlaces places) {
  if (places == FenPlaces::kReachable) {
    return ReachableSquares(Color::kRed, type).Has(from_own_side);
  }
  const int rank = RankOf(from_own_side);
  switch (type) {
    case PieceType::kGeneral:
    case PieceType::kAdvisor:
      return ReachableSquares(Color::kRed, PieceType::kGeneral)
          .Has(from_own_side);
    case PieceType::kElephant:
      return rank < kRanks / 2;
    case PieceType::kSoldier:
      return rank > 0;
    default:
      return true;
  }
}

absl::Status CheckPlaces(const Position& position, Color color, PieceType type,
                         FenPlaces places) {
  for (Bitboard rest = position.pieces(color, type); !rest.empty();) {
    const Square square = rest.PopFirst();
    const bool is_red = color == Color::kRed;
    if (IsPlace(type, is_red ? square : MirrorForBlack(square), places)) {
      continue;
    }
    return Error(ColorName(color), "'s ", PieceTypeName(type),
                 " cannot get to ", SquareName(square));
  }
  return absl::OkStatus();
}

absl::Status CheckPieces(const Position& position, FenPlaces places) {
  for (const Color color : {Color::kRed, Color::kBlack}) {
    for (int i = 0; i < kPieceTypes; ++i) {
      const PieceType type = static_cast<PieceType>(i);
      absl::Status status = CheckCount(position, color, type);
      if (!status.ok()) return status;
      status = CheckPlaces(position, color, type, places);
      if (!status.ok()) return status;
    }
  }
  return absl::OkStatus();
}

absl::Status CheckGenerals(const Position& position) {
  const Color waiting = Opponent(position.turn());
  const Bitboard attackers = position.Attackers(waiting);
  if (attackers.empty()) return absl::OkStatus();
  for (Bitboard rest = attackers; !rest.empty();) {
    const Piece piece = position.at(rest.PopFirst());
    if (TypeOf(piece) == PieceType::kGeneral) {
      return Error("the generals face each other on an open file");
    }
  }
  const Square first = attackers.First();
  return Error("it is ", ColorName(position.turn()), "'s move and ",
               ColorName(waiting), "'s general is already attacked by the ",
               PieceTypeName(TypeOf(position.at(first))), " on ",
               SquareName(first));
}

void AppendRank(const Position& position, int rank, std::string* fen) {
  int gap = 0;
  for (int file = 0; file <= kFiles; ++file) {
    const Piece piece =
        file == kFiles ? Piece::kNone : position.at(MakeSquare(file, rank));
    if (file < kFiles && piece == Piece::kNone) {
      ++gap;
      continue;
    }
    if (gap > 0) fen->push_back(static_cast<char>('0' + gap));
    gap = 0;
    if (file < kFiles) fen->push_back(PieceLetter(piece));
  }
}

}  // namespace

absl::StatusOr<Position> ParseFen(std::string_view fen, FenPlaces places) {
  const std::vector<std::string_view> fields =
      absl::StrSplit(fen, ' ', absl::SkipEmpty());
  if (fields.size() < 2) {
    return Error("it has a board and a side to move at least, such as ",
                 kStartFen);
  }
  if (fields.size() > kMaxFields) {
    return Error(fields.size(), " fields, where 6 are the most");
  }
  Position position = Position::Empty();
  absl::Status status = ReadFields(fields, &position);
  if (status.ok()) status = CheckPieces(position, places);
  if (status.ok()) status = CheckGenerals(position);
  if (!status.ok()) return status;
  return position;
}

std::string FormatFen(const Position& position) {
  std::string fen;
  for (int rank = kRanks - 1; rank >= 0; --rank) {
    AppendRank(position, rank, &fen);
    fen.push_back(rank > 0 ? '/' : ' ');
  }
  absl::StrAppend(&fen, position.turn() == Color::kRed ? "w" : "b", " - - ",
                  position.quiet_plies(), " ", position.move_number());
  return fen;
}

}  // namespace chinese_chess
