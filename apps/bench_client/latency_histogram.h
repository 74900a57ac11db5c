// Latencies in log-linear buckets: constant memory (30 KiB), 1.6 % resolution.
//
// Threads: one at a time for each object.
//
//   LatencyHistogram all;
//   for (const Worker& worker : workers) all.Merge(worker.latency);
//   std::cout << all.PercentileNs(0.99);
#ifndef APPS_BENCH_CLIENT_LATENCY_HISTOGRAM_H_
#define APPS_BENCH_CLIENT_LATENCY_HISTOGRAM_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace bench_client {

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

  // How many are at most `ns`; those in the bucket of `ns` count.
  uint64_t CountUpTo(int64_t ns) const;

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

}  // namespace bench_client

#endif  // APPS_BENCH_CLIENT_LATENCY_HISTOGRAM_H_
