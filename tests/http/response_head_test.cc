#include "kingpin/http/response_head.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace kingpin::http {
namespace {

std::string Fields(HttpStatus status, auto&& add) {
  char buffer[1024];
  ResponseHead head(buffer, status);
  add(head);
  std::string text(head.Finish());
  return text.substr(text.find("\r\n") + 2);
}

TEST(ResponseHeadTest, WritesAHead) {
  char buffer[1024];
  ResponseHead head(buffer, HttpStatus::kPartialContent);
  head.Add("Content-Type", "text/plain");
  head.AddContentLength(18446744073709551615u);
  head.Add("Age", 0);
  head.Add("X-Empty", "");
  EXPECT_EQ(head.Finish(),
            "HTTP/1.1 206 Partial Content\r\n"
            "Content-Type: text/plain\r\n"
            "Content-Length: 18446744073709551615\r\n"
            "Age: 0\r\n"
            "X-Empty: \r\n"
            "\r\n");
}

TEST(ResponseHeadTest, WritesCodesWithoutAPhrase) {
  char buffer[64];
  EXPECT_EQ(ResponseHead(buffer, static_cast<HttpStatus>(299)).Finish(),
            "HTTP/1.1 299 Success\r\n\r\n");
}

TEST(ResponseHeadTest, AValueNeverEndsItsLine) {
  const auto value = [](std::string_view text) {
    return Fields(HttpStatus::kOk,
                  [text](ResponseHead& head) { head.Add("X", text); });
  };
  EXPECT_EQ(value("a\r\nSet-Cookie: b"), "X: a  Set-Cookie: b\r\n\r\n");
  EXPECT_EQ(value("a\nb"), "X: a b\r\n\r\n");
  EXPECT_EQ(value("\r"), "X:  \r\n\r\n");
  EXPECT_EQ(value(std::string_view("a\0b", 3)), "X: a b\r\n\r\n");
  EXPECT_EQ(value("a\x7f\x1f"), "X: a  \r\n\r\n");
  EXPECT_EQ(value("a\t\xc3\xa9"), "X: a\t\xc3\xa9\r\n\r\n");
  const std::string many(100, '\n');
  EXPECT_EQ(value(many), "X: " + std::string(100, ' ') + "\r\n\r\n");
}

TEST(ResponseHeadTest, AFieldWithABadNameIsLeftOut) {
  for (const std::string_view name :
       {"", "a b", "a:", "a\r\nb", "\xc3\xa9", "a\n"}) {
    EXPECT_EQ(Fields(HttpStatus::kOk,
                     [name](ResponseHead& head) { head.Add(name, "x"); }),
              "\r\n")
        << name;
  }
}

TEST(ResponseHeadTest, SomeStatusesHaveNoLength) {
  const auto add = [](ResponseHead& head) { head.AddContentLength(5); };
  EXPECT_EQ(Fields(HttpStatus::kOk, add), "Content-Length: 5\r\n\r\n");
  EXPECT_EQ(Fields(HttpStatus::kNotModified, add), "Content-Length: 5\r\n\r\n");
  EXPECT_EQ(Fields(HttpStatus::kNoContent, add), "\r\n");
  EXPECT_EQ(Fields(HttpStatus::kContinue, add), "\r\n");
}

TEST(ResponseHeadTest, SaysOnlyWhatTheClientDoesNotAssume) {
  const auto connection = [](bool keep_alive, int minor_version) {
    return Fields(HttpStatus::kOk, [=](ResponseHead& head) {
      head.AddConnection(keep_alive, minor_version);
    });
  };
  EXPECT_EQ(connection(true, 1), "\r\n");
  EXPECT_EQ(connection(false, 1), "Connection: close\r\n\r\n");
  EXPECT_EQ(connection(true, 0), "Connection: keep-alive\r\n\r\n");
  EXPECT_EQ(connection(false, 0), "Connection: close\r\n\r\n");
}

TEST(ResponseHeadTest, AHeadThatDoesNotFitIsEmpty) {
  const auto write = [](std::span<char> buffer) {
    ResponseHead head(buffer, HttpStatus::kOk);
    head.Add("Long", "value");
    head.Add("A", "b");
    return head.Finish();
  };
  const std::string_view kWhole =
      "HTTP/1.1 200 OK\r\nLong: value\r\nA: b\r\n\r\n";
  std::string buffer(kWhole.size() + 1, '#');
  for (size_t size = 0; size <= buffer.size(); ++size) {
    buffer.assign(buffer.size(), '#');
    const std::string_view head = write(std::span(buffer).first(size));
    EXPECT_EQ(head, size < kWhole.size() ? "" : kWhole) << size;
    EXPECT_EQ(buffer.find_first_not_of('#', size), std::string::npos) << size;
  }
}

TEST(ResponseHeadTest, TheExampleInTheHeaderWorks) {
  const std::string_view date = "Sun, 06 Nov 1994 08:49:37 GMT";
  char buffer[4096];
  ResponseHead head(buffer, HttpStatus::kOk);
  head.Add("Date", date);
  head.AddContentLength(1024);
  head.AddConnection(/*keep_alive=*/true, /*minor_version=*/1);
  EXPECT_EQ(head.Finish(),
            "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "Content-Length: 1024\r\n\r\n");
}

}  // namespace
}  // namespace kingpin::http
