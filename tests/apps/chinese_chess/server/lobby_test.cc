#include "apps/chinese_chess/server/lobby.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "apps/chinese_chess/rules/piece.h"
#include "apps/chinese_chess/server/bot_player.h"
#include "apps/chinese_chess/server/refusal.h"
#include "apps/chinese_chess/server/time_control.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/sys/clock.h"

namespace chinese_chess {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

Seeker Somebody(SessionNumber session) {
  return {session, {"player" + std::to_string(session), "Name"}};
}

TimeControl Control(const char* text) { return *ParseTimeControl(text); }

constexpr kingpin::MonotonicTime kNow{1'000'000'000};

// The code, if there is nobody to play with yet.
std::string Open(Lobby& lobby, const Seeker& seeker, const Terms& terms,
                 kingpin::MonotonicTime now = kNow) {
  return std::get<WaitsInRoom>(lobby.OpenRoom(seeker, terms, now)).code;
}
std::string Open(Lobby& lobby, SessionNumber session) {
  return Open(lobby, Somebody(session), {.control = Control("5+3")});
}

// What entering comes to: "paired", "waits", or why not.
std::string Enter(Lobby& lobby, const Seeker& seeker, std::string_view code,
                  kingpin::MonotonicTime now = kNow) {
  const auto result = lobby.EnterRoom(seeker, code, now);
  if (std::holds_alternative<Pairing>(result)) return "paired";
  if (std::holds_alternative<WaitsInRoom>(result)) return "waits";
  return std::string(std::get<Refusal>(result).code);
}

std::vector<std::string> Lost(Lobby& lobby) {
  std::vector<std::string> lost;
  for (const LostWait& wait : lobby.TakeLost()) {
    lost.push_back(
        absl::StrCat(wait.session, " ", wait.re, " ", wait.why.code));
  }
  return lost;
}

std::vector<SessionNumber> Sessions(const Pairing& pairing) {
  return {pairing.seekers[0].session, pairing.seekers[1].session};
}

TEST(LobbyTest, APoolPairsThoseOfOneControl) {
  Lobby lobby;
  EXPECT_FALSE(lobby.JoinPool(Somebody(1), Control("5+3")).has_value());
  EXPECT_FALSE(lobby.JoinPool(Somebody(2), Control("10+5")).has_value());
  EXPECT_THAT(lobby.pools(), ElementsAre(Pair("10+5", 1u), Pair("5+3", 1u)));
  const std::optional<Pairing> pairing =
      lobby.JoinPool(Somebody(3), Control("5+3"));
  ASSERT_TRUE(pairing.has_value());
  EXPECT_THAT(Sessions(*pairing), UnorderedElementsAre(1u, 3u));
  EXPECT_EQ(pairing->control, Control("5+3"));
  EXPECT_FALSE(pairing->casual);
  EXPECT_THAT(lobby.pools(), ElementsAre(Pair("10+5", 1u)));
}

// Nobody plays against themselves, from however many windows; nor twice, as one whose
// old connection has died without anybody having noticed would.
TEST(LobbyTest, APlayerWaitsOnceInAPool) {
  Lobby lobby;
  lobby.JoinPool(Somebody(1), Control("5+3"));
  EXPECT_FALSE(
      lobby.JoinPool({9, Somebody(1).player}, Control("5+3")).has_value());
  EXPECT_THAT(Lost(lobby), ElementsAre("1 pool elsewhere"));
  EXPECT_FALSE(lobby.Cancel(1));
  EXPECT_THAT(lobby.pools(), ElementsAre(Pair("5+3", 1u)));
  EXPECT_FALSE(
      lobby.JoinPool({10, Somebody(1).player}, Control("10+5")).has_value());
  EXPECT_THAT(Sessions(*lobby.JoinPool(Somebody(2), Control("5+3"))),
              UnorderedElementsAre(9u, 2u));
  EXPECT_FALSE(lobby.JoinPool(Somebody(3), Control("5+3")).has_value());
}

TEST(LobbyTest, APlayerShowsASeekOnce) {
  Lobby lobby;
  const Terms terms{.control = Control("5+3")};
  const std::string id = lobby.AddSeek(Somebody(1), terms);
  EXPECT_EQ(lobby.AddSeek(Somebody(1), terms), id);
  EXPECT_THAT(Lost(lobby), IsEmpty());
  EXPECT_EQ(lobby.AddSeek({9, Somebody(1).player}, terms), id);
  EXPECT_THAT(Lost(lobby), ElementsAre("1 seek elsewhere"));
  EXPECT_FALSE(lobby.Cancel(1));
  EXPECT_NE(lobby.AddSeek({10, Somebody(1).player},
                          {.control = Control("5+3"), .casual = true}),
            id);
  EXPECT_THAT(Sessions(std::get<Pairing>(lobby.AcceptSeek(Somebody(2), id))),
              UnorderedElementsAre(9u, 2u));
  EXPECT_NE(lobby.AddSeek(Somebody(1), terms), id);
}

TEST(LobbyTest, BothColoursAreGivenOut) {
  Lobby lobby;
  int red = 0;
  for (int i = 0; i < 200; ++i) {
    lobby.JoinPool(Somebody(1), Control("5+3"));
    red += lobby.JoinPool(Somebody(2), Control("5+3"))->seekers[0].session == 1;
  }
  EXPECT_GT(red, 50);
  EXPECT_LT(red, 150);
}

TEST(LobbyTest, ASessionWaitsForOneThing) {
  Lobby lobby;
  lobby.JoinPool(Somebody(1), Control("5+3"));
  lobby.AddSeek(Somebody(1), {.control = Control("5+3")});
  EXPECT_THAT(lobby.pools(), IsEmpty());
  const std::string code = Open(lobby, 1);
  EXPECT_THAT(lobby.seeks(), IsEmpty());
  EXPECT_TRUE(lobby.Cancel(1));
  EXPECT_FALSE(lobby.Cancel(1));
  EXPECT_EQ(Enter(lobby, Somebody(2), code), "no_room");
}

TEST(LobbyTest, ASeekHasTermsAndOneTaker) {
  Lobby lobby;
  const std::string id = lobby.AddSeek(
      Somebody(1),
      {.control = Control("5+3"), .casual = true, .color = Color::kBlack});
  ASSERT_EQ(lobby.seeks().size(), 1u);
  EXPECT_EQ(lobby.seeks()[0]->id, id);
  EXPECT_EQ(std::get<Refusal>(lobby.AcceptSeek(Somebody(1), id)).code,
            "own_offer");
  const Pairing pairing = std::get<Pairing>(lobby.AcceptSeek(Somebody(2), id));
  EXPECT_THAT(Sessions(pairing), ElementsAre(2u, 1u));
  EXPECT_TRUE(pairing.casual);
  EXPECT_EQ(std::get<Refusal>(lobby.AcceptSeek(Somebody(3), id)).code,
            "no_seek");
}

TEST(LobbyTest, WhoIsPairedWaitsForNothingElse) {
  Lobby lobby;
  const std::string first =
      lobby.AddSeek(Somebody(1), {.control = Control("5+3")});
  const std::string second =
      lobby.AddSeek(Somebody(2), {.control = Control("10+5")});
  lobby.AcceptSeek(Somebody(2), first);
  EXPECT_THAT(lobby.seeks(), IsEmpty());
}

TEST(LobbyTest, SeeksAreInTheOrderInWhichTheyCame) {
  Lobby lobby;
  std::vector<std::string> opened;
  for (SessionNumber session = 1; session <= 50; ++session) {
    opened.push_back(
        lobby.AddSeek(Somebody(session), {.control = Control("5+3")}));
  }
  std::vector<std::string> listed;
  for (const Lobby::OpenSeek* seek : lobby.seeks()) listed.push_back(seek->id);
  EXPECT_EQ(listed, opened);
}

TEST(LobbyTest, ARoomIsFoundByItsCodeOnly) {
  Lobby lobby;
  const std::string code =
      Open(lobby, Somebody(1),
           {.control = Control("5+3"), .casual = true, .color = Color::kRed});
  EXPECT_EQ(code.size(), 6u);
  EXPECT_THAT(lobby.seeks(), IsEmpty());
  EXPECT_EQ(Enter(lobby, Somebody(2), "999999"), "no_room");
  EXPECT_EQ(Enter(lobby, Somebody(1), code), "own_offer");
  const Pairing pairing =
      std::get<Pairing>(lobby.EnterRoom(Somebody(2), code, kNow));
  EXPECT_THAT(Sessions(pairing), ElementsAre(1u, 2u));
  EXPECT_TRUE(pairing.casual);
  EXPECT_EQ(pairing.control, Control("5+3"));
  EXPECT_EQ(Enter(lobby, Somebody(3), code), "no_room");
}

TEST(LobbyTest, WhoComesBackHasTheSameRoom) {
  Lobby lobby;
  const std::string code = Open(lobby, 1);
  lobby.Leave(1, kNow);
  // The same player on another connection.
  const Seeker back = {9, Somebody(1).player};
  EXPECT_NE(Open(lobby, back, {.control = Control("10+5")}), code);
  EXPECT_EQ(Open(lobby, back, {.control = Control("5+3")}), code);
  EXPECT_EQ(Open(lobby, back, {.control = Control("5+3")}), code);
  EXPECT_NE(Open(lobby, 2), code);
  EXPECT_THAT(
      Sessions(std::get<Pairing>(lobby.EnterRoom(Somebody(3), code, kNow))),
      UnorderedElementsAre(9u, 3u));
}

TEST(LobbyTest, WhoComesBackIsTakenForTheOneWhoseConnectionIsDead) {
  Lobby lobby;
  const std::string code = Open(lobby, 1);
  const Seeker back = {9, Somebody(1).player};
  EXPECT_EQ(Open(lobby, back, {.control = Control("5+3")}), code);
  lobby.Leave(1, kNow);  // Noticed at last.
  EXPECT_FALSE(lobby.Cancel(1));
  EXPECT_EQ(Enter(lobby, Somebody(2), code), "paired");
}

TEST(LobbyTest, WhoWaitsElsewhereNowIsToldSo) {
  Lobby lobby;
  const std::string code = Open(lobby, 1);
  EXPECT_EQ(Open(lobby, 1), code);
  EXPECT_THAT(Lost(lobby), IsEmpty());
  EXPECT_EQ(Open(lobby, {9, Somebody(1).player}, {.control = Control("5+3")}),
            code);
  EXPECT_THAT(Lost(lobby), ElementsAre("1 room elsewhere"));
  lobby.Leave(9, kNow);
  EXPECT_EQ(Enter(lobby, Somebody(2), code), "waits");
  EXPECT_EQ(Enter(lobby, Somebody(2), code), "waits");
  EXPECT_THAT(Lost(lobby), IsEmpty());
  EXPECT_EQ(Enter(lobby, {8, Somebody(2).player}, code), "waits");
  EXPECT_THAT(Lost(lobby), ElementsAre("2 enter elsewhere"));
  EXPECT_FALSE(lobby.Cancel(2));
}

TEST(LobbyTest, AFriendWaitsForWhoIsAway) {
  Lobby lobby;
  const std::string code = Open(lobby, 1);
  lobby.Leave(1, kNow);
  EXPECT_EQ(Enter(lobby, Somebody(2), code), "waits");
  EXPECT_EQ(Enter(lobby, Somebody(2), code), "waits");
  EXPECT_EQ(Enter(lobby, Somebody(3), code), "no_room");
  // The friend's connection was lost, too.
  lobby.Leave(2, kNow);
  EXPECT_EQ(Enter(lobby, {8, Somebody(2).player}, code), "waits");
  const auto result = lobby.OpenRoom({9, Somebody(1).player},
                                     {.control = Control("5+3")}, kNow);
  EXPECT_THAT(Sessions(std::get<Pairing>(result)),
              UnorderedElementsAre(8u, 9u));
  EXPECT_EQ(Enter(lobby, Somebody(3), code), "no_room");
  EXPECT_FALSE(lobby.Cancel(8));
  EXPECT_FALSE(lobby.Cancel(9));
}

TEST(LobbyTest, ARoomIsKeptForAWhileOnly) {
  Lobby lobby({.keep_room = absl::Minutes(10)});
  const std::string code = Open(lobby, 1);
  lobby.Leave(1, kNow);
  const Seeker back = {9, Somebody(1).player};
  const auto soon = kNow + absl::Minutes(9);
  EXPECT_EQ(Open(lobby, back, {.control = Control("5+3")}, soon), code);
  lobby.Leave(9, soon);
  // Counted from the last time.
  const auto later = kNow + absl::Minutes(18);
  EXPECT_EQ(Enter(lobby, Somebody(2), code, later), "waits");
  EXPECT_THAT(Lost(lobby), IsEmpty());
  // Who waits in it then is to be told.
  const auto late = soon + absl::Minutes(10);
  EXPECT_LE(lobby.NextClosing(), late);
  lobby.CloseKeptRooms(late);
  EXPECT_THAT(Lost(lobby), ElementsAre("2 enter no_room"));
  EXPECT_FALSE(lobby.Cancel(2));
  EXPECT_EQ(Enter(lobby, Somebody(2), code, late), "no_room");
  EXPECT_EQ(lobby.NextClosing().nanos, INT64_MAX);
  EXPECT_NE(Open(lobby, back, {.control = Control("5+3")}, late), code);
}

TEST(LobbyTest, ARoomThatIsGivenUpIsGone) {
  Lobby lobby;
  const std::string code = Open(lobby, 1);
  EXPECT_TRUE(lobby.Cancel(1));
  lobby.Leave(1, kNow);
  EXPECT_EQ(Enter(lobby, Somebody(2), code), "no_room");
  EXPECT_NE(Open(lobby, 1), code);
}

TEST(LobbyTest, SoManyRoomsAreKept) {
  Lobby lobby({.most_kept = 2});
  std::vector<std::string> codes;
  for (SessionNumber session = 1; session <= 3; ++session) {
    codes.push_back(Open(lobby, session));
    // One after the other: of those left at the same instant any may be let go.
    lobby.Leave(session, kNow + absl::Nanoseconds(session));
  }
  EXPECT_EQ(Enter(lobby, Somebody(9), codes[0]), "no_room");
  EXPECT_EQ(Enter(lobby, Somebody(9), codes[1]), "waits");
  EXPECT_EQ(Enter(lobby, Somebody(9), codes[2]), "waits");
}

// However often one owner goes and comes back, it is one room.
TEST(LobbyTest, OnlyRoomsThatAreLeftCount) {
  Lobby lobby({.most_kept = 2});
  const std::string kept = Open(lobby, 1);
  lobby.Leave(1, kNow);
  for (int i = 0; i < 5; ++i) {
    Open(lobby, 2);
    lobby.Leave(2, kNow);
  }
  EXPECT_EQ(Enter(lobby, Somebody(9), kept), "waits");
}

TEST(LobbyTest, TheVersionTellsOfChanges) {
  Lobby lobby;
  const uint64_t start = lobby.version();
  lobby.JoinPool(Somebody(1), Control("5+3"));
  const uint64_t waiting = lobby.version();
  EXPECT_GT(waiting, start);
  lobby.Cancel(2);
  EXPECT_EQ(lobby.version(), waiting);
  lobby.Cancel(1);
  EXPECT_GT(lobby.version(), waiting);
}

GameInfo Info(const std::string& id, const std::string& red,
              const std::string& black) {
  return {.id = id,
          .players = {Player{red, red}, Player{black, black}},
          .control = "5+3"};
}

TEST(LobbyTest, GamesAreListedByViewers) {
  Lobby lobby;
  lobby.AddGame(Info("a", "1", "2"));
  lobby.AddGame(Info("b", "3", "4"));
  lobby.AddGame(Info("c", "1", "5"));
  lobby.UpdateGame("b", 4, 2);
  lobby.UpdateGame("c", 9, 0);
  lobby.UpdateGame("unknown", 9, 9);
  std::vector<std::string> ids;
  for (const GameInfo* game : lobby.ListGames(2)) ids.push_back(game->id);
  EXPECT_THAT(ids, ElementsAre("b", "c"));
  EXPECT_THAT(lobby.GamesOf("1"), ElementsAre("a", "c"));
  lobby.RemoveGame("a");
  lobby.RemoveGame("a");
  EXPECT_THAT(lobby.GamesOf("1"), ElementsAre("c"));
  EXPECT_THAT(lobby.GamesOf("2"), IsEmpty());
  EXPECT_EQ(lobby.games(), 2u);
}

TEST(LobbyTest, NobodyPlaysMoreGamesThanTheyMay) {
  Lobby lobby({.max_games = 2});
  const auto begin = [&](const std::string& id) {
    lobby.AddGame(Info(id, Somebody(1).player.id, BotPlayer(1).id));
  };
  lobby.JoinPool(Somebody(1), Control("5+3"));
  begin("a");
  EXPECT_TRUE(lobby.MayBegin(Somebody(1).player));
  begin("a");  // Said twice, it is one.
  EXPECT_TRUE(lobby.MayBegin(Somebody(1).player));
  begin("b");
  EXPECT_FALSE(lobby.MayBegin(Somebody(1).player));
  EXPECT_TRUE(lobby.MayBegin(BotPlayer(1)));
  // Nor is one who has begun them while waiting, which is over then: who comes would
  // wait as well, and nobody would bring the two together.
  EXPECT_FALSE(lobby.JoinPool(Somebody(2), Control("5+3")).has_value());
  const std::vector<LostWait> lost = lobby.TakeLost();
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_EQ(lost[0].session, Somebody(1).session);
  EXPECT_EQ(lost[0].re, "pool");
  EXPECT_EQ(lost[0].why.code, "too_many_games");
  EXPECT_FALSE(lobby.Cancel(Somebody(1).session));
  const std::string seek =
      lobby.AddSeek(Somebody(1), {.control = Control("5+3")});
  EXPECT_EQ(std::get<Refusal>(lobby.AcceptSeek(Somebody(3), seek)).code,
            "other_busy");
  lobby.RemoveGame("a");
  EXPECT_TRUE(lobby.MayBegin(Somebody(1).player));
  EXPECT_TRUE(
      std::holds_alternative<Pairing>(lobby.AcceptSeek(Somebody(3), seek)));
}

}  // namespace
}  // namespace chinese_chess
