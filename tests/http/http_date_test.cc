#include "kingpin/http/http_date.h"

#include <gtest/gtest.h>
#include <time.h>

#include <limits>
#include <string>
#include <string_view>

namespace kingpin::http {
namespace {

constexpr int64_t kNow = 1'700'000'000;  // 2023-11-14.
constexpr int64_t kExample = 784'111'777;

std::string Write(int64_t seconds) {
  char text[kHttpDateSize];
  WriteHttpDate(seconds, text);
  return std::string(text, sizeof(text));
}

TEST(HttpDateTest, WritesImfFixdate) {
  EXPECT_EQ(Write(kExample), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(Write(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(Write(-1), "Wed, 31 Dec 1969 23:59:59 GMT");
  EXPECT_EQ(Write(951'782'400), "Tue, 29 Feb 2000 00:00:00 GMT");
  EXPECT_EQ(Write(int64_t{1} << 31), "Tue, 19 Jan 2038 03:14:08 GMT");
}

TEST(HttpDateTest, WritesTimesOutOfRangeAsTheNearest) {
  EXPECT_EQ(Write(std::numeric_limits<int64_t>::max()),
            "Fri, 31 Dec 9999 23:59:59 GMT");
  EXPECT_EQ(Write(std::numeric_limits<int64_t>::min()),
            "Sat, 01 Jan 0000 00:00:00 GMT");
}

TEST(HttpDateTest, AgreesWithTheLibraryAndReadsWhatItWrites) {
  // A prime number of seconds, about 50 days: every field changes.
  for (int64_t t = -62'000'000'000; t < 250'000'000'000; t += 4'320'013) {
    const time_t time = t;
    tm parts{};
    ASSERT_NE(gmtime_r(&time, &parts), nullptr);
    const std::string text = Write(t);
    ASSERT_EQ(std::stoi(text.substr(5, 2)), parts.tm_mday) << t;
    ASSERT_EQ(std::stoi(text.substr(12, 4)), parts.tm_year + 1900) << t;
    ASSERT_EQ(std::stoi(text.substr(17, 2)), parts.tm_hour) << t;
    ASSERT_EQ(ParseHttpDate(text, kNow), t) << text;
  }
}

TEST(HttpDateTest, ReadsTheThreeFormats) {
  EXPECT_EQ(ParseHttpDate("Sun, 06 Nov 1994 08:49:37 GMT", kNow), kExample);
  EXPECT_EQ(ParseHttpDate("Sunday, 06-Nov-94 08:49:37 GMT", kNow), kExample);
  EXPECT_EQ(ParseHttpDate("Sun Nov  6 08:49:37 1994", kNow), kExample);
  EXPECT_EQ(ParseHttpDate("Sun Nov 06 08:49:37 1994", kNow), kExample);
  EXPECT_EQ(ParseHttpDate("Thu Dec 10 00:00:00 2015", kNow), 1'449'705'600);
}

TEST(HttpDateTest, PlacesTwoDigitYearsWithinFiftyYears) {
  // 2073-01-01 is a Sunday, 1974-01-01 a Tuesday.
  EXPECT_EQ(Write(*ParseHttpDate("Sunday, 01-Jan-73 00:00:00 GMT", kNow)),
            "Sun, 01 Jan 2073 00:00:00 GMT");
  EXPECT_EQ(Write(*ParseHttpDate("Tuesday, 01-Jan-74 00:00:00 GMT", kNow)),
            "Tue, 01 Jan 1974 00:00:00 GMT");
  for (const int64_t now : {std::numeric_limits<int64_t>::min(),
                            std::numeric_limits<int64_t>::max()}) {
    ParseHttpDate("Tuesday, 01-Jan-74 00:00:00 GMT", now);  // No overflow.
  }
}

TEST(HttpDateTest, ReadsALeapSecondAsTheNextSecond) {
  EXPECT_EQ(ParseHttpDate("Sat, 31 Dec 2016 23:59:60 GMT", kNow),
            1'483'228'800);
}

TEST(HttpDateTest, RefusesEverythingElse) {
  const std::string_view kBad[] = {
      "",
      "Sun",
      "Sunday",
      "Sun, 06 Nov 1994 08:49:37",
      "Sun, 06 Nov 1994 08:49:37 UTC",
      "Sun, 06 Nov 1994 08:49:37 GMT ",
      " Sun, 06 Nov 1994 08:49:37 GMT",
      "Sun, 6 Nov 1994 08:49:37 GMT",
      "Sun,  6 Nov 1994 08:49:37 GMT",
      "sun, 06 nov 1994 08:49:37 gmt",
      "Mon, 06 Nov 1994 08:49:37 GMT",
      "Sun, 06 Nov 94 08:49:37 GMT",
      "Sun, 06 Nov 1994 24:00:00 GMT",
      "Sun, 06 Nov 1994 08:60:37 GMT",
      "Sun, 06 Nov 1994 08:49:61 GMT",
      "Sun, 06 Nov 1994 8:49:37 GMT",
      "Sun, 06 Foo 1994 08:49:37 GMT",
      "Sun, 00 Nov 1994 08:49:37 GMT",
      "Thu, 31 Nov 1994 08:49:37 GMT",
      "Wed, 29 Feb 1900 00:00:00 GMT",
      "Thu, 29 Feb 1900 00:00:00 GMT",
      "Sun, 06-Nov-94 08:49:37 GMT",
      "Sunday, 06 Nov 1994 08:49:37 GMT",
      "Sunday, 06-Nov-1994 08:49:37 GMT",
      "Sun Nov 6 08:49:37 1994",
      "Sun Nov  6 08:49:37 1994 GMT",
      "Sun Nov   08:49:37 1994",
      "1994-11-06T08:49:37Z",
      "784111777",
      "Sun, -6 Nov 1994 08:49:37 GMT",
      "Sun, 06 Nov 1994 08:49:3",
  };
  for (const std::string_view text : kBad) {
    EXPECT_EQ(ParseHttpDate(text, kNow), std::nullopt) << text;
  }
}

TEST(HttpDateTest, CacheFollowsTheClock) {
  HttpDateCache cache;
  EXPECT_EQ(cache.Get(kExample), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(cache.Get(kExample), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(cache.Get(kExample + 1), "Sun, 06 Nov 1994 08:49:38 GMT");
  EXPECT_EQ(cache.Get(kExample - 1), "Sun, 06 Nov 1994 08:49:36 GMT");
}

TEST(HttpDateTest, TheExampleInTheHeaderWorks) {
  char text[kHttpDateSize];
  WriteHttpDate(784111777, text);
  EXPECT_EQ(std::string_view(text, sizeof(text)),
            "Sun, 06 Nov 1994 08:49:37 GMT");
  std::optional<int64_t> seconds =
      ParseHttpDate("Sunday, 06-Nov-94 08:49:37 GMT", /*now=*/1700000000);
  EXPECT_EQ(seconds, 784111777);
}

}  // namespace
}  // namespace kingpin::http
