#include "kingpin/logger/tell_stderr.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstdarg>
#include <cstddef>
#include <cstdio>

#include "kingpin/logger/write_signals_guard.h"

namespace kingpin::log_internal {

void TellStderr(std::string_view text) {
  // A file can always be written to, says poll(), also where it may not grow.
  const WriteSignalsGuard guard;
  pollfd stderr_fd = {.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
  // Where the reader has gone there is POLLERR as well.
  if (::poll(&stderr_fd, 1, /*timeout=*/0) != 1 ||
      stderr_fd.revents != POLLOUT) {
    return;
  }
  [[maybe_unused]] const ssize_t n =
      ::write(STDERR_FILENO, text.data(), text.size());
}

void TellStderrFormatted(const char* format, ...) {
  char text[256];
  va_list arguments;
  va_start(arguments, format);
  const int size = std::vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);
  const size_t most = sizeof(text) - 1;
  if (size > 0) TellStderr({text, std::min(static_cast<size_t>(size), most)});
}

}  // namespace kingpin::log_internal
