// IOHandler: timers, and the time-outs of connections. A time-out that runs is
// not armed anew by each message: what happened only notes when, and the timer
// looks at that when it fires.
#include <utility>

#include "absl/base/optimization.h"
#include "absl/log/check.h"
#include "kingpin/net/io_handler.h"
#include "kingpin/net/tick.h"

namespace kingpin {

uint64_t IOHandler::TickOf(MonotonicTime time) const {
  int64_t nanos = time.nanos - start_.nanos;
  return nanos <= 0 ? 0 : nanos / kNanosPerTick;
}

void IOHandler::UpdateTimeout(Connection& connection) {
  Connection::Waiting waiting = connection.waiting();
  uint32_t consumed = connection.input_.consumed();
  bool progress = connection.moved_bytes_;
  if (waiting == Connection::Waiting::kOutput) {
    progress = connection.sent_bytes_;
  } else if (waiting == Connection::Waiting::kInput) {
    progress = consumed != connection.consumed_before_;
  } else if (waiting == Connection::Waiting::kLinger ||
             waiting == Connection::Waiting::kHandshake) {
    progress = false;
  }
  connection.consumed_before_ = consumed;
  connection.moved_bytes_ = connection.sent_bytes_ = false;
  bool same = waiting == connection.waiting_ && connection.armed();
  if (progress || !same) connection.waiting_since_ = now_tick_;
  // The ordinary message only stores that number: a timer that fires too early
  // looks at it and arms itself again.
  if (ABSL_PREDICT_TRUE(same)) return;
  connection.waiting_ = waiting;
  uint64_t due = DueTick(connection);
  if (due < connection.tick()) timers_.Arm(connection, due);
}

uint64_t IOHandler::DueTick(const Connection& connection) const {
  // One more: waiting_since_ was rounded down.
  return AddTicks(connection.waiting_since_ + 1,
                  TicksOf(connection.timeout(connection.waiting_)));
}

void IOHandler::ForgetTimeout(Connection& connection) {
  timers_.Cancel(connection);
  MarkDirty(connection);
}

bool IOHandler::LookOnceMore(Connection& connection) {
  // What arrived this very moment is answered and not reset; and when the whole
  // loop was held up, the peers of sockets it has not come to are not to blame,
  // nor is one whose input waits for the handler.
  uint32_t consumed = connection.input_.consumed();
  switch (connection.waiting_) {
    case Connection::Waiting::kOutput:
      connection.blocked_ = false;
      Flush(connection);
      return connection.sent_bytes_ || connection.closed_ ||
             connection.error_ != 0;
    case Connection::Waiting::kIdle:
    case Connection::Waiting::kInput:
      if (connection.in_ready_list_) return true;
      ++round_;  // No event has announced it.
      if (connection.wants_input()) ReadInput(connection);
      return connection.closing() ||
             connection.waiting() != connection.waiting_ ||
             connection.input_.consumed() != consumed;
    case Connection::Waiting::kHandshake:
      // It is we who have not come to it.
      return connection.in_handshake_list_;
    default:
      return false;
  }
}

void IOHandler::FireTimeout(Connection& connection) {
  uint64_t due = DueTick(connection);
  if (due == TimerNode::kNever) return;
  if (due > now_tick_) return timers_.Arm(connection, due);
  // Something has happened to it in this round that Settle has not seen yet.
  if (connection.waiting() != connection.waiting_) return Settle(connection);
  if (LookOnceMore(connection)) return Settle(connection);
  const bool owes_nothing =
      connection.waiting_ == Connection::Waiting::kIdle ||
      (connection.waiting_ == Connection::Waiting::kInput &&
       !connection.mid_message_);
  if (draining() && owes_nothing) {
    return connection.Finish(CloseReason::kShutdown);
  }
  stats().timeouts.Add();
  switch (connection.waiting_) {
    case Connection::Waiting::kIdle:
      return connection.Finish(CloseReason::kIdleTimeout);
    case Connection::Waiting::kInput:
      return connection.Finish(CloseReason::kReadTimeout);
    case Connection::Waiting::kOutput:
      return connection.Finish(CloseReason::kWriteTimeout);
    case Connection::Waiting::kHandshake:
      return connection.Finish(CloseReason::kHandshakeTimeout);
    default:
      return connection.Finish(CloseReason::kLocal);
  }
}

void IOHandler::RunTimers() {
  while (TimerNode* node = timers_.PopDue(now_tick_)) {
    if (node->kind() == TimerNode::kConnection) {
      Connection& connection = *static_cast<Connection*>(node);
      Guard(connection, [&] { FireTimeout(connection); });
      continue;
    }
    SlotName name = static_cast<TimerTask*>(node)->name;
    Task task = std::move(static_cast<TimerTask*>(node)->task);
    timer_tasks_.Erase(name);
    GuardLoop([&] { std::move(task)(); });
  }
}

TimerId IOHandler::RunAfter(absl::Duration delay, Task task) {
  DCHECK(OnLoopThread());
  auto [name, timer] = timer_tasks_.Emplace(std::move(task));
  // From the clock, not from now_: that is old when a callback has been slow.
  MonotonicTime due = shared_.clock().Now() + delay;
  if (delay != absl::InfiniteDuration()) {
    timers_.Arm(*timer, AddTicks(TickOf(due), 1));
  }
  return {name};
}

void IOHandler::CancelTimer(TimerId id) {
  TimerTask* timer = timer_tasks_.Find(id.name);
  if (timer == nullptr) return;
  timers_.Cancel(*timer);
  timer_tasks_.Erase(id.name);
}

}  // namespace kingpin
