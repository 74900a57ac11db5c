#include "apps/chinese_chess/server/front_door.h"

#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "apps/chinese_chess/server/client_message.h"
#include "apps/chinese_chess/web/answer_asset.h"
#include "kingpin/http/http_status.h"
#include "kingpin/http/method.h"
#include "kingpin/http/response_head.h"
#include "kingpin/http/websocket_close.h"
#include "kingpin/http/websocket_handshake.h"
#include "kingpin/tls/tls_server.h"

namespace chinese_chess {
namespace {

namespace http = kingpin::http;
using http::HttpStatus;
using kingpin::Connection;

constexpr int kLinesAtOnce = 16;

// The state of a connection that has not said anything yet, and of one that speaks lines.
struct Undecided {};
struct Lines {};

http::WebSocketOptions WebSocketOptionsOf() {
  http::WebSocketOptions options;
  options.limits.max_frame_bytes = kMaxMessageBytes;
  options.limits.max_message_bytes = kMaxMessageBytes;
  // Only what is long: games, records, lists. Nobody's token is in a message that has
  // text of somebody else's.
  options.deflate.enabled = true;
  options.deflate.min_bytes = 1024;
  // Sessions asks, of WebSockets as of lines.
  options.ping_interval = absl::InfiniteDuration();
  return options;
}

}  // namespace

FrontDoor::FrontDoor(GameServerShared* shared, int thread)
    : WebSocketHandler(shared, thread, {}, WebSocketOptionsOf()),
      game_shared_(*shared),
      game_thread_(shared, this, &websockets()) {}

absl::Status FrontDoor::Init() {
  absl::Status status = WebSocketHandler::Init();
  if (status.ok()) game_thread_.Restore();
  return status;
}

std::unique_ptr<kingpin::Transport> FrontDoor::NewTransport(size_t) {
  kingpin::TlsServer* tls = game_shared_.tls();
  return tls == nullptr ? nullptr : tls->NewTransport();
}

// --- Connections -------------------------------------------------------------------------

void FrontDoor::OnConnect(Connection& connection) {
  WebSocketHandler::OnConnect(connection);
  connection.EmplaceState<Undecided>();
}

void FrontDoor::OnMessage(Connection& connection) {
  if (connection.has_state<Undecided>()) TakeFirstByte(connection);
  if (connection.has_state<Lines>()) return TakeLines(connection);
  WebSocketHandler::OnMessage(connection);
}

void FrontDoor::TakeFirstByte(Connection& connection) {
  connection.ResetState();
  if (absl::ascii_isupper(connection.input().view().front())) return;
  connection.EmplaceState<Lines>();
  game_thread_.sessions().Open(connection);
}

void FrontDoor::OnInputEnd(Connection& connection) {
  if (connection.has_state<Undecided>() || connection.has_state<Lines>()) {
    return connection.Close();
  }
  WebSocketHandler::OnInputEnd(connection);
}

void FrontDoor::OnWriteComplete(Connection& connection) {
  if (connection.has_state<Lines>()) return;
  WebSocketHandler::OnWriteComplete(connection);
}

void FrontDoor::OnClose(Connection& connection, kingpin::CloseReason reason) {
  if (connection.has_state<Lines>()) {
    return game_thread_.sessions().Closed(connection);
  }
  WebSocketHandler::OnClose(connection, reason);
}

void FrontDoor::OnShutdown() {
  game_thread_.sessions().SayGoodbye();
  WebSocketHandler::OnShutdown();
}

// --- Lines -------------------------------------------------------------------------------

void FrontDoor::TakeLines(Connection& connection) {
  for (int lines = 0; lines < kLinesAtOnce; ++lines) {
    const std::string_view input = connection.input().view();
    const size_t end = input.find('\n');
    std::string_view line = input.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.size() > kMaxMessageBytes) {
      connection.input().TakeAll();
      return game_thread_.sessions().OnBadFraming(
          connection, absl::StrCat("a line has at most ", kMaxMessageBytes,
                                   " bytes; goodbye"));
    }
    if (end == input.npos) return;
    connection.input().Consume(end + 1);
    game_thread_.sessions().OnText(connection, line);
    if (connection.closing()) return;
  }
  if (!connection.input().empty()) connection.RequestMessage();
}

// --- HTTP --------------------------------------------------------------------------------

void FrontDoor::OnRequest(Connection& connection,
                          const http::Request& request) {
  if (request.path == "/ws") {
    if (MayConnect(request)) {
      AcceptWebSocket(connection, request);
    } else {
      AnswerError(connection, HttpStatus::kForbidden);
    }
    return;
  }
  if (AnswerAsset(*this, connection, request)) return;
  IgnoreBody(connection);
  if (request.path == "/counters") return AnswerCounters(connection, request);
  AnswerError(connection, HttpStatus::kNotFound);
}

bool FrontDoor::MayConnect(const http::Request& request) const {
  if (http::IsSameOrigin(request)) return true;
  const std::vector<std::string>& origins = game_shared_.game_options().origins;
  const std::vector<std::string_view> views(origins.begin(), origins.end());
  return http::IsOriginAmong(request, views);
}

void FrontDoor::AnswerCounters(Connection& connection,
                               const http::Request& request) {
  if (request.method != http::Method::kGet &&
      request.method != http::Method::kHead) {
    return AnswerError(connection, HttpStatus::kMethodNotAllowed,
                       {{"Allow", "GET, HEAD"}});
  }
  char room[512];
  http::ResponseHead head = BeginHead(connection, HttpStatus::kOk, room);
  head.Add("Content-Type", "application/json");
  head.Add("Cache-Control", "no-store");
  Answer(connection, HttpStatus::kOk, &head, game_shared_.StatsJson() + "\n");
}

// --- WebSockets --------------------------------------------------------------------------

void FrontDoor::OnWebSocketOpen(http::WebSocket& socket, std::string_view) {
  game_thread_.sessions().Open(socket.connection());
  // From here on its control frames are counted.
  socket.Ping();
}

void FrontDoor::OnWebSocketMessage(http::WebSocket& socket,
                                   http::WebSocketKind kind,
                                   std::string_view payload) {
  if (kind == http::WebSocketKind::kText) {
    return game_thread_.sessions().OnText(socket.connection(), payload);
  }
  socket.Close(http::WebSocketClose::kUnsupportedData, "messages are text");
}

void FrontDoor::OnWebSocketRtt(http::WebSocket& socket, absl::Duration rtt) {
  game_thread_.sessions().OnPulse(socket.connection(), rtt);
}

void FrontDoor::OnWebSocketClose(http::WebSocket& socket,
                                 const http::WebSocketEnd&) {
  game_thread_.sessions().Closed(socket.connection());
}

}  // namespace chinese_chess
