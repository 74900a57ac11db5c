#include "kingpin/sys/clock.h"

#include <cstdint>
#include <thread>

#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace kingpin {
namespace {

TEST(MonotonicTime, AddsAndSubtracts) {
  MonotonicTime t = {1000};
  EXPECT_EQ((t + absl::Nanoseconds(5)).nanos, 1005);
  EXPECT_EQ((t + -absl::Nanoseconds(5)).nanos, 995);
  EXPECT_EQ((t + absl::Seconds(2)) - t, absl::Seconds(2));
  EXPECT_EQ(t - (t + absl::Seconds(2)), -absl::Seconds(2));
}

TEST(MonotonicTime, Orders) {
  EXPECT_LT(MonotonicTime{1}, MonotonicTime{2});
  EXPECT_EQ(MonotonicTime{1}, MonotonicTime{1});
}

TEST(MonotonicTime, OverflowSaturates) {
  MonotonicTime t = {1000};
  EXPECT_EQ((t + absl::InfiniteDuration()).nanos, INT64_MAX);
  EXPECT_EQ((MonotonicTime{-1000} + -absl::InfiniteDuration()).nanos,
            INT64_MIN);
  EXPECT_EQ((t + absl::Hours(24 * 365 * 1000)).nanos, INT64_MAX);
  EXPECT_EQ((MonotonicTime{INT64_MAX} + absl::Nanoseconds(1)).nanos, INT64_MAX);
  EXPECT_EQ(MonotonicTime{INT64_MAX} - MonotonicTime{INT64_MIN},
            absl::Nanoseconds(INT64_MAX) - absl::Nanoseconds(INT64_MIN));
}

TEST(Clock, RealNeverGoesBack) {
  const Clock& clock = Clock::Real();
  MonotonicTime last = clock.Now();
  EXPECT_GT(last.nanos, 0);
  for (int i = 0; i < 1000; ++i) {
    MonotonicTime now = clock.Now();
    EXPECT_GE(now, last);
    last = now;
  }
  EXPECT_EQ(&Clock::Real(), &clock);
}

TEST(Clock, ManualStandsStillUntilAdvanced) {
  Clock clock = Clock::Manual();
  MonotonicTime start = clock.Now();
  EXPECT_EQ(clock.Now(), start);
  clock.Advance(absl::Seconds(30));
  EXPECT_EQ(clock.Now() - start, absl::Seconds(30));
}

TEST(Clock, ManualAdvancePastTheEndStaysThere) {
  Clock clock = Clock::Manual();
  clock.Advance(absl::InfiniteDuration());
  EXPECT_EQ(clock.Now().nanos, INT64_MAX);
  clock.Advance(absl::Seconds(1));
  EXPECT_EQ(clock.Now().nanos, INT64_MAX);
}

TEST(Clock, ManualAdvancesFromAnyThread) {
  Clock clock = Clock::Manual();
  MonotonicTime start = clock.Now();
  auto advance = [&] {
    for (int i = 0; i < 1000; ++i) clock.Advance(absl::Nanoseconds(1));
  };
  std::thread a(advance);
  std::thread b(advance);
  a.join();
  b.join();
  EXPECT_EQ(clock.Now() - start, absl::Nanoseconds(2000));
}

}  // namespace
}  // namespace kingpin
