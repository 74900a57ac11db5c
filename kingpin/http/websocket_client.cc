#include "kingpin/http/websocket_client.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "kingpin/http/attachment.h"
#include "kingpin/http/method.h"
#include "kingpin/http/request_head.h"

namespace kingpin::http {
namespace {

absl::Status StatusOf(const Target& target, const ConnectFailure& failure) {
  const std::string text = absl::StrCat("connecting to ", target.host, " port ",
                                        target.port, ": ", failure.ToString());
  switch (failure.reason) {
    case ConnectError::kDeadline:
    case ConnectError::kPoolDeadline:
      return absl::DeadlineExceededError(text);
    case ConnectError::kShutdown:
      return absl::CancelledError(text);
    default:
      return absl::UnavailableError(text);
  }
}

absl::Status StatusOf(const Connection& connection, CloseReason reason) {
  const std::string text =
      absl::StrCat("no answer to the WebSocket handshake: ", ToString(reason),
                   " ", connection.error_text());
  switch (reason) {
    case CloseReason::kDeadline:
    case CloseReason::kReadTimeout:
    case CloseReason::kWriteTimeout:
      return absl::DeadlineExceededError(text);
    case CloseReason::kLocal:
    case CloseReason::kShutdown:
      return absl::CancelledError(text);
    default:
      return absl::UnavailableError(text);
  }
}

}  // namespace

struct WebSocketClientHandler::Opening : TargetContext {
  static Opening& Of(Target& target) {
    return static_cast<Opening&>(*target.context);
  }
  std::string key;
  std::vector<std::string> protocols;
  std::unique_ptr<TargetContext> context;
  bool done = false;  // Opened, or failed.
};

// --- WebSocketClientData -----------------------------------------------------

absl::Status WebSocketClientData::Open(int threads) {
  tls_ = TlsClient::Create(options_.tls);
  return ThreadSharedDataForClient::Open(threads);
}

absl::Status WebSocketClientData::Connect(WebSocketRequest request) {
  auto opening = std::make_unique<WebSocketClientHandler::Opening>();
  opening->key = NewWebSocketKey();
  opening->protocols = std::move(request.protocols);
  opening->context = std::move(request.context);
  RequestHeadParts parts = {.url = std::move(request.url),
                            .fields = std::move(request.fields)};
  if (!options_.user_agent.empty()) {
    parts.fields.emplace_back("User-Agent", options_.user_agent);
  }
  AddWebSocketFields(opening->key, opening->protocols,
                     options_.websocket.deflate, &parts);
  auto head = WriteRequestHead(parts);
  if (!head.ok()) return head.status();
  return Add({.host = parts.url.host,
              .port = parts.url.port,
              .group = parts.url.is_https ? "wss" : "ws",
              .first_message = *std::move(head),
              .timeout = request.timeout,
              .priority = request.priority,
              .may_reuse = false,
              .may_retry = false,
              .context = std::move(opening)});
}

void WebSocketClientData::OnTargetDropped(Target& target,
                                          const ConnectFailure& failure) {
  OnWebSocketConnectFailed(
      std::move(WebSocketClientHandler::Opening::Of(target).context),
      StatusOf(target, failure));
}

// --- WebSocketClientHandler --------------------------------------------------

absl::Status WebSocketClientHandler::Init() {
  if (absl::Status status = websockets_.CheckOptions(); !status.ok()) {
    return status;
  }
  return IOHandlerForClient::Init();
}

TargetContext* WebSocketClientHandler::context(WebSocket& socket) {
  return Opening::Of(*target(socket.connection())).context.get();
}

std::unique_ptr<Transport> WebSocketClientHandler::NewTransport(
    const Target& target) {
  if (target.group != "wss" || !data_.tls_.ok()) return nullptr;
  return (*data_.tls_)->NewTransport(target.host, target.port);
}

void WebSocketClientHandler::OnConnect(Connection& connection) {
  Target* const asked = target(connection);
  if (asked == nullptr) return;  // The socket is the application's own.
  if (asked->group == "wss" && !data_.tls_.ok()) {
    FailOpening(*asked, data_.tls_.status());
    return connection.Abort();
  }
  connection.EmplaceState<Handshake>();
}

void WebSocketClientHandler::OnMessage(Connection& connection) {
  WebSocket* const socket = WebSocketHost::Find(connection);
  if (socket != nullptr) return websockets_.OnMessage(*socket);
  if (connection.has_state<Handshake>()) ReadAnswer(connection);
}

void WebSocketClientHandler::ReadAnswer(Connection& connection) {
  Target& asked = *target(connection);
  Opening& opening = Opening::Of(asked);
  auto& parser = connection.state<Handshake>().parser;
  ResponseParser::Result result;
  do {
    result = parser.Parse(connection.input().view(), Method::kGet, &scratch_);
    if (result == ResponseParser::Result::kNeedMore) return;
    if (result == ResponseParser::Result::kError) break;
    connection.input().Consume(scratch_.head_bytes);
  } while (scratch_.is_interim());
  absl::StatusOr<WebSocketAgreement> agreement =
      absl::InvalidArgumentError(Describe(parser.error()));
  if (result == ResponseParser::Result::kDone) {
    agreement =
        ReadWebSocketAnswer(scratch_, opening.key, opening.protocols,
                            data_.websocket_options().websocket.deflate);
  }
  if (!agreement.ok()) {
    FailOpening(asked, agreement.status());
    return connection.Abort();
  }
  opening.done = true;
  LiftDeadline(connection);
  connection.ResetState();
  websockets_.Open(connection, agreement->deflate, Attachment(),
                   agreement->protocol);
}

void WebSocketClientHandler::FailOpening(Target& target,
                                         const absl::Status& status) {
  Opening& opening = Opening::Of(target);
  if (std::exchange(opening.done, true)) return;
  OnWebSocketConnectFailed(std::move(opening.context), status);
}

void WebSocketClientHandler::OnInputEnd(Connection& connection) {
  WebSocket* const socket = WebSocketHost::Find(connection);
  if (socket == nullptr) return connection.Close();
  websockets_.OnInputEnd(*socket);
}

void WebSocketClientHandler::OnWriteComplete(Connection& connection) {
  WebSocket* const socket = WebSocketHost::Find(connection);
  if (socket != nullptr) websockets_.OnWriteComplete(*socket);
}

void WebSocketClientHandler::OnClose(Connection& connection,
                                     CloseReason reason) {
  WebSocket* const socket = WebSocketHost::Find(connection);
  if (socket != nullptr) return websockets_.OnClose(*socket, reason);
  if (Target* const asked = target(connection); asked != nullptr) {
    FailOpening(*asked, StatusOf(connection, reason));
  }
}

void WebSocketClientHandler::OnConnectFailed(Target& target,
                                             const ConnectFailure& failure) {
  FailOpening(target, StatusOf(target, failure));
}

void WebSocketClientHandler::OnShutdown() { websockets_.OnShutdown(); }

}  // namespace kingpin::http
