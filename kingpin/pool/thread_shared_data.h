// ThreadSharedData: what the loop threads of one server or client share.
//
// Derive from it (or from ThreadSharedDataForServer/ForClient) to add your own
// shared state; every handler gets the pointer it was started with.
//
// Threads: thread-safe after Open().
// Lifetime: created by main, outlives the EpollTP that runs on it. One run
// only.
//
//   struct Shared : ThreadSharedDataForServer {
//     using ThreadSharedDataForServer::ThreadSharedDataForServer;
//     std::atomic<int> players = 0;
//   };
#ifndef KINGPIN_POOL_THREAD_SHARED_DATA_H_
#define KINGPIN_POOL_THREAD_SHARED_DATA_H_

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "kingpin/pool/connection_options.h"
#include "kingpin/pool/thread_slot.h"
#include "kingpin/pool/watchdog.h"
#include "kingpin/sys/clock.h"

namespace kingpin {

// Where a run stands. It only ever moves forward.
enum class RunPhase {
  kRunning,
  kDraining,  // No new work; busy connections finish, until drain_timeout.
  kStopping,  // What is left is closed at once.
};

struct ThreadSharedDataOptions {
  ConnectionOptions connection;
  // From Shutdown() until the connections that are still busy are cut off.
  absl::Duration drain_timeout = absl::Seconds(10);
  WatchdogOptions watchdog;
  // Outlives the shared data. Tests bring a manual one.
  const Clock* clock = &Clock::Real();
};

class ThreadSharedData {
 public:
  explicit ThreadSharedData(ThreadSharedDataOptions options = {});
  virtual ~ThreadSharedData();
  ThreadSharedData(const ThreadSharedData&) = delete;
  ThreadSharedData& operator=(const ThreadSharedData&) = delete;

  // EpollTP calls it before it starts its threads: makes what `threads` loops
  // need (a server's listeners, for one). After an error nothing is left open,
  // and it may be called again.
  virtual absl::Status Open(int threads);

  int threads() const { return static_cast<int>(slots_.size()); }
  ThreadSlot& thread(int index) { return *slots_[index]; }
  const ThreadSlot& thread(int index) const { return *slots_[index]; }
  absl::Span<const std::unique_ptr<ThreadSlot>> slots() const { return slots_; }
  // Open connections of all threads.
  int connections() const;

  // Moves the run forward to `phase` and tells every loop; going back or
  // standing still does nothing. Not for signal handlers.
  void Shutdown(RunPhase phase = RunPhase::kDraining);
  RunPhase phase() const { return phase_.load(); }

  // Called by the watchdog's thread while the run is active.
  virtual void OnWatchdogTick(MonotonicTime now);
  // Called by EpollTP when no loop thread is left, also after a failed start:
  // closes what Open() opened and the loops have not closed. Signals have their former
  // effect by then.
  virtual void OnRunEnded() {}

  Watchdog& watchdog() { return watchdog_; }
  const Clock& clock() const { return *options_.clock; }
  const ConnectionOptions& connection_options() const {
    return options_.connection;
  }
  absl::Duration drain_timeout() const { return options_.drain_timeout; }

  // One line a thread: its id, load and counters.
  std::string DebugString() const;

 protected:
  void CloseSlots() { slots_.clear(); }

 private:
  absl::Status CheckOptions() const;

  const ThreadSharedDataOptions options_;
  std::vector<std::unique_ptr<ThreadSlot>> slots_;  // Constant after Open().
  std::atomic<RunPhase> phase_ = RunPhase::kRunning;
  Watchdog watchdog_;
};

}  // namespace kingpin

#endif  // KINGPIN_POOL_THREAD_SHARED_DATA_H_
