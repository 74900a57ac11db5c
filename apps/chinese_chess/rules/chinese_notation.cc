#include "apps/chinese_chess/rules/chinese_notation.h"

#include <cstddef>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "apps/chinese_chess/rules/move_description.h"
#include "apps/chinese_chess/rules/quote.h"
#include "apps/chinese_chess/rules/utf8.h"

namespace chinese_chess {
namespace {

// A move as four letters of our own, the same for both sides and scripts: pieces
// KABNRCP, digits, F M r for front, middle and rear, + = - for the directions.
constexpr std::string_view kPieces = "KABNRCP";
constexpr std::string_view kDirections = "+=-";

constexpr std::string_view kNames[2][2][kPieceTypes] = {
    {{"帅", "仕", "相", "马", "车", "炮", "兵"},
     {"将", "士", "象", "马", "车", "炮", "卒"}},
    {{"帥", "仕", "相", "傌", "俥", "炮", "兵"},
     {"將", "士", "象", "馬", "車", "砲", "卒"}},
};

constexpr std::string_view kDigits[2][9] = {
    {"一", "二", "三", "四", "五", "六", "七", "八", "九"},
    {"１", "２", "３", "４", "５", "６", "７", "８", "９"},
};

// Simplified, traditional, and what else is in use.
struct Variants {
  std::u32string_view characters;
  char letter;
};

constexpr Variants kVariants[] = {
    {U"帅帥将將", 'K'}, {U"仕士", 'A'},   {U"相象", 'B'}, {U"马馬傌", 'N'},
    {U"车車俥硨", 'R'}, {U"炮砲包", 'C'}, {U"兵卒", 'P'}, {U"前", 'F'},
    {U"中", 'M'},       {U"后後", 'r'},   {U"进進", '+'}, {U"平", '='},
    {U"退", '-'},
};

// Digits in any of three forms, at the place of their number.
constexpr std::u32string_view kDigitForms[] = {
    U"一二三四五六七八九", U"１２３４５６７８９", U"123456789"};

// '\0' for a character that does not occur in moves.
char Letter(char32_t character) {
  for (const Variants& variants : kVariants) {
    if (variants.characters.find(character) != variants.characters.npos) {
      return variants.letter;
    }
  }
  for (const std::u32string_view digits : kDigitForms) {
    const size_t at = digits.find(character);
    if (at != digits.npos) return static_cast<char>('1' + at);
  }
  return '\0';
}

// Four letters, or none.
std::optional<std::string> ReadLetters(std::string_view text) {
  std::string letters;
  while (!text.empty() && letters.size() < 4) {
    const std::optional<char32_t> character = TakeUtf8(&text);
    const char letter = character.has_value() ? Letter(*character) : '\0';
    if (letter == '\0') return std::nullopt;
    letters.push_back(letter);
  }
  if (letters.size() != 4 || !text.empty()) return std::nullopt;
  return letters;
}

char Digit(int number) { return static_cast<char>('0' + number); }
bool IsDigit(char c) { return c >= '1' && c <= '9'; }

char TandemHead(const MoveDescription& move) {
  if (move.in_tandem > 3) return Digit(move.tandem_place + 1);
  if (move.tandem_place == 0) return 'F';
  return move.tandem_place == move.in_tandem - 1 ? 'r' : 'M';
}

std::string Letters(const MoveDescription& move) {
  const char piece = kPieces[static_cast<int>(move.type)];
  const bool by_file = move.on_file == 1 || move.type == PieceType::kAdvisor ||
                       move.type == PieceType::kElephant;
  std::string letters;
  if (by_file) {
    letters = {piece, Digit(move.file)};
  } else {
    letters = {TandemHead(move), piece};
  }
  letters.push_back(kDirections[static_cast<int>(move.direction)]);
  letters.push_back(Digit(move.number));
  return letters;
}

std::string_view Character(char letter, Color color, ChineseScript script) {
  const bool traditional = script == ChineseScript::kTraditional;
  if (IsDigit(letter)) return kDigits[static_cast<int>(color)][letter - '1'];
  switch (letter) {
    case 'F':
      return "前";
    case 'M':
      return "中";
    case 'r':
      return traditional ? "後" : "后";
    case '+':
      return traditional ? "進" : "进";
    case '=':
      return "平";
    case '-':
      return "退";
    default:
      return kNames[traditional][static_cast<int>(color)][kPieces.find(letter)];
  }
}

struct LooseMove {
  PieceType type = PieceType::kGeneral;
  PieceChoice choice;
  Direction direction = Direction::kForward;
  int number = 0;

  bool Matches(const MoveDescription& move) const {
    return move.type == type && move.direction == direction &&
           move.number == number && choice.Matches(move);
  }
};

// `before`: it stands before the piece, so that a digit is a place and no file.
std::optional<PieceChoice> ReadChoice(char letter, bool before) {
  using By = PieceChoice::By;
  if (IsDigit(letter)) {
    return PieceChoice{before ? By::kPlace : By::kFile, letter - '0'};
  }
  if (!before) return std::nullopt;
  if (letter == 'F') return PieceChoice{By::kFront, 0};
  if (letter == 'M') return PieceChoice{By::kMiddle, 0};
  if (letter == 'r') return PieceChoice{By::kRear, 0};
  return std::nullopt;
}

std::optional<LooseMove> ReadLoosely(std::string_view letters) {
  const bool piece_first = kPieces.find(letters[0]) != kPieces.npos;
  const size_t piece = kPieces.find(letters[piece_first ? 0 : 1]);
  const std::optional<PieceChoice> choice =
      ReadChoice(letters[piece_first ? 1 : 0], !piece_first);
  const size_t direction = kDirections.find(letters[2]);
  if (piece == kPieces.npos || !choice.has_value() ||
      direction == kDirections.npos || !IsDigit(letters[3])) {
    return std::nullopt;
  }
  return LooseMove{static_cast<PieceType>(piece), *choice,
                   static_cast<Direction>(direction), letters[3] - '0'};
}

}  // namespace

std::string FormatChinese(const Position& position, Move move,
                          ChineseScript script) {
  const MoveDescription description = DescribeMove(position, move);
  std::string text;
  for (const char letter : Letters(description)) {
    text += Character(letter, description.color, script);
  }
  return text;
}

absl::StatusOr<Move> ParseChinese(const Position& position,
                                  std::string_view text) {
  const std::optional<std::string> letters = ReadLetters(text);
  const std::optional<LooseMove> loose =
      letters.has_value() ? ReadLoosely(*letters) : std::nullopt;
  if (!loose.has_value()) {
    return absl::InvalidArgumentError(
        absl::StrCat(QuoteText(text),
                     " is no move in Chinese, such as 炮二平五 or 马８进７"));
  }
  absl::StatusOr<Move> exact =
      FindMove(position, text, [&letters](const MoveDescription& move) {
        return Letters(move) == *letters;
      });
  if (exact.ok()) return exact;
  return FindMove(position, text, [&loose](const MoveDescription& move) {
    return loose->Matches(move);
  });
}

std::string_view ChinesePieceName(Piece piece, ChineseScript script) {
  return kNames[static_cast<int>(script)][static_cast<int>(ColorOf(piece))]
               [static_cast<int>(TypeOf(piece))];
}

}  // namespace chinese_chess
