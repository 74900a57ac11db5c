#include "kingpin/pool/loop_stats.h"

#include <string>
#include <thread>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace kingpin {
namespace {

using ::testing::HasSubstr;

TEST(Counter, IsReadWhileItIsWritten) {
  Counter counter;
  std::thread writer([&] {
    for (int i = 0; i < 100'000; ++i) counter.Add();
  });
  uint64_t last = 0;
  while (last < 100'000) {
    uint64_t value = counter.value();
    ASSERT_GE(value, last);
    last = value;
  }
  writer.join();
  counter.Add(5);
  EXPECT_EQ(counter.value(), 100'005u);
}

TEST(DurationHistogram, EmptyHasNoQuantiles) {
  DurationHistogram histogram;
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.Quantile(0.99), absl::ZeroDuration());
}

TEST(DurationHistogram, QuantileIsAnUpperBoundWithinAFactorOfTwo) {
  DurationHistogram histogram;
  for (int i = 1; i <= 1000; ++i) histogram.Add(absl::Microseconds(i));
  EXPECT_EQ(histogram.count(), 1000u);
  for (double q : {0.1, 0.5, 0.9, 0.99, 1.0}) {
    absl::Duration exact = absl::Microseconds(1000 * q);
    EXPECT_GE(histogram.Quantile(q), exact) << q;
    EXPECT_LE(histogram.Quantile(q), 2 * exact + absl::Microseconds(1)) << q;
  }
}

TEST(DurationHistogram, ExtremesHaveABucket) {
  DurationHistogram histogram;
  histogram.Add(absl::ZeroDuration());
  histogram.Add(-absl::Seconds(1));
  histogram.Add(absl::Nanoseconds(1));
  EXPECT_EQ(histogram.Quantile(1.0), absl::Microseconds(2));
  histogram.Add(absl::InfiniteDuration());
  EXPECT_EQ(histogram.count(), 4u);
  EXPECT_GT(histogram.Quantile(1.0), absl::Minutes(9));
}

TEST(LoopStats, PrintsNamesAndValues) {
  LoopStats stats;
  stats.iterations.Add(3);
  stats.accepts.Add(7);
  stats.overflows.Add(2);
  std::string text = stats.ToString();
  EXPECT_THAT(text, HasSubstr("iterations=3 "));
  EXPECT_THAT(text, HasSubstr(" accepts=7 "));
  EXPECT_THAT(text, HasSubstr(" overflows=2 "));
  EXPECT_EQ(text.find('\n'), text.npos);
}

}  // namespace
}  // namespace kingpin
