// The lobby, as sessions of all threads see it: answers what they ask, begins the games
// of those who found each other, and tells those who look on what changes.
//
// Threads: the lobby thread's. Others reach it by GameServerShared::Tell().
//
//   desk.Handle({connection, player, message});
#ifndef APPS_CHINESE_CHESS_SERVER_LOBBY_DESK_H_
#define APPS_CHINESE_CHESS_SERVER_LOBBY_DESK_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_set.h"
#include "apps/chinese_chess/server/client_message.h"
#include "apps/chinese_chess/server/courier.h"
#include "apps/chinese_chess/server/game_server_shared.h"
#include "apps/chinese_chess/server/identity.h"
#include "apps/chinese_chess/server/live_game.h"
#include "apps/chinese_chess/server/lobby.h"
#include "apps/chinese_chess/server/refusal.h"
#include "kingpin/net/connection_id.h"
#include "kingpin/net/io_handler.h"

namespace chinese_chess {

struct LobbyCommand {
  kingpin::ConnectionId connection;
  Player player;
  ClientMessage message;
};

struct NewGame;

class LobbyDesk {
 public:
  LobbyDesk(GameServerShared* shared, kingpin::IOHandler* loop,
            Courier* courier);

  // Knows all games that go on, those of other threads as well: their players may be
  // welcomed before those threads have said a word.
  void Restore();
  void Handle(const LobbyCommand& command);
  // Welcomes a guest with the games that wait for them.
  void Welcome(kingpin::ConnectionId connection, const Guest& guest);
  // The connection is gone.
  void Leave(kingpin::ConnectionId connection);

  // Of two whose game `of` is over.
  void BeginRematch(const GameSetup& setup, const std::string& of);

  void UpdateGame(const GameInfo& info);
  void RemoveGame(std::string_view id);

 private:
  void Look(const LobbyCommand& command);
  // Whether a game could begin at all.
  MaybeRefused MaySeek(const Player& player) const;
  // Of who wants a game.
  void FindGame(const Seeker& seeker, const ClientMessage& message);
  void JoinPool(const Seeker& seeker, const ClientMessage& message);
  void AddSeek(const Seeker& seeker, const ClientMessage& message);
  void OpenRoom(const Seeker& seeker, const ClientMessage& message);
  void AcceptSeek(const Seeker& seeker, const ClientMessage& message);
  void EnterRoom(const Seeker& seeker, const ClientMessage& message);
  void PlayBot(const Seeker& seeker, const ClientMessage& message);
  void Begin(const Pairing& pairing);
  void Begin(const NewGame& game);
  void CannotBegin(const NewGame& game);
  void Reply(const LobbyCommand& command, std::string text);
  void Refuse(const Seeker& seeker, const ClientMessage& message,
              const Refusal& refusal);
  // `code` as in WaitingMessage().
  void TellToWait(const Seeker& seeker, const ClientMessage& message,
                  std::string_view code);
  // Those who wait no more without their doing.
  void TellLost();
  void ArmClosing();
  // Those who look on are told, soon, and once for many changes.
  void NoteChange();
  void TellChange();

  GameServerShared& shared_;
  kingpin::IOHandler& loop_;
  Courier& courier_;
  Lobby lobby_;
  absl::flat_hash_set<kingpin::ConnectionId> onlookers_;
  uint64_t told_version_ = 0;
  bool change_noted_ = false;
  bool closing_armed_ = false;  // Of rooms whose owners stay away.
};

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_SERVER_LOBBY_DESK_H_
