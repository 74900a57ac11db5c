#include "kingpin/logger/tell_stderr.h"

#include <poll.h>
#include <unistd.h>

namespace kingpin::log_internal {

void TellStderr(std::string_view text) {
  pollfd stderr_fd = {.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
  // Where the reader has gone there is POLLERR as well, and SIGPIPE for a write.
  if (::poll(&stderr_fd, 1, /*timeout=*/0) != 1 ||
      stderr_fd.revents != POLLOUT) {
    return;
  }
  [[maybe_unused]] const ssize_t n =
      ::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace kingpin::log_internal
