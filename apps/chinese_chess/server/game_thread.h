// All that one thread of the game server has: its sessions, the games that it owns, and
// on the lobby thread the lobby.
//
// The front door (a handler) owns one and passes on what comes in.
//
// Threads: its loop's; created in the handler's constructor.
// Lifetime: the shared data and the loop outlive it.
//
//   GameThread game_thread(shared, this, &websockets());
//   game_thread.sessions().OnText(connection, line);
#ifndef APPS_CHINESE_CHESS_SERVER_GAME_THREAD_H_
#define APPS_CHINESE_CHESS_SERVER_GAME_THREAD_H_

#include <optional>

#include "absl/log/check.h"
#include "apps/chinese_chess/server/courier.h"
#include "apps/chinese_chess/server/game_server_shared.h"
#include "apps/chinese_chess/server/lobby_desk.h"
#include "apps/chinese_chess/server/rooms.h"
#include "apps/chinese_chess/server/sessions.h"
#include "kingpin/http/websocket_host.h"
#include "kingpin/net/io_handler.h"

namespace chinese_chess {

class GameThread {
 public:
  // `websockets` are the loop's.
  GameThread(GameServerShared* shared, kingpin::IOHandler* loop,
             kingpin::http::WebSocketHost* websockets)
      : courier_(shared, loop, websockets),
        rooms_(shared, loop, &courier_),
        sessions_(shared, loop, &courier_) {
    if (loop->thread() == GameServerShared::kLobbyThread) {
      lobby_.emplace(shared, loop, &courier_);
    }
    shared->Register(loop->thread(), this);
  }
  GameThread(const GameThread&) = delete;
  GameThread& operator=(const GameThread&) = delete;

  // Before the loop serves anybody.
  void Restore() {
    if (lobby_.has_value()) lobby_->Restore();
    rooms_.Restore();
  }

  Courier& courier() { return courier_; }
  Rooms& rooms() { return rooms_; }
  Sessions& sessions() { return sessions_; }
  // On the lobby thread only.
  LobbyDesk& lobby() {
    DCHECK(lobby_.has_value());
    return *lobby_;
  }

 private:
  Courier courier_;
  Rooms rooms_;
  Sessions sessions_;
  std::optional<LobbyDesk> lobby_;
};

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_SERVER_GAME_THREAD_H_
