// What a capture is worth when everything on its square is exchanged, each side always
// with its cheapest piece and free to stop.
//
// Pins are not minded: this sorts moves, it does not judge them. Cannons gain and lose
// their screens as pieces leave. Pure functions, safe from any thread.
//
//   if (ExchangeGain(position, move) < 0) Defer(move);
#ifndef APPS_CHINESE_CHESS_BOT_EXCHANGE_H_
#define APPS_CHINESE_CHESS_BOT_EXCHANGE_H_

#include "apps/chinese_chess/bot/score.h"
#include "apps/chinese_chess/rules/bitboard.h"
#include "apps/chinese_chess/rules/move.h"
#include "apps/chinese_chess/rules/piece.h"
#include "apps/chinese_chess/rules/position.h"
#include "apps/chinese_chess/rules/square.h"

namespace chinese_chess::bot {

// The pieces of `color` that could capture on `square` if the board had `occupied`.
Bitboard AttackersTo(const Position& position, Square square, Color color,
                     const Bitboard& occupied);

// For the side to move, in ExchangeValue()s. The move may be no capture: then it says
// what is lost by standing there.
Score ExchangeGain(const Position& position, Move move);

}  // namespace chinese_chess::bot

#endif  // APPS_CHINESE_CHESS_BOT_EXCHANGE_H_
