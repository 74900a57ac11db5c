#include "kingpin/sys/futex.h"

#include <errno.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <climits>

namespace kingpin::sys {

static_assert(sizeof(std::atomic<uint32_t>) == sizeof(uint32_t));

void FutexWait(const std::atomic<uint32_t>& word, uint32_t value,
               int64_t timeout_nanos) {
  const int saved_errno = errno;
  timespec timeout = {.tv_sec = timeout_nanos / 1'000'000'000,
                      .tv_nsec = timeout_nanos % 1'000'000'000};
  // EAGAIN, EINTR and ETIMEDOUT all mean: look again.
  ::syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, value,
            timeout_nanos < 0 ? nullptr : &timeout, nullptr, 0);
  errno = saved_errno;
}

void FutexWake(const std::atomic<uint32_t>& word) {
  const int saved_errno = errno;
  ::syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
  errno = saved_errno;
}

bool EnableProcessBarrier() {
  return ::syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0,
                   0) == 0;
}

void ProcessBarrier() {
  ::syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
}

}  // namespace kingpin::sys
