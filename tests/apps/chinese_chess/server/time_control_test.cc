#include "apps/chinese_chess/server/time_control.h"

#include <string_view>

#include "absl/status/statusor.h"
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

TEST(TimeControlTest, WhatIsNoneIsRefused) {
  for (const std::string_view text :
       {"",      "+",     "10",    "10+",    "+5",    "0+5",  "181+0",
        "5+181", "1e1+0", "-5+3",  "nan+0",  "5+3+1", "5/3",  "5/0/3",
        "5/3/0", "5+3.5", "5 + 3", "1..5+0", "0x5+0", "inf+0"}) {
    const absl::StatusOr<TimeControl> control = ParseTimeControl(text);
    EXPECT_FALSE(control.ok()) << text;
    EXPECT_THAT(control.status().message(), HasSubstr("10+5"));
  }
}

}  // namespace
}  // namespace chinese_chess
