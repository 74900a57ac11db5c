#include "kingpin/net/timer_wheel.h"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <random>

#include "gtest/gtest.h"

namespace kingpin {
namespace {

struct Timer : TimerNode {
  explicit Timer(TimerWheel& w) : TimerNode(kTask), wheel(w) {}
  ~Timer() { wheel.Cancel(*this); }
  TimerWheel& wheel;
};

TEST(TimerWheel, FiresAtItsTickAndNotBefore) {
  TimerWheel wheel;
  Timer timer(wheel);
  wheel.Arm(timer, 100);
  EXPECT_TRUE(timer.armed());
  EXPECT_EQ(timer.tick(), 100u);
  EXPECT_LE(wheel.NextTick(), 100u);
  EXPECT_EQ(wheel.PopDue(99), nullptr);
  EXPECT_EQ(wheel.PopDue(100), &timer);
  EXPECT_FALSE(timer.armed());
  EXPECT_EQ(wheel.PopDue(1000), nullptr);
  EXPECT_EQ(wheel.now(), 1000u);
}

TEST(TimerWheel, WithoutTimersThereIsNoNextTick) {
  TimerWheel wheel;
  EXPECT_EQ(wheel.NextTick(), TimerNode::kNever);
  EXPECT_EQ(wheel.PopDue(123), nullptr);
  Timer timer(wheel);
  wheel.Arm(timer, 200);
  wheel.Cancel(timer);
  wheel.Cancel(timer);
  EXPECT_EQ(wheel.NextTick(), TimerNode::kNever);
  EXPECT_EQ(timer.tick(), TimerNode::kNever);
}

TEST(TimerWheel, TickThatHasPassedCountsAsTheNext) {
  TimerWheel wheel;
  Timer timer(wheel);
  EXPECT_EQ(wheel.PopDue(500), nullptr);
  wheel.Arm(timer, 3);
  EXPECT_EQ(timer.tick(), 501u);
  EXPECT_EQ(wheel.PopDue(500), nullptr);
  EXPECT_EQ(wheel.PopDue(501), &timer);
}

TEST(TimerWheel, TimerThatRearmsItselfCannotHoldTheLoop) {
  TimerWheel wheel;
  Timer timer(wheel);
  wheel.Arm(timer, 1);
  int fired = 0;
  while (TimerNode* due = wheel.PopDue(10)) {
    wheel.Arm(*due, 0);
    ASSERT_LT(++fired, 100);
  }
  EXPECT_EQ(fired, 10);
}

TEST(TimerWheel, HugeTicks) {
  TimerWheel wheel;
  constexpr uint64_t kEnd = TimerNode::kNever - 1;
  Timer last(wheel), middle(wheel), first(wheel);
  wheel.Arm(last, kEnd);
  wheel.Arm(middle, uint64_t{1} << 63);
  wheel.Arm(first, uint64_t{1} << 40);
  EXPECT_EQ(wheel.PopDue((uint64_t{1} << 40) - 1), nullptr);
  EXPECT_EQ(wheel.PopDue(kEnd), &first);
  EXPECT_EQ(wheel.PopDue(kEnd), &middle);
  EXPECT_EQ(wheel.PopDue(kEnd), &last);
  EXPECT_EQ(wheel.PopDue(kEnd), nullptr);
  EXPECT_EQ(wheel.now(), kEnd);
}

TEST(TimerWheel, CancelOfOneThatIsDueAndWaits) {
  TimerWheel wheel;
  Timer a(wheel), b(wheel), c(wheel);
  for (Timer* timer : {&a, &b, &c}) wheel.Arm(*timer, 10);
  TimerNode* first = wheel.PopDue(10);
  ASSERT_NE(first, nullptr);
  TimerNode* other = first == &b ? &c : &b;
  wheel.Cancel(*other);
  TimerNode* second = wheel.PopDue(10);
  EXPECT_NE(second, nullptr);
  EXPECT_NE(second, other);
  EXPECT_EQ(wheel.PopDue(10), nullptr);
}

TEST(TimerWheel, MovingOneThatIsDueAndWaits) {
  TimerWheel wheel;
  Timer a(wheel), b(wheel);
  wheel.Arm(a, 10);
  wheel.Arm(b, 10);
  TimerNode* first = wheel.PopDue(20);
  TimerNode* second = first == &a ? &b : &a;
  wheel.Arm(*second, 30);
  EXPECT_EQ(wheel.PopDue(29), nullptr);
  EXPECT_EQ(wheel.PopDue(30), second);
}

// Random work, step by step compared with std::multimap.
class FailureMode31 : public ::testing::TestWithParam<uint32_t> {
 protected:
  struct ModelTimer : Timer {
    using Timer::Timer;
    std::multimap<uint64_t, ModelTimer*>::iterator place;
    bool in_model = false;
  };

  // Near ones, far ones, past ones, and those at the end of time.
  uint64_t RandomTick() {
    switch (random_() % 8) {
      case 0:
        return wheel_.now() - std::min<uint64_t>(wheel_.now(), random_() % 100);
      case 1:
        return RandomBits();
      case 2:
        return TimerNode::kNever - 1 - random_() % 1000;
      default:
        return wheel_.now() + random_() % (uint64_t{1} << random_() % 25);
    }
  }
  uint64_t RandomBits() {
    uint64_t bits = (uint64_t{random_()} << 32 | random_()) >> random_() % 64;
    return std::min(bits, TimerNode::kNever - 1);
  }
  void Arm(ModelTimer& timer) {
    uint64_t tick = RandomTick();
    wheel_.Arm(timer, tick);
    Forget(timer);
    timer.place = model_.emplace(std::max(tick, wheel_.now() + 1), &timer);
    timer.in_model = true;
    ASSERT_EQ(timer.tick(), timer.place->first);
  }
  void Cancel(ModelTimer& timer) {
    wheel_.Cancel(timer);
    Forget(timer);
  }
  void Forget(ModelTimer& timer) {
    if (timer.in_model) model_.erase(timer.place);
    timer.in_model = false;
  }
  // Pops all that is due by `tick`; a callback cancels or arms others.
  void Advance(uint64_t tick) {
    while (TimerNode* due = wheel_.PopDue(tick)) {
      auto& timer = static_cast<ModelTimer&>(*due);
      ASSERT_TRUE(timer.in_model) << "fired twice, or cancelled";
      ASSERT_LE(timer.place->first, tick) << "early";
      ASSERT_EQ(timer.place->first, model_.begin()->first) << "out of order";
      Forget(timer);
      ModelTimer& other = timers_[random_() % timers_.size()];
      uint32_t action = random_() % 8;
      if (action == 0) Cancel(other);
      if (action == 1 && rearms_left_-- > 0) Arm(other);
    }
    ASSERT_TRUE(model_.empty() || model_.begin()->first > tick) << "missed";
    ASSERT_EQ(wheel_.now(), tick);
  }
  void CheckNext() {
    uint64_t next = wheel_.NextTick();
    if (model_.empty()) {
      ASSERT_EQ(next, TimerNode::kNever);
    } else {
      ASSERT_LE(next, model_.begin()->first);
      ASSERT_GT(next, wheel_.now());
    }
  }

  std::mt19937 random_{GetParam()};
  TimerWheel wheel_;
  std::multimap<uint64_t, ModelTimer*> model_;
  std::deque<ModelTimer> timers_;
  int rearms_left_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Seeds, FailureMode31, ::testing::Range(1u, 31u));

TEST_P(FailureMode31, AgreesWithAMultimap) {
  for (int i = 0; i < 300; ++i) timers_.emplace_back(wheel_);
  for (int step = 0; step < 4000; ++step) {
    ModelTimer& timer = timers_[random_() % timers_.size()];
    uint32_t action = random_() % 10;
    if (action < 5) {
      Arm(timer);
    } else if (action < 7) {
      Cancel(timer);
    } else {
      rearms_left_ = 100;
      uint64_t by = uint64_t{1} << random_() % (step % 100 == 0 ? 50 : 20);
      Advance(wheel_.now() + random_() % by);
    }
    if (HasFatalFailure()) return;
    CheckNext();
  }
  rearms_left_ = 0;
  Advance(TimerNode::kNever - 1);
  EXPECT_TRUE(model_.empty());
}

TEST(FailureMode31Size, AMillionTimersFireOnceEachInOrder) {
  constexpr int kTimers = 1'000'000;
  TimerWheel wheel;
  std::mt19937 random(3);
  std::deque<Timer> timers;
  for (int i = 0; i < kTimers; ++i) {
    wheel.Arm(timers.emplace_back(wheel), 1 + random() % 10'000'000);
  }
  int fired = 0, cancelled = 0;
  uint64_t last = 0;
  for (uint64_t tick = 0; tick <= 10'000'000; tick += 100'000) {
    while (TimerNode* due = wheel.PopDue(tick)) {
      ++fired;
      ASSERT_GE(wheel.now(), last);
      last = wheel.now();
      Timer& other = timers[random() % kTimers];
      if (&other != due && other.armed() && fired % 4 == 0) {
        wheel.Cancel(other);
        ++cancelled;
      }
    }
  }
  EXPECT_EQ(fired + cancelled, kTimers);
  EXPECT_EQ(wheel.NextTick(), TimerNode::kNever);
}

TEST(TimerWheelDeathTest, DestroyedWhileArmed) {
#ifndef NDEBUG
  EXPECT_DEATH(
      {
        TimerWheel wheel;
        TimerNode node(TimerNode::kTask);
        wheel.Arm(node, 5);
      },
      "armed");
#endif
}

}  // namespace
}  // namespace kingpin
