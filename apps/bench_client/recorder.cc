#include "apps/bench_client/recorder.h"

#include <algorithm>
#include <utility>

namespace bench_client {

void Recorder::Add(int index, const Counts& counts) {
  absl::MutexLock lock(&mu_);
  total_.Merge(counts);
  news_.Merge(counts);
  if (!open_.empty()) {
    index = std::max(index, open_.begin()->first);
  } else if (!over_.empty()) {
    index = std::max(index, static_cast<int>(over_.size()));
  }
  std::unique_ptr<Counts>& slot = open_[index];
  if (slot == nullptr) slot = std::make_unique<Counts>();
  slot->Merge(counts);
  while (open_.rbegin()->first - open_.begin()->first >= kOpen) {
    over_.push_back(Summarize(open_.begin()->first, *open_.begin()->second));
    open_.erase(open_.begin());
  }
}

Counts Recorder::Total() const {
  absl::MutexLock lock(&mu_);
  return total_;
}

Counts Recorder::TakeNews() {
  absl::MutexLock lock(&mu_);
  return std::exchange(news_, Counts());
}

std::vector<Interval> Recorder::Intervals(double seconds) const {
  absl::MutexLock lock(&mu_);
  std::vector<Interval> all = over_;
  for (const auto& [index, counts] : open_) {
    all.push_back(Summarize(index, *counts));
  }
  // The run rarely ends with an interval.
  for (Interval& interval : all) {
    interval.seconds =
        std::clamp(seconds - interval.begin_seconds, 0.0, interval.seconds);
  }
  return all;
}

Interval Recorder::Summarize(int index, const Counts& counts) const {
  const double length = absl::ToDoubleSeconds(interval_);
  return {.begin_seconds = index * length,
          .seconds = length,
          .responses = counts.responses,
          .failed = counts.failed(),
          .bytes_read = counts.bytes_read,
          .p50_ns = counts.latency.PercentileNs(0.5),
          .p99_ns = counts.latency.PercentileNs(0.99),
          .max_ns = counts.latency.max_ns()};
}

}  // namespace bench_client
