// A position drawn with characters.
//
//   8  ├───┼───┼───┼───馬───┼─
//   7  ├───炮───┼─
//
// Pieces are Chinese characters, which take two columns on a terminal, or letters as in
// FEN (capitals are Red's) with nothing but ASCII around them, for fonts without the
// others and for those who do not read them.
//
// Pure functions, safe from any thread.
//
//   std::cout << DrawBoard(game.position(), {.letters = true, .last = move});
#ifndef APPS_CHINESE_CHESS_TERMINAL_BOARD_VIEW_H_
#define APPS_CHINESE_CHESS_TERMINAL_BOARD_VIEW_H_

#include <optional>
#include <string>

#include "apps/chinese_chess/rules/move.h"
#include "apps/chinese_chess/rules/position.h"

namespace chinese_chess {

struct BoardStyle {
  bool letters = false;
  bool color = false;        // Escape sequences of ECMA-48.
  bool traditional = false;  // 傌 and not 马.
  bool flipped = false;      // Black's side is at the bottom.
  // Shown on the board: from where to where. Without colour the piece is in brackets.
  std::optional<Move> last = std::nullopt;
};

// 21 lines: numbers of Black's files, ten ranks with nine lines between, numbers of
// Red's. Files are counted from the right of each side, as in WXF and Chinese notation;
// beyond them are the letters and numbers of ICCS.
std::string DrawBoard(const Position& position, const BoardStyle& style);

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_TERMINAL_BOARD_VIEW_H_
