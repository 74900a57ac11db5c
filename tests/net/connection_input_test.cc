// What a connection reads: kept, bounded, paused.
#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/net/connection.h"
#include "tests/testing/scripted_server.h"
#include "tests/testing/test_client.h"

namespace kingpin {
namespace {

using testing::ConnectMany;
using ::testing::ElementsAre;
using testing::ManualServer;
using testing::TestClient;

TEST(ConnectionInput, UnconsumedBytesComeAgainWithMore) {
  std::vector<std::string> views;
  ManualServer server({.on_message = [&](Connection& c) {
    views.emplace_back(c.input().view());
    if (c.input().size() >= 3) c.input().Consume(2);
  }});
  TestClient client = TestClient::Connect(server.port());
  for (const char* part : {"a", "b", "cd", "e"}) {
    size_t before = views.size();
    client.TrySend(part);
    ASSERT_TRUE(server.RunUntil([&] { return views.size() > before; }));
  }
  EXPECT_THAT(views, ElementsAre("a", "ab", "abcd", "cde"));
}

TEST(ConnectionInput, MessageOfAlmostTheLimitIsReceived) {
  constexpr size_t kSize = (1 << 20) - 1;
  bool got = false;
  ManualServer server({.on_message = [&](Connection& c) {
    if (c.input().size() == kSize) {
      got = c.input().view() == std::string(kSize, 'm');
      c.input().TakeAll();
      c.Write("ok");
    }
  }});
  TestClient client = TestClient::Connect(server.port());
  std::string message(kSize, 'm');
  size_t sent = 0;
  ASSERT_TRUE(server.RunUntil([&] {
    if (sent < kSize) {
      sent += client.TrySend(absl::string_view(message).substr(sent));
    }
    return client.received() == "ok" || client.ended();
  }));
  EXPECT_TRUE(got);
}

TEST(ConnectionInput, InputBeyondTheLimitClosesTheConnection) {
  size_t most = 0;
  ManualServer server(
      {.on_message =
           [&](Connection& c) { most = std::max(most, c.input().size()); }},
      {.connection = {.input_limit_bytes = 10'000}});
  TestClient client = TestClient::Connect(server.port());
  std::string flood(1000, 'x');
  ASSERT_TRUE(server.RunUntil([&] {
    client.TrySend(flood);
    return client.ended();
  }));
  EXPECT_THAT(server.reasons(), ElementsAre(CloseReason::kInputOverflow));
  EXPECT_EQ(server.stats().overflows.value(), 1u);
  EXPECT_LE(most, 10'000u + (64 << 10));
  EXPECT_TRUE(server.Rest() > 0);
}

TEST(ConnectionInput, PausedConnectionReadsNothingUntilResumed) {
  int messages = 0;
  ManualServer server({.on_connect = [](Connection& c) { c.PauseReading(); },
                       .on_message =
                           [&](Connection& c) {
                             ++messages;
                             c.Write(c.input().TakeAll());
                           }});
  TestClient client = TestClient::Connect(server.port());
  client.TrySend("hello");
  ASSERT_TRUE(server.RunUntil([&] { return server.shared().connects == 1; }));
  EXPECT_GT(server.Rest(), 0) << "what is not read must not wake the loop";
  server.Turn(5);
  EXPECT_EQ(messages, 0);
  server.Advance(absl::Hours(1));
  EXPECT_EQ(server.handler().connections(), 1u) << "no time-out while paused";
  server.only().ResumeReading();
  EXPECT_TRUE(server.RunUntil([&] { return client.received() == "hello"; }));
  EXPECT_EQ(messages, 1);
}

TEST(ConnectionInput, PauseInACallbackKeepsTheRestUntilResumed) {
  std::vector<std::string> messages;
  ManualServer server({.on_message = [&](Connection& c) {
    messages.emplace_back(c.input().view().substr(0, 2));
    c.input().Consume(2);
    c.PauseReading();
  }});
  TestClient client = TestClient::Connect(server.port());
  client.TrySend("aabbcc");
  ASSERT_TRUE(server.RunUntil([&] { return messages.size() == 1; }));
  server.Turn(3);
  EXPECT_EQ(messages.size(), 1u);
  server.only().ResumeReading();
  server.Turn(3);
  EXPECT_THAT(messages, ElementsAre("aa", "bb"));
}

TEST(ConnectionInput, RequestMessageTakesTurnsWithOthers) {
  std::string order;
  ManualServer server({.on_message = [&](Connection& c) {
    order += c.input().view()[0];
    c.input().Consume(1);
    if (!c.input().empty()) c.RequestMessage();
  }});
  std::vector<TestClient> clients = ConnectMany(server.port(), 2);
  ASSERT_TRUE(server.RunUntil([&] { return server.shared().connects == 2; }));
  clients[0].TrySend("aaaa");
  clients[1].TrySend("bbbb");
  ASSERT_TRUE(server.RunUntil([&] { return order.size() == 8; }));
  EXPECT_EQ(order.find("aaaa"), order.npos) << order;
  EXPECT_GT(server.Rest(), 0);
}

TEST(ConnectionInput, NothingMoreIsReadBeforeTheTurnThatWasAskedFor) {
  size_t most = 0;
  ManualServer server({.on_message = [&](Connection& c) {
    most = std::max(most, c.input().size());
    c.input().Consume(1);
    if (!c.input().empty()) c.RequestMessage();
  }});
  TestClient client = TestClient::Connect(server.port());
  const std::string flood(1000, 'x');
  for (int i = 0; i < 500; ++i) {
    client.TrySend(flood);
    server.Turn();
  }
  EXPECT_LE(most, size_t{64} << 10) << "what one read gives";
}

TEST(ConnectionInput, ARoundHasABoundHoweverManyAskForTurns) {
  constexpr int kClients = 600;
  int of_round = 0;
  int most = 0;
  int all = 0;
  ManualServer server({.on_message =
                           [&](Connection& c) {
                             ++of_round;
                             ++all;
                             c.input().Consume(1);
                             if (!c.input().empty()) c.RequestMessage();
                           },
                       .on_loop =
                           [&](IOHandler&) {
                             most = std::max(most, std::exchange(of_round, 0));
                           }},
                      {.max_connections = 2 * kClients});
  std::vector<TestClient> clients = ConnectMany(server.port(), kClients);
  ASSERT_TRUE(
      server.RunUntil([&] { return server.shared().connects == kClients; }));
  for (TestClient& client : clients) client.TrySend("12345");
  ASSERT_TRUE(server.RunUntil([&] { return all == 5 * kClients; }));
  EXPECT_LE(most, 2 * 256) << "a batch of events and one of turns";
  EXPECT_GE(server.Rest(), 0);
}

TEST(ConnectionInput, RequestMessageWithoutInputDoesNothing) {
  int messages = 0;
  ManualServer server({.on_message = [&](Connection&) { ++messages; }});
  TestClient client = TestClient::Connect(server.port());
  ASSERT_TRUE(server.RunUntil([&] { return server.shared().connects == 1; }));
  server.only().RequestMessage();
  server.Turn(2);
  EXPECT_EQ(messages, 0);
}

}  // namespace
}  // namespace kingpin
