// The front door of the game server, one a thread: whatever comes in on its port.
//
//   first byte of a connection
//     A to Z --> HTTP: the page, /counters, and /ws, which becomes a WebSocket
//     any other --> lines: one message each, ended by a line feed (a carriage return
//                   before it is left out), at most kMaxMessageBytes
//
// What comes is decided by the first byte alone and for good. So a browser, whatever page it
// shows, cannot be made to speak the line protocol: all it sends begins with a method.
// A WebSocket has to come from our own page, or one of GameServerOptions::origins.
//
// Lines of a connection are handled in their order, a batch at a time, so that who sends
// many at once does not hold up the others; frames likewise.
//
// With TLS (GameServerParts::tls) all of it is inside.
//
// Threads, lifetime: as kingpin::IOHandlerForServer.
//
//   kingpin::EpollTPServer<FrontDoor> server(&shared, {.threads = 2});
#ifndef APPS_CHINESE_CHESS_SERVER_FRONT_DOOR_H_
#define APPS_CHINESE_CHESS_SERVER_FRONT_DOOR_H_

#include <cstddef>
#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "apps/chinese_chess/server/game_server_shared.h"
#include "apps/chinese_chess/server/game_thread.h"
#include "kingpin/http/request_parser.h"
#include "kingpin/http/websocket_handler.h"
#include "kingpin/net/connection.h"
#include "kingpin/net/transport.h"

namespace chinese_chess {

class FrontDoor : public kingpin::http::WebSocketHandler {
 public:
  FrontDoor(GameServerShared* shared, int thread);

  absl::Status Init() override;
  std::unique_ptr<kingpin::Transport> NewTransport(size_t listener) override;

  void OnConnect(kingpin::Connection& connection) override;
  void OnMessage(kingpin::Connection& connection) override;
  void OnInputEnd(kingpin::Connection& connection) override;
  void OnWriteComplete(kingpin::Connection& connection) override;
  void OnClose(kingpin::Connection& connection,
               kingpin::CloseReason reason) override;
  void OnShutdown() override;

  void OnRequest(kingpin::Connection& connection,
                 const kingpin::http::Request& request) override;

  void OnWebSocketOpen(kingpin::http::WebSocket& socket,
                       std::string_view protocol) override;
  void OnWebSocketMessage(kingpin::http::WebSocket& socket,
                          kingpin::http::WebSocketKind kind,
                          std::string_view payload) override;
  void OnWebSocketRtt(kingpin::http::WebSocket& socket,
                      absl::Duration rtt) override;
  void OnWebSocketClose(kingpin::http::WebSocket& socket,
                        const kingpin::http::WebSocketEnd& end) override;

 private:
  void TakeFirstByte(kingpin::Connection& connection);
  void TakeLines(kingpin::Connection& connection);
  bool MayConnect(const kingpin::http::Request& request) const;
  void AnswerCounters(kingpin::Connection& connection,
                      const kingpin::http::Request& request);

  GameServerShared& game_shared_;
  GameThread game_thread_;
};

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_SERVER_FRONT_DOOR_H_
