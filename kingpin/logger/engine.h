// Engine: what stands behind one Logger in one process: the rings that its threads
// write to, and the backend thread that empties them into the sink.
//
//     thread --> ring --+                          +--> sink
//     thread --> ring --+--> collector --> writer -+
//     thread --> ring --+     (the backend thread)
//
// The front end is inline: the caller's ring from a thread-local cache, a header,
// the arguments, one store that commits, and a look at the doorbell. All that is
// seldom is out of line: the first line of a site or a thread, a full ring, a line
// too long for one, exit() and fork().
//
// Threads: thread-safe.
// Lifetime: outlives every thread that logs to it. An engine that a process has
//   from its parent (fork) is foreign: it has no backend, and its rings are the
//   parent's. Nothing may be done with it but to ask for foreign() and options().
#ifndef KINGPIN_LOGGER_ENGINE_H_
#define KINGPIN_LOGGER_ENGINE_H_

#include <pthread.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/optimization.h"
#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "kingpin/logger/black_box.h"
#include "kingpin/logger/collector.h"
#include "kingpin/logger/doorbell.h"
#include "kingpin/logger/level.h"
#include "kingpin/logger/line_format.h"
#include "kingpin/logger/line_writer.h"
#include "kingpin/logger/log_clock.h"
#include "kingpin/logger/log_context.h"
#include "kingpin/logger/log_format.h"
#include "kingpin/logger/plain_mutex.h"
#include "kingpin/logger/raw_slots.h"
#include "kingpin/logger/record.h"
#include "kingpin/logger/ring_set.h"
#include "kingpin/logger/sink.h"
#include "kingpin/logger/site.h"
#include "kingpin/logger/ticks.h"

namespace kingpin::log_internal {

// --- What a thread knows of the rings it has --------------------------------------

// The rings that this thread used last, by the number of their engine, or by another
// of it: Engine::cache_key_. Each engine has a place here, EngineRegistry::TakePlace(),
// which its number ends in.
struct CachedRing {
  uint64_t engine = 0;
  Ring* ring = nullptr;
};
inline constexpr size_t kCachedRings = 8;
inline constinit thread_local std::array<CachedRing, kCachedRings> t_rings = {};
// The kernel's id of this thread, once it has logged.
inline constinit thread_local uint32_t t_thread_id = 0;

struct EngineOptions {
  std::vector<LogSinkFactory> sinks;
  LogFormat format;
  LogClock clock;            // nullptr: the best there is.
  absl::TimeZone time_zone;  // Of text.
  bool thread_names;
  size_t ring_bytes;
  std::array<bool, kLogLevels> blocks;  // When full, by level; else drops.
  absl::Duration poll_interval;         // Zero: the backend spins.
  absl::Duration idle_interval;         // Zero: it sleeps instead.
  std::string black_box;                // A path; empty: none.
  size_t black_box_threads;
};

// Where a line goes.
struct Claim {
  Ring* ring = nullptr;
  char* at = nullptr;
  bool is_shared = false;  // The ring is; its mutex is held.
};

// A place in t_rings that is an engine's for as long as this lives.
class CachePlace {
 public:
  CachePlace();
  ~CachePlace();
  CachePlace(const CachePlace&) = delete;
  CachePlace& operator=(const CachePlace&) = delete;
  size_t index() const { return index_; }

 private:
  const size_t index_;
};

class Engine {
 public:
  explicit Engine(const EngineOptions& options);
  // Writes what is left. Not for an engine that is foreign.
  ~Engine();

  // Why there is no black box, if there should be one.
  const absl::Status& black_box_status() const { return box_status_; }
  // Where one is that was not read and written whole; empty: none is kept.
  const std::string& kept_black_box() const { return kept_box_; }

  const EngineOptions& options() const { return options_; }
  bool foreign() const;
  // Whether this is the backend's thread, or one that a sink is called on: nothing
  // here can be waited for.
  bool IsInside() const;

  // The ring of the calling thread, if it used that lately; never where ticks are not
  // ReadCounter(), so that a log statement need not ask for that.
  Ring* CachedThreadRing() const {
    const CachedRing& cached = t_rings[number_ % kCachedRings];
    if (ABSL_PREDICT_FALSE(cached.engine != number_)) return nullptr;
    ABSL_ASSUME(cached.ring != nullptr);
    return cached.ring;
  }
  // The same for lines whose ticks are Now().
  Ring* CachedThreadRingOfAnyTicks() const {
    const CachedRing& cached = t_rings[number_ % kCachedRings];
    return cached.engine == cache_key_ ? cached.ring : nullptr;
  }

  // Room for a record of `size` bytes at any price. Where there is none, by the
  // policy for its level, counts the line as dropped and returns false. `ticks` is
  // the time of the line; it is taken anew in a ring that threads share, because
  // the lines of a ring are in the order of their ticks.
  bool ClaimSlowly(LogLevel level, size_t size, uint64_t* ticks,
                   Claim* claim) ABSL_NO_THREAD_SAFETY_ANALYSIS;
  // The record is written to the claim's room.
  void Release(const Claim& claim, size_t size,
               LogLevel level) ABSL_NO_THREAD_SAFETY_ANALYSIS;

  // Counts lines of this process that never came to a ring as dropped.
  void Drop(LogLevel level, uint64_t lines) {
    raw_slots_->Drop(level, lines, Now());
    NotifyOfRaw(level);
  }

  // Something was committed to a ring.
  void Notify(LogLevel level) {
    if (ABSL_PREDICT_FALSE(doorbell_.MustRing(level))) {
      Wake();
    }
  }

  // A line from a signal handler.
  void WriteRaw(LogLevel level, std::string_view file, uint32_t line,
                std::string_view text) {
    raw_slots_->Write(level, file, line, text, Now());
    NotifyOfRaw(level);
  }

  bool has_clock() const { return options_.clock != nullptr; }
  // The ticks of a line of now. Of a foreign engine, too.
  uint64_t Now() const {
    if (ABSL_PREDICT_TRUE(cache_key_ == number_)) return ReadCounter();
    return ABSL_PREDICT_FALSE(has_clock()) ? LogClockTicks(options_.clock)
                                           : ReadTicks();
  }

  // The largest record that ever fits.
  size_t max_record() const { return rings_.max_record(); }

  // Returns when all that this thread committed before was handed to the sink.
  void Flush();
  // And then that its bytes would survive a loss of power. 0 or errno.
  int Sync() ABSL_LOCKS_EXCLUDED(pass_mu_);
  // Flush() in a signal handler, for at most about `nanos`. False: not everything.
  bool FlushInSignalHandler(int64_t nanos);

  // Has the backend reopen the sinks, soon. Async-signal-safe.
  void AskReopen() {
    reopen_asked_.store(true);
    doorbell_.Ring();
  }

  struct Counters {
    uint64_t accepted = 0;
    uint64_t recovered = 0;  // Of these.
    // Not of these: the process before dropped them.
    uint64_t recovered_drops = 0;
    std::array<uint64_t, kLogLevels> dropped = {};
    uint64_t depth = 0;
    uint64_t high_water = 0;
    LineWriter::Counters writer;
  };
  Counters counters() const;

 private:
  friend class EngineRegistry;
  class PassLock;

  // The form of the sink's lines, which is made if need be.
  LineFormat* FormatOf(const LogSink& sink);
  // The black box, if there is to be one, once what the last process left in it has
  // been written; nullptr: none.
  std::unique_ptr<BlackBox> OpenBox();
  // Writes what nobody has waited for; no line is written from then on. Waits for the
  // write that is under way.
  void Park() ABSL_LOCKS_EXCLUDED(pass_mu_);
  // The same when that write cannot be waited for, because this thread is inside of
  // it: a sink, or what interrupted it, has called exit().
  void Abandon();
  // Says on stderr what is missing and no sink has taken the declaration of, and what was
  // not given to any, for this cause. Nothing is written any more.
  void TellMissing(const char* cause) const;

  static void* BackendMain(void* engine);
  void Run();
  // Until there is something to do, or it is time to look, `quiet` nanoseconds after
  // the last line. Returns how long that was at most.
  int64_t Rest(int64_t quiet);
  // Whoever reads the box of a dead process tells the times of its lines by the clock
  // of its last pass. So there is one before the first line, and before a long sleep.
  void UpdateBox();
  // The one place that empties the rings and touches the sinks, and the only one of the
  // backend's that takes memory. Returns the bytes taken; nullopt if there is no memory
  // even to look for lines: it has to be done again.
  std::optional<size_t> Pass(Collector::Extent extent)
      ABSL_LOCKS_EXCLUDED(pass_mu_);

  // Something came to the slots, of which there are few: it waits for no nap.
  void NotifyOfRaw(LogLevel level) {
    if (doorbell_.MustRing(std::max(level, LogLevel::kWarning))) {
      doorbell_.Ring();
    }
  }
  // Has the backend empty the rings.
  void AskForRoom();
  // And waits for the line that was committed, if the process exits.
  void Wake();
  // This thread's ring; nullptr: the shared one.
  Ring* AttachThread();

  // Constant after construction. What a log statement reads is in one cache line with
  // the part of the doorbell that it reads.
  alignas(64) const CachePlace place_;
  const uint64_t number_;      // Of no other engine in the life of the process.
  const uint32_t generation_;  // Of the process that made it.
  // Of its rings in t_rings: the number, if ticks are ReadCounter().
  const uint64_t cache_key_;
  Doorbell doorbell_;

  // Constant, too.
  alignas(64) const EngineOptions options_;
  bool has_backend_ = false;
  bool may_sleep_ = false;
  pthread_t backend_ = {};

  // Under pass_mu_, once the backend runs.
  const std::vector<std::unique_ptr<LogSink>> sinks_;
  std::array<std::unique_ptr<LineFormat>, kLogFormats> formats_;
  LineWriter writer_;

  absl::Status box_status_;
  std::string kept_box_;
  uint64_t recovered_ = 0;
  uint64_t recovered_drops_ = 0;
  const std::unique_ptr<BlackBox> box_;
  RingSet rings_;
  const std::unique_ptr<RawSlots> own_raw_slots_;  // Without a box.
  RawSlots* const raw_slots_;

  Collector collector_;  // Under pass_mu_.
  PlainMutex pass_mu_;
  // The thread that holds it, by the address of its t_rings.
  std::atomic<const void*> pass_thread_ = nullptr;

  std::atomic<bool> stop_ = false;
  std::atomic<bool> reopen_asked_ = false;
  std::atomic<bool> room_asked_ = false;
  std::atomic<bool> parked_ = false;
  std::atomic<bool> starves_ = false;  // There was no memory for the last pass.
  bool told_ = false;  // What is missing, by Park(). Under the registry's pin.
  // Tickets: of the last Flush(), and of the last that is served. They wrap.
  std::atomic<uint32_t> flush_asked_ = 0;
  std::atomic<uint32_t> flush_done_ = 0;

  // The registry's, under its mutex.
  Engine* next_ = nullptr;
  int exit_steps_ = 0;                // How many it has been through.
  std::atomic<uint32_t> pinned_ = 0;  // 1 while it is in one; changes wake.
};

}  // namespace kingpin::log_internal

#endif  // KINGPIN_LOGGER_ENGINE_H_
