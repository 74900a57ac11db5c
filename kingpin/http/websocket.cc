#include "kingpin/http/websocket.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "kingpin/http/websocket_host.h"
#include "kingpin/http/websocket_mask.h"
#include "kingpin/logger/klog.h"
#include "kingpin/net/io_handler.h"
#include "kingpin/pool/current_exception.h"
#include "kingpin/sys/clock.h"

namespace kingpin::http {
namespace {

// A turn of a connection ends after this long.
constexpr absl::Duration kMaxTurn = absl::Milliseconds(1);

// zlib cannot write smaller windows.
constexpr int kMinDeflateBits = 9;

}  // namespace

WebSocket::WebSocket(WebSocketHost* host, Connection* connection,
                     const std::optional<DeflateTerms>& deflate,
                     Attachment attached)
    : host_(*host),
      connection_(*connection),
      attached_(std::move(attached)),
      deflate_(deflate.value_or(DeflateTerms())),
      control_frames_(host->options_.ping_interval == absl::InfiniteDuration()
                          ? kUncounted
                          : 0),
      deflates_(deflate.has_value()) {}

WebSocket::~WebSocket() = default;

WebSocket::Extras& WebSocket::extras() {
  if (extras_ == nullptr) extras_ = std::make_unique<Extras>();
  return *extras_;
}

template <typename Function>
void WebSocket::CallOut(Function function) {
  try {
    function();
  } catch (...) {
    KLOG_EVERY_SECOND(ERROR)
        << "a WebSocket callback threw" << DescribeCurrentException();
    IOHandler& handler = connection_.handler();
    handler.shared().thread(handler.thread()).stats().handler_exceptions.Add();
    Fail(WebSocketClose::kInternalError, "");
  }
}

void WebSocket::Opened(std::string_view protocol) {
  CallOut([&] { host_.events_.OnWebSocketOpen(*this, protocol); });
  if (!connection_.input().empty()) TakeInput();
}

// --- Receiving ---------------------------------------------------------------

bool WebSocket::AboveHighEdge() const {
  return connection_.pending_output() >
         connection_.handler().shared().connection_options().output_high_bytes;
}

bool WebSocket::MayTake() const {
  // Above the high edge nothing is read either; at the low edge what is held is
  // delivered again.
  return phase_ != Phase::kOver && !connection_.closing() && !paused_ &&
         !AboveHighEdge();
}

void WebSocket::TakeInput() {
  heard_ = true;
  const bool is_server = host_.is_server();
  const WebSocketReadRules rules = {
      .limits = host_.options_.limits,
      .masked = is_server,
      .deflate = deflates_,
      .context_takeover = is_server ? deflate_.client_context_takeover
                                    : deflate_.server_context_takeover,
      .window_bits =
          is_server ? deflate_.client_window_bits : deflate_.server_window_bits,
      .inflaters = &host_.inflaters_};
  MonotonicTime began = {};
  for (int taken = 0; MayTake(); ++taken) {
    // From the second on: only who has several there costs a look at the clock.
    if (taken > 0) {
      const MonotonicTime now = host_.Now();
      if (taken == 1) began = now;
      // The others have their turns first.
      if (now - began >= kMaxTurn) return connection_.RequestMessage();
    }
    absl::Span<char> bytes = connection_.input().mutable_view();
    WebSocketInput input;
    const auto result = reader_.Next(&bytes, rules, &input);
    connection_.input().Consume(connection_.input().size() - bytes.size());
    if (result == WebSocketReader::Result::kNeedMore) break;
    if (result == WebSocketReader::Result::kError) {
      Fail(input.code, input.payload);
    } else {
      Handle(input);
    }
  }
  // Nobody looks at it any more.
  if (phase_ == Phase::kOver) connection_.input().TakeAll();
  UpdateWaiting();
}

void WebSocket::Handle(const WebSocketInput& input) {
  switch (input.opcode) {
    case WebSocketOpcode::kText:
    case WebSocketOpcode::kBinary:
      if (phase_ != Phase::kOpen) return;
      return CallOut([&] {
        host_.events_.OnWebSocketMessage(*this,
                                         input.opcode == WebSocketOpcode::kText
                                             ? WebSocketKind::kText
                                             : WebSocketKind::kBinary,
                                         input.payload);
      });
    case WebSocketOpcode::kPing:
      if (MayControl() && phase_ == Phase::kOpen) {
        SendControl(WebSocketOpcode::kPong, input.payload);
      }
      return;
    case WebSocketOpcode::kPong:
      if (MayControl()) HandlePong(input.payload);
      return;
    case WebSocketOpcode::kClose:
      return HandleClose(input.payload);
    case WebSocketOpcode::kContinuation:
      return;  // A reader joins them.
  }
}

// They cost as much as messages, which an application can count itself.
bool WebSocket::MayControl() {
  if (control_frames_ == kUncounted) return true;
  if (control_frames_ < host_.options_.max_control_frames) {
    ++control_frames_;
    return true;
  }
  Fail(WebSocketClose::kPolicyViolation, "too many control frames");
  return false;
}

void WebSocket::HandlePong(std::string_view payload) {
  int64_t nanos = 0;
  if (!ping_under_way_ || payload.size() != sizeof(nanos)) return;
  std::memcpy(&nanos, payload.data(), sizeof(nanos));
  // Not the one that is waited for: of an earlier ping, or made up.
  if (nanos != since().nanos) return;
  ping_under_way_ = false;
  const absl::Duration rtt = host_.Now() - since();
  CallOut([&] { host_.events_.OnWebSocketRtt(*this, rtt); });
}

void WebSocket::HandleClose(std::string_view payload) {
  const ClosePayload close = ParseClosePayload(payload);
  if (close.verdict != WebSocketClose::kNormal) {
    return Fail(close.verdict, "a malformed Close frame");
  }
  close_code_ = static_cast<uint16_t>(close.code);
  peer_closed_ = clean_ = true;
  if (!close.reason.empty()) extras().close_reason = close.reason;
  if (phase_ == Phase::kOpen) SendClose(close.code, "");
  AwaitEnd();
}

void WebSocket::EndInput() {
  phase_ = Phase::kOver;
  connection_.Close();
}

void WebSocket::PauseReading() {
  paused_ = true;
  connection_.PauseReading();
}

void WebSocket::ResumeReading() {
  paused_ = false;
  connection_.ResumeReading();
}

// --- Sending -----------------------------------------------------------------

bool WebSocket::Send(WebSocketKind kind, std::string_view payload) {
  if (!open()) return false;
  const WebSocketOpcode opcode = kind == WebSocketKind::kText
                                     ? WebSocketOpcode::kText
                                     : WebSocketOpcode::kBinary;
  const bool compressed = compresses(payload.size()) && Deflate(payload);
  const bool below = SendFrames(
      opcode, compressed ? std::string_view(host_.deflated_) : payload,
      compressed);
  if (compressed) WebSocketHost::Shrink(&host_.deflated_);
  return Written(below);
}

bool WebSocket::Send(const WebSocketMessage& message) {
  if (!host_.is_server() || host_.options_.fragment_bytes > 0) {
    return Send(message.kind(), message.payload());
  }
  if (!open()) return false;
  std::string_view frame;
  if (deflates_) frame = message.compressed_frame(send_window_bits());
  if (frame.empty()) {
    frame = message.frame();
  } else if (keeps_send_context()) {
    // The peer's window has it now, ours has not.
    if (extras_ != nullptr) extras_->deflater_is_behind = true;
  }
  return Written(connection_.Write(frame));
}

void WebSocket::SendPosted(const WebSocketMessage& message) {
  const bool was_full = full_;
  Send(message);
  if (full_ && !was_full) {
    CallOut([&] { host_.events_.OnWebSocketSlow(*this); });
  }
}

bool WebSocket::Written(bool below_high_edge) {
  if (!below_high_edge && !connection_.closing()) full_ = true;
  return below_high_edge;
}

void WebSocket::OutputDrained() {
  const bool was_full = full_;
  full_ = false;
  if (was_full && open()) {
    CallOut([&] { host_.events_.OnWebSocketWritable(*this); });
  }
  // Left there while an answer of HTTP's, a file perhaps, was in the way.
  if (!connection_.input().empty() && MayTake()) connection_.RequestMessage();
}

int WebSocket::send_window_bits() const {
  return host_.is_server() ? deflate_.server_window_bits
                           : deflate_.client_window_bits;
}

bool WebSocket::keeps_send_context() const {
  return host_.is_server() ? deflate_.server_context_takeover
                           : deflate_.client_context_takeover;
}

bool WebSocket::compresses(size_t size) const {
  return deflates_ && size >= host_.options_.deflate.min_bytes && size > 0 &&
         send_window_bits() >= kMinDeflateBits;
}

WebSocketDeflater& WebSocket::DeflaterForContext() {
  Extras& own = extras();
  if (own.deflater == nullptr) {
    const DeflateOptions& options = host_.options_.deflate;
    own.deflater = std::make_unique<WebSocketDeflater>(
        send_window_bits(), options.level, options.memory_level);
  } else if (own.deflater_is_behind) {
    own.deflater->Reset();
  }
  own.deflater_is_behind = false;
  return *own.deflater;
}

bool WebSocket::Deflate(std::string_view payload) {
  host_.deflated_.clear();
  if (keeps_send_context()) {
    // Sent even if it has grown: the deflater will refer to it.
    DeflaterForContext().Deflate(payload, &host_.deflated_);
    return true;
  }
  WebSocketDeflater& deflater = host_.DeflaterOf(send_window_bits());
  deflater.Deflate(payload, &host_.deflated_);
  deflater.Reset();
  return host_.deflated_.size() < payload.size();
}

bool WebSocket::SendFrames(WebSocketOpcode opcode, std::string_view body,
                           bool compressed) {
  const size_t most = host_.options_.fragment_bytes == 0
                          ? body.size()
                          : host_.options_.fragment_bytes;
  bool below = true;
  do {
    const std::string_view part = body.substr(0, most);
    body.remove_prefix(part.size());
    below = SendFrame({.opcode = opcode,
                       .fin = body.empty(),
                       .compressed = compressed,
                       .payload_bytes = part.size()},
                      part);
    opcode = WebSocketOpcode::kContinuation;
    compressed = false;
  } while (!body.empty());
  return below;
}

bool WebSocket::SendFrame(const WebSocketFrameHead& head,
                          std::string_view payload) {
  char room[kMaxFrameHead];
  if (host_.is_server()) {
    const size_t size = WriteFrameHead(head, std::nullopt, room);
    connection_.Write({room, size});
    return connection_.Write(payload);
  }
  const uint32_t key = host_.NextMaskKey();
  const size_t size = WriteFrameHead(head, key, room);
  std::string& masked = host_.masked_;
  masked.assign(room, size);
  masked.append(payload);
  MaskWebSocket(absl::MakeSpan(masked).subspan(size), key);
  const bool below = connection_.Write(masked);
  WebSocketHost::Shrink(&masked);
  return below;
}

void WebSocket::SendControl(WebSocketOpcode opcode, std::string_view payload) {
  SendFrame({.opcode = opcode, .fin = true, .payload_bytes = payload.size()},
            payload);
}

void WebSocket::Ping() {
  if (!open()) return;
  host_.PingLater(*this);
  ping_under_way_ = true;
  heard_ = false;
  control_frames_ = 0;
  const int64_t nanos = since().nanos;
  char payload[sizeof(nanos)];
  std::memcpy(payload, &nanos, sizeof(nanos));
  SendControl(WebSocketOpcode::kPing, {payload, sizeof(payload)});
}

// --- Ending ------------------------------------------------------------------

void WebSocket::SendClose(WebSocketClose code, std::string_view reason) {
  char payload[kMaxControlPayload];
  const size_t size = WriteClosePayload(code, reason, payload);
  SendControl(WebSocketOpcode::kClose, {payload, size});
}

void WebSocket::Close(WebSocketClose code, std::string_view reason) {
  if (!open()) return;
  phase_ = Phase::kClosing;
  close_code_ = static_cast<uint16_t>(code);
  SendClose(code, reason);
  if (paused_) ResumeReading();  // Or the peer's would not be seen.
  host_.CutLater(*this);
  UpdateWaiting();
}

void WebSocket::Fail(WebSocketClose code, std::string_view reason) {
  if (phase_ == Phase::kOver || connection_.closing()) return;
  if (phase_ == Phase::kOpen) {
    close_code_ = static_cast<uint16_t>(code);
    SendClose(code, reason);
  }
  phase_ = Phase::kOver;
  Leave();
  // The peer may still be sending, and an RST would take our reason from it.
  connection_.CloseLingering();
}

void WebSocket::AwaitEnd() {
  phase_ = Phase::kOver;
  Leave();
  if (host_.is_server()) return connection_.CloseLingering();
  // The server closes first, and keeps the port in TIME_WAIT (RFC 6455 section
  // 7.1.1).
  host_.CutLater(*this);
  UpdateWaiting();
}

void WebSocket::UpdateWaiting() {
  // A drain waits for those that close, too.
  const bool waits = reader_.in_frame() || phase_ != Phase::kOpen;
  if (waits == waits_) return;
  waits_ = waits;
  connection_.SetMidMessage(waits);
}

void WebSocket::BecameDue() {
  if (phase_ != Phase::kOpen) return connection_.Abort();
  // Who is not read from cannot be heard; the write time-out is for those.
  const bool deaf = paused_ || AboveHighEdge();
  if (heard_ || deaf) return Ping();
  connection_.Abort();
}

void WebSocket::ReportEnd(CloseReason reason) {
  phase_ = Phase::kOver;
  Leave();
  const WebSocketEnd end = {
      .code = static_cast<WebSocketClose>(close_code_),
      .reason =
          extras_ == nullptr ? "" : std::string_view(extras_->close_reason),
      .by_peer = peer_closed_,
      .clean = clean_,
      .connection = reason};
  host_.events_.OnWebSocketClose(*this, end);
}

// --- From other threads ------------------------------------------------------

bool SendMessage(ThreadSharedData& shared, ConnectionId id,
                 WebSocketMessage message) {
  return With(shared, id, [message = std::move(message)](Connection& c) {
    WebSocketHost::SendPosted(c, message);
  });
}

size_t SendMessage(ThreadSharedData& shared, absl::Span<const ConnectionId> ids,
                   const WebSocketMessage& message) {
  std::vector<std::vector<ConnectionId>> by_thread(shared.threads());
  for (const ConnectionId id : ids) {
    if (id.valid() && id.thread() < shared.threads()) {
      by_thread[id.thread()].push_back(id);
    }
  }
  size_t posted = 0;
  for (int thread = 0; thread < shared.threads(); ++thread) {
    std::vector<ConnectionId>& some = by_thread[thread];
    const size_t count = some.size();
    if (count == 0) continue;
    const bool taken =
        shared.thread(thread).Post([some = std::move(some), message] {
          for (const ConnectionId id : some) {
            IOHandler::Current()->RunWith(id, [&](Connection& c) {
              WebSocketHost::SendPosted(c, message);
            });
          }
        });
    if (taken) posted += count;
  }
  return posted;
}

bool CloseWebSocket(ThreadSharedData& shared, ConnectionId id,
                    WebSocketClose code, std::string reason) {
  return With(shared, id, [code, reason = std::move(reason)](Connection& c) {
    WebSocket* const socket = WebSocketHost::Find(c);
    if (socket != nullptr) socket->Close(code, reason);
  });
}

}  // namespace kingpin::http
