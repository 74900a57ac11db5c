#include "benchmarks/load/phases.h"

#include <sched.h>

#include <cstdio>
#include <limits>
#include <string>
#include <thread>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/strings/numbers.h"
#include "benchmarks/load/sockets.h"

ABSL_FLAG(int, port, 0, "Port of the server on 127.0.0.1.");
ABSL_FLAG(int, threads, 1, "Threads of the load.");
ABSL_FLAG(std::vector<std::string>, cpus, {},
          "CPUs of the load's threads, in turn; none: not pinned.");
ABSL_FLAG(absl::Duration, duration, absl::Seconds(3),
          "Length of the measured phase, if there is no --count.");
ABSL_FLAG(int64_t, count, 0, "Operations of the measured phase.");
ABSL_FLAG(absl::Duration, warmup, absl::Seconds(1),
          "Length of the warm-up, if there is no --count.");
ABSL_FLAG(int64_t, warmup_count, 0, "With --count: operations of the warm-up.");
ABSL_FLAG(std::vector<std::string>, server_pids, {},
          "Processes of the server, to measure its CPU time.");

namespace load {
namespace {

constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();

std::vector<int> Numbers(const std::vector<std::string>& texts) {
  std::vector<int> numbers;
  for (const std::string& text : texts) {
    if (!absl::SimpleAtoi(text, &numbers.emplace_back())) Die(text);
  }
  return numbers;
}

void PinThread(int thread, const std::vector<int>& cpus) {
  if (cpus.empty()) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpus[thread % cpus.size()], &set);
  if (sched_setaffinity(0, sizeof(set), &set) != 0) Die("sched_setaffinity");
}

Quota QuotaOf(absl::Duration duration, int64_t count) {
  if (absl::GetFlag(FLAGS_count) > 0) return Quota(kNoLimit, count);
  return Quota(NowNs() + absl::ToInt64Nanoseconds(duration), kNoLimit);
}

Totals RunPhase(Workers& workers, Quota quota) {
  const std::vector<int> cpus = Numbers(absl::GetFlag(FLAGS_cpus));
  std::vector<Totals> totals(workers.size());
  std::vector<std::thread> threads;
  for (size_t i = 0; i < workers.size(); ++i) {
    threads.emplace_back([&workers, &totals, &quota, &cpus, i] {
      PinThread(static_cast<int>(i), cpus);
      workers[i]->Run(quota, totals[i]);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (size_t i = 1; i < totals.size(); ++i) totals[0].Merge(totals[i]);
  return totals[0];
}

void AddTotals(const Totals& totals, double seconds, JsonLine& line) {
  line.Add("operations", totals.operations)
      .Add("seconds", seconds)
      .Add("ops_per_s", totals.operations / seconds)
      .Add("bytes", totals.bytes)
      .Add("mib_per_s", totals.bytes / seconds / (1 << 20))
      .AddLatency(totals.latency)
      .Add("errors", totals.errors);
}

}  // namespace

void Totals::Merge(const Totals& other) {
  operations += other.operations;
  bytes += other.bytes;
  errors += other.errors;
  latency.Merge(other.latency);
}

void Init(int argc, char** argv, std::string_view usage,
          const std::function<int()>& files) {
  absl::SetProgramUsageMessage(usage);
  absl::ParseCommandLine(argc, argv);
  AllowOpenFiles(files() + 64);
}

ServerProcess ServerUnderLoad() {
  const std::vector<int> pids = Numbers(absl::GetFlag(FLAGS_server_pids));
  return ServerProcess(std::vector<pid_t>(pids.begin(), pids.end()));
}

Workers MakeWorkers(
    const std::function<std::unique_ptr<Worker>(int thread)>& make) {
  Workers workers;
  for (int i = 0; i < absl::GetFlag(FLAGS_threads); ++i) {
    workers.push_back(make(i));
  }
  return workers;
}

int RunPhases(Workers& workers, JsonLine& line,
              const std::function<void(JsonLine&)>& more) {
  const Totals warmup = RunPhase(
      workers,
      QuotaOf(absl::GetFlag(FLAGS_warmup), absl::GetFlag(FLAGS_warmup_count)));
  const ServerProcess server = ServerUnderLoad();
  const int64_t cpu_before = server.CpuNs();
  const int64_t start = NowNs();
  Totals totals = RunPhase(workers, QuotaOf(absl::GetFlag(FLAGS_duration),
                                            absl::GetFlag(FLAGS_count)));
  const double seconds = (NowNs() - start) / 1e9;
  const double cpu_us = (server.CpuNs() - cpu_before) / 1e3;
  totals.errors += warmup.errors;

  line.Add("all_operations", warmup.operations + totals.operations);
  AddTotals(totals, seconds, line);
  if (server.known() && totals.operations > 0) {
    line.Add("cpu_us_per_op", cpu_us / totals.operations);
  }
  more(line);
  line.Print();
  if (totals.errors == 0 && totals.operations > 0) return 0;
  std::fputs("the load met errors or did nothing\n", stderr);
  return 1;
}

}  // namespace load
