// The raw TCP front door: one message a line, ended by a line feed (a carriage return
// before it is left out), at most kMaxMessageBytes.
//
// Lines of a connection are handled in their order, a batch at a time, so that who sends
// many at once does not hold up the others.
//
// Threads, lifetime: as kingpin::IOHandlerForServer.
//
//   kingpin::EpollTPServer<LineHandler> server(&shared, {.threads = 2});
#ifndef APPS_CHINESE_CHESS_SERVER_LINE_HANDLER_H_
#define APPS_CHINESE_CHESS_SERVER_LINE_HANDLER_H_

#include "absl/status/status.h"
#include "apps/chinese_chess/server/game_server_shared.h"
#include "apps/chinese_chess/server/game_thread.h"
#include "kingpin/net/connection.h"
#include "kingpin/net/io_handler_for_server.h"

namespace chinese_chess {

class LineHandler : public kingpin::IOHandlerForServer {
 public:
  LineHandler(GameServerShared* shared, int thread);

  absl::Status Init() override;
  void OnConnect(kingpin::Connection& connection) override;
  void OnMessage(kingpin::Connection& connection) override;
  void OnClose(kingpin::Connection& connection,
               kingpin::CloseReason reason) override;
  void OnShutdown() override { game_thread_.sessions().SayGoodbye(); }

 private:
  GameThread game_thread_;
};

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_SERVER_LINE_HANDLER_H_
