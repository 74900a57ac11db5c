#include "apps/bench_client/reason_counts.h"

#include <cstddef>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace bench_client {
namespace {

TEST(ReasonCountsTest, CountsByReason) {
  ReasonCounts counts;
  EXPECT_TRUE(counts.empty());
  counts.Add("reset", 2);
  counts.Add("cut", 1);
  counts.Add("reset", 3);
  EXPECT_EQ(counts.Sum(), 6u);
  EXPECT_EQ(counts.begin()->first, "cut");
  EXPECT_EQ(std::next(counts.begin())->second, 5u);
}

TEST(ReasonCountsTest, IsBoundedAndLosesNoCount) {
  constexpr ptrdiff_t kMost =
      ReasonCounts::kMostReasons + 1;  // And the others.
  ReasonCounts counts, all;
  for (int i = 0; i < 1000; ++i) counts.Add(absl::StrCat("reason ", i), 1);
  EXPECT_EQ(std::distance(counts.begin(), counts.end()), kMost);
  all.Add("mine", 1);
  all.Merge(counts);
  EXPECT_EQ(all.Sum(), 1001u);
  EXPECT_LE(std::distance(all.begin(), all.end()), kMost);
}

}  // namespace
}  // namespace bench_client
