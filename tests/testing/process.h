// What a test asks of, or does to, its own process.
#ifndef KINGPIN_TESTS_TESTING_PROCESS_H_
#define KINGPIN_TESTS_TESTING_PROCESS_H_

#include <sys/resource.h>
#include <sys/types.h>

#include <functional>
#include <set>

#include "absl/time/time.h"

namespace kingpin {
namespace testing {

// How long a test waits for what must happen before it calls that a failure.
// Long, because a loaded machine under a sanitizer is slow and not wrong.
inline constexpr absl::Duration kPatience = absl::Seconds(60);

// The descriptors that this process has open.
std::set<int> OpenDescriptors();

// Lets the process open only `spare` more descriptors than it has, for its own
// lifetime.
class ScopedDescriptorLimit {
 public:
  explicit ScopedDescriptorLimit(int spare);
  ~ScopedDescriptorLimit();
  ScopedDescriptorLimit(const ScopedDescriptorLimit&) = delete;
  ScopedDescriptorLimit& operator=(const ScopedDescriptorLimit&) = delete;

 private:
  rlimit before_;
};

// Runs `body` in a forked child, whose exit status is what it returns. For a
// test that has made no thread yet.
pid_t Fork(const std::function<int()>& body);
// The exit status of `child`; 1000 + the signal that ended it.
int WaitForExit(pid_t child);

// True once `condition` is, false if it was not within kPatience. For what no
// thread announces; looks a thousand times a second.
bool Eventually(const std::function<bool()>& condition);

}  // namespace testing
}  // namespace kingpin

#endif  // KINGPIN_TESTS_TESTING_PROCESS_H_
