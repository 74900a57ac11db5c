#include "kingpin/net/io_handler.h"

#include <errno.h>

#include <algorithm>
#include <exception>
#include <limits>
#include <new>
#include <utility>

#include "absl/base/optimization.h"
#include "absl/cleanup/cleanup.h"
#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "kingpin/logger/klog.h"
#include "kingpin/sys/syscalls.h"

namespace kingpin {
namespace {

// Where all connections of the loop read to. As much as a TCP receive buffer
// holds by default, so that one call usually empties it.
constexpr size_t kScratchBytes = 64 << 10;
// Room to read to behind input that is held.
constexpr size_t kMinRoom = 4 << 10;
// Events a wait may return: bounds a batch, and so how long accepting, timers
// and posted tasks wait for it.
constexpr size_t kMaxEvents = 256;
// What one connection may send before the others of the loop have their turn.
constexpr uint64_t kFlushBudget = 512 << 10;
// Files at the low edge of the output.
constexpr size_t kLowFiles = 16;
// How often OnWriteComplete may write on before the same.
constexpr int kFlushRounds = 4;

// Epoll data: a ConnectionId, with thread numbers that no loop has for the rest.
constexpr uint64_t kBell = 0;  // Generation 0: nobody's.

constexpr uint64_t kNanosPerTick = 1'000'000;

thread_local IOHandler* current_handler = nullptr;

uint64_t SaturatingAdd(uint64_t a, uint64_t b) {
  uint64_t sum;
  return __builtin_add_overflow(a, b, &sum) ? TimerNode::kNever : sum;
}

// Rounded up: a timer may be late, never early.
uint64_t TicksOf(absl::Duration d) {
  if (d == absl::InfiniteDuration()) return TimerNode::kNever;
  if (d <= absl::ZeroDuration()) return 0;
  return absl::ToInt64Milliseconds(d + absl::Milliseconds(1) -
                                   absl::Nanoseconds(1));
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
  while (!draining() || connections_.size() > 0) {
    RunOnce(absl::InfiniteDuration());
  }
  DropEverything();
}

// --- Callbacks that throw ------------------------------------------------------

template <typename Function>
void IOHandler::Guard(Connection& connection, Function function) {
  Connection* outer = std::exchange(current_, &connection);
  absl::Cleanup restore = [this, outer] { current_ = outer; };
  try {
    function();
    return;
  } catch (const std::exception& e) {
    KLOG_EVERY_SECOND(ERROR) << "connection " << absl::StrCat(connection.id())
                             << ": a handler threw: " << e.what();
  } catch (...) {
    KLOG_EVERY_SECOND(ERROR) << "connection " << absl::StrCat(connection.id())
                             << ": a handler threw";
  }
  stats().handler_exceptions.Add();
  connection.input_.TakeAll();
  connection.input_.Keep();  // Lets go of the scratch block.
  connection.Finish(CloseReason::kException);
}

template <typename Function>
void IOHandler::GuardLoop(Function function) {
  try {
    function();
    return;
  } catch (const std::exception& e) {
    KLOG_EVERY_SECOND(ERROR)
        << "loop " << thread_ << ": a callback threw: " << e.what();
  } catch (...) {
    KLOG_EVERY_SECOND(ERROR) << "loop " << thread_ << ": a callback threw";
  }
  stats().handler_exceptions.Add();
}

// --- One iteration -----------------------------------------------------------

void IOHandler::RunOnce(absl::Duration max_wait) {
  current_handler = this;
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
  if (!dirty_.empty() || !ready_.empty() || !retired_.empty()) return 0;
  uint64_t tick = timers_.NextTick();
  if (max_wait != absl::InfiniteDuration()) {
    tick = std::min(
        tick, SaturatingAdd(TickOf(shared_.clock().Now()), TicksOf(max_wait)));
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
  // By index: a callback that adopts a socket may have the list grow.
  for (size_t i = 0; i < delivering_.size(); ++i) {
    Connection* connection = delivering_[i];
    connection->in_ready_list_ = false;
    if (connection->closing() || connection->paused_) continue;
    Guard(*connection, [&] {
      if (!connection->input_.empty()) DeliverMessage(*connection);
      Settle(*connection);
    });
  }
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
    Guard(connection, [&] { OnClose(connection, connection.reason_); });
    connection.output_.Clear(segment_pool_);
    if (connection.in_dirty_list_) std::erase(dirty_, &connection);
    if (connection.in_ready_list_) std::erase(ready_, &connection);
    stats().closes.Add();
    if (connection.reason_ == CloseReason::kInputOverflow ||
        connection.reason_ == CloseReason::kOutputOverflow) {
      stats().overflows.Add();
    }
    connections_.Erase(connection.name_);
    slot_.AddLoad(-1);
    OnConnectionGone();
  }
  retired_.clear();
}

// --- Phases --------------------------------------------------------------------

void IOHandler::FollowPhase() {
  RunPhase phase = shared_.phase();
  if (phase == phase_) return;
  if (std::exchange(phase_, phase) == RunPhase::kRunning) {
    BeginDrain();
    GuardLoop([this] { OnShutdown(); });
    RunAfter(shared_.drain_timeout(),
             [this] { shared_.Shutdown(RunPhase::kStopping); });
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

// --- Connections -----------------------------------------------------------------

Connection* IOHandler::MakeConnection(UniqueFd fd) {
  if (connections_.size() > ConnectionId::kMaxIndex) return nullptr;
  try {
    MakeRoomInLists();
    return connections_.Emplace(this, std::move(fd)).second;
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void IOHandler::MakeRoomInLists() {
  size_t needed = connections_.size() + 1;
  for (std::vector<Connection*>* list :
       {&dirty_, &ready_, &retired_, &settling_, &delivering_}) {
    if (list->capacity() < needed) list->reserve(2 * needed);
  }
}

int IOHandler::Adopt(UniqueFd fd) {
  int number = fd.get();
  Connection* connection = MakeConnection(std::move(fd));
  if (connection == nullptr) return ENOMEM;
  connection->registered_events_ = EPOLLIN;
  int error = sys::EpollCtl(epoll_.get(), EPOLL_CTL_ADD, number, EPOLLIN,
                            connection->id().bits());
  if (error != 0) {
    connections_.Erase(connection->name_);
    return error;
  }
  slot_.AddLoad(1);
  // In somebody's callback the scratch block is taken, to which settling while
  // draining may read.
  const bool nested = current_ != nullptr;
  Guard(*connection, [&] {
    OnConnect(*connection);
    if (!nested) Settle(*connection);
  });
  if (nested) MarkDirty(*connection);
  return 0;
}

Connection* IOHandler::Find(ConnectionId id) {
  if (id.thread() != thread_) return nullptr;
  Connection* connection = connections_.Find(id.name());
  return connection == nullptr || connection->closed_ ? nullptr : connection;
}

void IOHandler::RunWith(ConnectionId id,
                        absl::FunctionRef<void(Connection&)> function) {
  Connection* connection = Find(id);
  if (connection == nullptr) return stats().stale_ids.Add();
  Guard(*connection, [&] {
    function(*connection);
    // Not settled here: what the posts of a batch write leaves together.
  });
  MarkDirty(*connection);
}

void IOHandler::ForEachConnection(
    absl::FunctionRef<void(Connection&)> function) {
  connections_.ForEach([&](SlotName, Connection& connection) {
    if (!connection.closed_) function(connection);
  });
}

void IOHandler::AddDirty(Connection& connection) {
  if (connection.in_dirty_list_ || connection.closed_) return;
  connection.in_dirty_list_ = true;
  dirty_.push_back(&connection);
}

void IOHandler::MarkReady(Connection& connection) {
  if (connection.in_ready_list_ || connection.closed_) return;
  connection.in_ready_list_ = true;
  ready_.push_back(&connection);
}

void IOHandler::Retire(Connection& connection) {
  timers_.Cancel(connection);
  retired_.push_back(&connection);
}

void IOHandler::CountSent(Connection& connection, uint64_t bytes) {
  stats().bytes_written.Add(bytes);
  connection.sent_bytes_ = true;
  connection.moved_bytes_ = true;
  connection.fresh_ = false;
}

void IOHandler::HandleEvents(Connection& connection, uint32_t events) {
  Guard(connection, [&] {
    if (events & EPOLLOUT) connection.blocked_ = false;
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
      if (connection.lingering_) {
        DiscardInput(connection);
      } else if (connection.in_ready_list_) {
        // What it holds already waits for its turn in this round: reading on
        // would let a peer that floods pile up more than the handler takes.
      } else if (connection.wants_input()) {
        ReadInput(connection);  // Also finds the error, behind the last bytes.
      } else if (events & (EPOLLHUP | EPOLLERR)) {
        // Cannot be masked: whoever leaves it in the epoll spins.
        int error = sys::TakeSocketError(connection.fd());
        connection.Finish(error == 0 ? CloseReason::kPeer : CloseReason::kError,
                          error);
      }
    }
    Settle(connection);
  });
}

void IOHandler::ReadInput(Connection& connection) {
  absl::Span<char> room = connection.input_.PrepareRead(
      absl::MakeSpan(scratch_.get(), kScratchBytes), kMinRoom);
  SysResult<size_t> got = sys::Recv(connection.fd(), room.data(), room.size());
  if (got.ok() && got.value > 0) {
    connection.input_.CommitRead(got.value);
    connection.moved_bytes_ = true;
    connection.fresh_ = false;
    stats().bytes_read.Add(got.value);
    return DeliverMessage(connection);
  }
  connection.input_.Keep();
  if (got.ok()) return EndInput(connection);
  if (got.error != EAGAIN) connection.Finish(CloseReason::kError, got.error);
}

void IOHandler::DeliverMessage(Connection& connection) {
  OnMessage(connection);
  connection.input_.Keep();
  if (ABSL_PREDICT_TRUE(connection.input_.empty())) return;
  // A handler that stopped for other reasons than lack of input is no proof of
  // a message that is too large.
  if (connection.input_full() && connection.wants_input() &&
      !connection.in_ready_list_) {
    connection.Finish(CloseReason::kInputOverflow);
  }
}

void IOHandler::EndInput(Connection& connection) {
  connection.input_ended_ = true;
  OnInputEnd(connection);
  if (connection.closing_ && connection.reason_ == CloseReason::kLocal) {
    connection.reason_ = CloseReason::kPeer;
  }
}

void IOHandler::DiscardInput(Connection& connection) {
  SysResult<size_t> got =
      sys::Recv(connection.fd(), scratch_.get(), kScratchBytes);
  if (got.ok() ? got.value == 0 : got.error != EAGAIN) {
    connection.Finish(CloseReason::kLocal);
  }
}

void IOHandler::Settle(Connection& connection) {
  if (!connection.drained() || connection.wrote_) FlushRounds(connection);
  if (ABSL_PREDICT_FALSE(phase_ == RunPhase::kDraining)) {
    CloseIfIdle(connection);
    FlushRounds(connection);
    // It read a request and has answered it: no event may bring it back here.
    if (!connection.closing() && connection.idle() &&
        !connection.expects_first_request()) {
      MarkReady(connection);
    }
  }
  if (connection.closing_ && !connection.closed_ && connection.drained()) {
    ContinueClosing(connection);
  }
  if (connection.closed_) return;
  // The ordinary message leaves the connection waiting for the next one.
  if (!connection.waits_for_input_only() ||
      connection.registered_events_ != EPOLLIN) {
    UpdateInterest(connection);
    if (connection.closed_) return;  // A timer armed now would outlive it.
  }
  UpdateTimeout(connection);
}

void IOHandler::FlushRounds(Connection& connection) {
  for (int round = 0; round < kFlushRounds; ++round) {
    if (connection.closed_ || connection.blocked_) return;
    if (connection.drained() && !connection.wrote_) return;
    Flush(connection);
    NotifyEdges(connection);
  }
  // It could go on, but others want their turn: epoll brings it back.
  if (!connection.drained() || connection.wrote_) connection.blocked_ = true;
}

void IOHandler::Flush(Connection& connection) {
  if (connection.drained()) return;
  OutputQueue::FlushResult result =
      connection.output_.Flush(connection.fd(), segment_pool_, kFlushBudget);
  if (result.sent > 0) CountSent(connection, result.sent);
  if (result.error == EAGAIN) {
    connection.blocked_ = true;
  } else if (result.error != 0) {
    connection.Finish(CloseReason::kError, result.error);
  } else if (!connection.drained()) {
    connection.blocked_ = true;  // The budget is used up.
  }
}

void IOHandler::NotifyEdges(Connection& connection) {
  if (connection.closed_) return;
  bool was_above = connection.above_high_edge_;
  const OutputQueue& output = connection.output_;
  if (was_above && output.files() <= kLowFiles &&
      output.bytes() <= connection.options().output_low_bytes) {
    connection.above_high_edge_ = false;
  }
  bool fell = was_above && !connection.above_high_edge_;
  if (!fell && !connection.drained()) return;
  if (connection.drained()) connection.wrote_ = false;
  if (connection.closing_) return;
  OnWriteComplete(connection);
  if (fell && connection.wants_input() && !connection.input_.empty() &&
      !connection.in_ready_list_) {
    DeliverMessage(connection);
  }
}

void IOHandler::ContinueClosing(Connection& connection) {
  if (connection.lingering_) return;
  if (!connection.linger_ || connection.input_ended_ ||
      sys::ShutdownWrite(connection.fd()) != 0) {
    return connection.Finish(CloseReason::kLocal);
  }
  connection.lingering_ = true;
  connection.input_.TakeAll();
  connection.input_.Keep();
}

void IOHandler::UpdateInterest(Connection& connection) {
  if (connection.drained() && !connection.wrote_) connection.blocked_ = false;
  uint32_t events = 0;
  if (connection.wants_input() || connection.lingering_) events |= EPOLLIN;
  if (connection.blocked_) events |= EPOLLOUT;
  if (events == connection.registered_events_) return;
  int error = sys::EpollCtl(epoll_.get(), EPOLL_CTL_MOD, connection.fd(),
                            events, connection.id().bits());
  if (error != 0) return connection.Finish(CloseReason::kError, error);
  connection.registered_events_ = events;
}

// --- Time --------------------------------------------------------------------------

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
  } else if (waiting == Connection::Waiting::kLinger) {
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
  return SaturatingAdd(connection.waiting_since_ + 1,
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
      return connection.sent_bytes_ || connection.closed_;
    case Connection::Waiting::kIdle:
    case Connection::Waiting::kInput:
      if (connection.in_ready_list_) return true;
      ++round_;  // No event has announced it.
      if (connection.wants_input()) ReadInput(connection);
      return connection.closing() ||
             connection.waiting() != connection.waiting_ ||
             connection.input_.consumed() != consumed;
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
    timers_.Arm(*timer, SaturatingAdd(TickOf(due), 1));
  }
  return {name};
}

void IOHandler::CancelTimer(TimerId id) {
  TimerTask* timer = timer_tasks_.Find(id.name);
  if (timer == nullptr) return;
  timers_.Cancel(*timer);
  timer_tasks_.Erase(id.name);
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
