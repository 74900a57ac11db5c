// What lines say besides their message, on request: fields by their names, the name of
// the thread, times of another zone or of another clock.
#include <pthread.h>

#include <atomic>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/logger/file_sink.h"
#include "kingpin/logger/format_spec.h"
#include "kingpin/logger/klog.h"
#include "kingpin/logger/log_format.h"
#include "kingpin/logger/logger.h"
#include "tests/logger/sink_testing.h"
#include "tests/testing/scratch_directory.h"

namespace kingpin {
namespace {

using ::kingpin::testing::CheckedCounters;
using ::kingpin::testing::ReadFile;
using ::kingpin::testing::ScratchDirectory;
using ::kingpin::testing::SplitLines;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

class LinePartsTest : public ::testing::Test {
 protected:
  Logger::Options To(Logger::Options options = {}) {
    options.sink = *FileSinkFactory({.path = path_});
    return options;
  }
  std::vector<std::string> Lines(Logger& log) {
    CheckedCounters(log);
    return SplitLines(ReadFile(path_));
  }

  ScratchDirectory directory_;
  const std::string path_ = directory_.File("log");
};

// --- Fields with names ------------------------------------------------------------

using log_internal::ArgType;
using log_internal::CheckFormat;
using log_internal::FormatError;

FormatError Check(std::string_view format, size_t arguments) {
  const ArgType types[] = {ArgType::kInt32, ArgType::kInt32, ArgType::kInt32};
  return CheckFormat(format, types, arguments);
}

TEST(FieldName, IsCheckedWithTheFormat) {
  EXPECT_EQ(Check("{a} {b_2:5} {}", 3), FormatError::kNone);
  EXPECT_EQ(Check("{_} {A}", 2), FormatError::kNone);
  for (const char* wrong : {"{2}", "{a b}", "{a-b}", "{a.b}", "{ a}", "{a"}) {
    EXPECT_EQ(Check(wrong, 1), FormatError::kMalformed) << wrong;
  }
  EXPECT_EQ(Check("{a} {a}", 2), FormatError::kWrongName);
  EXPECT_EQ(Check("{} {a} {a:3}", 3), FormatError::kWrongName);
  for (const char* taken : {"{msg}", "{ts}", "{level}", "{peer}", "{file}"}) {
    EXPECT_EQ(Check(taken, 1), FormatError::kWrongName) << taken;
  }
}

TEST_F(LinePartsTest, NamesDoNotShowInText) {
  Logger log(To());
  KLOGF_TO(log, INFO, "served {path} status={status} in {ms:.1f} ms", "/x", 200,
           1.25);
  EXPECT_THAT(Lines(log),
              ElementsAre(EndsWith(" served /x status=200 in 1.2 ms")));
}

TEST_F(LinePartsTest, NamedFieldsAreMembersInJson) {
  Logger log(To({.format = LogFormat::kJson}));
  KLOGF_TO(log, INFO,
           "{} {text} {yes} {letter} {least} {most} {real:.1f} {nan}", 1,
           "a\"\n\xff", true, 'c', INT64_MIN, UINT64_MAX, 1.25, NAN);
  EXPECT_THAT(
      Lines(log),
      ElementsAre(EndsWith(
          ",\"text\":\"a\\\"\\n\\\\xff\",\"yes\":true,\"letter\":\"c\","
          "\"least\":-9223372036854775808,\"most\":18446744073709551615,"
          "\"real\":1.25,\"nan\":\"nan\",\"msg\":\"1 a\\\"\\n\\\\xff true c "
          "-9223372036854775808 18446744073709551615 1.2 nan\"}")));
}

// Lines that stand for many are those that are looked for.
TEST_F(LinePartsTest, NamedFieldsAreThereWithASuppressedCount) {
  Logger log(To({.format = LogFormat::kJson}));
  Logger::SetDefault(&log);
  for (int i = 0; i < 3; ++i) {
    KLOGF_EVERY_N(INFO, 2, "{path} {status}", "/a", i);
  }
  Logger::SetDefault(nullptr);
  EXPECT_THAT(Lines(log),
              ElementsAre(EndsWith(",\"path\":\"/a\",\"status\":0,"
                                   "\"msg\":\"/a 0\"}"),
                          EndsWith(",\"path\":\"/a\",\"status\":2,"
                                   "\"msg\":\"/a 2 [1 suppressed]\"}")));
}

// --- The name of the thread -------------------------------------------------------

void NamedThreadLogs(Logger& log, const char* name) {
  std::thread([&log, name] {
    pthread_setname_np(pthread_self(), name);
    KLOG_TO(log, INFO) << "hello";
  }).join();
  log.Flush();
}

TEST_F(LinePartsTest, ThreadNameIsThereWhenAskedFor) {
  Logger log(To({.thread_names = true}));
  NamedThreadLogs(log, "loop-0");
  // It gets the ring of the first.
  NamedThreadLogs(log, "a b\n\xff\x1b[31m");
  EXPECT_THAT(
      Lines(log),
      ElementsAre(
          MatchesRegex("[^ ]* INFO [0-9]+/loop-0 line_parts_test.cc:.* hello"),
          MatchesRegex("[^ ]* INFO [0-9]+/a_b___\\[31m line_part.* hello")));
}

TEST_F(LinePartsTest, ThreadNameIsAMemberInJson) {
  Logger log(To({.format = LogFormat::kJson, .thread_names = true}));
  NamedThreadLogs(log, "say \"x\"");
  EXPECT_THAT(Lines(log),
              ElementsAre(HasSubstr(",\"thread_name\":\"say_\\\"x\\\"\",")));
}

TEST_F(LinePartsTest, NoThreadNameUnlessAskedFor) {
  Logger log(To());
  NamedThreadLogs(log, "loop-0");
  EXPECT_THAT(Lines(log), ElementsAre(Not(HasSubstr("loop-0"))));
}

// --- Clocks -------------------------------------------------------------------------

TEST_F(LinePartsTest, TimesOfAnotherZone) {
  Logger log(
      To({.clock = [] { return absl::FromUnixMicros(1'795'433'728'123'456); },
          .time_zone = absl::FixedTimeZone(5 * 3600 + 30 * 60)}));
  KLOG_TO(log, INFO) << "hello";
  EXPECT_THAT(Lines(log), ElementsAre(MatchesRegex(
                              "2026-11-23T17:05:28\\.123456\\+05:30 INFO .*")));
}

TEST_F(LinePartsTest, ClockOfOnesOwnIsTheTimeOfLines) {
  std::atomic<int64_t> seconds = 0;
  Logger log(
      To({.clock = [&seconds] { return absl::FromUnixSeconds(seconds); }}));
  auto say = [&log](int64_t number) { KLOGF_TO(log, INFO, "{}", number); };
  for (const int64_t now : {0, 0, 3600, 7200, 60, 10'000}) {
    seconds = now;
    say(now);
  }
  seconds = 20'000;
  KLOG_RAW_TO(log, INFO, "raw");
  // One that was set back is told by the tilde; each thread's lines keep their order.
  EXPECT_THAT(Lines(log),
              ElementsAre(MatchesRegex("1970-01-01T00:00:00\\.000000Z .* 0"),
                          MatchesRegex("1970-01-01T00:00:00\\.000000Z .* 0"),
                          MatchesRegex("1970-01-01T01:00:00\\.000000Z .* 3600"),
                          MatchesRegex("1970-01-01T02:00:00\\.000000Z .* 7200"),
                          MatchesRegex("1970-01-01T00:01:00\\.000000Z~ .* 60"),
                          MatchesRegex("1970-01-01T02:46:40.*Z .* 10000"),
                          MatchesRegex("1970-01-01T05:33:20.*Z .* raw")));
}

TEST_F(LinePartsTest, ClockThatStandsStillLosesNothing) {
  Logger log(To({.buffer_bytes = 4096,
                 .clock = [] { return absl::FromUnixSeconds(1); }}));
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&log, t] {
      for (int i = 0; i < 2000; ++i) {
        log.Write(LogLevel::kInfo, absl::StrCat(t, " ", i));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<int> next(3);
  for (const std::string& line : Lines(log)) {
    const int t = line[0] - '0';
    ASSERT_EQ(line, absl::StrCat(t, " ", next[t]++));
  }
  EXPECT_THAT(next, ElementsAre(2000, 2000, 2000));
}

absl::Time simulated = absl::FromUnixSeconds(0);

TEST_F(LinePartsTest, ExampleOfLogClock) {
  Logger log(To({.clock = [] { return simulated; }}));
  KLOG_TO(log, INFO) << "hello";
  EXPECT_THAT(Lines(log), ElementsAre(::testing::StartsWith("1970-01-01T00")));
}

}  // namespace
}  // namespace kingpin
