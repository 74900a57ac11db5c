// Doorbell: how a producer wakes the backend, at the price of one load of a word
// that hardly ever changes.
//
//   kAwake    the backend looks at the rings by itself: nothing to do
//   kAsleep   whoever publishes a line rings
//   kExiting  the process is in exit(): every line rings and waits to be written
//
//   kAwake -> kAsleep      the backend, when nothing has come for a while
//   kAsleep -> kAwake      whoever rings, or the backend
//   any -> kExiting        once and for good
//
// While it is awake the backend may doze: it will look again within a millisecond,
// and only what is urgent rings. That is a word of its own, which most lines do not
// read: it changes with each doze, and to get it from the backend's core would cost
// more than all the rest of a log statement.
//
// No lost wake-up: a producer publishes, then reads the word; the backend writes
// kAsleep, then looks at the rings. One of the two must see the other, which takes
// a full barrier on both sides, between the store and the load. The backend, which
// sleeps seldom, pays for both: ProcessBarrier() makes the barrier on every thread
// that runs. Where the kernel has none the backend never sleeps, it dozes. Of a doze
// a wake-up may be lost: it ends by itself.
//
// Threads: MustRing() and Ring() from any thread and in signal handlers, the rest is
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
  // --- Producers ---------------------------------------------------------------

  // After something was published: whether Ring() has to be called.
  bool MustRing(bool urgent) const {
    // The load below must not move in front of the store that published.
    std::atomic_signal_fence(std::memory_order_seq_cst);
    if (ABSL_PREDICT_FALSE(state_.load(std::memory_order_relaxed) != kAwake)) {
      return true;
    }
    return urgent && dozes_.load(std::memory_order_relaxed) != 0;
  }

  // Wakes the backend from any sleep. True if the caller has to wait for what it
  // published to be written: the process exits.
  bool Ring() {
    if (dozes_.load() != 0 && dozes_.exchange(0) != 0) sys::FutexWake(dozes_);
    uint32_t state = state_.load(std::memory_order_relaxed);
    if (state == kAwake) return false;
    if (state != kExiting && !state_.compare_exchange_strong(
                                 state, kAwake, std::memory_order_acq_rel)) {
      return state == kExiting;  // Somebody else did, or it woke up by itself.
    }
    sys::FutexWake(state_);
    return state == kExiting;
  }

  // From now on every line rings, and its caller has to wait.
  void StartExit() {
    state_.store(kExiting, std::memory_order_seq_cst);
    sys::FutexWake(state_);
    Ring();
  }

  // --- The backend -------------------------------------------------------------

  // Sleeps for `nanos` at most.
  void Doze(int64_t nanos) {
    if (state_.load() == kExiting) return WaitForExit(nanos);
    dozes_.store(1);
    sys::FutexWait(dozes_, 1, nanos);
    dozes_.store(0);
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
  enum State : uint32_t { kAwake, kAsleep, kExiting };

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
  alignas(64) std::atomic<uint32_t> dozes_ = 0;
};

}  // namespace kingpin::log_internal

#endif  // KINGPIN_LOGGER_DOORBELL_H_
