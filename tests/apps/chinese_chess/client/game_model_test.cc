#include "apps/chinese_chess/client/game_model.h"

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "apps/chinese_chess/rules/fen.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace chinese_chess {
namespace {

using ::testing::HasSubstr;
using Change = GameModel::Change;
constexpr kingpin::MonotonicTime kBegin{1'000'000'000};

std::string Whole(std::string_view more = R"("result":"*","reason":"none")",
                  std::string_view fen = kStartFen,
                  std::string_view moves = "") {
  return absl::StrCat(
      R"({"t":"game","game":"g","v":5,"you":"black","control":"5+3",)",
      R"("red":{"id":"1","name":"Zhang","online":true,"left_ms":300000},)",
      R"("black":{"id":"2","name":"Li","online":false,"left_ms":299000,"grace_ms":9000},)",
      R"("turn":"red","clock":true,"fen":")", fen, R"(","moves":[)", moves,
      "],", more, "}");
}

class Game5 : public ::testing::Test {
 protected:
  absl::StatusOr<Change> Apply(std::string_view text,
                               absl::Duration after = {}) {
    const auto message = JsonObject::Parse(text);
    EXPECT_TRUE(message.ok()) << text << message.status();
    return game_.Apply(*message, kBegin + after);
  }
  std::string Error(std::string_view text) {
    const auto change = Apply(text);
    EXPECT_EQ(change.status().code(), absl::StatusCode::kDataLoss) << text;
    return std::string(change.status().message());
  }
  static std::string Move(int v, int ply, std::string_view by,
                          std::string_view move, std::string_view more = "") {
    return absl::StrCat(R"({"t":"move","game":"g","v":)", v, R"(,"by":")", by,
                        R"(","ply":)", ply, R"(,"move":")", move,
                        R"(","red_ms":290000,"black_ms":280000)", more, "}");
  }
  GameModel game_{"g"};
};

TEST_F(Game5, IsToldFromTheBeginning) {
  EXPECT_EQ(*Apply(Move(9, 0, "red", "h2e2")), Change::kHole);
  EXPECT_EQ(*Apply(Whole()), Change::kAll);
  EXPECT_EQ(game_.you(), Color::kBlack);
  EXPECT_EQ(game_.side(Color::kRed).name, "Zhang");
  EXPECT_FALSE(game_.side(Color::kBlack).online);
  EXPECT_FALSE(game_.is_my_turn());
  EXPECT_EQ(game_.Left(Color::kRed, kBegin + absl::Seconds(7)),
            absl::Seconds(293));
  EXPECT_EQ(game_.Left(Color::kBlack, kBegin + absl::Seconds(7)),
            absl::Seconds(299));
}

TEST_F(Game5, AfterALostConnectionTheClocksAreThoseOfNow) {
  ASSERT_TRUE(Apply(Whole()).ok());
  // Missed: Red has moved while nobody was here, half a minute ago.
  const absl::Duration now = absl::Seconds(40);
  ASSERT_TRUE(Apply(Move(6, 0, "red", "h2e2"), now).ok());
  EXPECT_EQ(*Apply(R"({"t":"ok","re":"join","game":"g","red_ms":290000,)"
                   R"("black_ms":250000,"turn_ms":30000,"clock":true})",
                   now),
            Change::kClock);
  EXPECT_EQ(game_.version(), 6);
  EXPECT_EQ(game_.Left(Color::kRed, kBegin + now), absl::Seconds(290));
  EXPECT_EQ(game_.Left(Color::kBlack, kBegin + now), absl::Seconds(250));
  EXPECT_EQ(game_.Left(Color::kBlack, kBegin + now + absl::Seconds(5)),
            absl::Seconds(245));
  // Of an older server, or of another message.
  EXPECT_EQ(*Apply(R"({"t":"ok","re":"join"})"), Change::kNothing);
}

TEST_F(Game5, ClocksThatStandStillRunWhenPresenceSaysSo) {
  std::string whole = Whole();
  whole.replace(whole.find(R"("clock":true)"), 12, R"("clock":false)");
  ASSERT_TRUE(Apply(whole).ok());
  constexpr absl::Duration kLater = absl::Seconds(9);
  EXPECT_EQ(game_.Left(Color::kRed, kBegin + kLater), absl::Seconds(300));
  const auto presence = [](int v, std::string_view more) {
    return absl::StrCat(R"({"t":"presence","game":"g","v":)", v,
                        R"(,"red_ms":300000,"black_ms":299000,"turn_ms":0,)",
                        more, "}");
  };
  ASSERT_TRUE(
      Apply(presence(6, R"("by":"black","online":true,"clock":false)"), kLater)
          .ok());
  EXPECT_EQ(game_.Left(Color::kRed, kBegin + 2 * kLater), absl::Seconds(300));
  // Also of who is to move and does not come.
  ASSERT_TRUE(
      Apply(
          presence(7, R"("by":"red","online":false,"grace_ms":0,"clock":true)"),
          2 * kLater)
          .ok());
  EXPECT_FALSE(game_.side(Color::kRed).online);
  EXPECT_EQ(game_.Left(Color::kRed, kBegin + 3 * kLater), absl::Seconds(291));
}

TEST_F(Game5, WhoComesInMidMoveLeavesTheClockWhereItIs) {
  ASSERT_TRUE(Apply(Whole()).ok());
  ASSERT_TRUE(
      Apply(R"({"t":"presence","game":"g","v":6,"by":"black","online":true,)"
            R"("red_ms":291000,"black_ms":299000,"turn_ms":9000,"clock":true})",
            absl::Seconds(9))
          .ok());
  EXPECT_TRUE(game_.side(Color::kBlack).online);
  EXPECT_EQ(game_.Left(Color::kRed, kBegin + absl::Seconds(10)),
            absl::Seconds(290));
}

// "20/60/30": twenty minutes, sixty seconds a move, then thirty a move.
class Staged : public Game5 {
 protected:
  void Begin(int red_ms, int turn_ms, std::string_view more = "") {
    std::string whole = Whole(absl::StrCat(R"("turn_ms":)", turn_ms, more,
                                           R"(,"result":"*","reason":"none")"));
    whole.replace(whole.find("5+3"), 3, "20/60/30");
    whole.replace(whole.find("300000"), 6, absl::StrCat(red_ms));
    ASSERT_TRUE(Apply(whole).ok());
  }
  // Red's, in seconds: of the game, of the move.
  std::pair<int, int> Red(int after) {
    const auto now = kBegin + absl::Seconds(after);
    const auto seconds = [](absl::Duration left) {
      return static_cast<int>(absl::ToInt64Seconds(left));
    };
    return {
        seconds(game_.Left(Color::kRed, now)),
        seconds(
            game_.LeftForMove(Color::kRed, now).value_or(-absl::Seconds(1)))};
  }
};

TEST_F(Staged, AMoveHasALimitOfItsOwn) {
  Begin(1'150'000, 50'000);
  EXPECT_EQ(Red(0), std::pair(1150, 10));
  EXPECT_EQ(Red(8), std::pair(1142, 2));
  EXPECT_EQ(game_.LeftForMove(Color::kBlack, kBegin + absl::Seconds(8)),
            absl::Seconds(60));
}

TEST_F(Staged, TimeThatRunsOutInMidMoveIsFollowedByThatForTheMove) {
  Begin(5'000, 7'000);
  EXPECT_EQ(Red(0), std::pair(5, 35));
  EXPECT_EQ(Red(10), std::pair(0, 25));
}

TEST_F(Staged, TimeThatIsUsedUpLeavesThatForTheMove) {
  Begin(0, 4'000);
  EXPECT_EQ(Red(0), std::pair(0, 26));
  EXPECT_EQ(Red(40), std::pair(0, 0));
}

// Half a minute was left when the turn began: it may last for a minute.
TEST_F(Staged, TimeThatWasUsedUpInThisTurnMakesItLonger) {
  Begin(0, 31'000, R"(,"move_ms":29000)");
  EXPECT_EQ(Red(0), std::pair(0, 29));
  EXPECT_EQ(Red(20), std::pair(0, 9));
  Begin(0, 4'000, R"(,"move_ms":26000)");
  EXPECT_EQ(Red(0), std::pair(0, 26));
}

TEST_F(Game5, OtherMovesHaveNone) {
  ASSERT_TRUE(Apply(Whole()).ok());
  EXPECT_EQ(game_.LeftForMove(Color::kRed, kBegin), std::nullopt);
}

TEST_F(Game5, VersionsAreTakenOnceAndInOrder) {
  ASSERT_TRUE(Apply(Whole()).ok());
  EXPECT_EQ(*Apply(Move(6, 0, "red", "h2e2")), Change::kMove);
  EXPECT_TRUE(game_.is_my_turn());
  EXPECT_EQ(*Apply(Move(6, 0, "red", "h2e2")), Change::kNothing);
  EXPECT_EQ(*Apply(Move(8, 1, "black", "h9g7")), Change::kHole);
  EXPECT_EQ(game_.version(), 6);
  EXPECT_EQ(*Apply(R"({"t":"skip","game":"g","v":7})"), Change::kSkip);
  EXPECT_EQ(*Apply(Move(8, 1, "black", "h9g7")), Change::kMove);
  EXPECT_EQ(game_.Left(Color::kRed, kBegin), absl::Seconds(290));
}

TEST_F(Game5, WhatCannotBeIsAnError) {
  ASSERT_TRUE(Apply(Whole()).ok());
  EXPECT_THAT(Error(Move(6, 0, "red", "h2h8")), HasSubstr("h2h8"));
  EXPECT_THAT(Error(Move(6, 1, "red", "h2e2")), HasSubstr("another ply"));
  EXPECT_THAT(Error(Move(6, 0, "black", "h2e2")), HasSubstr("whose turn"));
  EXPECT_THAT(Error(Move(6, 0, "red", "h2e2", R"(,"check":true)")),
              HasSubstr("check"));
}

TEST_F(Game5, ResultsAgreeWithTheBoard) {
  ASSERT_TRUE(Apply(Whole()).ok());
  EXPECT_THAT(
      Error(
          R"({"t":"end","game":"g","v":6,"result":"1-0","reason":"checkmate"})"),
      HasSubstr("the board has * none"));
  EXPECT_EQ(
      *Apply(
          R"({"t":"end","game":"g","v":6,"result":"0-1","reason":"timeout"})"),
      Change::kEnd);
  EXPECT_TRUE(game_.outcome().over());
  EXPECT_THAT(Error(Move(7, 0, "red", "h2e2")), HasSubstr("after the end"));
}

TEST_F(Game5, PositionsAgreeWithTheMoves) {
  EXPECT_THAT(Error(Whole(R"("result":"*","reason":"none")", kStartFen,
                          R"({"move":"h2e2"})")),
              HasSubstr("not that of its moves"));
}

TEST_F(Game5, OffersAndTakebacks) {
  ASSERT_TRUE(Apply(Whole()).ok());
  ASSERT_TRUE(Apply(Move(6, 0, "red", "h2e2")).ok());
  EXPECT_EQ(
      *Apply(R"({"t":"offer","game":"g","v":7,"by":"red","offer":"takeback"})"),
      Change::kOffer);
  EXPECT_EQ(game_.Offered("takeback"), Color::kRed);
  EXPECT_EQ(
      *Apply(R"({"t":"offer","game":"g","v":8,"by":"black","offer":"draw"})"),
      Change::kOffer);
  EXPECT_EQ(*Apply(R"({"t":"takeback","game":"g","v":9,"by":"red","ply":0})"),
            Change::kTakeback);
  EXPECT_EQ(game_.Offered("draw"), std::nullopt);
  EXPECT_EQ(game_.game().size(), 0u);
  EXPECT_EQ(game_.Offered("takeback"), std::nullopt);
  EXPECT_THAT(Error(R"({"t":"takeback","game":"g","v":10,"ply":3})"),
              HasSubstr("takes back"));
}

}  // namespace
}  // namespace chinese_chess
