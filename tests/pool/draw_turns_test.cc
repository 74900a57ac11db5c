#include "kingpin/pool/draw_turns.h"

#include <memory>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "kingpin/pool/thread_slot.h"
#include "kingpin/sys/clock.h"

namespace kingpin {
namespace {

// Two threads, a margin of three targets.
class DrawTurnsTest : public ::testing::Test {
 protected:
  DrawTurnsTest() {
    for (int i = 0; i < 2; ++i) {
      slots_.push_back(std::make_unique<ThreadSlot>(clock_));
    }
    turns_.Open(slots_);
  }
  bool MayDraw(int thread) { return turns_.MayDraw(thread, clock_.Now()); }
  ThreadSlot* Next() { return turns_.Next(clock_.Now()); }
  // One draw and its end.
  void Draw(int thread) {
    turns_.CountDraw(thread);
    turns_.CountEnd(thread);
  }
  void GetStuck(int thread) {
    slots_[thread]->WokeUp(clock_.Now());
    clock_.Advance(absl::Milliseconds(11));
  }

  Clock clock_ = Clock::Manual();
  std::vector<std::unique_ptr<ThreadSlot>> slots_;
  DrawTurns turns_{/*load_margin=*/3, /*stuck_after=*/absl::Milliseconds(10)};
};

TEST_F(DrawTurnsTest, HeavierByTheMarginMayNotDraw) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(MayDraw(0)) << i;
    turns_.CountDraw(0);
  }
  EXPECT_FALSE(MayDraw(0));
  EXPECT_EQ(Next(), slots_[1].get());
  turns_.CountEnd(0);
  EXPECT_TRUE(MayDraw(0));
}

TEST_F(DrawTurnsTest, AheadOfOneAsLightMayNotDraw) {
  for (int i = 0; i <= DrawTurns::kLead; ++i) {
    EXPECT_TRUE(MayDraw(0)) << i;
    Draw(0);
  }
  EXPECT_FALSE(MayDraw(0));
  EXPECT_EQ(Next(), slots_[1].get());
  // One that is heavier has had its share.
  turns_.CountDraw(1);
  EXPECT_TRUE(MayDraw(0));
}

TEST_F(DrawTurnsTest, OneThatIsStuckDoesNotCount) {
  for (int i = 0; i < 3; ++i) turns_.CountDraw(0);
  EXPECT_FALSE(turns_.AnyStuck(clock_.Now()));
  GetStuck(1);
  EXPECT_TRUE(turns_.AnyStuck(clock_.Now()));
  EXPECT_TRUE(turns_.Stuck(1, clock_.Now()));
  EXPECT_TRUE(MayDraw(0));
  EXPECT_EQ(Next(), slots_[0].get());
  GetStuck(0);
  EXPECT_EQ(Next(), nullptr);
}

TEST_F(DrawTurnsTest, OneThatDidNotCompeteForLongGetsABoundedShare) {
  for (int i = 0; i < 1000; ++i) Draw(0);
  int missed = 0;
  while (!MayDraw(0) && missed < 1000) {
    Draw(1);
    ++missed;
  }
  EXPECT_EQ(missed, DrawTurns::kLead) << "it lags by twice the lead at most";
  EXPECT_EQ(turns_.draws(0), 1000u);
  EXPECT_EQ(turns_.DebugString(), "1000/32");
}

TEST_F(DrawTurnsTest, TheLightestIsNextAndThenTheOneThatHasDrawnLess) {
  Draw(0);
  EXPECT_EQ(Next(), slots_[1].get());
  turns_.CountDraw(1);
  EXPECT_EQ(Next(), slots_[0].get());
}

TEST_F(DrawTurnsTest, TheNumbersAreThereBeforeAndAfterARun) {
  Draw(1);
  turns_.Clear();
  EXPECT_EQ(turns_.draws(1), 1u);
  EXPECT_EQ(turns_.DebugString(), "0/1");
  EXPECT_EQ(Next(), nullptr);
  EXPECT_FALSE(turns_.AnyStuck(clock_.Now()));
  const DrawTurns not_open(3, absl::Milliseconds(10));
  EXPECT_EQ(not_open.draws(0), 0u);
}

}  // namespace
}  // namespace kingpin
