// Burns CPU time in the calling thread: the slow request of the fairness test.
#ifndef BENCHMARKS_PEERS_BURN_H_
#define BENCHMARKS_PEERS_BURN_H_

#include <ctime>

namespace peers {

inline constexpr long kBurnNs = 150'000'000;

inline long ThreadCpuNs() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

// 150 ms on the thread's CPU clock, asked seldom, for it is a system call.
inline void Burn() {
  const long end = ThreadCpuNs() + kBurnNs;
  while (ThreadCpuNs() < end) {
    for (int i = 0; i < 50'000; ++i) asm volatile("");
  }
}

}  // namespace peers

#endif  // BENCHMARKS_PEERS_BURN_H_
