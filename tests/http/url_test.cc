#include "kingpin/http/url.h"

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace kingpin::http {
namespace {

using ::testing::HasSubstr;

std::string Parsed(std::string_view text) {
  const absl::StatusOr<Url> url = Url::Parse(text);
  return url.ok() ? url->ToString() : "refused";
}

TEST(UrlExample, OfTheHeader) {
  absl::StatusOr<Url> url = Url::Parse("http://Example.COM/a/../b c?q#top");
  ASSERT_TRUE(url.ok()) << url.status();
  EXPECT_EQ(url->host, "example.com");
  EXPECT_EQ(url->port, 80);
  EXPECT_EQ(url->target, "/b%20c?q");
  absl::StatusOr<Url> next = url->Resolve("../d");
  ASSERT_TRUE(next.ok()) << next.status();
  EXPECT_EQ(next->ToString(), "http://example.com/d");
}

TEST(Url, IsNormalized) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"http://a", "http://a/"},
      {"HTTP://A:80", "http://a/"},
      {"https://a:443/", "https://a/"},
      {"https://a:80/", "https://a:80/"},
      {"http://a:/x", "http://a/x"},
      {"http://a:08080/x", "http://a:8080/x"},
      {" \n http://a/ \t", "http://a/"},
      {"http://a?q=/../x", "http://a/?q=/../x"},
      {"http://a#f", "http://a/"},
      {"http://a/b?c#d?e", "http://a/b?c"},
      {"http://a/%2e%2E/b", "http://a/%2e%2E/b"},
      {"http://a/./b/.././c/..", "http://a/"},
      {"http://a/../../b/.", "http://a/b/"},
      {"http://a//b///c", "http://a//b///c"},
      {"http://a/\xc3\xa9\"<>\\^`{|}",
       "http://a/%C3%A9%22%3C%3E%5C%5E%60%7B%7C%7D"},
      {"http://a/100%", "http://a/100%"},
      {"http://[::1]:8080/", "http://[::1]:8080/"},
      {"http://[2001:DB8::1]", "http://[2001:db8::1]/"},
      {"http://127.0.0.1:1/", "http://127.0.0.1:1/"},
      {"http://xn--bcher-kva.example/", "http://xn--bcher-kva.example/"},
      {"http://my_host-1.lan./", "http://my_host-1.lan./"}};
  for (const auto& [text, want] : cases) EXPECT_EQ(Parsed(text), want) << text;
}

TEST(Url, ErrorsNameTheReason) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", "http://"},
      {"a.example/x", "http://"},
      {"/x", "http://"},
      {"ftp://a/", "http://"},
      {"javascript:alert(1)", "http://"},
      {"http:a", "no //"},
      {"http:/a", "no //"},
      {"http://", "no host"},
      {"http:///x", "no host"},
      {"http://:80/", "no host"},
      {"http://u@a/", "user name"},
      {"http://good.example@evil.example/", "user name"},
      {"http://u:p@a/", "user name"},
      {"http://a b/", "host"},
      {"http://a%20b/", "host"},
      {"http://b\xc3\xbc"
       "cher.example/",
       "host"},
      {"http://a\\b/", "host"},
      {"http://a/\r\nX: y", "control"},
      {"http://a/\x7f", "control"},
      {"http://a:0/", "port"},
      {"http://a:65536/", "port"},
      {"http://a:99999999999/", "port"},
      {"http://a:+80/", "port"},
      {"http://a:8x/", "port"},
      {"http://[::1", "]"},
      {"http://[::1]x/", "port"},
      {"http://[1.2.3.4]/", "IPv6"},
      {"http://[fe80::1%25eth0]/", "address"},
      {"http://[:::]/", "address"}};
  for (const auto& [text, why] : cases) {
    const absl::StatusOr<Url> url = Url::Parse(text);
    EXPECT_EQ(url.status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(url.status().message(), HasSubstr(why)) << text;
  }
  EXPECT_EQ(Parsed("http://a/" + std::string(70'000, 'x')), "refused");
  EXPECT_EQ(Parsed("http://" + std::string(254, 'x')), "refused");
}

// RFC 3986 section 5.4, but for fragments, and schemes other than ours.
TEST(Url, ResolvesAsTheRfcHasIt) {
  const Url base = *Url::Parse("http://a/b/c/d;p?q");
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"g", "http://a/b/c/g"},
      {"./g", "http://a/b/c/g"},
      {"g/", "http://a/b/c/g/"},
      {"/g", "http://a/g"},
      {"//g", "http://g/"},
      {"?y", "http://a/b/c/d;p?y"},
      {"g?y", "http://a/b/c/g?y"},
      {"#s", "http://a/b/c/d;p?q"},
      {"g#s", "http://a/b/c/g"},
      {"g?y#s", "http://a/b/c/g?y"},
      {";x", "http://a/b/c/;x"},
      {"g;x", "http://a/b/c/g;x"},
      {"", "http://a/b/c/d;p?q"},
      {".", "http://a/b/c/"},
      {"./", "http://a/b/c/"},
      {"..", "http://a/b/"},
      {"../", "http://a/b/"},
      {"../g", "http://a/b/g"},
      {"../..", "http://a/"},
      {"../../g", "http://a/g"},
      {"../../../g", "http://a/g"},
      {"/./g", "http://a/g"},
      {"/../g", "http://a/g"},
      {"g.", "http://a/b/c/g."},
      {"..g", "http://a/b/c/..g"},
      {"./../g", "http://a/b/g"},
      {"g/./h", "http://a/b/c/g/h"},
      {"g/../h", "http://a/b/c/h"},
      {"g;x=1/../y", "http://a/b/c/y"},
      {"g?y/../x", "http://a/b/c/g?y/../x"},
      {"https://s:1/t", "https://s:1/t"}};
  for (const auto& [text, want] : cases) {
    const absl::StatusOr<Url> url = base.Resolve(text);
    ASSERT_TRUE(url.ok()) << text << ": " << url.status();
    EXPECT_EQ(url->ToString(), want) << text;
  }
  for (std::string_view bad : {"ftp://a/", "mailto:x", "//", "//u@a", "\x01"}) {
    EXPECT_FALSE(base.Resolve(bad).ok()) << bad;
  }
  const Url https = *Url::Parse("https://a:8443/");
  EXPECT_EQ(https.Resolve("//b/x")->ToString(), "https://b/x");
  EXPECT_EQ(https.Resolve("x")->ToString(), "https://a:8443/x");
}

TEST(Url, TextOfItIsItself) {
  for (std::string_view text :
       {"http://a/b?c", "https://[::1]:8/x//y", "http://a/%zz?%"}) {
    const Url url = *Url::Parse(text);
    EXPECT_EQ(*Url::Parse(url.ToString()), url) << text;
  }
}

}  // namespace
}  // namespace kingpin::http
