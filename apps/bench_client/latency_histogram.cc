#include "apps/bench_client/latency_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace bench_client {

size_t LatencyHistogram::BucketOf(uint64_t ns) {
  if (ns < (uint64_t{1} << kBits)) return ns;
  const int shift = std::bit_width(ns) - 1 - kBits;
  // The leading one of `ns >> shift` makes up for the linear first rows.
  return (static_cast<size_t>(shift) << kBits) + (ns >> shift);
}

int64_t LatencyHistogram::UpperEdge(size_t bucket) {
  if (bucket < (size_t{1} << kBits)) return bucket;
  const int shift = static_cast<int>(bucket >> kBits) - 1;
  const uint64_t top = (bucket & ((1 << kBits) - 1)) + (1 << kBits);
  return static_cast<int64_t>(((top + 1) << shift) - 1);
}

void LatencyHistogram::Record(int64_t ns) {
  ns = std::max<int64_t>(ns, 0);
  ++buckets_[BucketOf(ns)];
  ++count_;
  max_ns_ = std::max(max_ns_, ns);
}

void LatencyHistogram::Merge(const LatencyHistogram& other) {
  for (size_t i = 0; i < kBuckets; ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  max_ns_ = std::max(max_ns_, other.max_ns_);
}

int64_t LatencyHistogram::PercentileNs(double share) const {
  const auto rank = static_cast<uint64_t>(std::ceil(share * count_));
  uint64_t seen = 0;
  for (size_t i = 0; i < kBuckets; ++i) {
    seen += buckets_[i];
    if (seen > 0 && seen >= rank) return std::min(UpperEdge(i), max_ns_);
  }
  return max_ns_;
}

uint64_t LatencyHistogram::CountUpTo(int64_t ns) const {
  uint64_t sum = 0;
  for (size_t i = 0; i <= BucketOf(std::max<int64_t>(ns, 0)); ++i) {
    sum += buckets_[i];
  }
  return sum;
}

}  // namespace bench_client
