#include "kingpin/http/websocket_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "kingpin/http/websocket_deflate.h"
#include "kingpin/http/websocket_frame.h"
#include "kingpin/http/websocket_mask.h"

namespace kingpin::http {
namespace {

using std::string_literals::operator""s;
using Result = WebSocketReader::Result;
using Opcode = WebSocketOpcode;

struct FrameOptions {
  bool fin = true;
  bool compressed = false;
  bool masked = true;
};

std::string Frame(Opcode opcode, std::string payload,
                  const FrameOptions& options = {}) {
  char room[kMaxFrameHead];
  const uint32_t key = 0xdeadbeef;
  const size_t size =
      WriteFrameHead({.opcode = opcode,
                      .fin = options.fin,
                      .compressed = options.compressed,
                      .payload_bytes = payload.size()},
                     options.masked ? std::optional(key) : std::nullopt, room);
  if (options.masked) MaskWebSocket(absl::MakeSpan(payload), key);
  return std::string(room, size) + payload;
}

// What `bytes`, that come in pieces of `piece` bytes, are: "text:...", and at
// the end "error CODE".
std::vector<std::string> ReadAll(std::string_view bytes, size_t piece,
                                 WebSocketReadRules rules) {
  WebSocketInflaterPool pool;
  rules.inflaters = &pool;
  WebSocketReader reader;
  std::vector<std::string> events;
  std::string held;
  while (!bytes.empty()) {
    held += bytes.substr(0, piece);
    bytes.remove_prefix(std::min(piece, bytes.size()));
    absl::Span<char> span = absl::MakeSpan(held);
    WebSocketInput in;
    Result result;
    while ((result = reader.Next(&span, rules, &in)) == Result::kInput) {
      events.push_back(
          absl::StrCat(static_cast<int>(in.opcode), ":", in.payload));
    }
    if (result == Result::kError) {
      events.push_back(absl::StrCat("error ", static_cast<int>(in.code)));
      return events;
    }
    held = std::string(span.data(), span.size());
  }
  return events;
}

// The same, however it is cut.
std::vector<std::string> Read(std::string_view bytes,
                              const WebSocketReadRules& rules = {
                                  .masked = true}) {
  const std::vector<std::string> whole = ReadAll(bytes, bytes.size(), rules);
  for (const size_t piece : {1, 2, 3, 7, 64, 1000}) {
    EXPECT_EQ(ReadAll(bytes, piece, rules), whole) << piece;
  }
  return whole;
}

using Events = std::vector<std::string>;

TEST(WebSocketReaderTest, MessagesInOneFrame) {
  EXPECT_EQ(Read(Frame(Opcode::kText, "Hello") + Frame(Opcode::kBinary, "\0"s) +
                 Frame(Opcode::kText, "")),
            (Events{"1:Hello", "2:\0"s, "1:"}));
}

TEST(WebSocketReaderTest, ALargeMessage) {
  const std::string large(200'000, 'x');
  EXPECT_EQ(Read(Frame(Opcode::kText, large)), (Events{"1:" + large}));
}

TEST(WebSocketReaderTest, AWholeFrameIsUnmaskedWhereItLies) {
  std::string bytes = Frame(Opcode::kText, "in place");
  absl::Span<char> span = absl::MakeSpan(bytes);
  WebSocketReader reader;
  WebSocketInput in;
  ASSERT_EQ(reader.Next(&span, {.masked = true}, &in), Result::kInput);
  EXPECT_EQ(in.payload, "in place");
  EXPECT_EQ(in.payload.data(), bytes.data() + 6);
  EXPECT_TRUE(span.empty());
}

TEST(WebSocketReaderTest, FragmentsWithControlFramesBetween) {
  EXPECT_EQ(
      Read(Frame(Opcode::kText, "one ", {.fin = false}) +
           Frame(Opcode::kPing, "p") +
           Frame(Opcode::kContinuation, "", {.fin = false}) +
           Frame(Opcode::kPong, "q") + Frame(Opcode::kContinuation, "two") +
           Frame(Opcode::kText, "next")),
      (Events{"9:p", "10:q", "1:one two", "1:next"}));
}

TEST(WebSocketReaderTest, OfAServer) {
  EXPECT_EQ(
      Read(Frame(Opcode::kText, "x", {.masked = false}), {.masked = false}),
      (Events{"1:x"}));
  EXPECT_EQ(Read(Frame(Opcode::kText, "x"), {.masked = false}),
            (Events{"error 1002"}));
}

TEST(WebSocketReaderTest, WhatCameBeforeAnErrorIsDelivered) {
  EXPECT_EQ(Read(Frame(Opcode::kText, "good") + "\xb1"s),
            (Events{"1:good", "error 1002"}));
  EXPECT_EQ(Read(Frame(Opcode::kText, "a", {.fin = false}) +
                 Frame(Opcode::kText, "b")),
            (Events{"error 1002"}));
}

TEST(WebSocketReaderTest, TextThatIsNotUtf8FailsAtItsFirstByte) {
  const std::string frame = Frame(Opcode::kText, "abc\xf4\x90 and more");
  // The head, "abc" and the two bytes.
  EXPECT_EQ(
      ReadAll(std::string_view(frame).substr(0, 6 + 5), 1, {.masked = true}),
      (Events{"error 1007"}));
  EXPECT_EQ(Read(Frame(Opcode::kText, "abc\xe4", {.fin = false}) +
                 Frame(Opcode::kContinuation, "\xb8\xad")),
            (Events{"1:abc\xe4\xb8\xad"}));
  EXPECT_EQ(Read(Frame(Opcode::kText, "abc\xe4\xb8")), (Events{"error 1007"}));
  EXPECT_EQ(Read(Frame(Opcode::kBinary, "\xff")), (Events{"2:\xff"}));
}

TEST(WebSocketReaderTest, Limits) {
  const WebSocketReadRules rules = {
      .limits = {.max_frame_bytes = 10, .max_message_bytes = 15},
      .masked = true};
  EXPECT_EQ(Read(Frame(Opcode::kBinary, "0123456789"), rules),
            (Events{"2:0123456789"}));
  EXPECT_EQ(Read(Frame(Opcode::kBinary, "0123456789a"), rules),
            (Events{"error 1009"}));
  const std::string begin =
      Frame(Opcode::kBinary, "0123456789", {.fin = false});
  EXPECT_EQ(Read(begin + Frame(Opcode::kContinuation, "abcde"), rules),
            (Events{"2:0123456789abcde"}));
  EXPECT_EQ(Read(begin + Frame(Opcode::kContinuation, "abcdef"), rules),
            (Events{"error 1009"}));
}

TEST(WebSocketReaderTest, ALimitBelowAFrameHoldsInPlaceToo) {
  EXPECT_EQ(Read(Frame(Opcode::kBinary, "abc"),
                 {.limits = {.max_message_bytes = 2}, .masked = true}),
            (Events{"error 1009"}));
}

TEST(WebSocketReaderTest, AnAnnouncedLengthTakesNoMemory) {
  // A gigabyte, of which one byte comes.
  std::string bytes =
      "\x82\xff\x00\x00\x00\x00\x40\x00\x00\x00\x00\x00\x00\x00x"s;
  absl::Span<char> span = absl::MakeSpan(bytes);
  WebSocketReader reader;
  WebSocketInput in;
  const WebSocketReadRules rules = {
      .limits = {.max_frame_bytes = 1ull << 31, .max_message_bytes = 1u << 31},
      .masked = true};
  ASSERT_EQ(reader.Next(&span, rules, &in), Result::kNeedMore);
  EXPECT_TRUE(reader.in_frame());
  EXPECT_TRUE(span.empty());
}

class Compressed : public ::testing::TestWithParam<bool> {
 protected:
  WebSocketReadRules Rules() const {
    return {.masked = true, .deflate = true, .context_takeover = GetParam()};
  }
  std::string Deflate(std::string_view message) {
    std::string out;
    deflater_.Deflate(message, &out);
    if (!GetParam()) deflater_.Reset();
    return out;
  }
  WebSocketDeflater deflater_{15, 6, 8};
};

INSTANTIATE_TEST_SUITE_P(Takeover, Compressed, ::testing::Bool());

TEST_P(Compressed, Messages) {
  std::string bytes;
  Events expected;
  for (int i = 0; i < 5; ++i) {
    const std::string message = absl::StrCat("the same message, number ", i);
    bytes += Frame(Opcode::kText, Deflate(message), {.compressed = true});
    bytes += Frame(Opcode::kText, "and a plain one");
    expected.push_back("1:" + message);
    expected.push_back("1:and a plain one");
  }
  EXPECT_EQ(Read(bytes, Rules()), expected);
}

TEST_P(Compressed, FragmentsAreInflatedAsTheyCome) {
  const std::string message(5000, 'z');
  const std::string payload = Deflate(message);
  const std::string bytes =
      Frame(Opcode::kBinary, payload.substr(0, 1),
            {.fin = false, .compressed = true}) +
      Frame(Opcode::kPing, "") +
      Frame(Opcode::kContinuation, payload.substr(1), {.fin = false}) +
      Frame(Opcode::kContinuation, "");
  EXPECT_EQ(Read(bytes, Rules()), (Events{"9:", "2:" + message}));
}

TEST_P(Compressed, TextIsCheckedAsItIsInflated) {
  EXPECT_EQ(Read(Frame(Opcode::kText, Deflate("abc\xff"),
                       {.fin = false, .compressed = true}),
                 Rules()),
            (Events{"error 1007"}));
}

TEST_P(Compressed, ABombIsTooBig) {
  const std::string bomb = Deflate(std::string(10 << 20, 'b'));
  EXPECT_EQ(Read(Frame(Opcode::kText, bomb, {.compressed = true}), Rules()),
            (Events{"error 1009"}));
}

TEST_P(Compressed, DamageIsAnInvalidPayload) {
  EXPECT_EQ(
      Read(Frame(Opcode::kText, "\xff\xff", {.compressed = true}), Rules()),
      (Events{"error 1007"}));
}

}  // namespace
}  // namespace kingpin::http
