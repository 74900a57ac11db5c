// A wall clock that is set while the logger runs. This program has a clock_gettime()
// of its own, which all of it calls.
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/logger/file_sink.h"
#include "kingpin/logger/klog.h"
#include "kingpin/logger/logger.h"
#include "tests/logger/sink_testing.h"
#include "tests/testing/scratch_directory.h"

namespace {

std::atomic<int64_t> g_step_nanos = 0;  // Of CLOCK_REALTIME, so far.

}  // namespace

extern "C" int clock_gettime(clockid_t clock, timespec* now) noexcept {
  if (syscall(SYS_clock_gettime, clock, now) != 0) return -1;
  if (clock != CLOCK_REALTIME) return 0;
  constexpr int64_t kSecond = 1'000'000'000;
  const int64_t nanos = now->tv_sec * kSecond + now->tv_nsec + g_step_nanos;
  now->tv_sec = nanos / kSecond;
  now->tv_nsec = nanos % kSecond;
  return 0;
}

namespace kingpin {
namespace {

using testing::CheckedCounters;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::ReadFile;
using testing::ScratchDirectory;
using ::testing::SizeIs;
using testing::SplitLines;

absl::Time TimeOf(const std::string& line) {
  absl::Time time;
  std::string error;
  // A line without a time, or with a mark of being late, is not one.
  EXPECT_TRUE(absl::ParseTime("%Y-%m-%dT%H:%M:%E6SZ",
                              line.substr(0, line.find(' ')), &time, &error))
      << line << ": " << error;
  return time;
}

void Step(absl::Duration by) { g_step_nanos += absl::ToInt64Nanoseconds(by); }

TEST(ClockStep, IsALineAndReordersNothing) {
  ScratchDirectory directory;
  const std::string path = directory.File("log");
  Logger log({.sink = *FileSinkFactory({.path = path})});
  auto write = [&](const char* line) {
    KLOG_TO(log, INFO) << line;
    log.Flush();
  };
  write("first");
  Step(absl::Hours(1));
  write("second");
  Step(-absl::Hours(3));
  write("third");
  Step(absl::Microseconds(100));  // Such a little one is none.
  write("fourth");
  const Logger::Counters counters = CheckedCounters(log);
  EXPECT_EQ(counters.accepted, 4);
  const std::vector<std::string> lines = SplitLines(ReadFile(path));
  ASSERT_THAT(lines, SizeIs(6));
  EXPECT_EQ(lines[1], "clock set by +3600000 ms");
  EXPECT_EQ(lines[3], "clock set by -10800000 ms");
  EXPECT_THAT(lines[5], EndsWith(" fourth"));
  EXPECT_GE(TimeOf(lines[2]), TimeOf(lines[0]) + absl::Hours(1));
  EXPECT_LT(TimeOf(lines[2]), TimeOf(lines[0]) + absl::Hours(2));
  EXPECT_LE(TimeOf(lines[4]), TimeOf(lines[2]) - absl::Hours(2));
  EXPECT_GE(TimeOf(lines[5]), TimeOf(lines[4]));
}

TEST(ClockStep, IsAnObjectInJson) {
  ScratchDirectory directory;
  const std::string path = directory.File("log");
  Logger log(
      {.sink = *FileSinkFactory({.path = path}), .format = LogFormat::kJson});
  log.Write(LogLevel::kInfo, "before");
  log.Flush();
  Step(-absl::Seconds(2));
  log.Write(LogLevel::kInfo, "after");
  log.Flush();
  const std::vector<std::string> lines = SplitLines(ReadFile(path));
  ASSERT_THAT(lines, SizeIs(3));
  EXPECT_THAT(lines[1], HasSubstr("\"event\":\"clock\",\"step_ms\":-2000,"));
}

}  // namespace
}  // namespace kingpin
