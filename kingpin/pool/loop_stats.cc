#include "kingpin/pool/loop_stats.h"

#include <algorithm>
#include <bit>

#include "absl/strings/str_cat.h"

namespace kingpin {

void DurationHistogram::Add(absl::Duration d) {
  uint64_t micros = std::max<int64_t>(absl::ToInt64Microseconds(d), 1);
  int bucket = std::min<int>(std::bit_width(micros) - 1, kBuckets - 1);
  buckets_[bucket].Add();
}

uint64_t DurationHistogram::count() const {
  uint64_t sum = 0;
  for (const Counter& bucket : buckets_) sum += bucket.value();
  return sum;
}

absl::Duration DurationHistogram::Quantile(double q) const {
  uint64_t total = count();
  if (total == 0) return absl::ZeroDuration();
  uint64_t seen = 0;
  int bucket = 0;
  for (; bucket < kBuckets - 1; ++bucket) {
    seen += buckets_[bucket].value();
    if (static_cast<double>(seen) >= q * static_cast<double>(total)) break;
  }
  return absl::Microseconds(int64_t{1} << (bucket + 1));
}

std::string LoopStats::ToString() const {
  return absl::StrCat(
      "iterations=", iterations.value(), " events=", events.value(),
      " accepts=", accepts.value(), " connects=", connects.value(),
      " connect_failures=", connect_failures.value(),
      " retries=", retries.value(), " accept_pauses=", accept_pauses.value(),
      " turns_won=", turns_won.value(),
      " turns_handed_over=", turns_handed_over.value(),
      " turns_lost=", turns_lost.value(), " bytes_read=", bytes_read.value(),
      " bytes_written=", bytes_written.value(), " closes=", closes.value(),
      " timeouts=", timeouts.value(), " overflows=", overflows.value(),
      " handshakes=", handshakes.value(),
      " handshakes_failed=", handshakes_failed.value(),
      " handler_exceptions=", handler_exceptions.value(),
      " posted_tasks=", posted_tasks.value(), " stale_ids=", stale_ids.value(),
      " loop_time_p50=", absl::FormatDuration(loop_time.Quantile(0.5)),
      " loop_time_p99=", absl::FormatDuration(loop_time.Quantile(0.99)),
      " posted_lag_p99=", absl::FormatDuration(posted_lag.Quantile(0.99)));
}

}  // namespace kingpin
