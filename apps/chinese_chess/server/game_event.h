// What happens in a game: one immutable value for each thing, with a version.
//
//   GameEvent event = ...;
//   if (event.kind == GameEvent::kMove) Animate(event.move);
#ifndef APPS_CHINESE_CHESS_SERVER_GAME_EVENT_H_
#define APPS_CHINESE_CHESS_SERVER_GAME_EVENT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "apps/chinese_chess/rules/move.h"
#include "apps/chinese_chess/rules/outcome.h"
#include "apps/chinese_chess/rules/piece.h"
#include "apps/chinese_chess/rules/repetition.h"
#include "apps/chinese_chess/server/event_history.h"

namespace chinese_chess {

// What a player may offer the other, who may accept it or turn it down.
enum class Offer : uint8_t { kDraw, kTakeback, kRematch };

// "draw", "takeback", "rematch".
constexpr std::string_view OfferName(Offer offer) {
  constexpr std::string_view kNames[] = {"draw", "takeback", "rematch"};
  return kNames[static_cast<int>(offer)];
}

// How long the side to move has had its turn.
struct TurnState {
  bool clock_runs = false;
  absl::Duration lasted;
  // What may still be taken for the move; nullopt: moves have no limit of their own, or
  // the game is over.
  std::optional<absl::Duration> move_left;
};

struct GameEvent {
  enum Kind : uint8_t {
    kMove,      // by, move, ply, gives_check, at, charged, left, warning
    kOffer,     // by, offer
    kDecline,   // by, offer: turned down, or taken back by who had made it
    kTakeback,  // by (who wanted it), ply: so many are left; left
    kPresence,  // by, online, grace, left, turn: also when a clock that stood starts
    kChat,     // by if a player, name, text
    kEnd,      // outcome, left
    kRematch,  // text: the id of the new game
  };

  uint64_t version = 0;
  Kind kind = kMove;
  Audience audience = Audience::kAll;
  std::optional<Color> by;

  Move move;
  size_t ply = 0;  // Of the move, from 0; of a takeback, how many are left.
  bool gives_check = false;
  absl::Duration at;       // Since the game began.
  absl::Duration charged;  // Of the mover's clock.
  absl::Duration left[2];  // On the clocks, afterwards.
  // The position is here for the second time.
  std::optional<Ruling> warning;

  Offer offer = Offer::kDraw;
  bool online = false;
  TurnState turn;
  absl::Duration grace;  // How long the opponent has to wait before claiming.
  std::string name;
  std::string text;
  Outcome outcome;
};

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_SERVER_GAME_EVENT_H_
