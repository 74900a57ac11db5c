// What happens in a ConnectionPool by itself: deadlines, back-off, and what is forgotten.
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/pool/connect_failure.h"
#include "kingpin/pool/connection_pool.h"
#include "kingpin/pool/target.h"
#include "tests/pool/connection_pool_testing.h"

namespace kingpin {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Own;
using testing::PoolTest;
using testing::To;

// --- Deadlines ---------------------------------------------------------------------

TEST_F(PoolTest, DeadlinePassesWhileWaiting) {
  Open({.max_connections_per_host = 1});
  Add(To("a"));
  std::vector<Draw> draws = Update();
  Target second = To("a", "second");
  second.timeout = absl::Seconds(3);
  Add(std::move(second));
  Update();
  EXPECT_EQ(turns_[0].update_at, clock_.Now() + absl::Seconds(3));
  clock_.Advance(absl::Milliseconds(2999));
  Update();
  EXPECT_THAT(failures_, IsEmpty());
  clock_.Advance(absl::Milliseconds(1));
  Update();
  ASSERT_EQ(failures_.size(), 1u);
  EXPECT_EQ(failures_[0].first, "second");
  EXPECT_EQ(failures_[0].second.reason, ConnectError::kPoolDeadline);
  EXPECT_EQ(
      failures_[0].second.detail,
      "a:80: 1 of 1 connections in use, which is max_connections_per_host");
  EXPECT_EQ(pool_->waiting(), 0u);
  Finish(draws[0]);
  EXPECT_THAT(Update(), IsEmpty());
  EXPECT_EQ(pool_->hosts(), 0u);
}

TEST_F(PoolTest, NoDeadlineIsForEver) {
  Open({.max_connections_per_host = 1});
  Add(To("a"));
  Update();
  Target patient = To("a");
  patient.timeout = absl::InfiniteDuration();
  Add(std::move(patient));
  Update();
  EXPECT_EQ(turns_[0].update_at.nanos, INT64_MAX);
  clock_.Advance(absl::Hours(100'000));
  Update();
  EXPECT_THAT(failures_, IsEmpty());
}

TEST_F(PoolTest, ManyThatAreOverdueFailInBatches) {
  Open({.max_connections_per_host = 1});
  Add(To("a"));
  Update();
  for (int i = 0; i < 1000; ++i) Add(To("a"));
  clock_.Advance(absl::Seconds(30));
  size_t before = 0;
  int updates = 0;
  for (; failures_.size() < 1000 && updates < 1000; ++updates) {
    Update();
    EXPECT_LE(failures_.size() - before, 64u);
    if (failures_.size() < 1000) {
      EXPECT_LE(turns_[0].update_at, clock_.Now());
    }
    before = failures_.size();
  }
  EXPECT_EQ(updates, 16);
}

TEST_F(PoolTest, OneThreadMindsTheTime) {
  Open({.max_connections_per_host = 1}, /*threads=*/2);
  Add(To("a"));
  Update(0);
  EXPECT_EQ(turns_[0].update_at.nanos, INT64_MAX);
  Target soon = To("a");
  soon.timeout = absl::Seconds(5);
  Add(std::move(soon));
  EXPECT_TRUE(pool_->WantsUpdate()) << "somebody has to mind the time";
  EXPECT_FALSE(pool_->MayDoze(1));
  Update(1);
  EXPECT_EQ(turns_[1].update_at, clock_.Now() + absl::Seconds(5));
  EXPECT_TRUE(pool_->MayDoze(0));
  Update(0);
  EXPECT_EQ(turns_[0].update_at.nanos, INT64_MAX);
  Target sooner = To("a");
  sooner.timeout = absl::Seconds(2);
  Add(std::move(sooner));
  Update(0);
  EXPECT_EQ(turns_[0].update_at, clock_.Now() + absl::Seconds(2));
}

// --- Back-off ------------------------------------------------------------------------

TEST_F(PoolTest, FailedHostBacksOffTwiceAsLongEachTimeWithJitter) {
  Open({.first_back_off = absl::Seconds(1), .max_back_off = absl::Seconds(8)});
  for (int i = 0; i < 10; ++i) {
    Target target = To("a");
    target.timeout = absl::InfiniteDuration();
    Add(std::move(target));
  }
  std::vector<Draw> draws = Update();
  ASSERT_EQ(draws.size(), 10u);
  for (const Draw& draw : draws) Fail(draw);
  EXPECT_THAT(Update(), IsEmpty());
  std::set<absl::Duration> waits;
  for (int64_t longest : {1, 2, 4, 8, 8, 8}) {
    Target target = To("a");
    target.timeout = absl::InfiniteDuration();
    Add(std::move(target));
    Update();
    absl::Duration wait = turns_[0].update_at - clock_.Now();
    EXPECT_GE(wait, absl::Seconds(longest) / 2);
    EXPECT_LE(wait, absl::Seconds(longest));
    waits.insert(wait / longest);
    clock_.Advance(wait - absl::Nanoseconds(1));
    EXPECT_THAT(Update(), IsEmpty());
    clock_.Advance(absl::Nanoseconds(1));
    draws = Update();
    ASSERT_EQ(draws.size(), 1u);
    Fail(draws[0]);
    Update();
  }
  EXPECT_GT(waits.size(), 3u) << "no jitter";
}

TEST_F(PoolTest, HostThatFailedIsTriedByOneUntilItSucceeds) {
  Open({.first_back_off = absl::Seconds(1)});
  Add(To("a"));
  std::vector<Draw> draws = Update();
  for (int i = 0; i < 5; ++i) Add(To("a", absl::StrCat(i)));
  Fail(draws[0]);
  EXPECT_THAT(Update(), IsEmpty());
  clock_.Advance(absl::Seconds(1));
  draws = Update();
  EXPECT_THAT(Messages(draws), ElementsAre("0"));
  EXPECT_THAT(Update(), IsEmpty());
  Report(draws[0], Event::kConnected);
  EXPECT_THAT(Messages(Update()), ElementsAre("1", "2", "3", "4"));
}

TEST_F(PoolTest, OthersAreNotHeldUpByAHostThatBacksOff) {
  Open({});
  Add(To("a"));
  std::vector<Draw> draws = Update();
  Fail(draws[0]);
  Add(To("a", "waits"));
  Add(To("b", "goes"));
  EXPECT_THAT(Messages(Update()), ElementsAre("goes"));
}

TEST_F(PoolTest, IdleConnectionsStayInUseDuringBackOff) {
  Open({});
  Add(To("a"));
  Add(To("a"));
  std::vector<Draw> draws = Update();
  GiveBack(draws[0]);
  Fail(draws[1]);
  Add(To("a", "again"));
  draws = Update();
  ASSERT_THAT(Messages(draws), ElementsAre("again"));
  EXPECT_TRUE(draws[0].idle.valid());
}

TEST_F(PoolTest, WhoMustNotShareKeepsNobodyFromIdleConnectionsDuringBackOff) {
  Open({});
  Add(To("a"));
  Add(To("a"));
  std::vector<Draw> draws = Update();
  const int idle = GiveBack(draws[0]);
  Fail(draws[1]);
  Add(Own("a", "own"));
  Add(To("a", "1"));
  Add(To("a", "2"));
  draws = Update();
  ASSERT_THAT(Messages(draws), ElementsAre("1"));
  EXPECT_EQ(draws[0].idle.fd.get(), idle);
  EXPECT_THAT(Update(), IsEmpty());
  GiveBack(draws[0]);
  EXPECT_THAT(Messages(Update()), ElementsAre("2"));
}

TEST_F(PoolTest, WhoMustNotShareKeepsNobodyFromIdleConnectionsWhileOneIsTried) {
  Open({.first_back_off = absl::Seconds(1)});
  Add(To("a"));
  Add(To("a"));
  std::vector<Draw> draws = Update();
  GiveBack(draws[0]);
  Fail(draws[1]);
  Add(Own("a", "tries"));
  EXPECT_THAT(Update(), IsEmpty());
  clock_.Advance(absl::Seconds(1));
  ASSERT_THAT(Messages(Update()), ElementsAre("tries"));
  Add(Own("a", "own"));
  Add(To("a", "any"));
  EXPECT_THAT(Messages(Update()), ElementsAre("any"));
}

TEST_F(PoolTest, TheOldestOfAHostIsFirstWhateverItNeeds) {
  Open({.max_connections_per_host = 1});
  Add(To("a"));
  std::vector<Draw> draws = Update();
  Add(To("a", "any"));
  Add(Own("a", "own"));
  Add(Own("a", "own"));
  Add(To("a", "any"));
  std::vector<std::string> order;
  for (int i = 0; i < 4; ++i) {
    GiveBack(draws[0]);
    draws = Update();
    ASSERT_EQ(draws.size(), 1u);
    order.push_back(draws[0].pending.target.first_message);
    EXPECT_EQ(draws[0].idle.valid(), order.back() == "any");
  }
  EXPECT_THAT(order, ElementsAre("any", "own", "own", "any"));
}

TEST_F(PoolTest, ANameThatIsNotThereIsAPaceAndNoMore) {
  Open({.max_connections_per_host = 2, .first_back_off = absl::Seconds(1)});
  for (int i = 0; i < 6; ++i) Add(To("a", absl::StrCat(i)));
  for (int i = 0; i < 6; i += 2) {
    std::vector<Draw> draws = Update();
    ASSERT_THAT(Messages(draws),
                ElementsAre(absl::StrCat(i), absl::StrCat(i + 1)))
        << "not one at a time";
    for (const Draw& draw : draws) {
      turns_[0].reports.push_back(
          {draw.host, Event::kConnectFailed, ConnectError::kNameNotFound});
      Report(draw, Event::kClosed);
    }
    EXPECT_THAT(Update(), IsEmpty()) << "who adds it again would spin";
    clock_.Advance(absl::Seconds(1));  // Not twice as long each time.
  }
}

TEST_F(PoolTest, WhoTimesOutBehindAFailureIsToldOfIt) {
  Open({.first_back_off = absl::Minutes(1), .max_back_off = absl::Minutes(1)});
  Add(To("a"));
  std::vector<Draw> draws = Update();
  Add(To("a", "late"));
  Fail(draws[0]);
  Update();
  clock_.Advance(absl::Seconds(30));
  Update();
  ASSERT_EQ(failures_.size(), 1u);
  EXPECT_EQ(failures_[0].second.reason, ConnectError::kPoolDeadline);
  EXPECT_EQ(failures_[0].second.detail,
            "a:80: backing off; the last connect failed: connection refused");
}

TEST_F(PoolTest, WhoTimesOutIsToldOfTheLimitOfAll) {
  Open({.max_connections_per_host = 5, .max_connections = 1});
  Add(To("a"));
  Update();
  Add(To("b", "late"));
  clock_.Advance(absl::Seconds(30));
  Update();
  ASSERT_EQ(failures_.size(), 1u);
  EXPECT_EQ(failures_[0].second.detail,
            "b:80: 1 of 1 connections to all hosts in use, which is "
            "max_connections");
}

TEST_F(PoolTest, HostsAreForgotten) {
  Open({});
  for (int i = 0; i < 1000; ++i) Add(To(absl::StrCat("host", i)));
  int seen = 0;
  for (int i = 0; i < 100; ++i) {
    for (const Draw& draw : Update()) {
      ++seen;
      seen % 2 == 0 ? Fail(draw) : Finish(draw);
    }
  }
  EXPECT_EQ(seen, 1000);
  EXPECT_EQ(pool_->hosts(), 500u) << "those that back off";
  clock_.Advance(absl::Seconds(1));
  Update();
  EXPECT_EQ(pool_->hosts(), 0u);
}

}  // namespace
}  // namespace kingpin
