// Memory that runs out: operator new of the whole test is ours, and fails on demand.
//
// NoMemoryHere  any allocation of this thread fails while one lives
// NoMemoryFrom  any of so many bytes or more, on any thread
// spared_allocations()
//               so many of this thread succeed before all fail; below 0, as at the
//               start: none fails
// failed_allocations()
//               how many have failed so far, on all threads
//
//   {
//     const testing::NoMemoryHere none;
//     log.Write(LogLevel::kWarning, large);  // Does not throw.
//   }
//
// Threads: as said; NoMemoryFrom one at a time.
#ifndef KINGPIN_TESTS_TESTING_OUT_OF_MEMORY_H_
#define KINGPIN_TESTS_TESTING_OUT_OF_MEMORY_H_

#include <cstddef>
#include <cstdint>

namespace kingpin {
namespace testing {

int& spared_allocations();
uint64_t failed_allocations();

class NoMemoryHere {
 public:
  NoMemoryHere() { spared_allocations() = 0; }
  ~NoMemoryHere() { spared_allocations() = -1; }
  NoMemoryHere(const NoMemoryHere&) = delete;
  NoMemoryHere& operator=(const NoMemoryHere&) = delete;
};

class NoMemoryFrom {
 public:
  explicit NoMemoryFrom(size_t bytes);
  ~NoMemoryFrom();
  NoMemoryFrom(const NoMemoryFrom&) = delete;
  NoMemoryFrom& operator=(const NoMemoryFrom&) = delete;
};

}  // namespace testing
}  // namespace kingpin

#endif  // KINGPIN_TESTS_TESTING_OUT_OF_MEMORY_H_
