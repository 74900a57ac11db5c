// What the server under load costs, seen from outside through /proc and clocks.
#ifndef BENCHMARKS_LOAD_SERVER_PROCESS_H_
#define BENCHMARKS_LOAD_SERVER_PROCESS_H_

#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace load {

// User memory, in bytes. `anonymous` is what the server allocated; `pss` adds
// its share of mapped files.
struct Memory {
  int64_t anonymous = 0;
  int64_t pss = 0;
};

// The processes of one server (nginx has two), taken together.
class ServerProcess {
 public:
  explicit ServerProcess(std::vector<pid_t> pids) : pids_(std::move(pids)) {}

  bool known() const { return !pids_.empty(); }

  // CPU time of all the threads, user and system, in nanoseconds.
  int64_t CpuNs() const;

  // From /proc/PID/smaps_rollup, which counts pages exactly.
  Memory ReadMemory() const;

  // Returns once the CPU clock has stood still for 300 ms: everything that was
  // sent has been handled. Exits after 20 s of restlessness.
  void WaitUntilIdle() const;

 private:
  std::vector<pid_t> pids_;
};

}  // namespace load

#endif  // BENCHMARKS_LOAD_SERVER_PROCESS_H_
