#include "apps/chinese_chess/client/json_object.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace chinese_chess {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(JsonObject, MembersByName) {
  const auto object = JsonObject::Parse(
      R"({"t":"game","v":12,"on":true,"name":"\u70ae","red":{"name":"Li"},)"
      R"("moves":[{"move":"h2e2"},{"move":"h9g7"}],"names":["a","b"]})");
  ASSERT_TRUE(object.ok()) << object.status();
  EXPECT_EQ(object->Text("t"), "game");
  EXPECT_EQ(object->Text("name"), "炮");
  EXPECT_EQ(object->Integer("v"), 12);
  EXPECT_TRUE(object->Flag("on"));
  EXPECT_EQ(object->Object("red").Text("name"), "Li");
  EXPECT_EQ(object->Raw("red"), R"({"name":"Li"})");
  ASSERT_EQ(object->Objects("moves").size(), 2u);
  EXPECT_EQ(object->Objects("moves")[1].Text("move"), "h9g7");
  EXPECT_THAT(object->Texts("names"), ElementsAre("a", "b"));
}

TEST(JsonObject, WhatIsNotThereOrOfAnotherKindIsEmpty) {
  const auto object = JsonObject::Parse(R"({"text":"7","list":[1]})");
  ASSERT_TRUE(object.ok());
  EXPECT_EQ(object->Text("none"), "");
  EXPECT_EQ(object->Integer("text"), std::nullopt);
  EXPECT_EQ(object->Text("list"), "");
  EXPECT_FALSE(object->Flag("text"));
  EXPECT_FALSE(object->Has("none"));
  EXPECT_TRUE(object->Objects("text").empty());
  EXPECT_TRUE(object->Texts("list").empty());
  EXPECT_FALSE(object->Object("list").Has("t"));
}

TEST(JsonObject, LivesWithWhatANewerServerAdds) {
  const auto object = JsonObject::Parse(
      R"({"t":"move","rating":null,"odds":0.5,"more":[{"x":-1.5e3}],"v":3})");
  ASSERT_TRUE(object.ok()) << object.status();
  EXPECT_EQ(object->Text("t"), "move");
  EXPECT_EQ(object->Integer("v"), 3);
  EXPECT_EQ(object->Integer("odds"), std::nullopt);
  EXPECT_EQ(object->Text("rating"), "");
}

TEST(JsonObject, RefusesWhatIsNoObject) {
  for (const char* bad : {"", "[]", "{", R"({"a":1} x)", R"({"a":})",
                          R"({"a":nul})", "{\"a\":\"\xff\"}"}) {
    EXPECT_FALSE(JsonObject::Parse(bad).ok()) << bad;
  }
  EXPECT_THAT(JsonObject::Parse(R"({"a":1,"a":2})").status().message(),
              HasSubstr("twice"));
  const std::string deep =
      R"({"a":)" + std::string(100, '[') + std::string(100, ']') + "}";
  EXPECT_THAT(JsonObject::Parse(deep).status().message(),
              HasSubstr("too deeply"));
}

}  // namespace
}  // namespace chinese_chess
