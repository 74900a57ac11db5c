// Doorbell: how a producer wakes the backend, at the price of one load of a word
// that hardly ever changes.
//
//   kAwake    the backend looks at the rings by itself: nothing to do
//   kDozing   it will look again within a millisecond: only what is urgent rings
//   kAsleep   whoever publishes a line rings
//   kExiting  the process is in exit(): every line rings and waits to be written
//
//   kAwake <-> kDozing      the backend, around a timed wait
//   kAwake  -> kAsleep      the backend, when nothing has come for a while
//   kAsleep, kDozing -> kAwake   whoever rings
//   any     -> kExiting     once and for good
//
// No lost wake-up: a producer publishes, then reads the word; the backend writes
// kAsleep, then looks at the rings. One of the two must see the other, which takes
// a full barrier on both sides, between the store and the load. The backend, which
// sleeps seldom, pays for both: ProcessBarrier() makes the barrier on every thread
// that runs. Where the kernel has none the backend never sleeps, it dozes.
//
// Threads: Notify() and Ring() from any thread and in signal handlers, the rest is
// the backend's.
#ifndef KINGPIN_LOGGER_DOORBELL_H_
#define KINGPIN_LOGGER_DOORBELL_H_

#include <atomic>
#include <cstdint>

#include "absl/base/optimization.h"
#include "kingpin/sys/futex.h"

namespace kingpin::log_internal {

class Doorbell {
 public:
  enum State : uint32_t { kAwake, kDozing, kAsleep, kExiting };

  // --- Producers ---------------------------------------------------------------

  // After something was published. True if the caller has to wait for it to be
  // written: the process exits.
  bool Notify(bool urgent) {
    // The load below must not move in front of the store that published.
    std::atomic_signal_fence(std::memory_order_seq_cst);
    const uint32_t state = state_.load(std::memory_order_relaxed);
    if (ABSL_PREDICT_TRUE(state <= (urgent ? kAwake : kDozing))) return false;
    Ring();
    return state == kExiting;
  }

  // Wakes the backend from any sleep.
  void Ring() {
    uint32_t state = state_.load(std::memory_order_relaxed);
    if (state == kAwake) return;
    if (state != kExiting && !state_.compare_exchange_strong(
                                 state, kAwake, std::memory_order_acq_rel)) {
      return;  // Somebody else does it, or it woke up by itself.
    }
    sys::FutexWake(state_);
  }

  // From now on every Notify() says that its caller has to wait.
  void StartExit() {
    state_.store(kExiting, std::memory_order_seq_cst);
    sys::FutexWake(state_);
  }

  // --- The backend -------------------------------------------------------------

  // Sleeps for `nanos` at most.
  void Doze(int64_t nanos) {
    if (!Move(kAwake, kDozing)) return WaitForExit(nanos);
    sys::FutexWait(state_, kDozing, nanos);
    Move(kDozing, kAwake);
  }

  // Sleeps until somebody rings, unless `has_work()`; `nanos` at most, if it is
  // not negative.
  template <typename HasWork>
  void Sleep(int64_t nanos, HasWork has_work) {
    if (!Move(kAwake, kAsleep)) return WaitForExit(nanos);
    sys::ProcessBarrier();
    if (!has_work()) sys::FutexWait(state_, kAsleep, nanos);
    Move(kAsleep, kAwake);
  }

 private:
  bool Move(uint32_t from, uint32_t to) {
    return state_.compare_exchange_strong(from, to, std::memory_order_seq_cst);
  }

  // Short, because kExiting does not change when somebody rings.
  void WaitForExit(int64_t nanos) {
    constexpr int64_t kMaxNanos = 1'000'000;
    if (nanos < 0 || nanos > kMaxNanos) nanos = kMaxNanos;
    sys::FutexWait(state_, kExiting, nanos);
  }

  alignas(64) std::atomic<uint32_t> state_ = kAwake;
};

}  // namespace kingpin::log_internal

#endif  // KINGPIN_LOGGER_DOORBELL_H_
