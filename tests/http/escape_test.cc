#include "kingpin/http/escape.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "kingpin/http/target.h"

namespace kingpin::http {
namespace {

std::string Percent(std::string_view path) {
  std::string out;
  AppendPercentEncoded(path, &out);
  return out;
}

std::string Html(std::string_view text) {
  std::string out;
  AppendHtmlEscaped(text, &out);
  return out;
}

TEST(EscapeTest, PercentEncodes) {
  EXPECT_EQ(Percent(""), "");
  EXPECT_EQ(Percent("aZ0-._~/"), "aZ0-._~/");
  EXPECT_EQ(Percent("a b"), "a%20b");
  EXPECT_EQ(Percent("\"<>'&?#%+"), "%22%3C%3E%27%26%3F%23%25%2B");
  EXPECT_EQ(Percent("javascript:x"), "javascript%3Ax");
  EXPECT_EQ(Percent("\xe4\xb8\xad"), "%E4%B8%AD");
  EXPECT_EQ(Percent(std::string_view("\0\x7f\xff", 3)), "%00%7F%FF");
}

TEST(EscapeTest, DecodingGivesTheNameBack) {
  std::string name;
  for (int c = 1; c < 256; ++c) {
    if (c != '/') name.push_back(static_cast<char>(c));
  }
  std::string decoded;
  ASSERT_TRUE(DecodePath("/" + Percent(name), &decoded));
  EXPECT_EQ(decoded, name);
}

TEST(EscapeTest, EscapesHtml) {
  EXPECT_EQ(Html(""), "");
  EXPECT_EQ(Html("plain \xc3\xa9"), "plain \xc3\xa9");
  EXPECT_EQ(Html("<a href=\"x\">'&amp;"),
            "&lt;a href=&quot;x&quot;&gt;&#39;&amp;amp;");
}

TEST(EscapeTest, TheExampleInTheHeaderWorks) {
  std::string page = "<a href=\"";
  AppendPercentEncoded("a b/\"c\".txt", &page);
  page += "\">";
  AppendHtmlEscaped("a b/\"c\".txt", &page);
  page += "</a>";
  EXPECT_EQ(page, "<a href=\"a%20b/%22c%22.txt\">a b/&quot;c&quot;.txt</a>");
}

}  // namespace
}  // namespace kingpin::http
