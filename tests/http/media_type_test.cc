#include "kingpin/http/media_type.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace kingpin::http {
namespace {

constexpr std::string_view kUnknown = "application/octet-stream";

TEST(MediaTypeTest, KnowsCommonExtensions) {
  EXPECT_EQ(MediaTypeOf("a.html"), "text/html; charset=utf-8");
  EXPECT_EQ(MediaTypeOf("a.js"), "text/javascript; charset=utf-8");
  EXPECT_EQ(MediaTypeOf("a.css"), "text/css; charset=utf-8");
  EXPECT_EQ(MediaTypeOf("a.json"), "application/json");
  EXPECT_EQ(MediaTypeOf("a.png"), "image/png");
  EXPECT_EQ(MediaTypeOf("a.svg"), "image/svg+xml");
  EXPECT_EQ(MediaTypeOf("a.wasm"), "application/wasm");
  EXPECT_EQ(MediaTypeOf("a.woff2"), "font/woff2");
  EXPECT_EQ(MediaTypeOf("a.mp4"), "video/mp4");
  EXPECT_EQ(MediaTypeOf("a.tar.gz"), "application/gzip");
  // The first and the last of the table.
  EXPECT_EQ(MediaTypeOf("a.3gp"), "video/3gpp");
  EXPECT_EQ(MediaTypeOf("a.zst"), "application/zstd");
}

TEST(MediaTypeTest, CaseDoesNotMatter) {
  EXPECT_EQ(MediaTypeOf("A.JPG"), "image/jpeg");
  EXPECT_EQ(MediaTypeOf("a.Jpeg"), "image/jpeg");
}

TEST(MediaTypeTest, OnlyTheLastExtensionOfTheLastComponentCounts) {
  EXPECT_EQ(MediaTypeOf("dir.html/file"), kUnknown);
  EXPECT_EQ(MediaTypeOf("dir.png/file.txt"), "text/plain; charset=utf-8");
  EXPECT_EQ(MediaTypeOf("a.html.bak"), kUnknown);
}

TEST(MediaTypeTest, EverythingElseIsBytes) {
  for (const std::string_view path :
       {"", ".", "..", "a", "a.", "a/", ".html", "dir/.html", "a.unknown",
        "a.htm l", "a.ht\xc3\xadml"}) {
    EXPECT_EQ(MediaTypeOf(path), kUnknown) << path;
  }
  EXPECT_EQ(MediaTypeOf("a." + std::string(5000, 'x')), kUnknown);
  EXPECT_EQ(MediaTypeOf(std::string_view("a.html\0", 7)), kUnknown);
}

TEST(MediaTypeTest, TheExampleInTheHeaderWorks) {
  EXPECT_EQ(MediaTypeOf("docs/Index.HTML"), "text/html; charset=utf-8");
  EXPECT_EQ(MediaTypeOf("linux.tar.xz"), "application/x-xz");
  EXPECT_EQ(MediaTypeOf("Makefile"), "application/octet-stream");
}

}  // namespace
}  // namespace kingpin::http
