#include "kingpin/logger/ticks.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace kingpin::log_internal {
namespace {

constexpr int64_t kNanosPerSecond = 1'000'000'000;
constexpr int64_t kNanosPerMilli = 1'000'000;

// The rate is measured over once to twice this long, or less in a process that is
// younger: the kernel slews its clocks by up to 500 ppm.
constexpr int64_t kBaseNanos = 5 * kNanosPerSecond;

bool HasInvariantTimeStampCounter() {
#if defined(__x86_64__)
  unsigned eax, ebx, ecx, edx;
  // Advanced Power Management, "invariant TSC": bit 8 of EDX.
  if (!__get_cpuid(0x80000007, &eax, &ebx, &ecx, &edx)) return false;
  return (edx >> 8 & 1) != 0;
#else
  return false;
#endif
}

}  // namespace

int64_t UnixNanosNow() {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * kNanosPerSecond + now.tv_nsec;
}

void UseBestTickSource() {
  static constinit std::atomic<bool> done = false;
  if (done.load(std::memory_order_acquire)) return;
  // Two threads may do it at once: they find the same.
  g_use_time_stamp_counter.store(HasInvariantTimeStampCounter(),
                                 std::memory_order_relaxed);
  done.store(true, std::memory_order_release);
}

TickClock::TickClock() : base_(ReadInstant()), next_base_(base_), now_(base_) {}

TickClock::Instant TickClock::ReadInstant() {
  // The tightest of a few readings: this thread may be preempted in any of them.
  Instant best = {};
  uint64_t best_width = UINT64_MAX;
  for (int i = 0; i < 3; ++i) {
    const uint64_t before = ReadTicks();
    const int64_t wall = UnixNanosNow();
    const int64_t monotonic = static_cast<int64_t>(MonotonicNanos());
    const uint64_t width = ReadTicks() - before;
    if (width >= best_width) continue;
    best_width = width;
    best = {before + width / 2, monotonic, wall};
  }
  return best;
}

int64_t TickClock::Sync() {
  const Instant last = now_;
  now_ = ReadInstant();
  if (ABSL_PREDICT_FALSE(now_.ticks < last.ticks)) base_ = next_base_ = now_;
  if (now_.ticks != base_.ticks) {
    rate_ = static_cast<double>(now_.monotonic - base_.monotonic) /
            static_cast<double>(now_.ticks - base_.ticks);
  }
  if (now_.monotonic - next_base_.monotonic > kBaseNanos) {
    base_ = next_base_;
    next_base_ = now_;
  }
  const int64_t step =
      (now_.wall - last.wall) - (now_.monotonic - last.monotonic);
  return step > -kNanosPerMilli && step < kNanosPerMilli ? 0 : step;
}

}  // namespace kingpin::log_internal
