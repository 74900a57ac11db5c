// Sleeping on a word of memory, futex(2), and the barrier that lets the other side
// of such a sleep go without one, membarrier(2).
//
// Threads: safe from any thread; FutexWake() and FutexWait() also in a signal
// handler (errno is left as it was).
//
//   std::atomic<uint32_t> word = 0;
//   while (word.load() == 0) sys::FutexWait(word, 0, -1);   // One thread.
//   word.store(1);                                          // Another.
//   sys::FutexWake(word);
#ifndef KINGPIN_SYS_FUTEX_H_
#define KINGPIN_SYS_FUTEX_H_

#include <atomic>
#include <cstdint>

namespace kingpin::sys {

// Sleeps while `word` is `value`, but not longer than `timeout_nanos` (negative:
// no limit), until FutexWake(); and may return for no reason at all.
void FutexWait(const std::atomic<uint32_t>& word, uint32_t value,
               int64_t timeout_nanos);

// Wakes all that sleep on `word`, in this process.
void FutexWake(const std::atomic<uint32_t>& word);

// Asks for ProcessBarrier() and returns whether it works here. Must have returned
// true in this process; a child of fork() asks anew. One system call.
bool EnableProcessBarrier();

// A full memory barrier on every thread of the process that runs: what the caller
// stored before is visible to each of them after, and what each stored before is
// visible to the caller after. MEMBARRIER_CMD_PRIVATE_EXPEDITED.
void ProcessBarrier();

}  // namespace kingpin::sys

#endif  // KINGPIN_SYS_FUTEX_H_
