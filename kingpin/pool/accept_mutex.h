// AcceptMutex: whose turn it is to accept, among the loop threads of a server.
//
// nginx's form of the idea keeps the lock through epoll_wait and wakes nobody
// on release, so the last holder wins again and new connections pile up on it.
// Here the threads share memory, and the turn is handed to somebody:
//
//  - The holder keeps the turn while its load stays within `margin` of the
//    lightest thread's and it has accepted fewer than kTurnAccepts connections
//    in this turn; else the turn goes straight to the lightest thread, whose
//    bell is rung if it sleeps.
//  - A holder that is stuck in a handler loses the turn to a sleeping thread,
//    or to one that is not stuck (Rescue, called by the watchdog).
//  - A holder that may not accept, because it backs off or the server is full,
//    gives the turn away; if nobody can have it, the first that can takes it.
//
// So while all threads may accept: open connections differ by at most
// margin + 1 plus what closes meanwhile, totals of short connections by at most
// kTurnAccepts + margin, and a connection waits for a stuck holder no longer
// than two watchdog ticks if any thread sleeps.
//
// It is a turn, not a critical section: two threads that believe they hold it
// for a moment both call accept(2) on a non-blocking socket, and one gets
// EAGAIN. Correctness never depends on it, only balance does.
//
// Threads: thread-safe; `self` is the index of the calling loop thread.
// Lifetime: the slots outlive it.
//
//   if (mutex.TryLock(self)) RegisterListener();
//   WaitAndHandleEvents();
//   AcceptBatch();
//   if (int next = mutex.Successor(self, now); next != self) {
//     UnregisterListener();
//     mutex.HandOver(self, next);
//   }
#ifndef KINGPIN_POOL_ACCEPT_MUTEX_H_
#define KINGPIN_POOL_ACCEPT_MUTEX_H_

#include <atomic>
#include <cstdint>
#include <memory>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "kingpin/pool/thread_slot.h"
#include "kingpin/sys/clock.h"

namespace kingpin {

class AcceptMutex {
 public:
  // Connections a turn, while another thread sleeps. A hand-over costs four
  // system calls and a wake-up; over 16 accepts that is about 1 % of them.
  static constexpr uint64_t kTurnAccepts = 16;

  AcceptMutex(absl::Span<const std::unique_ptr<ThreadSlot>> slots, int margin)
      : slots_(slots), margin_(margin) {}

  // True if `self` holds the turn now, having taken it if nobody that accepts
  // has it. Never blocks.
  bool TryLock(int self);
  bool HeldBy(int self) const { return holder_.load() == self; }

  // The holder asks, after a batch of accepts: who should have the turn next?
  // Itself, unless it is too heavy, has had its share, or may not accept.
  int Successor(int self, MonotonicTime now) const;
  // Gives the turn from `self`, if it still has it, to `next`, and wakes it.
  // False if the watchdog was faster.
  bool HandOver(int self, int next);
  // Gives the turn back to whoever asks first.
  void Release(int self);

  // Watchdog: takes the turn from a holder that has been in one iteration for
  // longer than `limit`, if some other can have it.
  void Rescue(absl::Duration limit, MonotonicTime now);

 private:
  static constexpr int kNobody = -1;

  // The lightest of the threads that accept, other than `self`, and that are
  // asleep or at least not stuck; kNobody if there is none.
  int Lightest(int self, bool asleep_only, MonotonicTime now) const;

  const absl::Span<const std::unique_ptr<ThreadSlot>> slots_;
  const int margin_;
  std::atomic<int> holder_ = kNobody;
  // The holder's total when its turn began. Written by the thread that takes or
  // is given the turn; a stale value costs one early or late hand-over.
  std::atomic<uint64_t> accepts_at_start_ = 0;
};

}  // namespace kingpin

#endif  // KINGPIN_POOL_ACCEPT_MUTEX_H_
