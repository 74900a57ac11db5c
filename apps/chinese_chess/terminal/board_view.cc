#include "apps/chinese_chess/terminal/board_view.h"

#include <string_view>

#include "absl/strings/str_cat.h"
#include "apps/chinese_chess/rules/chinese_notation.h"
#include "apps/chinese_chess/rules/piece.h"
#include "apps/chinese_chess/rules/square.h"

namespace chinese_chess {
namespace {

constexpr std::string_view kRed = "\033[1;31m";
constexpr std::string_view kBlack = "\033[1;36m";
constexpr std::string_view kDim = "\033[2m";
constexpr std::string_view kReverse = "\033[7m";
constexpr std::string_view kPlain = "\033[0m";

// A file takes four columns: a point, and the way to the next one.
class Drawing {
 public:
  Drawing(const Position& position, const BoardStyle& style)
      : position_(position), style_(style) {}

  std::string Draw() {
    AddNumbers(true);
    for (int row = 0; row < kRanks; ++row) {
      if (row > 0) AddBetween(row);
      AddRank(row);
    }
    AddNumbers(false);
    AddLetters();
    return std::move(text_);
  }

 private:
  int FileAt(int column) const {
    return style_.flipped ? kFiles - 1 - column : column;
  }
  int RankAt(int row) const { return style_.flipped ? row : kRanks - 1 - row; }

  std::string_view Line(std::string_view box, std::string_view ascii) const {
    return style_.letters ? ascii : box;
  }
  void AddColored(std::string_view color, std::string_view what) {
    if (style_.color) text_ += color;
    text_ += what;
    if (style_.color) text_ += kPlain;
  }

  // Of the side that sits there, from its right.
  void AddNumbers(bool top) {
    text_ += "    ";
    for (int column = 0; column < kFiles; ++column) {
      const int number = top ? column + 1 : kFiles - column;
      absl::StrAppend(&text_, number, column + 1 < kFiles ? "   " : "\n");
    }
  }

  void AddLetters() {
    text_ += "    ";
    for (int column = 0; column < kFiles; ++column) {
      const char letter = static_cast<char>('a' + FileAt(column));
      AddColored(kDim, std::string_view(&letter, 1));
      text_ += column + 1 < kFiles ? "   " : "\n";
    }
  }

  void AddRank(int row) {
    AddColored(kDim, absl::StrCat(RankAt(row)));
    text_ += "  ";
    for (int column = 0; column < kFiles; ++column) {
      const Square square = MakeSquare(FileAt(column), RankAt(row));
      const bool marked =
          !style_.color && style_.last.has_value() && square == style_.last->to;
      // The way that leads to the first file is a blank.
      if (column == 0) text_ += marked ? "[" : " ";
      AddPoint(square, row, column);
      AddWay(square, row, column, marked);
    }
    text_ += '\n';
  }

  // Takes two columns, of which a way takes the rest if the point is narrower.
  void AddPoint(Square square, int row, int column) {
    const Piece piece = position_.at(square);
    const bool last = style_.last.has_value() && (square == style_.last->from ||
                                                  square == style_.last->to);
    if (style_.color && last) text_ += kReverse;
    if (piece == Piece::kNone) {
      AddColored(last ? kReverse : kDim, Crossing(row, column));
    } else if (style_.letters) {
      const char letter = PieceLetter(piece);
      AddColored(ColorOf(piece) == Color::kRed ? kRed : kBlack,
                 std::string_view(&letter, 1));
    } else {
      const auto script = style_.traditional ? ChineseScript::kTraditional
                                             : ChineseScript::kSimplified;
      AddColored(ColorOf(piece) == Color::kRed ? kRed : kBlack,
                 ChinesePieceName(piece, script));
    }
  }

  std::string_view Crossing(int row, int column) const {
    if (style_.letters) return "+";
    const bool left = column == 0;
    const bool right = column == kFiles - 1;
    if (row == 0) return left ? "┌" : right ? "┐" : "┬";
    if (row == kRanks - 1) return left ? "└" : right ? "┘" : "┴";
    // The banks of the river.
    if (row == 4 && !left && !right) return "┴";
    if (row == 5 && !left && !right) return "┬";
    return left ? "├" : right ? "┤" : "┼";
  }

  void AddWay(Square square, int row, int column, bool marked) {
    if (column == kFiles - 1) {
      if (marked) text_ += ']';
      return;
    }
    const bool wide = !style_.letters && position_.at(square) != Piece::kNone;
    const Square next = MakeSquare(FileAt(column + 1), RankAt(row));
    const bool next_marked =
        !style_.color && style_.last.has_value() && next == style_.last->to;
    const std::string_view line = Line("─", "-");
    std::string way;
    way += marked ? "]" : line;
    if (!wide) way += line;
    way += next_marked ? "[" : line;
    AddColored(kDim, way);
  }

  void AddBetween(int row) {
    text_ += "    ";
    if (row == 5) {
      AddColored(kDim, style_.letters ? "|                               |"
                                      : "│      楚 河       漢 界        │");
    } else {
      std::string line;
      for (int column = 0; column < kFiles; ++column) {
        line += Line("│", "|");
        if (column + 1 < kFiles) line += Palace(row, column);
      }
      AddColored(kDim, line);
    }
    text_ += '\n';
  }

  // What is between two files, above `row`: the palaces have diagonals.
  std::string_view Palace(int row, int column) const {
    const bool upper = row == 1 || row == 8;
    const bool lower = row == 2 || row == 9;
    if (column != 3 && column != 4) return "   ";
    if (!upper && !lower) return "   ";
    return upper == (column == 3) ? Line(" ╲ ", " \\ ") : Line(" ╱ ", " / ");
  }

  const Position& position_;
  const BoardStyle& style_;
  std::string text_;
};

}  // namespace

std::string DrawBoard(const Position& position, const BoardStyle& style) {
  return Drawing(position, style).Draw();
}

}  // namespace chinese_chess
