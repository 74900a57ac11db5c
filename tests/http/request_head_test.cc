#include "kingpin/http/request_head.h"

#include <string>
#include <string_view>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace kingpin::http {
namespace {

using ::testing::HasSubstr;

Url At(std::string_view text) {
  auto url = Url::Parse(text);
  EXPECT_TRUE(url.ok()) << url.status();
  return *url;
}

std::string Refusal(const RequestHeadParts& parts) {
  auto head = WriteRequestHead(parts);
  EXPECT_EQ(head.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(head.status().message());
}

TEST(RequestHead, TheExampleOfTheHeader) {
  absl::StatusOr<Url> url = Url::Parse("http://example.com/a");
  auto head = WriteRequestHead({.url = *url, .fields = {{"Accept", "*/*"}}});
  EXPECT_EQ(*head,
            "GET /a HTTP/1.1\r\nHost: example.com\r\nAccept: */*\r\n\r\n");
}

TEST(RequestHead, EverythingThatCanBeThere) {
  EXPECT_EQ(*WriteRequestHead({.method = "PUT",
                               .url = At("http://[::1]:81/a?b=%20"),
                               .fields = {{"X", ""}, {"y", "\xc3\xa9 \t;"}},
                               .content_length = 0,
                               .close = true,
                               .expect_continue = true}),
            "PUT /a?b=%20 HTTP/1.1\r\n"
            "Host: [::1]:81\r\n"
            "X: \r\n"
            "y: \xc3\xa9 \t;\r\n"
            "Content-Length: 0\r\n"
            "Connection: close\r\n"
            "Expect: 100-continue\r\n"
            "\r\n");
}

TEST(RequestHead, FormsOfTheTarget) {
  EXPECT_EQ(*WriteRequestHead({.url = At("http://example.com:80/a?b"),
                               .form = TargetForm::kAbsolute}),
            "GET http://example.com/a?b HTTP/1.1\r\nHost: example.com\r\n\r\n");
  EXPECT_EQ(
      *WriteRequestHead({.method = "CONNECT",
                         .url = At("https://example.com/a?b"),
                         .form = TargetForm::kAuthority}),
      "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n");
  EXPECT_EQ(*WriteRequestHead({.method = "CONNECT",
                               .url = At("https://[::1]/"),
                               .form = TargetForm::kAuthority}),
            "CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\n\r\n");
}

TEST(RequestHead, NothingCanEndALineOfIt) {
  const Url url = At("http://h/");
  EXPECT_THAT(Refusal({.method = "GET /x HTTP/1.1\r\n", .url = url}),
              HasSubstr("the method \"GET /x HTTP/1.1\\r\\n\" is not a token"));
  EXPECT_THAT(Refusal({.method = "", .url = url}), HasSubstr("method"));
  for (const char* name : {"", "a b", "a:", "a\r\nb", "\xc3\xa9"}) {
    EXPECT_THAT(Refusal({.url = url, .fields = {{name, "x"}}}),
                HasSubstr("not a token"));
  }
  using namespace std::string_literals;  // NOLINT: for the NUL.
  for (const std::string& value : {"a\r\nb: c"s, "a\nb"s, "\r"s, "a\0b"s}) {
    EXPECT_THAT(Refusal({.url = url, .fields = {{"X", value}}}),
                HasSubstr("the value of X has a control character"));
  }
}

TEST(RequestHead, AUrlThatWasPutTogetherByHandIsChecked) {
  using namespace std::string_literals;  // NOLINT: for the NUL.
  const auto url = [](std::string host, std::string target) {
    return Url{
        .host = std::move(host), .port = 80, .target = std::move(target)};
  };
  for (const std::string& target :
       {"/ HTTP/1.1\r\nX: y"s, "/a b"s, "/\t"s, "/\0"s, "/\x7f"s, "/\xc3\xa9"s,
        "/a#b"s, ""s, "a"s, "*"s}) {
    for (TargetForm form : {TargetForm::kOrigin, TargetForm::kAbsolute}) {
      EXPECT_THAT(Refusal({.url = url("h", target), .form = form}),
                  HasSubstr("its target"));
    }
  }
  for (const std::string& host :
       {"h\r\nX: y"s, "a b"s, "a/b"s, "a@b"s, "::1\0"s, "h:80"s, "[::1]"s,
        "\xc3\xa9"s, ""s}) {
    EXPECT_THAT(Refusal({.url = url(host, "/")}), HasSubstr("host"));
    EXPECT_THAT(Refusal({.method = "CONNECT",
                         .url = url(host, "/"),
                         .form = TargetForm::kAuthority}),
                HasSubstr("host"));
  }
  EXPECT_THAT(Refusal({.url = {.host = "h", .target = "/"}}),
              HasSubstr("port"));
  EXPECT_TRUE(WriteRequestHead({.url = url("::1", "/a%20b?c=d/?")}).ok());
}

TEST(RequestHead, ConnectIsForTunnelsAlone) {
  EXPECT_THAT(Refusal({.method = "CONNECT", .url = At("http://h/")}),
              HasSubstr("CONNECT"));
  EXPECT_THAT(Refusal({.url = At("http://h/"), .form = TargetForm::kAuthority}),
              HasSubstr("CONNECT"));
}

TEST(RequestHead, FramingIsNotForTheCaller) {
  for (const char* name : {"Host", "content-length", "Transfer-Encoding",
                           "CONNECTION", "Expect"}) {
    EXPECT_THAT(Refusal({.url = At("http://h/"), .fields = {{name, "1"}}}),
                HasSubstr("is written by the client itself"));
  }
}

}  // namespace
}  // namespace kingpin::http
