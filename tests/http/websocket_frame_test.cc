#include "kingpin/http/websocket_frame.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "kingpin/http/websocket_close.h"

namespace kingpin::http {
namespace {

using std::string_literals::operator""s;
constexpr auto kNeedMore = FrameHeadResult::kNeedMore;
constexpr auto kDone = FrameHeadResult::kDone;
constexpr auto kError = FrameHeadResult::kError;

FrameHeadResult Read(std::string_view bytes, const FrameRules& rules = {},
                     WebSocketFrameHead* head = nullptr) {
  WebSocketFrameHead scratch;
  return ReadFrameHead(bytes, rules, head == nullptr ? &scratch : head);
}

WebSocketClose ErrorOf(std::string_view bytes, const FrameRules& rules = {}) {
  WebSocketFrameHead head;
  EXPECT_EQ(ReadFrameHead(bytes, rules, &head), kError);
  EXPECT_FALSE(head.error_text.empty());
  return head.error;
}

TEST(WebSocketFrameTest, WhatIsWrittenIsRead) {
  const uint32_t key = 0x01020304;
  for (const bool masked : {false, true}) {
    for (const uint64_t size :
         {0ull, 1ull, 125ull, 126ull, 65535ull, 65536ull, (1ull << 63) - 1}) {
      WebSocketFrameHead head = {.opcode = WebSocketOpcode::kBinary,
                                 .fin = size % 2 == 0,
                                 .payload_bytes = size};
      char room[kMaxFrameHead];
      const size_t bytes = WriteFrameHead(
          head, masked ? std::optional(key) : std::nullopt, room);
      const FrameRules rules = {.masked = masked};
      WebSocketFrameHead got;
      // Every cut needs more.
      for (size_t cut = 0; cut < bytes; ++cut) {
        ASSERT_EQ(Read({room, cut}, rules), kNeedMore) << size << " " << cut;
      }
      ASSERT_EQ(Read({room, bytes}, rules, &got), kDone);
      EXPECT_EQ(got.head_bytes, bytes);
      EXPECT_EQ(got.payload_bytes, size);
      EXPECT_EQ(got.fin, head.fin);
      EXPECT_EQ(got.opcode, head.opcode);
      EXPECT_EQ(got.mask_key, masked ? key : 0);
      EXPECT_FALSE(got.compressed);
    }
  }
}

TEST(WebSocketFrameTest, ReservedBitsAreErrorsInTheFirstByte) {
  for (const char first : {'\xa1', '\x91', '\xb1', '\xc1', '\xf1'}) {
    EXPECT_EQ(ErrorOf({&first, 1}), WebSocketClose::kProtocolError);
  }
}

TEST(WebSocketFrameTest, Rsv1IsForTheFirstFrameOfACompressedMessage) {
  const FrameRules rules = {.may_compress = true};
  WebSocketFrameHead head;
  EXPECT_EQ(Read("\xc1\x00"s, rules, &head), kDone);
  EXPECT_TRUE(head.compressed);
  ErrorOf("\xc9\x00"s, rules);  // A ping.
  ErrorOf("\xc0\x00"s, {.may_compress = true, .in_message = true});
}

TEST(WebSocketFrameTest, ReservedOpcodesAreErrors) {
  for (const int opcode : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15}) {
    const char first = static_cast<char>(0x80 | opcode);
    EXPECT_EQ(ErrorOf({&first, 1}), WebSocketClose::kProtocolError) << opcode;
  }
}

TEST(WebSocketFrameTest, ControlFramesAreShortAndWhole) {
  ErrorOf("\x09"s);      // No FIN.
  ErrorOf("\x89\x7e"s);  // A length of 16 bits.
  EXPECT_EQ(Read("\x89\x7d"s), kDone);
}

TEST(WebSocketFrameTest, ControlFramesMayStandInsideOfAMessage) {
  EXPECT_EQ(Read("\x89\x00"s, {.in_message = true}), kDone);
  EXPECT_EQ(Read("\x80\x00"s, {.in_message = true}), kDone);
  ErrorOf("\x81\x00"s, {.in_message = true});
  ErrorOf("\x80\x00"s, {.in_message = false});
}

TEST(WebSocketFrameTest, AMaskIsTheClients) {
  ErrorOf("\x81\x05"s, {.masked = true});
  ErrorOf("\x81\x85"s, {.masked = false});
}

TEST(WebSocketFrameTest, LengthsAreInTheirShortestForm) {
  ErrorOf("\x82\x7e\x00\x7d"s);
  ErrorOf("\x82\x7f\x00\x00\x00\x00\x00\x00\xff\xff"s);
  ErrorOf("\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x00"s);
  EXPECT_EQ(Read("\x82\x7e\x00\x7e"s), kDone);
}

TEST(WebSocketFrameTest, AFrameAboveTheLimitIsToldBeforeItsKey) {
  const FrameRules rules = {.masked = true, .max_payload_bytes = 1000};
  EXPECT_EQ(Read("\x82\xfe\x03\xe8"s, rules), kNeedMore);
  EXPECT_EQ(ErrorOf("\x82\xfe\x03\xe9"s, rules),
            WebSocketClose::kMessageTooBig);
}

TEST(WebSocketCloseTest, CodesOnTheWire) {
  for (int code = 0; code <= 5100; ++code) {
    const bool good = (code >= 1000 && code <= 1003) ||
                      (code >= 1007 && code <= 1014) ||
                      (code >= 3000 && code <= 4999);
    const std::string payload = {static_cast<char>(code >> 8),
                                 static_cast<char>(code & 0xff), 'x'};
    const ClosePayload close = ParseClosePayload(payload);
    EXPECT_EQ(close.verdict,
              good ? WebSocketClose::kNormal : WebSocketClose::kProtocolError)
        << code;
    EXPECT_EQ(close.reason, "x");
  }
}

TEST(WebSocketCloseTest, PayloadsThatAreNone) {
  EXPECT_EQ(ParseClosePayload("").verdict, WebSocketClose::kNormal);
  EXPECT_EQ(ParseClosePayload("").code, WebSocketClose::kNoCode);
  EXPECT_EQ(ParseClosePayload("\x03").verdict, WebSocketClose::kProtocolError);
  EXPECT_EQ(ParseClosePayload("\x03\xe8\xce\xba\xe1\xbd").verdict,
            WebSocketClose::kInvalidPayload);
}

TEST(WebSocketCloseTest, AReasonIsCutBetweenCharacters) {
  char room[kMaxControlPayload];
  std::string reason(122, 'a');
  reason += "\xe4\xb8\xad";  // Would end at 125.
  size_t size = WriteClosePayload(WebSocketClose::kNormal, reason, room);
  EXPECT_EQ(size, 2 + 122u);
  size = WriteClosePayload(WebSocketClose::kNormal, "ok\xff\xfe", room);
  EXPECT_EQ(ParseClosePayload({room, size}).reason, "ok");
  EXPECT_EQ(WriteClosePayload(WebSocketClose::kNoCode, "x", room), 0u);
}

TEST(WebSocketCloseTest, ACodeThatMustNotBeSentIsNot) {
  char room[kMaxControlPayload];
  const size_t size = WriteClosePayload(WebSocketClose::kAbnormal, "", room);
  EXPECT_EQ(ParseClosePayload({room, size}).code,
            WebSocketClose::kInternalError);
}

}  // namespace
}  // namespace kingpin::http
