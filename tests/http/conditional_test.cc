#include "kingpin/http/conditional.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"

namespace kingpin::http {
namespace {

using Outcome = Conditional::Outcome;

constexpr std::string_view kDate = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr std::string_view kEarlier = "Sun, 06 Nov 1994 08:49:36 GMT";
constexpr std::string_view kLater = "Sun, 06 Nov 1994 08:49:38 GMT";
constexpr int64_t kSeconds = 784'111'777;
constexpr int64_t kNow = kSeconds + 100;

const Validators kStrong{.etag = "\"a\"", .last_modified = kSeconds};
const Validators kWeak{.etag = "W/\"a\"", .last_modified = kSeconds};
const Validators kNothing{};
const Validators kAbsent{.exists = false};

struct Answer {
  Outcome outcome;
  std::string range;  // Empty: does not apply.
};

Answer Evaluate(std::string_view method, std::string_view fields,
                const Validators& current = kStrong, int64_t now = kNow) {
  const std::string head =
      absl::StrCat(method, " / HTTP/1.1\r\nHost: a\r\n", fields,
                   fields.empty() ? "" : "\r\n", "\r\n");
  RequestParser parser;
  Request request;
  EXPECT_EQ(parser.Parse(head, &request), RequestParser::Result::kDone) << head;
  const Conditional result = EvaluateConditions(request, current, now);
  return {result.outcome, std::string(result.range.value_or(""))};
}

Outcome Get(std::string_view fields, const Validators& current = kStrong) {
  return Evaluate("GET", fields, current).outcome;
}

Outcome Put(std::string_view fields, const Validators& current = kStrong) {
  return Evaluate("PUT", fields, current).outcome;
}

TEST(ConditionalTest, ProceedsWithoutConditions) {
  EXPECT_EQ(Get(""), Outcome::kProceed);
  EXPECT_EQ(Put("", kAbsent), Outcome::kProceed);
}

TEST(ConditionalTest, IfMatchComparesStrongly) {
  EXPECT_EQ(Get("If-Match: \"a\""), Outcome::kProceed);
  EXPECT_EQ(Get("If-Match: \"b\""), Outcome::kPreconditionFailed);
  EXPECT_EQ(Get("If-Match: \"A\""), Outcome::kPreconditionFailed);
  EXPECT_EQ(Get("If-Match: \"b\", \"a\""), Outcome::kProceed);
  EXPECT_EQ(Get("If-Match: \"b\",\t,\"a\""), Outcome::kProceed);
  EXPECT_EQ(Get("If-Match: \"b\"\r\nIf-Match: \"a\""), Outcome::kProceed);
  EXPECT_EQ(Get("If-Match: W/\"a\""), Outcome::kPreconditionFailed);
  EXPECT_EQ(Get("If-Match: W/\"a\"", kWeak), Outcome::kPreconditionFailed);
  EXPECT_EQ(Get("If-Match: \"a\"", kWeak), Outcome::kPreconditionFailed);
  EXPECT_EQ(Get("If-Match: \"a\"", kNothing), Outcome::kPreconditionFailed);
}

TEST(ConditionalTest, IfMatchStarAsksForExistence) {
  EXPECT_EQ(Put("If-Match: *"), Outcome::kProceed);
  EXPECT_EQ(Put("If-Match: *", kNothing), Outcome::kProceed);
  EXPECT_EQ(Put("If-Match: *", kAbsent), Outcome::kPreconditionFailed);
}

TEST(ConditionalTest, MalformedTagsMatchNothing) {
  const std::string_view kBad[] = {
      "",         "a",  "\"a", "a\"",      "\"a\" \"a\"", "\"a\"\"b\"",
      "w/\"a\"",  "W/", "W/a", "W /\"a\"", "\"a\", b",    "\"a\", *",
      "*, \"a\"", "**", "'a'", "\"a\";",   "\"a\"b",      "\"a b\"",
  };
  for (const std::string_view value : kBad) {
    EXPECT_EQ(Get(absl::StrCat("If-Match: ", value)),
              Outcome::kPreconditionFailed)
        << value;
    EXPECT_EQ(Get(absl::StrCat("If-None-Match: ", value)), Outcome::kProceed)
        << value;
  }
  EXPECT_EQ(Get("If-None-Match: *\r\nIf-None-Match: \"a\""), Outcome::kProceed);
  EXPECT_EQ(Get("If-None-Match: *\r\nIf-None-Match: *"), Outcome::kProceed);
}

TEST(ConditionalTest, IfUnmodifiedSince) {
  const auto field = [](std::string_view date) {
    return absl::StrCat("If-Unmodified-Since: ", date);
  };
  EXPECT_EQ(Put(field(kDate)), Outcome::kProceed);
  EXPECT_EQ(Put(field(kLater)), Outcome::kProceed);
  EXPECT_EQ(Put(field(kEarlier)), Outcome::kPreconditionFailed);
  EXPECT_EQ(Get(field(kEarlier)), Outcome::kPreconditionFailed);
  EXPECT_EQ(Put(field("yesterday")), Outcome::kProceed);
  EXPECT_EQ(Put(field(kEarlier), kNothing), Outcome::kProceed);
  EXPECT_EQ(Put(absl::StrCat(field(kEarlier), "\r\n", field(kEarlier))),
            Outcome::kProceed);
}

TEST(ConditionalTest, IfMatchSilencesIfUnmodifiedSince) {
  EXPECT_EQ(Put(absl::StrCat("If-Unmodified-Since: ", kEarlier,
                             "\r\nIf-Match: \"a\"")),
            Outcome::kProceed);
}

TEST(ConditionalTest, IfNoneMatchComparesWeakly) {
  EXPECT_EQ(Get("If-None-Match: \"a\""), Outcome::kNotModified);
  EXPECT_EQ(Get("If-None-Match: W/\"a\""), Outcome::kNotModified);
  EXPECT_EQ(Get("If-None-Match: \"a\"", kWeak), Outcome::kNotModified);
  EXPECT_EQ(Get("If-None-Match: \"b\", W/\"a\""), Outcome::kNotModified);
  EXPECT_EQ(Get("If-None-Match: \"b\"\r\nIf-None-Match: \"a\""),
            Outcome::kNotModified);
  EXPECT_EQ(Get("If-None-Match: \"b\""), Outcome::kProceed);
  EXPECT_EQ(Get("If-None-Match: \"a\"", kNothing), Outcome::kProceed);
  EXPECT_EQ(Evaluate("HEAD", "If-None-Match: \"a\"").outcome,
            Outcome::kNotModified);
  EXPECT_EQ(Put("If-None-Match: \"a\""), Outcome::kPreconditionFailed);
}

TEST(ConditionalTest, IfNoneMatchStarAsksForAbsence) {
  EXPECT_EQ(Put("If-None-Match: *"), Outcome::kPreconditionFailed);
  EXPECT_EQ(Put("If-None-Match: *", kAbsent), Outcome::kProceed);
  EXPECT_EQ(Get("If-None-Match: *", kNothing), Outcome::kNotModified);
}

TEST(ConditionalTest, IfModifiedSince) {
  const auto field = [](std::string_view date) {
    return absl::StrCat("If-Modified-Since: ", date);
  };
  EXPECT_EQ(Get(field(kDate)), Outcome::kNotModified);
  EXPECT_EQ(Get(field(kLater)), Outcome::kNotModified);
  EXPECT_EQ(Get(field(kEarlier)), Outcome::kProceed);
  EXPECT_EQ(Get(field("Sun Nov  6 08:49:37 1994")), Outcome::kNotModified);
  EXPECT_EQ(Get(field("soon")), Outcome::kProceed);
  EXPECT_EQ(Get(field(kDate), kNothing), Outcome::kProceed);
  EXPECT_EQ(Get(absl::StrCat(field(kDate), "\r\n", field(kDate))),
            Outcome::kProceed);
  EXPECT_EQ(Evaluate("HEAD", field(kDate)).outcome, Outcome::kNotModified);
  EXPECT_EQ(Put(field(kDate)), Outcome::kProceed);
}

TEST(ConditionalTest, IfNoneMatchSilencesIfModifiedSince) {
  EXPECT_EQ(Get(absl::StrCat("If-Modified-Since: ", kDate,
                             "\r\nIf-None-Match: \"b\"")),
            Outcome::kProceed);
  EXPECT_EQ(Get(absl::StrCat("If-Modified-Since: ", kEarlier,
                             "\r\nIf-None-Match: \"a\"")),
            Outcome::kNotModified);
}

TEST(ConditionalTest, FailuresComeBeforeNotModified) {
  EXPECT_EQ(Get("If-None-Match: \"a\"\r\nIf-Match: \"b\""),
            Outcome::kPreconditionFailed);
  EXPECT_EQ(Get("If-None-Match: \"a\"\r\nIf-Match: \"a\""),
            Outcome::kNotModified);
}

TEST(ConditionalTest, RangeIsForGetThatProceeds) {
  EXPECT_EQ(Evaluate("GET", "Range: bytes=0-1").range, "bytes=0-1");
  EXPECT_EQ(Evaluate("HEAD", "Range: bytes=0-1").range, "");
  EXPECT_EQ(Evaluate("PUT", "Range: bytes=0-1").range, "");
  EXPECT_EQ(Evaluate("GET", "Range: bytes=0-1\r\nIf-None-Match: \"a\"").range,
            "");
  EXPECT_EQ(Evaluate("GET", "Range: bytes=0-1\r\nRange: bytes=0-1").range, "");
}

std::string RangeIf(std::string_view condition,
                    const Validators& current = kStrong, int64_t now = kNow) {
  return Evaluate("GET",
                  absl::StrCat("Range: bytes=0-1\r\nIf-Range: ", condition),
                  current, now)
      .range;
}

TEST(ConditionalTest, IfRangeComparesStrongly) {
  EXPECT_EQ(RangeIf("\"a\""), "bytes=0-1");
  EXPECT_EQ(RangeIf("\"b\""), "");
  EXPECT_EQ(RangeIf("W/\"a\""), "");
  EXPECT_EQ(RangeIf("\"a\"", kWeak), "");
  EXPECT_EQ(RangeIf("W/\"a\"", kWeak), "");
  EXPECT_EQ(RangeIf("\"a\", \"b\""), "");
  EXPECT_EQ(RangeIf("*"), "");
  EXPECT_EQ(RangeIf(""), "");
  EXPECT_EQ(RangeIf("\"a\"\r\nIf-Range: \"a\""), "");
  EXPECT_EQ(RangeIf("\"a\"", kNothing), "");
}

TEST(ConditionalTest, IfRangeDateIsExactAndOld) {
  EXPECT_EQ(RangeIf(kDate), "bytes=0-1");
  EXPECT_EQ(RangeIf(kEarlier), "");
  EXPECT_EQ(RangeIf(kLater), "");
  EXPECT_EQ(RangeIf(kDate, kNothing), "");
  EXPECT_EQ(RangeIf(kDate, kStrong, kSeconds), "");
  EXPECT_EQ(RangeIf(kDate, kStrong, kSeconds + 1), "bytes=0-1");
}

TEST(ConditionalTest, IfRangeWithoutRangeIsIgnored) {
  EXPECT_EQ(Evaluate("GET", "If-Range: \"b\"").outcome, Outcome::kProceed);
}

// The example of the header.
std::string Serve(const Request& request, int64_t mtime, int64_t now) {
  Validators current{.etag = "\"5f-60\"", .last_modified = mtime};
  Conditional conditional = EvaluateConditions(request, current, now);
  if (conditional.outcome == Conditional::Outcome::kNotModified) return "304";
  if (conditional.outcome != Conditional::Outcome::kProceed) return "412";
  return conditional.range.has_value() ? "range" : "whole";
}

TEST(ConditionalTest, TheExampleInTheHeaderWorks) {
  Request request;
  RequestParser().Parse("GET / HTTP/1.1\r\nHost: a\r\nRange: bytes=0-\r\n\r\n",
                        &request);
  EXPECT_EQ(Serve(request, kSeconds, kNow), "range");
}

}  // namespace
}  // namespace kingpin::http
