// The end of a ConnectionPool: each target is told, nothing stays open.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
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
using testing::PoolTest;
using testing::To;
using ::testing::UnorderedElementsAre;

TEST_F(PoolTest, CloseFailsWhatWaitsAndClosesWhatIsIdle) {
  Open({.max_connections_per_host = 1});
  Add(To("a"));
  std::vector<Draw> draws = Update();
  int idle = GiveBack(draws[0]);
  Update();
  Target own = To("b", "waits");
  Add(std::move(own));
  pool_->Close();
  EXPECT_TRUE(absl::IsFailedPrecondition(pool_->Add(To("a"))));
  EXPECT_FALSE(pool_->MayDoze(0));
  EXPECT_THAT(Update(), IsEmpty());
  ASSERT_EQ(failures_.size(), 1u);
  EXPECT_EQ(failures_[0].second.reason, ConnectError::kShutdown);
  EXPECT_THAT(closed_, ElementsAre(idle));
  Update();
  EXPECT_EQ(pool_->open(), 0);
  EXPECT_TRUE(pool_->MayDoze(0));
}

TEST_F(PoolTest, WhatGoesOnAfterTheEndFailsByIt) {
  Open({});
  Add(To("a"));
  std::vector<Draw> draws = Update();
  pool_->Close();
  Update();
  EXPECT_TRUE(pool_->AddFurther(To("b", "further")).ok());
  EXPECT_FALSE(pool_->MayDoze(0));
  Finish(draws[0]);
  EXPECT_THAT(Update(), IsEmpty());
  ASSERT_EQ(failures_.size(), 1u);
  EXPECT_EQ(failures_[0].first, "further");
  EXPECT_EQ(failures_[0].second.reason, ConnectError::kShutdown);
  Update();
  EXPECT_TRUE(pool_->MayDoze(0));
}

TEST_F(PoolTest, TheEndOfManyComesInBatchesAndForgetsWhatIsOver) {
  constexpr size_t kHosts = 1000, kIdle = 200;
  Open({.max_connections_per_host = kIdle,
        .max_idle_per_host = kIdle,
        .draw_batch = kIdle});
  for (size_t i = 0; i < kIdle; ++i) Add(To("idle"));
  for (const Draw& draw : Update()) GiveBack(draw);
  Update();
  ASSERT_EQ(pool_->idle(), kIdle);
  for (size_t i = 0; i < kHosts; ++i) Add(To(absl::StrCat("host", i)));
  pool_->Close();
  int updates = 0;
  for (; pool_->WantsUpdate() && updates < 1000; ++updates) {
    const size_t failed = failures_.size(), idle = pool_->idle();
    Update();
    EXPECT_LE(failures_.size() - failed, 64u);
    EXPECT_LE(idle - pool_->idle(), 64u);
    // No later update looks at those of this one.
    const size_t with_sockets = pool_->open() > 0 ? 1 : 0;
    EXPECT_EQ(pool_->hosts(), kHosts - failures_.size() + with_sockets);
  }
  EXPECT_EQ(updates, 16);
  EXPECT_EQ(failures_.size(), kHosts);
  EXPECT_EQ(pool_->idle(), 0u);
  EXPECT_EQ(pool_->open(), 0);
  EXPECT_EQ(pool_->hosts(), 0u);
}

TEST_F(PoolTest, WhatComesBackAfterTheEndFailsToo) {
  Open({});
  Add(To("a", "1"));
  std::vector<Draw> draws = Update();
  Add(To("a", "2"));
  pool_->Close();
  Fail(draws[0]);
  turns_[0].returned.push_back({draws[0].host, std::move(draws[0].pending)});
  EXPECT_THAT(Update(), IsEmpty());
  ASSERT_EQ(failures_.size(), 2u);
  for (const auto& [message, failure] : failures_) {
    EXPECT_EQ(failure.reason, ConnectError::kShutdown) << message;
  }
  EXPECT_EQ(pool_->waiting(), 0u);
}

TEST_F(PoolTest, SaysWhenAllIsDone) {
  Open({.max_connections_per_host = 1, .end_when_done = true});
  Update();
  EXPECT_FALSE(turns_[0].all_done) << "nothing was added yet";
  Add(To("a"));
  Add(To("a"));
  std::vector<Draw> draws = Update();
  EXPECT_FALSE(turns_[0].all_done);
  Finish(draws[0]);
  draws = Update();
  EXPECT_FALSE(turns_[0].all_done);
  GiveBack(draws[0]);
  Update();
  EXPECT_TRUE(turns_[0].all_done);
}

struct AddsAnother : TargetContext {
  explicit AddsAnother(ConnectionPool* p) : pool(p) {}
  ~AddsAnother() override { status = pool->Add(To("b")); }
  ConnectionPool* pool;
  absl::Status status;
};

TEST_F(PoolTest, ContextMayCallUponThePoolWhenItGoes) {
  Open({});
  Target target = To("a");
  target.context = std::make_unique<AddsAnother>(pool_.get());
  Add(std::move(target));
  EXPECT_EQ(pool_->Clear().size(), 1u);
  EXPECT_EQ(pool_->waiting(), 0u);
}

TEST_F(PoolTest, WhatStillWaitsAtTheEndIsToldOf) {
  Open({});
  for (const char* host : {"a", "b", "a"}) Add(To(host));
  std::vector<std::string> hosts;
  for (auto& waiter : pool_->Clear()) {
    hosts.push_back(waiter.pending.target.host);
  }
  EXPECT_THAT(hosts, UnorderedElementsAre("a", "b", "a"));
  EXPECT_EQ(pool_->Clear().size(), 0u);
  EXPECT_EQ(pool_->hosts(), 0u);
}

}  // namespace
}  // namespace kingpin
