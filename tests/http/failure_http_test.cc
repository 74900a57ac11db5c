// What the HTTP server does about failures, by their numbers in
// docs/failure_modes.md.
#include <algorithm>
#include <atomic>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "kingpin/http/http_handler.h"
#include "tests/http/http_test_client.h"
#include "tests/http/http_test_server.h"
#include "tests/testing/process.h"
#include "tests/testing/test_client.h"

namespace kingpin::http {
namespace {

using testing::AnswerText;
using testing::Get;
using testing::HttpAnswer;
using testing::HttpTestClient;
using testing::HttpTestHandler;
using testing::HttpTestServer;
using testing::ManualHttpServer;
using testing::TestClient;

std::string Repeat(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

// --- 12: slow requests ----------------------------------------------------

// Turns until `client` was answered or closed.
bool Settles(ManualHttpServer& server, TestClient& client) {
  const absl::Time deadline = absl::Now() + testing::kPatience;
  while (client.received().empty() && !client.ended()) {
    if (absl::Now() > deadline) return false;
    server.Turn();
  }
  return true;
}

// Advances in steps of ten seconds, with a byte of `drip` before each, until
// the server has closed `client`; how many seconds that took.
int SecondsUntilClosed(ManualHttpServer& server, TestClient& client,
                       std::string_view drip) {
  for (int seconds = 0; seconds <= 600; seconds += 10) {
    for (int i = 0; i < 10; ++i) server.Turn();
    if (client.ended()) return seconds;
    if (!drip.empty()) client.TrySend(drip.substr(0, 1));
    if (!drip.empty()) drip.remove_prefix(1);
    for (int i = 0; i < 10; ++i) server.Turn();
    server.Advance(absl::Seconds(10));
  }
  return -1;
}

TEST(FailureMode12, ADrippedHeadHasTheReadTimeOutAndNoMore) {
  ManualHttpServer server;
  TestClient slow = TestClient::Connect(server.port());
  slow.TrySend("GET / HTTP/1.1\r\nHost: h\r\nX: ");
  // Timeouts::read is 30 seconds; a step later it has been seen.
  const int seconds = SecondsUntilClosed(server, slow, std::string(60, 'x'));
  EXPECT_GE(seconds, 30);
  EXPECT_LE(seconds, 40);
  TestClient other = TestClient::Connect(server.port());
  other.TrySend(Get("/other"));
  EXPECT_TRUE(Settles(server, other));
  EXPECT_TRUE(absl::StrContains(other.received(), "200 OK"));
}

TEST(FailureMode12, ABodyThatStopsHasTheReadTimeOut) {
  ManualHttpServer server;
  for (const char* framing : {"Content-Length: 10\r\n\r\nhello",
                              "Transfer-Encoding: chunked\r\n\r\na\r\nhello"}) {
    TestClient slow = TestClient::Connect(server.port());
    slow.TrySend(absl::StrCat("POST / HTTP/1.1\r\nHost: h\r\n", framing));
    const int seconds = SecondsUntilClosed(server, slow, "");
    EXPECT_GE(seconds, 30) << framing;
    EXPECT_LE(seconds, 40) << framing;
  }
}

// A POST of which the body drips, in two framings.
constexpr const char* kDrippedBodies[] = {
    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n"};

TEST(FailureMode12, ADrippedBodyThatIsIgnoredIsBoundedInAll) {
  for (const char* request : kDrippedBodies) {
    for (const bool answers : {true, false}) {
      int pieces = 0;
      ManualHttpServer server(
          {.on_request =
               [&](HttpTestHandler& handler, Connection& c, const Request&) {
                 handler.IgnoreBody(c);
                 if (answers) AnswerText(handler, c, "early");
               },
           .on_body = [&](HttpTestHandler&, Connection&, std::string_view,
                          bool) { ++pieces; }});
      TestClient slow = TestClient::Connect(server.port());
      slow.TrySend(request);
      const int seconds =
          SecondsUntilClosed(server, slow, std::string(60, 'x'));
      EXPECT_GT(seconds, 30);
      EXPECT_LE(seconds, 60);
      EXPECT_EQ(pieces, 0);
      EXPECT_TRUE(absl::StrContains(slow.received(), answers ? "early" : "408"))
          << slow.received();
    }
  }
}

TEST(FailureMode12, ADrippedBodyThatIsWantedHasItsTime) {
  for (const char* request : kDrippedBodies) {
    ManualHttpServer server;
    TestClient slow = TestClient::Connect(server.port());
    slow.TrySend(request);
    EXPECT_EQ(SecondsUntilClosed(server, slow, std::string(61, 'x')), -1);
  }
}

TEST(FailureMode12, AfterAnIgnoredBodyTheConnectionIsKept) {
  ManualHttpServer server(
      {.on_request = [](HttpTestHandler& handler, Connection& c,
                        const Request& request) {
        handler.IgnoreBody(c);
        AnswerText(handler, c, request.path);
      }});
  TestClient client = TestClient::Connect(server.port());
  client.TrySend(
      "POST /first HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nh");
  EXPECT_TRUE(Settles(server, client));
  server.Advance(absl::Seconds(29));
  client.TrySend(absl::StrCat("i", Get("/second")));
  for (int i = 0; i < 10; ++i) server.Turn();
  EXPECT_TRUE(absl::StrContains(client.received(), "/second"));
  EXPECT_FALSE(client.ended());
}

TEST(FailureMode12, HalfAHeadHoldsADrainUpForTheLingerTimeOnly) {
  ManualHttpServer server;
  TestClient half = TestClient::Connect(server.port());
  half.TrySend("GET / HTTP/1.1\r\nHost: h\r\n");
  TestClient body = TestClient::Connect(server.port());
  body.TrySend("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nh");
  for (int i = 0; i < 10; ++i) server.Turn();
  server.shared().Shutdown(RunPhase::kDraining);
  for (int i = 0; i < 10; ++i) server.Turn();
  EXPECT_FALSE(half.ended());
  server.Advance(absl::Seconds(3));  // Timeouts::linger is two.
  for (int i = 0; i < 10; ++i) server.Turn();
  EXPECT_TRUE(half.ended());
  // What is a request already has its time.
  EXPECT_FALSE(body.ended());
  body.TrySend("i");
  EXPECT_TRUE(Settles(server, body));
  EXPECT_TRUE(absl::StrContains(body.received(), "/|hi"));
}

TEST(FailureMode12, AHeadThatIsCompletedDuringADrainIsAnswered) {
  ManualHttpServer server;
  TestClient half = TestClient::Connect(server.port());
  half.TrySend("GET /half HTTP/1.1\r\nHost: h\r\n");
  for (int i = 0; i < 10; ++i) server.Turn();
  server.shared().Shutdown(RunPhase::kDraining);
  for (int i = 0; i < 10; ++i) server.Turn();
  server.Advance(absl::Seconds(1));
  half.TrySend("\r\n");
  EXPECT_TRUE(Settles(server, half));
  EXPECT_TRUE(absl::StrContains(half.received(), "Connection: close"));
}

// --- 13: too large --------------------------------------------------------

TEST(FailureMode13, WhatIsTooLargeIsRefusedAtItsBound) {
  const RequestLimits limits;
  struct Case {
    std::string request;
    int status;
  };
  const std::string begin = "GET / HTTP/1.1\r\nHost: h\r\n";
  // None has an end: it is not waited for.
  const std::vector<Case> cases = {
      {"GET /" + std::string(limits.max_target, 'x'), 414},
      {begin + "X: " + std::string(limits.max_field, 'x'), 431},
      {begin + std::string(limits.max_field + 1, 'x'), 431},
      {begin + Repeat("a: b\r\n", limits.max_fields), 431},
      {begin + Repeat("a: " + std::string(1000, 'b') + "\r\n", 40), 431},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1048577\r\n\r\n", 413},
  };
  HttpTestServer server;
  for (const Case& c : cases) {
    HttpTestClient client(server.port());
    client.Send(c.request);
    const HttpAnswer answer = client.ReadAnswer();
    EXPECT_EQ(answer.status, c.status) << c.request.substr(0, 80);
    EXPECT_EQ(answer.field("connection"), "close");
    client.socket().HalfClose();
    EXPECT_TRUE(client.AtEnd());
  }
  EXPECT_EQ(server.shared().requests, 0);
  EXPECT_EQ(HttpTestClient(server.port()).Get("/good").body, "/good");
}

// --- 14: floods -----------------------------------------------------------

// Sends `input` and reads what comes until `count` is `all`. The most that
// `count` grew in one iteration of the loop; -1 if it did not get there.
int MostAtOnce(ManualHttpServer& server, std::string_view input,
               const std::atomic<int>& count, int all) {
  TestClient client = TestClient::Connect(server.port());
  const absl::Time deadline = absl::Now() + testing::kPatience;
  int most = 0;
  while (count < all) {
    if (absl::Now() > deadline) return -1;
    input.remove_prefix(client.TrySend(input));
    const int before = count;
    server.Turn();
    most = std::max(most, count - before);
    client.TryRead();
  }
  return most;
}

TEST(FailureMode14, AFloodOfRequestsTakesTurns) {
  ManualHttpServer server;
  const std::string flood = Repeat("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", 10000);
  const int most = MostAtOnce(server, flood, server.shared().requests, 10000);
  EXPECT_GT(most, 0);
  EXPECT_LE(most, 64);
}

TEST(FailureMode14, RequestsThatTakeLongEndTheTurn) {
  ManualHttpServer* clock = nullptr;
  ManualHttpServer server({.on_request = [&](HttpTestHandler& handler,
                                             Connection& c, const Request&) {
    clock->Advance(absl::Milliseconds(2));
    AnswerText(handler, c, "slow");
  }});
  clock = &server;
  const int most =
      MostAtOnce(server, Repeat(Get("/"), 500), server.shared().requests, 500);
  EXPECT_GT(most, 0);
  // The second one of a turn finds out.
  EXPECT_LE(most, 2);
}

TEST(FailureMode14, EndTurnLetsTheOthersGoOn) {
  ManualHttpServer server({.on_request = [](HttpTestHandler& handler,
                                            Connection& c, const Request&) {
    handler.EndTurn();
    AnswerText(handler, c, "heavy");
  }});
  const int most =
      MostAtOnce(server, Repeat(Get("/"), 500), server.shared().requests, 500);
  EXPECT_GT(most, 0);
  EXPECT_LE(most, 1);
}

TEST(FailureMode14, AFloodOfTinyChunksTakesTurns) {
  std::atomic<int> pieces = 0;
  ManualHttpServer server(
      {.on_body = [&](HttpTestHandler& handler, Connection& c, std::string_view,
                      bool last) {
        ++pieces;
        if (last) AnswerText(handler, c, "all");
      }});
  const std::string body = absl::StrCat(
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
      Repeat("1\r\na\r\n", 20000), "0\r\n\r\n");
  const int most = MostAtOnce(server, body, pieces, 20001);
  EXPECT_GT(most, 0);
  EXPECT_LE(most, 64);
}

// --- 44, 45, 46: where a request ends -------------------------------------

constexpr char kSmuggled[] = "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n";

// Sends `request` with another one behind it, which must not be taken for one:
// the answer is 400 and the connection is closed.
class FramingTest : public ::testing::Test {
 protected:
  void ExpectRefused(std::string_view request) {
    HttpTestClient client(server_.port());
    client.Send(absl::StrCat(request, kSmuggled));
    const HttpAnswer answer = client.ReadAnswer();
    EXPECT_EQ(answer.status, 400) << request;
    EXPECT_EQ(answer.field("connection"), "close") << request;
    client.socket().HalfClose();
    EXPECT_TRUE(client.AtEnd()) << request;
  }
  ~FramingTest() override {
    EXPECT_EQ(smuggled_, 0);
    EXPECT_EQ(HttpTestClient(server_.port()).Get("/good").body, "good");
  }

 private:
  std::atomic<int> smuggled_ = 0;
  HttpTestServer server_{
      {.on_request = [this](HttpTestHandler& handler, Connection& c,
                            const Request& request) {
        if (request.path == "/smuggled") ++smuggled_;
        if (request.path == "/good") AnswerText(handler, c, "good");
      }}};
};
using FailureMode44 = FramingTest;
using FailureMode45 = FramingTest;
using FailureMode46 = FramingTest;

TEST_F(FailureMode44, ALengthThatIsNoPlainNumberIsRefused) {
  for (const char* length :
       {"", "+1", "-1", "1 1", "1,1", "1, 1", "0x1", "1.0", "1e1", "\xb2",
        "9223372036854775808", "18446744073709551616", "18446744073709551617",
        "99999999999999999999999999999999", "5\r\nContent-Length: 5",
        "5\r\nContent-Length: 6"}) {
    ExpectRefused(absl::StrCat(
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ", length, "\r\n\r\n"));
  }
}

TEST_F(FailureMode45, WhatTwoParsersMightReadInTwoWaysIsRefused) {
  const std::string chunked = "Transfer-Encoding: chunked\r\n";
  const std::string length = "Content-Length: 4\r\n";
  for (const std::string& fields : {
           length + chunked,
           chunked + length,
           chunked + chunked,
           std::string("Transfer-Encoding: chunked, chunked\r\n"),
           std::string("Transfer-Encoding: chunked, identity\r\n"),
           std::string("Transfer-Encoding: \r\n"),
           std::string("Transfer-Encoding : chunked\r\n"),
           std::string("Transfer-Encoding: \x0b"
                       "chunked\r\n"),
           std::string("Transfer-Encoding:\r\n chunked\r\n"),
           std::string("X: a\r\n b\r\n"),
           std::string("X: a\r\n\tb\r\n"),
           std::string("X: a\nContent-Length: 4\r\n"),
           std::string("X: a\rContent-Length: 4\r\n"),
           std::string("X: a\0b\r\n", 8),
           std::string("X : a\r\n"),
           std::string(" X: a\r\n"),
           std::string(": a\r\n"),
           std::string("X\r\n"),
           std::string("Host: i\r\n"),
       }) {
    ExpectRefused(
        absl::StrCat("POST / HTTP/1.1\r\nHost: h\r\n", fields, "\r\n"));
  }
  ExpectRefused(absl::StrCat("POST / HTTP/1.0\r\n", chunked, "\r\n"));
  ExpectRefused("GET / HTTP/1.1\nHost: h\n\n");
  ExpectRefused("GET  / HTTP/1.1\r\nHost: h\r\n\r\n");
  ExpectRefused("GET / HTTP/1.1 \r\nHost: h\r\n\r\n");
}

TEST_F(FailureMode46, MalformedAndEndlessChunksAreRefused) {
  const std::string head =
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string& body : {
           std::string("8000000000000000\r\n"),
           std::string("fffffffffffffffff\r\n"),
           std::string("10000000000000000\r\n"),
           std::string("-1\r\n"),
           std::string("+1\r\n"),
           std::string("0x1\r\n"),
           std::string(" 1\r\n"),
           std::string("1 \r\n"),
           std::string("1\nx\n"),
           std::string("1;\r\n"),
           std::string("1\r\nxy\r\n"),
           "1;a=" + std::string(2000, 'x'),
           Repeat("1;" + std::string(900, 'x') + "\r\ny\r\n", 30),
           "0\r\n" + Repeat("a: b\r\n", 40),
           "0\r\na: " + std::string(10000, 'x'),
           std::string("0\r\na : b\r\n\r\n"),
           std::string("0\r\nab\r\n\r\n"),
       }) {
    ExpectRefused(head + body);
  }
}

}  // namespace
}  // namespace kingpin::http
