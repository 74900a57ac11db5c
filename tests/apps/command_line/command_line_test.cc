#include "apps/command_line/command_line.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace command_line {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class CommandLine : public ::testing::Test {
 protected:
  absl::StatusOr<std::vector<std::string>> Parse(
      std::vector<std::string> args) {
    std::vector<char*> pointers;
    for (std::string& arg : args) pointers.push_back(arg.data());
    return command_line::Parse(
        pointers, {Text("root", &root), Number<uint16_t>("port,p", &port, 1, 9),
                   Number("rate", &rate, 0.0, 1e9), Switch("list", &list),
                   Time("timeout", &timeout), List("header,H", &headers)});
  }
  std::string ErrorOf(std::vector<std::string> args) {
    return std::string(Parse(std::move(args)).status().message());
  }

  std::string root = ".";
  uint16_t port = 5;
  double rate = 0;
  bool list = false;
  absl::Duration timeout = absl::Seconds(1);
  std::vector<std::string> headers;
};

TEST_F(CommandLine, WhatIsNotSaidStays) {
  EXPECT_THAT(*Parse({}), IsEmpty());
  EXPECT_EQ(root, ".");
  EXPECT_EQ(port, 5);
}

TEST_F(CommandLine, EveryForm) {
  EXPECT_THAT(*Parse({"--root=/x", "one", "--port", "7", "-list", "--rate=2.5",
                      "--timeout", "5m", "-H", "a: b", "--header=c", "-", "--",
                      "--list=no", "two"}),
              ElementsAre("one", "-", "--list=no", "two"));
  EXPECT_EQ(root, "/x");
  EXPECT_EQ(port, 7);
  EXPECT_EQ(rate, 2.5);
  EXPECT_TRUE(list);
  EXPECT_EQ(timeout, absl::Minutes(5));
  EXPECT_THAT(headers, ElementsAre("a: b", "c"));
}

TEST_F(CommandLine, AValueGluedToALetter) {
  EXPECT_THAT(*Parse({"-p7"}), IsEmpty());
  EXPECT_EQ(port, 7);
  EXPECT_THAT(ErrorOf({"-p77"}), HasSubstr("-p, --port \"77\""));
  EXPECT_THAT(ErrorOf({"-prt", "7"}), HasSubstr("did you mean --port?"));
  EXPECT_THAT(ErrorOf({"--p7"}), HasSubstr("no flag --p7"));
  EXPECT_EQ(ErrorOf({"-p"}), "-p, --port needs a value");
}

TEST_F(CommandLine, TheLastOneHolds) {
  ASSERT_TRUE(Parse({"-p=1", "--port=2", "--list", "--list=off"}).ok());
  EXPECT_EQ(port, 2);
  EXPECT_FALSE(list);
}

TEST_F(CommandLine, ErrorsSayWhatWouldBeRight) {
  EXPECT_THAT(ErrorOf({"--lsit"}), HasSubstr("did you mean --list?"));
  EXPECT_EQ(ErrorOf({"--something_else"}), "there is no flag --something_else");
  EXPECT_EQ(ErrorOf({"-x"}), "there is no flag --x");
  EXPECT_EQ(ErrorOf({"--=3"}), "there is no flag --");
  for (const char* bad : {"0", "10", "-1", "", "5x", "65541", "5.0"}) {
    EXPECT_EQ(ErrorOf({absl::StrCat("--port=", bad)}),
              absl::StrCat("--port \"", bad, "\": it is a number from 1 to 9"));
  }
  EXPECT_THAT(ErrorOf({"--rate=nan"}), HasSubstr("a number from 0"));
  EXPECT_EQ(ErrorOf({"--port"}), "--port needs a value");
  EXPECT_THAT(ErrorOf({"--root", "--list"}), HasSubstr("--root=--list"));
  EXPECT_THAT(ErrorOf({"--list=maybe"}), HasSubstr("true or false"));
  EXPECT_THAT(ErrorOf({"--timeout=0s"}), HasSubstr("30s"));
  EXPECT_THAT(ErrorOf({"--timeout=x"}), HasSubstr("30s"));
}

}  // namespace
}  // namespace command_line
