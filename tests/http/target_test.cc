#include "kingpin/http/target.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace kingpin::http {
namespace {

std::string Decode(std::string_view path) {
  std::string out = "left from before";
  if (DecodePath(path, &out)) return out;
  EXPECT_EQ(out, "");
  return "refused";
}

struct Case {
  std::string_view path;
  std::string_view decoded;
};

TEST(TargetTest, DecodesByTheTable) {
  const Case kCases[] = {
      {"/", "."},
      {"//", "."},
      {"/.", "."},
      {"/./", "."},
      {"/a", "a"},
      {"/a/", "a/"},
      {"/a/b", "a/b"},
      {"//a///b//", "a/b/"},
      {"/a/.", "a/"},
      {"/a/./b", "a/b"},
      {"/a/..", "."},
      {"/a/../", "."},
      {"/a/../b", "b"},
      {"/a/b/..", "a/"},
      {"/a/b/../", "a/"},
      {"/a/b/../..", "."},
      {"/a/b/../../c", "c"},
      {"/a//../b", "b"},
      {"/...", "..."},
      {"/..a", "..a"},
      {"/.a", ".a"},
      {"/a..", "a.."},
      {"/a%20b", "a b"},
      {"/%41%6a%6A", "Ajj"},
      {"/%e4%b8%ad", "\xe4\xb8\xad"},
      {"/%2e", "."},
      {"/a/%2e%2E/b", "b"},
      {"/a/.%2e", "."},
      {"/%252e%252e/a", "%2e%2e/a"},
      {"/%252f", "%2f"},
      {"/%25", "%"},
      {"/a%5cb", "a\\b"},
      {"/a\\..\\b", "a\\..\\b"},
      {"/..%5c..", "..\\.."},
      {"/a;b=c", "a;b=c"},
      {"/..;/a", "..;/a"},
      {"/a+b", "a+b"},
      {"/%0a%0d%1b", "\n\r\x1b"},
      {"/%c0%ae%c0%ae/a", "\xc0\xae\xc0\xae/a"},
      {"/%c0%af", "\xc0\xaf"},
      {"/a%3fb%23c", "a?b#c"},
  };
  for (const auto& [path, decoded] : kCases) {
    EXPECT_EQ(Decode(path), decoded) << path;
  }
}

TEST(TargetTest, Refuses) {
  const std::string_view kBad[] = {
      "",
      "a",
      "*",
      "../a",
      "/..",
      "/../",
      "/../a",
      "/../etc/passwd",
      "/a/../..",
      "/a/../../b",
      "/%2e%2e/a",
      "/%2e./a",
      "/./..",
      "//..",
      "/a/b/../../..",
      "/%00",
      "/a%00.html",
      "/a%2fb",
      "/%2F",
      "/..%2fa",
      "/%2e%2e%2fa",
      "/%",
      "/%4",
      "/%zz",
      "/%4g",
      "/a%",
      "/%%41",
      "/%-1",
      "/% 1",
      "/%u0041",
  };
  for (const std::string_view path : kBad) {
    EXPECT_EQ(Decode(path), "refused") << path;
  }
  EXPECT_EQ(Decode(std::string_view("/a\0b", 4)), "refused");
}

TEST(TargetTest, LongPathsAreLinear) {
  std::string path;
  for (int i = 0; i < 100'000; ++i) path += "/a";
  for (int i = 0; i < 100'000; ++i) path += "/..";
  EXPECT_EQ(Decode(path), ".");
  EXPECT_EQ(Decode(path + "/.."), "refused");
}

TEST(TargetTest, TheExampleInTheHeaderWorks) {
  std::string path;
  EXPECT_TRUE(DecodePath("/a%20b//./c/../d/", &path));
  EXPECT_EQ(path, "a b/d/");
  EXPECT_TRUE(DecodePath("/", &path));
  EXPECT_EQ(path, ".");
  EXPECT_FALSE(DecodePath("/../etc/passwd", &path));
}

}  // namespace
}  // namespace kingpin::http
