// KLOG_EVERY_SECOND: one line a second, which says how many it stands for.
#include <atomic>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/logger/klog.h"
#include "kingpin/logger/logger.h"
#include "kingpin/sys/clock.h"
#include "tests/logger/logger_testing.h"

namespace kingpin {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using testing::InThreads;
using testing::MemoryFile;
using ::testing::SizeIs;

TEST(LoggerEverySecond, CountsWhatItSuppresses) {
  constexpr MonotonicTime kStart = {5};
  log_internal::OncePerSecond limit;
  uint64_t suppressed = 99;
  EXPECT_TRUE(limit.Allow(kStart, &suppressed));
  EXPECT_EQ(suppressed, 0);
  for (int i = 0; i < 17; ++i) EXPECT_FALSE(limit.Allow(kStart, &suppressed));
  EXPECT_FALSE(
      limit.Allow(kStart + absl::Nanoseconds(999'999'999), &suppressed));
  EXPECT_TRUE(limit.Allow(kStart + absl::Seconds(1), &suppressed));
  EXPECT_EQ(suppressed, 18);
  EXPECT_TRUE(limit.Allow(kStart + absl::Seconds(60), &suppressed));
  EXPECT_EQ(suppressed, 0);
}

TEST(LoggerEverySecond, LetsOneThreadThrough) {
  log_internal::OncePerSecond limit;
  std::atomic<int> allowed = 0;
  InThreads(4, [&](int) {
    uint64_t suppressed;
    for (int i = 0; i < 1000; ++i) allowed += limit.Allow({5}, &suppressed);
  });
  EXPECT_EQ(allowed, 1);
  uint64_t suppressed = 0;
  EXPECT_TRUE(limit.Allow({2'000'000'000}, &suppressed));
  EXPECT_EQ(suppressed, 3999);
}

TEST(LoggerEverySecond, AppendsTheSuppressedCount) {
  MemoryFile file;
  Logger log({.fd = file.fd()});
  Logger::SetDefault(&log);
  int calls = 0;
  do {
    KLOG_EVERY_SECOND(ERROR) << "again";
    ++calls;
    if (calls % 1024 == 0) log.Flush();
  } while (log.counters().accepted < 2);
  log.Flush();
  EXPECT_THAT(file.Lines(),
              ElementsAre(EndsWith(" again"),
                          EndsWith(absl::StrCat(" again [", calls - 2,
                                                " suppressed]"))));
}

TEST(LoggerEverySecond, DisabledLevelCountsNothing) {
  MemoryFile file;
  Logger log({.fd = file.fd()});
  Logger::SetDefault(&log);
  for (int pass = 0; pass < 2; ++pass) {
    log.set_min_level(pass == 0 ? LogLevel::kError : LogLevel::kInfo);
    KLOG_EVERY_SECOND(INFO) << "once";
  }
  log.Flush();
  EXPECT_THAT(file.Lines(), SizeIs(1));
}

}  // namespace
}  // namespace kingpin
