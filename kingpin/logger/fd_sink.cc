#include "kingpin/logger/fd_sink.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

#include "kingpin/logger/ticks.h"

namespace kingpin {
namespace log_internal {

SysResult<size_t> WriteAll(int fd, std::string_view data) {
  size_t taken = 0;
  while (taken < data.size()) {
    const SysResult<size_t> result =
        sys::Write(fd, data.data() + taken, data.size() - taken);
    if (result.ok() && result.value > 0) {
      taken += result.value;
    } else if (result.error == EAGAIN) {
      // A file never says EAGAIN; a pipe, a socket or a terminal can be polled.
      pollfd writable = {.fd = fd, .events = POLLOUT, .revents = 0};
      ::poll(&writable, 1, /*timeout=*/-1);
    } else {
      // Nothing taken and no error: as good as one, and it must not be retried
      // for ever.
      return {taken, result.ok() ? EIO : result.error};
    }
  }
  return {taken, 0};
}

int SyncAll(int fd, int (*sync)(int fd)) {
  while (sync(fd) != 0) {
    if (errno == EINVAL || errno == EROFS) return 0;
    if (errno != EINTR) return errno;
  }
  return 0;
}

int PollMillis(absl::Duration wait) {
  return static_cast<int>(absl::ToInt64Milliseconds(
      absl::Ceil(std::clamp(wait, absl::ZeroDuration(), absl::Hours(24)),
                 absl::Milliseconds(1))));
}

}  // namespace log_internal

SysResult<size_t> FdSink::Write(const LogBatch& batch) {
  if (patience_ == absl::InfiniteDuration()) {
    return log_internal::WriteAll(fd_, batch.text);
  }
  return WriteInTime(batch.text);
}

SysResult<size_t> FdSink::WriteInTime(std::string_view data) {
  constexpr size_t kAlwaysFits = 4096;
  const uint64_t begin = log_internal::MonotonicNanos();
  size_t taken = 0;
  while (taken < data.size()) {
    const absl::Duration waited =
        absl::Nanoseconds(log_internal::MonotonicNanos() - begin);
    pollfd writable = {.fd = fd_, .events = POLLOUT, .revents = 0};
    const int ready =
        ::poll(&writable, 1,
               waits_ ? log_internal::PollMillis(patience_ - waited) : 0);
    if (ready < 0 && errno == EINTR) continue;
    waits_ = ready > 0;
    if (!waits_) return {taken, EAGAIN};
    const SysResult<size_t> result = sys::Write(
        fd_, data.data() + taken, std::min(data.size() - taken, kAlwaysFits));
    if (result.error == EAGAIN) continue;
    if (!result.ok() || result.value == 0) {
      return {taken, result.ok() ? EIO : result.error};
    }
    taken += result.value;
  }
  return {taken, 0};
}

int FdSink::Sync() { return log_internal::SyncAll(fd_, &::fsync); }

}  // namespace kingpin
