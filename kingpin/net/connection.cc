#include "kingpin/net/connection.h"

#include <errno.h>

#include <algorithm>
#include <cstring>

#include "kingpin/net/io_handler.h"
#include "kingpin/sys/syscalls.h"

namespace kingpin {
namespace {

// A write of at least this much on an empty queue goes to the kernel from where
// it lies: the copy would cost more than the chance to merge it with a later
// write is worth.
constexpr size_t kDirectWriteBytes = 8 << 10;
// Files in the output, each of which may hold a descriptor.
constexpr size_t kMaxFiles = 64;

}  // namespace

absl::string_view ToString(CloseReason reason) {
  switch (reason) {
    case CloseReason::kLocal:
      return "local";
    case CloseReason::kPeer:
      return "peer";
    case CloseReason::kError:
      return "error";
    case CloseReason::kIdleTimeout:
      return "idle timeout";
    case CloseReason::kReadTimeout:
      return "read timeout";
    case CloseReason::kWriteTimeout:
      return "write timeout";
    case CloseReason::kHandshakeTimeout:
      return "handshake timeout";
    case CloseReason::kInputOverflow:
      return "input overflow";
    case CloseReason::kOutputOverflow:
      return "output overflow";
    case CloseReason::kException:
      return "exception";
    case CloseReason::kShutdown:
      return "shutdown";
    case CloseReason::kDeadline:
      return "deadline";
    case CloseReason::kGivenBack:
      return "given back";
    case CloseReason::kRetry:
      return "retry";
  }
  return "unknown";
}

Connection::Connection(SlotName name, IOHandler* handler, UniqueFd fd)
    : TimerNode(TimerNode::kConnection),
      handler_(handler),
      name_(name),
      timeouts_(&handler->shared().connection_options().timeouts),
      fd_(std::move(fd)) {}

Connection::~Connection() { ResetState(); }

ConnectionId Connection::id() const {
  return ConnectionId(handler_->thread(), name_);
}

const ConnectionOptions& Connection::options() const {
  return handler_->connection_options_;
}

void Connection::ResetState() {
  if (state_type_ == nullptr) return;
  const DestroyState* type = std::exchange(state_type_, nullptr);
  (*type)(std::exchange(state_, nullptr));
}

void Connection::RequestMessage() {
  // Reading on before that would pile up more than the handler takes.
  read_again_ = false;
  handler_->MarkReady(*this);
}

void Connection::PauseReading() {
  paused_ = true;
  handler_->MarkDirty(*this);
}

void Connection::ResumeReading() {
  paused_ = false;
  if (!input_.empty()) RequestMessage();
  handler_->MarkDirty(*this);
}

bool Connection::input_full() const {
  return input_.size() >= options().input_limit_bytes;
}

bool Connection::Write(absl::string_view data) {
  DCHECK(handler_->OnLoopThread());
  if (!takes_output()) return false;
  if (data.empty()) return !above_high_edge_;
  if (drained() && !blocked_ && data.size() >= kDirectWriteBytes &&
      sender() == nullptr) {
    data = SendDirectly(data);
  }
  output_.Append(handler_->segment_pool_, data);
  return AfterWrite();
}

absl::string_view Connection::SendDirectly(absl::string_view data) {
  SysResult<size_t> sent = sys::Send(fd(), data.data(), data.size());
  if (sent.ok()) {
    handler_->CountSent(*this, sent.value);
    data.remove_prefix(sent.value);
    // Full: a flush now would only be told so again.
    blocked_ = !data.empty();
    return data;
  }
  if (sent.error == EAGAIN) {
    blocked_ = true;
    return data;
  }
  handler_->OutputFailed(*this, sent.error);
  return data;  // Never sent: OnClose finds it in pending_output().
}

bool Connection::SendFile(std::shared_ptr<const UniqueFd> file, off_t offset,
                          uint64_t size) {
  DCHECK(handler_->OnLoopThread());
  if (!takes_output()) return false;
  if (size == 0) return !above_high_edge_;
  output_.AppendFile(handler_->segment_pool_, std::move(file), offset, size);
  return AfterWrite();
}

bool Connection::AfterWrite() {
  if (closed_) return false;
  if (error_ != 0) {
    handler_->MarkDirty(*this);
    return false;
  }
  wrote_ = true;
  if (output_.bytes() > options().output_high_bytes ||
      output_.files() > kMaxFiles) {
    above_high_edge_ = true;
    // Not below the high edge: CheckOptions.
    if (output_.bytes() > options().output_limit_bytes) {
      Finish(CloseReason::kOutputOverflow);
      return false;
    }
  }
  handler_->MarkDirty(*this);
  return !above_high_edge_;
}

void Connection::Close() {
  own_close_ = true;
  BeginClose(CloseReason::kLocal, /*linger=*/false);
}

void Connection::CloseLingering() {
  own_close_ = true;
  BeginClose(CloseReason::kLocal, /*linger=*/true);
}

void Connection::Abort() {
  own_close_ = true;
  Finish(CloseReason::kLocal);
}

void Connection::BeginClose(CloseReason reason, bool linger) {
  DCHECK(handler_->OnLoopThread());
  if (closing()) return;
  closing_ = true;
  linger_ = linger;
  reason_ = reason;
  handler_->MarkDirty(*this);
}

void Connection::Finish(CloseReason reason, int error) {
  if (closed_) return;
  // A close that was under way keeps its reason unless it failed.
  if (!closing_ || error != 0 || reason != CloseReason::kLocal) {
    reason_ = reason;
  }
  closed_ = true;
  error_ = error;
  handler_->Retire(*this);
}

std::string Connection::error_text() const {
  std::string text = transport_ == nullptr ? "" : transport_->error_text();
  if (text.empty() && error_ != 0) text = std::strerror(error_);
  return text;
}

bool Connection::StartTransport(std::unique_ptr<Transport> transport) {
  DCHECK(handler_->OnLoopThread());
  CHECK(transport_ == nullptr) << "a connection has one transport";
  if (closing()) return false;
  if (!input_.empty() || !drained()) {
    Finish(CloseReason::kError, EPROTO);
    return false;
  }
  handler_->BeginHandshake(*this, std::move(transport));
  handler_->MarkDirty(*this);
  return true;
}

void Connection::SetBusy(bool busy) {
  busy_ = busy;
  handler_->MarkDirty(*this);
}

void Connection::SetMidMessage(bool mid_message) {
  mid_message_ = mid_message;
  handler_->MarkDirty(*this);
}

void Connection::SetTimeouts(const Timeouts* timeouts) {
  timeouts_ = timeouts;
  handler_->ForgetTimeout(*this);
}

absl::Duration Connection::timeout(Waiting waiting) const {
  switch (waiting) {
    case Waiting::kIdle:
      if (!handler_->draining()) return timeouts_->idle;
      return std::min(timeouts_->idle, timeouts_->linger);
    case Waiting::kInput:
      // Half a head is no message yet: a drain does not wait long for the rest.
      if (!handler_->draining() || mid_message_) return timeouts_->read;
      return std::min(timeouts_->read, timeouts_->linger);
    case Waiting::kOutput:
      return timeouts_->write;
    case Waiting::kLinger:
      return timeouts_->linger;
    case Waiting::kHandshake:
      if (!handler_->draining()) return timeouts_->handshake;
      return std::min(timeouts_->handshake, timeouts_->linger);
    case Waiting::kNothing:
      break;
  }
  return absl::InfiniteDuration();
}

}  // namespace kingpin
