// DrawTurns: which thread of a client draws the next target from the pool.
//
// None that has more than `load_margin` targets under way beyond the lightest,
// nor one that has drawn kLead more than another that is as light: load alone
// would give all short exchanges to the thread that happens to be awake. A thread
// that is stuck in a callback does not count.
//
// Threads: one at a time; the pool's lock sees to that.
// Lifetime: the slots outlive the use of them.
//
//   if (turns.MayDraw(thread, now)) {
//     turns.CountDraw(thread);  // And CountEnd() when the target has ended.
//   } else if (ThreadSlot* next = turns.Next(now)) {
//     next->Wake();
//   }
#ifndef KINGPIN_POOL_DRAW_TURNS_H_
#define KINGPIN_POOL_DRAW_TURNS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "kingpin/pool/thread_slot.h"
#include "kingpin/sys/clock.h"

namespace kingpin {

class DrawTurns {
 public:
  // How far one thread may be ahead of an equally light one, in draws.
  static constexpr int64_t kLead = 32;

  DrawTurns(int load_margin, absl::Duration stuck_after)
      : load_margin_(load_margin), stuck_after_(stuck_after) {}

  void Open(absl::Span<const std::unique_ptr<ThreadSlot>> slots);
  // The run is over: nobody is woken any more, the numbers stay.
  void Clear();

  bool MayDraw(int thread, MonotonicTime now) const;
  // The thread whose turn it is; null if there is none to be woken.
  ThreadSlot* Next(MonotonicTime now) const;
  bool Stuck(int thread, MonotonicTime now) const;
  bool AnyStuck(MonotonicTime now) const;

  void CountDraw(int thread);
  void CountEnd(int thread) { --threads_[thread].load; }

  // Targets that `thread` has drawn so far.
  uint64_t draws(int thread) const;
  // "12/34", of all threads.
  std::string DebugString() const;

 private:
  struct ThreadState {
    int load = 0;
    int64_t turns = 0;  // Draws, lifted when it did not compete for long.
    uint64_t draws = 0;
  };

  int threads() const { return static_cast<int>(threads_.size()); }

  const int load_margin_;
  const absl::Duration stuck_after_;
  absl::Span<const std::unique_ptr<ThreadSlot>> slots_;
  std::vector<ThreadState> threads_;
};

}  // namespace kingpin

#endif  // KINGPIN_POOL_DRAW_TURNS_H_
