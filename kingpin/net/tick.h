// Ticks: the unit of a loop's time, milliseconds since the loop began.
//
// Threads: any.
//
//   timers.Arm(node, AddTicks(now_tick, TicksOf(absl::Seconds(30))));
#ifndef KINGPIN_NET_TICK_H_
#define KINGPIN_NET_TICK_H_

#include <cstdint>

#include "absl/time/time.h"
#include "kingpin/net/timer_wheel.h"

namespace kingpin {

inline constexpr uint64_t kNanosPerTick = 1'000'000;

// Never plus anything is never.
inline uint64_t AddTicks(uint64_t a, uint64_t b) {
  uint64_t sum;
  return __builtin_add_overflow(a, b, &sum) ? TimerNode::kNever : sum;
}

// Rounded up: a timer may be late, never early.
inline uint64_t TicksOf(absl::Duration d) {
  if (d == absl::InfiniteDuration()) return TimerNode::kNever;
  if (d <= absl::ZeroDuration()) return 0;
  return absl::ToInt64Milliseconds(d + absl::Milliseconds(1) -
                                   absl::Nanoseconds(1));
}

}  // namespace kingpin

#endif  // KINGPIN_NET_TICK_H_
