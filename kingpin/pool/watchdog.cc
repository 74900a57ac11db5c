#include "kingpin/pool/watchdog.h"

#include <fcntl.h>
#include <pthread.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "kingpin/logger/klog.h"
#include "kingpin/pool/signals.h"
#include "kingpin/sys/syscalls.h"

namespace kingpin {
namespace {

// Quiet ticks before it rests. A server that gets a request now and then would
// otherwise pay for a wake-up of the watchdog with each.
constexpr int kQuietTicksBeforeRest = 64;

// A clock that is kept right is slewed, not set; that moves both clocks alike.
constexpr absl::Duration kWallClockJump = absl::Seconds(1);

// Where in the kernel the thread sleeps, "0" when it runs in user code.
// proc(5), /proc/pid/wchan.
std::string KernelWaitChannel(pid_t thread) {
  std::string path = absl::StrCat("/proc/self/task/", thread, "/wchan");
  SysResult<UniqueFd> file = sys::Open(path.c_str(), O_RDONLY);
  char text[64];
  ssize_t size = file.ok() ? read(file.value.get(), text, sizeof(text)) : 0;
  std::string name(text, std::max<ssize_t>(size, 0));
  absl::StripAsciiWhitespace(&name);
  return name.empty() || name == "0" ? "running" : "waiting in " + name;
}

}  // namespace

void Watchdog::Start(absl::Span<const std::unique_ptr<ThreadSlot>> slots,
                     TickCallback on_tick) {
  slots_ = slots;
  on_tick_ = std::move(on_tick);
  report_at_.assign(slots.size(), options_.stall_after);
  iterations_.assign(slots.size(), 0);
  wall_clock_offset_ = WallClockOffset();
  ScopedBlockAllSignals block;
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "watchdog");
    Run();
  });
}

void Watchdog::Stop() {
  {
    absl::MutexLock lock(&mu_);
    stop_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

void Watchdog::EndRest() {
  absl::MutexLock lock(&mu_);  // Its release wakes the Await below.
  resting_.store(false);
}

bool Watchdog::WaitForTick(bool rest) {
  absl::MutexLock lock(&mu_);
  if (!rest) {
    mu_.AwaitWithTimeout(absl::Condition(&stop_), options_.tick);
    return !stop_;
  }
  resting_.store(true);
  // A loop that woke before it could see "resting" is awake now (Dekker).
  if (AnyLoopAwake()) resting_.store(false);
  auto rested = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return stop_ || !resting_.load();
  };
  mu_.Await(absl::Condition(&rested));
  return !stop_;
}

bool Watchdog::AnyLoopAwake() const {
  return std::any_of(slots_.begin(), slots_.end(),
                     [](const auto& slot) { return !slot->asleep(); });
}

bool Watchdog::AnyLoopMoved() {
  bool moved = AnyLoopAwake();
  for (size_t i = 0; i < slots_.size(); ++i) {
    uint64_t iterations = slots_[i]->stats().iterations.value();
    moved |= std::exchange(iterations_[i], iterations) != iterations;
  }
  return moved;
}

void Watchdog::Run() {
  int quiet_ticks = 0;
  while (WaitForTick(/*rest=*/quiet_ticks >= kQuietTicksBeforeRest)) {
    quiet_ticks = AnyLoopMoved() ? 0 : quiet_ticks + 1;
    MonotonicTime now = clock_.Now();
    if (options_.stall_after > absl::ZeroDuration()) CheckStalls(now);
    CheckWallClock();
    on_tick_(now);
  }
}

void Watchdog::CheckStalls(MonotonicTime now) {
  for (size_t i = 0; i < slots_.size(); ++i) {
    absl::Duration busy = slots_[i]->BusyFor(now);
    if (busy < options_.stall_after) {
      report_at_[i] = options_.stall_after;
    } else if (busy >= report_at_[i]) {
      if (report_at_[i] == options_.stall_after) {
        stalls_.fetch_add(1, std::memory_order_relaxed);
      }
      report_at_[i] = 2 * busy;
      ReportStall(static_cast<int>(i), busy);
    }
  }
}

void Watchdog::ReportStall(int index, absl::Duration busy) {
  pid_t thread = slots_[index]->thread_id();
  KLOG(WARNING) << "loop " << index << " (thread " << thread
                << ") is stuck: in one iteration for "
                << absl::FormatDuration(busy) << ", "
                << KernelWaitChannel(thread);
}

absl::Time Watchdog::WallClockOffset() const {
  return wall_clock_() - absl::Nanoseconds(Clock::Real().Now().nanos);
}

void Watchdog::CheckWallClock() {
  absl::Time offset = WallClockOffset();
  absl::Duration jump = offset - std::exchange(wall_clock_offset_, offset);
  if (absl::AbsDuration(jump) <= kWallClockJump) return;
  KLOG(WARNING) << "the wall clock was set, or the machine slept: it moved by "
                << std::llround(absl::ToDoubleSeconds(jump)) << " s";
}

}  // namespace kingpin
