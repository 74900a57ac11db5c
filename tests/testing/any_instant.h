// The end of a run at any instant: scenarios that a seed decides, each ended in one of
// three ways (failure mode 55).
//
//   std::set<std::string> seen = testing::RunScenarios<Scenario>(first_seed, 1000);
//   testing::ExpectSeen(seen, {"connect", "drop during a handshake"});
//
// A Scenario is made of its seed, has Run(), and seen(): what happened, by name.
#ifndef KINGPIN_TESTS_TESTING_ANY_INSTANT_H_
#define KINGPIN_TESTS_TESTING_ANY_INSTANT_H_

#include <cstdint>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/testing/process.h"

namespace kingpin {
namespace testing {

// The handler is destroyed; the run drains; it stops.
enum class End { kDrop, kDrain, kStop };

inline const char* ToString(End end) {
  return end == End::kDrop ? "drop" : end == End::kDrain ? "drain" : "stop";
}

// Up to the first that fails; what all have seen. No descriptor may stay open.
template <typename Scenario>
std::set<std::string> RunScenarios(uint64_t first_seed, int count) {
  const std::set<int> before = OpenDescriptors();
  std::set<std::string> seen;
  for (uint64_t seed = first_seed; seed < first_seed + count; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    Scenario scenario(seed);
    scenario.Run();
    seen.merge(std::set<std::string>(scenario.seen()));
    if (::testing::Test::HasFailure()) return seen;
  }
  EXPECT_EQ(OpenDescriptors(), before);
  return seen;
}

// That they have been everywhere.
inline void ExpectSeen(const std::set<std::string>& seen,
                       const std::set<std::string>& all) {
  if (::testing::Test::HasFailure()) return;
  for (const std::string& event : all) {
    EXPECT_TRUE(seen.contains(event)) << event;
  }
}

}  // namespace testing
}  // namespace kingpin

#endif  // KINGPIN_TESTS_TESTING_ANY_INSTANT_H_
