#include "kingpin/pool/thread_shared_data.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace kingpin {

ThreadSharedData::ThreadSharedData(ThreadSharedDataOptions options)
    : options_(options), watchdog_(options.watchdog, *options.clock) {}

// The watchdog calls OnWatchdogTick of the derived class, so it has to be
// stopped before that is gone: EpollTP does, and this is for a run that was
// never started.
ThreadSharedData::~ThreadSharedData() = default;

absl::Status ThreadSharedData::CheckOptions() const {
  const ConnectionOptions& connection = options_.connection;
  if (connection.input_limit_bytes < 1 ||
      connection.input_limit_bytes > kMaxInputLimitBytes) {
    return absl::InvalidArgumentError(
        "input_limit_bytes is not between 1 and 1 GiB");
  }
  if (connection.output_low_bytes > connection.output_high_bytes ||
      connection.output_high_bytes > connection.output_limit_bytes) {
    return absl::InvalidArgumentError(
        "output_low_bytes, output_high_bytes and output_limit_bytes are not in "
        "ascending order");
  }
  if (options_.watchdog.tick <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError("the watchdog's tick is not positive");
  }
  return absl::OkStatus();
}

absl::Status ThreadSharedData::Open(int threads) {
  if (absl::Status status = CheckOptions(); !status.ok()) return status;
  if (!slots_.empty()) {
    return absl::FailedPreconditionError(
        "this ThreadSharedData has been run already: make a new one");
  }
  std::vector<std::unique_ptr<ThreadSlot>> slots;
  for (int i = 0; i < threads; ++i) {
    slots.push_back(std::make_unique<ThreadSlot>(clock()));
    if (absl::Status status = slots.back()->Open(); !status.ok()) return status;
  }
  slots_ = std::move(slots);
  return absl::OkStatus();
}

int ThreadSharedData::connections() const {
  int sum = 0;
  for (const auto& slot : slots_) sum += slot->load();
  return sum;
}

void ThreadSharedData::Shutdown(RunPhase phase) {
  RunPhase before = phase_.load();
  do {
    if (before >= phase) return;
  } while (!phase_.compare_exchange_weak(before, phase));
  for (const auto& slot : slots_) slot->Wake();
}

void ThreadSharedData::OnWatchdogTick(MonotonicTime) {}

std::string ThreadSharedData::DebugString() const {
  std::string text;
  for (int i = 0; i < threads(); ++i) {
    const ThreadSlot& slot = thread(i);
    absl::StrAppend(&text, "loop ", i, " thread=", slot.thread_id(),
                    " load=", slot.load(), " ", slot.stats().ToString(), "\n");
  }
  return text;
}

}  // namespace kingpin
