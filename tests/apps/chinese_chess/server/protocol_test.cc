// Messages of both directions.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "apps/chinese_chess/rules/move.h"
#include "apps/chinese_chess/rules/outcome.h"
#include "apps/chinese_chess/rules/piece.h"
#include "apps/chinese_chess/server/client_message.h"
#include "apps/chinese_chess/server/game_event.h"
#include "apps/chinese_chess/server/live_game.h"
#include "apps/chinese_chess/server/lobby.h"
#include "apps/chinese_chess/server/message_writer.h"
#include "apps/chinese_chess/server/server_message.h"
#include "apps/chinese_chess/server/time_control.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/sys/clock.h"

namespace chinese_chess {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

ClientMessage MustParse(std::string_view text) {
  ClientMessage message;
  const absl::Status status = ParseClientMessage(text, &message);
  EXPECT_TRUE(status.ok()) << text << ": " << status;
  return message;
}

std::string Error(std::string_view text) {
  ClientMessage message;
  return std::string(ParseClientMessage(text, &message).message());
}

TEST(ClientMessageTest, AMoveIsRead) {
  const ClientMessage message = MustParse(
      R"({"id":"17","t":"move","ply":4,"game":"k3v9qh2m7d","move":"h2e2"})");
  EXPECT_EQ(message.type, ClientMessage::kMove);
  EXPECT_EQ(message.id, "17");
  EXPECT_EQ(message.game, "k3v9qh2m7d");
  EXPECT_EQ(message.ply, 4);
  EXPECT_EQ(FormatIccs(message.move), "h2e2");
}

TEST(ClientMessageTest, EveryKindIsRead) {
  for (const std::string_view text :
       {R"({"t":"hello"})",
        R"({"t":"hello","token":"x","name":"张"})",
        R"({"t":"ping","n":-5})",
        R"({"t":"pong","n":1})",
        R"({"t":"lobby"})",
        R"({"t":"lobby","on":false})",
        R"({"t":"pool","control":"5+3"})",
        R"({"t":"seek","control":"5+3","casual":true,"color":"red"})",
        R"({"t":"accept","seek":"a"})",
        R"({"t":"room","control":"1/2/3"})",
        R"({"t":"enter","code":"a"})",
        R"({"t":"cancel"})",
        R"({"t":"games"})",
        R"({"t":"history","mine":true})",
        R"({"t":"record","game":"g"})",
        R"({"t":"join","game":"g","v":12})",
        R"({"t":"leave","game":"g"})",
        R"({"t":"offer","game":"g","offer":"takeback"})",
        R"({"t":"decline","game":"g","offer":"rematch"})",
        R"({"t":"resign","game":"g"})",
        R"({"t":"abort","game":"g"})",
        R"({"t":"claim","game":"g","draw":true})",
        R"({"t":"chat","game":"g","text":"hi"})",
        R"({"t":"stats"})"}) {
    const ClientMessage message = MustParse(text);
    EXPECT_THAT(text,
                HasSubstr(absl::StrCat("\"", TypeName(message.type), "\"")));
  }
  EXPECT_EQ(MustParse(R"({"t":"seek","control":"5+3","color":"black"})").color,
            Color::kBlack);
  EXPECT_EQ(MustParse(R"({"t":"join","game":"g"})").v, std::nullopt);
}

TEST(ClientMessageTest, WhatIsWrongIsSaid) {
  EXPECT_THAT(Error(""), HasSubstr("{"));
  EXPECT_THAT(Error("GET / HTTP/1.1"), HasSubstr("JSON"));
  EXPECT_THAT(Error("{}"), HasSubstr("\"t\""));
  EXPECT_THAT(Error(R"({"t":"dance"})"), HasSubstr("no message \"dance\""));
  EXPECT_THAT(Error(R"({"t":"ping","m":1})"), HasSubstr("no key \"m\""));
  EXPECT_THAT(Error(R"({"t":"ping","n":1,"n":1})"), HasSubstr("twice"));
  EXPECT_THAT(Error(R"({"t":"ping","game":"g"})"),
              HasSubstr("ping has no \"game\""));
  EXPECT_THAT(Error(R"({"t":"move","game":"g","ply":1})"),
              HasSubstr("move needs \"move\""));
  EXPECT_THAT(Error(R"({"t":"move","game":"g","ply":-1,"move":"h2e2"})"),
              HasSubstr("negative"));
  EXPECT_THAT(Error(R"({"t":"move","game":"g","ply":1,"move":"h2h2"})"),
              HasSubstr("no move"));
  EXPECT_THAT(Error(R"({"t":"pool","control":"fast"})"), HasSubstr("10+5"));
  EXPECT_THAT(Error(R"({"t":"ping","n":1.5})"), HasSubstr("integer"));
  EXPECT_THAT(Error(R"({"t":"lobby","on":1})"), HasSubstr("true or false"));
  EXPECT_THAT(Error("{\"t\":\"ping\"} x"), HasSubstr("follows"));
  EXPECT_THAT(Error("{\"t\":\"ping\",\"id\":\"\xff\"}"), HasSubstr("UTF-8"));
  EXPECT_THAT(
      Error(absl::StrCat(R"({"t":"ping","id":")", std::string(33, 'x'), "\"}")),
      HasSubstr("too long"));
  EXPECT_THAT(Error(std::string(kMaxMessageBytes + 1, ' ')),
              HasSubstr("bytes"));
}

std::string IdOfWrong(std::string_view text) {
  ClientMessage message;
  EXPECT_FALSE(ParseClientMessage(text, &message).ok()) << text;
  return message.id;
}

TEST(ClientMessageTest, TheIdOfWhatIsNoMessageIsRead) {
  for (const std::string_view text :
       {R"({"id":"5","t":"dance"})", R"({"t":"dance","id":"5"})",
        R"({"t":"pool","control":"0+0","id":"5"})",
        R"({"t":"ping","m":{"n":[1.5,null]},"id":"5"})",
        R"({"t":"ping","n":1,"n":2,"id":"5"})",
        R"({"t":"ping","id":"5","id":"6"})", R"({"t":"pong","id":"5"})",
        R"({"t":["ping"],"id":"5"})", R"({"t":"pong","n":"x","id":"5"})",
        R"({"t":"pong","n":1.5,"id":"5"})",
        R"({"t":"pong","n":99999999999999999999,"id":"5"})",
        R"({"t":"bot","control":"5+3","level":"2","id":"5"})",
        R"({"t":"lobby","on":1,"id":"5"})",
        R"({"t":"chat","game":"g","text":null,"id":"5"})", R"({"id":"5",})"}) {
    EXPECT_EQ(IdOfWrong(text), "5") << text;
  }
  EXPECT_EQ(IdOfWrong(R"({"t":"pong","n":x,"id":"5"})"), "");
  EXPECT_EQ(IdOfWrong(R"({"t":"ping","id":5})"), "");
  EXPECT_EQ(IdOfWrong(absl::StrCat(R"({"t":"ping","id":")",
                                   std::string(33, 'x'), "\"}")),
            "");
}

// The place is for who writes JSON; who has chosen a value knows which.
TEST(ClientMessageTest, ThePlaceIsSaidOfBrokenJsonAlone) {
  EXPECT_THAT(Error(R"({"t":"pool","control":"0+0"})"),
              StartsWith("\"0+0\" is no time control"));
  EXPECT_EQ(Error(R"({"t":"ping","n":"x"})"), "n is an integer of 64 bits");
  EXPECT_EQ(Error(R"({"t":"ping","n":1e3})"), "n is an integer of 64 bits");
  EXPECT_EQ(Error(R"({"t":"lobby","on":"no"})"), "on is true or false");
  EXPECT_EQ(Error(R"({"t":"hello","name":7})"), "name is a text");
  EXPECT_THAT(Error(R"({"t":"ping","n":x})"), StartsWith("JSON, byte 16: "));
  EXPECT_THAT(Error(R"({"t":"lobby","on":tru})"),
              StartsWith("JSON, byte 18: "));
}

TEST(MessageWriterTest, ListsAndObjects) {
  MessageWriter writer("x");
  writer.Add("s", "a\"b\n");
  writer.Add("n", 5);
  writer.Add("b", true);
  writer.Add("d", absl::Milliseconds(1500));
  writer.BeginList("l");
  for (int i = 0; i < 2; ++i) {
    writer.BeginItem();
    writer.Add("i", i);
    writer.EndItem();
  }
  writer.AddItem("z");
  writer.EndList();
  writer.BeginObject("o");
  writer.EndObject();
  EXPECT_EQ(writer.Take(), R"({"t":"x","s":"a\"b\n","n":5,"b":true,"d":1500,)"
                           R"("l":[{"i":0},{"i":1},"z"],"o":{}})");
}

GameSetup TestSetup() {
  return {.id = "game",
          .players = {Player{"r", "Zhang"}, Player{"b", "Li"}},
          .control = *ParseTimeControl("5+3"),
          .created = absl::UnixEpoch()};
}

TEST(ServerMessageTest, AnEventSaysWhatHappened) {
  const kingpin::MonotonicTime now{1};
  LiveGame game(TestSetup(), {}, now, 41);
  ASSERT_FALSE(game.Move(Color::kRed, 0, *ParseIccs("h2e2"),
                         now + absl::Seconds(2), absl::ZeroDuration())
                   .has_value());
  const std::vector<GameEvent> events = game.TakeEvents();
  EXPECT_EQ(EventMessage("game", events[0]),
            R"({"t":"move","game":"game","v":41,"by":"red","ply":0,)"
            R"("move":"h2e2","at_ms":2000,"charged_ms":2000,)"
            R"("red_ms":301000,"black_ms":300000})");
  EXPECT_EQ(SkipMessage("game", 41), R"({"t":"skip","game":"game","v":41})");
}

TEST(ServerMessageTest, AGameIsAllThereIs) {
  const kingpin::MonotonicTime now{1};
  LiveGame game(TestSetup(), {}, now, 41);
  game.SetOnline(Color::kRed, true, now);
  const auto later = now + absl::Milliseconds(1500);
  EXPECT_THAT(GameMessage(game, {Color::kRed, false, 0, later, {}}),
              HasSubstr(R"("turn":"red","turn_ms":1500,"clock":true)"));
  game.Chat(Color::kRed, "Zhang", "hello", now);
  game.Chat(std::nullopt, "Wang", "ssh", now);
  game.Resign(Color::kBlack, now);
  const std::string text = GameMessage(game, {Color::kRed, false, 3, now, {}});
  EXPECT_THAT(text, HasSubstr(R"("v":44,"you":"red")"));
  EXPECT_THAT(text,
              HasSubstr(R"("red":{"id":"r","name":"Zhang","online":true)"));
  EXPECT_THAT(text,
              HasSubstr(R"("online":false,"left_ms":300000,"grace_ms":)"));
  EXPECT_THAT(text, HasSubstr(R"("moves":[])"));
  EXPECT_THAT(text, HasSubstr(R"("result":"1-0","reason":"resignation")"));
  EXPECT_THAT(text, HasSubstr(R"("viewers":3})"));
  EXPECT_THAT(
      text,
      HasSubstr(R"("chat":[{"by":"red","name":"Zhang","text":"hello"}],)"));
  const std::string seen = GameMessage(game, {std::nullopt, false, 3, now, {}});
  EXPECT_THAT(seen, testing::Not(HasSubstr("you")));
  EXPECT_THAT(seen, testing::Not(HasSubstr("delay")));
  EXPECT_THAT(
      GameMessage(game, {std::nullopt, false, 3, now, absl::Minutes(2)}),
      HasSubstr(R"("delay_ms":120000})"));
  EXPECT_THAT(seen, HasSubstr(R"("chat":[{"name":"Wang","text":"ssh"}],)"));
  EXPECT_THAT(GameMessage(game, {Color::kRed, true, 3, now, {}}),
              testing::Not(HasSubstr("chat")));
}

TEST(ServerMessageTest, AGameTellsItsPlayersOfTheRematch) {
  const kingpin::MonotonicTime now{1};
  LiveGame game(TestSetup(), {}, now);
  const auto told = [&](std::optional<Color> you) {
    return GameMessage(game, {you, false, 0, now, {}});
  };
  game.Resign(Color::kBlack, now);
  game.MakeOffer(Color::kRed, Offer::kRematch, now);
  EXPECT_THAT(told(Color::kRed), HasSubstr(R"("rematch":"red")"));
  game.MakeOffer(Color::kBlack, Offer::kRematch, now);
  EXPECT_THAT(told(Color::kRed), HasSubstr(R"("rematch_agreed":true)"));
  EXPECT_THAT(told(std::nullopt), testing::Not(HasSubstr("rematch")));
  game.SetRematch("other");
  EXPECT_THAT(told(Color::kRed), HasSubstr(R"("next":"other")"));
}

TEST(ServerMessageTest, WhoComesBackIsToldHowTheClocksStandNow) {
  const kingpin::MonotonicTime begin{1};
  LiveGame game(TestSetup(), {}, begin);
  game.Move(Color::kRed, 0, *ParseIccs("h2e2"), begin + absl::Seconds(2),
            absl::ZeroDuration());
  EXPECT_EQ(ResumedMessage("7", game, begin + absl::Seconds(32)),
            R"({"t":"ok","re":"join","id":"7","game":"game",)"
            R"("red_ms":301000,"black_ms":270000,)"
            R"("turn_ms":30000,"clock":true})");
  game.Resign(Color::kRed, begin + absl::Seconds(40));
  EXPECT_THAT(ResumedMessage("", game, begin + absl::Seconds(99)),
              HasSubstr(R"("black_ms":262000,"turn_ms":0,"clock":false})"));
}

TEST(ServerMessageTest, WhoComesBackIsToldHowLongTheMoveMayTake) {
  const kingpin::MonotonicTime begin{1};
  GameSetup setup = TestSetup();
  setup.control = *ParseTimeControl("0.5/60/30");
  const LiveGame game(setup, {}, begin);
  const auto now = begin + absl::Seconds(31);
  constexpr std::string_view kTurn =
      R"("turn_ms":31000,"move_ms":29000,"clock":true)";
  EXPECT_THAT(
      ResumedMessage("", game, now),
      HasSubstr(absl::StrCat(R"("red_ms":0,"black_ms":30000,)", kTurn)));
  EXPECT_THAT(GameMessage(game, {std::nullopt, false, 0, now, {}}),
              HasSubstr(kTurn));
}

TEST(ServerMessageTest, PresenceSaysHowTheClocksStand) {
  const kingpin::MonotonicTime begin{1};
  LiveGame game(TestSetup(), {}, begin);
  game.SetOnline(Color::kBlack, true, begin + absl::Seconds(2));
  EXPECT_EQ(
      EventMessage("g", game.TakeEvents().front()),
      R"({"t":"presence","game":"g","v":1,"by":"black","online":true,)"
      R"("red_ms":298000,"black_ms":300000,"turn_ms":2000,"clock":true})");
}

TEST(ServerMessageTest, AGameAnswersTheJoinThatAsked) {
  const kingpin::MonotonicTime now{1};
  const LiveGame game(TestSetup(), {}, now);
  EXPECT_THAT(GameMessage(game, {std::nullopt, false, 0, now, {}, "7"}),
              testing::StartsWith(R"({"t":"game","id":"7","game":"game",)"));
}

TEST(ServerMessageTest, RefusalsNameWhatTheyAnswer) {
  EXPECT_EQ(ErrorMessage("move", "7", {"illegal_move", "h2h9: \"no\""}),
            R"({"t":"error","re":"move","id":"7","code":"illegal_move",)"
            R"("text":"h2h9: \"no\""})");
  EXPECT_EQ(MoveAckMessage("7", "g", 4, true),
            R"({"t":"ok","re":"move","id":"7","game":"g","ply":4,)"
            R"("repeated":true})");
}

TEST(ServerMessageTest, TheLobbyListsSeeks) {
  Lobby lobby;
  lobby.AddSeek({1, {"p", "Zhang"}},
                {.control = *ParseTimeControl("5+3"), .color = Color::kRed});
  lobby.JoinPool({2, {"q", "Li"}}, *ParseTimeControl("10+5"));
  const std::string text = LobbyMessage(lobby, 7);
  EXPECT_THAT(text, HasSubstr(R"("connections":7,"games":0)"));
  EXPECT_THAT(text, HasSubstr(R"("pools":[{"control":"10+5","waiting":1}])"));
  EXPECT_THAT(text,
              HasSubstr(R"("control":"5+3","casual":false,"color":"red")"));
}

// It goes to everybody who looks on.
TEST(ServerMessageTest, ALobbyOfManyIsCutShort) {
  Lobby lobby;
  std::string first;
  std::string last;
  for (SessionNumber n = 1; n <= 2000; ++n) {
    const Seeker seeker = {n, {absl::StrCat("id", n), "Zhang"}};
    if (n % 2 == 0) {
      last = lobby.AddSeek(seeker, {.control = *ParseTimeControl("5+3")});
      if (first.empty()) first = last;
    } else {
      lobby.JoinPool(
          seeker, *ParseTimeControl(absl::StrCat(n % 180 + 1, "+", n / 180)));
    }
  }
  const std::string text = LobbyMessage(lobby, 7);
  EXPECT_LT(text.size(), 32u << 10);
  EXPECT_THAT(text, HasSubstr(R"("pool_count":1000,"seek_count":1000)"));
  // Whoever has come last is likely to be there still.
  EXPECT_THAT(text, HasSubstr(last));
  EXPECT_THAT(text, Not(HasSubstr(first)));
}

}  // namespace
}  // namespace chinese_chess
