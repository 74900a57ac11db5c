// What the reports say, and that no result breaks them.
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "apps/bench_client/html_report.h"
#include "apps/bench_client/result.h"
#include "apps/bench_client/svg_chart.h"
#include "apps/bench_client/text_report.h"
#include "apps/bench_client/units.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bench_client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

Result Sample() {
  Result result{.url = "http://127.0.0.1:8080/a?b=1&c=<x>",
                .command = "bench_client 'http://...'",
                .machine = "a machine",
                .threads = 2,
                .connections = 64,
                .seconds = 10,
                .cpu_seconds = 5};
  result.counts.requests = 100'001;
  result.counts.responses = 100'000;
  result.counts.by_class[2] = 99'000;
  result.counts.by_class[4] = 1'000;
  result.counts.failures.Add("the peer closed", 1);
  for (int i = 0; i < 100'000; ++i) {
    result.counts.latency.Record(100'000 + 37 * (i % 9'000) +
                                 (i % 1000 == 0 ? 5'000'000 : 0));
  }
  for (int i = 0; i < 10; ++i) {
    result.intervals.push_back({.begin_seconds = 1.0 * i,
                                .seconds = 1,
                                .responses = 10'000,
                                .p50_ns = 260'000,
                                .p99_ns = 430'000,
                                .max_ns = 5'400'000});
  }
  return result;
}

TEST(Units, ThreeDigits) {
  EXPECT_EQ(DurationText(0), "0 ns");
  EXPECT_EQ(DurationText(999), "999 ns");
  EXPECT_EQ(DurationText(1'234'000), "1.23 ms");
  EXPECT_EQ(DurationText(999'900), "1.00 ms");
  EXPECT_EQ(DurationText(12'345'000'000), "12.3 s");
  EXPECT_EQ(DurationText(7.2e12), "7200 s");
  EXPECT_EQ(CountText(0), "0");
  EXPECT_EQ(CountText(42), "42");
  EXPECT_EQ(CountText(42.5), "42.5");
  EXPECT_EQ(CountText(1'234'567), "1.23M");
  EXPECT_EQ(BytesText(1023), "1023 B");
  EXPECT_EQ(BytesText(1 << 20), "1 MiB");
}

TEST(TextReport, SaysWhatWasFound) {
  const std::string text = TextReport(Sample(), {.utf8 = true});
  EXPECT_THAT(text, HasSubstr("10.0 s, 2 threads, 64 connections"));
  EXPECT_THAT(text, HasSubstr("10.0k/s"));
  EXPECT_THAT(text, HasSubstr("2xx: 99000, 4xx: 1000"));
  EXPECT_THAT(text, HasSubstr("1  the peer closed"));
  EXPECT_THAT(text, HasSubstr("99.9 %"));
  EXPECT_THAT(text, HasSubstr("█"));
  EXPECT_THAT(text, HasSubstr("from sending a request"));
  EXPECT_THAT(text, Not(HasSubstr("unsent")));
}

TEST(TextReport, WithoutUtf8ItIsAscii) {
  for (unsigned char c : TextReport(Sample(), {.utf8 = false})) {
    ASSERT_LT(c, 0x80);
  }
}

TEST(TextReport, WhatAConstantRateAdds) {
  Result result = Sample();
  result.rate = 10'000;
  result.unsent = 7;
  result.lag.Record(50'000);
  const std::string text = TextReport(result, {});
  EXPECT_THAT(text, HasSubstr("from when a request was due"));
  EXPECT_THAT(text, HasSubstr("unsent              7"));
  EXPECT_THAT(text, HasSubstr("50.0 us"));
}

TEST(Reports, WhatWasUnderWayAtTheEnd) {
  Result result = Sample();
  result.unanswered = {.count = 3, .longest_ns = 2'000'000'000};
  result.connecting = {.count = 25, .longest_ns = 3'000'000'000};
  const std::string text = TextReport(result, {});
  EXPECT_THAT(text, HasSubstr("under way           3  at the end, for 2 s"));
  EXPECT_THAT(text, HasSubstr("connecting         25  at the end, for 3 s"));
  EXPECT_THAT(HtmlReport(result), HasSubstr("25, for 3 s at most"));
  result.counts = {};
  result.unsent = 9;
  EXPECT_THAT(TextReport(result, {}), HasSubstr("there was no connection"));
}

TEST(Reports, OfNothing) {
  EXPECT_THAT(TextReport({}, {}), HasSubstr("No response, so no latencies."));
  EXPECT_THAT(HtmlReport({}), HasSubstr("</html>"));
}

TEST(Reports, OfASingleResponse) {
  for (int64_t ns : {int64_t{0}, int64_t{1}, int64_t{1'000'000'000'000}}) {
    Result result;
    result.counts.responses = 1;
    result.counts.latency.Record(ns);
    result.intervals = {{.seconds = 0, .responses = 1}};
    EXPECT_THAT(TextReport(result, {}), Not(HasSubstr("nan")));
    EXPECT_THAT(HtmlReport(result), Not(HasSubstr("nan")));
    EXPECT_THAT(HtmlReport(result), Not(HasSubstr("inf,")));
  }
}

TEST(HtmlReport, EscapesWhatComesFromOutside) {
  Result result = Sample();
  result.counts.failures.Add("<script>", 1);
  result.command = "bench_client '\"><b>'";
  const std::string page = HtmlReport(result);
  EXPECT_THAT(page, HasSubstr("b=1&amp;c=&lt;x&gt;"));
  EXPECT_THAT(page, HasSubstr("failed: &lt;script&gt;"));
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, Not(HasSubstr("<b>")));
}

TEST(HtmlReport, FourPicturesAndNoRequestToAnybody) {
  const std::string page = HtmlReport(Sample());
  EXPECT_EQ(std::vector<std::string>(absl::StrSplit(page, "<svg ")).size(), 5u);
  EXPECT_THAT(page, Not(HasSubstr("src=")));
  EXPECT_THAT(page, Not(HasSubstr("href=")));
  EXPECT_THAT(page, HasSubstr(">99.99 %<"));
}

TEST(SvgChart, MarksAreRoundNumbers) {
  EXPECT_THAT(Marks({0, 10}), ElementsAre(0, 2, 4, 6, 8, 10));
  EXPECT_THAT(Marks({0, 7'000}), ElementsAre(0, 2000, 4000, 6000));
  EXPECT_THAT(Marks({100, 1e5, true}), ElementsAre(100, 1e3, 1e4, 1e5));
  EXPECT_THAT(Marks({20, 70, true}), ElementsAre(20, 70));
}

}  // namespace
}  // namespace bench_client
