#include "kingpin/http/chunked_decoder.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"

namespace kingpin::http {
namespace {

using Result = ChunkedDecoder::Result;

struct Outcome {
  Result result = Result::kNeedMore;
  std::string body;
  std::string rest;

  friend bool operator==(const Outcome&, const Outcome&) = default;
  friend void PrintTo(const Outcome& outcome, std::ostream* os) {
    *os << static_cast<int>(outcome.result) << " \"" << outcome.body << "\" \""
        << outcome.rest << "\"";
  }
};

// Feeds one piece, at an address of its own.
void Feed(ChunkedDecoder& decoder, std::string_view piece, Outcome* outcome) {
  const auto copy = std::make_unique<char[]>(piece.size());
  piece.copy(copy.get(), piece.size());
  std::string_view input(copy.get(), piece.size());
  std::string_view data;
  while ((outcome->result = decoder.Decode(&input, &data)) == Result::kData) {
    EXPECT_FALSE(data.empty());
    outcome->body.append(data);
  }
  outcome->rest.append(input);
}

Outcome Decode(const std::vector<std::string_view>& pieces,
               ChunkedLimits limits = {}) {
  ChunkedDecoder decoder(limits);
  Outcome outcome;
  for (const std::string_view piece : pieces) {
    Feed(decoder, piece, &outcome);
    // Where an error stops within the input is nobody's business.
    if (outcome.result == Result::kError) outcome.rest.clear();
  }
  return outcome;
}

struct Case {
  std::string_view name;
  std::string input;
  Result result;
  std::string body;
};

std::vector<Case> Cases() {
  const std::string end = "0\r\n\r\n";
  return {
      {"empty", end, Result::kDone, ""},
      {"one", "5\r\nhello\r\n" + end, Result::kDone, "hello"},
      {"two", "2\r\nhe\r\n3\r\nllo\r\n" + end, Result::kDone, "hello"},
      {"hexadecimal", "A\r\n0123456789\r\n" + end, Result::kDone, "0123456789"},
      {"small letters", "a\r\n0123456789\r\n" + end, Result::kDone,
       "0123456789"},
      {"leading zeros", "0005\r\nhello\r\n000\r\n\r\n", Result::kDone, "hello"},
      {"CRLF in the data", "4\r\n\r\n\r\n\r\n" + end, Result::kDone,
       "\r\n\r\n"},
      {"extension", "1;a\r\nx\r\n" + end, Result::kDone, "x"},
      {"extension with a value", "1;a=b\r\nx\r\n" + end, Result::kDone, "x"},
      {"extensions", "1;a=b;c;d=e\r\nx\r\n0;f\r\n\r\n", Result::kDone, "x"},
      {"bad whitespace", "1 \t; a\t=  b ;c\r\nx\r\n" + end, Result::kDone, "x"},
      {"quoted", "1;a=\"b c;\xe9\"\r\nx\r\n" + end, Result::kDone, "x"},
      {"empty quoted", "1;a=\"\"\r\nx\r\n" + end, Result::kDone, "x"},
      {"quoted pair", "1;a=\"\\\"\\\\\";b\r\nx\r\n" + end, Result::kDone, "x"},
      {"trailer", "0\r\nA: b\r\nC:\r\n\r\n", Result::kDone, ""},
      {"trailer that looks like framing",
       "0\r\nContent-Length: 5\r\nTransfer-Encoding: x\r\n\r\n", Result::kDone,
       ""},
      {"no size", "\r\nx", Result::kError, ""},
      {"only an extension", ";a\r\nx", Result::kError, ""},
      {"0x1", "0x1\r\nx\r\n", Result::kError, ""},
      {"plus", "+1\r\nx\r\n", Result::kError, ""},
      {"minus", "-1\r\nx\r\n", Result::kError, ""},
      {"blank first", " 1\r\nx\r\n", Result::kError, ""},
      {"blank last", "1 \r\nx\r\n", Result::kError, ""},
      {"letter", "1g\r\nx\r\n", Result::kError, ""},
      {"64 bits", "8000000000000000\r\n", Result::kError, ""},
      {"65 bits", "10000000000000001\r\n", Result::kError, ""},
      {"largest size", "7fffffffffffffff\r\nx", Result::kNeedMore, "x"},
      {"bare LF after the size", "1\nx\r\n" + end, Result::kError, ""},
      {"bare CR after the size", "1\rx\r\n" + end, Result::kError, ""},
      {"bare LF after an extension", "1;a\nx\r\n", Result::kError, ""},
      {"bare LF in quotes", "1;a=\"\n\"\r\nx\r\n", Result::kError, ""},
      {"CRLF in quotes", "1;a=\"\r\n\"\r\nx\r\n", Result::kError, ""},
      {"escaped CR", "1;a=\"\\\r\n\"\r\nx\r\n", Result::kError, ""},
      {"quotes not closed", "1;a=\"b\r\nx\r\n", Result::kError, ""},
      {"text after quotes", "1;a=\"b\"c\r\nx\r\n", Result::kError, ""},
      {"extension without a name", "1;\r\nx\r\n", Result::kError, ""},
      {"two semicolons", "1;;a\r\nx\r\n", Result::kError, ""},
      {"extension without a value", "1;a=\r\nx\r\n", Result::kError, ""},
      {"blank after an extension", "1;a \r\nx\r\n", Result::kError, ""},
      {"control in an extension", "1;a\x01\r\nx\r\n", Result::kError, ""},
      {"bare LF after the data", "1\r\nx\n" + end, Result::kError, "x"},
      {"bare CR after the data", "1\r\nx\r" + end, Result::kError, "x"},
      {"more data than said", "1\r\nxy\r\n" + end, Result::kError, "x"},
      {"bare LF at the end", "0\r\n\n", Result::kError, ""},
      {"bare CR at the end", "0\r\n\rx", Result::kError, ""},
      {"bare LF in a trailer", "0\r\nA: b\n\r\n", Result::kError, ""},
      {"folded trailer", "0\r\nA: b\r\n c\r\n\r\n", Result::kError, ""},
      {"blank before the colon", "0\r\nA : b\r\n\r\n", Result::kError, ""},
      {"no colon", "0\r\nA\r\n\r\n", Result::kError, ""},
      {"no name", "0\r\n: b\r\n\r\n", Result::kError, ""},
      {"NUL in a trailer", std::string("0\r\nA: \0\r\n\r\n", 11),
       Result::kError, ""},
      {"incomplete size", "1", Result::kNeedMore, ""},
      {"incomplete data", "5\r\nhel", Result::kNeedMore, "hel"},
      {"incomplete end", "5\r\nhello\r\n0\r\n\r", Result::kNeedMore, "hello"},
  };
}

TEST(ChunkedDecoderTest, DecodesAndRefusesByTheTable) {
  for (const Case& test : Cases()) {
    SCOPED_TRACE(test.name);
    const Outcome outcome = Decode({test.input});
    EXPECT_EQ(outcome.result, test.result);
    EXPECT_EQ(outcome.body, test.body);
  }
}

TEST(ChunkedDecoderTest, ResultDoesNotDependOnTheCut) {
  for (const Case& test : Cases()) {
    SCOPED_TRACE(test.name);
    const std::string_view input = test.input;
    const Outcome whole = Decode({input});
    std::vector<std::string_view> bytes;
    for (size_t at = 0; at < input.size(); ++at) {
      EXPECT_EQ(Decode({input.substr(0, at), input.substr(at)}), whole) << at;
      bytes.push_back(input.substr(at, 1));
    }
    EXPECT_EQ(Decode(bytes), whole);
  }
}

TEST(ChunkedDecoderTest, LeavesWhatFollowsTheBody) {
  const Outcome outcome = Decode({"1\r\nx\r\n0\r\n\r\nGET / HTTP/1.1\r\n"});
  EXPECT_EQ(outcome.result, Result::kDone);
  EXPECT_EQ(outcome.rest, "GET / HTTP/1.1\r\n");
}

TEST(ChunkedDecoderTest, DataIsNotCopied) {
  const std::string input = "5\r\nhello\r\n0\r\n\r\n";
  ChunkedDecoder decoder;
  std::string_view rest = input;
  std::string_view data;
  ASSERT_EQ(decoder.Decode(&rest, &data), Result::kData);
  EXPECT_EQ(data.data(), input.data() + 3);
  EXPECT_EQ(data.size(), 5u);
}

TEST(ChunkedDecoderTest, AnErrorStays) {
  ChunkedDecoder decoder;
  std::string_view data;
  std::string_view bad = "x";
  EXPECT_EQ(decoder.Decode(&bad, &data), Result::kError);
  std::string_view good = "0\r\n\r\n";
  EXPECT_EQ(decoder.Decode(&good, &data), Result::kError);
}

TEST(ChunkedDecoderTest, LimitsHoldAtTheirEdges) {
  struct Limit {
    std::string input;
    uint32_t ChunkedLimits::*limit;
    uint32_t size;
  };
  const Limit kLimits[] = {
      {"1;" + std::string(98, 'a') + "\r\nx\r\n0\r\n\r\n",
       &ChunkedLimits::max_line, 100},
      {std::string(99, '0') + "1\r\nx\r\n0\r\n\r\n", &ChunkedLimits::max_line,
       100},
      {"0\r\nA: b\r\n\r\n", &ChunkedLimits::max_trailer, 8},
      {"0\r\nA: b\r\nC: d\r\n\r\n", &ChunkedLimits::max_trailer_fields, 2},
      // 100 bytes of line and 4 of CRLF, less 16 and twice a byte of data.
      {"1;" + std::string(98, 'a') + "\r\nx\r\n0\r\n\r\n",
       &ChunkedLimits::max_overhead, 86},
  };
  for (const Limit& test : kLimits) {
    SCOPED_TRACE(test.input);
    ChunkedLimits limits;
    limits.*test.limit = test.size + 1;
    EXPECT_EQ(Decode({test.input}, limits).result, Result::kDone);
    limits.*test.limit = test.size;
    EXPECT_EQ(Decode({test.input}, limits).result, Result::kDone);
    limits.*test.limit = test.size - 1;
    EXPECT_EQ(Decode({test.input}, limits).result, Result::kError);
  }
}

TEST(ChunkedDecoderTest, ManyLongExtensionsAreRefused) {
  const std::string chunk = "1;" + std::string(1000, 'a') + "\r\nx\r\n";
  std::string input;
  for (int i = 0; i < 100; ++i) input += chunk;
  const Outcome outcome = Decode({input});
  EXPECT_EQ(outcome.result, Result::kError);
  EXPECT_LT(outcome.body.size(), 20u);
}

TEST(ChunkedDecoderTest, ManySmallChunksAreFine) {
  std::string input;
  for (int i = 0; i < 100'000; ++i) input += "1\r\nx\r\n";
  input += "0\r\n\r\n";
  const Outcome outcome = Decode({input});
  EXPECT_EQ(outcome.result, Result::kDone);
  EXPECT_EQ(outcome.body.size(), 100'000u);
}

TEST(ChunkedDecoderTest, TheExampleInTheHeaderWorks) {
  std::string_view input = "3\r\nabc\r\n0\r\n\r\nrest";
  std::string body;
  ChunkedDecoder decoder;
  std::string_view data;
  ChunkedDecoder::Result result;
  while ((result = decoder.Decode(&input, &data)) ==
         ChunkedDecoder::Result::kData) {
    body.append(data);
  }
  EXPECT_EQ(result, Result::kDone);
  EXPECT_EQ(body, "abc");
  EXPECT_EQ(input, "rest");
}

}  // namespace
}  // namespace kingpin::http
