#include "apps/bench_client/recorder.h"

#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "apps/bench_client/pace.h"
#include "gtest/gtest.h"
#include "kingpin/sys/clock.h"

namespace bench_client {
namespace {

using kingpin::Clock;
using kingpin::MonotonicTime;

Counts Of(uint64_t responses, int64_t ns) {
  Counts counts;
  counts.responses = responses;
  for (uint64_t i = 0; i < responses; ++i) counts.latency.Record(ns);
  return counts;
}

TEST(Recorder, IntervalsAndTheTotal) {
  Recorder recorder(absl::Seconds(1));
  recorder.Add(0, Of(2, 10));
  recorder.Add(0, Of(1, 20));
  recorder.Add(1, Of(5, 30));
  EXPECT_EQ(recorder.Total().responses, 8u);
  const std::vector<Interval> intervals = recorder.Intervals(1.5);
  ASSERT_EQ(intervals.size(), 2u);
  EXPECT_EQ(intervals[0].responses, 3u);
  EXPECT_EQ(intervals[0].max_ns, 20);
  EXPECT_EQ(intervals[0].seconds, 1);
  EXPECT_EQ(intervals[1].begin_seconds, 1);
  EXPECT_EQ(intervals[1].seconds, 0.5);
  EXPECT_EQ(intervals[1].p50_ns, 30);
}

TEST(Recorder, NewsComeOnce) {
  Recorder recorder(absl::Seconds(1));
  recorder.Add(0, Of(2, 10));
  EXPECT_EQ(recorder.TakeNews().responses, 2u);
  EXPECT_EQ(recorder.TakeNews().responses, 0u);
  recorder.Add(0, Of(3, 10));
  EXPECT_EQ(recorder.TakeNews().responses, 3u);
}

TEST(Recorder, WhoIsLateIsNotLost) {
  Recorder recorder(absl::Seconds(1));
  for (int i = 0; i < 50; ++i) recorder.Add(i, Of(1, 10));
  recorder.Add(0, Of(7, 10));
  EXPECT_EQ(recorder.Total().responses, 57u);
  uint64_t sum = 0;
  for (const Interval& interval : recorder.Intervals(50)) {
    sum += interval.responses;
  }
  EXPECT_EQ(sum, 57u);
}

TEST(Recorder, FromManyThreads) {
  Recorder recorder(absl::Seconds(1));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) recorder.Add(i, Of(1, 10));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(recorder.Total().responses, 400u);
}

TEST(Pace, SendsWhatIsDue) {
  Clock clock = Clock::Manual();
  Pace pace(clock.Now(), /*gap_ns=*/2e6);
  clock.Advance(absl::Milliseconds(5));
  int sent = 0;
  while (pace.due() <= clock.Now()) {
    pace.Take();
    ++sent;
  }
  EXPECT_EQ(sent, 3);
}

TEST(Pace, FallsDueAtItsRateForEver) {
  Pace pace(MonotonicTime{1'000}, 333.5);
  EXPECT_EQ(pace.Behind(MonotonicTime{999}), 0u);
  EXPECT_EQ(pace.Behind(MonotonicTime{1'000}), 1u);
  EXPECT_EQ(pace.Take().nanos, 1'000);
  EXPECT_EQ(pace.due().nanos, 1'333);
  EXPECT_EQ(pace.Behind(MonotonicTime{1'332}), 0u);
  EXPECT_EQ(pace.Behind(MonotonicTime{1'000 + 3'335}), 10u);
  for (int i = 1; i < 1'000'000; ++i) pace.Take();
  EXPECT_EQ(pace.due().nanos, 1'000 + 333'500'000);
}

}  // namespace
}  // namespace bench_client
