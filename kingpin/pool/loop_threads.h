// LoopThreads: starts, watches and joins the threads of an EpollTP.
//
// Threads: Start, Wait and the destructor from one thread (main).
// Lifetime: the shared data outlives it. The destructor stops the run and
// joins.
#ifndef KINGPIN_POOL_LOOP_THREADS_H_
#define KINGPIN_POOL_LOOP_THREADS_H_

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "kingpin/pool/signals.h"
#include "kingpin/pool/thread_shared_data.h"

namespace kingpin {

struct EpollTPOptions {
  int threads = 1;
  // Pins loop i to CPU cpus[i % size]. Empty: the scheduler decides, which is
  // better unless the machine does nothing else.
  std::vector<int> cpus = {};
  // SIGTERM and SIGINT drain the run; a second one closes what is left at once,
  // and ends it as soon as the handlers return; a third has its former effect, and
  // so has any once the last loop has ended, in OnRunEnded() for one. They are counted
  // from Start() on and acted on in Wait(), so who never calls that turns this off. One
  // run in a process can have it on.
  bool handle_signals = true;
};

class LoopThreads {
 public:
  // Tells how a thread's set-up went; called exactly once by each body.
  using Started = std::function<void(absl::Status)>;
  // Runs loop `index` until the shared data's phase ends it.
  using Body = std::function<void(int index, const Started& started)>;

  LoopThreads(ThreadSharedData* shared, EpollTPOptions options)
      : shared_(*shared), options_(std::move(options)) {}
  ~LoopThreads() {
    if (!threads_.empty()) Stop();
  }

  // Calls `set_up`; InternalError for an exception that leaves it.
  static absl::Status SetUp(absl::FunctionRef<absl::Status()> set_up);

  // Returns when every loop is set up, or with the first error and no thread
  // left running.
  absl::Status Start(Body body);
  // Until all loops have ended; turns signals into phases meanwhile.
  absl::Status Wait();
  // Ends the run at once and joins.
  void Stop();

 private:
  absl::Status CheckOptions() const;
  void Join();
  absl::Status StartThreads(const Body& body);
  absl::Status StartWatchdog();
  void FollowSignals();
  void ThreadMain(int index, const Body& body, const Started& started);

  ThreadSharedData& shared_;
  const EpollTPOptions options_;
  std::optional<ShutdownSignals> signals_;  // From Start() to OnRunEnded().
  std::atomic<int> running_ = 0;            // Loops that have not ended.
  std::vector<std::thread> threads_;
};

}  // namespace kingpin

#endif  // KINGPIN_POOL_LOOP_THREADS_H_
