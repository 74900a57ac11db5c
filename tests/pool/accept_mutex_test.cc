#include "kingpin/pool/accept_mutex.h"

#include <memory>
#include <vector>

#include "absl/log/check.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "kingpin/pool/thread_slot.h"
#include "kingpin/sys/clock.h"
#include "kingpin/sys/syscalls.h"

namespace kingpin {
namespace {

constexpr int kMargin = 2;

class AcceptMutexTest : public ::testing::Test {
 protected:
  AcceptMutexTest() {
    for (int i = 0; i < 3; ++i) {
      slots_.push_back(std::make_unique<ThreadSlot>(clock_));
      CHECK_OK(slots_.back()->Open());
      slots_.back()->set_accepting(true);
      slots_.back()->WokeUp(clock_.Now());
    }
    mutex_ = std::make_unique<AcceptMutex>(slots_, kMargin);
  }

  int Successor(int self) { return mutex_->Successor(self, clock_.Now()); }
  void Sleep(int thread) { (void)slots_[thread]->PrepareToSleep(); }
  void Accept(int thread, int count) {
    for (int i = 0; i < count; ++i) slots_[thread]->stats().accepts.Add();
  }
  bool Rang(int thread) { return sys::EventFdTake(slots_[thread]->bell()) > 0; }

  Clock clock_ = Clock::Manual();
  std::vector<std::unique_ptr<ThreadSlot>> slots_;
  std::unique_ptr<AcceptMutex> mutex_;
};

TEST_F(AcceptMutexTest, OneHolderAtATime) {
  EXPECT_TRUE(mutex_->TryLock(0));
  EXPECT_TRUE(mutex_->TryLock(0));
  EXPECT_FALSE(mutex_->TryLock(1));
  EXPECT_TRUE(mutex_->HeldBy(0));
  mutex_->Release(1);
  EXPECT_TRUE(mutex_->HeldBy(0)) << "only the holder can release";
  mutex_->Release(0);
  EXPECT_TRUE(mutex_->TryLock(1));
}

TEST_F(AcceptMutexTest, WhoMayNotAcceptDoesNotTakeTheTurn) {
  slots_[0]->set_accepting(false);
  EXPECT_FALSE(mutex_->TryLock(0));
  EXPECT_TRUE(mutex_->TryLock(1));
}

TEST_F(AcceptMutexTest, HolderKeepsTheTurnWithinTheMargin) {
  ASSERT_TRUE(mutex_->TryLock(0));
  for (int load = 0; load <= kMargin; ++load) {
    EXPECT_EQ(Successor(0), 0) << load;
    slots_[0]->AddLoad(1);
  }
  EXPECT_NE(Successor(0), 0);
}

TEST_F(AcceptMutexTest, TurnGoesToTheLightest) {
  ASSERT_TRUE(mutex_->TryLock(0));
  slots_[0]->AddLoad(10);
  slots_[1]->AddLoad(5);
  slots_[2]->AddLoad(4);
  EXPECT_EQ(Successor(0), 2);
  slots_[2]->set_accepting(false);
  EXPECT_EQ(Successor(0), 1);
  slots_[1]->set_accepting(false);
  EXPECT_EQ(Successor(0), 0) << "nobody else may accept";
}

TEST_F(AcceptMutexTest, EqualLoadsGoByWhoAcceptedLess) {
  ASSERT_TRUE(mutex_->TryLock(0));
  slots_[0]->AddLoad(10);
  Accept(1, 5);
  EXPECT_EQ(Successor(0), 2);
  Accept(2, 6);
  EXPECT_EQ(Successor(0), 1);
}

TEST_F(AcceptMutexTest, HolderThatMayNotAcceptGivesTheTurnAway) {
  ASSERT_TRUE(mutex_->TryLock(0));
  slots_[0]->set_accepting(false);
  EXPECT_NE(Successor(0), 0);
}

TEST_F(AcceptMutexTest, HolderThatMayNotAcceptLosesTheTurnToWhoMayAgain) {
  ASSERT_TRUE(mutex_->TryLock(0));
  for (const auto& slot : slots_) slot->set_accepting(false);
  EXPECT_EQ(Successor(0), 0) << "nobody can have it";
  EXPECT_TRUE(mutex_->TryLock(0)) << "nor takes it";
  EXPECT_FALSE(mutex_->TryLock(1));
  slots_[1]->set_accepting(true);  // Its back-off is over, 0 has a longer one.
  EXPECT_TRUE(mutex_->TryLock(1));
  slots_[0]->set_accepting(true);
  EXPECT_FALSE(mutex_->TryLock(0));
  EXPECT_TRUE(mutex_->HeldBy(1));
}

TEST_F(AcceptMutexTest, ATurnEndsAfterItsShareOfShortConnections) {
  ASSERT_TRUE(mutex_->TryLock(0));
  Sleep(1);
  Accept(0, AcceptMutex::kTurnAccepts - 1);
  EXPECT_EQ(Successor(0), 0);
  Accept(0, 1);
  EXPECT_EQ(Successor(0), 1);
}

TEST_F(AcceptMutexTest, HandOverWakesASleeperAndStartsItsTurn) {
  ASSERT_TRUE(mutex_->TryLock(0));
  Sleep(1);
  mutex_->HandOver(0, 1);
  EXPECT_TRUE(Rang(1));
  EXPECT_TRUE(mutex_->HeldBy(1));
  EXPECT_TRUE(mutex_->TryLock(1));
  EXPECT_FALSE(mutex_->TryLock(0));
  mutex_->HandOver(0, 2);
  EXPECT_TRUE(mutex_->HeldBy(1)) << "who has lost the turn cannot give it";
  EXPECT_EQ(Successor(1), 1);
}

TEST_F(AcceptMutexTest, TurnIsNotGivenToWhoIsInALongBatch) {
  ASSERT_TRUE(mutex_->TryLock(0));
  slots_[0]->AddLoad(10);
  clock_.Advance(absl::Milliseconds(5));
  slots_[2]->WokeUp(clock_.Now());
  EXPECT_EQ(Successor(0), 2) << "1 has been busy for 5 ms";
}

TEST_F(AcceptMutexTest, StuckHolderLosesTheTurnToASleeper) {
  ASSERT_TRUE(mutex_->TryLock(0));
  Sleep(2);
  mutex_->Rescue(absl::Milliseconds(4), clock_.Now());
  EXPECT_TRUE(mutex_->HeldBy(0)) << "not stuck";
  clock_.Advance(absl::Milliseconds(5));
  mutex_->Rescue(absl::Milliseconds(4), clock_.Now());
  EXPECT_TRUE(mutex_->HeldBy(2));
  EXPECT_TRUE(Rang(2));
}

TEST_F(AcceptMutexTest, NoRescueByWhoIsAwake) {
  ASSERT_TRUE(mutex_->TryLock(0));
  clock_.Advance(absl::Milliseconds(5));
  mutex_->Rescue(absl::Milliseconds(4), clock_.Now());
  EXPECT_TRUE(mutex_->HeldBy(0));
}

TEST_F(AcceptMutexTest, SleepingHolderIsNotStuck) {
  ASSERT_TRUE(mutex_->TryLock(0));
  Sleep(0);
  Sleep(1);
  clock_.Advance(absl::Seconds(5));
  mutex_->Rescue(absl::Milliseconds(4), clock_.Now());
  EXPECT_TRUE(mutex_->HeldBy(0));
}

}  // namespace
}  // namespace kingpin
