#include "kingpin/http/request_parser.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"

namespace kingpin::http {
namespace {

using Result = RequestParser::Result;

constexpr std::string_view kGet = "GET / HTTP/1.1\r\n";
constexpr std::string_view kHost = "Host: a\r\n";

std::string WithHost(std::string_view fields) {
  return absl::StrCat(kGet, kHost, fields, "\r\n");
}

std::string WithTarget(std::string_view method, std::string_view target) {
  return absl::StrCat(method, " ", target, " HTTP/1.1\r\n", kHost, "\r\n");
}

// What a parse says, with nothing that depends on addresses.
std::string Describe(Result result, const RequestParser& parser,
                     const Request& request) {
  if (result == Result::kNeedMore) return "need more";
  if (result == Result::kError) {
    return absl::StrCat("error ", static_cast<int>(parser.error()));
  }
  std::string text = absl::StrCat(
      request.method_name, "|", request.target, "|", request.path, "|",
      request.query, "|", request.host, "|", request.minor_version,
      request.chunked ? " chunked" : "", request.keep_alive ? " keep" : "",
      request.expect_continue ? " expect" : "", "|", request.head_bytes);
  if (request.content_length.has_value()) {
    absl::StrAppend(&text, "|length ", *request.content_length);
  }
  for (const Field& field : request.fields) {
    absl::StrAppend(&text, "|", field.name, "=", field.value, "#",
                    static_cast<int>(field.id));
  }
  return text;
}

std::string ParseWhole(std::string_view input, RequestLimits limits = {}) {
  RequestParser parser(limits);
  Request request;
  const Result result = parser.Parse(input, &request);
  return Describe(result, parser, request);
}

// Every call sees its bytes at a new address, with nothing readable after them,
// and a Request that another connection has used.
class MovingFeeder {
 public:
  explicit MovingFeeder(RequestLimits limits) : parser_(limits) {}

  Result Feed(std::string_view input) {
    buffer_ = std::make_unique<char[]>(input.size());
    input.copy(buffer_.get(), input.size());
    RequestParser().Parse("PUT /other HTTP/1.1\r\nHost: o\r\nX: y\r\n\r\n",
                          &request_);
    return parser_.Parse({buffer_.get(), input.size()}, &request_);
  }

  std::string Describe(Result result) const {
    return http::Describe(result, parser_, request_);
  }

 private:
  RequestParser parser_;
  Request request_;
  std::unique_ptr<char[]> buffer_;
};

std::string ParseByteByByte(std::string_view input, RequestLimits limits = {}) {
  MovingFeeder feeder(limits);
  Result result = Result::kNeedMore;
  for (size_t i = 1; i <= input.size() && result == Result::kNeedMore; ++i) {
    result = feeder.Feed(input.substr(0, i));
  }
  return feeder.Describe(result);
}

std::string ParseSplit(std::string_view input, size_t at) {
  MovingFeeder feeder({});
  Result result = feeder.Feed(input.substr(0, at));
  if (result == Result::kNeedMore) result = feeder.Feed(input);
  return feeder.Describe(result);
}

int ErrorOf(std::string_view input, RequestLimits limits = {}) {
  RequestParser parser(limits);
  Request request;
  switch (parser.Parse(input, &request)) {
    case Result::kNeedMore:
      return -1;
    case Result::kDone:
      return 0;
    case Result::kError:
      return static_cast<int>(parser.error());
  }
  return -2;
}

struct Case {
  std::string name;
  std::string input;
  int error;  // 0: done, -1: more bytes are needed.
};

std::vector<Case> RequestLineCases() {
  const std::string tail = " HTTP/1.1\r\nHost: a\r\n\r\n";
  return {
      {"plain", "GET /" + tail, 0},
      {"one empty line first", "\r\nGET /" + tail, 0},
      {"two empty lines first", "\r\n\r\nGET /" + tail, 400},
      {"bare LF first", "\nGET /" + tail, 400},
      {"bare CR first", "\rGET /" + tail, 400},
      {"blank first", " GET /" + tail, 400},
      {"empty method", " /" + tail, 400},
      {"method of any token", "M-SEARCH /" + tail, 0},
      {"lower-case method is another method", "get /" + tail, 0},
      {"method with a control", "G\x01T /" + tail, 400},
      {"method with a separator", "GE(T /" + tail, 400},
      {"method with 8 bits", "G\xc3\x89T /" + tail, 400},
      {"method of 32 bytes", std::string(32, 'M') + " /" + tail, 0},
      {"method of 33 bytes", std::string(33, 'M') + " /" + tail, 501},
      {"tab after the method", "GET\t/" + tail, 400},
      {"two blanks after the method", "GET  /" + tail, 400},
      {"two blanks after the target", "GET / " + tail, 400},
      {"tab after the target", "GET /\tHTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"blank after the version", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400},
      {"no version", "GET /\r\n\r\n", 400},
      {"empty version", "GET / \r\nHost: a\r\n\r\n", 400},
      {"lower-case http", "GET / http/1.1\r\nHost: a\r\n\r\n", 400},
      {"mixed-case http", "GET / Http/1.1\r\nHost: a\r\n\r\n", 400},
      {"another protocol", "GET / ICAP/1.0\r\nHost: a\r\n\r\n", 400},
      {"HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", 0},
      {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505},
      {"HTTP/2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
      {"HTTP/0.9", "GET / HTTP/0.9\r\nHost: a\r\n\r\n", 505},
      {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"HTTP/1", "GET / HTTP/1\r\nHost: a\r\n\r\n", 400},
      {"HTTP/1.10", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400},
      {"HTTP/11.1", "GET / HTTP/11.1\r\nHost: a\r\n\r\n", 400},
      {"HTTP/1,1", "GET / HTTP/1,1\r\nHost: a\r\n\r\n", 400},
      {"HTTP/ 1.1", "GET / HTTP/ 1.1\r\nHost: a\r\n\r\n", 400},
      {"bare LF after the version", "GET / HTTP/1.1\nHost: a\r\n\r\n", 400},
      {"bare CR after the version", "GET / HTTP/1.1\rHost: a\r\n\r\n", 400},
      {"two CRs", "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", 400},
      {"TLS hello", std::string("\x16\x03\x01\x02\x00", 5), 400},
  };
}

std::vector<Case> TargetCases() {
  std::vector<Case> cases = {
      {"fragment", WithTarget("GET", "/a#b"), 400},
      {"control in the target", WithTarget("GET", "/a\x01"), 400},
      {"DEL in the target", WithTarget("GET", "/a\x7f"), 400},
      {"8 bits in the target", WithTarget("GET", "/\xc3\xa9"), 400},
      {"NUL in the target", WithTarget("GET", std::string("/\0", 2)), 400},
      {"space in the target", WithTarget("GET", "/a b"), 400},
      {"CR in the target", WithTarget("GET", "/a\rb"), 400},
      {"LF in the target", WithTarget("GET", "/a\nb"), 400},
      {"quote in the target", WithTarget("GET", "/\"a\""), 400},
      {"tag in the target", WithTarget("GET", "/<a>"), 400},
      {"what browsers leave raw", WithTarget("GET", "/|[]?{}^`\\|"), 0},
      {"no slash", WithTarget("GET", "a"), 400},
      {"only a query", WithTarget("GET", "?a"), 400},
      {"two slashes", WithTarget("GET", "//a/b"), 0},
      {"asterisk", WithTarget("OPTIONS", "*"), 0},
      {"asterisk for GET", WithTarget("GET", "*"), 400},
      {"more than an asterisk", WithTarget("OPTIONS", "*a"), 400},
      {"authority", WithTarget("CONNECT", "a:443"), 0},
      {"authority for GET", WithTarget("GET", "a:443"), 400},
      {"path for CONNECT", WithTarget("CONNECT", "/a"), 400},
      {"absolute for CONNECT", WithTarget("CONNECT", "http://a:1/"), 400},
      {"CONNECT without a port", WithTarget("CONNECT", "a"), 400},
      {"CONNECT with an empty port", WithTarget("CONNECT", "a:"), 400},
      {"CONNECT with a big port", WithTarget("CONNECT", "a:65536"), 400},
      {"absolute", WithTarget("GET", "http://b/c?d"), 0},
      {"absolute, https", WithTarget("GET", "HTTPS://b"), 0},
      {"absolute, other scheme", WithTarget("GET", "ftp://b/c"), 400},
      {"absolute, no scheme", WithTarget("GET", "://b/c"), 400},
      {"absolute, no host", WithTarget("GET", "http:///c"), 400},
      {"absolute, only a port", WithTarget("GET", "http://:80/c"), 400},
      {"absolute, user", WithTarget("GET", "http://u@b/c"), 400},
      {"absolute, password", WithTarget("GET", "http://u:p@b/c"), 400},
      {"absolute, bad port", WithTarget("GET", "http://b:8x/"), 400},
      {"absolute, one slash", WithTarget("GET", "http:/b/c"), 400},
      {"absolute needs Host all the same", "GET http://b/ HTTP/1.1\r\n\r\n",
       400},
  };
  return cases;
}

std::vector<Case> FieldCases() {
  const std::string folded = "GET / HTTP/1.1\r\n Host: a\r\n\r\n";
  return {
      {"empty value", WithHost("X:\r\n"), 0},
      {"blank value", WithHost("X: \t \r\n"), 0},
      {"no blank after the colon", WithHost("X:y\r\n"), 0},
      {"tab in a value", WithHost("X: a\tb\r\n"), 0},
      {"obs-text in a value", WithHost("X: \xe9\r\n"), 0},
      {"colon in a value", WithHost("X: a:b\r\n"), 0},
      {"blank before the colon", WithHost("X : y\r\n"), 400},
      {"tab before the colon", WithHost("X\t: y\r\n"), 400},
      {"empty name", WithHost(": y\r\n"), 400},
      {"no colon", WithHost("X\r\n"), 400},
      {"separator in a name", WithHost("X(y: z\r\n"), 400},
      {"8 bits in a name", WithHost("X\xe9: z\r\n"), 400},
      {"NUL in a name", WithHost(std::string("X\0: z\r\n", 7)), 400},
      {"folded with a blank", WithHost("X: y\r\n z\r\n"), 400},
      {"folded with a tab", WithHost("X: y\r\n\tz\r\n"), 400},
      {"folded before any field", folded, 400},
      {"only a blank", WithHost(" \r\n"), 400},
      {"bare LF ends a field", WithHost("X: y\nZ: w\r\n"), 400},
      {"bare LF ends the head", WithHost("X: y\n\n"), 400},
      {"bare LF for an empty line", absl::StrCat(kGet, kHost, "\n"), 400},
      {"bare CR in a value", WithHost("X: y\rz\r\n"), 400},
      {"CR before CRLF", WithHost("X: y\r\r\n"), 400},
      {"bare CR for an empty line", absl::StrCat(kGet, kHost, "\rx"), 400},
      {"NUL in a value", WithHost(std::string("X: \0\r\n", 6)), 400},
      {"control in a value", WithHost("X: \x0b\r\n"), 400},
      {"DEL in a value", WithHost("X: \x7f\r\n"), 400},
  };
}

std::vector<Case> HostCases() {
  const auto host = [](std::string_view value) {
    return absl::StrCat(kGet, "Host: ", value, "\r\n\r\n");
  };
  return {
      {"no Host", absl::StrCat(kGet, "X: y\r\n\r\n"), 400},
      {"no fields", absl::StrCat(kGet, "\r\n"), 400},
      {"two Hosts", WithHost("Host: b\r\n"), 400},
      {"two equal Hosts", WithHost("host: a\r\n"), 400},
      {"empty Host", host(""), 400},
      {"two Hosts in 1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", 400},
      {"empty Host in 1.0", "GET / HTTP/1.0\r\nHost:\r\n\r\n", 400},
      {"port", host("a.example:8080"), 0},
      {"empty port", host("a:"), 0},
      {"highest port", host("a:65535"), 0},
      {"port too high", host("a:65536"), 400},
      {"port of 30 digits", host("a:100000000000000000000000000000"), 400},
      {"signed port", host("a:+1"), 400},
      {"two ports", host("a:1:2"), 400},
      {"only a port", host(":80"), 400},
      {"IPv4", host("127.0.0.1:80"), 0},
      {"IPv6", host("[::1]"), 0},
      {"IPv6 and port", host("[fe80::1:2]:80"), 0},
      {"IPv6 not closed", host("[::1"), 400},
      {"IPv6 without brackets", host("::1"), 400},
      {"IPv6 empty", host("[]"), 400},
      {"IPv6 with a zone", host("[fe80::1%25eth0]"), 400},
      {"text after IPv6", host("[::1]a"), 400},
      {"underscore", host("a_b"), 0},
      {"list of hosts", host("a, b"), 400},
      {"list of hosts without blank", host("a,b"), 400},
      {"user", host("u@a"), 400},
      {"path", host("a/b"), 400},
      {"URL", host("http://a"), 400},
      {"blank inside", host("a b"), 400},
      {"backslash", host("a\\b"), 400},
      {"escape", host("a%2eb"), 400},
      {"8 bits", host("\xc3\xa9"), 400},
  };
}

std::vector<Case> FramingCases() {
  const auto both = [](std::string_view a, std::string_view b) {
    return WithHost(absl::StrCat(a, "\r\n", b, "\r\n"));
  };
  const auto length = [](std::string_view value) {
    return WithHost(absl::StrCat("Content-Length: ", value, "\r\n"));
  };
  const auto coding = [](std::string_view value) {
    return WithHost(absl::StrCat("Transfer-Encoding: ", value, "\r\n"));
  };
  const std::string chunked = "Transfer-Encoding: chunked";
  return {
      {"length", length("5"), 0},
      {"length 0", length("0"), 0},
      {"leading zeros", length("005"), 0},
      {"largest length", length("9223372036854775807"), 0},
      {"length of 64 bits", length("9223372036854775808"), 400},
      {"length of 65 bits", length("18446744073709551616"), 400},
      {"length of 65 bits and more", length("18446744073709551621"), 400},
      {"length of 40 digits", length(std::string(40, '9')), 400},
      {"empty length", length(""), 400},
      {"plus", length("+4"), 400},
      {"minus", length("-4"), 400},
      {"hexadecimal", length("0x10"), 400},
      {"blank inside", length("1 2"), 400},
      {"tab inside", length("1\t2"), 400},
      {"fraction", length("1.0"), 400},
      {"list of lengths", length("4, 4"), 400},
      {"list without blank", length("4,4"), 400},
      {"letter", length("4a"), 400},
      {"two equal lengths", both("Content-Length: 4", "content-length: 4"),
       400},
      {"two lengths", both("Content-Length: 4", "Content-Length: 5"), 400},
      {"length, coding", both("Content-Length: 4", chunked), 400},
      {"coding, length", both(chunked, "Content-Length: 4"), 400},
      {"length 0, coding", both("Content-Length: 0", chunked), 400},
      {"length, unknown coding",
       both("Content-Length: 4", "Transfer-Encoding: gzip"), 400},
      {"chunked", coding("chunked"), 0},
      {"chunked in capitals", coding("CHUNKED"), 0},
      {"xchunked", coding("xchunked"), 501},
      {"chunkedx", coding("chunkedx"), 501},
      {"identity", coding("identity"), 501},
      {"gzip", coding("gzip"), 501},
      {"gzip, chunked", coding("gzip, chunked"), 501},
      {"gzip with parameter", coding("gzip;q=1"), 501},
      {"chunked, gzip", coding("chunked, gzip"), 400},
      {"chunked, identity", coding("chunked, identity"), 400},
      {"chunked, chunked", coding("chunked, chunked"), 400},
      {"two lines of chunked", both(chunked, chunked), 400},
      {"chunked, then gzip in a line", both(chunked, "Transfer-Encoding: gzip"),
       400},
      {"gzip, then chunked in a line", both("Transfer-Encoding: gzip", chunked),
       501},
      {"empty coding", coding(""), 400},
      {"empty first element", coding(",chunked"), 400},
      {"empty last element", coding("chunked,"), 400},
      {"chunked with parameter", coding("chunked;a=b"), 400},
      {"chunked and a word", coding("chunked foo"), 400},
      {"quoted", coding("\"chunked\""), 400},
      {"vertical tab",
       coding("\x0b"
              "chunked"),
       400},
      {"coding in 1.0",
       absl::StrCat("POST / HTTP/1.0\r\n", chunked, "\r\n\r\n"), 400},
      {"unknown coding in 1.0",
       "POST / HTTP/1.0\r\nTransfer-Encoding: gzip\r\n\r\n", 400},
      {"blank before the colon of a length", WithHost("Content-Length : 4\r\n"),
       400},
      {"blank before the colon of a coding",
       WithHost("Transfer-Encoding : chunked\r\n"), 400},
      {"other expectation", WithHost("Expect: 200-ok\r\n"), 417},
      {"two expectations", both("Expect: other", "Expect: 100-continue"), 417},
      {"other expectation in 1.0", "GET / HTTP/1.0\r\nExpect: 200-ok\r\n\r\n",
       0},
  };
}

std::vector<Case> IncompleteCases() {
  return {
      {"nothing", "", -1},
      {"CR", "\r", -1},
      {"empty line", "\r\n", -1},
      {"method", "GET", -1},
      {"method and blank", "GET ", -1},
      {"target", "GET /", -1},
      {"part of the version", "GET / HTTP/1.", -1},
      {"version and CR", "GET / HTTP/1.1\r", -1},
      {"request line", "GET / HTTP/1.1\r\n", -1},
      {"name", "GET / HTTP/1.1\r\nHo", -1},
      {"value", "GET / HTTP/1.1\r\nHost: a", -1},
      {"value and CR", "GET / HTTP/1.1\r\nHost: a\r", -1},
      {"line", "GET / HTTP/1.1\r\nHost: a\r\n", -1},
      {"last CR", "GET / HTTP/1.1\r\nHost: a\r\n\r", -1},
  };
}

std::vector<Case> AllCases() {
  std::vector<Case> all;
  for (const auto& part : {RequestLineCases(), TargetCases(), FieldCases(),
                           HostCases(), FramingCases(), IncompleteCases()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

TEST(RequestParserTest, AcceptsAndRefusesByTheTable) {
  for (const Case& test : AllCases()) {
    EXPECT_EQ(ErrorOf(test.input), test.error) << test.name;
  }
}

TEST(RequestParserTest, ResultDoesNotDependOnTheCut) {
  for (const Case& test : AllCases()) {
    SCOPED_TRACE(test.name);
    const std::string whole = ParseWhole(test.input);
    EXPECT_EQ(ParseByteByByte(test.input), whole);
    for (size_t at = 0; at <= test.input.size(); ++at) {
      EXPECT_EQ(ParseSplit(test.input, at), whole) << "at " << at;
    }
  }
}

TEST(RequestParserTest, EveryPrefixOfAGoodRequestNeedsMore) {
  const std::string input =
      "\r\nPUT http://h:1/p?q HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
      "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n";
  for (size_t size = 0; size < input.size(); ++size) {
    EXPECT_EQ(ParseWhole(input.substr(0, size)), "need more") << size;
  }
  EXPECT_EQ(ErrorOf(input), 0);
}

TEST(RequestParserTest, FillsTheRequest) {
  const std::string head =
      "POST /a/b%20c?x=1?y HTTP/1.1\r\nHost: example.org:8080\r\n"
      "content-length:  12 \r\nEXPECT: 100-Continue\r\nX-Empty:\r\n"
      "Range: bytes=0-\r\nx-empty: second\r\n\r\n";
  const std::string input = head + "hello, world";
  RequestParser parser;
  Request request;
  ASSERT_EQ(parser.Parse(input, &request), Result::kDone);
  EXPECT_EQ(request.method, Method::kPost);
  EXPECT_EQ(request.method_name, "POST");
  EXPECT_EQ(request.target, "/a/b%20c?x=1?y");
  EXPECT_EQ(request.path, "/a/b%20c");
  EXPECT_EQ(request.query, "x=1?y");
  EXPECT_EQ(request.host, "example.org:8080");
  EXPECT_EQ(request.minor_version, 1);
  EXPECT_EQ(request.content_length, 12u);
  EXPECT_TRUE(request.has_body());
  EXPECT_TRUE(request.expect_continue);
  EXPECT_TRUE(request.keep_alive);
  EXPECT_FALSE(request.chunked);
  EXPECT_EQ(request.head_bytes, head.size());
  ASSERT_EQ(request.fields.size(), 6u);
  EXPECT_EQ(request.fields[1].name, "content-length");
  EXPECT_EQ(request.fields[1].value, "12");
  EXPECT_EQ(request.Find("x-EMPTY"), "");
  EXPECT_EQ(request.Find("X-Absent"), std::nullopt);
  EXPECT_EQ(request.Find(FieldId::kRange), "bytes=0-");
  EXPECT_EQ(request.Find(FieldId::kIfRange), std::nullopt);
}

TEST(RequestParserTest, RecognisesMethods) {
  const std::pair<std::string_view, Method> kMethods[] = {
      {"GET", Method::kGet},       {"HEAD", Method::kHead},
      {"POST", Method::kPost},     {"PUT", Method::kPut},
      {"DELETE", Method::kDelete}, {"OPTIONS", Method::kOptions},
      {"TRACE", Method::kTrace},   {"PATCH", Method::kPatch},
      {"get", Method::kOther},     {"BREW", Method::kOther},
      {"GETS", Method::kOther},    {"PROPFIND", Method::kOther},
  };
  for (const auto& [name, method] : kMethods) {
    const std::string input = WithTarget(name, "/");
    RequestParser parser;
    Request request;
    ASSERT_EQ(parser.Parse(input, &request), Result::kDone) << name;
    EXPECT_EQ(request.method, method) << name;
    EXPECT_EQ(request.method_name, name);
  }
}

TEST(RequestParserTest, RecognisesFieldsInAnyCase) {
  const std::pair<std::string_view, FieldId> kFields[] = {
      {"RANGE", FieldId::kRange},
      {"If-Match", FieldId::kIfMatch},
      {"if-none-match", FieldId::kIfNoneMatch},
      {"IF-MODIFIED-SINCE", FieldId::kIfModifiedSince},
      {"If-Unmodified-Since", FieldId::kIfUnmodifiedSince},
      {"If-Range", FieldId::kIfRange},
      {"Connection", FieldId::kConnection},
      {"Accept", FieldId::kOther},
      {"If_Match", FieldId::kOther},
      {"If-Natch", FieldId::kOther},
      {"Content-Lengti", FieldId::kOther},
      {"Dontent-Length", FieldId::kOther},
  };
  for (const auto& [name, id] : kFields) {
    const std::string input = WithHost(absl::StrCat(name, ": 1\r\n"));
    RequestParser parser;
    Request request;
    ASSERT_EQ(parser.Parse(input, &request), Result::kDone) << name;
    EXPECT_EQ(request.fields[1].id, id) << name;
  }
}

TEST(RequestParserTest, FindsPathQueryAndHostInEveryForm) {
  struct Form {
    std::string_view method, target, path, query, host;
  };
  const Form kForms[] = {
      {"GET", "/", "/", "", "a"},
      {"GET", "/?", "/", "", "a"},
      {"GET", "//x/y?z", "//x/y", "z", "a"},
      {"OPTIONS", "*", "*", "", "a"},
      {"CONNECT", "b:443", "", "", "b:443"},
      {"GET", "http://b:8/c?d", "/c", "d", "b:8"},
      {"GET", "http://b", "/", "", "b"},
      {"GET", "http://b?d", "/", "d", "b"},
      {"OPTIONS", "http://b", "*", "", "b"},
      {"OPTIONS", "http://b/", "/", "", "b"},
      {"OPTIONS", "http://b?d", "/", "d", "b"},
  };
  for (const Form& form : kForms) {
    const std::string input = WithTarget(form.method, form.target);
    RequestParser parser;
    Request request;
    ASSERT_EQ(parser.Parse(input, &request), Result::kDone) << form.target;
    EXPECT_EQ(request.target, form.target);
    EXPECT_EQ(request.path, form.path) << form.target;
    EXPECT_EQ(request.query, form.query) << form.target;
    EXPECT_EQ(request.host, form.host) << form.target;
  }
}

TEST(RequestParserTest, KeepsAliveAsTheClientAsks) {
  struct Ask {
    std::string_view version, fields;
    bool keep_alive;
  };
  const Ask kAsks[] = {
      {"1.1", "", true},
      {"1.1", "Connection: close\r\n", false},
      {"1.1", "Connection: x, CLOSE ,y\r\n", false},
      {"1.1", "Connection: x\r\nConnection: close\r\n", false},
      {"1.1", "Connection: closed\r\n", true},
      {"1.1", "Connection: keep-alive\r\n", true},
      {"1.1", "Connection: keep-alive, close\r\n", false},
      {"1.0", "", false},
      {"1.0", "Connection: keep-alive\r\n", true},
      {"1.0", "Connection: Keep-Alive, close\r\n", false},
  };
  for (const Ask& ask : kAsks) {
    const std::string input = absl::StrCat("GET / HTTP/", ask.version, "\r\n",
                                           kHost, ask.fields, "\r\n");
    RequestParser parser;
    Request request;
    ASSERT_EQ(parser.Parse(input, &request), Result::kDone) << input;
    EXPECT_EQ(request.keep_alive, ask.keep_alive) << input;
  }
}

TEST(RequestParserTest, AwaitsContinueOnlyBeforeABody) {
  const auto expects = [](std::string_view version, std::string_view fields) {
    const std::string input =
        absl::StrCat("POST / HTTP/", version, "\r\n", kHost,
                     "Expect: 100-continue\r\n", fields, "\r\n");
    RequestParser parser;
    Request request;
    EXPECT_EQ(parser.Parse(input, &request), Result::kDone) << input;
    return request.expect_continue;
  };
  EXPECT_TRUE(expects("1.1", "Content-Length: 1\r\n"));
  EXPECT_TRUE(expects("1.1", "Transfer-Encoding: chunked\r\n"));
  EXPECT_FALSE(expects("1.1", "Content-Length: 0\r\n"));
  EXPECT_FALSE(expects("1.1", ""));
  EXPECT_FALSE(expects("1.0", "Content-Length: 1\r\n"));
}

TEST(RequestParserTest, ParsesPipelinedRequestsInOrder) {
  std::string input;
  for (int i = 0; i < 5; ++i) {
    absl::StrAppend(&input, "GET /", i, " HTTP/1.1\r\nHost: a\r\n\r\n");
  }
  std::string_view rest = input;
  RequestParser parser;
  Request request;
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(parser.Parse(rest, &request), Result::kDone);
    EXPECT_EQ(request.path, absl::StrCat("/", i));
    EXPECT_EQ(request.fields.size(), 1u);
    rest.remove_prefix(request.head_bytes);
  }
  EXPECT_EQ(parser.Parse(rest, &request), Result::kNeedMore);
}

TEST(RequestParserTest, NothingOfARequestLeaksIntoTheNext) {
  RequestParser parser;
  Request request;
  const std::string first =
      "POST http://b/?q HTTP/1.0\r\nConnection: keep-alive\r\n"
      "Content-Length: 4\r\n\r\n";
  ASSERT_EQ(parser.Parse(first, &request), Result::kDone);
  const std::string second = WithHost("");
  ASSERT_EQ(parser.Parse(second, &request), Result::kDone);
  EXPECT_EQ(Describe(Result::kDone, parser, request), ParseWhole(second));
}

TEST(RequestParserTest, AnErrorStaysUntilReset) {
  RequestParser parser;
  Request request;
  const std::string good = WithHost("");
  EXPECT_EQ(parser.Parse("\n", &request), Result::kError);
  EXPECT_EQ(parser.Parse(good, &request), Result::kError);
  EXPECT_EQ(parser.error(), HttpStatus::kBadRequest);
  parser.Reset();
  EXPECT_EQ(parser.Parse(good, &request), Result::kDone);
}

TEST(RequestParserTest, ACopyOfTheHeadCanBeParsedAgain) {
  std::string input = WithHost("X: y\r\n");
  RequestParser parser;
  Request request;
  ASSERT_EQ(parser.Parse(input, &request), Result::kDone);
  const std::string copy = input.substr(0, request.head_bytes);
  ASSERT_EQ(parser.Parse(copy, &request), Result::kDone);
  input.assign(input.size(), '!');
  EXPECT_EQ(request.Find("x"), "y");
}

TEST(RequestParserTest, ReusesTheFieldTable) {
  RequestParser parser;
  Request request;
  const std::string input = WithHost("A: 1\r\nB: 2\r\nC: 3\r\n");
  ASSERT_EQ(parser.Parse(input, &request), Result::kDone);
  const Field* const table = request.fields.data();
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(parser.Parse(input, &request), Result::kDone);
    ASSERT_EQ(request.fields.data(), table);
  }
}

// The input of size N, and the limit N - 1, N and N + 1.
struct LimitCase {
  std::string name;
  std::string input;
  uint32_t RequestLimits::*limit;
  uint32_t size;
  int error;
};

std::vector<LimitCase> LimitCases() {
  const std::string line = absl::StrCat("X: ", std::string(47, 'y'));
  const std::string fields = "A: 1\r\nB: 2\r\nC: 3\r\n";
  const std::string long_name = absl::StrCat(std::string(49, 'n'), ":");
  return {
      {"target", WithTarget("GET", absl::StrCat("/", std::string(99, 'a'))),
       &RequestLimits::max_target, 100, 414},
      {"head", WithHost(fields), &RequestLimits::max_head,
       static_cast<uint32_t>(WithHost(fields).size()), 431},
      {"head with an empty line first", "\r\n" + WithHost(fields),
       &RequestLimits::max_head,
       static_cast<uint32_t>(WithHost(fields).size() + 2), 431},
      {"field", WithHost(line + "\r\n"), &RequestLimits::max_field, 50, 431},
      {"name", WithHost(long_name + "\r\n"), &RequestLimits::max_field, 50,
       431},
      {"fields", WithHost(fields), &RequestLimits::max_fields, 4, 431},
  };
}

TEST(RequestParserTest, LimitsHoldAtTheirEdges) {
  for (const LimitCase& test : LimitCases()) {
    SCOPED_TRACE(test.name);
    RequestLimits limits;
    limits.*test.limit = test.size + 1;
    EXPECT_EQ(ErrorOf(test.input, limits), 0);
    limits.*test.limit = test.size;
    EXPECT_EQ(ErrorOf(test.input, limits), 0);
    limits.*test.limit = test.size - 1;
    EXPECT_EQ(ErrorOf(test.input, limits), test.error);
  }
}

TEST(RequestParserTest, EveryLimitGivesTheSameResultByteByByte) {
  const std::string input = WithHost("X-Name: value\r\nB: 2\r\n");
  for (uint32_t RequestLimits::*limit :
       {&RequestLimits::max_target, &RequestLimits::max_head,
        &RequestLimits::max_field, &RequestLimits::max_fields}) {
    for (uint32_t value = 0; value <= input.size() + 1; ++value) {
      RequestLimits limits;
      limits.*limit = value;
      EXPECT_EQ(ParseByteByByte(input, limits), ParseWhole(input, limits))
          << "limit " << value;
    }
  }
}

TEST(RequestParserTest, DefaultLimitsAreThoseOfTheManual) {
  const auto target = [](size_t size) {
    return WithTarget("GET", "/" + std::string(size - 1, 'a'));
  };
  EXPECT_EQ(ErrorOf(target(8192)), 0);
  EXPECT_EQ(ErrorOf(target(8193)), 414);
  const auto fields = [](int count) {
    std::string text;
    for (int i = 1; i < count; ++i) text += "A: b\r\n";
    return WithHost(text);
  };
  EXPECT_EQ(ErrorOf(fields(100)), 0);
  EXPECT_EQ(ErrorOf(fields(101)), 431);
  const auto head = [](size_t size) {
    const std::string quarter = "A: " + std::string(8000, 'b') + "\r\n";
    std::string text = quarter + quarter + quarter;
    const size_t rest = size - WithHost(text).size();
    return WithHost(text + "B: " + std::string(rest - 5, 'c') + "\r\n");
  };
  ASSERT_EQ(head(32768).size(), 32768u);
  EXPECT_EQ(ErrorOf(head(32768)), 0);
  EXPECT_EQ(ErrorOf(head(32769)), 431);
  const auto field = [](size_t size) {
    return WithHost("A: " + std::string(size - 3, 'b') + "\r\n");
  };
  EXPECT_EQ(ErrorOf(field(16384)), 0);
  EXPECT_EQ(ErrorOf(field(16385)), 431);
}

TEST(RequestParserTest, AnEndlessLineIsRefusedAtItsLimit) {
  EXPECT_EQ(ErrorOf(std::string(33, 'A')), 501);
  EXPECT_EQ(ErrorOf("GET /" + std::string(8191, 'a')), -1);
  EXPECT_EQ(ErrorOf("GET /" + std::string(8192, 'a')), 414);
  const std::string start(kGet);
  EXPECT_EQ(ErrorOf(start + std::string(16384, 'a')), -1);
  EXPECT_EQ(ErrorOf(start + std::string(16385, 'a')), 431);
  EXPECT_EQ(ErrorOf(start + "A:" + std::string(16382, ' ')), -1);
  EXPECT_EQ(ErrorOf(start + "A:" + std::string(16383, ' ')), 431);
}

// A fresh field of blanks at the end, fed byte by byte, would cost seconds if
// what was scanned were scanned again: 32 KiB * 32 KiB / 2 bytes, many times.
TEST(RequestParserTest, ByteByByteIsLinear) {
  const std::string input =
      absl::StrCat(kGet, kHost, "A: ", std::string(16000, ' '),
                   "b\r\nC: ", std::string(16000, 'd'), "\r\n\r\n");
  RequestParser parser;
  Request request;
  for (int round = 0; round < 20; ++round) {
    for (size_t size = 1; size < input.size(); ++size) {
      ASSERT_EQ(parser.Parse(std::string_view(input).substr(0, size), &request),
                Result::kNeedMore);
    }
    ASSERT_EQ(parser.Parse(input, &request), Result::kDone);
  }
}

// The example of the header.
enum class Action { kWait, kRefuse, kServe };

Action OnBytes(RequestParser& parser, std::string_view& unconsumed,
               Request* request) {
  switch (parser.Parse(unconsumed, request)) {
    case RequestParser::Result::kNeedMore:
      return Action::kWait;
    case RequestParser::Result::kError:
      return Action::kRefuse;
    case RequestParser::Result::kDone:
      unconsumed.remove_prefix(request->head_bytes);
  }
  return Action::kServe;
}

TEST(RequestParserTest, TheExampleInTheHeaderWorks) {
  RequestParser parser;
  Request request;
  const std::string input = WithHost("") + "BAD\n";
  std::string_view unconsumed = std::string_view(input).substr(0, 10);
  EXPECT_EQ(OnBytes(parser, unconsumed, &request), Action::kWait);
  unconsumed = input;
  EXPECT_EQ(OnBytes(parser, unconsumed, &request), Action::kServe);
  EXPECT_EQ(unconsumed, "BAD\n");
  EXPECT_EQ(OnBytes(parser, unconsumed, &request), Action::kRefuse);
}

}  // namespace
}  // namespace kingpin::http
