// PlainMutex: a mutex that has no state outside of itself, for code that must run in
// a child of fork(). absl::Mutex is none: when it has to wait it asks for state of
// the whole process (the frequency of the processor, an arena), which a thread of
// the parent, that is not there in the child, may have locked at the time.
//
// Threads: thread-safe.
//
//   PlainMutexLock lock(&mu_);
#ifndef KINGPIN_LOGGER_PLAIN_MUTEX_H_
#define KINGPIN_LOGGER_PLAIN_MUTEX_H_

#include <cstdint>
#include <mutex>

#include "absl/base/thread_annotations.h"

namespace kingpin::log_internal {

class ABSL_LOCKABLE PlainMutex {
 public:
  constexpr PlainMutex() = default;
  PlainMutex(const PlainMutex&) = delete;
  PlainMutex& operator=(const PlainMutex&) = delete;

  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() { mu_.lock(); }
  // For at most `nanos`. False: it was somebody else's all the while.
  bool LockFor(int64_t nanos) ABSL_EXCLUSIVE_TRYLOCK_FUNCTION(true);
  void Unlock() ABSL_UNLOCK_FUNCTION() { mu_.unlock(); }

  // The two halves of the critical section around fork(), of which the analysis
  // of locks would see one each.
  void LockForFork() ABSL_NO_THREAD_SAFETY_ANALYSIS { mu_.lock(); }
  void UnlockAfterFork() ABSL_NO_THREAD_SAFETY_ANALYSIS { mu_.unlock(); }

 private:
  std::mutex mu_;
};

class ABSL_SCOPED_LOCKABLE PlainMutexLock {
 public:
  explicit PlainMutexLock(PlainMutex* mu) ABSL_EXCLUSIVE_LOCK_FUNCTION(mu)
      : mu_(*mu) {
    mu_.Lock();
  }
  ~PlainMutexLock() ABSL_UNLOCK_FUNCTION() { mu_.Unlock(); }
  PlainMutexLock(const PlainMutexLock&) = delete;
  PlainMutexLock& operator=(const PlainMutexLock&) = delete;

 private:
  PlainMutex& mu_;
};

}  // namespace kingpin::log_internal

#endif  // KINGPIN_LOGGER_PLAIN_MUTEX_H_
