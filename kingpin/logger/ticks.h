// Ticks: the time of a log line at the price of one instruction, and TickClock,
// which tells the backend what wall time it was.
//
// ReadTicks() is the processor's time-stamp counter where the processor says that
// it runs at one rate on all cores and in every power state, and CLOCK_MONOTONIC
// in nanoseconds everywhere else. Lines are ordered by ticks, so a step of the
// wall clock reorders nothing.
//
//   UseBestTickSource();       // Once, before the first line.
//   uint64_t at = ReadTicks();
//   TickClock clock;
//   clock.Sync();              // From time to time.
//   int64_t unix_nanos = clock.ToUnixNanos(at);
//
// Threads: the functions are thread-safe; a TickClock belongs to one thread.
#ifndef KINGPIN_LOGGER_TICKS_H_
#define KINGPIN_LOGGER_TICKS_H_

#include <time.h>

#include <atomic>
#include <cstdint>

#include "absl/base/optimization.h"
#include "absl/time/time.h"
#include "kingpin/logger/log_clock.h"

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace kingpin::log_internal {

inline constinit std::atomic<bool> g_use_time_stamp_counter = false;

void UseBestTickSource();

inline uint64_t MonotonicNanos() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

int64_t UnixNanosNow();

// Whether the ticks are the counter, which ReadCounter() reads.
inline bool UsesCounter() {
  return g_use_time_stamp_counter.load(std::memory_order_relaxed);
}
inline uint64_t ReadCounter() {
#if defined(__x86_64__)
  return __rdtsc();
#else
  return 0;
#endif
}

inline uint64_t ReadTicks() {
  return ABSL_PREDICT_TRUE(UsesCounter()) ? ReadCounter() : MonotonicNanos();
}

// The ticks of a clock of the user's are Unix nanoseconds.
inline uint64_t LogClockTicks(const LogClock& clock) {
  return static_cast<uint64_t>(absl::ToUnixNanos(clock()));
}

class TickClock {
 public:
  TickClock();

  // Reads the wall clock again. Returns by how many nanoseconds it was set since
  // the last time, 0 unless by a millisecond or more; slewing does not count. A counter
  // that began anew (the machine slept, or is another) is measured anew.
  int64_t Sync();

  // Of ticks between the last two calls of Sync() exact to tens of nanoseconds;
  // further off, as exact as the rate of the ticks is known.
  int64_t ToUnixNanos(uint64_t ticks) const {
    const int64_t since = static_cast<int64_t>(ticks - now_.ticks);
    return now_.wall + static_cast<int64_t>(static_cast<double>(since) * rate_);
  }

  // What ToUnixNanos() goes by, for who has to do it elsewhere.
  uint64_t ticks() const { return now_.ticks; }
  int64_t unix_nanos() const { return now_.wall; }
  double nanos_per_tick() const { return rate_; }

 private:
  // The same instant on three clocks.
  struct Instant {
    uint64_t ticks;
    int64_t monotonic;  // Nanoseconds.
    int64_t wall;       // Unix nanoseconds.
  };
  static Instant ReadInstant();

  Instant base_;       // What the rate is measured from,
  Instant next_base_;  // and what it will be measured from.
  Instant now_;
  double rate_ = 1;  // Nanoseconds a tick.
};

}  // namespace kingpin::log_internal

#endif  // KINGPIN_LOGGER_TICKS_H_
