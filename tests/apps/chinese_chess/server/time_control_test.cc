#include "apps/chinese_chess/server/time_control.h"

#include <cstddef>
#include <random>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace chinese_chess {
namespace {

using testing::HasSubstr;

TEST(TimeControlTest, BothKindsAreRead) {
  const absl::StatusOr<TimeControl> plain = ParseTimeControl("10+5");
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(plain->base, absl::Minutes(10));
  EXPECT_EQ(plain->increment, absl::Seconds(5));
  EXPECT_FALSE(plain->staged());
  EXPECT_EQ(plain->EstimatedLength(), absl::Seconds(800));

  const absl::StatusOr<TimeControl> staged = ParseTimeControl("20/60/30");
  ASSERT_TRUE(staged.ok());
  EXPECT_EQ(staged->base, absl::Minutes(20));
  EXPECT_EQ(staged->step, absl::Seconds(60));
  EXPECT_EQ(staged->byo_yomi, absl::Seconds(30));
  EXPECT_TRUE(staged->staged());
}

TEST(TimeControlTest, WhatIsReadComesBack) {
  for (const std::string_view text :
       {"10+5", "0.5+0", "180+180", "20/60/30", "0/1/1", "0.05+0"}) {
    const absl::StatusOr<TimeControl> control = ParseTimeControl(text);
    ASSERT_TRUE(control.ok()) << text;
    EXPECT_EQ(FormatTimeControl(*control), text);
  }
  EXPECT_EQ(FormatTimeControl(*ParseTimeControl("010.0+05")), "10+5");
}

// Games are kept with their control in writing: one that cannot be read again would be
// lost with the next start.
TEST(TimeControlTest, WhateverIsReadComesBack) {
  std::mt19937 random(20261128);
  const auto digits = [&random](size_t most) {
    std::string text;
    for (size_t n = random() % (most + 1); n > 0; --n) {
      text.push_back(static_cast<char>('0' + random() % 10));
    }
    return text;
  };
  int read = 0;
  for (int i = 0; i < 50'000; ++i) {
    const std::string minutes = absl::StrCat(digits(3), ".", digits(6));
    const std::string text = i % 2 == 0 ? absl::StrCat(minutes, "+1")
                                        : absl::StrCat(minutes, "/60/30");
    const absl::StatusOr<TimeControl> control = ParseTimeControl(text);
    if (!control.ok()) continue;
    ++read;
    const absl::StatusOr<TimeControl> again =
        ParseTimeControl(FormatTimeControl(*control));
    ASSERT_TRUE(again.ok()) << text << ": " << again.status();
    ASSERT_EQ(*again, *control) << text;
  }
  EXPECT_GT(read, 5'000);
}

TEST(TimeControlTest, WhatIsNoneIsRefused) {
  for (const std::string_view text : {"",
                                      "+",
                                      "10",
                                      "10+",
                                      "+5",
                                      "0+5",
                                      "181+0",
                                      "5+181",
                                      "1e1+0",
                                      "-5+3",
                                      "nan+0",
                                      "5+3+1",
                                      "5/3",
                                      "5/0/3",
                                      "5/3/0",
                                      "5+3.5",
                                      "5 + 3",
                                      "1..5+0",
                                      "0x5+0",
                                      "inf+0",
                                      "0.01667+180",
                                      "0.00001/60/180",
                                      ".+5"}) {
    const absl::StatusOr<TimeControl> control = ParseTimeControl(text);
    EXPECT_FALSE(control.ok()) << text;
    EXPECT_THAT(control.status().message(), HasSubstr("10+5"));
  }
}

}  // namespace
}  // namespace chinese_chess
