// What a run of the load generator found, for the reports.
#ifndef APPS_BENCH_CLIENT_RESULT_H_
#define APPS_BENCH_CLIENT_RESULT_H_

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "apps/bench_client/latency_histogram.h"
#include "apps/bench_client/reason_counts.h"

namespace bench_client {

// What was counted, by one thread or, merged, by all.
struct Counts {
  void Merge(const Counts& other) {
    requests += other.requests;
    responses += other.responses;
    connects += other.connects;
    bytes_read += other.bytes_read;
    bytes_written += other.bytes_written;
    for (size_t i = 0; i < by_class.size(); ++i)
      by_class[i] += other.by_class[i];
    failures.Merge(other.failures);
    broken.Merge(other.broken);
    latency.Merge(other.latency);
    connect.Merge(other.connect);
  }
  uint64_t failed() const { return failures.Sum(); }
  uint64_t broken_connections() const { return broken.Sum(); }

  // Sent. Each is answered, has failed, or is Result::unanswered at the end:
  // requests == responses + failed() + unanswered.count.
  uint64_t requests = 0;
  uint64_t responses = 0;  // Complete, of any status.
  uint64_t connects = 0;
  uint64_t bytes_read = 0;
  uint64_t bytes_written = 0;
  std::array<uint64_t, 6> by_class =
      {};  // Of responses. [2]: 2xx. [0]: of no class.
  // Requests without a whole response, by why.
  ReasonCounts failures;
  // Connections that failed with no request under way, by why: they could not be made,
  // or the server said more than it was asked.
  ReasonCounts broken;
  LatencyHistogram latency;  // Of whole responses.
  LatencyHistogram connect;  // From connect to connected.
};

// What was under way when the run ended.
struct Waiting {
  void Add(const Waiting& other) {
    count += other.count;
    longest_ns = std::max(longest_ns, other.longest_ns);
  }

  uint64_t count = 0;
  int64_t longest_ns = 0;  // How long the first of them had waited.
};

// A part of the run, for curves over time.
struct Interval {
  double begin_seconds = 0;  // Since the run began.
  double seconds = 0;
  uint64_t responses = 0;
  uint64_t failed = 0;
  uint64_t bytes_read = 0;
  int64_t p50_ns = 0;
  int64_t p99_ns = 0;
  int64_t max_ns = 0;
};

struct Result {
  std::string url;
  std::string command;  // As it was typed.
  std::string machine;  // Processor, number of them, kernel.
  int threads = 0;
  int connections = 0;
  double rate = 0;  // Requests a second that were asked for; 0: closed loop.
  double seconds = 0;
  double cpu_seconds = 0;  // Of this process, user and system.
  Counts counts;
  // Constant rate only: how late requests were sent although a connection was
  // free, which is this program's own fault and part of the latencies.
  LatencyHistogram lag;
  // At the end: due at a constant rate and not sent; sent and not answered;
  // connections that were being made, but for those of `unsent`.
  uint64_t unsent = 0;
  Waiting unanswered;
  Waiting connecting;
  std::vector<Interval> intervals;
};

}  // namespace bench_client

#endif  // APPS_BENCH_CLIENT_RESULT_H_
