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
// While it is awake the backend may rest: it will look again by itself, soon, and
// only what is urgent rings. From which level on is a word of its own, which lines
// below WARNING do not read: it changes with each rest, and to get it from the
// backend's core would cost more than all the rest of a log statement.
//
//   Doze   a poll interval, as long as lines come: an ERROR rings
//   Nap    longer, when none have come for a while: a WARNING does, too
//
// No lost wake-up: a producer publishes, then reads the word; the backend writes
// kAsleep, then looks at the rings. One of the two must see the other, which takes
// a full barrier on both sides, between the store and the load. The backend, which
// sleeps and naps seldom, pays for both: ProcessBarrier() makes the barrier on every
// thread that runs. Where the kernel has none the backend does neither, it dozes. Of
// a doze the wake-up by a line may be lost, and it ends by itself; not that by who
// has said in a sequentially consistent atomic what he wants, which it looks at.
//
// Threads: MustRing() and Ring() from any thread and in signal handlers, the rest is
// the backend's.
#ifndef KINGPIN_LOGGER_DOORBELL_H_
#define KINGPIN_LOGGER_DOORBELL_H_

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "absl/base/optimization.h"
#include "kingpin/logger/level.h"
#include "kingpin/sys/futex.h"

namespace kingpin::log_internal {

class Doorbell {
 public:
  // --- Producers ---------------------------------------------------------------

  // After something of this level was published: whether Ring() has to be called.
  bool MustRing(LogLevel level) const {
    // The load below must not move in front of the store that published.
    std::atomic_signal_fence(std::memory_order_seq_cst);
    if (ABSL_PREDICT_FALSE(state_.load(std::memory_order_relaxed) != kAwake)) {
      return true;
    }
    return level >= LogLevel::kWarning &&
           static_cast<uint32_t>(level) >=
               rings_from_.load(std::memory_order_relaxed);
  }

  // Wakes the backend from any sleep. True if the caller has to wait for what it
  // published to be written: the process exits.
  bool Ring() {
    if (rings_from_.load() != kNobody &&
        rings_from_.exchange(kNobody) != kNobody) {
      sys::FutexWake(rings_from_);
    }
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

  // Sleeps for `nanos` at most, unless `is_asked()`.
  template <typename IsAsked>
  void Doze(int64_t nanos, IsAsked is_asked) {
    if (state_.load() == kExiting) return WaitForExit(nanos);
    Rest(LogLevel::kError, nanos, is_asked);
  }

  // The same, unless `has_work()`, and no wake-up is lost.
  template <typename HasWork>
  void Nap(int64_t nanos, HasWork has_work) {
    if (state_.load() == kExiting) return WaitForExit(nanos);
    Rest(LogLevel::kWarning, nanos, [&] {
      sys::ProcessBarrier();
      return has_work();
    });
  }

  // Sleeps until somebody rings, unless `has_work()`.
  template <typename HasWork>
  void Sleep(HasWork has_work) {
    if (!Move(kAwake, kAsleep)) return WaitForExit(kExitNanos);
    sys::ProcessBarrier();
    if (!has_work()) sys::FutexWait(state_, kAsleep, /*timeout_nanos=*/-1);
    Move(kAsleep, kAwake);
  }

 private:
  enum State : uint32_t { kAwake, kAsleep, kExiting };
  static constexpr uint32_t kNobody = kLogLevels;  // There is no rest.
  static constexpr int64_t kExitNanos = 1'000'000;

  bool Move(uint32_t from, uint32_t to) {
    return state_.compare_exchange_strong(from, to, std::memory_order_seq_cst);
  }

  template <typename Refuses>
  void Rest(LogLevel rings_from, int64_t nanos, Refuses refuses) {
    const uint32_t word = static_cast<uint32_t>(rings_from);
    rings_from_.store(word);
    if (!refuses()) sys::FutexWait(rings_from_, word, nanos);
    rings_from_.store(kNobody);
  }

  // Short, because kExiting does not change when somebody rings.
  void WaitForExit(int64_t nanos) {
    sys::FutexWait(state_, kExiting, std::min(nanos, kExitNanos));
  }

  std::atomic<uint32_t> state_ = kAwake;
  // So that the two words are in two cache lines, wherever this stands.
  [[maybe_unused]] char apart_[64];
  // The least level that ends the rest.
  std::atomic<uint32_t> rings_from_ = kNobody;
};

}  // namespace kingpin::log_internal

#endif  // KINGPIN_LOGGER_DOORBELL_H_
