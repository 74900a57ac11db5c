#include "kingpin/pool/watchdog.h"

#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
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
  WatchdogTest()
      : watchdog_(Options(), clock_, [this] {
          return absl::Now() + absl::Seconds(wall_clock_seconds_.load());
        }) {
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
  // What is logged while `body` runs, which stops the watchdog.
  std::string LogOf(absl::FunctionRef<void()> body) {
    std::string path = absl::StrCat(::testing::TempDir(), "/kingpin_XXXXXX");
    UniqueFd file(mkstemp(path.data()));
    {
      Logger log({.fd = file.get()});
      Logger::SetDefault(&log);
      body();
      watchdog_.Stop();
      Logger::SetDefault(nullptr);
    }
    char text[1000];
    ssize_t size = pread(file.get(), text, sizeof(text), 0);
    return std::string(text, std::max<ssize_t>(size, 0));
  }
  // True when it has ticked since the call.
  bool Ticks(int count = 3) {
    int before = ticks_;
    return Eventually([&] { return ticks_ >= before + count; });
  }
  Clock clock_ = Clock::Manual();
  std::vector<std::unique_ptr<ThreadSlot>> slots_;
  std::atomic<int> ticks_ = 0;
  std::atomic<int> wall_clock_seconds_ = 0;  // Ahead of the real one.
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
  std::string log = LogOf([&] {
    Start();
    WakeUp(1);
    clock_.Advance(absl::Seconds(3));
    EXPECT_TRUE(Ticks());
  });
  EXPECT_THAT(log, HasSubstr(absl::StrCat("loop 1 (thread ", sys::ThreadId(),
                                          ") is stuck")));
  EXPECT_THAT(log, HasSubstr("for 3s"));
}

using FailureMode30 = WatchdogTest;

TEST_F(FailureMode30, JumpOfTheWallClockIsLoggedOnce) {
  std::string log = LogOf([&] {
    Start();
    WakeUp(0);
    EXPECT_TRUE(Ticks());
    wall_clock_seconds_ += 3600;
    EXPECT_TRUE(Ticks());
    wall_clock_seconds_ -= 7200;
    EXPECT_TRUE(Ticks());
    clock_.Advance(absl::Hours(1));
    EXPECT_TRUE(Ticks());
  });
  EXPECT_THAT(log, HasSubstr("it moved by 3600 s\n"));
  EXPECT_THAT(log, HasSubstr("it moved by -7200 s\n"));
  std::vector<std::string> around = absl::StrSplit(log, "it moved by");
  EXPECT_EQ(around.size(), 3u) << log;
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
  EXPECT_TRUE(Eventually([&] { return watchdog_.resting(); }));
  watchdog_.Stop();
  watchdog_.Stop();
}

}  // namespace
}  // namespace kingpin
