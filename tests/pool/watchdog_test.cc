#include "kingpin/pool/watchdog.h"

#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/logger/logger.h"
#include "kingpin/pool/thread_slot.h"
#include "kingpin/sys/clock.h"
#include "kingpin/sys/syscalls.h"
#include "kingpin/sys/unique_fd.h"
#include "tests/testing/process.h"

namespace kingpin {
namespace {

using testing::Eventually;
using ::testing::HasSubstr;

class WatchdogTest : public ::testing::Test {
 protected:
  WatchdogTest() : watchdog_(Options(), clock_) {
    for (int i = 0; i < 2; ++i) {
      slots_.push_back(std::make_unique<ThreadSlot>(clock_));
      CHECK_OK(slots_.back()->Open());
      slots_.back()->BindToThisThread();
      (void)slots_.back()->PrepareToSleep();
    }
  }
  static WatchdogOptions Options() {
    return {.tick = absl::Milliseconds(1), .stall_after = absl::Seconds(1)};
  }
  void Start() {
    watchdog_.Start(slots_, [this](MonotonicTime) { ++ticks_; });
  }
  void WakeUp(int thread) {
    slots_[thread]->WokeUp(clock_.Now());
    watchdog_.NoteActivity();
  }
  // True when it has ticked since the call.
  bool Ticks(int count = 3) {
    int before = ticks_;
    return Eventually([&] { return ticks_ >= before + count; });
  }
  Clock clock_ = Clock::Manual();
  std::vector<std::unique_ptr<ThreadSlot>> slots_;
  std::atomic<int> ticks_ = 0;
  Watchdog watchdog_;
};

TEST_F(WatchdogTest, TicksWhileALoopIsAwake) {
  Start();
  WakeUp(0);
  EXPECT_TRUE(Ticks(100));
}

TEST_F(WatchdogTest, RestsWhenAllSleepAndWakesWithTheFirst) {
  Start();
  for (int round = 0; round < 5; ++round) {
    WakeUp(round % 2);
    EXPECT_TRUE(Ticks());
    (void)slots_[round % 2]->PrepareToSleep();
    // 64 quiet ticks later it stands still.
    int last;
    ASSERT_TRUE(Eventually([&] {
      last = ticks_;
      poll(nullptr, 0, 20);
      return ticks_ == last;
    }));
  }
}

TEST_F(WatchdogTest, ReportsAStuckLoopWhileItIsStuckAndCountsItOnce) {
  Start();
  WakeUp(1);
  clock_.Advance(absl::Milliseconds(999));
  EXPECT_TRUE(Ticks());
  EXPECT_EQ(watchdog_.stalls(), 0u);
  clock_.Advance(absl::Milliseconds(2));
  EXPECT_TRUE(Ticks());
  EXPECT_EQ(watchdog_.stalls(), 1u);
  clock_.Advance(absl::Seconds(10));
  EXPECT_TRUE(Ticks());
  EXPECT_EQ(watchdog_.stalls(), 1u) << "the same iteration";
  WakeUp(1);  // Came round.
  EXPECT_TRUE(Ticks());
  clock_.Advance(absl::Seconds(2));
  EXPECT_TRUE(Ticks());
  EXPECT_EQ(watchdog_.stalls(), 2u);
}

TEST_F(WatchdogTest, ReportNamesTheThread) {
  std::string path = absl::StrCat(::testing::TempDir(), "/kingpin_XXXXXX");
  UniqueFd file(mkstemp(path.data()));
  {
    Logger log({.fd = file.get()});
    Logger::SetDefault(&log);
    Start();
    WakeUp(1);
    clock_.Advance(absl::Seconds(3));
    EXPECT_TRUE(Ticks());
    watchdog_.Stop();
    Logger::SetDefault(nullptr);
  }
  char text[1000] = "";
  ASSERT_GT(pread(file.get(), text, sizeof(text) - 1, 0), 0);
  EXPECT_THAT(text, HasSubstr(absl::StrCat("loop 1 (thread ", sys::ThreadId(),
                                           ") is stuck")));
  EXPECT_THAT(text, HasSubstr("for 3s"));
}

TEST_F(WatchdogTest, SleepingLoopIsNeverStuck) {
  Start();
  WakeUp(0);
  clock_.Advance(absl::Hours(1));
  (void)slots_[0]->PrepareToSleep();
  WakeUp(1);
  clock_.Advance(absl::Milliseconds(500));
  EXPECT_TRUE(Ticks());
  EXPECT_LE(watchdog_.stalls(), 1u);  // Of loop 0, if a tick saw it in time.
}

TEST_F(WatchdogTest, StopsWhileItRestsAndWithoutStart) {
  {
    Watchdog never_started(Options(), clock_);
    never_started.Stop();
  }
  Start();
  watchdog_.Stop();
  watchdog_.Stop();
}

}  // namespace
}  // namespace kingpin
