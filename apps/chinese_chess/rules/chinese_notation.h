// Chinese notation: 炮二平五, 马８进７, 前车进一.
//
// Four characters: piece and file (or which of several, and piece), direction
// (进 平 退), and number. Red's numbers are 一 to 九, Black's １ to ９; files are counted
// from the mover's right. Of pieces in tandem the head is 前 or 后 of two, 前, 中 or 后
// of three, 一 to 五 from the front of more, where soldiers on two files are counted
// file by file from the right.
//
// Read are simplified and traditional characters and common variants, digits of either
// kind, ASCII digits, and whatever else leaves one legal move.
//
// Source: xqbase.com, 中国象棋电脑应用规范（二）着法表示.
// Pure functions, safe from any thread. Texts are UTF-8.
//
//   FormatChinese(Position(), *ParseIccs("h2e2"));   // "炮二平五"
//   absl::StatusOr<Move> move = ParseChinese(Position(), "炮2平5");
#ifndef APPS_CHINESE_CHESS_RULES_CHINESE_NOTATION_H_
#define APPS_CHINESE_CHESS_RULES_CHINESE_NOTATION_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "apps/chinese_chess/rules/move.h"
#include "apps/chinese_chess/rules/piece.h"
#include "apps/chinese_chess/rules/position.h"

namespace chinese_chess {

enum class ChineseScript : uint8_t { kSimplified, kTraditional };

// A move that the piece on move.from, of the side to move, can make.
std::string FormatChinese(const Position& position, Move move,
                          ChineseScript script = ChineseScript::kSimplified);

// Errors: InvalidArgument, not of this form or more than one move; NotFound, no legal
// move.
absl::StatusOr<Move> ParseChinese(const Position& position,
                                  std::string_view text);

// 帅, 將, ...
std::string_view ChinesePieceName(
    Piece piece, ChineseScript script = ChineseScript::kSimplified);

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_RULES_CHINESE_NOTATION_H_
