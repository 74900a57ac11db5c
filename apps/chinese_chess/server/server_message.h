// What the server says, as text: one JSON object on one line, or in one text frame.
//
// Events of a game have its id and a version "v", one more than that of the event
// before; all other messages have none. docs/chinese_chess.md has them all.
//
// Pure, safe from any thread.
//
//   std::string text = EventMessage(game.setup().id, event);
//   // {"t":"move","game":"k3v9qh2m7d","v":12,"ply":4,"move":"h2e2","by":"red",...}
#ifndef APPS_CHINESE_CHESS_SERVER_SERVER_MESSAGE_H_
#define APPS_CHINESE_CHESS_SERVER_SERVER_MESSAGE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apps/chinese_chess/rules/piece.h"
#include "apps/chinese_chess/server/client_message.h"
#include "apps/chinese_chess/server/game_event.h"
#include "apps/chinese_chess/server/game_store.h"
#include "apps/chinese_chess/server/identity.h"
#include "apps/chinese_chess/server/live_game.h"
#include "apps/chinese_chess/server/lobby.h"
#include "apps/chinese_chess/server/refusal.h"
#include "kingpin/sys/clock.h"

namespace chinese_chess {

// "red", "black".
std::string_view ColorText(Color color);

// --- Answers -----------------------------------------------------------------------------

// `games`: those that the player is in.
std::string WelcomeMessage(const Guest& guest,
                           const std::vector<std::string>& games);
// `re` is what it answers, the type and the id of a client's message.
std::string ErrorMessage(std::string_view re, std::string_view id,
                         const Refusal& refusal);
std::string OkMessage(std::string_view re, std::string_view id);
// `repeated`: it had been made before.
std::string MoveAckMessage(std::string_view id, std::string_view game,
                           size_t ply, bool repeated);
std::string PingMessage(int64_t n);
std::string PongMessage(int64_t n);
// The code to enter a private room by, or the id of a seek.
std::string WaitingMessage(std::string_view re, std::string_view id,
                           std::string_view code);
// A game has been found.
std::string PairedMessage(std::string_view game, Color color);
std::string LobbyMessage(const Lobby& lobby, uint64_t sessions);
std::string GamesMessage(std::string_view id, const Lobby& lobby, size_t most);
std::string HistoryMessage(std::string_view id,
                           const std::vector<FinishedGame>& games);
// `json` is a game record.
std::string RecordMessage(std::string_view id, std::string_view game,
                          std::string_view json);

// --- Of a game ---------------------------------------------------------------------------

// How somebody sees a game.
struct GameView {
  std::optional<Color> you;  // nullopt: as a spectator.
  bool muted = false;        // Without the chat.
  size_t viewers = 0;
  kingpin::MonotonicTime now;
  absl::Duration delay;      // So much older than it is.
  std::string_view id = {};  // Of the message that asked.
};

// All that there is to know, to start or to start again from.
std::string GameMessage(const LiveGame& game, const GameView& view);
// Ends the answer to who had seen a part, which begins with the events after that: how
// the clocks stand at `now`.
std::string ResumedMessage(std::string_view id, const LiveGame& game,
                           kingpin::MonotonicTime now);
std::string EventMessage(std::string_view game, const GameEvent& event);
// In place of an event that is not for the recipient.
std::string SkipMessage(std::string_view game, uint64_t version);
std::string ViewersMessage(std::string_view game, size_t viewers,
                           const std::vector<std::string>& names);

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_SERVER_SERVER_MESSAGE_H_
