#include "kingpin/http/deadline_queue.h"

#include <gtest/gtest.h>

#include <optional>
#include <utility>

#include "absl/time/time.h"
#include "kingpin/sys/clock.h"

namespace kingpin::http {
namespace {

class DeadlineQueueTest : public ::testing::Test {
 protected:
  MonotonicTime now() const { return clock_.Now(); }
  Clock clock_ = Clock::Manual();
  DeadlineQueue queue_{absl::Seconds(10)};
};

TEST_F(DeadlineQueueTest, TheFirstIsTheNext) {
  DeadlineQueue::Node a, b;
  EXPECT_EQ(queue_.TimeToNext(now()), absl::InfiniteDuration());
  queue_.Put(a, now());
  clock_.Advance(absl::Seconds(4));
  queue_.Put(b, now());
  EXPECT_EQ(queue_.TimeToNext(now()), absl::Seconds(6));
  clock_.Advance(absl::Seconds(5));
  EXPECT_EQ(queue_.TakeDue(now()), nullptr);
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(queue_.TakeDue(now()), &a);
  EXPECT_EQ(queue_.TakeDue(now()), nullptr);
  clock_.Advance(absl::Seconds(4));
  EXPECT_EQ(queue_.TakeDue(now()), &b);
  EXPECT_EQ(b.since(), now() + absl::Seconds(-10));
}

TEST_F(DeadlineQueueTest, PuttingAgainMovesToTheEnd) {
  DeadlineQueue::Node a, b;
  queue_.Put(a, now());
  queue_.Put(b, now());
  clock_.Advance(absl::Seconds(1));
  queue_.Put(a, now());
  clock_.Advance(absl::Seconds(9));
  EXPECT_EQ(queue_.TakeDue(now()), &b);
  EXPECT_EQ(queue_.TakeDue(now()), nullptr);
}

TEST_F(DeadlineQueueTest, ANodeIsInOneQueueAtATime) {
  DeadlineQueue other(absl::ZeroDuration());
  DeadlineQueue::Node a;
  queue_.Put(a, now());
  other.Put(a, now());
  EXPECT_EQ(queue_.TimeToNext(now()), absl::InfiniteDuration());
  EXPECT_EQ(other.TakeDue(now()), &a);
  EXPECT_EQ(other.TakeDue(now()), nullptr);
}

TEST_F(DeadlineQueueTest, EitherMayDieFirst) {
  std::optional<DeadlineQueue::Node> node(std::in_place);
  queue_.Put(*node, now());
  node.reset();
  EXPECT_EQ(queue_.TimeToNext(now()), absl::InfiniteDuration());
  DeadlineQueue::Node survivor;
  {
    DeadlineQueue shorter(absl::Seconds(1));
    shorter.Put(survivor, now());
  }
  queue_.Put(survivor, now());
  clock_.Advance(absl::Seconds(10));
  EXPECT_EQ(queue_.TakeDue(now()), &survivor);
}

TEST_F(DeadlineQueueTest, NothingIsDueInAnInfiniteOne) {
  DeadlineQueue never(absl::InfiniteDuration());
  DeadlineQueue::Node a;
  never.Put(a, now());
  clock_.Advance(absl::Hours(1000));
  EXPECT_EQ(never.TakeDue(now()), nullptr);
  EXPECT_EQ(never.TimeToNext(now()), absl::InfiniteDuration());
}

}  // namespace
}  // namespace kingpin::http
