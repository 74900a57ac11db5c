#include "kingpin/pool/loop_threads.h"

#include <pthread.h>
#include <sched.h>

#include <atomic>
#include <string>
#include <system_error>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/mutex.h"
#include "kingpin/logger/klog.h"
#include "kingpin/pool/current_exception.h"

namespace kingpin {
namespace {

// Collects what the threads report while they start.
class StartGate {
 public:
  explicit StartGate(int threads) : waiting_(threads) {}

  void Report(absl::Status status) {
    {
      absl::MutexLock lock(&mu_);
      first_error_.Update(status);
    }
    waiting_.DecrementCount();
  }
  absl::Status Wait() {
    waiting_.Wait();
    absl::MutexLock lock(&mu_);
    return first_error_;
  }

 private:
  absl::BlockingCounter waiting_;
  absl::Mutex mu_;
  absl::Status first_error_ ABSL_GUARDED_BY(mu_);
};

absl::Status PinToCpu(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  int error = pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
  if (error == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(error, absl::StrCat("pin a loop to CPU ", cpu));
}

}  // namespace

absl::Status LoopThreads::CheckOptions() const {
  // A ConnectionId has 10 bits for the thread.
  if (options_.threads < 1 || options_.threads > 1000) {
    return absl::InvalidArgumentError(
        absl::StrCat("threads is ", options_.threads, ": it is 1 to 1000"));
  }
  for (int cpu : options_.cpus) {
    if (cpu < 0 || cpu >= CPU_SETSIZE) {
      return absl::InvalidArgumentError(absl::StrCat("no such CPU: ", cpu));
    }
  }
  return absl::OkStatus();
}

absl::Status LoopThreads::SetUp(absl::FunctionRef<absl::Status()> set_up) {
  try {
    return set_up();
  } catch (...) {
    return absl::InternalError(
        absl::StrCat("a handler's set-up threw", DescribeCurrentException()));
  }
}

absl::Status LoopThreads::Start(Body body) {
  if (absl::Status status = CheckOptions(); !status.ok()) return status;
  // Before anything is open: it can fail.
  std::optional<ShutdownSignals> signals;
  if (options_.handle_signals) {
    absl::StatusOr<ShutdownSignals> installed = ShutdownSignals::Install();
    if (!installed.ok()) return installed.status();
    signals.emplace(*std::move(installed));
  }
  if (absl::Status status = shared_.Open(options_.threads); !status.ok()) {
    return status;
  }
  if (signals.has_value()) signals_.emplace(*std::move(signals));
  if (absl::Status status = StartThreads(body); !status.ok()) {
    Stop();
    return status;
  }
  return StartWatchdog();
}

absl::Status LoopThreads::StartThreads(const Body& body) {
  StartGate gate(options_.threads);
  running_.store(options_.threads);
  ScopedBlockAllSignals block;  // Signals are for main and other threads.
  for (int i = 0; i < options_.threads; ++i) {
    try {
      threads_.emplace_back([this, i, body, &gate] {
        ThreadMain(i, body, [&gate](absl::Status s) { gate.Report(s); });
      });
    } catch (const std::system_error& e) {  // pthread_create: EAGAIN.
      running_.fetch_sub(1);
      gate.Report(absl::ResourceExhaustedError(
          absl::StrCat("start loop thread ", i, ": ", e.what())));
    }
  }
  return gate.Wait();
}

absl::Status LoopThreads::StartWatchdog() {
  try {
    shared_.watchdog().Start(shared_.slots(), [this](MonotonicTime now) {
      shared_.OnWatchdogTick(now);
    });
    return absl::OkStatus();
  } catch (const std::system_error& e) {
    Stop();
    return absl::ResourceExhaustedError(
        absl::StrCat("start the watchdog's thread: ", e.what()));
  }
}

void LoopThreads::ThreadMain(int index, const Body& body,
                             const Started& started) {
  pthread_setname_np(pthread_self(), absl::StrCat("loop-", index).c_str());
  shared_.thread(index).BindToThisThread();
  absl::Status pinned;
  if (!options_.cpus.empty()) {
    pinned = PinToCpu(options_.cpus[index % options_.cpus.size()]);
  }
  if (pinned.ok()) {
    body(index, started);
  } else {
    started(pinned);
  }
  shared_.thread(index).Retire();
  if (running_.fetch_sub(1) == 1 && signals_.has_value()) {
    signals_->Interrupt();  // The last one: Wait() has nothing to wait for.
  }
}

void LoopThreads::Join() {
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  shared_.watchdog().Stop();
  // Nobody follows them any more, and what comes may last.
  signals_.reset();
  shared_.OnRunEnded();
}

void LoopThreads::FollowSignals() {
  while (running_.load() > 0) {
    int count = signals_->Wait();
    if (count == 0 || running_.load() == 0) continue;
    KLOG(INFO) << "signal: "
               << (count == 1 ? "draining, once more to stop at once"
                              : "stopping at once, once more to be killed");
    shared_.Shutdown(count == 1 ? RunPhase::kDraining : RunPhase::kStopping);
  }
}

void LoopThreads::Stop() {
  shared_.Shutdown(RunPhase::kStopping);
  Join();
}

absl::Status LoopThreads::Wait() {
  if (signals_.has_value()) FollowSignals();
  Join();
  return absl::OkStatus();
}

}  // namespace kingpin
