#include "kingpin/logger/engine.h"

#include <errno.h>
#include <signal.h>

#include <algorithm>
#include <cinttypes>
#include <exception>
#include <optional>

#include "absl/status/statusor.h"
#include "kingpin/logger/black_box_replay.h"
#include "kingpin/logger/engine_registry.h"
#include "kingpin/logger/journal_line_format.h"
#include "kingpin/logger/json_line_format.h"
#include "kingpin/logger/tell_stderr.h"
#include "kingpin/logger/write_signals_guard.h"
#include "kingpin/sys/futex.h"
#include "kingpin/sys/syscalls.h"

namespace kingpin::log_internal {
namespace {

// A rest is as long as this part of the time without a line before it, within the
// limits of the options: who logs seldom waits no longer than he lets wait.
constexpr int kRestShare = 8;

// After so many rests, of the shortest or of the longest sort, without a line the
// backend sleeps in earnest, and the next line costs its thread the system call that
// wakes it: once in a minute at most with the default intervals.
constexpr int64_t kDozes = 64;
constexpr int64_t kNaps = 600;

int64_t RestNanos(absl::Duration interval) {
  return absl::ToInt64Nanoseconds(std::min(interval, absl::Hours(1)));
}

// A pass that took this much does not rest: there is more.
constexpr size_t kBusyBytes = 16 << 10;

// How long a thread that does not block waits for another one to copy its line to the
// ring that they share: that may be from memory that faults.
constexpr int64_t kSharedRingNanos = 5'000'000;

// When a pass is tried again that there was no memory for, and after how long who waits
// for it, or for the end, waits no longer.
constexpr int64_t kRetryNanos = 1'000'000;
constexpr uint64_t kPatienceNanos = 1'000'000'000;

// Blocks, on this thread, all signals but those of faults of its own: if they are
// blocked when they happen the process ends without its handlers being asked.
void BlockSignals(sigset_t* old) {
  sigset_t set;
  sigfillset(&set);
  for (int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS}) {
    sigdelset(&set, signal);
  }
  pthread_sigmask(SIG_SETMASK, &set, old);
}

// In place of one that could not be made.
class NoSink : public LogSink {
 public:
  SysResult<size_t> Write(const LogBatch&) override { return {0, ENODEV}; }
};

std::vector<std::unique_ptr<LogSink>> MakeSinks(
    const std::vector<LogSinkFactory>& factories) {
  std::vector<std::unique_ptr<LogSink>> sinks;
  for (const LogSinkFactory& make : factories) {
    sinks.push_back(make == nullptr ? nullptr : make());
    if (sinks.back() == nullptr) sinks.back() = std::make_unique<NoSink>();
  }
  return sinks;
}

std::unique_ptr<LineFormat> MakeFormat(LogFormat format,
                                       absl::TimeZone time_zone) {
  switch (format) {
    case LogFormat::kJson:
      return std::make_unique<JsonLineFormat>();
    case LogFormat::kJournal:
      return std::make_unique<JournalLineFormat>();
    case LogFormat::kText:
      break;
  }
  return std::make_unique<TextLineFormat>(time_zone);
}

// A key that no number is: CachedThreadRing() does not find what it leads to.
constexpr uint64_t kSlowKey = uint64_t{1} << 63;

uint64_t NextEngineNumber() {
  static constinit std::atomic<uint64_t> last = 0;
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

// Of an engine that writes no more: lines whose write has not ended, nor that of their
// declaration. Needs no memory, of which there may be none.
void TellUnwritten(const Engine::Counters& counters, const char* cause) {
  uint64_t told = counters.writer.written + counters.writer.in_gaps;
  for (uint64_t lost : counters.writer.lost) told += lost;
  const uint64_t lines = counters.accepted + counters.recovered_drops - told;
  if (lines == 0) return;
  TellStderrFormatted("log: %" PRIu64 " lines may be missing: %s\n", lines,
                      cause);
}

}  // namespace

CachePlace::CachePlace() : index_(EngineRegistry::TakePlace()) {}
CachePlace::~CachePlace() { EngineRegistry::ReturnPlace(index_); }

Engine::Engine(const EngineOptions& options)
    : number_(NextEngineNumber() * kCachedRings + place_.index()),
      generation_(EngineRegistry::generation()),
      cache_key_(options.clock == nullptr && UsesCounter()
                     ? number_
                     : number_ | kSlowKey),
      options_(options),
      sinks_(MakeSinks(options.sinks)),
      writer_(sinks_.front().get(), FormatOf(*sinks_.front())),
      box_(OpenBox()),
      rings_(options.ring_bytes, box_.get()),
      own_raw_slots_(box_ == nullptr ? std::make_unique<RawSlots>() : nullptr),
      raw_slots_(box_ == nullptr ? own_raw_slots_.get() : &box_->raw_slots()),
      collector_(&rings_, raw_slots_, box_.get(), &writer_,
                 options.thread_names,
                 has_clock() ? &options_.clock : nullptr) {
  // Not before: the rest of a line that was cut belongs where its begin is, so what
  // the box held goes to the first sink alone.
  for (size_t i = 1; i < sinks_.size(); ++i) {
    writer_.AddSink(sinks_[i].get(), FormatOf(*sinks_[i]));
  }
  may_sleep_ = sys::EnableProcessBarrier();
  // Blocked before the thread exists, so that it is born that way.
  sigset_t old;
  BlockSignals(&old);
  {
    // The backend does not run before `backend_` is known.
    PlainMutexLock lock(&pass_mu_);
    has_backend_ =
        pthread_create(&backend_, nullptr, &Engine::BackendMain, this) == 0;
  }
  pthread_sigmask(SIG_SETMASK, &old, nullptr);
  // Without one each line is written by the thread that logs it.
  if (!has_backend_) doorbell_.StartExit();
  EngineRegistry::Add(this);
}

Engine::~Engine() {
  EngineRegistry::Remove(this);
  stop_.store(true, std::memory_order_seq_cst);
  doorbell_.Ring();
  if (has_backend_) {
    pthread_join(backend_, nullptr);
  } else {
    Flush();
  }
  if (!told_) TellMissing("they were logged when the process had ended");
}

LineFormat* Engine::FormatOf(const LogSink& sink) {
  LogFormat form = sink.Format().value_or(options_.format);
  if (static_cast<size_t>(form) >= kLogFormats) form = LogFormat::kText;
  std::unique_ptr<LineFormat>& format = formats_[static_cast<size_t>(form)];
  if (format == nullptr) format = MakeFormat(form, options_.time_zone);
  return format.get();
}

std::unique_ptr<BlackBox> Engine::OpenBox() {
  if (options_.black_box.empty()) return nullptr;
  const WriteSignalsGuard guard;
  auto replay = [this](std::string_view file) {
    const BlackBoxReport report =
        ReplayBlackBox(file, ReplayTo::kSameLog, &writer_);
    recovered_ = report.lines;
    recovered_drops_ = report.dropped;
    if (!writer_.HasWrittenAll()) return BlackBox::Replayed::kNotTaken;
    return report.damages == 0 ? BlackBox::Replayed::kAll
                               : BlackBox::Replayed::kDamaged;
  };
  absl::StatusOr<std::unique_ptr<BlackBox>> box =
      BlackBox::Open({.path = options_.black_box,
                      .ring_bytes = Ring::MappedBytes(options_.ring_bytes),
                      // One more to share; SIZE_MAX is too many as well.
                      .rings = std::max(options_.black_box_threads,
                                        options_.black_box_threads + 1)},
                     replay);
  box_status_ = box.status();
  kept_box_ = BlackBox::FindKept(options_.black_box);
  return box.ok() ? *std::move(box) : nullptr;
}

void Engine::Park() {
  told_ = true;
  if (IsInside()) {
    return TellMissing("exit() was called by what writes them");
  }
  // For lines of signal handlers, and what was dropped, nobody has waited.
  Flush();
  PlainMutexLock lock(&pass_mu_);
  parked_.store(true);
  TellMissing("they were logged while the process ended");
}

void Engine::Abandon() {
  parked_.store(true);
  rings_.StopWaiting();
  // Whoever asks from now on sees that it is parked.
  flush_done_.store(flush_asked_.load());
  sys::FutexWake(flush_done_);
}

void Engine::TellMissing(const char* cause) const {
  // A box knows what the first sink misses, and the next process will say so there.
  const bool has_box = box_ != nullptr;
  writer_.TellUndeclared(/*without_first=*/has_box);
  if (has_box) return;
  TellUnwritten(counters(),
                starves_.load() ? "there is no memory to write them" : cause);
}

bool Engine::foreign() const {
  return generation_ != EngineRegistry::generation();
}

bool Engine::IsInside() const {
  return (has_backend_ && pthread_equal(pthread_self(), backend_)) ||
         pass_thread_.load(std::memory_order_relaxed) == &t_rings;
}

// The right to touch the sinks, and who has it.
class ABSL_SCOPED_LOCKABLE Engine::PassLock {
 public:
  explicit PassLock(Engine* engine)
      ABSL_EXCLUSIVE_LOCK_FUNCTION(engine->pass_mu_)
      : engine_(*engine), lock_(&engine->pass_mu_) {
    engine_.pass_thread_.store(&t_rings, std::memory_order_relaxed);
  }
  ~PassLock() ABSL_UNLOCK_FUNCTION() {
    engine_.pass_thread_.store(nullptr, std::memory_order_relaxed);
  }
  PassLock(const PassLock&) = delete;
  PassLock& operator=(const PassLock&) = delete;

 private:
  Engine& engine_;
  PlainMutexLock lock_;
};

// --- The front end, where it is seldom ------------------------------------------

Ring* Engine::AttachThread() {
  CachedRing& cached = t_rings[number_ % kCachedRings];
  if (cached.engine == cache_key_) return cached.ring;
  if (t_thread_id == 0) t_thread_id = static_cast<uint32_t>(sys::ThreadId());
  if (!EngineRegistry::WatchThread()) return nullptr;
  Ring* ring = rings_.Attach(&t_thread_id);
  if (ring != nullptr) cached = {cache_key_, ring};
  return ring;
}

bool Engine::ClaimSlowly(LogLevel level, size_t size, uint64_t* ticks,
                         Claim* claim) {
  claim->ring = AttachThread();
  claim->is_shared = claim->ring == nullptr;
  TurnMutex* const mu = claim->is_shared ? &rings_.shared_mutex() : nullptr;
  const bool blocks = options_.blocks[static_cast<size_t>(level)];
  if (claim->is_shared) {
    if (blocks) {
      mu->Lock();
    } else if (!mu->LockOrGiveUp(kSharedRingNanos)) {
      Drop(level, 1);
      return false;
    }
    claim->ring = &rings_.shared();
  }
  Ring& ring = *claim->ring;
  // The room is theirs who wait for it: of others there may be no end.
  if (!ring.HasWaiters()) claim->at = ring.Reserve(size, level);
  // The backend logs only from a fault hook; it must not wait for itself.
  while (claim->at == nullptr && blocks && !IsInside() && !parked_.load()) {
    AskForRoom();
    ring.WaitForRoom(size, level, mu);
    claim->at = ring.Reserve(size, level);
  }
  // The lines of a ring are in the order of their ticks.
  if (claim->is_shared) *ticks = Now();
  if (claim->at == nullptr) ring.Drop(level, *ticks);
  if (ring.IsHalfFull()) AskForRoom();
  if (claim->at != nullptr) return true;
  if (claim->is_shared) mu->Unlock();
  return false;
}

void Engine::Release(const Claim& claim, size_t size, LogLevel level) {
  claim.ring->Commit(claim.at, size);
  if (claim.is_shared) rings_.shared_mutex().Unlock();
  Notify(level);
}

void Engine::AskForRoom() {
  room_asked_.store(true);
  doorbell_.Ring();
}

// At the end of a log statement, where nobody else saves errno.
void Engine::Wake() {
  const int saved_errno = errno;
  if (doorbell_.Ring()) Flush();
  errno = saved_errno;
}

void Engine::Flush() {
  if (IsInside()) return;
  if (!has_backend_) {
    const WriteSignalsGuard guard;
    Pass(Collector::Extent::kAll);
    return;
  }
  const uint32_t ticket = flush_asked_.fetch_add(1) + 1;
  doorbell_.Ring();
  auto is_served = [ticket](uint32_t done) {
    return static_cast<int32_t>(done - ticket) >= 0;
  };
  for (uint32_t done = flush_done_.load(); !is_served(done);
       done = flush_done_.load()) {
    if (parked_.load()) return;
    sys::FutexWait(flush_done_, done, /*timeout_nanos=*/-1);
  }
}

int Engine::Sync() {
  if (IsInside()) return 0;
  Flush();
  PassLock lock(this);
  int error = 0;
  for (const std::unique_ptr<LogSink>& sink : sinks_) {
    if (const int its = sink->Sync(); error == 0) error = its;
  }
  return error;
}

bool Engine::FlushInSignalHandler(int64_t nanos) {
  if (IsInside() || !has_backend_) return false;
  constexpr int64_t kStepNanos = 10'000'000;
  const uint32_t ticket = flush_asked_.fetch_add(1) + 1;
  doorbell_.Ring();
  for (; nanos > 0; nanos -= kStepNanos) {
    const uint32_t done = flush_done_.load();
    if (static_cast<int32_t>(done - ticket) >= 0) return true;
    sys::FutexWait(flush_done_, done, kStepNanos);
  }
  return false;
}

Engine::Counters Engine::counters() const {
  // Accepted lines last: each that was written or dropped is among them.
  const LineWriter::Counters writer = writer_.counters();
  const auto raw_dropped = raw_slots_->dropped_lines();
  auto dropped = rings_.dropped();
  for (size_t i = 0; i < kLogLevels; ++i) {
    dropped[i] += raw_dropped[i] + writer.lost[i];
  }
  return {.accepted = rings_.accepted() + raw_slots_->accepted() + recovered_,
          .recovered = recovered_,
          .recovered_drops = recovered_drops_,
          .dropped = dropped,
          .depth = rings_.depth(),
          .high_water = collector_.high_water(),
          .writer = writer};
}

// --- The backend -------------------------------------------------------------------

void* Engine::BackendMain(void* engine) {
  pthread_setname_np(pthread_self(), "kingpin-log");
  static_cast<Engine*>(engine)->Run();
  return nullptr;
}

std::optional<size_t> Engine::Pass(Collector::Extent extent) try {
  PassLock lock(this);
  if (parked_.load(std::memory_order_relaxed)) return 0;
  if (ABSL_PREDICT_FALSE(reopen_asked_.load()) &&
      reopen_asked_.exchange(false)) {
    for (const std::unique_ptr<LogSink>& sink : sinks_) sink->Reopen();
  } else if (extent == Collector::Extent::kUpToNow && !collector_.HasWork()) {
    return 0;
  }
  const size_t taken = collector_.Pass(extent);
  starves_.store(false, std::memory_order_relaxed);
  return taken;
} catch (const std::exception&) {
  starves_.store(true, std::memory_order_relaxed);
  return std::nullopt;
}

void Engine::UpdateBox() {
  if (box_ != nullptr) Pass(Collector::Extent::kAll);
}

void Engine::Run() {
  UpdateBox();
  int64_t quiet = 0;
  uint64_t starved_since = 0;  // 0: there is memory.
  for (bool stop = false; !stop;) {
    const uint32_t ticket = flush_asked_.load();
    const bool stops = stop_.load();
    room_asked_.store(false);
    const bool flush = ticket != flush_done_.load();
    const std::optional<size_t> taken = Pass(
        flush || stops ? Collector::Extent::kAll : Collector::Extent::kUpToNow);
    if (ABSL_PREDICT_FALSE(!taken.has_value())) {
      const uint64_t now = MonotonicNanos();
      if (starved_since == 0) starved_since = now;
      if (now - starved_since < kPatienceNanos) {
        doorbell_.Doze(kRetryNanos, [] { return false; });
        continue;
      }
    }
    starved_since = 0;
    stop = stops;
    if (flush) {
      flush_done_.store(ticket);
      sys::FutexWake(flush_done_);
    }
    // A line may be seen before it can be taken. No nap would be one with such a line,
    // so it is dozed for: its thread may be stopped there for long.
    const size_t bytes = taken.value_or(0);
    if (bytes > 0 || collector_.HasWork()) quiet = 0;
    if (bytes < kBusyBytes && !stop) quiet += Rest(quiet);
  }
}

int64_t Engine::Rest(int64_t quiet) {
  const int64_t shortest = RestNanos(options_.poll_interval);
  const int64_t longest = RestNanos(options_.idle_interval);
  auto is_asked = [this] {
    return stop_.load() || reopen_asked_.load() || room_asked_.load() ||
           flush_asked_.load() != flush_done_.load();
  };
  if (shortest <= 0 || is_asked()) return 0;
  const int64_t rest =
      std::max(shortest, std::min(quiet / kRestShare, longest));
  const bool sleeps = quiet >= std::max(kDozes * shortest, kNaps * longest);
  if (!may_sleep_ || (rest == shortest && !sleeps)) {
    doorbell_.Doze(shortest, is_asked);
    return shortest;
  }
  UpdateBox();
  auto has_work = [&] { return is_asked() || collector_.HasWork(); };
  if (!sleeps) {
    doorbell_.Nap(rest, has_work);
    return rest;
  }
  doorbell_.Sleep(has_work);
  return 0;
}

}  // namespace kingpin::log_internal
