#include "apps/chinese_chess/load/websocket_load_handler.h"

#include <utility>

#include "kingpin/http/url.h"
#include "kingpin/http/websocket_host.h"
#include "kingpin/sys/clock.h"

namespace chinese_chess {
namespace {

namespace http = kingpin::http;

http::WebSocketClientOptions OptionsOf(const LoadOptions& options) {
  http::WebSocketClientOptions client;
  // The server asks from time to time whether somebody is there.
  client.websocket.ping_interval = absl::InfiniteDuration();
  client.websocket.deflate.enabled = true;  // As browsers do.
  client.tls.ca_file = options.ca_file;
  return client;
}

}  // namespace

WebSocketLoadShared::WebSocketLoadShared(LoadJob* job)
    : WebSocketClientData(OptionsOf(job->options),
                          LoadClientOptions(job->options)),
      job_(*job) {}

WebSocketLoadHandler::WebSocketLoadHandler(WebSocketLoadShared* shared,
                                           int thread)
    : WebSocketClientHandler(shared, thread),
      shared_(*shared),
      connections_(static_cast<size_t>(shared->job().options.players)),
      run_(&shared->job(), this) {}

absl::Status WebSocketLoadHandler::Init() {
  if (absl::Status status = WebSocketClientHandler::Init(); !status.ok()) {
    return status;
  }
  return run_.Start();
}

void WebSocketLoadHandler::OnWebSocketOpen(http::WebSocket& socket,
                                           std::string_view) {
  const int player = static_cast<const SeatNumber&>(*context(socket)).number;
  socket.Attach<int>(player);
  connections_[static_cast<size_t>(player)] = socket.id();
  run_.Connected(player);
}

void WebSocketLoadHandler::OnWebSocketMessage(http::WebSocket& socket,
                                              http::WebSocketKind,
                                              std::string_view payload) {
  run_.Received(*socket.attachment<int>(), payload,
                kingpin::Clock::Real().Now());
}

void WebSocketLoadHandler::OnWebSocketClose(http::WebSocket& socket,
                                            const http::WebSocketEnd& end) {
  if (end.connection == kingpin::CloseReason::kShutdown) return;
  run_.Closed(*socket.attachment<int>());
}

void WebSocketLoadHandler::OnWebSocketConnectFailed(
    std::unique_ptr<kingpin::TargetContext> context,
    const absl::Status& status) {
  run_.ConnectFailed(static_cast<const SeatNumber&>(*context).number,
                     status.message());
}

void WebSocketLoadHandler::OnShutdown() {
  run_.Finish();
  WebSocketClientHandler::OnShutdown();
  // What is under way is not waited for.
  shared_.Shutdown(kingpin::RunPhase::kStopping);
}

http::WebSocket* WebSocketLoadHandler::SocketOf(int player) {
  kingpin::Connection* const connection =
      Find(connections_[static_cast<size_t>(player)]);
  return connection == nullptr ? nullptr
                               : http::WebSocketHost::Find(*connection);
}

void WebSocketLoadHandler::Connect(int player) {
  const LoadOptions& options = shared_.job().options;
  // Refused only when the run ends.
  shared_
      .Connect({.url = {.is_https = options.tls,
                        .host = options.host,
                        .port = options.port,
                        .target = "/ws"},
                .timeout = absl::InfiniteDuration(),
                .context = std::make_unique<SeatNumber>(player)})
      .IgnoreError();
}

void WebSocketLoadHandler::Send(int player, std::string_view message) {
  if (http::WebSocket* socket = SocketOf(player)) socket->SendText(message);
}

void WebSocketLoadHandler::Drop(int player, bool at_once) {
  http::WebSocket* const socket = SocketOf(player);
  if (socket == nullptr) return;
  if (at_once) {
    socket->Abort();
  } else {
    socket->Close();
  }
}

void WebSocketLoadHandler::RunLater(absl::Duration delay,
                                    absl::AnyInvocable<void()> task) {
  RunAfter(delay, std::move(task));
}

}  // namespace chinese_chess
