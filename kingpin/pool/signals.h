// Signals, kept away from the threads that must not be interrupted by them.
//
// Threads: ShutdownSignals is made and destroyed by main; one at a time.
#ifndef KINGPIN_POOL_SIGNALS_H_
#define KINGPIN_POOL_SIGNALS_H_

#include <signal.h>

#include <utility>

#include "absl/status/statusor.h"
#include "kingpin/sys/unique_fd.h"

namespace kingpin {

// Threads created in its lifetime start with signals blocked, so that the
// kernel delivers the process's signals to a thread that expects them. Not
// those that a fault of the thread raises, nor SIGPROF: crash handlers and
// profilers work. A child that such a thread spawns inherits the mask.
class ScopedBlockAllSignals {
 public:
  ScopedBlockAllSignals();
  ~ScopedBlockAllSignals();
  ScopedBlockAllSignals(const ScopedBlockAllSignals&) = delete;
  ScopedBlockAllSignals& operator=(const ScopedBlockAllSignals&) = delete;

 private:
  sigset_t before_;
};

// While it lives, SIGTERM and SIGINT are counted instead of ending the process;
// then the former dispositions are back. A handler that rings an eventfd,
// rather than signalfd: that needs the signals blocked in every thread of the
// process, and threads that the user or a library made earlier would have them
// open.
//
//   auto signals = ShutdownSignals::Install();
//   int so_far = signals->Wait();  // 1 after the first, ...
class ShutdownSignals {
 public:
  static absl::StatusOr<ShutdownSignals> Install();
  ShutdownSignals(ShutdownSignals&&) = default;
  ~ShutdownSignals();

  // Blocks until something new came; returns how many signals came in all. From
  // the second on the former dispositions are back: a third one ends a process
  // whose handlers do not return.
  int Wait();
  // Makes Wait return, without counting. Safe from any thread.
  void Interrupt();

 private:
  explicit ShutdownSignals(UniqueFd event) : event_(std::move(event)) {}

  void Restore();

  UniqueFd event_;  // Not valid: moved from, nothing to restore.
  struct sigaction before_term_ = {};
  struct sigaction before_int_ = {};
};

}  // namespace kingpin

#endif  // KINGPIN_POOL_SIGNALS_H_
