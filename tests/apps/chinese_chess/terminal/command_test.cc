#include "apps/chinese_chess/terminal/command.h"

#include <string>
#include <string_view>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace chinese_chess {
namespace {

using ::testing::HasSubstr;

Command Parse(std::string_view line) {
  const auto command = ParseCommand(line);
  EXPECT_TRUE(command.ok()) << line << ": " << command.status();
  return command.ok() ? *command : Command();
}

std::string Error(std::string_view line) {
  return std::string(ParseCommand(line).status().message());
}

TEST(ParseCommand, WhatIsNoWordIsAMove) {
  for (const char* move : {"h2e2", "C2=5", "炮二平五"}) {
    EXPECT_EQ(Parse(move).verb, Command::kMove);
    EXPECT_EQ(Parse(move).argument, move);
  }
  EXPECT_EQ(Parse(" move  h2e2 ").argument, "h2e2");
  EXPECT_EQ(Parse("").verb, Command::kNothing);
  EXPECT_EQ(Parse("# h2e2").verb, Command::kNothing);
}

TEST(ParseCommand, TermsInAnyOrder) {
  const Command seek = Parse("seek black casual 5+3");
  EXPECT_EQ(seek.verb, Command::kSeek);
  EXPECT_EQ(seek.control, "5+3");
  EXPECT_TRUE(seek.casual);
  EXPECT_EQ(seek.color, Color::kBlack);
  const Command bot = Parse("BOT 3 20/60/30");
  EXPECT_EQ(bot.level, 3);
  EXPECT_EQ(bot.control, "20/60/30");
  EXPECT_EQ(Parse("pool").control, "10+5");
}

TEST(ParseCommand, RestOfTheLine) {
  EXPECT_EQ(Parse("chat  good game ").argument, "good game");
  EXPECT_EQ(Parse("wait over").argument, "over");
  EXPECT_EQ(Parse("decline").argument, "");
}

TEST(ParseCommand, ErrorsSayWhatWouldBeRight) {
  EXPECT_THAT(Error("wait"), HasSubstr("game|turn|move|over"));
  EXPECT_THAT(Error("notation x"), HasSubstr("iccs|wxf|chinese"));
  EXPECT_THAT(Error("join"), HasSubstr("join WHAT"));
  EXPECT_THAT(Error("seek 5:3"), HasSubstr("\"5:3\""));
  EXPECT_THAT(Error("pool 5+3 red"), HasSubstr("\"red\""));
  EXPECT_THAT(Error("bot 9"), HasSubstr("\"9\""));
  EXPECT_THAT(Error("pool 0+0"),
              HasSubstr("\"0+0\" is no time control; \"10+5\" is ten"));
  EXPECT_THAT(Error("seek casual 20/60"), HasSubstr("\"20/60/30\" twenty"));
}

TEST(CommandHelp, HasAll) {
  for (const char* word : {"bot", "pool", "seek", "room", "join", "watch",
                           "takeback", "rematch", "replay", "export", "wait"}) {
    EXPECT_THAT(std::string(CommandHelp()), HasSubstr(word));
  }
}

}  // namespace
}  // namespace chinese_chess
