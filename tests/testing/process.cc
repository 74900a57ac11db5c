#include "tests/testing/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "absl/time/clock.h"

namespace kingpin {
namespace testing {

std::set<int> OpenDescriptors() {
  std::set<int> fds;
  for (const auto& entry :
       std::filesystem::directory_iterator("/proc/self/fd")) {
    fds.insert(std::atoi(entry.path().filename().c_str()));
  }
  // The one that read the folder is gone again.
  std::erase_if(fds, [](int fd) { return fcntl(fd, F_GETFD) < 0; });
  return fds;
}

ScopedDescriptorLimit::ScopedDescriptorLimit(int spare) {
  getrlimit(RLIMIT_NOFILE, &before_);
  std::set<int> open = OpenDescriptors();
  int limit = 0;
  // The limit bounds numbers, and free numbers below the highest count too.
  for (int left = spare; left > 0 || open.contains(limit); ++limit) {
    if (!open.contains(limit)) --left;
  }
  rlimit lower = before_;
  lower.rlim_cur = limit;
  setrlimit(RLIMIT_NOFILE, &lower);
}

ScopedDescriptorLimit::~ScopedDescriptorLimit() {
  setrlimit(RLIMIT_NOFILE, &before_);
}

pid_t Fork(const std::function<int()>& body) {
  pid_t child = fork();
  if (child != 0) return child;
  _exit(body());
}

int WaitForExit(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

bool Eventually(const std::function<bool()>& condition) {
  absl::Time deadline = absl::Now() + kPatience;
  while (!condition()) {
    if (absl::Now() > deadline) return false;
    poll(nullptr, 0, 1);
  }
  return true;
}

}  // namespace testing
}  // namespace kingpin
