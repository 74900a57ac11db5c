#include "apps/chinese_chess/bot/engine_command.h"

#include <gtest/gtest.h>

#include <optional>
#include <string_view>
#include <variant>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "apps/chinese_chess/rules/move.h"
#include "apps/chinese_chess/rules/square.h"

namespace chinese_chess::bot {
namespace {

template <typename Command>
Command Parse(std::string_view line, Dialect dialect = Dialect::kUci) {
  const absl::StatusOr<EngineCommand> command =
      ParseEngineCommand(line, dialect);
  EXPECT_TRUE(command.ok()) << line << ": " << command.status();
  if (!command.ok() || !std::holds_alternative<Command>(*command)) {
    ADD_FAILURE() << line << " is another command";
    return Command();
  }
  return std::get<Command>(*command);
}

TEST(EngineMoveTest, RanksAreFromOneInUciFromZeroInUcci) {
  EXPECT_EQ(FormatEngineMove(*ParseIccs("h2e2"), Dialect::kUci), "h3e3");
  EXPECT_EQ(FormatEngineMove(*ParseIccs("a9b9"), Dialect::kUci), "a10b10");
  EXPECT_EQ(FormatEngineMove(*ParseIccs("h2e2"), Dialect::kUcci), "h2e2");
  EXPECT_EQ(ParseEngineMove("b2b9", Dialect::kUcci), *ParseIccs("b2b9"));
  EXPECT_EQ(ParseEngineMove("b3b10", Dialect::kUci), *ParseIccs("b2b9"));
}

TEST(EngineMoveTest, EveryMoveThereAndBack) {
  for (const Dialect dialect : {Dialect::kUci, Dialect::kUcci}) {
    for (Square from = 0; from < kSquares; ++from) {
      for (Square to = 0; to < kSquares; ++to) {
        if (from == to) continue;
        const Move move = MakeMove(from, to);
        ASSERT_EQ(ParseEngineMove(FormatEngineMove(move, dialect), dialect),
                  move);
      }
    }
  }
}

TEST(EngineMoveTest, WhatIsNoMove) {
  for (const std::string_view text :
       {"", "h", "h3", "h3e", "h3h3", "j1a1", "a0a1", "a1a0", "a11a1", "a1a11",
        "h3e3q", "H3E3", "a10", "0000"}) {
    EXPECT_EQ(ParseEngineMove(text, Dialect::kUci), std::nullopt) << text;
  }
  EXPECT_EQ(ParseEngineMove("a10a9", Dialect::kUcci), std::nullopt);
}

TEST(EngineCommandTest, Positions) {
  EXPECT_EQ(Parse<PositionCommand>("position startpos").fen, "");
  const auto moves =
      Parse<PositionCommand>("position startpos moves h3e3  h10g8").moves;
  ASSERT_EQ(moves.size(), 2u);
  EXPECT_EQ(moves[1], *ParseIccs("h9g7"));
  const auto fen = Parse<PositionCommand>(
      "position fen 3k5/9/9/9/9/9/9/9/9/4K4 w - - 0 1 moves e0e1",
      Dialect::kUcci);
  EXPECT_EQ(fen.fen, "3k5/9/9/9/9/9/9/9/9/4K4 w - - 0 1");
  EXPECT_EQ(fen.moves.size(), 1u);
  EXPECT_TRUE(Parse<PositionCommand>("position startpos moves").moves.empty());
}

TEST(EngineCommandTest, Go) {
  const auto go = Parse<GoCommand>(
      "go wtime 300000 btime -5 winc 2000 binc 1000 movestogo 12 depth 9 nodes "
      "77");
  EXPECT_EQ(go.time[0], absl::Minutes(5));
  EXPECT_EQ(go.time[1], absl::ZeroDuration());
  EXPECT_EQ(go.increment[0], absl::Seconds(2));
  EXPECT_EQ(go.increment[1], absl::Seconds(1));
  EXPECT_EQ(go.moves_to_go, 12);
  EXPECT_EQ(go.depth, 9);
  EXPECT_EQ(go.nodes, 77u);
  EXPECT_FALSE(go.infinite);
  EXPECT_TRUE(Parse<GoCommand>("go infinite").infinite);
  EXPECT_TRUE(Parse<GoCommand>("go ponder movetime 5").ponder);
  EXPECT_EQ(Parse<GoCommand>("go movetime 250").move_time,
            absl::Milliseconds(250));
  const auto ucci = Parse<GoCommand>(
      "go draw time 60 increment 2 opptime 50 oppincrement 2", Dialect::kUcci);
  EXPECT_EQ(ucci.time[0], absl::Milliseconds(60));
  EXPECT_EQ(ucci.time[1], absl::Milliseconds(60));
}

TEST(EngineCommandTest, GoChoosesAmongMoves) {
  const auto go =
      Parse<GoCommand>("go searchmoves h3e3 a10a9 depth 4 infinite");
  ASSERT_EQ(go.only.size(), 2u);
  EXPECT_EQ(go.only[1], *ParseIccs("a9a8"));
  EXPECT_EQ(go.depth, 4);
  EXPECT_TRUE(go.infinite);
  EXPECT_TRUE(Parse<GoCommand>("go searchmoves").only.empty());
}

TEST(EngineCommandTest, AMateInMovesIsADepthInPlies) {
  EXPECT_EQ(Parse<GoCommand>("go mate 3").depth, 6);
  EXPECT_EQ(Parse<GoCommand>("go mate 3 depth 4").depth, 4);
  EXPECT_EQ(Parse<GoCommand>("go depth 4 mate 3").depth, 4);
  EXPECT_EQ(Parse<GoCommand>("go mate 0").depth, 2);
  EXPECT_GT(*Parse<GoCommand>("go mate 9223372036854775807").depth, 1000);
}

TEST(EngineCommandTest, NumbersThatAreTooLargeAreCut) {
  EXPECT_GT(*Parse<GoCommand>("go depth 9223372036854775807").depth, 1000);
  EXPECT_EQ(*Parse<GoCommand>("go depth -4").depth, 1);
  EXPECT_EQ(*Parse<GoCommand>("go nodes -1").nodes, 1u);
  EXPECT_LT(*Parse<GoCommand>("go movetime 9223372036854775807").move_time,
            absl::Hours(24 * 32));
}

TEST(EngineCommandTest, Options) {
  const auto uci = Parse<SetOptionCommand>("setoption name Clear Hash");
  EXPECT_EQ(uci.name, "Clear Hash");
  EXPECT_EQ(uci.value, "");
  const auto value =
      Parse<SetOptionCommand>("setoption name Move Overhead value 1 2");
  EXPECT_EQ(value.name, "Move Overhead");
  EXPECT_EQ(value.value, "1 2");
  const auto ucci =
      Parse<SetOptionCommand>("setoption hashsize 64", Dialect::kUcci);
  EXPECT_EQ(ucci.name, "hashsize");
  EXPECT_EQ(ucci.value, "64");
}

TEST(EngineCommandTest, BadLinesSayWhy) {
  struct Case {
    std::string_view line;
    std::string_view why;
  };
  constexpr Case kCases[] = {
      {"xyzzy", "unknown command \"xyzzy\""},
      {"position", "position needs startpos or fen"},
      {"position here", "position needs startpos or fen, not \"here\""},
      {"position fen", "no FEN after fen"},
      {"position startpos h3e3", "expected moves, not \"h3e3\""},
      {"position startpos moves h3e3 h1", "not a move: \"h1\""},
      {"go depth", "go: no number after \"depth\""},
      {"go depth x", "go: no number after \"depth\""},
      {"go fast 3", "go: unknown word \"fast\""},
      {"go time 3", "go: unknown word \"time\""},
      {"go searchmoves h3e3 h1", "go: no number after \"h1\""},
      {"go mate", "go: no number after \"mate\""},
      {"setoption Hash 3", "setoption needs name"},
      {"banmoves h3e3", "unknown command \"banmoves\""},
  };
  for (const Case& bad : kCases) {
    EXPECT_EQ(ParseEngineCommand(bad.line, Dialect::kUci).status().message(),
              bad.why);
  }
}

}  // namespace
}  // namespace chinese_chess::bot
