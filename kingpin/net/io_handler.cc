#include "kingpin/net/io_handler.h"

#include <algorithm>
#include <limits>
#include <new>
#include <utility>

#include "absl/base/optimization.h"
#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "kingpin/logger/klog.h"
#include "kingpin/logger/log_context.h"
#include "kingpin/net/tick.h"
#include "kingpin/pool/current_exception.h"
#include "kingpin/sys/syscalls.h"

namespace kingpin {
namespace {

// Events a wait may return: bounds a batch, and so how long accepting, timers
// and posted tasks wait for it.
constexpr size_t kMaxEvents = 256;

// Epoll data: a ConnectionId, with thread numbers that no loop has for the rest.
constexpr uint64_t kBell = 0;  // Generation 0: nobody's.

thread_local IOHandler* current_handler = nullptr;

std::string ErrorSuffix(const std::string& text) {
  return text.empty() ? "" : absl::StrCat(" (", text, ")");
}

}  // namespace

IOHandler::IOHandler(ThreadSharedData* shared, int thread)
    : shared_(*shared),
      connection_options_(shared->connection_options()),
      slot_(shared->thread(thread)),
      thread_(thread),
      start_(shared->clock().Now()),
      loop_thread_(pthread_self()),
      now_(start_),
      events_(kMaxEvents) {}

IOHandler::~IOHandler() {
  DropEverything();
  if (current_handler == this) current_handler = nullptr;
}

void IOHandler::DropEverything() {
  slot_.Retire();
  connections_.ForEach([this](SlotName name, Connection& connection) {
    timers_.Cancel(connection);
    slot_.AddLoad(-1);
    connections_.Erase(name);
  });
  timer_tasks_.ForEach([this](SlotName name, TimerTask& timer) {
    timers_.Cancel(timer);
    timer_tasks_.Erase(name);
  });
  watches_.Clear();
}

absl::Status IOHandler::Init() {
  sys::BlockSigpipe();
  scratch_ = std::make_unique_for_overwrite<char[]>(kScratchBytes);
  SysResult<UniqueFd> epoll = sys::EpollCreate();
  if (!epoll.ok()) return absl::ErrnoToStatus(epoll.error, "epoll_create1");
  epoll_ = std::move(epoll.value);
  int error = sys::EpollCtl(epoll_.get(), EPOLL_CTL_ADD, slot_.bell(),
                            EPOLLIN | EPOLLET, kBell);
  return absl::ErrnoToStatus(error, "epoll_ctl");
}

IOHandler* IOHandler::Current() { return current_handler; }

void IOHandler::Run() {
  while (!draining() || connections_.size() > 0 || !RoleDone()) {
    RunOnce(absl::InfiniteDuration());
  }
  DropRole();
  DropEverything();
}

// --- What is logged in callbacks -----------------------------------------------

LogContext IOHandler::Context() {
  if (current_ == nullptr) return {};
  if (logged_.id != current_->id()) {
    try {
      logged_.connection = absl::StrCat(current_->id());
      logged_.peer = current_->peer().ToString();
      logged_.id = current_->id();
    } catch (const std::bad_alloc&) {
      return {};
    }
  }
  return {.connection = logged_.connection, .peer = logged_.peer};
}

// --- Callbacks that throw ------------------------------------------------------

void IOHandler::CallbackThrew(Connection& connection) {
  KLOG_EVERY_SECOND(ERROR) << "a handler threw" << DescribeCurrentException();
  stats().handler_exceptions.Add();
  connection.input_.TakeAll();
  connection.input_.Keep();  // Lets go of the scratch block.
  connection.Finish(CloseReason::kException);
}

void IOHandler::LoopCallbackThrew() {
  KLOG_EVERY_SECOND(ERROR) << "loop " << thread_ << ": a callback threw"
                           << DescribeCurrentException();
  stats().handler_exceptions.Add();
}

// --- One iteration -----------------------------------------------------------

void IOHandler::RunOnce(absl::Duration max_wait) {
  current_handler = this;
  ScopedLogContext log_context(this);
  BeforeWait();
  size_t count = Wait(max_wait);
  // Before the events: who asks for a turn while they are handled has had one in
  // this round.
  delivering_.swap(ready_);
  for (size_t i = 0; i < count; ++i) {
    // The next connection's lines come while the kernel works for this one.
    if (i + 1 < count) {
      connections_.Prefetch(ConnectionId(events_[i + 1].data.u64).name());
    }
    Dispatch(events_[i]);
  }
  DeliverReady();
  slot_.RunPosted();
  RunTimers();
  // After whatever has been agreed upon: it is the others that must not wait.
  if (ABSL_PREDICT_FALSE(!handshakes_.empty())) ContinueHandshakes();
  FollowPhase();
  GuardLoop([this] { OnEpollLoop(); });
  // Once: what these add waits for the next round, which then does not sleep.
  SettleDirty();
  DestroyRetired();
  AfterEvents();
  watches_.EraseEnded();
  stats().loop_time.Add(shared_.clock().Now() - now_);
}

int IOHandler::WaitTimeoutMs(absl::Duration max_wait) const {
  if (!dirty_.empty() || !ready_.empty() || !retired_.empty() ||
      !handshakes_.empty()) {
    return 0;
  }
  uint64_t tick = timers_.NextTick();
  if (max_wait != absl::InfiniteDuration()) {
    tick = std::min(tick,
                    AddTicks(TickOf(shared_.clock().Now()), TicksOf(max_wait)));
  }
  if (tick == TimerNode::kNever) return -1;
  // The tick now was rounded down, so this is up to one tick too long: rounded
  // the other way, a timer due in less than a millisecond would spin.
  uint64_t now_tick = TickOf(shared_.clock().Now());
  if (tick <= now_tick) return 0;
  return static_cast<int>(
      std::min<uint64_t>(tick - now_tick, std::numeric_limits<int>::max()));
}

size_t IOHandler::Wait(absl::Duration max_wait) {
  int timeout_ms = WaitTimeoutMs(max_wait);
  if (timeout_ms != 0 &&
      (!slot_.PrepareToSleep() || !MayDoze() || shared_.phase() != phase_)) {
    timeout_ms = 0;
  }
  SysResult<size_t> count =
      sys::EpollWait(epoll_.get(), absl::MakeSpan(events_), timeout_ms);
  // EBADF, EFAULT, EINVAL: a broken contract of ours and nothing else.
  CHECK(count.ok()) << "epoll_wait: errno " << count.error;
  now_ = shared_.clock().Now();
  now_tick_ = TickOf(now_);
  slot_.WokeUp(now_);
  shared_.watchdog().NoteActivity();
  ++round_;
  stats().iterations.Add();
  stats().events.Add(count.value);
  return count.value;
}

void IOHandler::Dispatch(const epoll_event& event) {
  ConnectionId id(event.data.u64);
  if (ABSL_PREDICT_TRUE(id.thread() == thread_)) {
    // Nobody: the bell, for which waking was all there is to it, or one that was
    // closed in this batch.
    Connection* connection = connections_.Find(id.name());
    if (connection != nullptr && !connection->closed_) {
      HandleEvents(*connection, event.events);
    }
  } else if (id.bits() >= kFirstRoleEvent) {
    OnRoleEvent(id.bits());
  } else if (id.thread() == WatchList::kThread) {
    GuardLoop([&] { watches_.Dispatch(id.name(), event.events); });
  }
}

void IOHandler::DeliverReady() {
  // As many as a wait may return: events, timers and posted tasks have their
  // turn between those. By index: a callback that adopts a socket may have the
  // list grow.
  const size_t count = std::min(delivering_.size(), kMaxEvents);
  for (size_t i = 0; i < count; ++i) {
    Connection* connection = delivering_[i];
    connection->in_ready_list_ = false;
    const bool read = connection->read_again_;
    connection->read_again_ = false;
    if (connection->closing() || connection->paused_) continue;
    Guard(*connection, [&] {
      if (read) {
        if (connection->wants_input()) ReadInput(*connection);
      } else if (!connection->input_.empty()) {
        DeliverMessage(*connection);
      }
      Settle(*connection);
    });
  }
  // The rest goes before those that have had a turn in this round.
  ready_.insert(ready_.begin(), delivering_.begin() + count, delivering_.end());
  delivering_.clear();
}

void IOHandler::SettleDirty() {
  settling_.swap(dirty_);
  for (size_t i = 0; i < settling_.size(); ++i) {
    Connection* connection = settling_[i];
    connection->in_dirty_list_ = false;
    if (!connection->closed_) Guard(*connection, [&] { Settle(*connection); });
  }
  settling_.clear();
}

void IOHandler::DestroyRetired() {
  for (size_t i = 0; i < retired_.size(); ++i) {
    Connection& connection = *retired_[i];
    connection.reason_ = JudgeClose(connection, connection.reason_);
    Guard(connection, [&] {
      if (ABSL_PREDICT_FALSE(!connection.connected_)) {
        return ReportHandshakeFailure(connection);
      }
      KVLOG(1) << "closed: " << ToString(connection.reason_)
               << ErrorSuffix(connection.error_text());
      OnClose(connection, connection.reason_);
    });
    if (connection.transport_ != nullptr) SayFarewellAtLast(connection);
    connection.output_.Clear(segment_pool_);
    if (connection.in_dirty_list_) std::erase(dirty_, &connection);
    if (connection.in_ready_list_) std::erase(ready_, &connection);
    if (connection.in_handshake_list_) std::erase(handshakes_, &connection);
    stats().closes.Add();
    if (connection.reason_ == CloseReason::kInputOverflow ||
        connection.reason_ == CloseReason::kOutputOverflow) {
      stats().overflows.Add();
    }
    IdleSocket kept;
    if (connection.reason_ == CloseReason::kGivenBack) {
      kept = Detach(connection);
    }
    const ConnectionId id = connection.id();
    connections_.Erase(connection.name_);
    slot_.AddLoad(-1);
    OnConnectionGone(id, std::move(kept));
  }
  retired_.clear();
}

IdleSocket IOHandler::Detach(Connection& connection) {
  // Else this loop would hear of what it does on another thread.
  int error = sys::EpollCtl(epoll_.get(), EPOLL_CTL_DEL, connection.fd(), 0, 0);
  if (error != 0) return {};
  return {.fd = std::move(connection.fd_),
          .companion = std::move(connection.transport_)};
}

// --- Phases --------------------------------------------------------------------

void IOHandler::FollowPhase() {
  RunPhase phase = shared_.phase();
  if (phase == phase_) return;
  if (std::exchange(phase_, phase) == RunPhase::kRunning) {
    BeginDrain();
    GuardLoop([this] { OnShutdown(); });
    try {
      RunAfter(shared_.drain_timeout(),
               [this] { shared_.Shutdown(RunPhase::kStopping); });
    } catch (const std::bad_alloc&) {
      shared_.Shutdown(RunPhase::kStopping);  // Nothing would end the drain.
    }
  }
  StopConnections();
}

void IOHandler::StopConnections() {
  connections_.ForEach([this](SlotName, Connection& connection) {
    if (phase_ == RunPhase::kStopping) {
      connection.Finish(CloseReason::kShutdown);
    } else {
      ForgetTimeout(connection);  // Settle closes it if it is idle.
    }
  });
}

void IOHandler::CloseIfIdle(Connection& connection) {
  if (connection.closing() || !connection.idle()) return;
  // A request that has arrived already still gets its answer.
  if (connection.wants_input()) ReadInput(connection);
  // A peer that has just connected has not had the time to ask: closing now
  // would lose its request. The time-out for idle ones, short while draining,
  // ends the wait.
  if (connection.idle() && !connection.expects_first_request()) {
    connection.BeginClose(CloseReason::kShutdown, /*linger=*/false);
  }
}

// --- Watches -------------------------------------------------------------------------

absl::StatusOr<WatchId> IOHandler::Watch(int fd, uint32_t events,
                                         WatchCallback callback) {
  DCHECK(OnLoopThread());
  return watches_.Add(epoll_.get(), fd, events, std::move(callback));
}

absl::Status IOHandler::ChangeWatch(WatchId id, uint32_t events) {
  return watches_.Change(epoll_.get(), id, events);
}

void IOHandler::EndWatch(WatchId id) { watches_.End(epoll_.get(), id); }

std::string IOHandler::DebugString() const {
  return absl::StrCat("loop ", thread_, ": connections=", connections_.size(),
                      " timers=", timer_tasks_.size(),
                      " watches=", watches_.size(), " dirty=", dirty_.size(),
                      " ready=", ready_.size(), "\n", slot_.stats().ToString());
}

}  // namespace kingpin
