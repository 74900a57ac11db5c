#include "kingpin/pool/thread_slot.h"

#include <sys/epoll.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "kingpin/sys/clock.h"
#include "kingpin/sys/syscalls.h"
#include "kingpin/sys/unique_fd.h"

namespace kingpin {
namespace {

// The least loop that uses a slot as the header says.
class Loop {
 public:
  Loop() {
    CHECK_OK(slot_.Open());
    epoll_ = sys::EpollCreate().value;
    CHECK_EQ(sys::EpollCtl(epoll_.get(), EPOLL_CTL_ADD, slot_.bell(),
                           EPOLLIN | EPOLLET, 0),
             0);
    thread_ = std::thread([this] { Run(); });
  }
  ~Loop() {
    stop_.store(true);
    slot_.Wake();
    thread_.join();
  }
  ThreadSlot& slot() { return slot_; }

 private:
  void Run() {
    slot_.BindToThisThread();
    while (!stop_.load()) {
      epoll_event event;
      bool sleep = slot_.PrepareToSleep() && !stop_.load();
      (void)sys::EpollWait(epoll_.get(), absl::MakeSpan(&event, 1),
                           sleep ? -1 : 0);
      slot_.WokeUp(Clock::Real().Now());
      slot_.stats().iterations.Add();
      slot_.RunPosted();
    }
    slot_.Retire();
  }

  ThreadSlot slot_{Clock::Real()};
  UniqueFd epoll_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

// Posts itself from one loop to the other until `left` is 0.
void Bounce(Loop& from, Loop& to, int left, absl::Notification& done) {
  if (left == 0) return done.Notify();
  CHECK(to.slot().Post([&, left] { Bounce(to, from, left - 1, done); }));
}

TEST(ThreadSlot, PingPongLosesNoWakeUp) {
  // Not on the stack: GCC 12's use-after-return check does not align it.
  auto a = std::make_unique<Loop>(), b = std::make_unique<Loop>();
  absl::Notification done;
  Bounce(*a, *b, 100'000, done);
  EXPECT_TRUE(done.WaitForNotificationWithTimeout(absl::Minutes(4)));
}

TEST(ThreadSlot, PostsFromManyThreadsAllRunInEachThreadsOrder) {
  constexpr int kThreads = 4, kPosts = 5000;
  auto loop = std::make_unique<Loop>();
  std::vector<int> last(kThreads, -1);
  absl::BlockingCounter left(kThreads * kPosts);
  std::vector<std::thread> posters;
  for (int t = 0; t < kThreads; ++t) {
    posters.emplace_back([&, t] {
      for (int i = 0; i < kPosts; ++i) {
        EXPECT_TRUE(loop->slot().Post([&, t, i] {
          EXPECT_EQ(last[t], i - 1);
          last[t] = i;
          left.DecrementCount();
        }));
      }
    });
  }
  left.Wait();
  for (std::thread& poster : posters) poster.join();
  EXPECT_EQ(loop->slot().stats().posted_tasks.value(), kThreads * kPosts);
  EXPECT_GT(loop->slot().stats().posted_lag.count(), 0u);
}

class ThreadSlotByHand : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(slot_.Open().ok()); }
  // How often the bell was rung since the last time.
  uint64_t Rings() { return sys::EventFdTake(slot_.bell()); }

  Clock clock_ = Clock::Manual();
  ThreadSlot slot_{clock_};
};

TEST_F(ThreadSlotByHand, BellRingsOnceAndOnlyForASleeper) {
  slot_.WokeUp(clock_.Now());
  EXPECT_TRUE(slot_.Post([] {}));
  slot_.Wake();
  EXPECT_EQ(Rings(), 0u);
  slot_.RunPosted();
  EXPECT_TRUE(slot_.PrepareToSleep());
  EXPECT_TRUE(slot_.asleep());
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(slot_.Post([] {}));
  slot_.Wake();
  EXPECT_EQ(Rings(), 1u);
}

TEST_F(ThreadSlotByHand, MailKeepsItAwake) {
  EXPECT_TRUE(slot_.Post([] {}));
  EXPECT_FALSE(slot_.PrepareToSleep());
  slot_.RunPosted();
  EXPECT_TRUE(slot_.PrepareToSleep());
}

TEST_F(ThreadSlotByHand, MailboxIsBounded) {
  auto token = std::make_shared<int>();
  for (size_t i = 0; i < ThreadSlot::kMaxPosted; ++i) {
    ASSERT_TRUE(slot_.Post([token] {}));
  }
  long held = token.use_count();
  EXPECT_FALSE(slot_.Post([token] {}));
  EXPECT_EQ(token.use_count(), held) << "the refused task is destroyed";
  slot_.RunPosted();
  EXPECT_EQ(token.use_count(), 1);
  EXPECT_TRUE(slot_.Post([] {}));
}

TEST_F(ThreadSlotByHand, TaskThatPostsItselfWaitsForTheNextRound) {
  int runs = 0;
  std::function<void()> again = [&] {
    ++runs;
    EXPECT_TRUE(slot_.Post(again));
  };
  again();
  for (int round = 1; round <= 5; ++round) {
    slot_.RunPosted();
    EXPECT_EQ(runs, round + 1);
  }
}

TEST_F(ThreadSlotByHand, TaskThatThrowsIsCountedAndTheNextRuns) {
  bool ran = false;
  EXPECT_TRUE(slot_.Post([] { throw std::runtime_error("a bug"); }));
  EXPECT_TRUE(slot_.Post([] { throw 5; }));
  EXPECT_TRUE(slot_.Post([&] { ran = true; }));
  slot_.RunPosted();
  EXPECT_TRUE(ran);
  EXPECT_EQ(slot_.stats().handler_exceptions.value(), 2u);
}

TEST_F(ThreadSlotByHand, RetireDestroysWhatWaitsAndTakesNoMore) {
  auto token = std::make_shared<int>();
  EXPECT_TRUE(slot_.Post([token] {}));
  slot_.set_accepting(true);
  slot_.set_listening(true);
  slot_.Retire();
  EXPECT_EQ(token.use_count(), 1);
  EXPECT_FALSE(slot_.Post([] {}));
  EXPECT_FALSE(slot_.accepting());
  EXPECT_FALSE(slot_.listening());
}

TEST_F(ThreadSlotByHand, TaskDestroyedByRetireMayPost) {
  struct PostsWhenDestroyed {
    explicit PostsWhenDestroyed(ThreadSlot* s) : slot(s) {}
    PostsWhenDestroyed(PostsWhenDestroyed&& other) noexcept
        : slot(std::exchange(other.slot, nullptr)) {}
    ~PostsWhenDestroyed() {
      if (slot == nullptr) return;
      EXPECT_FALSE(slot->Post([] {}));
    }
    void operator()() && {}
    ThreadSlot* slot;
  };
  EXPECT_TRUE(slot_.Post(PostsWhenDestroyed(&slot_)));
  slot_.Retire();
}

TEST_F(ThreadSlotByHand, KnowsSinceWhenItWorks) {
  slot_.WokeUp(clock_.Now());
  clock_.Advance(absl::Milliseconds(30));
  EXPECT_EQ(slot_.BusyFor(clock_.Now()), absl::Milliseconds(30));
  EXPECT_TRUE(slot_.StuckFor(absl::Milliseconds(29), clock_.Now()));
  EXPECT_FALSE(slot_.StuckFor(absl::Milliseconds(30), clock_.Now()));
  EXPECT_TRUE(slot_.PrepareToSleep());
  EXPECT_EQ(slot_.BusyFor(clock_.Now()), absl::ZeroDuration());
}

}  // namespace
}  // namespace kingpin
