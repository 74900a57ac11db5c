#include "benchmarks/logger/log_load.h"

#include <pthread.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <mutex>
#include <utility>

namespace load {
namespace {

constexpr char kUsage[] =
    "usage: CONTESTANT burst|single|steady|throughput FILE [--threads=N] "
    "[--count=N] [--rate=LINES_A_SECOND] [--spin]\n";

[[noreturn]] void Fail(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(1);
}

double SecondsOf(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) +
         static_cast<double>(now.tv_nsec) * 1e-9;
}

void PinToCpu(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  if (pthread_setaffinity_np(pthread_self(), sizeof(set), &set) != 0) {
    Fail("cannot pin a thread to CPU " + std::to_string(cpu));
  }
}

double NanosPerTick() {
  const double begin = SecondsOf(CLOCK_MONOTONIC);
  const uint64_t ticks = LogLoad::Now();
  while (SecondsOf(CLOCK_MONOTONIC) - begin < 0.1) {
  }
  return (SecondsOf(CLOCK_MONOTONIC) - begin) * 1e9 /
         static_cast<double>(LogLoad::Now() - ticks);
}

// The cheapest of many pairs of readings.
double PairNanos(double nanos_per_tick) {
  uint64_t cheapest = UINT64_MAX;
  for (int i = 0; i < 100'000; ++i) {
    const uint64_t begin = LogLoad::Now();
    cheapest = std::min(cheapest, LogLoad::Now() - begin);
  }
  return static_cast<double>(cheapest) * nanos_per_tick;
}

// Joins before it returns.
void OnThreads(int threads, const std::function<void(int)>& body) {
  std::vector<std::thread> running;
  for (int i = 0; i < threads; ++i) running.emplace_back(body, i);
  for (std::thread& thread : running) thread.join();
}

// Not ru_maxrss: that remembers what the process was before exec().
double PeakRssMib() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word && word != "VmHWM:") {
  }
  double kib = 0;
  status >> kib;
  return kib / 1024;
}

// "... T 3 N 17 V 17.5": every N of every T once, in order.
void CheckFile(const LogLoadOptions& options) {
  std::ifstream file(options.file);
  std::vector<int> next(options.threads, 0);
  std::string line;
  while (std::getline(file, line)) {
    const size_t at = line.rfind(" T ");
    int thread = -1;
    int number = -1;
    const bool at_top = *std::max_element(next.begin(), next.end()) == 0;
    if (at == std::string::npos && at_top) continue;  // A header.
    if (at == std::string::npos ||
        std::sscanf(line.c_str() + at, " T %d N %d V", &thread, &number) != 2) {
      Fail("no line of ours: " + line);
    }
    if (thread < 0 || thread >= options.threads || number != next[thread]++) {
      Fail("not the next of its thread: " + line);
    }
  }
  for (int count : next) {
    if (count != options.count / options.threads) {
      Fail("lines are missing: " + std::to_string(count));
    }
  }
}

}  // namespace

LogLoadOptions ParseLogLoad(int argc, char** argv) {
  if (argc < 3) Fail(kUsage);
  LogLoadOptions options = {.which = argv[1], .file = argv[2]};
  for (int i = 3; i < argc; ++i) {
    const std::string arg = argv[i];
    auto number = [&](const char* name) -> const char* {
      return arg.rfind(name, 0) == 0 ? argv[i] + std::strlen(name) : nullptr;
    };
    if (arg == "--spin") {
      options.spin = true;
    } else if (const char* threads = number("--threads=")) {
      options.threads = std::atoi(threads);
    } else if (const char* count = number("--count=")) {
      options.count = std::atoi(count);
    } else if (const char* rate = number("--rate=")) {
      options.rate = std::atof(rate);
    } else {
      Fail("unknown: " + arg + "\n" + kUsage);
    }
  }
  return options;
}

LogLoad::LogLoad(const LogLoadOptions& options)
    : options_(options), nanos_per_tick_(NanosPerTick()) {
  if (options.which == "throughput") return;
  // What the logger starts inherits it: its backend keeps off the first producer.
  PinToCpu(0);
  overhead_ = PairNanos(nanos_per_tick_);
}

void LogLoad::RunPinned(
    const std::function<void(int, std::vector<double>*)>& body) const {
  const int cpus = static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
  std::vector<double> all;
  std::mutex mu;
  OnThreads(options_.threads, [&](int thread) {
    PinToCpu((thread + 1) % cpus);
    std::vector<double> samples;
    samples.reserve(options_.count);
    body(thread, &samples);
    // The first tenth warms up.
    std::lock_guard<std::mutex> lock(mu);
    all.insert(all.end(), samples.begin() + options_.count / 10, samples.end());
  });
  ReportLatency(std::move(all));
}

void LogLoad::RunFree(const std::function<void(int)>& body) const {
  OnThreads(options_.threads, body);
}

void LogLoad::ReportLatency(std::vector<double> samples) {
  std::sort(samples.begin(), samples.end());
  auto at = [&](double quantile) {
    return samples[static_cast<size_t>(
        quantile * static_cast<double>(samples.size() - 1))];
  };
  std::printf(
      "{\"p50_ns\": %.2f, \"p90_ns\": %.2f, \"p99_ns\": %.2f, "
      "\"p999_ns\": %.2f, \"p9999_ns\": %.2f, \"max_ns\": %.2f}\n",
      at(0.5), at(0.9), at(0.99), at(0.999), at(0.9999), samples.back());
  std::fflush(stdout);  // A sink that nobody reads may hold up the end.
}

void LogLoad::ReportThroughput(double seconds, double cpu_seconds) const {
  const double rss_mib = PeakRssMib();
  CheckFile(options_);
  const double millions = options_.count * 1e-6;
  std::printf(
      "{\"mlines_per_s\": %.4f, \"s_per_mline\": %.4f, "
      "\"cpu_s_per_mline\": %.4f, \"rss_mib\": %.1f}\n",
      millions / seconds, seconds / millions, cpu_seconds / millions, rss_mib);
}

double LogLoad::CpuSeconds() { return SecondsOf(CLOCK_PROCESS_CPUTIME_ID); }

double LogLoad::Seconds() { return SecondsOf(CLOCK_MONOTONIC); }

}  // namespace load
