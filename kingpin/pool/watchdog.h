// Watchdog: one thread that notices loop threads which do not come round.
//
// It ticks only while some loop is active: when all have slept for a while it
// sleeps too, without a timer, and the next loop to wake rings it. At a tick it
// reports a loop that has been in one iteration for longer than `stall_after`,
// while it is stuck and again whenever that time has doubled, with the thread's
// id and what the kernel says it is doing; and calls `on_tick`, from which the
// accept strategies take turns away from stuck threads. It also logs when the
// wall clock has jumped, by which nothing in Kingpin but the stamps of log
// lines and HTTP dates goes: who reads those wants to know.
//
// Threads: Start and Stop from the thread that owns it; NoteActivity from any.
// Lifetime: the slots outlive it; Stop joins the thread.
//
//   watchdog.Start(slots, [](MonotonicTime) {});
//   watchdog.NoteActivity();  // A loop that woke up.
//   watchdog.Stop();
#ifndef KINGPIN_POOL_WATCHDOG_H_
#define KINGPIN_POOL_WATCHDOG_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "kingpin/pool/thread_slot.h"
#include "kingpin/sys/clock.h"

namespace kingpin {

struct WatchdogOptions {
  // Bounds how long the accept turn stays with a stuck thread. 250 ticks a
  // second cost about 0.1 % of a core, and nothing when the server is idle.
  absl::Duration tick = absl::Milliseconds(4);
  // One iteration longer than this is reported. Zero: never.
  absl::Duration stall_after = absl::Seconds(1);
};

class Watchdog {
 public:
  using TickCallback = std::function<void(MonotonicTime now)>;

  // `wall_clock` is safe to call from any thread; tests bring their own.
  Watchdog(WatchdogOptions options, const Clock& clock,
           std::function<absl::Time()> wall_clock = absl::Now)
      : options_(options), clock_(clock), wall_clock_(std::move(wall_clock)) {}
  ~Watchdog() { Stop(); }

  void Start(absl::Span<const std::unique_ptr<ThreadSlot>> slots,
             TickCallback on_tick);
  void Stop() ABSL_LOCKS_EXCLUDED(mu_);

  // A loop woke up. One load, unless the watchdog sleeps. Sequentially
  // consistent, as the loop's "awake" is: else neither might see the other's.
  void NoteActivity() ABSL_LOCKS_EXCLUDED(mu_) {
    if (resting_.load()) EndRest();
  }

  // It sleeps until a loop wakes.
  bool resting() const { return resting_.load(); }
  // Iterations that were reported as stalled so far.
  uint64_t stalls() const { return stalls_.load(std::memory_order_relaxed); }

 private:
  void EndRest() ABSL_LOCKS_EXCLUDED(mu_);
  void Run();
  // One tick's wait, or a rest until a loop wakes. False once stopped.
  bool WaitForTick(bool rest) ABSL_LOCKS_EXCLUDED(mu_);
  bool AnyLoopAwake() const;
  bool AnyLoopMoved();
  void CheckStalls(MonotonicTime now);
  void ReportStall(int index, absl::Duration busy);
  // The wall clock less the kernel's monotonic one.
  absl::Time WallClockOffset() const;
  void CheckWallClock();

  const WatchdogOptions options_;
  const Clock& clock_;
  const std::function<absl::Time()> wall_clock_;
  std::atomic<bool> resting_ = false;
  std::atomic<uint64_t> stalls_ = 0;

  absl::Mutex mu_;
  bool stop_ ABSL_GUARDED_BY(mu_) = false;

  // The watchdog's thread only, once started.
  absl::Span<const std::unique_ptr<ThreadSlot>> slots_;
  TickCallback on_tick_;
  std::vector<absl::Duration> report_at_;  // By thread: the next report.
  std::vector<uint64_t> iterations_;       // By thread: at the last tick.
  absl::Time wall_clock_offset_;           // At the last tick.

  std::thread thread_;
};

}  // namespace kingpin

#endif  // KINGPIN_POOL_WATCHDOG_H_
