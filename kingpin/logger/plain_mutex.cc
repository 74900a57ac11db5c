#include "kingpin/logger/plain_mutex.h"

#include <pthread.h>
#include <time.h>

namespace kingpin::log_internal {
namespace {

constexpr int64_t kNanosPerSecond = 1'000'000'000;

timespec In(clockid_t clock, int64_t nanos) {
  timespec at;
  clock_gettime(clock, &at);
  nanos += at.tv_nsec;
  at.tv_sec += nanos / kNanosPerSecond;
  at.tv_nsec = nanos % kNanosPerSecond;
  return at;
}

}  // namespace

bool PlainMutex::LockFor(int64_t nanos) {
  if (mu_.try_lock()) return true;
  if (nanos <= 0) return false;  // The kernel would sleep for its timer slack.
#ifdef __SANITIZE_THREAD__
  // Its runtime does not know the other one.
  const timespec until = In(CLOCK_REALTIME, nanos);
  return pthread_mutex_timedlock(mu_.native_handle(), &until) == 0;
#else
  const timespec until = In(CLOCK_MONOTONIC, nanos);
  return pthread_mutex_clocklock(mu_.native_handle(), CLOCK_MONOTONIC,
                                 &until) == 0;
#endif
}

}  // namespace kingpin::log_internal
