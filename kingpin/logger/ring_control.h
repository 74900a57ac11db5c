// RingControl: the first page of a ring, as it lies in memory and in a black box,
// where it says after the death of the process what had become of the ring's bytes:
//
//   head ........ in_flight ........ tail
//     | perhaps written | not written |
//
// Threads: each member says who writes it; any thread may read.
#ifndef KINGPIN_LOGGER_RING_CONTROL_H_
#define KINGPIN_LOGGER_RING_CONTROL_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "kingpin/logger/level.h"

namespace kingpin::log_internal {

inline constexpr size_t kRingControlBytes = 4096;

// Stored in black boxes: members stay where they are.
struct RingControl {
  // Written by the producer.
  alignas(64) std::atomic<uint64_t> tail;
  std::atomic<uint64_t> accepted;
  // Written by the producer, seldom.
  alignas(64) std::array<std::atomic<uint64_t>, kLogLevels> dropped;
  std::atomic<uint64_t> first_drop;  // Of those behind the last line.
  std::atomic<uint64_t> last_drop;
  // Written by the backend.
  alignas(64) std::atomic<uint64_t> head;
  std::atomic<uint64_t> in_flight;  // The end of what the sink was given.
  // Written by the backend of a box: the drops that it has declared, and the thread of
  // the last line that the sink was given.
  std::array<std::atomic<uint64_t>, kLogLevels> declared;
  std::atomic<uint64_t> thread;
};
static_assert(sizeof(RingControl) <= kRingControlBytes);
static_assert(offsetof(RingControl, dropped) == 64);
static_assert(offsetof(RingControl, head) == 128);
static_assert(offsetof(RingControl, thread) == 176);
static_assert(std::atomic<uint64_t>::is_always_lock_free);

}  // namespace kingpin::log_internal

#endif  // KINGPIN_LOGGER_RING_CONTROL_H_
