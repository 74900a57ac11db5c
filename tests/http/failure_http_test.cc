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
using testing::HttpScript;
using testing::HttpTestClient;
using testing::HttpTestHandler;
using testing::HttpTestServer;
using testing::ManualHttpServer;
using testing::TestClient;

// An iteration of the loop may give a connection two turns: one because bytes
// have come, one that it had asked for.
constexpr int kTurnsInAnIteration = 2;

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

std::string Repeat(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

TEST(FailureMode14, AFloodOfRequestsTakesTurns) {
  ManualHttpServer server;
  const std::string flood = Repeat("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", 10000);
  const int most = MostAtOnce(server, flood, server.shared().requests, 10000);
  EXPECT_GT(most, 0);
  EXPECT_LE(most, kTurnsInAnIteration * 64);
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
  EXPECT_LE(most, kTurnsInAnIteration * 2);
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
  EXPECT_LE(most, kTurnsInAnIteration);
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
  EXPECT_LE(most, kTurnsInAnIteration * 64);
}

}  // namespace
}  // namespace kingpin::http
