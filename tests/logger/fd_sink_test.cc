// What FdSink waits for, and what its neighbours do with their descriptors.
#include "kingpin/logger/fd_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "kingpin/logger/ticks.h"
#include "kingpin/sys/unique_fd.h"

namespace kingpin {
namespace {

// A pipe that is full.
struct FullPipe {
  FullPipe() {
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    reader.Reset(ends[0]);
    writer.Reset(ends[1]);
    const std::string page(4096, 'x');
    while (write(writer.get(), page.data(), page.size()) > 0) {
    }
    EXPECT_EQ(errno, EAGAIN);
  }
  UniqueFd reader;
  UniqueFd writer;
};

TEST(FdSink, WaitsForAPatienceBelowAMillisecondToo) {
  FullPipe pipe;
  constexpr absl::Duration kPatience = absl::Microseconds(900);
  FdSink sink(pipe.writer.get(), kPatience);
  const uint64_t begin = log_internal::MonotonicNanos();
  const SysResult<size_t> result = sink.Write({.text = "line\n", .lines = {}});
  const uint64_t took = log_internal::MonotonicNanos() - begin;
  EXPECT_EQ(result.error, EAGAIN);
  EXPECT_EQ(result.value, 0);
  EXPECT_GE(absl::Nanoseconds(took), kPatience);
}

int calls;
int InterruptedTwice(int) {
  if (++calls == 3) return 0;
  errno = EINTR;
  return -1;
}
int Fails(int) {
  errno = EIO;
  return -1;
}

TEST(SyncAll, GoesOnAfterASignal) {
  calls = 0;
  EXPECT_EQ(log_internal::SyncAll(/*fd=*/-1, &InterruptedTwice), 0);
  EXPECT_EQ(calls, 3);
}

TEST(SyncAll, TellsErrorsButNotThatThereIsNothingToSync) {
  EXPECT_EQ(log_internal::SyncAll(/*fd=*/-1, &Fails), EIO);
  EXPECT_EQ(log_internal::SyncAll(/*fd=*/-1, &fsync), EBADF);
  const FullPipe pipe;
  EXPECT_EQ(log_internal::SyncAll(pipe.writer.get(), &fsync), 0);
}

}  // namespace
}  // namespace kingpin
