// TurnMutex: a mutex whose holder may be stuck for long, for those who would rather go
// without: once they have waited for a holder in vain, they wait for that one no more.
//
// Threads: thread-safe.
//
//   if (!mu.LockOrGiveUp(nanos)) return DropLine();
//   ...
//   mu.Unlock();
#ifndef KINGPIN_LOGGER_TURN_MUTEX_H_
#define KINGPIN_LOGGER_TURN_MUTEX_H_

#include <atomic>
#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "kingpin/logger/plain_mutex.h"

namespace kingpin::log_internal {

class ABSL_LOCKABLE TurnMutex {
 public:
  constexpr TurnMutex() = default;
  TurnMutex(const TurnMutex&) = delete;
  TurnMutex& operator=(const TurnMutex&) = delete;

  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    mu_.Lock();
    turn_.fetch_add(1);
  }
  // For at most `nanos`; for no time if somebody has waited for this holder in vain.
  // False: it was somebody else's all the while.
  bool LockOrGiveUp(int64_t nanos)
      ABSL_EXCLUSIVE_TRYLOCK_FUNCTION(true) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    const uint64_t turn = turn_.load();
    if (mu_.LockFor(stuck_turn_.load() == turn ? 0 : nanos)) {
      turn_.fetch_add(1);
      return true;
    }
    stuck_turn_.store(turn);
    return false;
  }
  void Unlock() ABSL_UNLOCK_FUNCTION() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    turn_.fetch_add(1);
    mu_.Unlock();
  }

 private:
  PlainMutex mu_;
  // Odd while it is held; a number of its own for each holder, and for each time between
  // two, in which hardly anybody is stuck.
  std::atomic<uint64_t> turn_ = 0;
  std::atomic<uint64_t> stuck_turn_ = UINT64_MAX;
};

}  // namespace kingpin::log_internal

#endif  // KINGPIN_LOGGER_TURN_MUTEX_H_
