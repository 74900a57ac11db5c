#include "kingpin/http/content_decoder.h"

#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace kingpin::http {
namespace {

using ::testing::HasSubstr;

constexpr uint64_t kPlenty = 64 << 20;

std::string Deflated(std::string_view text, int window) {
  z_stream stream = {};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY),
            Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}
std::string Gzip(std::string_view text) {
  return Deflated(text, 16 + MAX_WBITS);
}
std::string Zlib(std::string_view text) { return Deflated(text, MAX_WBITS); }
std::string Bare(std::string_view text) { return Deflated(text, -MAX_WBITS); }

std::string Br(std::string_view text) {
  size_t size = BrotliEncoderMaxCompressedSize(text.size()) + 32;
  std::string out(size, '\0');
  EXPECT_TRUE(
      BrotliEncoderCompress(5, 22, BROTLI_MODE_GENERIC, text.size(),
                            reinterpret_cast<const uint8_t*>(text.data()),
                            &size, reinterpret_cast<uint8_t*>(out.data())));
  out.resize(size);
  return out;
}

std::string Zstd(std::string_view text, int window_log = 0) {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress2(context, out.data(), out.size(), text.data(),
                            text.size()));
  ZSTD_freeCCtx(context);
  return out;
}

absl::StatusOr<std::string> Decode(std::string_view codings,
                                   std::string_view body, size_t piece = 1000,
                                   uint64_t max_output = kPlenty) {
  absl::StatusOr<ContentDecoder> decoder =
      ContentDecoder::Make(codings, max_output);
  if (!decoder.ok()) return decoder.status();
  std::string text;
  auto append = [&text](std::string_view more) { text += more; };
  for (; !body.empty(); body.remove_prefix(std::min(piece, body.size()))) {
    std::string_view part = body.substr(0, piece);
    while (!part.empty()) {
      const size_t before = text.size();
      size_t budget = ContentDecoder::kTurnBytes;
      absl::Status status = decoder->Decode(&part, &budget, append);
      if (!status.ok()) return status;
      EXPECT_LE(text.size() - before,
                std::max(piece, ContentDecoder::kTurnBytes + (16 << 10)));
    }
  }
  if (absl::Status status = decoder->Finish(); !status.ok()) return status;
  return text;
}

std::string Text(size_t bytes) {
  std::string text;
  for (uint32_t i = 0; text.size() < bytes; ++i)
    absl::StrAppend(&text, i * i, " ");
  text.resize(bytes);
  return text;
}

struct Sample {
  std::string_view codings;
  std::string body;
};

std::vector<Sample> SamplesOf(std::string_view text) {
  return {{"", std::string(text)},
          {"identity", std::string(text)},
          {"gzip", Gzip(text)},
          {"X-GZIP", Gzip(text)},
          {"deflate", Zlib(text)},
          {"deflate", Bare(text)},
          {"br", Br(text)},
          {"zstd", Zstd(text)},
          {" gzip , br", Br(Gzip(text))},
          {"br, zstd,identity, deflate", Zlib(Zstd(Br(text)))}};
}

TEST(ContentDecoder, PiecesOfAnySizeGiveTheSame) {
  for (size_t bytes : {1, 100, 16 << 10, (16 << 10) + 1, 100'000}) {
    const std::string text = Text(bytes);
    for (const Sample& sample : SamplesOf(text)) {
      for (size_t piece : {1, 7, 4096, 1 << 20}) {
        const absl::StatusOr<std::string> got =
            Decode(sample.codings, sample.body, piece);
        ASSERT_TRUE(got.ok()) << sample.codings << got.status();
        EXPECT_TRUE(*got == text) << sample.codings << " " << bytes;
      }
    }
  }
}

TEST(ContentDecoder, AnEmptyBodyNeedsNoCoding) {
  for (const Sample& sample : SamplesOf("")) {
    EXPECT_EQ(*Decode(sample.codings, ""), "") << sample.codings;
    EXPECT_EQ(*Decode(sample.codings, sample.body, 1), "") << sample.codings;
  }
}

TEST(ContentDecoder, CutOffIsAnError) {
  const std::string text = Text(50'000);
  for (const Sample& sample : SamplesOf(text)) {
    if (sample.body == text) continue;
    for (size_t keep : {size_t{1}, size_t{12}, sample.body.size() / 2,
                        sample.body.size() - 1}) {
      const absl::Status status =
          Decode(sample.codings, sample.body.substr(0, keep)).status();
      EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss)
          << sample.codings << " " << keep << status;
      EXPECT_THAT(status.message(), HasSubstr("cut off"));
    }
  }
}

TEST(ContentDecoder, DamageIsAnErrorThatStays) {
  const std::string text = Text(50'000);
  for (const Sample& sample : SamplesOf(text)) {
    if (sample.body == text) continue;
    std::string body = sample.body;
    for (size_t i = body.size() / 2; i < body.size(); ++i) body[i] ^= 0x55;
    const absl::StatusOr<std::string> got = Decode(sample.codings, body);
    EXPECT_FALSE(got.ok() && *got == text) << sample.codings;
  }
  for (std::string_view coding : {"gzip", "deflate", "br", "zstd"}) {
    auto decoder = ContentDecoder::Make(coding, kPlenty);
    auto ignore = [](std::string_view) {};
    size_t budget = ContentDecoder::kTurnBytes;
    std::string_view page = "<!DOCTYPE html><html>no coding at all";
    const absl::Status first = decoder->Decode(&page, &budget, ignore);
    EXPECT_EQ(first.code(), absl::StatusCode::kDataLoss) << coding;
    EXPECT_THAT(first.message(), HasSubstr(coding));
    EXPECT_EQ(decoder->Decode(&page, &budget, ignore), first);
    EXPECT_EQ(decoder->Finish(), first);
  }
}

TEST(ContentDecoder, FailureMode49WhatComesOutIsBounded) {
  const std::string zeros(1 << 20, '\0');
  for (const Sample& sample : SamplesOf(zeros)) {
    EXPECT_TRUE(Decode(sample.codings, sample.body, 100, 1 << 20).ok())
        << sample.codings;
    const absl::Status status =
        Decode(sample.codings, sample.body, 100, (1 << 20) - 1).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted)
        << sample.codings << status;
    EXPECT_THAT(status.message(), HasSubstr("1048575 bytes"));
  }
}

// Small at both ends, and large in between.
TEST(ContentDecoder, FailureMode49WhatLiesBetweenTwoCodingsIsBounded) {
  std::string many;  // Members that are empty.
  for (int i = 0; i < 100'000; ++i) many += Gzip("");
  const absl::Status status = Decode("gzip, br", Br(many), 1000, 1000).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
}

// A few kilobytes that stand for many megabytes, in one call: others have their turns
// between, also when all of the input is inside of the coding already.
TEST(ContentDecoder, FailureMode49ABombTakesTurns) {
  const std::string zeros(16 << 20, '\0');
  for (const Sample& sample : SamplesOf(zeros)) {
    if (sample.body == zeros) continue;
    auto decoder = ContentDecoder::Make(sample.codings, kPlenty);
    std::string_view left = sample.body;
    size_t calls = 0;
    size_t bytes = 0;
    for (; !left.empty(); ++calls) {
      const size_t before = bytes;
      const auto count = [&](std::string_view more) { bytes += more.size(); };
      size_t budget = ContentDecoder::kTurnBytes;
      ASSERT_TRUE(decoder->Decode(&left, &budget, count).ok());
      ASSERT_LE(bytes - before, ContentDecoder::kTurnBytes + (16 << 10));
    }
    EXPECT_EQ(bytes, zeros.size()) << sample.codings;
    EXPECT_GE(calls, zeros.size() / (ContentDecoder::kTurnBytes + (16 << 10)));
    EXPECT_TRUE(decoder->Finish().ok()) << sample.codings;
  }
}

TEST(ContentDecoder, WhatLiesBetweenTwoCodingsTakesTurnsToo) {
  std::string many;  // 2 MB of members that are empty.
  for (int i = 0; i < 100'000; ++i) many += Gzip("");
  const std::string body = Br(many);
  auto decoder = ContentDecoder::Make("gzip, br", kPlenty);
  std::string_view left = body;
  int calls = 0;
  for (; !left.empty(); ++calls) {
    size_t budget = ContentDecoder::kTurnBytes;
    ASSERT_TRUE(
        decoder->Decode(&left, &budget, [](std::string_view) { FAIL(); }).ok());
  }
  EXPECT_GE(calls, 5);
  EXPECT_TRUE(decoder->Finish().ok());
}

TEST(ContentDecoder, MembersAndFramesAreJoined) {
  const std::string gzip = Gzip("one ") + Gzip("") + Gzip("two");
  const std::string zstd = Zstd("one ") + Zstd("") + Zstd("two");
  for (size_t piece = 1; piece < 100; ++piece) {
    EXPECT_EQ(*Decode("gzip", gzip, piece), "one two") << piece;
    EXPECT_EQ(*Decode("zstd", zstd, piece), "one two") << piece;
  }
}

TEST(ContentDecoder, BytesBehindTheEndAreIgnored) {
  for (size_t piece : {1, 1000}) {
    EXPECT_EQ(*Decode("gzip", Gzip("text") + std::string(9, '\0'), piece),
              "text");
    EXPECT_EQ(*Decode("deflate", Zlib("text") + "junk", piece), "text");
    EXPECT_EQ(*Decode("br", Br("text") + "junk", piece), "text");
  }
}

TEST(ContentDecoder, WindowsAreBounded) {
  const std::string text = Text(20 << 20);
  EXPECT_TRUE(Decode("zstd", Zstd(text, 23)).ok());
  EXPECT_EQ(Decode("zstd", Zstd(text, 24)).status().code(),
            absl::StatusCode::kDataLoss);
}

TEST(ContentDecoder, UnknownAndTooManyAreNamed) {
  for (std::string_view bad :
       {"compress", "gzip, lzma", "gzip;q=1", "gzip, gzip, gzip, gzip"}) {
    const absl::Status status = ContentDecoder::Make(bad, 1).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented) << bad;
    EXPECT_THAT(status.message(), HasSubstr(bad));
  }
}

TEST(ContentDecoder, MayBeMoved) {
  auto first = ContentDecoder::Make("gzip", kPlenty);
  const std::string body = Gzip("text");
  size_t budget = ContentDecoder::kTurnBytes;
  std::string_view begin = std::string_view(body).substr(0, 5);
  std::string_view rest = std::string_view(body).substr(5);
  std::string text;
  auto append = [&text](std::string_view more) { text += more; };
  ASSERT_TRUE(first->Decode(&begin, &budget, append).ok());
  ContentDecoder second = *std::move(first);
  ASSERT_TRUE(second.Decode(&rest, &budget, append).ok());
  EXPECT_TRUE(rest.empty());
  EXPECT_TRUE(second.Finish().ok());
  EXPECT_EQ(text, "text");
}

}  // namespace
}  // namespace kingpin::http
