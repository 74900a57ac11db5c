#include "apps/chinese_chess/terminal/replay.h"

#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "apps/chinese_chess/rules/fen.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace chinese_chess {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

absl::Status Load(Replay* replay, std::string_view red = "A") {
  const std::string text = absl::StrCat(
      R"({"t":"record","game":"f","record":{"format":"chinese-chess-game-1",)",
      R"("tags":{"Red":")", red, R"(","Black":"B"},"start":")", kStartFen,
      R"(","moves":[{"move":"h2e2"},{"move":"h9g7"}],)",
      R"("result":"1-0","reason":"timeout"}})");
  const auto message = JsonObject::Parse(text);
  EXPECT_TRUE(message.ok()) << message.status();
  return replay->Load(*message);
}

TEST(Replay, GoesMoveByMove) {
  Replay replay;
  ASSERT_TRUE(Load(&replay).ok());
  EXPECT_EQ(replay.Headline(), "record f A - B 1-0 timeout, 2 plies");
  replay.Step(Command::kPrevious);
  EXPECT_EQ(replay.Line(Notation::kWxf), "replay: the start");
  replay.Step(Command::kNext);
  EXPECT_EQ(replay.Line(Notation::kWxf), "replay 1. C2=5");
  for (int i = 0; i < 2; ++i) replay.Step(Command::kNext);
  EXPECT_EQ(replay.Line(Notation::kWxf), "replay 1... H8+7 1-0 timeout");
  replay.Step(Command::kFirst);
  EXPECT_EQ(replay.ply(), 0u);
  replay.Step(Command::kLast);
  EXPECT_EQ(replay.ply(), 2u);
}

TEST(Replay, TheRecordOutlastsIt) {
  Replay replay;
  EXPECT_FALSE(replay.loaded());
  ASSERT_TRUE(Load(&replay).ok());
  replay.Hide();
  EXPECT_FALSE(replay.shown());
  EXPECT_THAT(ExportRecord(replay.record(), "wxf"), HasSubstr("C2=5"));
  EXPECT_THAT(ExportRecord(replay.record(), "json"),
              HasSubstr(R"("move":"h2e2")"));
  const auto nothing = JsonObject::Parse(R"({"t":"record","game":"x"})");
  EXPECT_FALSE(replay.Load(*nothing).ok());
  EXPECT_THAT(replay.Headline(), HasSubstr("record f"));
}

TEST(Replay, WhatOthersAreCalledDoesNotDriveTheTerminal) {
  Replay replay;
  ASSERT_TRUE(Load(&replay, R"(x\u001b[2J\u009bm)").ok());
  for (const char* format : {"iccs", "json"}) {
    EXPECT_THAT(ExportRecord(replay.record(), format), Not(HasSubstr("\x1b")));
    EXPECT_THAT(ExportRecord(replay.record(), format),
                Not(HasSubstr("\u009b")));
  }
}

}  // namespace
}  // namespace chinese_chess
