// The load of the side-by-side runs of loggers: the same for all, compiled into each
// (a log statement is a macro, and what it costs depends on what the compiler sees).
// README.md says what the cases measure.
//
// A contestant is a class that writes "N MESSAGE" lines with time, level, thread and
// place in front:
//
//   struct Contestant {
//     explicit Contestant(const LogLoadOptions& options);  // Writes to options.file.
//     void Log(int thread, int number, double value);  // kMessage, inline.
//     void Flush();  // Returns when all lines are in the file.
//   };
//   int main(int argc, char** argv) {
//     return load::LogLoadMain<Contestant>(argc, argv);
//   }
//
// No line may be dropped: throughput is counted in the file.
#ifndef BENCHMARKS_LOGGER_LOG_LOAD_H_
#define BENCHMARKS_LOGGER_LOG_LOAD_H_

#include <x86intrin.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace load {

struct LogLoadOptions {
  std::string which;  // burst, single, steady or throughput.
  std::string file;
  int threads = 1;
  bool spin = false;  // The backend never sleeps.
  int count = 0;      // Bursts, calls, or lines of all threads together.
  double rate = 0;    // steady: lines a second.
};

// Exits with a message if they are wrong.
LogLoadOptions ParseLogLoad(int argc, char** argv);

// For a few threads of one process; nanoseconds by the time stamp counter.
class LogLoad {
 public:
  explicit LogLoad(const LogLoadOptions& options);

  // Runs `body(thread, samples)` on all threads, one to a CPU, while the rest of the
  // process keeps to the first.
  void RunPinned(
      const std::function<void(int, std::vector<double>*)>& body) const;
  // Wherever the kernel likes.
  void RunFree(const std::function<void(int)>& body) const;

  // Reads the counter; what a pair of these costs is taken off.
  static uint64_t Now() {
    unsigned cpu;
    return __rdtscp(&cpu);
  }
  double NanosSince(uint64_t begin) const {
    return static_cast<double>(Now() - begin) * nanos_per_tick_ - overhead_;
  }
  void SpinUntil(uint64_t ticks) const {
    while (__rdtsc() < ticks) {
    }
  }
  uint64_t TicksOf(double nanos) const {
    return static_cast<uint64_t>(nanos / nanos_per_tick_);
  }

  // Prints a line of JSON: percentiles of `samples`.
  static void ReportLatency(std::vector<double> samples);
  // The same of a run that took `seconds`. Exits unless the file has each line of
  // each thread once, in order.
  void ReportThroughput(double seconds, double cpu_seconds) const;
  // Of this process, all threads.
  static double CpuSeconds();
  static double Seconds();

 private:
  const LogLoadOptions options_;
  double nanos_per_tick_;
  double overhead_ = 0;
};

template <typename Contestant>
void RunBursts(const LogLoad& load, const LogLoadOptions& options,
               Contestant& log) {
  constexpr int kCalls = 20;
  load.RunPinned([&](int thread, std::vector<double>* samples) {
    for (int i = 0; i < options.count; ++i) {
      const uint64_t begin = LogLoad::Now();
      for (int call = 0; call < kCalls; ++call) {
        log.Log(thread, i * kCalls + call, i + 0.1);
      }
      samples->push_back(load.NanosSince(begin) / kCalls);
      load.SpinUntil(begin + load.TicksOf(1e6));
    }
  });
}

template <typename Contestant>
void RunSingles(const LogLoad& load, const LogLoadOptions& options,
                Contestant& log) {
  load.RunPinned([&](int thread, std::vector<double>* samples) {
    for (int i = 0; i < options.count; ++i) {
      const uint64_t begin = LogLoad::Now();
      log.Log(thread, i, i + 0.1);
      samples->push_back(load.NanosSince(begin));
      load.SpinUntil(begin + load.TicksOf(5e3));
    }
  });
}

template <typename Contestant>
void RunSteady(const LogLoad& load, const LogLoadOptions& options,
               Contestant& log) {
  load.RunPinned([&](int thread, std::vector<double>* samples) {
    const uint64_t start = LogLoad::Now() + load.TicksOf(1e6);
    for (int i = 0; i < options.count; ++i) {
      // From when it was due: a stall counts for all that it delays.
      const uint64_t due = start + load.TicksOf(i * 1e9 / options.rate);
      load.SpinUntil(due);
      log.Log(thread, i, i + 0.1);
      samples->push_back(load.NanosSince(due));
    }
  });
}

template <typename Contestant>
void RunThroughput(const LogLoad& load, const LogLoadOptions& options,
                   Contestant& log) {
  const double cpu = LogLoad::CpuSeconds();
  const double begin = LogLoad::Seconds();
  load.RunFree([&](int thread) {
    const int lines = options.count / options.threads;
    for (int i = 0; i < lines; ++i) log.Log(thread, i, i + 0.5);
  });
  log.Flush();
  load.ReportThroughput(LogLoad::Seconds() - begin,
                        LogLoad::CpuSeconds() - cpu);
}

template <typename Contestant>
int LogLoadMain(int argc, char** argv) {
  const LogLoadOptions options = ParseLogLoad(argc, argv);
  const LogLoad load(options);
  Contestant log(options);
  if (options.which == "burst") RunBursts(load, options, log);
  if (options.which == "single") RunSingles(load, options, log);
  if (options.which == "steady") RunSteady(load, options, log);
  if (options.which == "throughput") RunThroughput(load, options, log);
  return 0;
}

}  // namespace load

#endif  // BENCHMARKS_LOGGER_LOG_LOAD_H_
