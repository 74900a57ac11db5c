#include "benchmarks/load/server_process.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <string>

#include "benchmarks/load/sockets.h"

namespace load {
namespace {

Memory ReadOne(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
  if (!file) Die("smaps_rollup");
  Memory memory;
  for (std::string line; std::getline(file, line);) {
    long kib;
    if (std::sscanf(line.c_str(), "Anonymous: %ld kB", &kib) == 1) {
      memory.anonymous = kib * 1024;
    } else if (std::sscanf(line.c_str(), "Pss: %ld kB", &kib) == 1) {
      memory.pss = kib * 1024;
    }
  }
  return memory;
}

}  // namespace

int64_t ServerProcess::CpuNs() const {
  int64_t sum = 0;
  for (const pid_t pid : pids_) {
    clockid_t clock;
    errno = clock_getcpuclockid(pid, &clock);
    timespec time;
    if (errno != 0 || clock_gettime(clock, &time) != 0) {
      Die("the server's CPU clock");
    }
    sum += time.tv_sec * int64_t{1'000'000'000} + time.tv_nsec;
  }
  return sum;
}

Memory ServerProcess::ReadMemory() const {
  Memory sum;
  for (const pid_t pid : pids_) {
    const Memory one = ReadOne(pid);
    sum.anonymous += one.anonymous;
    sum.pss += one.pss;
  }
  return sum;
}

void ServerProcess::WaitUntilIdle() const {
  constexpr int kStepUs = 20'000;
  constexpr int kQuietSteps = 15;
  constexpr int kMostSteps = 1000;
  // A heartbeat is not work: less than 0.5 % of one CPU counts as standing.
  constexpr int64_t kQuietNs = kStepUs * 1000 / 200;
  int64_t last = CpuNs();
  int quiet = 0;
  for (int step = 0; quiet < kQuietSteps; ++step) {
    if (step == kMostSteps) {
      errno = EBUSY;
      Die("the server does not come to rest");
    }
    usleep(kStepUs);
    const int64_t now = CpuNs();
    quiet = now - last <= kQuietNs ? quiet + 1 : 0;
    last = now;
  }
}

}  // namespace load
