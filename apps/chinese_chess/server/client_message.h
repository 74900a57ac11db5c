// What a client says: one JSON object on one line, or in one text frame.
//
//   {"t":"move","game":"k3v9qh2m7d","ply":4,"move":"h2e2","id":"17"}
//
// "t" says what it is; "id", if it is there, comes back with the answer. docs/
// chinese_chess.md has them all. Each kind has keys that it needs and keys that it may
// have; anything else, a key twice, a value of the wrong kind or length is an error, so
// that nothing that somebody meant is dropped silently.
//
// Pure, safe from any thread.
//
//   ClientMessage message;
//   absl::Status status = ParseClientMessage(line, &message);
//   if (!status.ok()) return Refuse(message.id, status);   // The id, unless the JSON before
//                                                         // it is broken.
#ifndef APPS_CHINESE_CHESS_SERVER_CLIENT_MESSAGE_H_
#define APPS_CHINESE_CHESS_SERVER_CLIENT_MESSAGE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "apps/chinese_chess/bot/level.h"
#include "apps/chinese_chess/rules/move.h"
#include "apps/chinese_chess/rules/piece.h"
#include "apps/chinese_chess/server/game_event.h"
#include "apps/chinese_chess/server/time_control.h"

namespace chinese_chess {

// Longer ones are refused unread. The longest that makes sense, chat in a script of
// four bytes a character, has some 700.
inline constexpr size_t kMaxMessageBytes = 2048;

struct ClientMessage {
  enum Type : uint8_t {
    kHello,    // token, name: who I am; the first message
    kPing,     // n: answered with pong
    kPong,     // n: answers the server's ping
    kLobby,    // on: show me the lobby, and what changes, until I say false
    kPool,     // control
    kSeek,     // control, casual, color
    kAccept,   // seek
    kRoom,     // control, casual, color: a private one
    kEnter,    // code
    kBot,      // control, level, color: against the computer, casually
    kCancel,   // what I wait for
    kGames,    // the games that are played
    kHistory,  // mine: finished games
    kRecord,   // game: a finished one
    kJoin,     // game, v, mute: follow it, as a player or a spectator
    kLeave,    // game
    kMove,     // game, ply, move, after
    kOffer,    // game, offer: makes or accepts one
    kDecline,  // game, offer
    kResign,   // game
    kAbort,    // game
    kClaim,    // game, draw
    kChat,     // game, text
    kStats,
  };

  Type type = kPing;
  std::string id;  // At most 32 bytes.

  std::string token;
  std::string name;
  std::string game;
  std::string seek;
  std::string code;
  std::string text;
  std::optional<int64_t> v;
  int64_t ply = 0;
  int64_t n = 0;
  int64_t level = bot::kDefaultLevel;
  Move move;
  std::optional<Move> after;  // The move before it, as the mover has seen it.
  TimeControl control;
  std::optional<Color> color;
  Offer offer = Offer::kDraw;
  bool on = true;
  bool casual = false;
  bool draw = false;
  bool mine = false;
  bool mute = false;
};

absl::Status ParseClientMessage(std::string_view text, ClientMessage* message);

// "hello", ...
std::string_view TypeName(ClientMessage::Type type);

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_SERVER_CLIENT_MESSAGE_H_
