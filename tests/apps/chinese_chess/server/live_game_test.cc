#include "apps/chinese_chess/server/live_game.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "apps/chinese_chess/rules/move.h"
#include "apps/chinese_chess/rules/outcome.h"
#include "apps/chinese_chess/rules/piece.h"
#include "apps/chinese_chess/server/delayed_game.h"
#include "apps/chinese_chess/server/game_event.h"
#include "apps/chinese_chess/server/refusal.h"
#include "apps/chinese_chess/server/time_control.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/sys/clock.h"

namespace chinese_chess {
namespace {

using absl::Seconds;
using absl::ZeroDuration;
using kingpin::MonotonicTime;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr Color kRed = Color::kRed;
constexpr Color kBlack = Color::kBlack;

GameSetup TestSetup(bool casual = false, const char* control = "5+3") {
  return {.id = "game",
          .players = {Player{"r", "Zhang"}, Player{"b", "Li"}},
          .control = *ParseTimeControl(control),
          .casual = casual,
          .created = absl::UnixEpoch()};
}

class Table {
 public:
  explicit Table(bool casual = false, const char* control = "5+3")
      : game_(TestSetup(casual, control), {}, now_) {}
  explicit Table(LiveGame game) : game_(std::move(game)) {}

  LiveGame* operator->() { return &game_; }
  LiveGame& operator*() { return game_; }
  MonotonicTime now() const { return now_; }
  void Wait(double seconds) { now_ = now_ + absl::Seconds(seconds); }

  // "ok", or why not.
  std::string Try(Color by, std::string_view move,
                  std::optional<size_t> ply = std::nullopt) {
    return Say(game_.Move(by, ply.value_or(game_.game().size()),
                          *ParseIccs(move), now_, ZeroDuration()));
  }
  // By turns, a second each.
  void Play(std::string_view moves) {
    for (const std::string_view move : absl::StrSplit(moves, ' ')) {
      Wait(1);
      ASSERT_EQ(Try(game_.game().position().turn(), move), "ok") << move;
    }
  }
  static std::string Say(const MaybeRefused& refused) {
    return refused.has_value() ? std::string(refused->code) : "ok";
  }
  std::string Propose(Color by, Offer offer) {
    return Say(game_.MakeOffer(by, offer, now_));
  }
  std::string result() const {
    const Outcome outcome = game_.game().outcome();
    return absl::StrCat(ResultText(outcome.result), " ",
                        ReasonText(outcome.reason));
  }
  std::vector<GameEvent::Kind> Kinds() {
    std::vector<GameEvent::Kind> kinds;
    for (const GameEvent& event : game_.TakeEvents()) {
      kinds.push_back(event.kind);
    }
    return kinds;
  }

 private:
  MonotonicTime now_{1'000'000'000};
  LiveGame game_;
};

constexpr std::string_view kShuffle = "b0c2 b9c7 c2b0 c7b9";

TEST(LiveGameTest, AMoveIsAnEventWithClocks) {
  Table table;
  table.Wait(2);
  ASSERT_EQ(table.Try(kRed, "h2e2"), "ok");
  const std::vector<GameEvent> events = table->TakeEvents();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, GameEvent::kMove);
  EXPECT_EQ(events[0].version, 1u);
  EXPECT_EQ(events[0].by, kRed);
  EXPECT_EQ(FormatIccs(events[0].move), "h2e2");
  EXPECT_EQ(events[0].at, Seconds(2));
  EXPECT_EQ(events[0].charged, Seconds(2));
  EXPECT_EQ(events[0].left[0], Seconds(301));
  EXPECT_EQ(events[0].left[1], Seconds(300));
  EXPECT_TRUE(table->TakeEvents().empty());
}

TEST(LiveGameTest, WhatIsNoMoveNowIsRefusedAndHarmsNobody) {
  Table table;
  EXPECT_EQ(table.Try(kBlack, "h9g7"), "not_your_turn");
  EXPECT_EQ(table.Try(kRed, "h9g7"), "illegal_move");
  EXPECT_EQ(table.Try(kRed, "h2h9"), "ok");
  EXPECT_EQ(table.Try(kRed, "h9g9"), "not_your_turn");
  EXPECT_EQ(table.Try(kBlack, "i9h9", 0), "wrong_ply");
  EXPECT_EQ(table.Try(kBlack, "i9h9", 7), "wrong_ply");
  EXPECT_EQ(table->game().size(), 1u);
  EXPECT_EQ(table.Kinds().size(), 1u);
  const MaybeRefused refused =
      table->Move(kBlack, 1, *ParseIccs("h7h0"), table.now(), ZeroDuration());
  ASSERT_TRUE(refused.has_value());
  EXPECT_THAT(refused->text, HasSubstr("h7h0"));
}

TEST(LiveGameTest, AMoveThatComesTwiceIsMadeOnce) {
  Table table;
  ASSERT_EQ(table.Try(kRed, "h2e2", 0), "ok");
  table.Wait(5);
  ASSERT_EQ(table.Try(kRed, "h2e2", 0), "ok");
  ASSERT_EQ(table.Try(kBlack, "h9g7", 1), "ok");
  ASSERT_EQ(table.Try(kRed, "h2e2", 0), "ok");
  EXPECT_EQ(table->game().size(), 2u);
  EXPECT_EQ(table.Kinds().size(), 2u);
  // Neither another's nor an old one's.
  EXPECT_EQ(table.Try(kBlack, "h2e2", 0), "wrong_ply");
  EXPECT_EQ(table.Try(kRed, "h2d2", 0), "wrong_ply");
  table.Play("h0g2");
  EXPECT_EQ(table.Try(kRed, "h2e2", 0), "wrong_ply");
}

TEST(LiveGameTest, MateEndsTheGame) {
  Table table;
  // Two cannons on the file of the general.
  table.Play("h2e2 a9a8 e2e6 a8a9 b2b4 a9a8 b4e4");
  EXPECT_EQ(table.result(), "1-0 checkmate");
  const std::vector<GameEvent> events = table->TakeEvents();
  ASSERT_GE(events.size(), 2u);
  EXPECT_TRUE(events[events.size() - 2].gives_check);
  EXPECT_EQ(events.back().kind, GameEvent::kEnd);
  EXPECT_EQ(events.back().outcome, WonBy(kRed, Reason::kCheckmate));
  EXPECT_EQ(table->Deadline().nanos, INT64_MAX);
}

TEST(LiveGameTest, ThirdOccurrenceEndsItAndTheSecondWarns) {
  Table table;
  table.Play(kShuffle);
  std::vector<GameEvent> events = table->TakeEvents();
  ASSERT_TRUE(events.back().warning.has_value());
  EXPECT_EQ(events.back().warning->reason, Reason::kRepetition);
  table.Play(kShuffle);
  EXPECT_EQ(table.result(), "1/2-1/2 repetition");
  events = table->TakeEvents();
  EXPECT_EQ(events.back().kind, GameEvent::kEnd);
  EXPECT_EQ(table.Try(kRed, "h2e2"), "game_over");
}

TEST(LiveGameTest, EitherMayResignAnyTime) {
  Table table;
  EXPECT_EQ(Table::Say(table->Resign(kBlack, table.now())), "ok");
  EXPECT_EQ(table.result(), "1-0 resignation");
  EXPECT_EQ(Table::Say(table->Resign(kRed, table.now())), "game_over");
}

TEST(LiveGameTest, AbortIsForTheBeginning) {
  Table table;
  table.Play("h2e2");
  EXPECT_EQ(Table::Say(table->Abort(kRed, table.now())), "ok");
  EXPECT_EQ(table.result(), "* aborted");
  Table later;
  later.Play("h2e2 h9g7");
  EXPECT_EQ(Table::Say(later->Abort(kRed, later.now())), "too_late");
}

TEST(LiveGameTest, NoFirstMoveAborts) {
  Table table;
  EXPECT_EQ(table->Deadline(), table.now() + Seconds(30));
  table.Wait(29.9);
  table->OnTime(table.now());
  EXPECT_FALSE(table->over());
  ASSERT_EQ(table.Try(kRed, "h2e2"), "ok");
  table.Wait(30);
  table->OnTime(table.now());
  EXPECT_EQ(table.result(), "* aborted");
}

TEST(LiveGameTest, TheFlagFallsByItself) {
  Table table;
  table.Play("h2e2 h9g7");
  table.Wait(302);
  table->OnTime(table.now());
  EXPECT_FALSE(table->over());  // 3 s of increment, 2 s for lag.
  table.Wait(3.5);
  EXPECT_LE(table->Deadline(), table.now());
  table->OnTime(table.now());
  EXPECT_EQ(table.result(), "0-1 timeout");
}

TEST(LiveGameTest, AMoveAfterTheFlagLoses) {
  Table table;
  table.Play("h2e2 h9g7");
  table.Wait(303);
  EXPECT_EQ(table.Try(kRed, "h0g2"), "too_late");
  EXPECT_EQ(table.result(), "0-1 timeout");
}

TEST(LiveGameTest, ADrawNeedsBoth) {
  Table table;
  EXPECT_EQ(table.Propose(kRed, Offer::kDraw), "too_early");
  table.Play("h2e2 h9g7");
  EXPECT_EQ(table.Propose(kRed, Offer::kDraw), "ok");
  EXPECT_EQ(table.Propose(kRed, Offer::kDraw), "already_offered");
  EXPECT_EQ(table->offer(Offer::kDraw), kRed);
  EXPECT_EQ(table.Propose(kBlack, Offer::kDraw), "ok");
  EXPECT_EQ(table.result(), "1/2-1/2 agreement");
}

TEST(LiveGameTest, AnOfferStandsUntilTheOfferersNextMove) {
  Table table;
  table.Play("h2e2 h9g7 h0g2");
  ASSERT_EQ(table.Propose(kRed, Offer::kDraw), "ok");
  table.Play("g7h9");
  EXPECT_EQ(table->offer(Offer::kDraw), kRed);
  table.Play("g2h0");
  EXPECT_EQ(table->offer(Offer::kDraw), std::nullopt);
  // Black's is an offer of its own now; Red has to wait.
  EXPECT_EQ(table.Propose(kRed, Offer::kDraw), "too_early");
  EXPECT_EQ(table.Propose(kBlack, Offer::kDraw), "ok");
  EXPECT_FALSE(table->over());
  // To accept is no offer.
  EXPECT_EQ(table.Propose(kRed, Offer::kDraw), "ok");
  EXPECT_TRUE(table->over());
}

TEST(LiveGameTest, OffersCanBeTurnedDownAndTakenBack) {
  Table table;
  table.Play("h2e2 h9g7");
  EXPECT_EQ(Table::Say(table->DeclineOffer(kBlack, Offer::kDraw)), "no_offer");
  ASSERT_EQ(table.Propose(kRed, Offer::kDraw), "ok");
  EXPECT_EQ(Table::Say(table->DeclineOffer(kBlack, Offer::kDraw)), "ok");
  EXPECT_EQ(table.Propose(kRed, Offer::kDraw), "too_early");
  EXPECT_EQ(table.Propose(kBlack, Offer::kDraw), "ok");
  EXPECT_EQ(Table::Say(table->DeclineOffer(kBlack, Offer::kDraw)), "ok");
  EXPECT_FALSE(table->over());
  for (const GameEvent& event : table->TakeEvents()) {
    if (event.kind == GameEvent::kMove) continue;
    EXPECT_EQ(event.audience, Audience::kPlayers);
  }
}

TEST(LiveGameTest, TakebacksAreForCasualGames) {
  Table rated;
  rated.Play("h2e2 h9g7");
  EXPECT_EQ(rated.Propose(kRed, Offer::kTakeback), "not_casual");

  Table table(/*casual=*/true);
  table.Play("h2e2 h9g7 h0g2");
  // Red has just moved: one move goes back. Black's turn comes before: two.
  ASSERT_EQ(table.Propose(kRed, Offer::kTakeback), "ok");
  ASSERT_EQ(table.Propose(kBlack, Offer::kTakeback), "ok");
  EXPECT_EQ(table->game().size(), 2u);
  EXPECT_EQ(table->moves().size(), 2u);
  ASSERT_EQ(table.Propose(kRed, Offer::kTakeback), "ok");
  table->TakeEvents();
  ASSERT_EQ(table.Propose(kBlack, Offer::kTakeback), "ok");
  EXPECT_EQ(table->game().size(), 0u);
  const std::vector<GameEvent> events = table->TakeEvents();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, GameEvent::kTakeback);
  EXPECT_EQ(events[0].by, kRed);
  EXPECT_EQ(events[0].ply, 0u);
  table.Play("h2d2 h9g7");
}

TEST(LiveGameTest, TheFirstMoveCanBeTakenBack) {
  Table table(/*casual=*/true);
  EXPECT_EQ(table.Propose(kRed, Offer::kTakeback), "too_early");
  table.Play("h2e2");
  // Black has none to take back.
  EXPECT_EQ(table.Propose(kBlack, Offer::kTakeback), "too_early");
  ASSERT_EQ(table.Propose(kRed, Offer::kTakeback), "ok");
  ASSERT_EQ(table.Propose(kBlack, Offer::kTakeback), "ok");
  EXPECT_EQ(table->game().size(), 0u);
  EXPECT_EQ(table->game().position().turn(), kRed);
  table.Play("h2d2 h9g7");
}

TEST(LiveGameTest, AMoveEndsATakebackOffer) {
  Table table(/*casual=*/true);
  table.Play("h2e2");
  ASSERT_EQ(table.Propose(kRed, Offer::kTakeback), "ok");
  table.Play("h9g7");
  EXPECT_EQ(table->offer(Offer::kTakeback), std::nullopt);
}

TEST(LiveGameTest, WhoStaysAwayCanBeClaimedAgainst) {
  Table table;
  table->SetOnline(kRed, true, table.now());
  table->SetOnline(kBlack, true, table.now());
  table.Play("h2e2 h9g7");
  EXPECT_EQ(Table::Say(table->Claim(kRed, false, table.now())),
            "opponent_here");
  table->TakeEvents();
  table->SetOnline(kBlack, false, table.now());
  table->SetOnline(kBlack, false, table.now());
  const std::vector<GameEvent> events = table->TakeEvents();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_FALSE(events[0].online);
  EXPECT_EQ(events[0].grace, Seconds(30));
  table.Wait(29);
  EXPECT_EQ(Table::Say(table->Claim(kRed, false, table.now())), "too_early");
  table.Wait(1);
  EXPECT_EQ(Table::Say(table->Claim(kRed, false, table.now())), "ok");
  EXPECT_EQ(table.result(), "1-0 abandonment");
}

TEST(LiveGameTest, AClaimMayAskForADrawOnly) {
  Table table;
  table.Play("h2e2 h9g7");
  table.Wait(31);
  EXPECT_EQ(Table::Say(table->Claim(kBlack, true, table.now())), "ok");
  EXPECT_EQ(table.result(), "1/2-1/2 abandonment");
}

TEST(LiveGameTest, TheGraceGrowsWithTheGame) {
  Table table(false, "10+15");  // A twentieth of 1,200 s is the most.
  EXPECT_EQ(table->GraceLeft(kRed, table.now()), Seconds(60));
}

TEST(LiveGameTest, ChatHasLimits) {
  Table table;
  const auto chat = [&](std::optional<Color> by, std::string_view text) {
    return Table::Say(table->Chat(by, "Zhang", text, table.now()));
  };
  EXPECT_EQ(chat(kRed, "你好"), "ok");
  EXPECT_EQ(chat(std::nullopt, "👩\u200d🚀"), "ok");
  // Blanks of Braille and of old Hangul.
  for (const char* words : {"\u2813\u2800\u2811", "\u1112\u1160\u11ab"}) {
    EXPECT_EQ(chat(std::nullopt, words), "ok") << words;
  }
  const std::vector<GameEvent> events = table->TakeEvents();
  ASSERT_EQ(events.size(), 4u);
  EXPECT_EQ(events[0].audience, Audience::kPlayers);
  EXPECT_EQ(events[1].audience, Audience::kSpectators);
  EXPECT_EQ(chat(kRed, ""), "bad_text");
  EXPECT_EQ(chat(kRed, "a\nb"), "bad_text");
  EXPECT_EQ(chat(kRed, "a\u009b2J"), "bad_text");  // A terminal would obey,
  EXPECT_EQ(chat(kRed, "a\u202eb"), "bad_text");   // a reader be misled.
  EXPECT_EQ(chat(kRed, "a\u061cb"), "bad_text");
  EXPECT_EQ(chat(kRed, std::string(141, 'a')), "bad_text");
  for (const char* unseen :
       {" ", "\u3164", "\u2800", "\u115f\u1160", "\uffa0", "\u0301\u0301",
        "\u200d", "\ufe0f", "\u3000\u00a0", "\u061c", "\u17b4\u17b5",
        "\U0001d159", "\U0001d173", "\U000e0fff"}) {
    EXPECT_EQ(chat(kRed, unseen), "bad_text") << unseen;
  }
  for (int i = 0; i < 4; ++i) EXPECT_EQ(chat(kRed, "a"), "ok");
  EXPECT_EQ(chat(kRed, "a"), "too_fast");
  EXPECT_EQ(chat(kBlack, "a"), "ok");
  table.Wait(3);
  EXPECT_EQ(chat(kRed, "a"), "ok");
}

TEST(LiveGameTest, TheLastLinesOfChatAreKept) {
  Table table;
  table->Chat(std::nullopt, "Wang", "ssh", table.now());
  for (size_t i = 0; i < kMostChatLines + 2; ++i) {
    EXPECT_EQ(
        Table::Say(table->Chat(kRed, "Zhang", absl::StrCat(i), table.now())),
        "ok");
    table.Wait(2);
  }
  ASSERT_EQ(table->chat(true).size(), kMostChatLines);
  EXPECT_EQ(table->chat(true).front().text, "2");
  EXPECT_EQ(table->chat(true).back().by, kRed);
  ASSERT_EQ(table->chat(false).size(), 1u);
  EXPECT_EQ(table->chat(false).front().name, "Wang");
}

TEST(LiveGameTest, ADelayedGameIsTheSameGameInThePast) {
  Table table(/*casual=*/true);
  DelayedGame delayed(*table, Seconds(10), 32);
  const auto tell = [&](auto action) {
    EXPECT_FALSE(delayed.Apply(&*table, table.now(), action).has_value());
  };
  const auto move = [&](Color by, std::string_view text) {
    tell([by, ply = table->game().size(), iccs = *ParseIccs(text),
          at = table.now()](LiveGame& game) {
      return game.Move(by, ply, iccs, at, ZeroDuration());
    });
  };
  const auto offer = [&](Color by) {
    tell([by, at = table.now()](LiveGame& game) {
      return game.MakeOffer(by, Offer::kTakeback, at);
    });
  };
  table.Wait(3);
  move(kRed, "h2e2");
  table.Wait(4);
  move(kBlack, "h9g7");
  offer(kBlack);
  offer(kRed);
  EXPECT_EQ(delayed.next(), table.now() + Seconds(6));
  delayed.CatchUp(table.now() + Seconds(5));
  EXPECT_EQ(delayed.game().game().size(), 0u);
  delayed.CatchUp(table.now() + Seconds(6));
  EXPECT_EQ(delayed.game().game().size(), 1u);
  EXPECT_EQ(
      delayed.game().Left(kRed, table.now() + Seconds(9) + -delayed.delay()),
      Seconds(300));
  delayed.EndDelay();
  EXPECT_EQ(delayed.game().version(), table->version());
  EXPECT_EQ(delayed.game().game().size(), 1u);
  EXPECT_EQ(delayed.delay(), Seconds(0));
  const std::vector<GameEvent> live = table->TakeEvents();
  const std::vector<GameEvent> late = delayed.game().TakeEvents();
  ASSERT_EQ(late.size(), live.size());
  for (size_t i = 0; i < live.size(); ++i) {
    EXPECT_EQ(late[i].version, live[i].version);
    EXPECT_EQ(late[i].kind, live[i].kind);
    EXPECT_EQ(late[i].left[0], live[i].left[0]);
    EXPECT_EQ(late[i].left[1], live[i].left[1]);
  }
}

TEST(LiveGameTest, WhatWasRefusedIsNotKeptForLater) {
  Table table;
  DelayedGame delayed(*table, Seconds(10), 32);
  const auto apply = [&](auto action) {
    return Table::Say(delayed.Apply(&*table, table.now(), action));
  };
  const auto move = [at = &table](Color by) {
    return [by, now = at->now()](LiveGame& game) {
      return game.Move(by, 0, *ParseIccs("h2e2"), now, ZeroDuration());
    };
  };
  EXPECT_EQ(apply(move(kBlack)), "not_your_turn");
  EXPECT_EQ(delayed.next(), MonotonicTime{INT64_MAX});
  // But this one ends the game.
  table.Wait(400);
  EXPECT_EQ(apply(move(kRed)), "too_late");
  EXPECT_EQ(delayed.next(), table.now() + Seconds(10));
  delayed.EndDelay();
  EXPECT_TRUE(delayed.game().over());
}

TEST(LiveGameTest, NobodyIsPesteredForARematch) {
  Table table;
  table->Resign(kRed, table.now());
  for (int offers = 0; offers < 3; ++offers) {
    EXPECT_EQ(table.Propose(kRed, Offer::kRematch), "ok");
    EXPECT_EQ(Table::Say(table->DeclineOffer(kRed, Offer::kRematch)), "ok");
  }
  EXPECT_EQ(table.Propose(kRed, Offer::kRematch), "too_many_offers");
  // What the other offers can be accepted all the same.
  EXPECT_EQ(table.Propose(kBlack, Offer::kRematch), "ok");
  EXPECT_EQ(table.Propose(kRed, Offer::kRematch), "ok");
  EXPECT_TRUE(table->rematch_agreed());
}

TEST(LiveGameTest, ARematchIsOfferedByThoseWhoAreHere) {
  Table table;
  table->SetOnline(kRed, true, table.now());
  table->Resign(kRed, table.now());
  // As often as one may.
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(table.Propose(kRed, Offer::kRematch), "ok");
    table->TakeEvents();
    table->SetOnline(kRed, false, table.now());
    const std::vector<GameEvent> events = table->TakeEvents();
    ASSERT_EQ(events.size(), 2u);
    EXPECT_EQ(events[0].kind, GameEvent::kDecline);
    EXPECT_EQ(events[0].by, kRed);
    table->SetOnline(kRed, true, table.now());
  }
  // That of one who is here stays.
  table->SetOnline(kBlack, true, table.now());
  EXPECT_EQ(table.Propose(kBlack, Offer::kRematch), "ok");
  table->SetOnline(kRed, false, table.now());
  EXPECT_EQ(table->offer(Offer::kRematch), kBlack);
}

TEST(LiveGameTest, ARematchThatFailsIsTakenBack) {
  Table table;
  table->Resign(kRed, table.now());
  // Oftener than one may offer.
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(table.Propose(kBlack, Offer::kRematch), "ok");
    EXPECT_EQ(table.Propose(kRed, Offer::kRematch), "ok");
    table->TakeEvents();
    table->DropRematch();
    const std::vector<GameEvent> events = table->TakeEvents();
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(events[0].kind, GameEvent::kDecline);
    EXPECT_EQ(events[0].by, kRed);
    EXPECT_EQ(events[0].offer, Offer::kRematch);
  }
  EXPECT_EQ(table.Propose(kRed, Offer::kRematch), "ok");
  EXPECT_EQ(table.Propose(kBlack, Offer::kRematch), "ok");
  EXPECT_TRUE(table->rematch_agreed());
}

TEST(LiveGameTest, ARematchNeedsBothAndCanBeCalledOff) {
  Table table;
  EXPECT_EQ(table.Propose(kRed, Offer::kRematch), "not_over");
  table->Resign(kRed, table.now());
  table->TakeEvents();
  EXPECT_EQ(table.Propose(kRed, Offer::kRematch), "ok");
  EXPECT_EQ(Table::Say(table->DeclineOffer(kRed, Offer::kRematch)), "ok");
  EXPECT_EQ(table.Propose(kBlack, Offer::kRematch), "ok");
  EXPECT_FALSE(table->rematch_agreed());
  EXPECT_EQ(table.Propose(kRed, Offer::kRematch), "ok");
  EXPECT_TRUE(table->rematch_agreed());
  EXPECT_EQ(table.Propose(kRed, Offer::kRematch), "already_offered");
  table->SetRematch("next");
  EXPECT_THAT(table.Kinds(),
              ElementsAre(GameEvent::kOffer, GameEvent::kDecline,
                          GameEvent::kOffer, GameEvent::kRematch));
}

TEST(LiveGameTest, VersionsHaveNoHoles) {
  Table table(/*casual=*/true);
  table.Play("h2e2 h9g7");
  table->Chat(kRed, "Zhang", "hello", table.now());
  table.Propose(kRed, Offer::kTakeback);
  table.Propose(kBlack, Offer::kTakeback);
  table->Resign(kRed, table.now());
  uint64_t version = 0;
  for (const GameEvent& event : table->TakeEvents()) {
    EXPECT_EQ(event.version, ++version);
  }
  EXPECT_EQ(table->version(), version);
}

TEST(LiveGameTest, ARestoredGameGoesOnWhereItWas) {
  Table before;
  before.Play("h2e2 h9g7 h0g2");
  const MonotonicTime now{77'000'000'000};
  LiveGame game(TestSetup(), {}, now, 1'000'000, before->moves());
  EXPECT_EQ(game.game().size(), 3u);
  EXPECT_FALSE(game.Turn(now).clock_runs);
  EXPECT_EQ(game.Left(kRed, now + Seconds(20)), Seconds(304));
  EXPECT_EQ(game.Deadline(), now + Seconds(30));
  // The player to move is back.
  game.SetOnline(kRed, true, now + Seconds(5));
  EXPECT_FALSE(game.Turn(now + Seconds(5)).clock_runs);
  game.SetOnline(kBlack, true, now + Seconds(10));
  EXPECT_TRUE(game.Turn(now + Seconds(10)).clock_runs);
  EXPECT_EQ(game.Left(kBlack, now + Seconds(12)), Seconds(300));
  const std::vector<GameEvent> events = game.TakeEvents();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].version, 1'000'000u);
  EXPECT_FALSE(events[0].turn.clock_runs);
  EXPECT_TRUE(events[1].turn.clock_runs);
  ASSERT_FALSE(game.Move(kBlack, 3, *ParseIccs("i9h9"), now + Seconds(12),
                         ZeroDuration())
                   .has_value());
  // On the game's own time, without the break.
  EXPECT_EQ(game.moves().back().at, Seconds(3 + 12));
}

TEST(LiveGameTest, ARestoredGameDoesNotWaitForEver) {
  Table before;
  before.Play("h2e2 h9g7");
  const MonotonicTime now{77'000'000'000};
  LiveGame game(TestSetup(), {}, now, 1'000'000, before->moves());
  game.SetOnline(kBlack, true, now);
  game.TakeEvents();
  game.OnTime(now + Seconds(30));
  // Of which Black, who waits, is told.
  const std::vector<GameEvent> events = game.TakeEvents();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, GameEvent::kPresence);
  EXPECT_EQ(events[0].by, kRed);
  EXPECT_FALSE(events[0].online);
  EXPECT_EQ(events[0].grace, ZeroDuration());
  EXPECT_TRUE(events[0].turn.clock_runs);
  EXPECT_EQ(events[0].left[0], Seconds(302));
  EXPECT_FALSE(game.over());
  EXPECT_EQ(game.Deadline(), now + Seconds(30 + 302 + 2));
}

TEST(LiveGameTest, ARestoredGameThatWasOverEnds) {
  Table before;
  before.Play(kShuffle);
  before.Play(kShuffle);
  ASSERT_TRUE(before->over());
  LiveGame game(TestSetup(), {}, {1}, 5, before->moves());
  const std::vector<GameEvent> events = game.TakeEvents();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, GameEvent::kEnd);
  EXPECT_EQ(events[0].outcome.reason, Reason::kRepetition);
}

TEST(LiveGameTest, TheRecordHasTimesAndNames) {
  Table table;
  table.Play("h2e2 h9g7");
  table->Resign(kBlack, table.now());
  const GameRecord record = table->Record();
  EXPECT_EQ(record.Tag("Red"), "Zhang");
  EXPECT_EQ(record.Tag("Black"), "Li");
  EXPECT_EQ(record.Tag("TimeControl"), "5+3");
  EXPECT_EQ(record.Tag("Date"), "1970.01.01");
  EXPECT_EQ(record.moves[1].at_ms, 2000);
  EXPECT_EQ(record.moves[1].charged_ms, 1000);
  EXPECT_EQ(record.outcome, WonBy(kRed, Reason::kResignation));
}

TEST(LiveGameTest, AGameThatIsAbandonedEnds) {
  Table early;
  early.Play("h2e2");
  early->Abandon(early.now());
  EXPECT_EQ(early.result(), "* aborted");
  Table people;
  people.Play("h2e2 h9g7");
  people->Abandon(people.now());
  EXPECT_EQ(people.result(), "1/2-1/2 abandonment");
  Table against_bot;
  against_bot->SetOnline(kBlack, true, against_bot.now());
  against_bot.Play("h2e2 h9g7");
  against_bot->Abandon(against_bot.now());
  EXPECT_EQ(against_bot.result(), "0-1 abandonment");
}

}  // namespace
}  // namespace chinese_chess
