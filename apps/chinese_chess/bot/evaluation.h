// What a position is worth without looking ahead.
//
// Material and places (piece_square.h), and for both sides: squares that chariots,
// cannons and horses reach; how
// many pieces bear down on the general, against how many defenders; a cannon with an
// open line to the general (a "hollow" cannon, which nobody can step in front of). A
// side with nothing that crosses the river cannot be better off.
//
// Pure functions of the position, the same for both sides with colours exchanged.
//
//   Score score = Evaluate(position);   // For the side to move.
#ifndef APPS_CHINESE_CHESS_BOT_EVALUATION_H_
#define APPS_CHINESE_CHESS_BOT_EVALUATION_H_

#include "apps/chinese_chess/bot/piece_square.h"
#include "apps/chinese_chess/bot/score.h"
#include "apps/chinese_chess/rules/position.h"

namespace chinese_chess::bot {

// `material` is that of the position.
Score Evaluate(const Position& position, const MaterialScore& material);

inline Score Evaluate(const Position& position) {
  return Evaluate(position, MaterialScore(position));
}

}  // namespace chinese_chess::bot

#endif  // APPS_CHINESE_CHESS_BOT_EVALUATION_H_
