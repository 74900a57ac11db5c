#include "apps/bench_client/latency_histogram.h"

#include "gtest/gtest.h"

namespace bench_client {
namespace {

TEST(LatencyHistogramTest, EmptyHasNoLatency) {
  EXPECT_EQ(LatencyHistogram().PercentileNs(0.99), 0);
}

TEST(LatencyHistogramTest, SmallValuesAreExact) {
  LatencyHistogram histogram;
  for (int i = 1; i <= 50; ++i) histogram.Record(i);
  EXPECT_EQ(histogram.PercentileNs(0.5), 25);
  EXPECT_EQ(histogram.PercentileNs(1), 50);
}

TEST(LatencyHistogramTest, LargeValuesAreWithinTheResolution) {
  for (int64_t ns = 1; ns < int64_t{1} << 61; ns = ns * 3 + 1) {
    LatencyHistogram histogram;
    histogram.Record(ns);
    histogram.Record(int64_t{1} << 62);
    EXPECT_GE(histogram.PercentileNs(0.5), ns);
    EXPECT_LE(histogram.PercentileNs(0.5), ns + ns / 64);
  }
}

TEST(LatencyHistogramTest, CountsUpToAValue) {
  LatencyHistogram histogram;
  for (int64_t ns : {10, 20, 1'000'000}) histogram.Record(ns);
  EXPECT_EQ(histogram.CountUpTo(-1), 0u);
  EXPECT_EQ(histogram.CountUpTo(9), 0u);
  EXPECT_EQ(histogram.CountUpTo(10), 1u);
  EXPECT_EQ(histogram.CountUpTo(999), 2u);
  EXPECT_EQ(histogram.CountUpTo(1'000'000), 3u);
  EXPECT_EQ(histogram.CountUpTo(INT64_MAX), 3u);
}

TEST(LatencyHistogramTest, MergeKeepsCountAndMaximum) {
  LatencyHistogram a;
  LatencyHistogram b;
  a.Record(10);
  b.Record(1'000'000);
  a.Merge(b);
  EXPECT_EQ(a.count(), 2u);
  EXPECT_EQ(a.max_ns(), 1'000'000);
  EXPECT_EQ(a.PercentileNs(0.5), 10);
  EXPECT_EQ(a.PercentileNs(0.99), 1'000'000);
}

}  // namespace
}  // namespace bench_client
