#include "kingpin/http/websocket_deflate.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace kingpin::http {
namespace {

using std::string_literals::operator""s;
using Result = WebSocketInflater::Result;
constexpr size_t kMax = 1 << 20;

std::string Deflated(WebSocketDeflater& deflater, std::string_view message) {
  std::string out;
  deflater.Deflate(message, &out);
  return out;
}

// The message, or "damaged" or "too large".
std::string Inflated(WebSocketInflater& inflater, std::string_view payload,
                     size_t max_bytes = kMax) {
  std::string out;
  Result result = inflater.Inflate(payload, max_bytes, &out);
  if (result == Result::kOk) result = inflater.EndMessage(max_bytes, &out);
  if (result == Result::kDamaged) return "damaged";
  return result == Result::kTooLarge ? "too large" : out;
}

// Every one of these is in RFC 7692 section 7.2.3.
TEST(WebSocketDeflateTest, TheExamplesOfTheRfc) {
  WebSocketInflater inflater;
  EXPECT_EQ(Inflated(inflater, "\xf2\x48\xcd\xc9\xc9\x07\x00"s), "Hello");
  EXPECT_EQ(Inflated(inflater, "\xf2\x00\x11\x00\x00"s), "Hello");  // Refers.
  EXPECT_EQ(Inflated(inflater, "\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"s),
            "Hello");
  EXPECT_EQ(Inflated(inflater, "\xf3\x48\xcd\xc9\xc9\x07\x00\x00"s), "Hello");
  EXPECT_EQ(Inflated(inflater,
                     "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"s),
            "Hello");
  EXPECT_EQ(Inflated(inflater, "\0"s), "");
}

TEST(WebSocketDeflateTest, AFinalBlockKeepsWhatCameBefore) {
  WebSocketInflater inflater;
  EXPECT_EQ(Inflated(inflater, "\xf3\x48\xcd\xc9\xc9\x07\x00\x00"s), "Hello");
  EXPECT_EQ(Inflated(inflater, "\xf2\x00\x11\x00\x00"s), "Hello");
}

// A window that is full, which each of 100,000 blocks of two bytes keeps.
TEST(WebSocketDeflateTest, EmptyFinalBlocksKeepTheWindow) {
  std::string message;
  for (int i = 0; message.size() < (size_t{1} << 16); ++i) {
    message += std::to_string(i * i % 7919) + ",";
  }
  WebSocketDeflater deflater(15, 6, 8);
  WebSocketInflater inflater;
  EXPECT_EQ(Inflated(inflater, Deflated(deflater, message)), message);
  std::string blocks;
  for (int i = 0; i < 100000; ++i) blocks += "\x03\x00"s;
  EXPECT_EQ(Inflated(inflater, blocks + "\0"s), "");
  EXPECT_EQ(Inflated(inflater, Deflated(deflater, message)), message);
}

TEST(WebSocketDeflateTest, RoundTripsOfAllWindows) {
  std::string message;
  for (int i = 0; i < 3000; ++i) message += std::to_string(i * i % 7919) + ",";
  for (int bits = 9; bits <= 15; ++bits) {
    WebSocketDeflater deflater(bits, 6, 8);
    WebSocketInflater inflater(bits);
    for (int i = 0; i < 3; ++i) {
      const std::string payload = Deflated(deflater, message);
      EXPECT_LT(payload.size(), message.size());
      EXPECT_EQ(Inflated(inflater, payload), message);
    }
    EXPECT_EQ(Inflated(inflater, Deflated(deflater, "")), "");
  }
}

TEST(WebSocketDeflateTest, ContextMakesTheSecondMessageSmall) {
  WebSocketDeflater deflater(15, 6, 8);
  const std::string message =
      "{\"type\":\"move\",\"move\":\"h2e2\",\"clock\":1}";
  const size_t first = Deflated(deflater, message).size();
  const size_t second = Deflated(deflater, message).size();
  EXPECT_LT(second, first / 3);
  deflater.Reset();
  EXPECT_EQ(Deflated(deflater, message).size(), first);
}

TEST(WebSocketDeflateTest, AResetForgets) {
  WebSocketInflater inflater;
  EXPECT_EQ(Inflated(inflater, "\xf2\x48\xcd\xc9\xc9\x07\x00"s), "Hello");
  inflater.Reset();
  EXPECT_EQ(Inflated(inflater, "\xf2\x00\x11\x00\x00"s), "damaged");
}

TEST(WebSocketDeflateTest, ABombEndsAtTheBound) {
  WebSocketDeflater deflater(15, 9, 9);
  const std::string bomb = Deflated(deflater, std::string(64 << 20, '\0'));
  EXPECT_LT(bomb.size(), size_t{80} << 10);
  WebSocketInflater inflater;
  std::string out;
  EXPECT_EQ(inflater.Inflate(bomb, kMax, &out), Result::kTooLarge);
  EXPECT_LE(out.size(), kMax);
  EXPECT_LE(out.capacity(), kMax + 1);
}

TEST(WebSocketDeflateTest, TheBoundItselfIsAllowed) {
  WebSocketDeflater deflater(15, 6, 8);
  const std::string payload = Deflated(deflater, std::string(1000, 'a'));
  WebSocketInflater one, other;
  EXPECT_EQ(Inflated(one, payload, 1000), std::string(1000, 'a'));
  EXPECT_EQ(Inflated(other, payload, 999), "too large");
}

TEST(WebSocketDeflateTest, WhatIsCutInsideOfABlockIsDamaged) {
  WebSocketDeflater deflater(15, 6, 8);
  std::string message;
  for (int i = 0; i < 200; ++i) message += std::to_string(i);
  const std::string payload = Deflated(deflater, message);
  for (size_t cut = 1; cut < payload.size(); ++cut) {
    WebSocketInflater inflater;
    EXPECT_NE(Inflated(inflater, std::string_view(payload).substr(0, cut)),
              message);
  }
  WebSocketInflater inflater;
  EXPECT_EQ(Inflated(inflater, payload.substr(0, payload.size() / 2)),
            "damaged");
}

TEST(WebSocketDeflateTest, GarbageIsDamaged) {
  WebSocketInflater inflater;
  EXPECT_EQ(Inflated(inflater, "\xff\xff\xff\xff"s), "damaged");
}

TEST(WebSocketDeflateTest, ThePoolHandsOutCleanOnes) {
  WebSocketInflaterPool pool;
  auto inflater = pool.Take();
  EXPECT_EQ(Inflated(*inflater, "\xf2\x48\xcd\xc9\xc9\x07\x00"s), "Hello");
  pool.GiveBack(std::move(inflater));
  EXPECT_EQ(Inflated(*pool.Take(), "\xf2\x00\x11\x00\x00"s), "damaged");
}

}  // namespace
}  // namespace kingpin::http
