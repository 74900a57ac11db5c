#include "kingpin/http/websocket_handshake.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "kingpin/http/method.h"
#include "kingpin/http/request_parser.h"
#include "kingpin/http/response_parser.h"
#include "kingpin/http/websocket_accept_key.h"

namespace kingpin::http {
namespace {

constexpr std::string_view kKey = "dGhlIHNhbXBsZSBub25jZQ==";

constexpr std::string_view kRequest =
    "GET /chat HTTP/1.1\r\n"
    "Host: server.example.com\r\n"
    "Upgrade: websocket\r\n"
    "Connection: keep-alive, Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Origin: http://server.example.com\r\n"
    "Sec-WebSocket-Protocol: chat, superchat\r\n"
    "Sec-WebSocket-Protocol: third\r\n"
    "Sec-WebSocket-Version: 13\r\n\r\n";

// The request with `from` replaced by `to`.
struct Parsed {
  explicit Parsed(std::string_view from = "", std::string_view to = "")
      : text(from.empty() ? std::string(kRequest)
                          : absl::StrReplaceAll(kRequest, {{from, to}})) {
    RequestParser parser;
    EXPECT_EQ(parser.Parse(text, &request), RequestParser::Result::kDone)
        << text;
  }
  std::string text;
  Request request;
};

HttpStatus Read(std::string_view from, std::string_view to) {
  const Parsed parsed(from, to);
  WebSocketOpening opening;
  return ReadWebSocketOpening(parsed.request, &opening);
}

TEST(WebSocketHandshakeTest, TheExampleOfTheRfc) {
  const Parsed parsed;
  WebSocketOpening opening;
  ASSERT_EQ(ReadWebSocketOpening(parsed.request, &opening),
            HttpStatus::kSwitchingProtocols);
  EXPECT_EQ(opening.accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_EQ(opening.protocols, "chat, superchat, third");
  EXPECT_EQ(opening.extensions, "");
}

TEST(WebSocketHandshakeTest, WhatIsNoHandshake) {
  constexpr HttpStatus kUpgrade = HttpStatus::kUpgradeRequired;
  constexpr HttpStatus kBad = HttpStatus::kBadRequest;
  EXPECT_EQ(Read("Upgrade: websocket\r\n", ""), kUpgrade);
  EXPECT_EQ(Read("Upgrade: websocket", "Upgrade: h2c"), kUpgrade);
  EXPECT_EQ(Read("Version: 13", "Version: 8"), kUpgrade);
  EXPECT_EQ(Read("Sec-WebSocket-Version: 13\r\n", ""), kUpgrade);
  EXPECT_EQ(Read("GET", "POST"), kBad);
  EXPECT_EQ(Read("HTTP/1.1", "HTTP/1.0"), kBad);
  EXPECT_EQ(Read(", Upgrade\r\n", "\r\n"), kBad);
  EXPECT_EQ(Read("Origin:", "Content-Length: 3\r\nOrigin:"), kBad);
  EXPECT_EQ(Read(absl::StrCat("Sec-WebSocket-Key: ", kKey, "\r\n"), ""), kBad);
  EXPECT_EQ(Read(kKey, "dGhlIHNhbXBsZSBub25jZQ"), kBad);
  EXPECT_EQ(Read(kKey, "dGhlIHNhbXBsZSBub25jZQ!!"), kBad);
  EXPECT_EQ(Read(kKey, "dGhlIHNhbXBsZSBub25jZSEh"), kBad);  // 18 bytes.
  EXPECT_EQ(
      Read("Origin:", absl::StrCat("Sec-WebSocket-Key: ", kKey, "\r\nOrigin:")),
      kBad);
}

TEST(WebSocketHandshakeTest, TheClientsFirstChoiceIsTaken) {
  constexpr std::string_view kMine[] = {"superchat", "chat"};
  EXPECT_EQ(ChooseProtocol("chat, superchat", kMine), "chat");
  EXPECT_EQ(ChooseProtocol("x, superchat", kMine), "superchat");
  EXPECT_EQ(ChooseProtocol("Chat", kMine), "");
  EXPECT_EQ(ChooseProtocol("", kMine), "");
}

TEST(WebSocketHandshakeTest, Origins) {
  EXPECT_TRUE(IsSameOrigin(Parsed().request));
  EXPECT_TRUE(IsSameOrigin(
      Parsed("Origin: http://server.example.com\r\n", "").request));
  for (const std::string_view other :
       {"http://evil.example.com", "http://server.example.com:81", "null",
        "http://server.example.com.evil", "server.example.com"}) {
    const Parsed parsed("http://server.example.com", other);
    EXPECT_FALSE(IsSameOrigin(parsed.request)) << other;
  }
  constexpr std::string_view kAllowed[] = {"https://play.example.com",
                                           "http://server.example.com"};
  EXPECT_TRUE(IsOriginAmong(Parsed().request, kAllowed));
  EXPECT_FALSE(
      IsOriginAmong(Parsed().request, std::span(kAllowed).subspan(0, 1)));
}

// --- Client ------------------------------------------------------------------

TEST(WebSocketHandshakeTest, Urls) {
  auto url = ParseWebSocketUrl("ws://Example.com/chat?x=1");
  ASSERT_TRUE(url.ok()) << url.status();
  EXPECT_FALSE(url->is_https);
  EXPECT_EQ(url->port, 80);
  EXPECT_EQ(url->target, "/chat?x=1");
  url = ParseWebSocketUrl("WSS://[::1]:8443");
  ASSERT_TRUE(url.ok()) << url.status();
  EXPECT_TRUE(url->is_https);
  EXPECT_EQ(url->port, 8443);
  for (const std::string_view bad :
       {"http://a/", "ws://a/#b", "ws:", "", "//a/", "ws://"}) {
    EXPECT_FALSE(ParseWebSocketUrl(bad).ok()) << bad;
  }
}

TEST(WebSocketHandshakeTest, KeysAreFreshAndTaken) {
  const std::string key = NewWebSocketKey();
  EXPECT_NE(key, NewWebSocketKey());
  EXPECT_EQ(Read(kKey, key), HttpStatus::kSwitchingProtocols);
}

TEST(WebSocketHandshakeTest, WhatAClientAsksAServerTakes) {
  RequestHeadParts parts = {.url = *ParseWebSocketUrl("ws://h:8080/x")};
  AddWebSocketFields(kKey, {"a", "b"}, {.enabled = true}, &parts);
  const auto head = WriteRequestHead(parts);
  ASSERT_TRUE(head.ok()) << head.status();
  RequestParser parser;
  Request request;
  ASSERT_EQ(parser.Parse(*head, &request), RequestParser::Result::kDone);
  WebSocketOpening opening;
  EXPECT_EQ(ReadWebSocketOpening(request, &opening),
            HttpStatus::kSwitchingProtocols);
  EXPECT_EQ(opening.protocols, "a, b");
  EXPECT_EQ(request.host, "h:8080");
  std::string answer;
  EXPECT_TRUE(AnswerDeflateOffer(opening.extensions, {.enabled = true}, &answer)
                  .has_value());
}

constexpr std::string_view kAnswer =
    "HTTP/1.1 101 Switching Protocols\r\n"
    "Upgrade: websocket\r\n"
    "Connection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
    "Sec-WebSocket-Protocol: chat\r\n\r\n";

absl::Status Answer(std::string_view from, std::string_view to) {
  const std::string text = absl::StrReplaceAll(kAnswer, {{from, to}});
  ResponseParser parser;
  Response response;
  EXPECT_EQ(parser.Parse(text, Method::kGet, &response),
            ResponseParser::Result::kDone);
  const auto agreement = ReadWebSocketAnswer(response, kKey, {"chat"}, {});
  if (agreement.ok()) {
    EXPECT_FALSE(agreement->deflate.has_value());
  }
  return agreement.status();
}

TEST(WebSocketHandshakeTest, AnswersOfServers) {
  EXPECT_TRUE(Answer("Upgrade", "UPGRADE").ok());
  EXPECT_TRUE(Answer("Sec-WebSocket-Protocol: chat\r\n", "").ok());
  for (const std::string_view from :
       {"Upgrade: websocket\r\n", "Connection: Upgrade\r\n",
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(Answer(from, ""))) << from;
  }
  EXPECT_TRUE(absl::IsInvalidArgument(Answer("s3pP", "S3pP")));
  EXPECT_TRUE(absl::IsInvalidArgument(Answer(": chat", ": other")));
  EXPECT_TRUE(absl::IsInvalidArgument(
      Answer("Connection", "Sec-WebSocket-Extensions: x\r\nConnection")));
  EXPECT_TRUE(absl::IsFailedPrecondition(
      Answer("101 Switching Protocols", "403 Forbidden")));
}

}  // namespace
}  // namespace kingpin::http
