#include "kingpin/net/io_handler_for_server.h"

#include <errno.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <new>
#include <utility>

#include "kingpin/logger/klog.h"
#include "kingpin/sys/syscalls.h"

namespace kingpin {
namespace {

constexpr absl::Duration kFirstBackOff = absl::Milliseconds(10);
constexpr absl::Duration kMaxBackOff = absl::Seconds(1);
// What a drain still takes from the queue, whose handshakes are complete and
// which closing the listener would reset.
constexpr int kMaxLastAccepts = 4096;

}  // namespace

absl::Status IOHandlerForServer::Init() {
  if (absl::Status status = IOHandler::Init(); !status.ok()) return status;
  listeners_ = shared_.ListenersOf(thread());
  if (listeners_.size() > 64) {
    return absl::InvalidArgumentError("a server has at most 64 listeners");
  }
  back_off_ = kFirstBackOff;
  UpdateAccepting();
  return absl::OkStatus();
}

void IOHandlerForServer::UpdateAccepting() {
  slot().set_accepting(!backing_off_ && !at_capacity_ && !closed_for_good_);
}

void IOHandlerForServer::BeforeWait() {
  if (at_capacity_ && !shared_.AtCapacity()) {
    at_capacity_ = false;
    UpdateAccepting();
  }
  SetListening(ShouldListen());
}

bool IOHandlerForServer::ShouldListen() {
  if (strategy() == AcceptStrategy::kMutex) {
    bool held =
        std::exchange(holding_turn_, shared_.accept_mutex().TryLock(thread()));
    if (held && !holding_turn_) stats().turns_lost.Add();
    if (!held && holding_turn_) stats().turns_won.Add();
    return holding_turn_ && slot().accepting();
  }
  if (!slot().accepting()) return false;
  return strategy() != AcceptStrategy::kGated ||
         shared_.GateOpen(thread(), now());
}

bool IOHandlerForServer::MayDoze() {
  if (OwesTurn()) return false;
  if (at_capacity_) return shared_.AtCapacity();
  if (listening_ || !slot().accepting()) return true;
  if (strategy() == AcceptStrategy::kMutex) {
    return !shared_.accept_mutex().HeldBy(thread());
  }
  return !shared_.GateOpen(thread(), now());
}

bool IOHandlerForServer::OwesTurn() const {
  // It backs off since BeforeWait: AfterEvents passes the turn on.
  return strategy() == AcceptStrategy::kMutex && holding_turn_ &&
         !slot().accepting() &&
         shared_.accept_mutex().Successor(thread(), now()) != thread();
}

void IOHandlerForServer::SetListening(bool on) {
  if (on == listening_) return;
  bool exclusive = strategy() == AcceptStrategy::kGated ||
                   strategy() == AcceptStrategy::kExclusive;
  uint32_t events = EPOLLIN | (exclusive ? uint32_t{EPOLLEXCLUSIVE} : 0);
  for (size_t i = 0; i < listeners_.size(); ++i) {
    int error = sys::EpollCtl(epoll(), on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL,
                              listeners_[i], events, kFirstRoleEvent + i);
    if (on && error != 0) {
      // None or all: one left behind would wake a loop that ignores it.
      while (i-- > 0) {
        (void)sys::EpollCtl(epoll(), EPOLL_CTL_DEL, listeners_[i], 0, 0);
      }
      return Pause(error);
    }
  }
  listening_ = on;
  slot().set_listening(on);
}

void IOHandlerForServer::OnRoleEvent(uint64_t data) {
  ready_listeners_ |= uint64_t{1} << (data - kFirstRoleEvent);
}

void IOHandlerForServer::AfterEvents() {
  uint64_t ready = std::exchange(ready_listeners_, 0);
  // After the drain the listeners' numbers may be somebody else's.
  if (closed_for_good_ || (ready == 0 && slot().accepting())) return;
  if (ready != 0) {
    GrowOrResetBatch();
    for (size_t i = 0; i < listeners_.size(); ++i) {
      if (ready >> i & 1) AcceptBatch(i);
    }
  }
  PassTurnOn();
}

void IOHandlerForServer::PassTurnOn() {
  if (strategy() == AcceptStrategy::kMutex && holding_turn_) {
    int next = shared_.accept_mutex().Successor(thread(), now());
    if (next == thread()) return;
    SetListening(false);
    holding_turn_ = false;
    bool mine = shared_.accept_mutex().HandOver(thread(), next);
    (mine ? stats().turns_handed_over : stats().turns_lost).Add();
  } else if (strategy() == AcceptStrategy::kGated && listening_ &&
             !shared_.GateOpen(thread(), now())) {
    SetListening(false);
    shared_.WakeLightest(thread(), now());
  }
}

void IOHandlerForServer::GrowOrResetBatch() {
  // The call that finds the queue empty is wasted when connections come one at
  // a time, so a batch is one connection until the listener is ready in two
  // iterations on end.
  uint64_t iteration = stats().iterations.value();
  bool busy = iteration == last_batch_iteration_ + 1;
  last_batch_iteration_ = iteration;
  batch_ = busy ? std::min(batch_ * 2, shared_.options().accept_batch) : 1;
}

void IOHandlerForServer::AcceptBatch(size_t listener) {
  for (int i = 0; i < batch_; ++i) {
    if (!AcceptOne(listener)) return;
    if (batch_ > 1 && !draining() && !MayKeepAccepting()) return;
  }
}

bool IOHandlerForServer::MayKeepAccepting() {
  // Within a batch too, or its size would add to the margin.
  switch (strategy()) {
    case AcceptStrategy::kMutex:
      return shared_.accept_mutex().Successor(thread(), now()) == thread();
    case AcceptStrategy::kGated:
      return shared_.GateOpen(thread(), now());
    default:
      return true;
  }
}

int IOHandlerForServer::AdoptAccepted(UniqueFd fd, size_t listener) {
  std::unique_ptr<Transport> transport;
  try {
    transport = NewTransport(listener);
  } catch (...) {
    return ENOMEM;
  }
  return Adopt(std::move(fd), std::move(transport));
}

bool IOHandlerForServer::AcceptOne(size_t listener) {
  if (shared_.AtCapacity()) {
    at_capacity_ = true;
    UpdateAccepting();
    KLOG_EVERY_SECOND(WARNING) << "at the limit of " << shared_.connections()
                               << " connections: more wait in the backlog";
    return false;
  }
  SysResult<UniqueFd> fd = sys::Accept(listeners_[listener]);
  int error = fd.ok() ? AdoptAccepted(std::move(fd.value), listener) : fd.error;
  if (error == 0) {
    stats().accepts.Add();
    back_off_ = kFirstBackOff;
    return true;
  }
  switch (ClassifyAcceptError(error)) {
    case AcceptOutcome::kNothing:
      batch_ = 1;
      return false;
    case AcceptOutcome::kSkip:
      return true;
    case AcceptOutcome::kPause:
      Pause(error);
      return false;
  }
  return false;
}

void IOHandlerForServer::Pause(int error) {
  if (backing_off_) return;
  backing_off_ = true;
  UpdateAccepting();
  stats().accept_pauses.Add();
  KLOG_EVERY_SECOND(ERROR) << "accept: " << std::strerror(error)
                           << ": pausing for "
                           << absl::FormatDuration(back_off_);
  auto go_on = [this] {
    backing_off_ = false;
    UpdateAccepting();
  };
  try {
    RunAfter(back_off_, go_on);
  } catch (const std::bad_alloc&) {
    go_on();  // Not even for a timer: the next round tries again.
  }
  back_off_ = std::min(2 * back_off_, kMaxBackOff);
  // The gates of those that sleep may have been closed because of this one.
  if (strategy() == AcceptStrategy::kGated) {
    shared_.WakeLightest(thread(), now());
  }
  if (error == EMFILE || error == ENFILE) {
    GuardLoop([this] { OnOutOfDescriptors(); });
  }
}

void IOHandlerForServer::BeginDrain() {
  for (size_t i = 0; i < listeners_.size(); ++i) {
    batch_ = kMaxLastAccepts;
    if (!backing_off_) AcceptBatch(i);
  }
  closed_for_good_ = true;
  UpdateAccepting();
  SetListening(false);
  shared_.accept_mutex().Release(thread());
  shared_.LeaveListeners(thread());
}

}  // namespace kingpin
