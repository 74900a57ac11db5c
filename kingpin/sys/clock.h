// Clock: monotonic time, real or owned by a test.
//
// Timers, deadlines and back-off run on this and never on the wall clock, which
// jumps. Wall time (absl::Now) is for log lines and HTTP dates only.
//
// Threads: Now() and Advance() are safe from any thread.
// Lifetime: Clock::Real() lives for ever; a manual clock outlives what uses it.
//
//   Clock clock = Clock::Manual();
//   MonotonicTime start = clock.Now();
//   clock.Advance(absl::Seconds(30));
//   assert(clock.Now() - start == absl::Seconds(30));
#ifndef KINGPIN_SYS_CLOCK_H_
#define KINGPIN_SYS_CLOCK_H_

#include <time.h>

#include <atomic>
#include <compare>
#include <cstdint>

#include "absl/time/time.h"

namespace kingpin {

// A point on CLOCK_MONOTONIC. A type of its own so that wall time cannot be
// mixed in by accident.
struct MonotonicTime {
  int64_t nanos = 0;

  friend auto operator<=>(MonotonicTime, MonotonicTime) = default;
  friend MonotonicTime operator+(MonotonicTime t, absl::Duration d) {
    // ToInt64Nanoseconds saturates, so an infinite duration stays in the
    // future.
    int64_t delta = absl::ToInt64Nanoseconds(d);
    int64_t sum;
    if (__builtin_add_overflow(t.nanos, delta, &sum)) {
      sum = delta > 0 ? INT64_MAX : INT64_MIN;
    }
    return {sum};
  }
  friend absl::Duration operator-(MonotonicTime a, MonotonicTime b) {
    return absl::Nanoseconds(a.nanos) - absl::Nanoseconds(b.nanos);
  }
};

class Clock {
 public:
  static const Clock& Real() {
    static const Clock real(/*manual_nanos=*/-1);
    return real;
  }
  // Starts at one second and stands still until Advance().
  static Clock Manual() { return Clock(/*manual_nanos=*/1'000'000'000); }

  MonotonicTime Now() const {
    int64_t manual = manual_nanos_.load(std::memory_order_acquire);
    if (manual >= 0) return {manual};
    timespec ts;
    // Cannot fail: CLOCK_MONOTONIC exists on every Linux (clock_gettime(2)).
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return {ts.tv_sec * 1'000'000'000 + ts.tv_nsec};
  }

  // Manual clocks only; saturates. A loop asleep in epoll_wait does not feel
  // it: wake it.
  void Advance(absl::Duration d) {
    int64_t old = manual_nanos_.load(std::memory_order_relaxed);
    while (!manual_nanos_.compare_exchange_weak(
        old, (MonotonicTime{old} + d).nanos, std::memory_order_acq_rel)) {
    }
  }

 private:
  explicit constexpr Clock(int64_t manual_nanos)
      : manual_nanos_(manual_nanos) {}

  std::atomic<int64_t> manual_nanos_;  // Negative: the kernel's clock.
};

}  // namespace kingpin

#endif  // KINGPIN_SYS_CLOCK_H_
