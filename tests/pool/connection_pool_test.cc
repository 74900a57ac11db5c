#include "kingpin/pool/connection_pool.h"

#include <fcntl.h>

#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/pool/draw_turns.h"
#include "kingpin/pool/target.h"
#include "tests/pool/connection_pool_testing.h"

namespace kingpin {
namespace {

using testing::AnyDescriptor;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Own;
using testing::PoolTest;
using testing::To;

TEST_F(PoolTest, DrawsWhatWasAdded) {
  Open({});
  Add(To("a", "hello"));
  EXPECT_EQ(pool_->waiting(), 1u);
  std::vector<Draw> draws = Update();
  ASSERT_THAT(Messages(draws), ElementsAre("hello"));
  EXPECT_FALSE(draws[0].idle.valid());
  EXPECT_EQ(pool_->open(), 1);
  Finish(draws[0]);
  EXPECT_THAT(Update(), IsEmpty());
  EXPECT_EQ(pool_->open(), 0);
  EXPECT_EQ(pool_->hosts(), 0u);
  EXPECT_FALSE(pool_->WantsUpdate());
}

TEST_F(PoolTest, RefusesWhatIsNoTarget) {
  Open({});
  EXPECT_TRUE(absl::IsInvalidArgument(pool_->Add({.port = 80})));
  EXPECT_TRUE(absl::IsInvalidArgument(pool_->Add({.host = "a"})));
  EXPECT_TRUE(absl::IsInvalidArgument(
      pool_->Add({.host = "a", .port = 1, .connect_attempts = 0})));
  EXPECT_TRUE(pool_->Add({.host = "unix:/x"}).ok());
}

TEST_F(PoolTest, RefusesOptionsThatMakeNoSense) {
  for (ConnectionPoolOptions options :
       {ConnectionPoolOptions{.max_connections_per_host = 0},
        ConnectionPoolOptions{.max_connections = -1},
        ConnectionPoolOptions{.draw_batch = 0},
        ConnectionPoolOptions{.load_margin = 0},
        ConnectionPoolOptions{.first_back_off = absl::ZeroDuration()},
        ConnectionPoolOptions{.first_back_off = absl::Minutes(2)}}) {
    ConnectionPool pool(options, clock_);
    EXPECT_TRUE(absl::IsInvalidArgument(pool.Open(slots_)));
  }
}

TEST_F(PoolTest, WaitingIsBoundedAndARefusedTargetStaysWithTheCaller) {
  Open({.max_connections = 1, .max_waiting = 2});
  Add(To("a"));
  Add(To("a"));
  Target third = To("a", "still here");
  EXPECT_TRUE(absl::IsResourceExhausted(pool_->Add(std::move(third))));
  EXPECT_EQ(third.first_message, "still here");
  EXPECT_EQ(Update().size(), 1u);
  EXPECT_TRUE(pool_->Add(std::move(third)).ok());
}

TEST_F(PoolTest, WhatGoesOnIsNotRefusedAndGoesFirst) {
  Open({.max_connections = 1, .max_waiting = 1});
  Add(To("a", "redirected"));
  std::vector<Draw> draws = Update();
  Add(To("a", "waits"));
  EXPECT_TRUE(absl::IsResourceExhausted(pool_->Add(To("a"))));
  EXPECT_TRUE(pool_->AddFurther(To("a", "further 1")).ok());
  EXPECT_TRUE(pool_->AddFurther(Own("a", "further 2")).ok());
  EXPECT_TRUE(pool_->AddFurther(To("a", "further 3")).ok());
  EXPECT_TRUE(absl::IsInvalidArgument(pool_->AddFurther({.host = "a"})));
  for (const char* next : {"further 1", "further 2", "further 3", "waits"}) {
    Finish(draws[0]);
    draws = Update();
    ASSERT_THAT(Messages(draws), ElementsAre(next));
  }
}

// --- Limits ----------------------------------------------------------------------

TEST_F(PoolTest, LimitOfAHost) {
  Open({.max_connections_per_host = 2});
  for (int i = 0; i < 5; ++i) Add(To("a", absl::StrCat(i)));
  Add(To("b", "other"));
  std::vector<Draw> draws = Update();
  EXPECT_THAT(Messages(draws), ElementsAre("0", "other", "1"));
  EXPECT_THAT(Update(), IsEmpty());
  EXPECT_FALSE(pool_->WantsUpdate()) << "there is nothing to draw";
  Finish(draws[0]);
  EXPECT_THAT(Messages(Update()), ElementsAre("2"));
}

TEST_F(PoolTest, LimitInAll) {
  Open({.max_connections = 3});
  std::vector<Draw> draws;
  for (int i = 0; i < 6; ++i) Add(To(absl::StrCat("host", i)));
  draws = Update();
  EXPECT_EQ(draws.size(), 3u);
  EXPECT_FALSE(pool_->WantsUpdate());
  Finish(draws[1]);
  EXPECT_EQ(Update().size(), 1u);
  EXPECT_EQ(pool_->open(), 3);
}

TEST_F(PoolTest, HostNamesIgnoreCaseAndPortsAndGroupsAreHostsOfTheirOwn) {
  Open({.max_connections_per_host = 1});
  Add({.host = "Example.ORG", .port = 80, .first_message = "1"});
  Add({.host = "example.org", .port = 80, .first_message = "2"});
  Add({.host = "example.org", .port = 81, .first_message = "3"});
  Add({.host = "example.org",
       .port = 80,
       .group = "tls",
       .first_message = "4"});
  Add({.host = "unix:/A", .first_message = "5"});
  Add({.host = "unix:/a", .first_message = "6"});
  EXPECT_THAT(Messages(Update()), ElementsAre("1", "3", "4", "5", "6"));
}

TEST_F(PoolTest, SecondSocketForARaceCountsToo) {
  Open({.max_connections_per_host = 2, .max_connections = 3});
  Add(To("a"));
  Add(To("b"));
  std::vector<Draw> draws = Update();
  EXPECT_TRUE(pool_->AcquireExtra(draws[0].host));
  EXPECT_FALSE(pool_->AcquireExtra(draws[0].host)) << "the host's limit";
  EXPECT_FALSE(pool_->AcquireExtra(draws[1].host)) << "the pool's limit";
  EXPECT_EQ(pool_->open(), 3);
  Report(draws[0], Event::kExtraClosed);
  Update();
  EXPECT_TRUE(pool_->AcquireExtra(draws[1].host));
}

// --- Idle connections --------------------------------------------------------------

TEST_F(PoolTest, IdleConnectionIsDrawnByAnyThread) {
  Open({.max_connections_per_host = 1}, /*threads=*/2);
  Add(To("a"));
  std::vector<Draw> first = Update(0);
  int number = GiveBack(first[0]);
  Update(0);
  EXPECT_EQ(pool_->idle(), 1u);
  EXPECT_EQ(pool_->open(), 1);
  Add(To("a"));
  std::vector<Draw> second = Update(1);
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0].idle.fd.get(), number);
  EXPECT_EQ(pool_->idle(), 0u);
  EXPECT_EQ(pool_->open(), 1);
}

TEST_F(PoolTest, TheOneUsedLastIsDrawnFirst) {
  Open({});
  Add(To("a"));
  Add(To("a"));
  std::vector<Draw> draws = Update();
  GiveBack(draws[0]);
  int last = GiveBack(draws[1]);
  Update();
  Add(To("a"));
  draws = Update();
  EXPECT_EQ(draws[0].idle.fd.get(), last);
}

TEST_F(PoolTest, IdleConnectionsExpire) {
  Open({.idle_timeout = absl::Seconds(4)});
  Add(To("a"));
  std::vector<Draw> draws = Update();
  int number = GiveBack(draws[0]);
  Update();
  EXPECT_EQ(turns_[0].update_at, clock_.Now() + absl::Seconds(4));
  clock_.Advance(absl::Milliseconds(3999));
  Update();
  EXPECT_THAT(closed_, IsEmpty());
  clock_.Advance(absl::Milliseconds(1));
  Update();
  EXPECT_THAT(closed_, ElementsAre(number));
  EXPECT_EQ(pool_->open(), 1) << "until it is reported as closed";
  Update();
  EXPECT_EQ(pool_->open(), 0);
  EXPECT_EQ(pool_->hosts(), 0u);
  EXPECT_EQ(turns_[0].update_at.nanos, INT64_MAX);
}

TEST_F(PoolTest, NoMoreIdleOnesThanAllowedAreKept) {
  Open({.max_idle_per_host = 1});
  Add(To("a"));
  Add(To("a"));
  std::vector<Draw> draws = Update();
  int oldest = GiveBack(draws[0]);
  GiveBack(draws[1]);
  Update();
  EXPECT_THAT(closed_, ElementsAre(oldest));
  Update();
  EXPECT_EQ(pool_->idle(), 1u);
  EXPECT_EQ(pool_->open(), 1);
}

TEST_F(PoolTest, IdleConnectionOfAnotherHostMakesRoom) {
  Open({.max_connections = 2});
  Add(To("a"));
  Add(To("b"));
  std::vector<Draw> draws = Update();
  int of_a = GiveBack(draws[0]);
  GiveBack(draws[1]);
  Update();
  Add(To("c"));
  std::vector<Draw> third = Update();
  ASSERT_EQ(third.size(), 1u);
  EXPECT_FALSE(third[0].idle.valid());
  EXPECT_THAT(closed_, ElementsAre(of_a)) << "the one that lay longest";
  EXPECT_EQ(pool_->open(), 2);
}

TEST_F(PoolTest, TargetThatMustNotShareGetsItsOwn) {
  Open({.max_connections_per_host = 1});
  Add(To("a"));
  std::vector<Draw> draws = Update();
  int idle = GiveBack(draws[0]);
  Update();
  Add(Own("a"));
  draws = Update();
  ASSERT_EQ(draws.size(), 1u);
  EXPECT_FALSE(draws[0].idle.valid());
  EXPECT_THAT(closed_, ElementsAre(idle)) << "made room";
  EXPECT_EQ(pool_->open(), 1);
}

TEST_F(PoolTest, ReturnedTargetComesFirst) {
  Open({.max_connections_per_host = 1});
  Add(To("a", "1"));
  Add(To("a", "2"));
  std::vector<Draw> draws = Update();
  ConnectionPool::Host* host = draws[0].host;
  Report(draws[0], Event::kConnected);
  Report(draws[0], Event::kClosed);
  PendingTarget again = std::move(draws[0].pending);
  again.needs_new_connection = true;
  turns_[0].returned.push_back({host, std::move(again)});
  EXPECT_THAT(Messages(Update()), ElementsAre("1"));
}

// --- Order -------------------------------------------------------------------------

TEST_F(PoolTest, HostsTakeTurns) {
  Open({.draw_batch = 6});
  for (int i = 0; i < 4; ++i) Add(To("a", absl::StrCat("a", i)));
  for (int i = 0; i < 2; ++i) Add(To("b", absl::StrCat("b", i)));
  Add(To("c", "c0"));
  EXPECT_THAT(Messages(Update()),
              ElementsAre("a0", "b0", "c0", "a1", "b1", "a2"));
  EXPECT_THAT(Messages(Update()), ElementsAre("a3"));
}

TEST_F(PoolTest, HigherPrioritiesGoFirst) {
  Open({});
  int number = 0;
  for (TargetPriority priority :
       {TargetPriority::kLow, TargetPriority::kNormal, TargetPriority::kHigh,
        TargetPriority::kHigh}) {
    Target target = To("a", absl::StrCat(number++));
    target.priority = priority;
    Add(std::move(target));
  }
  EXPECT_THAT(Messages(Update()), ElementsAre("2", "3", "1", "0"));
}

TEST_F(PoolTest, BatchIsBounded) {
  Open({.max_connections_per_host = 100, .draw_batch = 10});
  for (int i = 0; i < 25; ++i) Add(To("a"));
  EXPECT_EQ(Update().size(), 10u);
  EXPECT_TRUE(pool_->WantsUpdate());
  EXPECT_EQ(Update().size(), 10u);
  EXPECT_EQ(Update().size(), 5u);
  EXPECT_FALSE(pool_->WantsUpdate());
}

// --- Threads -------------------------------------------------------------------------

TEST_F(PoolTest, NoThreadTakesMoreThanTheMarginBeyondTheLightest) {
  Open({.max_connections_per_host = 1000, .load_margin = 5}, /*threads=*/3);
  for (int i = 0; i < 100; ++i) Add(To("a"));
  EXPECT_EQ(Update(0).size(), 5u);
  EXPECT_THAT(Update(0), IsEmpty());
  EXPECT_EQ(Update(1).size(), 5u);
  EXPECT_THAT(Update(1), IsEmpty()) << "the third thread has none";
  EXPECT_EQ(Update(2).size(), 10u);
  EXPECT_EQ(Update(0).size(), 5u);
}

TEST_F(PoolTest, ShortExchangesAreSpreadToo) {
  Open({}, /*threads=*/2);
  // Thread 0 is always first.
  for (int i = 0; i < 2000; ++i) {
    Add(To("a"));
    for (int thread : {0, 1}) {
      for (const Draw& draw : Update(thread)) Finish(draw, thread);
      Update(thread);
    }
  }
  EXPECT_EQ(pool_->draws(0) + pool_->draws(1), 2000u);
  EXPECT_GE(pool_->draws(1), 1000u - DrawTurns::kLead);
  EXPECT_LE(pool_->draws(1), 1000u + DrawTurns::kLead);
}

TEST_F(PoolTest, ThreadThatDidNotCompeteForLongDoesNotGetAllItMissed) {
  Open({.max_connections_per_host = 1000}, /*threads=*/2);
  slots_[1]->WokeUp(clock_.Now());  // And is stuck.
  clock_.Advance(absl::Seconds(1));
  for (int i = 0; i < 1000; ++i) {
    Add(To("a"));
    std::vector<Draw> draws = Update(0);
    ASSERT_EQ(draws.size(), 1u) << "waits for one that is stuck";
    Finish(draws[0]);
    Update(0);
  }
  ASSERT_FALSE(slots_[1]->PrepareToSleep() && pool_->WantsUpdate());
  int until_even = 0;
  for (; until_even < 1000; ++until_even) {
    Add(To("a"));
    std::vector<Draw> draws = Update(0);
    const bool mine = !draws.empty();
    if (mine) Finish(draws[0]);
    Update(0);
    if (mine) break;
    draws = Update(1);
    ASSERT_EQ(draws.size(), 1u);
    Finish(draws[0], 1);
    Update(1);
  }
  EXPECT_LE(until_even, 2 * DrawTurns::kLead);
}

TEST_F(PoolTest, WakesOneSleeperForNewWork) {
  Open({}, /*threads=*/2);
  for (auto& slot : slots_) ASSERT_TRUE(slot->PrepareToSleep());
  Add(To("a"));
  EXPECT_NE(slots_[0]->asleep(), slots_[1]->asleep());
}

TEST_F(PoolTest, WhoMayNotDrawWakesWhoMay) {
  Open({.load_margin = 2}, /*threads=*/2);
  ASSERT_TRUE(slots_[1]->PrepareToSleep());
  for (int i = 0; i < 3; ++i) {
    // Thread 0 is awake and has the first two; the third is thread 1's.
    slots_[0]->WokeUp(clock_.Now());
    Add(To("a"));
    Update(0);
  }
  EXPECT_FALSE(slots_[1]->asleep());
  EXPECT_TRUE(pool_->MayDoze(0));
  EXPECT_FALSE(pool_->MayDoze(1));
  EXPECT_EQ(Update(1).size(), 1u);
}

TEST_F(PoolTest, NobodyIsWokenWhenNothingCanBeDrawn) {
  Open({.max_connections_per_host = 1});
  Add(To("a"));
  Update();
  Add(To("a"));
  Update();  // Minds the time.
  ASSERT_TRUE(slots_[0]->PrepareToSleep());
  EXPECT_TRUE(pool_->MayDoze(0));
  Add(To("a"));
  EXPECT_TRUE(slots_[0]->asleep());
}

TEST_F(PoolTest, RescueGivesTheTurnOfAStuckThreadAway) {
  Open({.load_margin = 2}, /*threads=*/2);
  slots_[1]->WokeUp(clock_.Now());
  for (int i = 0; i < 3; ++i) Add(To("a"));
  EXPECT_EQ(Update(0).size(), 2u);
  ASSERT_TRUE(slots_[0]->PrepareToSleep());
  EXPECT_TRUE(pool_->MayDoze(0)) << "it is thread 1's turn";
  pool_->Rescue(clock_.Now());
  EXPECT_TRUE(slots_[0]->asleep());
  clock_.Advance(absl::Milliseconds(11));
  pool_->Rescue(clock_.Now());
  EXPECT_FALSE(slots_[0]->asleep());
  EXPECT_EQ(Update(0).size(), 1u);
}

TEST_F(PoolTest, RescueGivesTheTimeOfAStuckThreadAway) {
  Open({.max_connections_per_host = 1}, /*threads=*/2);
  Add(To("a"));
  Update(1);
  Add(To("a"));
  Update(1);
  slots_[1]->WokeUp(clock_.Now());
  clock_.Advance(absl::Milliseconds(11));
  ASSERT_TRUE(slots_[0]->PrepareToSleep());
  pool_->Rescue(clock_.Now());
  EXPECT_FALSE(slots_[0]->asleep());
  Update(0);
  EXPECT_NE(turns_[0].update_at.nanos, INT64_MAX);
}

TEST_F(PoolTest, AddedFromManyThreadsWhileOthersDraw) {
  constexpr int kAdders = 4;
  constexpr int kEach = 2000;
  Open({.max_connections_per_host = 7, .max_connections = 20}, /*threads=*/2);
  std::vector<std::thread> adders;
  for (int i = 0; i < kAdders; ++i) {
    adders.emplace_back([&, i] {
      for (int j = 0; j < kEach; ++j) {
        ASSERT_TRUE(pool_->Add(To(absl::StrCat("host", j % 5), "m")).ok());
        if (j % 100 == i) {
          EXPECT_LE(pool_->open(), 20);
        }
      }
    });
  }
  std::atomic<int> seen = 0;
  std::vector<std::thread> loops;
  for (int thread : {0, 1}) {
    loops.emplace_back([&, thread] {
      Turn& turn = turns_[thread];
      while (seen.load() < kAdders * kEach) {
        pool_->Update(thread, turn);
        for (ConnectionPool::Surplus& surplus : turn.to_close) {
          surplus.socket.fd.Reset();
          if (surplus.host == nullptr) continue;
          turn.reports.push_back({surplus.host, Event::kExtraClosed});
        }
        turn.to_close.clear();
        for (Draw& draw : turn.draws) {
          if (!draw.idle.valid()) {
            draw.idle.fd = AnyDescriptor();
            turn.reports.push_back({draw.host, Event::kConnected});
          }
          if (++seen % 3 == 0) {
            draw.idle.fd.Reset();
            turn.reports.push_back({draw.host, Event::kClosed});
          } else {
            turn.given_back.push_back({draw.host, std::move(draw.idle)});
          }
        }
        turn.draws.clear();
      }
      pool_->Update(thread, turn);
    });
  }
  for (std::thread& thread : adders) thread.join();
  for (std::thread& thread : loops) thread.join();
  EXPECT_EQ(pool_->waiting(), 0u);
  EXPECT_EQ(pool_->draws(0) + pool_->draws(1), uint64_t{kAdders * kEach});
  EXPECT_EQ(static_cast<size_t>(pool_->open()), pool_->idle());
}

}  // namespace
}  // namespace kingpin
