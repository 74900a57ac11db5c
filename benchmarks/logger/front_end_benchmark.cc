// What a log statement costs the thread that logs, and how many lines a second get
// through to a file. See README.md.
//
//   front_end_benchmark [--spin] FILE
//
// BLACK_BOX=PATH in the environment: with a black box there.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <x86intrin.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "kingpin/logger/klog.h"
#include "kingpin/sys/syscalls.h"
#include "kingpin/sys/unique_fd.h"

namespace {

using kingpin::Logger;

double NowSeconds(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + now.tv_nsec * 1e-9;
}

double NanosPerTick() {
  const double begin = NowSeconds(CLOCK_MONOTONIC);
  const uint64_t ticks = __rdtsc();
  while (NowSeconds(CLOCK_MONOTONIC) - begin < 0.1) {
  }
  return (NowSeconds(CLOCK_MONOTONIC) - begin) * 1e9 /
         static_cast<double>(__rdtsc() - ticks);
}

void Print(const char* what, std::vector<double>& samples) {
  std::sort(samples.begin(), samples.end());
  auto at = [&](double quantile) {
    return samples[static_cast<size_t>(quantile * (samples.size() - 1))];
  };
  std::printf(
      "%-28s p50 %6.1f  p90 %6.1f  p99 %6.1f  p99.9 %7.1f  max %9.1f ns\n",
      what, at(0.5), at(0.9), at(0.99), at(0.999), samples.back());
}

struct Message {
  int i;
  int j;
  double d;
};

void LogOne(Logger& log, const Message& m) {
  KLOGF_TO(log, INFO, "Logging int: {}, int: {}, double: {}", m.i, m.j, m.d);
}

void Bursts(Logger& log, int threads, double nanos_per_tick) {
  std::vector<double> averages;
  std::mutex mu;
  const char* us = std::getenv("WAIT_US");
  const double wait = (us ? std::atof(us) : 500) * 1e-6;
  auto body = [&](int thread) {
    std::vector<double> mine;
    Message m = {thread, 0, 1.5};
    LogOne(log, m);
    log.Flush();
    for (int iteration = 0; iteration < 10000; ++iteration) {
      unsigned aux;
      const uint64_t begin = __rdtscp(&aux);
      for (int call = 0; call < 20; ++call) {
        m.j = call;
        m.d = iteration + 0.1;
        LogOne(log, m);
      }
      const uint64_t end = __rdtscp(&aux);
      mine.push_back(static_cast<double>(end - begin) * nanos_per_tick / 20);
      const double until = NowSeconds(CLOCK_MONOTONIC) + wait;
      while (NowSeconds(CLOCK_MONOTONIC) < until) {
      }
    }
    std::lock_guard<std::mutex> lock(mu);
    averages.insert(averages.end(), mine.begin(), mine.end());
  };
  std::vector<std::thread> running;
  for (int i = 0; i < threads; ++i) running.emplace_back(body, i);
  for (std::thread& thread : running) thread.join();
  Print(threads == 1 ? "burst of 20, 1 thread" : "burst of 20, 2 threads",
        averages);
}

void Floor(double nanos_per_tick) {
  std::vector<double> averages;
  for (int iteration = 0; iteration < 10000; ++iteration) {
    unsigned aux;
    const uint64_t begin = __rdtscp(&aux);
    for (int call = 0; call < 20; ++call) {
      asm volatile("" : : "r"(__rdtsc()));
    }
    const uint64_t end = __rdtscp(&aux);
    averages.push_back(static_cast<double>(end - begin) * nanos_per_tick / 20);
    const double until = NowSeconds(CLOCK_MONOTONIC) + 0.0005;
    while (NowSeconds(CLOCK_MONOTONIC) < until) {
    }
  }
  Print("floor: 20 times rdtsc", averages);
}

void Singles(Logger& log, double nanos_per_tick) {
  std::vector<double> times;
  std::thread([&] {
    Message m = {1, 2, 1.5};
    for (int i = 0; i < 200000; ++i) {
      unsigned aux;
      m.j = i;
      const uint64_t begin = __rdtscp(&aux);
      LogOne(log, m);
      const uint64_t end = __rdtscp(&aux);
      times.push_back(static_cast<double>(end - begin) * nanos_per_tick);
      const uint64_t until = end + 2600 * 5;
      while (__rdtsc() < until) {
      }
    }
  }).join();
  Print("every call (rdtscp incl.)", times);
}

void Throughput(Logger& log, int threads, int lines) {
  rusage before;
  getrusage(RUSAGE_SELF, &before);
  const double begin = NowSeconds(CLOCK_MONOTONIC);
  std::vector<std::thread> running;
  for (int t = 0; t < threads; ++t) {
    running.emplace_back([&log, t, lines, threads] {
      for (int i = 0; i < lines / threads; ++i) {
        LogOne(log, {t, i, i + 0.5});
      }
    });
  }
  for (std::thread& thread : running) thread.join();
  const double produced = NowSeconds(CLOCK_MONOTONIC) - begin;
  log.Flush();
  const double seconds = NowSeconds(CLOCK_MONOTONIC) - begin;
  rusage after;
  getrusage(RUSAGE_SELF, &after);
  auto cpu = [](const rusage& r) {
    return r.ru_utime.tv_sec + r.ru_stime.tv_sec +
           (r.ru_utime.tv_usec + r.ru_stime.tv_usec) * 1e-6;
  };
  auto sys = [](const rusage& r) {
    return r.ru_stime.tv_sec + r.ru_stime.tv_usec * 1e-6;
  };
  std::printf(
      "%d producers: %.2f M lines/s (%.2f s; producers %.2f s), CPU %.3f s/M "
      "(system "
      "%.3f)\n",
      threads, lines / seconds * 1e-6, seconds, produced,
      (cpu(after) - cpu(before)) / lines * 1e6,
      (sys(after) - sys(before)) / lines * 1e6);
}

void PrintCounters(const Logger& log) {
  const Logger::Counters c = log.counters();
  std::printf("accepted %lu written %lu dropped %lu high water %lu stall %s\n",
              c.accepted, c.written, c.dropped, c.high_water_bytes,
              absl::FormatDuration(c.longest_stall).c_str());
}

}  // namespace

int main(int argc, char** argv) {
  const bool spin = argc > 2 && std::strcmp(argv[1], "--spin") == 0;
  const char* path = argv[argc - 1];
  const double nanos_per_tick = NanosPerTick();
  const char* kb = std::getenv("BUFFER_KB");
  const size_t buffer = (kb ? std::atoi(kb) : 256) << 10;
  const char* box = std::getenv("BLACK_BOX");
  auto run = [&](auto body) {
    unlink(path);
    kingpin::UniqueFd fd =
        kingpin::sys::Open(path, O_WRONLY | O_CREAT | O_APPEND, 0644).value;
    Logger log(
        {.fd = fd.get(),
         .buffer_bytes = buffer,
         .poll_interval = spin ? absl::ZeroDuration() : absl::Milliseconds(1),
         .black_box = box == nullptr ? "" : box});
    if (!log.black_box_status().ok()) std::abort();
    body(log);
    PrintCounters(log);
  };
  Floor(nanos_per_tick);
  run([&](Logger& log) { Bursts(log, 1, nanos_per_tick); });
  if (std::getenv("SHORT")) return 0;
  run([&](Logger& log) { Bursts(log, 2, nanos_per_tick); });
  run([&](Logger& log) { Singles(log, nanos_per_tick); });
  for (int threads : {1, 2, 4}) {
    run([&](Logger& log) { Throughput(log, threads, 4'000'000); });
  }
  unlink(path);
}
