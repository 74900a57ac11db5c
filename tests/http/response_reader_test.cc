#include "kingpin/http/response_reader.h"

#include <zlib.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace kingpin::http {
namespace {

using Result = ResponseReader::Result;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// What was told, with nothing that depends on where the bytes were cut.
class Record : public ResponseReader::Sink {
 public:
  void OnInterim(const Response& response) override {
    EXPECT_TRUE(heads.empty());
    interim.push_back(response.status);
  }
  void OnHead(const Response& response) override {
    heads.push_back(response.status);
  }
  void OnBody(std::string_view data) override {
    EXPECT_FALSE(data.empty());
    EXPECT_FALSE(heads.empty());
    body += data;
  }
  std::vector<int> interim;
  std::vector<int> heads;
  std::string body;
};

struct Outcome {
  Result result;
  std::string left;
  std::string message;
  bool keep_alive;
  Record record;
};

enum class Then { kMore, kEnd };

// In pieces of `step` bytes, each call's bytes at an address of their own.
Outcome ReadInSteps(std::string_view text, Then then, Method method,
                    const ResponseReaderOptions& options, size_t step) {
  ResponseReader reader(method, options);
  Outcome outcome{.result = Result::kNeedMore};
  Response scratch;
  size_t shown = 0;
  size_t consumed = 0;
  while (outcome.result == Result::kPaused ||
         (outcome.result == Result::kNeedMore && shown < text.size())) {
    // Nothing has to be added to what is paused.
    if (outcome.result == Result::kNeedMore) {
      shown = std::min(shown + step, text.size());
    }
    const std::string_view part = text.substr(consumed, shown - consumed);
    auto room = std::make_unique<char[]>(part.size());
    part.copy(room.get(), part.size());
    std::string_view input(room.get(), part.size());
    outcome.result = reader.Read(&input, &scratch, &outcome.record);
    consumed = shown - input.size();
    ResponseParser(ResponseSyntax::kStrict)
        .Parse("HTTP/1.1 404 No\r\n\r\n", Method::kGet, &scratch);
  }
  if (outcome.result == Result::kNeedMore && then == Then::kEnd) {
    outcome.result = reader.EndOfInput();
  }
  outcome.left = text.substr(consumed);
  outcome.message = std::string(reader.status().message());
  outcome.keep_alive = reader.keep_alive();
  EXPECT_EQ(outcome.result == Result::kError, !reader.status().ok());
  return outcome;
}

// The same however it is cut.
Outcome Read(std::string_view text, Then then = Then::kMore,
             Method method = Method::kGet,
             const ResponseReaderOptions& options = {}) {
  Outcome whole = ReadInSteps(text, then, method, options, text.size());
  for (const size_t step : {1, 2, 3, 7, 64}) {
    Outcome cut = ReadInSteps(text, then, method, options, step);
    EXPECT_EQ(cut.result, whole.result) << step;
    EXPECT_EQ(cut.message, whole.message) << step;
    EXPECT_EQ(cut.keep_alive, whole.keep_alive) << step;
    EXPECT_EQ(cut.record.interim, whole.record.interim) << step;
    EXPECT_EQ(cut.record.heads, whole.record.heads) << step;
    if (whole.result == Result::kDone) {
      EXPECT_EQ(cut.record.body, whole.record.body) << step;
    }
  }
  return whole;
}

std::string Gzip(std::string_view text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, 0), Z_OK);
  std::string packed(text.size() + 100, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = text.size();
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = packed.size();
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

TEST(ResponseReader, WithALength) {
  Outcome o = Read("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_EQ(o.result, Result::kDone);
  EXPECT_EQ(o.record.body, "hello");
  EXPECT_THAT(o.record.heads, ElementsAre(200));
  EXPECT_TRUE(o.keep_alive);
}

TEST(ResponseReader, WhatFollowsIsLeft) {
  ResponseReader reader(Method::kGet);
  Response scratch;
  Record record;
  std::string_view input = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP";
  EXPECT_EQ(reader.Read(&input, &scratch, &record), Result::kDone);
  EXPECT_EQ(input, "HTTP");
  EXPECT_EQ(reader.Read(&input, &scratch, &record), Result::kDone);
  EXPECT_EQ(input, "HTTP");
}

TEST(ResponseReader, Chunked) {
  Outcome o = Read(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n10;x=y\r\n0123456789abcdef\r\n0\r\nTrailer: t\r\n\r\n");
  EXPECT_EQ(o.result, Result::kDone);
  EXPECT_EQ(o.record.body, "abc0123456789abcdef");
  EXPECT_TRUE(o.keep_alive);
}

TEST(ResponseReader, UntilTheConnectionEnds) {
  Outcome o = Read("HTTP/1.1 200 OK\r\n\r\nall of it", Then::kEnd);
  EXPECT_EQ(o.result, Result::kDone);
  EXPECT_EQ(o.record.body, "all of it");
  EXPECT_FALSE(o.keep_alive);
}

TEST(ResponseReader, WithoutABody) {
  constexpr std::string_view kLength =
      "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nContent-Encoding: gzip\r\n\r\n";
  EXPECT_EQ(Read(kLength, Then::kMore, Method::kHead).result, Result::kDone);
  EXPECT_EQ(Read("HTTP/1.1 204 No Content\r\n\r\n").result, Result::kDone);
  EXPECT_EQ(
      Read("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n").result,
      Result::kDone);
  EXPECT_EQ(Read("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").result,
            Result::kDone);
}

TEST(ResponseReader, InterimResponsesComeBefore) {
  Outcome o = Read(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
      "HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\n!");
  EXPECT_EQ(o.result, Result::kDone);
  EXPECT_THAT(o.record.interim, ElementsAre(100, 103));
  EXPECT_THAT(o.record.heads, ElementsAre(404));
}

TEST(ResponseReader, TunnelsAreNotHttpAnyMore) {
  for (auto [method, head] :
       {std::pair(Method::kConnect, "HTTP/1.1 200 OK\r\n\r\n"),
        std::pair(Method::kGet, "HTTP/1.1 101 Switching\r\n\r\n")}) {
    ResponseReader reader(method);
    Response scratch;
    Record record;
    const std::string text = absl::StrCat(head, "\x16\x03");
    std::string_view input = text;
    EXPECT_EQ(reader.Read(&input, &scratch, &record), Result::kDone);
    EXPECT_TRUE(reader.is_tunnel());
    EXPECT_EQ(input, "\x16\x03");
  }
}

TEST(ResponseReader, ContentCodingsAreUndone) {
  const std::string text(100'000, 'a');
  const std::string coded = Gzip(text);
  const std::string head = absl::StrCat(
      "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
      "Content-Length: ",
      coded.size(), "\r\n\r\n");
  Outcome o = Read(head + coded);
  EXPECT_EQ(o.result, Result::kDone);
  EXPECT_EQ(o.record.body, text);
  o = Read(head + coded, Then::kMore, Method::kGet, {.decode = false});
  EXPECT_EQ(o.record.body, coded);
  // Two fields, two codings: the last was applied last (RFC 9110 8.4).
  const std::string twice = Gzip(coded);
  o = Read(absl::StrCat("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
                        "content-encoding: x-gzip\r\n\r\n",
                        twice),
           Then::kEnd);
  EXPECT_EQ(o.record.body, text);
}

// In every framing, and whatever part of the body it is that is large.
TEST(ResponseReader, MuchOfACodedBodyComesInTurns) {
  const std::string text(2 << 20, 'a');
  const std::string coded = Gzip(text);
  constexpr std::string_view kHead =
      "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n";
  const size_t half = coded.size() / 2;
  for (const auto& [answer, then] :
       {std::pair(absl::StrCat(kHead, "Content-Length: ", coded.size(),
                               "\r\n\r\n", coded),
                  Then::kMore),
        std::pair(absl::StrCat(kHead, "\r\n", coded), Then::kEnd),
        std::pair(absl::StrCat(kHead, "Transfer-Encoding: chunked\r\n\r\n",
                               absl::Hex(half), "\r\n", coded.substr(0, half),
                               "\r\n", absl::Hex(coded.size() - half), "\r\n",
                               coded.substr(half), "\r\n0\r\n\r\n"),
                  Then::kMore)}) {
    const Outcome o = Read(answer, then);
    EXPECT_EQ(o.result, Result::kDone) << o.message;
    EXPECT_EQ(o.record.body, text);
    ResponseReader reader(Method::kGet);
    Response scratch;
    Record record;
    std::string_view input = answer;
    int turns = 1;
    while (reader.Read(&input, &scratch, &record) == Result::kPaused) {
      ASSERT_FALSE(input.empty());
      ASSERT_LE(record.body.size(), turns * size_t{300'000});
      ++turns;
    }
    EXPECT_GE(turns, 7);
  }
}

TEST(ResponseReader, CutOff) {
  EXPECT_THAT(Read("", Then::kEnd).message,
              HasSubstr("before a byte of the response"));
  EXPECT_THAT(Read("HTTP/1.1 200 OK\r\n", Then::kEnd).message,
              HasSubstr("within the head"));
  EXPECT_THAT(Read("HTTP/1.1 100 Continue\r\n\r\n", Then::kEnd).message,
              HasSubstr("within the head"));
  EXPECT_THAT(
      Read("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", Then::kEnd)
          .message,
      HasSubstr("1 bytes before the end of the body"));
  EXPECT_THAT(Read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                   "3\r\nabc\r\n0\r\n",
                   Then::kEnd)
                  .message,
              HasSubstr("within the body"));
  // Of a coded body, what it holds tells that more was to come.
  const std::string coded = Gzip("some text that is long enough to be cut");
  EXPECT_THAT(Read(absl::StrCat("HTTP/1.1 200 OK\r\nContent-Encoding: gzip"
                                "\r\n\r\n",
                                coded.substr(0, coded.size() - 9)),
                   Then::kEnd)
                  .result,
              Result::kError);
}

TEST(ResponseReader, StatusCodesTellWhatToDo) {
  const auto code = [](std::string_view text,
                       ResponseReaderOptions options = {},
                       Then then = Then::kEnd) {
    ResponseReader reader(Method::kGet, options);
    Response scratch;
    Record record;
    std::string_view input = text;
    if (reader.Read(&input, &scratch, &record) == Result::kNeedMore &&
        then == Then::kEnd) {
      reader.EndOfInput();
    }
    return reader.status().code();
  };
  using enum absl::StatusCode;
  EXPECT_EQ(code(""), kUnavailable);
  EXPECT_EQ(code("HTTP/1.1 2"), kDataLoss);
  EXPECT_EQ(code("SSH-2.0-OpenSSH\r\n"), kInvalidArgument);
  EXPECT_EQ(
      code("HTTP/1.1 200 OK\r\nA: bcdef\r\n\r\n", {.limits = {.max_head = 20}}),
      kResourceExhausted);
  EXPECT_EQ(code("HTTP/1.1 200 OK\r\nContent-Encoding: lzma\r\n\r\nxx"),
            kUnimplemented);
  EXPECT_EQ(code("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nnot gzip"),
            kDataLoss);
  EXPECT_EQ(
      code("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd", {.max_body = 3}),
      kResourceExhausted);
  EXPECT_EQ(code("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
            kInvalidArgument);
}

TEST(ResponseReader, TheHeadIsToldOfBodiesThatCannotBeRead) {
  Outcome o = Read(
      "HTTP/1.1 404 Not Found\r\nContent-Encoding: lzma\r\n"
      "Content-Length: 2\r\n\r\nxx");
  EXPECT_EQ(o.result, Result::kError);
  EXPECT_THAT(o.record.heads, ElementsAre(404));
  EXPECT_THAT(o.record.body, IsEmpty());
  EXPECT_FALSE(o.keep_alive);
}

TEST(ResponseReader, AnErrorStays) {
  ResponseReader reader(Method::kGet);
  Response scratch;
  Record record;
  std::string_view input = "no\r\n";
  EXPECT_EQ(reader.Read(&input, &scratch, &record), Result::kError);
  input = "HTTP/1.1 200 OK\r\n\r\n";
  EXPECT_EQ(reader.Read(&input, &scratch, &record), Result::kError);
  EXPECT_EQ(reader.EndOfInput(), Result::kError);
  EXPECT_THAT(record.heads, IsEmpty());
}

TEST(ResponseReader, BegunTellsWhetherItMayBeSentAgain) {
  ResponseReader reader(Method::kGet);
  Response scratch;
  Record record;
  std::string_view input;
  EXPECT_EQ(reader.Read(&input, &scratch, &record), Result::kNeedMore);
  EXPECT_FALSE(reader.begun());
  input = "H";
  EXPECT_EQ(reader.Read(&input, &scratch, &record), Result::kNeedMore);
  EXPECT_TRUE(reader.begun());
}

}  // namespace
}  // namespace kingpin::http
