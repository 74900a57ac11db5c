// What tests of HTTP servers ask of a raw socket.
//
//   HttpTestClient client(port);
//   HttpAnswer answer = client.Get("/x", "Range: bytes=0-4\r\n");
//   EXPECT_EQ(answer.status, 206);
#ifndef KINGPIN_TESTS_HTTP_HTTP_TEST_CLIENT_H_
#define KINGPIN_TESTS_HTTP_HTTP_TEST_CLIENT_H_

#include <map>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "tests/testing/test_client.h"

namespace kingpin {
namespace testing {

struct HttpAnswer {
  int status = 0;  // 0: none came.
  std::string head;
  std::map<std::string, std::string> fields;  // Names in lower case.
  std::string body;

  std::string field(const std::string& name) const {
    const auto found = fields.find(name);
    return found == fields.end() ? "" : found->second;
  }
  bool has(const std::string& name) const { return fields.count(name) > 0; }
};

class HttpTestClient {
 public:
  explicit HttpTestClient(uint16_t port) : socket_(TestClient::Connect(port)) {}

  TestClient& socket() { return socket_; }
  bool Send(absl::string_view data) { return socket_.Send(data); }

  // The next answer. `has_body` false: to a HEAD.
  HttpAnswer ReadAnswer(bool has_body = true) {
    HttpAnswer answer;
    while (!absl::EndsWith(answer.head, "\r\n\r\n")) {
      const std::string byte = socket_.Read(1);
      if (byte.empty()) return answer;
      answer.head += byte;
    }
    ParseHead(&answer);
    size_t size = 0;
    const bool none = !has_body || answer.status == 304 ||
                      answer.status == 204 || answer.status < 200;
    if (!none && absl::SimpleAtoi(answer.field("content-length"), &size)) {
      answer.body = socket_.Read(size);
    }
    return answer;
  }

  // `fields` are whole lines.
  HttpAnswer Ask(absl::string_view method, absl::string_view target,
                 absl::string_view fields = "") {
    Send(absl::StrCat(method, " ", target, " HTTP/1.1\r\nHost: test\r\n",
                      fields, "\r\n"));
    return ReadAnswer(method != "HEAD");
  }
  HttpAnswer Get(absl::string_view target, absl::string_view fields = "") {
    return Ask("GET", target, fields);
  }

  // The server has closed, and nothing more had come.
  bool AtEnd() { return socket_.WaitForEnd() && socket_.received().empty(); }

 private:
  static void ParseHead(HttpAnswer* answer) {
    bool first = true;
    for (absl::string_view line : absl::StrSplit(answer->head, "\r\n")) {
      if (first) {
        (void)absl::SimpleAtoi(line.substr(9, 3), &answer->status);
        first = false;
        continue;
      }
      const size_t colon = line.find(':');
      if (colon == line.npos) continue;
      answer->fields[absl::AsciiStrToLower(line.substr(0, colon))] =
          std::string(absl::StripAsciiWhitespace(line.substr(colon + 1)));
    }
  }

  TestClient socket_;
};

}  // namespace testing
}  // namespace kingpin

#endif  // KINGPIN_TESTS_HTTP_HTTP_TEST_CLIENT_H_
