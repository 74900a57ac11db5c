#include "apps/chinese_chess/server/game_clock.h"

#include <cstdint>
#include <optional>

#include "absl/time/time.h"
#include "apps/chinese_chess/rules/piece.h"
#include "apps/chinese_chess/server/time_control.h"
#include "gtest/gtest.h"
#include "kingpin/sys/clock.h"

namespace chinese_chess {
namespace {

using absl::Milliseconds;
using absl::Seconds;
using absl::ZeroDuration;
using kingpin::MonotonicTime;

constexpr Color kRed = Color::kRed;
constexpr Color kBlack = Color::kBlack;
constexpr MonotonicTime kStart = {1'000'000'000};

MonotonicTime At(double seconds) { return kStart + absl::Seconds(seconds); }

GameClock Clock(const char* control) {
  GameClock clock(*ParseTimeControl(control));
  clock.Start(kRed, kStart);
  return clock;
}

TEST(GameClockTest, MovesCostWhatTheyTookAndGiveTheIncrement) {
  GameClock clock = Clock("5+3");
  EXPECT_EQ(clock.Move(At(10), ZeroDuration()), Seconds(10));
  EXPECT_EQ(clock.running(), kBlack);
  EXPECT_EQ(clock.Left(kRed, At(12)), Seconds(293));
  EXPECT_EQ(clock.Left(kBlack, At(12)), Seconds(298));
  EXPECT_EQ(clock.Move(At(12), ZeroDuration()), Seconds(2));
  EXPECT_EQ(clock.Left(kBlack, At(12)), Seconds(301));
  EXPECT_EQ(clock.running(), kRed);
}

TEST(GameClockTest, TimeDoesNotRunBackwards) {
  GameClock clock = Clock("5+0");
  EXPECT_EQ(clock.Move(At(-1), Seconds(1)), ZeroDuration());
  EXPECT_EQ(clock.Left(kRed, At(-1)), Seconds(300));
}

TEST(GameClockTest, LagIsGivenBackAsFarAsTheQuotaGoes) {
  GameClock clock = Clock("5+0");  // Gain a second; at first three.
  EXPECT_EQ(clock.Move(At(10), Milliseconds(400)), Milliseconds(9600));
  clock.Move(At(11), ZeroDuration());
  // Red's quota: 3 - 0.4 + 1.
  EXPECT_EQ(clock.Move(At(21), Seconds(60)), Milliseconds(6400));
  clock.Move(At(22), ZeroDuration());
  // What is left is what a move brings.
  EXPECT_EQ(clock.Move(At(32), Seconds(60)), Seconds(9));
}

TEST(GameClockTest, TheQuotaIsBounded) {
  GameClock clock = Clock("5+0");
  for (int i = 0; i < 100; ++i) clock.Move(kStart, ZeroDuration());
  ASSERT_EQ(clock.running(), kRed);
  EXPECT_EQ(clock.Move(At(10), Seconds(60)), Seconds(3));
}

TEST(GameClockTest, NobodyGainsTimeByLag) {
  GameClock clock = Clock("5+0");
  EXPECT_EQ(clock.Move(At(1), Seconds(2)), ZeroDuration());
  EXPECT_EQ(clock.Left(kRed, At(1)), Seconds(300));
  EXPECT_EQ(clock.Move(At(2), Seconds(-5)), Seconds(1));
}

TEST(GameClockTest, ShortGamesCompensateLess) {
  GameClock clock = Clock("0.5+0");  // Gain: 0.27 s.
  EXPECT_EQ(clock.Move(At(10), Seconds(60)), Milliseconds(10'000 - 810));
}

TEST(GameClockTest, TheFlagWaitsForTheQuotaButNotForLong) {
  GameClock clock = Clock("0.5+0");
  EXPECT_EQ(clock.FlagTime(), At(30.81));
  GameClock slow = Clock("5+0");  // Three seconds of quota; two are waited.
  EXPECT_EQ(slow.FlagTime(), At(302));
}

TEST(GameClockTest, WhoIsLateInSpiteOfTheirLagHasLost) {
  GameClock clock = Clock("0.5+0");
  EXPECT_EQ(clock.Move(At(30.5), Milliseconds(400)), std::nullopt);
  EXPECT_EQ(clock.running(), kRed);
  EXPECT_EQ(clock.Left(kRed, At(30.5)), ZeroDuration());
  EXPECT_EQ(clock.Move(At(30.5), Milliseconds(600)), Milliseconds(29'900));
}

TEST(GameClockTest, StagedMovesHaveALimitOfTheirOwn) {
  GameClock clock = Clock("20/60/30");
  EXPECT_EQ(clock.TurnLimit(kRed), Seconds(60));
  EXPECT_EQ(clock.Move(At(61), ZeroDuration()), std::nullopt);
  EXPECT_EQ(clock.Move(At(50), ZeroDuration()), Seconds(50));
  EXPECT_EQ(clock.Left(kRed, At(50)), absl::Minutes(20) - Seconds(50));
}

TEST(GameClockTest, AfterTheGameTimeEveryMoveHasByoYomi) {
  GameClock clock = Clock("1/45/10");
  ASSERT_TRUE(clock.Move(At(40), ZeroDuration()).has_value());
  ASSERT_TRUE(clock.Move(At(40), ZeroDuration()).has_value());
  // Twenty seconds for the game, then ten for the move.
  EXPECT_EQ(clock.TurnLimit(kRed), Seconds(30));
  ASSERT_TRUE(clock.Move(At(68), ZeroDuration()).has_value());
  EXPECT_EQ(clock.Left(kRed, At(68)), ZeroDuration());
  EXPECT_EQ(clock.TurnLimit(kRed), Seconds(10));
  ASSERT_TRUE(clock.Move(At(68), ZeroDuration()).has_value());
  ASSERT_TRUE(clock.Move(At(77), ZeroDuration()).has_value());
  ASSERT_TRUE(clock.Move(At(77), ZeroDuration()).has_value());
  EXPECT_EQ(clock.Move(At(88), ZeroDuration()), std::nullopt);
}

TEST(GameClockTest, AStoppedClockStandsStill) {
  GameClock clock = Clock("5+3");
  clock.Stop(At(20));
  EXPECT_TRUE(clock.stopped());
  EXPECT_EQ(clock.Left(kRed, At(500)), Seconds(280));
  EXPECT_EQ(clock.FlagTime().nanos, INT64_MAX);
  clock.Stop(At(600));
  EXPECT_EQ(clock.Left(kRed, At(600)), Seconds(280));
  clock.Start(kBlack, At(600));
  EXPECT_EQ(clock.Left(kBlack, At(610)), Seconds(290));
}

TEST(GameClockTest, RestoredTimeCounts) {
  GameClock clock(*ParseTimeControl("5+0"));
  clock.Restore(kBlack, Seconds(7));
  clock.Start(kBlack, kStart);
  EXPECT_EQ(clock.Left(kBlack, At(2)), Seconds(5));
  EXPECT_EQ(clock.FlagTime(), At(9));
}

}  // namespace
}  // namespace chinese_chess
