// An echo server for WebSockets, and HTTP beside it:
// websocket_echo ADDRESS [THREADS [deflate]], for example 127.0.0.1:9001.
// Prints its port, and with SIGTERM says goodbye to its peers.
#include <cstdio>
#include <string_view>

#include "absl/strings/numbers.h"
#include "kingpin/http/websocket_handler.h"
#include "kingpin/pool/epoll_tp_server.h"

namespace {

using kingpin::Connection;
using kingpin::http::WebSocket;

struct Shared : kingpin::ThreadSharedDataForServer {
  using ThreadSharedDataForServer::ThreadSharedDataForServer;
  kingpin::http::WebSocketOptions websocket;
};

class Echo : public kingpin::http::WebSocketHandler {
 public:
  Echo(Shared* shared, int thread)
      : WebSocketHandler(shared, thread, {}, shared->websocket) {}

  void OnRequest(Connection& c, const kingpin::http::Request& r) override {
    if (kingpin::http::AsksForWebSocket(r)) {
      AcceptWebSocket(c, r);
    } else {
      AnswerError(c, kingpin::http::HttpStatus::kUpgradeRequired,
                  {{"Upgrade", "websocket"}});
    }
  }
  void OnWebSocketMessage(WebSocket& ws, kingpin::http::WebSocketKind kind,
                          std::string_view payload) override {
    ws.Send(kind, payload);
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s ADDRESS [THREADS [deflate]]\n", argv[0]);
    return 2;
  }
  Shared shared({.listen = {argv[1]}});
  int threads = 1;
  if (argc > 2 && !absl::SimpleAtoi(argv[2], &threads)) return 2;
  if (argc > 3) {
    shared.websocket.deflate = {.enabled = true,
                                .server_context_takeover = true,
                                .client_context_takeover = true,
                                .min_bytes = 1};
  }
  kingpin::EpollTPServer<Echo> server(&shared, {.threads = threads});
  const absl::Status status = server.Start();
  if (!status.ok()) return kingpin::ExitCode(status);
  std::printf("listening on port %d\n", shared.port());
  std::fflush(stdout);
  return kingpin::ExitCode(server.Wait());
}
