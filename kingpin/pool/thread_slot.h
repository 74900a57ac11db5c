// ThreadSlot: the side of a loop thread that other threads may see and touch.
//
// It is the only door into a loop from outside: a mailbox of tasks, a bell
// (eventfd) that is rung only while the loop sleeps, and what others need to
// know to judge the loop: its load, whether it sleeps, since when it works.
//
// Threads: each method says who may call it. "Loop thread" is the one thread
// that runs this slot's loop.
// Lifetime: owned by ThreadSharedData, which outlives the loop threads. Tasks
// that were never run are destroyed when the loop ends, on its thread.
//
// Sleeping without losing a wake-up (Dekker's pattern, all sequentially
// consistent): the loop says "asleep", then looks once more at everything that
// could have changed; a waker changes something, then looks at "asleep". One of
// the two sees the other.
//
//   if (!shared.thread(2).Post([] { Hello(); })) Shed();  // From any thread.
#ifndef KINGPIN_POOL_THREAD_SLOT_H_
#define KINGPIN_POOL_THREAD_SLOT_H_

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "kingpin/pool/loop_stats.h"
#include "kingpin/sys/clock.h"
#include "kingpin/sys/unique_fd.h"

namespace kingpin {

using Task = absl::AnyInvocable<void() &&>;

class alignas(64) ThreadSlot {
 public:
  // Tasks that wait in one mailbox. A poster that outruns the loop by this much
  // is told so instead of growing the queue.
  static constexpr size_t kMaxPosted = 1 << 16;

  explicit ThreadSlot(const Clock& clock) : clock_(clock) {}
  ThreadSlot(const ThreadSlot&) = delete;
  ThreadSlot& operator=(const ThreadSlot&) = delete;

  // Before the loop thread starts: makes the bell.
  absl::Status Open();

  // --- Any thread ------------------------------------------------------------

  // Runs `task` on the loop thread, after tasks posted earlier by the same
  // thread. False, and the task is destroyed, when kMaxPosted wait already or
  // the loop has ended.
  [[nodiscard]] bool Post(Task task) ABSL_LOCKS_EXCLUDED(mu_);
  // Makes the loop go round once. Costs a system call only if it sleeps.
  void Wake();

  // Open connections; what the accept strategies balance.
  int load() const { return load_.load(); }
  // Connections accepted so far: the tie-breaker between equal loads.
  uint64_t accepts() const { return stats_.accepts.value(); }
  bool asleep() const { return asleep_.load(); }
  // Awake in the same iteration for longer than `limit`.
  bool StuckFor(absl::Duration limit, MonotonicTime now) const {
    return BusyFor(now) > limit;
  }
  // How long the present iteration has been running; zero while asleep.
  absl::Duration BusyFor(MonotonicTime now) const;
  // Has the listener in its epoll (or, by the accept mutex, the turn).
  bool listening() const { return listening_.load(); }
  // May be given connections: running, below its bounds, not backing off.
  bool accepting() const { return accepting_.load(); }
  // 0 until the loop thread has started.
  pid_t thread_id() const { return thread_id_.load(std::memory_order_relaxed); }
  const LoopStats& stats() const { return stats_; }

  // --- Loop thread -----------------------------------------------------------

  void BindToThisThread();
  // No task is taken from now on; those that wait are destroyed here.
  void Retire() ABSL_LOCKS_EXCLUDED(mu_);
  // For the loop's epoll, edge-triggered: every ring is an edge, so the count
  // need never be read back.
  int bell() const { return bell_.get(); }
  // Says "asleep". If it returns false there is mail: do not sleep.
  bool PrepareToSleep() ABSL_LOCKS_EXCLUDED(mu_);
  // Says "awake since `now`".
  void WokeUp(MonotonicTime now);
  // Runs what was posted before the call; what the tasks post waits for the
  // next one, so that a task that posts itself cannot hold the loop.
  void RunPosted() ABSL_LOCKS_EXCLUDED(mu_);
  void AddLoad(int n) { load_.fetch_add(n); }
  void set_listening(bool on) { listening_.store(on); }
  void set_accepting(bool on) { accepting_.store(on); }
  LoopStats& stats() { return stats_; }

 private:
  const Clock& clock_;
  UniqueFd bell_;  // Constant after Open().

  std::atomic<bool> asleep_ = false;
  std::atomic<bool> has_mail_ = false;
  std::atomic<bool> listening_ = false;
  std::atomic<bool> accepting_ = false;
  std::atomic<int> load_ = 0;
  std::atomic<int64_t> busy_since_nanos_ = 0;
  std::atomic<pid_t> thread_id_ = 0;

  absl::Mutex mu_;
  std::vector<Task> posted_ ABSL_GUARDED_BY(mu_);
  MonotonicTime first_posted_ ABSL_GUARDED_BY(mu_);
  bool retired_ ABSL_GUARDED_BY(mu_) = false;

  // Loop thread only.
  std::vector<Task> running_;  // Kept for its capacity.
  LoopStats stats_;
};

}  // namespace kingpin

#endif  // KINGPIN_POOL_THREAD_SLOT_H_
