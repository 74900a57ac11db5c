#include "kingpin/logger/ticks.h"

#include <string>
#include <string_view>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "kingpin/logger/timestamp.h"

namespace kingpin::log_internal {
namespace {

TEST(TickClock, BracketsTheWallClock) {
  UseBestTickSource();
  TickClock clock;
  for (int i = 0; i < 1000; ++i) {
    const int64_t before = absl::GetCurrentTimeNanos();
    const uint64_t ticks = ReadTicks();
    const int64_t after = absl::GetCurrentTimeNanos();
    EXPECT_EQ(clock.Sync(), 0);
    const int64_t nanos = clock.ToUnixNanos(ticks);
    // Reading two clocks takes this long; more if the thread is preempted between.
    EXPECT_GE(nanos, before - 100'000);
    EXPECT_LE(nanos, after + 100'000);
  }
}

TEST(Ticks, NeverGoBackOnOneThread) {
  UseBestTickSource();
  uint64_t last = 0;
  for (int i = 0; i < 100000; ++i) {
    const uint64_t now = ReadTicks();
    EXPECT_GE(now, last);
    last = now;
  }
}

TEST(Timestamp, IsTheSameAsAbseils) {
  TimestampWriter writer;
  for (int64_t nanos :
       {int64_t{0}, int64_t{999'999'999}, int64_t{1'000'000'000}, int64_t{-1},
        int64_t{-1'000'000'000}, int64_t{951'782'400'123'456'789},
        int64_t{1'795'433'728'123'456'000}, int64_t{4'102'444'799'999'999'999},
        int64_t{4'102'444'800'000'000'000}}) {
    char text[TimestampWriter::kMaxSize];
    const char* end = writer.Write(nanos, text);
    EXPECT_EQ(
        std::string_view(text, end - text),
        absl::FormatTime("%E4Y-%m-%dT%H:%M:%E6SZ", absl::FromUnixNanos(nanos),
                         absl::UTCTimeZone()));
  }
}

// Fixed ones, because a zone by its name needs files that are not everywhere.
TEST(Timestamp, IsTheSameAsAbseilsInOtherZones) {
  for (const int minutes : {60, -60, 330, -570, 0, 14 * 60, -12 * 60}) {
    const absl::TimeZone zone = absl::FixedTimeZone(minutes * 60);
    TimestampWriter writer(zone);
    for (int64_t nanos : {int64_t{0}, int64_t{951'782'400'123'456'789},
                          int64_t{1'795'433'728'123'456'000},
                          int64_t{1'795'478'399'999'999'999}}) {
      char text[TimestampWriter::kMaxSize];
      const char* end = writer.Write(nanos, text);
      const std::string_view expected_zone = minutes == 0 ? "Z" : "";
      const std::string expected = absl::FormatTime(
          minutes == 0 ? "%E4Y-%m-%dT%H:%M:%E6S" : "%E4Y-%m-%dT%H:%M:%E6S%Ez",
          absl::FromUnixNanos(nanos), zone);
      EXPECT_EQ(std::string_view(text, end - text),
                expected + std::string(expected_zone));
    }
  }
}

// RFC 3339 has no seconds of an offset; the time is that of the offset it says.
TEST(Timestamp, SecondsOfAnOffsetAreLeftOut) {
  TimestampWriter writer(absl::FixedTimeZone(53 * 60 + 28));
  char text[TimestampWriter::kMaxSize];
  const char* end = writer.Write(0, text);
  EXPECT_EQ(std::string_view(text, end - text),
            "1970-01-01T00:53:00.000000+00:53");
}

}  // namespace
}  // namespace kingpin::log_internal
