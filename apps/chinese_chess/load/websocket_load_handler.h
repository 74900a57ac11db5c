// WebSocketLoadHandler: players who speak WebSocket, as browsers do.
//
// Threads, lifetime: as IOHandler; one thread.
#ifndef APPS_CHINESE_CHESS_LOAD_WEBSOCKET_LOAD_HANDLER_H_
#define APPS_CHINESE_CHESS_LOAD_WEBSOCKET_LOAD_HANDLER_H_

#include <memory>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "apps/chinese_chess/load/load_run.h"
#include "kingpin/http/websocket.h"
#include "kingpin/http/websocket_client.h"
#include "kingpin/net/connection_id.h"

namespace chinese_chess {

class WebSocketLoadShared : public kingpin::http::WebSocketClientData {
 public:
  // The job outlives it.
  explicit WebSocketLoadShared(LoadJob* job);

  LoadJob& job() { return job_; }

 private:
  LoadJob& job_;
};

class WebSocketLoadHandler : public kingpin::http::WebSocketClientHandler,
                             private LoadRun::Wire {
 public:
  WebSocketLoadHandler(WebSocketLoadShared* shared, int thread);

  absl::Status Init() override;
  void OnWebSocketOpen(kingpin::http::WebSocket& socket,
                       std::string_view protocol) override;
  void OnWebSocketMessage(kingpin::http::WebSocket& socket,
                          kingpin::http::WebSocketKind kind,
                          std::string_view payload) override;
  void OnWebSocketClose(kingpin::http::WebSocket& socket,
                        const kingpin::http::WebSocketEnd& end) override;
  void OnWebSocketConnectFailed(std::unique_ptr<kingpin::TargetContext> context,
                                const absl::Status& status) override;
  void OnShutdown() override;

 private:
  // Null: it has gone.
  kingpin::http::WebSocket* SocketOf(int player);

  // LoadRun::Wire
  void Connect(int player) override;
  void Send(int player, std::string_view message) override;
  void Drop(int player, bool at_once) override;
  void RunLater(absl::Duration delay, absl::AnyInvocable<void()> task) override;
  void End() override { shared_.Shutdown(); }

  WebSocketLoadShared& shared_;
  std::vector<kingpin::ConnectionId> connections_;  // By player.
  LoadRun run_;
};

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_LOAD_WEBSOCKET_LOAD_HANDLER_H_
