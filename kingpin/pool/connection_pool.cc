#include "kingpin/pool/connection_pool.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/log/check.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "kingpin/logger/klog.h"
#include "kingpin/pool/max_connections.h"

namespace kingpin {
namespace {

constexpr MonotonicTime kNever = {std::numeric_limits<int64_t>::max()};
// What one update fails or closes because its time has come, or the end: the
// lock is held for a bounded time, and callbacks come in between.
constexpr size_t kMaxOverdue = 64;

bool IsUnix(const Target& target) {
  return absl::StartsWith(target.host, "unix:");
}

int Index(TargetPriority priority) { return static_cast<int>(priority); }

}  // namespace

struct ConnectionPool::Host {
  std::string key;
  std::string name;    // As in addresses: "example.org:80".
  int open = 0;        // Sockets, idle ones too.
  int connecting = 0;  // Of them.
  int failures = 0;    // Of connects, since the last success.
  bool backing_off = false;
  MonotonicTime back_off_ends = {};
  ConnectError last_error = ConnectError::kOther;
  // By priority: who goes first, then who has only waited; of both, who is content
  // with an idle connection, then who needs a new one, who may have to wait where
  // the others need not. Each line the oldest first.
  std::array<std::array<WaiterList, 4>, kTargetPriorities> waiting;
  size_t waiters = 0;  // Also of those that `left_` has.
  std::array<bool, kTargetPriorities> in_ring = {};
  std::vector<IdleList::iterator> idle;  // The oldest first.

  WaiterList& LineOf(const PendingTarget& pending) {
    return waiting[Index(pending.target.priority)]
                  [(pending.goes_first ? 0 : 2) +
                   (pending.needs_new_connection ? 1 : 0)];
  }
  bool InAnyRing() const {
    return std::find(in_ring.begin(), in_ring.end(), true) != in_ring.end();
  }
};

ConnectionPool::ConnectionPool(const ConnectionPoolOptions& options,
                               const Clock& clock)
    : options_(options),
      max_connections_(ResolveMaxConnections(options.max_connections)),
      clock_(clock),
      turns_(options.load_margin, options.stuck_after) {}

ConnectionPool::~ConnectionPool() {
  const size_t dropped = Clear().size();
  if (dropped == 0) return;
  KLOG(WARNING)
      << dropped
      << " targets are dropped: the client that they were added to did "
         "not run";
}

absl::Status ConnectionPool::Open(
    absl::Span<const std::unique_ptr<ThreadSlot>> slots) {
  if (options_.max_connections_per_host < 1) {
    return absl::InvalidArgumentError("max_connections_per_host is below 1");
  }
  if (options_.max_connections < 0) {
    return absl::InvalidArgumentError("max_connections is negative");
  }
  if (options_.draw_batch < 1 || options_.load_margin < 1) {
    return absl::InvalidArgumentError("draw_batch or load_margin is below 1");
  }
  if (options_.first_back_off <= absl::ZeroDuration() ||
      options_.max_back_off < options_.first_back_off) {
    return absl::InvalidArgumentError(
        "first_back_off is not positive, or above max_back_off");
  }
  absl::MutexLock lock(&mu_);
  turns_.Open(slots);
  return absl::OkStatus();
}

// --- Targets -------------------------------------------------------------------

absl::Status ConnectionPool::CheckTarget(const Target& target) const {
  if (target.host.empty()) {
    return absl::InvalidArgumentError("a target without a host");
  }
  if (target.port == 0 && !IsUnix(target)) {
    return absl::InvalidArgumentError(
        absl::StrCat("target \"", target.host, "\" has no port"));
  }
  if (target.connect_attempts < 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "target \"", target.host, "\": connect_attempts is below 1"));
  }
  return absl::OkStatus();
}

absl::Status ConnectionPool::CheckRoom() const {
  if (closed_) return absl::FailedPreconditionError("the run is over");
  if (waiting_ >= options_.max_waiting) {
    return absl::ResourceExhaustedError(
        absl::StrCat(waiting_, " targets wait already"));
  }
  return absl::OkStatus();
}

absl::Status ConnectionPool::Add(Target&& target) {
  return Take(std::move(target), /*further=*/false);
}

absl::Status ConnectionPool::AddFurther(Target&& target) {
  return Take(std::move(target), /*further=*/true);
}

absl::Status ConnectionPool::Take(Target&& target, bool further) {
  if (absl::Status status = CheckTarget(target); !status.ok()) return status;
  ThreadSlot* wake;
  {
    absl::MutexLock lock(&mu_);
    if (!further) {
      if (absl::Status status = CheckRoom(); !status.ok()) return status;
    }
    now_ = clock_.Now();
    ever_added_ = true;
    Host* host = FindOrMakeHost(target);
    const MonotonicTime deadline = now_ + target.timeout;
    const int connects = target.connect_attempts;
    const bool needs_new_connection = !target.may_reuse;
    Enqueue(host, {.target = std::move(target),
                   .deadline = deadline,
                   .connects_left = connects,
                   .needs_new_connection = needs_new_connection,
                   .goes_first = further});
    Refresh(host);
    wake = Publish();
  }
  if (wake != nullptr) wake->Wake();
  return absl::OkStatus();
}

ConnectionPool::Host* ConnectionPool::FindOrMakeHost(const Target& target) {
  // NUL is in none of the three.
  std::string key = absl::StrCat(
      IsUnix(target) ? target.host : absl::AsciiStrToLower(target.host),
      absl::string_view("\0", 1), target.port, absl::string_view("\0", 1),
      target.group);
  std::unique_ptr<Host>& host = hosts_[key];
  if (host == nullptr) {
    host = std::make_unique<Host>();
    host->name = IsUnix(target) ? target.host
                                : absl::StrCat(target.host, ":", target.port);
    host->key = std::move(key);
  }
  return host.get();
}

void ConnectionPool::EraseIfUnused(Host* host) {
  if (host->open > 0 || host->backing_off || host->InAnyRing() ||
      host->waiters > 0) {
    return;
  }
  hosts_.erase(host->key);
}

void ConnectionPool::Enqueue(Host* host, PendingTarget pending) {
  WaiterList& line = LineOf(host, pending);
  const MonotonicTime deadline = pending.deadline;
  const int64_t order = ++last_order_;
  WaiterList::iterator waiter =
      line.insert(line.end(), Waiter{std::move(pending), host, order});
  if (deadline != kNever) {
    deadlines_.emplace(std::pair(deadline, order), waiter);
  }
  ++host->waiters;
  ++waiting_;
}

PendingTarget ConnectionPool::Dequeue(WaiterList::iterator waiter) {
  deadlines_.erase({waiter->pending.deadline, waiter->order});
  WaiterList& line = LineOf(waiter->host, waiter->pending);
  PendingTarget pending = std::move(waiter->pending);
  --waiter->host->waiters;
  --waiting_;
  line.erase(waiter);
  return pending;
}

ConnectionPool::WaiterList& ConnectionPool::LineOf(
    Host* host, const PendingTarget& pending) {
  return closed_ ? left_ : host->LineOf(pending);
}

// --- What can be drawn -----------------------------------------------------------

bool ConnectionPool::CanConnect(const Host& host) const {
  if (host.backing_off || (host.failures > 0 && host.connecting > 0)) {
    return false;
  }
  return host.open < options_.max_connections_per_host || !host.idle.empty();
}

ConnectionPool::WaiterList* ConnectionPool::NextLine(Host& host,
                                                     int priority) const {
  const bool can_connect = CanConnect(host);
  const bool can_reuse = can_connect || !host.idle.empty();
  auto& lines = host.waiting[priority];
  for (size_t i = 0; i < lines.size(); i += 2) {
    WaiterList& reusing = lines[i];
    WaiterList& connecting = lines[i + 1];
    const bool reuse = !reusing.empty() && can_reuse;
    const bool connect = !connecting.empty() && can_connect;
    if (reuse && connect) {
      return reusing.front().order < connecting.front().order ? &reusing
                                                              : &connecting;
    }
    if (reuse || connect) return reuse ? &reusing : &connecting;
  }
  return nullptr;
}

void ConnectionPool::Refresh(Host* host) {
  for (int priority = 0; priority < kTargetPriorities; ++priority) {
    if (host->in_ring[priority] || !NextLine(*host, priority)) continue;
    host->in_ring[priority] = true;
    rings_[priority].push_back(host);
  }
}

bool ConnectionPool::RoomInPool() const {
  return open_ < max_connections_ || !idle_.empty();
}

bool ConnectionPool::HasWork() const {
  return RoomInPool() &&
         std::any_of(rings_.begin(), rings_.end(),
                     [](const auto& ring) { return !ring.empty(); });
}

// --- A thread's turn -------------------------------------------------------------

void ConnectionPool::Update(int thread, Turn& turn) {
  ThreadSlot* wake;
  {
    absl::MutexLock lock(&mu_);
    now_ = clock_.Now();
    under_way_ -= std::exchange(turn.being_told, 0);
    TakeNews(thread, turn);
    PassTime(turn);
    FailLeft(turn);
    while (turn.draws.size() < static_cast<size_t>(options_.draw_batch) &&
           !closed_ && RoomInPool() && turns_.MayDraw(thread, now_)) {
      if (!DrawOne(thread, turn)) break;
    }
    turn.update_at = ClaimTime(thread);
    turn.being_told = static_cast<int>(turn.failed.size());
    under_way_ += turn.being_told;
    turn.all_done = options_.end_when_done && ever_added_ && waiting_ == 0 &&
                    under_way_ == 0;
    wake = Publish();
  }
  if (wake != nullptr) wake->Wake();
}

void ConnectionPool::TakeNews(int thread, Turn& turn) {
  // First: the host may have nothing else left.
  for (Returned& returned : turn.returned) {
    returned.pending.goes_first = true;
    Enqueue(returned.host, std::move(returned.pending));
  }
  turn.returned.clear();
  for (GivenBack& given : turn.given_back) TakeBack(thread, given, turn);
  turn.given_back.clear();
  for (const Report& report : turn.reports) TakeReport(thread, report);
  turn.reports.clear();
}

void ConnectionPool::TakeReport(int thread, const Report& report) {
  Host* host = report.host;
  switch (report.event) {
    case Event::kConnected:
      --host->connecting;
      host->failures = 0;
      EndBackOff(host);
      break;
    case Event::kConnectFailed:
      --host->connecting;
      BackOff(host, report.reason);
      break;
    case Event::kConnectEnded:
      --host->connecting;
      break;
    case Event::kClosed:
      turns_.CountEnd(thread);
      --under_way_;
      [[fallthrough]];
    case Event::kExtraClosed:
      --host->open;
      --open_;
      break;
  }
  DCHECK_GE(host->open, static_cast<int>(host->idle.size()));
  Refresh(host);
  EraseIfUnused(host);
}

void ConnectionPool::TakeBack(int thread, GivenBack& given, Turn& turn) {
  Host* host = given.host;
  turns_.CountEnd(thread);
  --under_way_;
  if (closed_ || options_.max_idle_per_host < 1) {
    turn.to_close.push_back({host, std::move(given.socket)});
    return;
  }
  if (static_cast<int>(host->idle.size()) >= options_.max_idle_per_host) {
    turn.to_close.push_back({host, TakeIdle(host->idle.front())});
  }
  idle_.push_back(
      {host, std::move(given.socket), now_ + options_.idle_timeout});
  host->idle.push_back(std::prev(idle_.end()));
  Refresh(host);
}

IdleSocket ConnectionPool::TakeIdle(IdleList::iterator entry) {
  std::erase(entry->host->idle, entry);
  IdleSocket socket = std::move(entry->socket);
  idle_.erase(entry);
  return socket;
}

// --- Backing off -----------------------------------------------------------------

void ConnectionPool::BackOff(Host* host, ConnectError reason) {
  host->last_error = reason;
  // One of several that were under way when the host was found to fail.
  if (host->backing_off) return;
  absl::Duration wait = options_.first_back_off;
  // No host is spared by waiting for a name: it is a pace for who asks on and on.
  if (!IsOfName(reason)) {
    for (int i = 0; i < host->failures && wait < options_.max_back_off; ++i) {
      wait *= 2;
    }
    ++host->failures;
  }
  ++counts_.back_offs;
  wait = std::min(wait, options_.max_back_off);
  wait *= absl::Uniform(random_, 0.5, 1.0);
  host->backing_off = true;
  host->back_off_ends = now_ + wait;
  back_offs_.emplace(host->back_off_ends, host);
}

void ConnectionPool::EndBackOff(Host* host) {
  if (!host->backing_off) return;
  back_offs_.erase({host->back_off_ends, host});
  host->backing_off = false;
}

// --- What time brings --------------------------------------------------------------

void ConnectionPool::PassTime(Turn& turn) {
  while (!back_offs_.empty() && back_offs_.begin()->first <= now_) {
    Host* host = back_offs_.begin()->second;
    EndBackOff(host);
    Refresh(host);
    EraseIfUnused(host);
  }
  FailOverdue(turn);
  size_t count = 0;
  while (!idle_.empty() && (closed_ || idle_.front().expires <= now_) &&
         count++ < kMaxOverdue) {
    Host* host = idle_.front().host;
    turn.to_close.push_back({host, TakeIdle(idle_.begin())});
  }
}

void ConnectionPool::FailOverdue(Turn& turn) {
  while (!deadlines_.empty() && deadlines_.begin()->first.first <= now_ &&
         turn.failed.size() < kMaxOverdue) {
    WaiterList::iterator waiter = deadlines_.begin()->second;
    Host* host = waiter->host;
    ConnectFailure failure = {.reason = ConnectError::kPoolDeadline,
                              .detail = DescribeWait(*host)};
    turn.failed.push_back({Dequeue(waiter), std::move(failure)});
    ++counts_.overdue;
    EraseIfUnused(host);
  }
}

std::string ConnectionPool::DescribeWait(const Host& host) const {
  const bool has_failed = host.failures > 0 || host.backing_off;
  std::string text = absl::StrCat(host.name, ": ");
  if (host.open >= options_.max_connections_per_host) {
    absl::StrAppend(&text, host.open, " of ", options_.max_connections_per_host,
                    " connections in use, which is max_connections_per_host");
  } else if (open_ >= max_connections_) {
    absl::StrAppend(&text, open_, " of ", max_connections_,
                    " connections to all hosts in use, which is "
                    "max_connections");
  } else if (has_failed) {
    absl::StrAppend(&text,
                    host.backing_off ? "backing off" : "one connect at a time");
  } else {
    absl::StrAppend(
        &text,
        "its turn did not come: the loops were busy, or others went first");
  }
  if (has_failed) {
    absl::StrAppend(&text,
                    "; the last connect failed: ", ToString(host.last_error));
  }
  return text;
}

void ConnectionPool::FailLeft(Turn& turn) {
  while (!left_.empty() && turn.failed.size() < kMaxOverdue) {
    Host* host = left_.front().host;
    turn.failed.push_back(
        {Dequeue(left_.begin()), {.reason = ConnectError::kShutdown}});
    EraseIfUnused(host);
  }
}

MonotonicTime ConnectionPool::NextTime() const {
  MonotonicTime next = kNever;
  if (!deadlines_.empty()) next = deadlines_.begin()->first.first;
  if (!back_offs_.empty()) next = std::min(next, back_offs_.begin()->first);
  if (!idle_.empty()) next = std::min(next, idle_.front().expires);
  return next;
}

MonotonicTime ConnectionPool::ClaimTime(int thread) {
  const MonotonicTime next = NextTime();
  // Another thread wakes by then; early, when what it waits for has gone.
  if (timekeeper_ >= 0 && timekeeper_ != thread && claimed_ <= next) {
    return kNever;
  }
  timekeeper_ = next == kNever ? -1 : thread;
  claimed_ = next;
  return next;
}

// --- Drawing -----------------------------------------------------------------------

bool ConnectionPool::DrawOne(int thread, Turn& turn) {
  for (int priority = 0; priority < kTargetPriorities; ++priority) {
    std::deque<Host*>& ring = rings_[priority];
    while (!ring.empty()) {
      Host* host = ring.front();
      ring.pop_front();
      host->in_ring[priority] = false;
      if (WaiterList* line = NextLine(*host, priority)) {
        DrawFrom(host, line->begin(), thread, turn);
        Refresh(host);  // To the end of the ring.
        return true;
      }
      EraseIfUnused(host);
    }
  }
  return false;
}

void ConnectionPool::DrawFrom(Host* host, WaiterList::iterator waiter,
                              int thread, Turn& turn) {
  Draw draw = {.pending = Dequeue(waiter), .host = host};
  if (!host->idle.empty() && !draw.pending.needs_new_connection) {
    // The one used last: the least likely to have been closed by the peer.
    draw.idle = TakeIdle(host->idle.back());
    ++counts_.reused;
  } else {
    MakeRoomFor(host, turn);
    ++host->open;
    ++open_;
    ++host->connecting;
  }
  turn.draws.push_back(std::move(draw));
  turns_.CountDraw(thread);
  ++under_way_;
}

void ConnectionPool::MakeRoomFor(Host* host, Turn& turn) {
  Host* loser = nullptr;
  if (host->open >= options_.max_connections_per_host) {
    loser = host;
    turn.to_close.push_back({nullptr, TakeIdle(host->idle.front())});
  } else if (open_ >= max_connections_) {
    loser = idle_.front().host;
    turn.to_close.push_back({nullptr, TakeIdle(idle_.begin())});
  } else {
    return;
  }
  ++counts_.evicted;
  --loser->open;
  --open_;
  if (loser != host) EraseIfUnused(loser);
}

bool ConnectionPool::AcquireExtra(Host* host) {
  absl::MutexLock lock(&mu_);
  if (closed_ || host->open >= options_.max_connections_per_host ||
      open_ >= max_connections_) {
    return false;
  }
  ++host->open;
  ++open_;
  return true;
}

// --- Whose turn it is ----------------------------------------------------------------

bool ConnectionPool::MayDoze(int thread) {
  const int attention = attention_.load();
  if (attention == 0) return true;
  if ((attention & ~kToDraw) != 0) return false;
  absl::MutexLock lock(&mu_);
  now_ = clock_.Now();
  return !HasWork() || !turns_.MayDraw(thread, now_);
}

ThreadSlot* ConnectionPool::Publish() {
  int attention = 0;
  if (closed_) {
    attention = waiting_ > 0 || !idle_.empty() ? kClosing : 0;
  } else {
    if (HasWork()) attention |= kToDraw;
    if (NextTime() < claimed_) attention |= kTimeToClaim;
  }
  attention_.store(attention);
  return attention == 0 ? nullptr : turns_.Next(now_);
}

void ConnectionPool::Rescue(MonotonicTime now) {
  ThreadSlot* wake = nullptr;
  {
    absl::MutexLock lock(&mu_);
    now_ = now;
    if (!turns_.AnyStuck(now)) return;
    if (timekeeper_ >= 0 && turns_.Stuck(timekeeper_, now)) {
      timekeeper_ = -1;
      claimed_ = kNever;
    }
    wake = Publish();
  }
  if (wake != nullptr) wake->Wake();
}

// --- The end -----------------------------------------------------------------------

void ConnectionPool::EndLines() {
  closed_ = true;
  // Once, and by links alone: to look through the hosts for what is left in each
  // update would be quadratic.
  for (auto& [key, host] : hosts_) {
    for (auto& lines : host->waiting) {
      for (WaiterList& line : lines) left_.splice(left_.end(), line);
    }
  }
  for (int priority = 0; priority < kTargetPriorities; ++priority) {
    for (Host* host : std::exchange(rings_[priority], {})) {
      host->in_ring[priority] = false;
      EraseIfUnused(host);
    }
  }
}

void ConnectionPool::Close() {
  absl::MutexLock lock(&mu_);
  if (!closed_) EndLines();
  (void)Publish();  // Every loop is told of the end, and looks.
}

std::list<ConnectionPool::Waiter> ConnectionPool::Clear() {
  WaiterList waiting;
  // Outside of the lock: what targets hold may call upon the pool when it goes.
  absl::flat_hash_map<std::string, std::unique_ptr<Host>> hosts;
  IdleList idle;
  absl::MutexLock lock(&mu_);
  EndLines();
  waiting.swap(left_);
  hosts.swap(hosts_);
  idle.swap(idle_);
  deadlines_.clear();
  back_offs_.clear();
  waiting_ = 0;
  under_way_ = 0;
  open_ = 0;
  turns_.Clear();
  attention_.store(0);
  return waiting;
}

// --- Numbers -------------------------------------------------------------------------

size_t ConnectionPool::waiting() const {
  absl::MutexLock lock(&mu_);
  return waiting_;
}

int ConnectionPool::open() const {
  absl::MutexLock lock(&mu_);
  return open_;
}

size_t ConnectionPool::idle() const {
  absl::MutexLock lock(&mu_);
  return idle_.size();
}

size_t ConnectionPool::hosts() const {
  absl::MutexLock lock(&mu_);
  return hosts_.size();
}

uint64_t ConnectionPool::draws(int thread) const {
  absl::MutexLock lock(&mu_);
  return turns_.draws(thread);
}

std::string ConnectionPool::DebugString() const {
  absl::MutexLock lock(&mu_);
  return absl::StrCat(
      "pool: waiting=", waiting_, " under_way=", under_way_, " open=", open_,
      "/", max_connections_, " idle=", idle_.size(), " hosts=", hosts_.size(),
      " backing_off=", back_offs_.size(), " reused=", counts_.reused,
      " evicted=", counts_.evicted, " back_offs=", counts_.back_offs,
      " overdue=", counts_.overdue, " draws=", turns_.DebugString());
}

}  // namespace kingpin
