#include "apps/chinese_chess/rules/wxf.h"

#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "apps/chinese_chess/rules/move_description.h"
#include "apps/chinese_chess/rules/piece.h"
#include "apps/chinese_chess/rules/quote.h"

namespace chinese_chess {
namespace {

constexpr std::string_view kPieces = "KAEHRCP";
constexpr std::string_view kDirections = "+=-";

char Digit(int number) { return static_cast<char>('0' + number); }
bool IsDigit(char c) { return c >= '1' && c <= '9'; }

// '+' for the front one, '-' for the rear one, the file for one in the middle.
char Mark(const MoveDescription& move, int from_front, int count) {
  if (from_front == 0) return '+';
  return from_front == count - 1 ? '-' : Digit(move.file);
}

std::string SoldierHead(const MoveDescription& move) {
  const bool outermost =
      move.from_front == 0 || move.from_front == move.on_file - 1;
  if (move.tandem_files > 1) {
    return {Digit(move.file), Mark(move, move.from_front, move.on_file)};
  }
  if (move.on_file < 4) {
    return {'P', Mark(move, move.from_front, move.on_file)};
  }
  if (outermost) {
    return std::string(2, Mark(move, move.from_front, move.on_file));
  }
  return {'P', Mark(move, move.from_front - 1, move.on_file - 2)};
}

std::string Head(const MoveDescription& move) {
  const char letter = kPieces[static_cast<int>(move.type)];
  const bool by_file = move.on_file == 1 || move.type == PieceType::kAdvisor ||
                       move.type == PieceType::kElephant;
  if (by_file) return {letter, Digit(move.file)};
  if (move.type == PieceType::kSoldier) return SoldierHead(move);
  return {letter, Mark(move, move.from_front, move.on_file)};
}

std::string Format(const MoveDescription& move) {
  return Head(move) + kDirections[static_cast<int>(move.direction)] +
         Digit(move.number);
}

// Capitals, '=', E and H.
std::string Normalize(std::string_view text) {
  std::string normal;
  for (char c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 0x20);
    if (c == '.') c = '=';
    normal.push_back(c);
  }
  // A B or an N is a piece where pieces stand only: PB is a soldier by place.
  for (char* c : {&normal[0], &normal[1]}) {
    const bool is_place = c == &normal[1] && normal[0] == 'P';
    if (*c == 'B' && !is_place) *c = 'E';
    if (*c == 'N') *c = 'H';
  }
  return normal;
}

// A text that is right in another form than ours.
struct LooseMove {
  PieceType type = PieceType::kSoldier;
  PieceChoice choice;
  std::optional<int> file;  // Where it starts, if that is said besides.
  Direction direction = Direction::kForward;
  int number = 0;

  bool Matches(const MoveDescription& move) const {
    return move.type == type && move.direction == direction &&
           move.number == number && file.value_or(move.file) == move.file &&
           choice.Matches(move);
  }
};

std::optional<PieceChoice> ReadChoice(char c) {
  using By = PieceChoice::By;
  if (IsDigit(c)) return PieceChoice{By::kFile, c - '0'};
  if (c == '+') return PieceChoice{By::kFront, 0};
  if (c == '-') return PieceChoice{By::kRear, 0};
  if (c == '=') return PieceChoice{By::kMiddle, 0};
  return std::nullopt;
}

// "C2", "C+", "+C", "Pa", "3+": which pieces.
bool ReadHead(char first, char second, LooseMove* move) {
  size_t letter = kPieces.find(first);
  if (letter == kPieces.npos && kPieces.find(second) != kPieces.npos) {
    letter = kPieces.find(second);
    second = first;
  }
  if (letter == kPieces.npos) {
    if (!IsDigit(first)) return false;
    move->file = first - '0';
    letter = kPieces.find('P');
  }
  move->type = static_cast<PieceType>(letter);
  if (move->type == PieceType::kSoldier && second >= 'A' && second <= 'E') {
    move->choice = {PieceChoice::By::kPlace, second - 'A' + 1};
    return true;
  }
  const std::optional<PieceChoice> choice = ReadChoice(second);
  if (!choice.has_value()) return false;
  move->choice = *choice;
  // The file twice is the soldier in the middle.
  if (move->file == choice->number) move->choice.by = PieceChoice::By::kMiddle;
  return true;
}

std::optional<LooseMove> ReadLoosely(std::string_view normal) {
  LooseMove move;
  const size_t direction = kDirections.find(normal[2]);
  if (direction == kDirections.npos || !IsDigit(normal[3]) ||
      !ReadHead(normal[0], normal[1], &move)) {
    return std::nullopt;
  }
  move.direction = static_cast<Direction>(direction);
  move.number = normal[3] - '0';
  return move;
}

}  // namespace

std::string FormatWxf(const Position& position, Move move) {
  return Format(DescribeMove(position, move));
}

absl::StatusOr<Move> ParseWxf(const Position& position, std::string_view text) {
  const auto malformed = [text] {
    return absl::InvalidArgumentError(absl::StrCat(
        QuoteText(text), " is no move in WXF, such as C2=5 or H8+7"));
  };
  if (text.size() != 4) return malformed();
  const std::string normal = Normalize(text);
  absl::StatusOr<Move> exact =
      FindMove(position, text, [&normal](const MoveDescription& move) {
        return Format(move) == normal;
      });
  if (exact.ok()) return exact;
  const std::optional<LooseMove> loose = ReadLoosely(normal);
  // "++=4" and "--=4" are written in our form alone.
  if (!loose.has_value()) {
    const bool outermost = normal.starts_with("++") || normal.starts_with("--");
    return outermost ? exact : malformed();
  }
  return FindMove(position, text, [&loose](const MoveDescription& move) {
    return loose->Matches(move);
  });
}

}  // namespace chinese_chess
