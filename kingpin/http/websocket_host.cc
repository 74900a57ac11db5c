#include "kingpin/http/websocket_host.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "kingpin/sys/syscalls.h"

namespace kingpin::http {
namespace {

// Pings that are due within this time are sent together; more would be a burst.
constexpr absl::Duration kTimerStep = absl::Milliseconds(10);
constexpr size_t kMaxScratchBytes = 256 << 10;

Timeouts TimeoutsOf(const IOHandler& handler, const WebSocketOptions& options) {
  Timeouts timeouts = handler.shared().connection_options().timeouts;
  if (options.ping_interval != absl::InfiniteDuration()) {
    timeouts.idle = absl::InfiniteDuration();
  }
  return timeouts;
}

}  // namespace

WebSocketHost::WebSocketHost(IOHandler* handler, WebSocketEvents* events,
                             Role role, const WebSocketOptions& options)
    : handler_(*handler),
      events_(*events),
      role_(role),
      options_(options),
      timeouts_(TimeoutsOf(*handler, options)),
      quiet_(options.ping_interval),
      closing_(options.close_timeout) {}

absl::Status WebSocketHost::CheckOptions() const {
  if (options_.ping_interval < kTimerStep ||
      options_.close_timeout < absl::ZeroDuration() ||
      options_.max_control_frames == 0 ||
      options_.max_control_frames == UINT16_MAX) {
    return absl::InvalidArgumentError(
        "WebSocketOptions: ping_interval is at least 10ms, close_timeout not "
        "negative, max_control_frames from 1 to 65534");
  }
  // Nothing else tells how much a peer may make us hold.
  constexpr size_t kMaxBytes = size_t{1} << 31;
  if (options_.limits.max_message_bytes > kMaxBytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "WebSocketLimits::max_message_bytes is ",
        options_.limits.max_message_bytes, ": it is at most ", kMaxBytes));
  }
  return CheckDeflateOptions(options_.deflate);
}

void WebSocketHost::Open(Connection& connection,
                         const std::optional<DeflateTerms>& deflate,
                         Attachment attached, std::string_view protocol) {
  WebSocket& socket = connection.EmplaceState<WebSocket>(
      this, &connection, deflate, std::move(attached));
  connection.SetTimeouts(&timeouts_);
  connection.SetMidMessage(false);
  PingLater(socket);
  socket.Opened(protocol);
}

void WebSocketHost::OnShutdown() {
  handler_.ForEachConnection([](Connection& connection) {
    WebSocket* const socket = Find(connection);
    if (socket != nullptr) socket->Close(WebSocketClose::kGoingAway);
  });
}

void WebSocketHost::SendPosted(Connection& connection,
                               const WebSocketMessage& message) {
  WebSocket* const socket = Find(connection);
  if (socket != nullptr) socket->SendPosted(message);
}

// --- What they share ---------------------------------------------------------

WebSocketDeflater& WebSocketHost::DeflaterOf(int window_bits) {
  std::unique_ptr<WebSocketDeflater>& deflater = deflaters_[window_bits];
  if (deflater == nullptr) {
    deflater = std::make_unique<WebSocketDeflater>(
        window_bits, options_.deflate.level, options_.deflate.memory_level);
  }
  return *deflater;
}

uint32_t WebSocketHost::NextMaskKey() {
  if (mask_keys_left_ == 0) {
    char* const bytes = reinterpret_cast<char*>(mask_keys_.data());
    sys::FillRandom(absl::MakeSpan(bytes, sizeof(mask_keys_)));
    mask_keys_left_ = mask_keys_.size();
  }
  return mask_keys_[--mask_keys_left_];
}

void WebSocketHost::Shrink(std::string* scratch) {
  if (scratch->capacity() > kMaxScratchBytes) std::string().swap(*scratch);
}

// --- Time --------------------------------------------------------------------

void WebSocketHost::PingLater(WebSocket& socket) {
  quiet_.Put(socket, Now());
  ArmTimer();
}

void WebSocketHost::CutLater(WebSocket& socket) {
  closing_.Put(socket, Now());
  ArmTimer();
}

void WebSocketHost::ArmTimer() {
  const MonotonicTime now = Now();
  const absl::Duration wait =
      std::min(quiet_.TimeToNext(now), closing_.TimeToNext(now));
  const MonotonicTime due = now + std::max(wait, kTimerStep);
  if (due >= timer_at_) return;
  handler_.CancelTimer(timer_);
  timer_at_ = due;
  timer_ = handler_.RunAfter(due - now, [this] { RunDue(); });
}

void WebSocketHost::RunDue() {
  timer_at_ = kNotArmed;
  const MonotonicTime now = Now();
  for (DeadlineQueue* queue : {&quiet_, &closing_}) {
    while (DeadlineQueue::Node* node = queue->TakeDue(now)) {
      static_cast<WebSocket*>(node)->BecameDue();
    }
  }
  ArmTimer();
}

}  // namespace kingpin::http
