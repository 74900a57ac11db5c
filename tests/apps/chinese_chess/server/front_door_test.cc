// What comes in on the port of the game server: pages, WebSockets and lines.

#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "apps/chinese_chess/server/client_message.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/apps/chinese_chess/server/test_player.h"
#include "tests/apps/chinese_chess/server/test_server.h"
#include "tests/http/http_test_client.h"
#include "tests/http/websocket_peer.h"

namespace chinese_chess {
namespace {

using kingpin::testing::HttpTestClient;
using kingpin::testing::WebSocketPeer;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view kText = "text:";

// The next message of that type; pings are answered.
std::string Next(WebSocketPeer& peer, std::string_view type) {
  while (true) {
    const std::string got = peer.Read();
    if (absl::StartsWith(got, "ping:")) {
      peer.Send({.first = 0x8a, .payload = got.substr(5)});
    } else if (!absl::StartsWith(got, kText)) {
      return got;
    } else if (Field(got, "t") == type) {
      return got.substr(kText.size());
    }
  }
}

// Past hello.
WebSocketPeer Join(uint16_t port, std::string_view name) {
  WebSocketPeer peer = WebSocketPeer::ToServer(port);
  peer.SendText(absl::StrCat(R"({"t":"hello","name":")", name, "\"}"));
  EXPECT_EQ(Field(Next(peer, "welcome"), "name"), name);
  return peer;
}

TEST(FrontDoorTest, TheSamePortHasThePageAndTheCounters) {
  TestServer server;
  HttpTestClient browser(server.port());
  const auto page = browser.Get("/");
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.field("content-type"), StartsWith("text/html"));
  EXPECT_THAT(page.field("content-security-policy"), HasSubstr("'self'"));
  EXPECT_EQ(browser.Get("/main.js").status, 200);
  EXPECT_EQ(browser.Get("/nowhere").status, 404);
  const auto counters = browser.Get("/counters");
  EXPECT_EQ(counters.field("content-type"), "application/json");
  EXPECT_EQ(Field(counters.body, "sessions"), "0");
  EXPECT_THAT(counters.body, HasSubstr("loop_p99_us"));
  EXPECT_EQ(browser.Ask("DELETE", "/counters").status, 405);
}

TEST(FrontDoorTest, OneInABrowserPlaysWithOneOnALine) {
  TestServer server;
  WebSocketPeer red = Join(server.port(), "Zhang");
  TestPlayer black(server.port());
  black.Hello("Li");
  red.SendText(R"({"t":"room","control":"5+3","color":"red"})");
  const std::string code = Field(Next(red, "waiting"), "code");
  black.Say(absl::StrCat(R"({"t":"enter","code":")", code, "\"}"));
  const std::string game = Field(black.Next("paired"), "game");
  EXPECT_EQ(Field(Next(red, "paired"), "game"), game);
  red.SendText(absl::StrCat(R"({"t":"join","game":")", game, "\"}"));
  EXPECT_EQ(Field(Next(red, "game"), "you"), "red");
  black.Join(game);
  EXPECT_EQ(Field(black.Next("game"), "you"), "black");
  red.SendText(absl::StrCat(R"({"t":"move","game":")", game,
                            R"(","ply":0,"move":"h2e2","id":"1"})"));
  EXPECT_EQ(Field(Next(red, "ok"), "re"), "move");
  EXPECT_EQ(Field(black.Next("move"), "move"), "h2e2");
  black.Move(game, 1, "h9g7");
  EXPECT_EQ(Field(Next(red, "move"), "move"), "h2e2");
  EXPECT_EQ(Field(Next(red, "move"), "move"), "h9g7");
  // A lost connection is seen by the other.
  red.socket().Reset();
  std::string presence = black.Next("presence");
  while (Field(presence, "online") == "true") presence = black.Next("presence");
  EXPECT_EQ(Field(presence, "by"), "red");
}

TEST(FrontDoorTest, OtherPagesMayNotConnectUnlessNamed) {
  TestServer server({.origins = {"https://play.example.com"}});
  const auto status = [&](std::string_view origin) {
    HttpTestClient client(server.port());
    client.Send(
        WebSocketPeer::Request(absl::StrCat("Origin: ", origin, "\r\n")));
    return client.ReadAnswer().status;
  };
  EXPECT_EQ(status("http://evil.example"), 403);
  EXPECT_EQ(status("null"), 403);
  EXPECT_EQ(status("http://h"), 101);  // As in Host.
  EXPECT_EQ(status("https://play.example.com"), 101);
  EXPECT_EQ(HttpTestClient(server.port()).Get("/ws").status, 426);
}

TEST(FrontDoorTest, WhatIsTooLongOrNoTextEndsItsWebSocketOnly) {
  TestServer server;
  WebSocketPeer good = Join(server.port(), "Zhang");
  WebSocketPeer longwinded = Join(server.port(), "Li");
  longwinded.SendText(std::string(kMaxMessageBytes + 1, ' '));
  EXPECT_THAT(Next(longwinded, ""), StartsWith("close:1009"));
  WebSocketPeer binary = Join(server.port(), "Wang");
  binary.Send({.first = 0x82, .payload = "{}"});
  EXPECT_THAT(Next(binary, ""), StartsWith("close:1003"));
  good.SendText("nonsense");
  EXPECT_EQ(Field(Next(good, "error"), "code"), "bad_message");
  good.SendText(R"({"t":"ping","n":7})");
  EXPECT_EQ(Field(Next(good, "pong"), "n"), "7");
}

TEST(FrontDoorTest, WhoSendsTooMuchIsToldWhy) {
  TestServer server({.credits = 20});
  WebSocketPeer peer = Join(server.port(), "Zhang");
  for (int i = 0; i < 30; ++i) peer.SendText(R"({"t":"cancel"})");
  EXPECT_EQ(Field(Next(peer, "error"), "code"), "too_fast");
  EXPECT_EQ(Next(peer, ""), "close:1008 too many messages");
  EXPECT_EQ(server.Stat("rate_limited"), "1");
}

TEST(FrontDoorTest, AWebSocketIsPingedAndClosedIfItDoesNotAnswer) {
  TestServer server(
      {.ping_every = absl::Milliseconds(20), .silent = absl::Seconds(2)});
  WebSocketPeer there = Join(server.port(), "Zhang");
  WebSocketPeer gone = Join(server.port(), "Li");
  // Answers as a browser does, whatever its page is busy with.
  while (server.Stat("silent") == "0") {
    const std::string got = there.Read();
    ASSERT_THAT(got, StartsWith("ping:"));
    there.Send({.first = 0x8a, .payload = got.substr(5)});
  }
  std::string last = gone.Read();
  while (absl::StartsWith(last, "ping:") || absl::StartsWith(last, kText)) {
    last = gone.Read();
  }
  EXPECT_EQ(last, "close:1008 nothing heard");
  there.SendText(R"({"t":"ping","n":1})");
  EXPECT_EQ(Field(Next(there, "pong"), "n"), "1");
}

// From the first ping of ours on; here, before any hello.
TEST(FrontDoorTest, AWebSocketMayNotFloodUsWithPings) {
  TestServer server;
  WebSocketPeer peer = WebSocketPeer::ToServer(server.port());
  EXPECT_THAT(peer.Read(), StartsWith("ping:"));
  for (int i = 0; i <= 10'000; ++i) peer.Send({.first = 0x89, .payload = ""});
  std::string last = peer.Read();
  while (absl::StartsWith(last, "pong:")) last = peer.Read();
  EXPECT_EQ(last, "close:1008 too many control frames");
}

TEST(FrontDoorTest, LongMessagesAreCompressedForWhoAgrees) {
  TestServer server;
  WebSocketPeer peer = WebSocketPeer::ToServer(
      server.port(), "Sec-WebSocket-Extensions: permessage-deflate\r\n");
  EXPECT_THAT(peer.head(), HasSubstr("permessage-deflate"));
  peer.UseDeflate({.send_context = false, .receive_context = false});
  peer.SendText(R"({"t":"hello"})");
  EXPECT_FALSE(Field(Next(peer, "welcome"), "token").empty());
  EXPECT_EQ(peer.compressed(), 0);
  peer.SendText(R"({"t":"stats","id":"1"})");
  EXPECT_THAT(Next(peer, "stats"), HasSubstr("moves_refused"));
  // What comes may be compressed, too.
  peer.Send({.first = 0xc1, .payload = peer.Deflate(R"({"t":"ping","n":3})")});
  EXPECT_EQ(Field(Next(peer, "pong"), "n"), "3");
}

TEST(FrontDoorTest, WhatIsForAllReachesEachInItsForm) {
  TestServer server({.credits = 1000, .news_every = absl::Milliseconds(1)}, 1);
  WebSocketPeer compressed = WebSocketPeer::ToServer(
      server.port(), "Sec-WebSocket-Extensions: permessage-deflate\r\n");
  compressed.UseDeflate({.send_context = false, .receive_context = false});
  compressed.SendText(R"({"t":"hello"})");
  WebSocketPeer plain = Join(server.port(), "Zhang");
  TestPlayer line(server.port());
  line.Hello("Li");
  compressed.SendText(R"({"t":"lobby"})");
  plain.SendText(R"({"t":"lobby"})");
  line.Say(R"({"t":"lobby"})");
  Next(compressed, "lobby");
  Next(plain, "lobby");
  line.Next("lobby");
  std::vector<TestPlayer> seekers;
  for (int i = 0; i < 10; ++i) {
    seekers.emplace_back(server.port());
    seekers.back().Hello("Wang");
    seekers.back().Say(R"({"t":"seek","control":"5+3"})");
    seekers.back().Next("waiting");
  }
  const auto complete = [](const std::string& lobby) {
    return Field(lobby, "seek_count") == "10";
  };
  std::string text = line.Next("lobby");
  while (!complete(text)) text = line.Next("lobby");
  EXPECT_GT(text.size(), 1024u);
  for (WebSocketPeer* peer : {&compressed, &plain}) {
    std::string same = Next(*peer, "lobby");
    while (Field(same, "t") == "lobby" && !complete(same)) {
      same = Next(*peer, "lobby");
    }
    EXPECT_EQ(same, text);
  }
  EXPECT_GT(compressed.compressed(), 0);
  EXPECT_EQ(plain.compressed(), 0);
}

TEST(FrontDoorTest, ABrowserCannotBeMadeToSpeakLines) {
  TestServer server;
  HttpTestClient browser(server.port());
  const std::string body =
      "{\"t\":\"hello\"}\n{\"t\":\"pool\",\"control\":\"5+3\"}\n";
  browser.Send(absl::StrCat("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ",
                            body.size(), "\r\n\r\n", body));
  EXPECT_EQ(browser.ReadAnswer().status, 405);
  // Nor by what follows a request that was answered.
  browser.Send(body);
  const auto answer = browser.ReadAnswer();
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, testing::Not(HasSubstr("welcome")));
  EXPECT_EQ(server.Stat("sessions"), "0");
}

TEST(FrontDoorTest, APlannedEndIsToldInBothForms) {
  TestServer server;
  WebSocketPeer browser = Join(server.port(), "Zhang");
  TestPlayer line(server.port());
  line.Hello("Li");
  server.Drain();
  EXPECT_EQ(Field(Next(browser, "restart"), "t"), "restart");
  EXPECT_THAT(Next(browser, ""), StartsWith("close:1001"));
  browser.SendClose(1001);
  EXPECT_EQ(Field(line.Next("restart"), "t"), "restart");
  EXPECT_TRUE(line.WaitForEnd());
}

}  // namespace
}  // namespace chinese_chess
