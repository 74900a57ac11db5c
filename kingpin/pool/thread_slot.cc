#include "kingpin/pool/thread_slot.h"

#include <utility>

#include "kingpin/logger/klog.h"
#include "kingpin/pool/current_exception.h"
#include "kingpin/sys/syscalls.h"

namespace kingpin {

absl::Status ThreadSlot::Open() {
  SysResult<UniqueFd> bell = sys::EventFd();
  if (!bell.ok()) return absl::ErrnoToStatus(bell.error, "eventfd");
  bell_ = std::move(bell.value);
  return absl::OkStatus();
}

bool ThreadSlot::Post(Task task) {
  {
    absl::MutexLock lock(&mu_);
    if (retired_ || posted_.size() >= kMaxPosted) return false;
    if (posted_.empty()) first_posted_ = clock_.Now();
    posted_.push_back(std::move(task));
    if (posted_.size() > 1) return true;  // The first one has rung.
    has_mail_.store(true);
  }
  Wake();
  return true;
}

void ThreadSlot::Wake() {
  // The exchange lets one waker ring, however many there are.
  if (asleep_.load() && asleep_.exchange(false)) {
    sys::EventFdSignal(bell_.get());
  }
}

absl::Duration ThreadSlot::BusyFor(MonotonicTime now) const {
  int64_t since = busy_since_nanos_.load(std::memory_order_relaxed);
  if (since == 0 || now.nanos <= since) return absl::ZeroDuration();
  return absl::Nanoseconds(now.nanos - since);
}

void ThreadSlot::BindToThisThread() {
  thread_id_.store(sys::ThreadId(), std::memory_order_relaxed);
}

void ThreadSlot::Retire() {
  (void)PrepareToSleep();  // For good, as far as others can see.
  set_accepting(false);
  set_listening(false);
  std::vector<Task> unrun;
  absl::MutexLock lock(&mu_);
  retired_ = true;
  unrun.swap(posted_);
}

bool ThreadSlot::PrepareToSleep() {
  busy_since_nanos_.store(0, std::memory_order_relaxed);
  asleep_.store(true);
  return !has_mail_.load();
}

void ThreadSlot::WokeUp(MonotonicTime now) {
  busy_since_nanos_.store(now.nanos, std::memory_order_relaxed);
  asleep_.store(false);
}

void ThreadSlot::RunPosted() {
  if (!has_mail_.load(std::memory_order_acquire)) return;
  MonotonicTime first;
  {
    absl::MutexLock lock(&mu_);
    running_.swap(posted_);
    first = first_posted_;
    has_mail_.store(false);
  }
  stats_.posted_lag.Add(clock_.Now() - first);
  stats_.posted_tasks.Add(running_.size());
  for (Task& task : running_) {
    try {
      std::move(task)();
    } catch (...) {
      stats_.handler_exceptions.Add();
      KLOG_EVERY_SECOND(ERROR)
          << "a posted task threw" << DescribeCurrentException();
    }
  }
  running_.clear();
}

}  // namespace kingpin
