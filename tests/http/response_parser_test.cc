#include "kingpin/http/response_parser.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"

namespace kingpin::http {
namespace {

using Body = Response::Body;
using Result = ResponseParser::Result;
using Error = ResponseError;

constexpr ResponseSyntax kStrict = ResponseSyntax::kStrict;
constexpr ResponseSyntax kLenient = ResponseSyntax::kLenient;

std::string Ok(std::string_view fields) {
  return absl::StrCat("HTTP/1.1 200 OK\r\n", fields, "\r\n");
}

// What a parse says, with nothing that depends on addresses.
std::string Summarize(Result result, const ResponseParser& parser,
                      const Response& response) {
  if (result == Result::kNeedMore) return "need more";
  if (result == Result::kError) return std::string(Describe(parser.error()));
  std::string text = absl::StrCat(
      response.status, "|", response.reason, "|", response.minor_version, "|",
      static_cast<int>(response.body), response.keep_alive ? "|keep" : "|close",
      "|", response.head_bytes);
  if (response.content_length.has_value()) {
    absl::StrAppend(&text, "|length ", *response.content_length);
  }
  for (const Field& field : response.fields) {
    absl::StrAppend(&text, "|", field.name, "=", field.value, "#",
                    static_cast<int>(field.id));
  }
  return text;
}

// Every call sees its bytes at a new address, with nothing readable after them,
// and a Response that another connection has used.
class MovingFeeder {
 public:
  MovingFeeder(ResponseSyntax syntax, ResponseLimits limits)
      : parser_(syntax, limits) {}

  Result Feed(std::string_view input) {
    buffer_ = std::make_unique<char[]>(input.size());
    input.copy(buffer_.get(), input.size());
    ResponseParser(kLenient).Parse("HTTP/1.0 404 No\nA: b\n c\n\n",
                                   Method::kGet, &response_);
    return parser_.Parse({buffer_.get(), input.size()}, Method::kGet,
                         &response_);
  }

  std::string Summarize(Result result) const {
    return http::Summarize(result, parser_, response_);
  }

 private:
  ResponseParser parser_;
  Response response_;
  std::unique_ptr<char[]> buffer_;
};

std::string ParseWhole(std::string_view input, ResponseSyntax syntax,
                       ResponseLimits limits = {}) {
  MovingFeeder feeder(syntax, limits);
  return feeder.Summarize(feeder.Feed(input));
}

std::string ParseByteByByte(std::string_view input, ResponseSyntax syntax,
                            ResponseLimits limits = {}) {
  MovingFeeder feeder(syntax, limits);
  Result result = Result::kNeedMore;
  for (size_t i = 1; i <= input.size() && result == Result::kNeedMore; ++i) {
    result = feeder.Feed(input.substr(0, i));
  }
  return feeder.Summarize(result);
}

std::string ParseSplit(std::string_view input, ResponseSyntax syntax,
                       size_t at) {
  MovingFeeder feeder(syntax, {});
  Result result = feeder.Feed(input.substr(0, at));
  if (result == Result::kNeedMore) result = feeder.Feed(input);
  return feeder.Summarize(result);
}

struct Case {
  std::string name;
  std::string input;
  Error strict;
  Error lenient;
};

constexpr Error kGood = Error::kNone;

std::vector<Case> StatusLineCases() {
  const std::string end = "\r\n\r\n";
  constexpr Error kLine = Error::kStatusLine;
  return {
      {"plain", "HTTP/1.1 200 OK" + end, kGood, kGood},
      {"empty reason", "HTTP/1.1 200 " + end, kGood, kGood},
      {"reason of words", "HTTP/1.1 404 Not \t Found" + end, kGood, kGood},
      {"reason with 8 bits", "HTTP/1.1 404 \xc3\xa9" + end, kGood, kGood},
      {"HTTP/1.0", "HTTP/1.0 200 OK" + end, kGood, kGood},
      {"no blank, no reason", "HTTP/1.1 200" + end, kLine, kGood},
      {"no reason and LF", "HTTP/1.1 200\n\n", kLine, kGood},
      {"LF", "HTTP/1.1 200 OK\n\n", kLine, kGood},
      {"LF, then CRLF", "HTTP/1.1 200 OK\n\r\n", kLine, kGood},
      {"CR", "HTTP/1.1 200 OK\r\rX", kLine, kLine},
      {"NUL",
       std::string("HTTP/1.1 200 O\0"
                   "K\r\n\r\n",
                   20),
       kLine, kLine},
      {"control", "HTTP/1.1 200 O\x01K" + end, kLine, kLine},
      {"HTTP/1.2", "HTTP/1.2 200 OK" + end, Error::kVersion, kGood},
      {"HTTP/2.0", "HTTP/2.0 200 OK" + end, Error::kVersion, Error::kVersion},
      {"HTTP/2", "HTTP/2 200 OK" + end, Error::kVersion, Error::kVersion},
      {"HTTP/0.9", "HTTP/0.9 200 OK" + end, Error::kVersion, Error::kVersion},
      {"HTTP/1.10", "HTTP/1.10 200 OK" + end, kLine, kLine},
      {"HTTP/1,1", "HTTP/1,1 200 OK" + end, kLine, kLine},
      {"HTTP/x", "HTTP/x.1 200 OK" + end, kLine, kLine},
      {"lower case", "http/1.1 200 OK" + end, Error::kNotHttp, Error::kNotHttp},
      {"SSH", "SSH-2.0-x\r\n", Error::kNotHttp, Error::kNotHttp},
      {"ICY", "ICY 200 OK" + end, Error::kNotHttp, Error::kNotHttp},
      {"a page", "<html>", Error::kNotHttp, Error::kNotHttp},
      {"empty line first", "\r\nHTTP/1.1 200 OK" + end, Error::kNotHttp,
       Error::kNotHttp},
      {"TLS alert", "\x15\x03\x01", Error::kTls, Error::kTls},
      {"two blanks", "HTTP/1.1  200 OK" + end, kLine, kLine},
      {"tab", "HTTP/1.1\t200 OK" + end, kLine, kLine},
      {"tab after the code", "HTTP/1.1 200\tOK" + end, kLine, kLine},
      {"2 digits", "HTTP/1.1 20 OK" + end, kLine, kLine},
      {"4 digits", "HTTP/1.1 2000 OK" + end, kLine, kLine},
      {"letter", "HTTP/1.1 2o0 OK" + end, kLine, kLine},
      {"sign", "HTTP/1.1 +20 OK" + end, kLine, kLine},
      {"status 099", "HTTP/1.1 099 OK" + end, kLine, kLine},
      {"status 599", "HTTP/1.1 599 OK" + end, kGood, kGood},
      {"status 600", "HTTP/1.1 600 OK" + end, kLine, kGood},
      {"status 999", "HTTP/1.1 999 Denied" + end, kLine, kGood},
  };
}

std::vector<Case> FieldCases() {
  constexpr Error kBad = Error::kField;
  return {
      {"empty value", Ok("X:\r\n"), kGood, kGood},
      {"blank value", Ok("X: \t \r\n"), kGood, kGood},
      {"obs-text", Ok("X: \xe9\r\n"), kGood, kGood},
      {"no colon", Ok("X\r\n"), kBad, kBad},
      {"empty name", Ok(": y\r\n"), kBad, kBad},
      {"only blanks for a name", Ok("X: y\r\n : y\r\n"), kBad, kGood},
      {"separator in a name", Ok("X(y: z\r\n"), kBad, kBad},
      {"blank in a name", Ok("X y: z\r\n"), kBad, kBad},
      {"blank before the colon", Ok("X : y\r\n"), kBad, kGood},
      {"blanks before the colon", Ok("X \t : y\r\n"), kBad, kGood},
      {"blanks and no colon", Ok("X  \r\n"), kBad, kBad},
      {"NUL in a value", Ok(std::string("X: \0\r\n", 6)), kBad, kBad},
      {"control in a value", Ok("X: \x01\r\n"), kBad, kBad},
      {"DEL in a value", Ok("X: \x7f\r\n"), kBad, kBad},
      {"bare CR in a value", Ok("X: a\rb\r\n"), kBad, kBad},
      {"bare CR ends the head", Ok("X: a\r\n\rb"), kBad, kBad},
      {"LF ends a field", Ok("X: a\nY: b\r\n"), kBad, kGood},
      {"LF ends the head", "HTTP/1.1 200 OK\r\nX: a\r\n\n", kBad, kGood},
      {"folded", Ok("X: a\r\n b\r\n"), kBad, kGood},
      {"folded with a tab", Ok("X: a\r\n\tb\r\n"), kBad, kGood},
      {"folded with LF", Ok("X: a\n b\n"), kBad, kGood},
      {"folded to nothing", Ok("X:\r\n \r\n"), kBad, kGood},
      {"folded before any field", Ok(" X: a\r\n"), kBad, kBad},
      {"control in a fold", Ok("X: a\r\n \x01\r\n"), kBad, kBad},
  };
}

std::vector<Case> FramingCases() {
  constexpr Error kLength = Error::kContentLength;
  constexpr Error kCoding = Error::kTransferEncoding;
  constexpr Error kAmbiguous = Error::kAmbiguousLength;
  constexpr Error kUnknown = Error::kUnknownCoding;
  const std::string old = "HTTP/1.0 200 OK\r\n";
  return {
      {"length", Ok("Content-Length: 5\r\n"), kGood, kGood},
      {"zeros first", Ok("Content-Length: 005\r\n"), kGood, kGood},
      {"2^63 - 1", Ok("Content-Length: 9223372036854775807\r\n"), kGood, kGood},
      {"2^63", Ok("Content-Length: 9223372036854775808\r\n"), kLength, kLength},
      {"2^64 + 1", Ok("Content-Length: 18446744073709551617\r\n"), kLength,
       kLength},
      {"plus", Ok("Content-Length: +5\r\n"), kLength, kLength},
      {"minus", Ok("Content-Length: -1\r\n"), kLength, kLength},
      {"hex", Ok("Content-Length: 0x5\r\n"), kLength, kLength},
      {"fraction", Ok("Content-Length: 5.0\r\n"), kLength, kLength},
      {"no length", Ok("Content-Length:\r\n"), kLength, kLength},
      {"same list", Ok("Content-Length: 5, 5\r\n"), kLength, kGood},
      {"same number", Ok("Content-Length: 5,05\r\n"), kLength, kGood},
      {"other list", Ok("Content-Length: 5, 6\r\n"), kLength, kLength},
      {"list with a hole", Ok("Content-Length: 5,\r\n"), kLength, kLength},
      {"same twice", Ok("Content-Length: 5\r\nContent-Length: 5\r\n"), kLength,
       kGood},
      {"other twice", Ok("Content-Length: 5\r\nContent-Length: 6\r\n"), kLength,
       kLength},
      {"chunked", Ok("Transfer-Encoding: chunked\r\n"), kGood, kGood},
      {"any case", Ok("transfer-encoding: Chunked\r\n"), kGood, kGood},
      {"gzip, chunked", Ok("Transfer-Encoding: gzip, chunked\r\n"), kUnknown,
       kUnknown},
      {"gzip", Ok("Transfer-Encoding: gzip\r\n"), kUnknown, kUnknown},
      {"identity", Ok("Transfer-Encoding: identity\r\n"), kUnknown, kGood},
      {"identity after chunked",
       Ok("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"),
       kCoding, kCoding},
      {"xchunked", Ok("Transfer-Encoding: xchunked\r\n"), kUnknown, kUnknown},
      {"chunked not last", Ok("Transfer-Encoding: chunked, gzip\r\n"), kCoding,
       kCoding},
      {"chunked twice",
       Ok("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
       kCoding, kCoding},
      {"chunked with a parameter", Ok("Transfer-Encoding: chunked;q=1\r\n"),
       kCoding, kCoding},
      {"empty coding", Ok("Transfer-Encoding:\r\n"), kCoding, kCoding},
      {"hidden by a control",
       Ok("Transfer-Encoding: \x0b"
          "chunked\r\n"),
       Error::kField, Error::kField},
      {"both", Ok("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
       kAmbiguous, kGood},
      {"chunked in 1.0", old + "Transfer-Encoding: chunked\r\n\r\n", kAmbiguous,
       kGood},
      {"both, unknown coding",
       Ok("Content-Length: 5\r\nTransfer-Encoding: gzip\r\n"), kAmbiguous,
       kUnknown},
  };
}

std::vector<Case> AllCases() {
  std::vector<Case> cases = StatusLineCases();
  for (const Case& test : FieldCases()) cases.push_back(test);
  for (const Case& test : FramingCases()) cases.push_back(test);
  return cases;
}

Error ErrorOf(std::string_view input, ResponseSyntax syntax,
              ResponseLimits limits = {}) {
  ResponseParser parser(syntax, limits);
  Response response;
  EXPECT_NE(parser.Parse(input, Method::kGet, &response), Result::kNeedMore);
  return parser.error();
}

TEST(ResponseParserTest, AcceptsAndRefusesByTheTable) {
  for (const Case& test : AllCases()) {
    SCOPED_TRACE(test.name);
    EXPECT_EQ(Describe(ErrorOf(test.input, kStrict)), Describe(test.strict));
    EXPECT_EQ(Describe(ErrorOf(test.input, kLenient)), Describe(test.lenient));
  }
}

TEST(ResponseParserTest, ResultDoesNotDependOnTheCut) {
  for (const Case& test : AllCases()) {
    for (const ResponseSyntax syntax : {kStrict, kLenient}) {
      SCOPED_TRACE(test.name);
      const std::string whole = ParseWhole(test.input, syntax);
      EXPECT_EQ(ParseByteByByte(test.input, syntax), whole);
      for (size_t at = 0; at < test.input.size(); ++at) {
        EXPECT_EQ(ParseSplit(test.input, syntax, at), whole) << at;
      }
    }
  }
}

TEST(ResponseParserTest, LenientReadsStrictInputTheSame) {
  for (const Case& test : AllCases()) {
    if (test.strict != kGood) continue;
    SCOPED_TRACE(test.name);
    EXPECT_EQ(ParseWhole(test.input, kLenient),
              ParseWhole(test.input, kStrict));
  }
}

TEST(ResponseParserTest, EveryPrefixNeedsMore) {
  const std::string input = Ok("Content-Length: 5\r\nX: y\r\n");
  for (size_t size = 0; size < input.size(); ++size) {
    for (const ResponseSyntax syntax : {kStrict, kLenient}) {
      EXPECT_EQ(ParseWhole(input.substr(0, size), syntax), "need more");
    }
  }
}

TEST(ResponseParserTest, FillsTheResponse) {
  const std::string input =
      Ok("Server: a b\r\nContent-Length: 5\r\nconnection: Keep-Alive\r\n"
         "Empty:\r\n");
  const std::string with_body = input + "hello";
  Response response;
  ResponseParser parser;
  ASSERT_EQ(parser.Parse(with_body, Method::kGet, &response), Result::kDone);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.reason, "OK");
  EXPECT_EQ(response.minor_version, 1);
  EXPECT_EQ(response.body, Body::kLength);
  EXPECT_EQ(response.content_length, 5u);
  EXPECT_TRUE(response.keep_alive);
  EXPECT_FALSE(response.is_interim());
  EXPECT_EQ(response.head_bytes, input.size());
  EXPECT_EQ(response.Find("SERVER"), "a b");
  EXPECT_EQ(response.Find("empty"), "");
  EXPECT_EQ(response.Find("absent"), std::nullopt);
  EXPECT_EQ(response.fields.size(), 4u);
}

struct BodyCase {
  std::string_view line;
  Method method;
  std::string_view fields;
  Body body;
  bool keep_alive;
};

// RFC 9112 6.3, rule by rule.
TEST(ResponseParserTest, BodyAndKeepAliveByTheTable) {
  constexpr std::string_view kLength = "Content-Length: 5\r\n";
  constexpr std::string_view kZero = "Content-Length: 0\r\n";
  constexpr std::string_view kChunked = "Transfer-Encoding: chunked\r\n";
  constexpr std::string_view kClose =
      "Content-Length: 5\r\nConnection: close\r\n";
  const BodyCase kCases[] = {
      {"1.1 200", Method::kGet, kLength, Body::kLength, true},
      {"1.1 200", Method::kGet, kZero, Body::kNone, true},
      {"1.1 200", Method::kGet, kChunked, Body::kChunked, true},
      {"1.1 200", Method::kGet, "", Body::kUntilClose, false},
      {"1.1 200", Method::kGet, "Connection: keep-alive\r\n", Body::kUntilClose,
       false},
      {"1.1 200", Method::kGet, kClose, Body::kLength, false},
      {"1.1 200", Method::kHead, kLength, Body::kNone, true},
      {"1.1 200", Method::kHead, kChunked, Body::kNone, true},
      {"1.1 200", Method::kHead, "", Body::kNone, true},
      {"1.1 204", Method::kGet, "", Body::kNone, true},
      {"1.1 204", Method::kGet, kZero, Body::kNone, true},
      {"1.1 204", Method::kGet, kLength, Body::kNone, false},
      {"1.1 204", Method::kGet, kChunked, Body::kNone, false},
      {"1.1 304", Method::kGet, kLength, Body::kNone, true},
      {"1.1 304", Method::kGet, "", Body::kNone, true},
      {"1.1 404", Method::kPost, kLength, Body::kLength, true},
      {"1.1 100", Method::kPost, "", Body::kNone, true},
      {"1.1 103", Method::kGet, kLength, Body::kNone, true},
      {"1.1 101", Method::kGet, "Upgrade: x\r\n", Body::kTunnel, false},
      {"1.1 200", Method::kConnect, "", Body::kTunnel, false},
      {"1.1 200", Method::kConnect, kLength, Body::kTunnel, false},
      {"1.1 204", Method::kConnect, "", Body::kTunnel, false},
      {"1.1 407", Method::kConnect, kLength, Body::kLength, true},
      {"1.1 502", Method::kConnect, "", Body::kUntilClose, false},
      {"1.0 200", Method::kGet, kLength, Body::kLength, false},
      {"1.0 200", Method::kGet, "", Body::kUntilClose, false},
      {"1.0 200", Method::kGet,
       "Content-Length: 5\r\nConnection: keep-alive\r\n", Body::kLength, true},
      {"1.0 200", Method::kGet,
       "Content-Length: 5\r\nConnection: keep-alive, close\r\n", Body::kLength,
       false},
      {"1.0 304", Method::kGet, "", Body::kNone, false},
  };
  for (const BodyCase& test : kCases) {
    const std::string input =
        absl::StrCat("HTTP/", test.line, " \r\n", test.fields, "\r\n");
    SCOPED_TRACE(input);
    ResponseParser parser;
    Response response;
    ASSERT_EQ(parser.Parse(input, test.method, &response), Result::kDone);
    EXPECT_EQ(response.body, test.body);
    EXPECT_EQ(response.keep_alive, test.keep_alive);
  }
}

TEST(ResponseParserTest, LengthOfABodyThatIsNotSentIsTold) {
  ResponseParser parser;
  Response response;
  ASSERT_EQ(parser.Parse(Ok("Content-Length: 7\r\n"), Method::kHead, &response),
            Result::kDone);
  EXPECT_EQ(response.content_length, 7u);
}

// The coding of a body that is not sent does not matter.
TEST(ResponseParserTest, UnknownCodingWithoutABodyIsFine) {
  const std::string input = Ok("Transfer-Encoding: gzip\r\n");
  ResponseParser parser;
  Response response;
  EXPECT_EQ(parser.Parse(input, Method::kHead, &response), Result::kDone);
}

TEST(ResponseParserTest, InterimResponsesComeOneByOne) {
  const std::string input =
      "HTTP/1.1 100 Continue\r\n\r\n"
      "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" +
      Ok("Content-Length: 0\r\n");
  std::string_view rest = input;
  ResponseParser parser;
  Response response;
  std::vector<int> statuses;
  do {
    ASSERT_EQ(parser.Parse(rest, Method::kPost, &response), Result::kDone);
    rest.remove_prefix(response.head_bytes);
    statuses.push_back(response.status);
  } while (response.is_interim());
  EXPECT_EQ(statuses, (std::vector<int>{100, 103, 200}));
  EXPECT_TRUE(rest.empty());
}

TEST(ResponseParserTest, EndlessInterimResponsesAreAnError) {
  constexpr std::string_view kContinue = "HTTP/1.1 100 \r\n\r\n";
  ResponseParser parser(kStrict, {.max_interim = 3});
  Response response;
  const auto feed = [&](std::string_view head) {
    return parser.Parse(head, Method::kGet, &response);
  };
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 3; ++i) ASSERT_EQ(feed(kContinue), Result::kDone);
    ASSERT_EQ(feed("HTTP/1.1 204 \r\n\r\n"), Result::kDone);
  }
  for (int i = 0; i < 3; ++i) ASSERT_EQ(feed(kContinue), Result::kDone);
  EXPECT_EQ(feed(kContinue), Result::kError);
  EXPECT_EQ(parser.error(), Error::kTooManyInterim);
  EXPECT_EQ(feed("HTTP/1.1 204 \r\n\r\n"), Result::kError);
  parser.Reset();
  EXPECT_EQ(feed(kContinue), Result::kDone);
}

TEST(ResponseParserTest, LimitsHoldAtTheirEdges) {
  struct Limit {
    std::string input;
    uint32_t ResponseLimits::*limit;
    uint32_t size;
  };
  const Limit kLimits[] = {
      {"HTTP/1.1 200 OK\r\nA: b\r\n\r\n", &ResponseLimits::max_status_line, 15},
      {"HTTP/1.1 200 OK\r\nA: b\r\n\r\n", &ResponseLimits::max_head, 25},
      {"HTTP/1.1 200 OK\r\nAbc: def\r\n\r\n", &ResponseLimits::max_field, 8},
      {"HTTP/1.1 200 OK\r\nA: b\r\nC: d\r\n\r\n", &ResponseLimits::max_fields,
       2},
  };
  for (const Limit& test : kLimits) {
    SCOPED_TRACE(test.input);
    for (const ResponseSyntax syntax : {kStrict, kLenient}) {
      ResponseLimits limits;
      limits.*test.limit = test.size;
      EXPECT_EQ(ErrorOf(test.input, syntax, limits), Error::kNone);
      limits.*test.limit = test.size - 1;
      EXPECT_EQ(ErrorOf(test.input, syntax, limits), Error::kHeadTooLarge);
      EXPECT_EQ(ParseByteByByte(test.input, syntax, limits),
                ParseWhole(test.input, syntax, limits));
    }
  }
}

TEST(ResponseParserTest, AFoldedFieldIsLimitedAsAWhole) {
  const std::string input = Ok("A: b\r\n c\r\n d\r\n");  // 12 bytes of field.
  ResponseLimits limits;
  limits.max_field = 12;
  EXPECT_EQ(ErrorOf(input, kLenient, limits), Error::kNone);
  limits.max_field = 11;
  EXPECT_EQ(ErrorOf(input, kLenient, limits), Error::kHeadTooLarge);
}

TEST(ResponseParserTest, AHeadWithoutAnEndIsAnErrorAtTheLimit) {
  std::string input = "HTTP/1.1 200 OK\r\n";
  while (input.size() < 64 * 1024) input += "A: b\r\n";
  ResponseLimits limits;
  limits.max_fields = 1'000'000;
  EXPECT_EQ(ErrorOf(input, kStrict, limits), Error::kHeadTooLarge);
}

TEST(ResponseParserTest, LenientDropsWhatItTolerates) {
  const std::string input =
      "HTTP/1.3 200\nA \t: b\nC: d\r\n\t e \n f\r\nG:\n\n";
  ResponseParser parser(kLenient);
  Response response;
  ASSERT_EQ(parser.Parse(input, Method::kHead, &response), Result::kDone);
  EXPECT_EQ(response.minor_version, 1);
  EXPECT_EQ(response.reason, "");
  EXPECT_EQ(response.Find("A"), "b");
  EXPECT_EQ(response.Find("C"), "d e f");
  EXPECT_EQ(response.Find("G"), "");
}

TEST(ResponseParserTest, LenientFramingIsDecidedAndNotKept) {
  ResponseParser parser(kLenient);
  Response response;
  ASSERT_EQ(
      parser.Parse(Ok("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
                   Method::kGet, &response),
      Result::kDone);
  EXPECT_EQ(response.body, Body::kChunked);
  EXPECT_EQ(response.content_length, std::nullopt);
  EXPECT_FALSE(response.keep_alive);
  ASSERT_EQ(
      parser.Parse(Ok("Content-Length: 5, 5\r\n"), Method::kGet, &response),
      Result::kDone);
  EXPECT_EQ(response.content_length, 5u);
  EXPECT_TRUE(response.keep_alive);
}

TEST(ResponseParserTest, AnErrorStaysUntilReset) {
  ResponseParser parser;
  Response response;
  EXPECT_EQ(parser.Parse("x", Method::kGet, &response), Result::kError);
  EXPECT_EQ(parser.Parse(Ok(""), Method::kGet, &response), Result::kError);
  EXPECT_EQ(parser.error(), Error::kNotHttp);
  parser.Reset();
  EXPECT_EQ(parser.Parse(Ok(""), Method::kGet, &response), Result::kDone);
  EXPECT_EQ(parser.error(), Error::kNone);
}

TEST(ResponseParserTest, TheExampleInTheHeaderWorks) {
  const std::string input = "HTTP/1.1 100 \r\n\r\n" + Ok("") + "body";
  std::string_view unconsumed = input;
  ResponseParser parser;
  Response response;
  do {
    switch (parser.Parse(unconsumed, Method::kGet, &response)) {
      case ResponseParser::Result::kNeedMore:
        FAIL() << "all bytes are there";
      case ResponseParser::Result::kError:
        FAIL() << Describe(parser.error());
      case ResponseParser::Result::kDone:
        unconsumed.remove_prefix(response.head_bytes);
    }
  } while (response.is_interim());
  EXPECT_EQ(unconsumed, "body");
}

TEST(ResponseParserTest, ViewsPointIntoTheInput) {
  const std::string input = Ok("Name: value\r\n");
  ResponseParser parser;
  Response response;
  ASSERT_EQ(parser.Parse(input, Method::kGet, &response), Result::kDone);
  EXPECT_EQ(response.reason.data(), input.data() + 13);
  EXPECT_EQ(response.fields[0].name.data(), input.data() + 17);
  EXPECT_EQ(response.fields[0].value.data(), input.data() + 23);
}

}  // namespace
}  // namespace kingpin::http
