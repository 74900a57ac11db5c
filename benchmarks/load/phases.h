// How a closed-loop load runs: a warm-up, then the measured phase.
//
// Each phase lets every connection finish what it has in flight, so operations,
// time and the server's CPU clock are all read at rest and belong together.
#ifndef BENCHMARKS_LOAD_PHASES_H_
#define BENCHMARKS_LOAD_PHASES_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/flags/declare.h"
#include "absl/time/time.h"
#include "apps/bench_client/latency_histogram.h"
#include "benchmarks/load/json_line.h"
#include "benchmarks/load/server_process.h"

ABSL_DECLARE_FLAG(int, port);
ABSL_DECLARE_FLAG(int, threads);

namespace load {

// Who may start another operation: anyone until a deadline, or until a count
// of operations was given out. Thread-safe.
class Quota {
 public:
  Quota(int64_t deadline_ns, int64_t operations)
      : deadline_ns_(deadline_ns), left_(operations) {}

  bool Take(int64_t now_ns) {
    return now_ns < deadline_ns_ &&
           left_.fetch_sub(1, std::memory_order_relaxed) > 0;
  }

 private:
  const int64_t deadline_ns_;
  std::atomic<int64_t> left_;
};

struct Totals {
  void Merge(const Totals& other);

  int64_t operations = 0;
  int64_t bytes = 0;
  int64_t errors = 0;
  bench_client::LatencyHistogram latency;
};

// One thread's share of the load, kept between the phases.
class Worker {
 public:
  virtual ~Worker() = default;

  // Runs operations until `quota` refuses one, and returns at rest.
  virtual void Run(Quota& quota, Totals& totals) = 0;
};

using Workers = std::vector<std::unique_ptr<Worker>>;

// Starts every program: flags, and room for `files` open files (known only
// once the flags are parsed).
void Init(int argc, char** argv, std::string_view usage,
          const std::function<int()>& files);

// The server that --server_pids names.
ServerProcess ServerUnderLoad();

// One worker for each of --threads, made by `make(thread)`.
Workers MakeWorkers(
    const std::function<std::unique_ptr<Worker>(int thread)>& make);

// Runs the warm-up and the measured phase on --threads threads, which go to
// --cpus if given. Adds what every program reports to `line`, then what `more`
// adds; prints it, and returns the process's exit code: 1 after errors, or if
// nothing was done.
int RunPhases(
    Workers& workers, JsonLine& line,
    const std::function<void(JsonLine&)>& more = [](JsonLine&) {});

}  // namespace load

#endif  // BENCHMARKS_LOAD_PHASES_H_
