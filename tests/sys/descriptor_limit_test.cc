#include "kingpin/sys/descriptor_limit.h"

#include <sys/resource.h>

#include "gtest/gtest.h"

namespace kingpin {
namespace {

TEST(DescriptorLimit, IsRaisedToTheHardOne) {
  rlimit limit;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  ASSERT_GE(limit.rlim_max, 100u);
  limit.rlim_cur = 50;
  limit.rlim_max = 100;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(DescriptorLimit(), 50);
  EXPECT_EQ(RaiseDescriptorLimit(), 100);
  EXPECT_EQ(DescriptorLimit(), 100);
}

}  // namespace
}  // namespace kingpin
