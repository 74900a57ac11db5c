// Latencies in log-linear buckets: constant memory, 1.6 % resolution.
#ifndef BENCHMARKS_LOAD_LATENCY_HISTOGRAM_H_
#define BENCHMARKS_LOAD_LATENCY_HISTOGRAM_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace load {

// One thread's histogram; merge the threads' before asking for percentiles.
class LatencyHistogram {
 public:
  void Record(int64_t ns);
  void Merge(const LatencyHistogram& other);

  uint64_t count() const { return count_; }
  int64_t max_ns() const { return max_ns_; }

  // The upper edge of the bucket that holds the given share (0 to 1) of the
  // values, never more than the maximum; 0 when empty.
  int64_t PercentileNs(double share) const;

 private:
  // Values below 64 have a bucket each; above, every power of two is cut in 64.
  static constexpr int kBits = 6;
  static constexpr size_t kBuckets = (64 - kBits) << kBits;

  static size_t BucketOf(uint64_t ns);
  static int64_t UpperEdge(size_t bucket);

  std::array<uint64_t, kBuckets> buckets_ = {};
  uint64_t count_ = 0;
  int64_t max_ns_ = 0;
};

}  // namespace load

#endif  // BENCHMARKS_LOAD_LATENCY_HISTOGRAM_H_
