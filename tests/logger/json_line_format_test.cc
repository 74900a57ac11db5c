#include "kingpin/logger/json_line_format.h"

#include <errno.h>
#include <stdlib.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/logger/file_sink.h"
#include "kingpin/logger/klog.h"
#include "kingpin/logger/log_context.h"
#include "kingpin/logger/log_format.h"
#include "kingpin/logger/logger.h"
#include "kingpin/logger/text_buffer.h"
#include "kingpin/sys/fault.h"
#include "kingpin/sys/syscalls.h"
#include "tests/logger/sink_testing.h"
#include "tests/testing/scratch_directory.h"

namespace kingpin {
namespace {

using ::kingpin::testing::CheckedCounters;
using ::kingpin::testing::ReadFile;
using ::kingpin::testing::ScratchDirectory;
using ::kingpin::testing::SplitLines;
using ::testing::ElementsAre;
using ::testing::MatchesRegex;

std::string Json(std::string_view text) {
  log_internal::TextBuffer out;
  log_internal::AppendJsonString(text, &out);
  return std::string(out.view());
}

TEST(JsonString, EscapesWhatJsonAndTerminalsTakeForMore) {
  EXPECT_EQ(Json(""), "\"\"");
  EXPECT_EQ(Json("plain ~"), "\"plain ~\"");
  EXPECT_EQ(Json("\"\\/"), "\"\\\"\\\\/\"");
  EXPECT_EQ(Json("\n\r\t\b"), "\"\\n\\r\\t\\u0008\"");
  EXPECT_EQ(Json({"\0\x1b\x7f", 3}), "\"\\u0000\\u001b\\u007f\"");
  EXPECT_EQ(Json("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"),
            "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"");
  EXPECT_EQ(Json("\xc2\x85\xc2\x9b"), "\"\\u0085\\u009b\"");
  EXPECT_EQ(Json("\xe2\x80\xa8\xe2\x80\xa9"), "\"\\u2028\\u2029\"");
  EXPECT_EQ(Json("\xe2\x80\xaa\xe2\x80\xae"), "\"\\u202a\\u202e\"");
  EXPECT_EQ(Json("\xe2\x81\xa6\xe2\x81\xa9"), "\"\\u2066\\u2069\"");
  EXPECT_EQ(Json("\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xa5\xe2\x81\xaa"),
            "\"\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xa5\xe2\x81\xaa\"");
  EXPECT_EQ(Json("\xff\xc3"), "\"\\\\xff\\\\xc3\"");
  EXPECT_EQ(Json("\xed\xa0\x80"), "\"\\\\xed\\\\xa0\\\\x80\"");  // A surrogate.
  EXPECT_EQ(Json("\xc0\xaf"), "\"\\\\xc0\\\\xaf\"");  // Could be shorter.
}

class JsonLogTest : public ::testing::Test {
 protected:
  std::vector<std::string> Lines() const { return SplitLines(ReadFile(path_)); }

  ScratchDirectory directory_;
  const std::string path_ = directory_.File("log");
  Logger log_{
      {.sink = *FileSinkFactory({.path = path_}), .format = LogFormat::kJson}};
};

constexpr char kTime[] =
    "\"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{6}Z\"";

TEST_F(JsonLogTest, RecordIsAnObject) {
  // clang-format off
  KLOG_TO(log_, WARNING) << "say \"hello\"\n"; const int line = __LINE__;
  // clang-format on
  log_.Write(LogLevel::kInfo, "raw\t1");
  CheckedCounters(log_);
  EXPECT_THAT(
      Lines(),
      ElementsAre(
          MatchesRegex(absl::StrCat(
              "\\{\"ts\":", kTime, ",\"level\":\"WARNING\",\"thread\":",
              sys::ThreadId(), ",\"file\":\"json_line_format_test.cc\",",
              "\"line\":", line, ",\"msg\":\"say \\\\\"hello\\\\\"\\\\n\"\\}")),
          MatchesRegex(absl::StrCat(
              "\\{\"ts\":", kTime, ",\"level\":\"INFO\",\"thread\":",
              sys::ThreadId(), ",\"msg\":\"raw\\\\t1\"\\}"))));
}

TEST_F(JsonLogTest, ContextIsTwoFields) {
  const LogContext context = {.connection = "0/7.1",
                              .peer = "10.0.0.1:40\"000"};
  {
    ScopedLogContext scope(&context);
    KLOG_TO(log_, INFO) << "x";
  }
  CheckedCounters(log_);
  EXPECT_THAT(Lines(),
              ElementsAre(::testing::HasSubstr(
                  ",\"connection\":\"0/7.1\",\"peer\":\"10.0.0.1:40\\\"000\","
                  "\"msg\":\"x\"}")));
}

TEST(TextLog, ContextStandsInFrontOfTheMessage) {
  ScratchDirectory directory;
  const std::string path = directory.File("log");
  Logger log({.sink = *FileSinkFactory({.path = path})});
  const LogContext context = {.connection = "0/7.1",
                              .peer = "10.0.0.1:40\n000"};
  const LogContext no_peer = {.connection = "0/8.1", .peer = {}};
  {
    ScopedLogContext scope(&context);
    KLOG_TO(log, INFO) << "a";
    ScopedLogContext inner(&no_peer);
    KLOG_TO(log, INFO) << "b";
  }
  KLOG_TO(log, INFO) << "c";
  CheckedCounters(log);
  EXPECT_THAT(
      SplitLines(ReadFile(path)),
      ElementsAre(MatchesRegex(".*\\.cc:[0-9]+ \\[connection 0/7.1 "
                               "10\\.0\\.0\\.1:40\\\\n000\\] a"),
                  MatchesRegex(".*\\.cc:[0-9]+ \\[connection 0/8.1\\] b"),
                  MatchesRegex(".*\\.cc:[0-9]+ c")));
}

TEST_F(JsonLogTest, LostLinesAreAnObject) {
  std::atomic<bool> full = true;
  ScopedFaultHook hook([&](sys::Call call, int) -> sys::Fault {
    if (call != sys::Call::kWrite || !full) return {};
    return {.error = ENOSPC};
  });
  log_.Write(LogLevel::kInfo, "lost");
  log_.Write(LogLevel::kError, "lost");
  log_.Flush();
  full = false;
  EXPECT_EQ(CheckedCounters(log_).dropped, 2);
  EXPECT_THAT(
      Lines(),
      ElementsAre(MatchesRegex(absl::StrCat(
          "\\{\"ts\":", kTime, ",\"level\":\"WARNING\",\"thread\":",
          sys::ThreadId(), ",\"event\":\"dropped\",\"lines\":2,\"dropped\":",
          "\\{\"DEBUG\":0,\"INFO\":1,\"WARNING\":0,\"ERROR\":1\\},\"from\":",
          kTime, ",\"to\":", kTime,
          ",\"msg\":\"dropped 2 lines \\(0/1/0/1\\) from thread [0-9]+ between "
          "[^ ]+ and [^ ]+\"\\}"))));
}

TEST(JsonLineFormat, ClockStepAndNoteAreObjects) {
  log_internal::JsonLineFormat format;
  log_internal::TextBuffer out;
  format.AppendClockStep(-5'000'000, &out);
  format.AppendNote("a \"note\"", &out);
  EXPECT_THAT(
      SplitLines(out.view()),
      ElementsAre(
          MatchesRegex(
              absl::StrCat("\\{\"ts\":", kTime,
                           ",\"level\":\"WARNING\",\"event\":\"clock\",",
                           "\"step_ms\":-5,\"msg\":\"clock set by -5 ms\"\\}")),
          MatchesRegex(absl::StrCat(
              "\\{\"ts\":", kTime, ",\"level\":\"WARNING\",\"event\":\"note\",",
              "\"msg\":\"a \\\\\"note\\\\\"\"\\}"))));
}

// Any bytes at all: mostly such as mean something to UTF-8 or to JSON.
std::string RandomBytes(std::minstd_rand& random) {
  static constexpr char kPieces[][6] = {"\"",   "\\",       "\n",   "\x1b[31m",
                                        "\xe2", "\x82\xac", "\xc2", "\x9b",
                                        "\xf0", "\x90",     "\x7f", "\xed\xa0"};
  std::string text;
  for (size_t pieces = random() % 20; pieces > 0; --pieces) {
    if (random() % 2 == 0) {
      text += static_cast<char>(random() % 256);
    } else {
      const auto& piece = kPieces[random() % std::size(kPieces)];
      text.append(piece, strnlen(piece, sizeof(piece)));
    }
  }
  return text;
}

// Python's parser agrees, and its decoder about what is UTF-8.
constexpr char kCheck[] = R"(
import json, sys
lines = open(sys.argv[1], 'rb').read().decode('utf-8').split('\n')
assert lines.pop() == ''
want = open(sys.argv[2]).read().split('\n')
want.pop()
assert len(lines) == len(want)
for line, text in zip(lines, want):
    record = json.loads(line)
    assert record['msg'] == bytes.fromhex(text).decode('utf-8', 'backslashreplace')
    assert record['peer'] == record['msg'], line
    assert set(record) == {'ts', 'level', 'thread', 'file', 'line', 'connection',
                           'peer', 'msg'}, line
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 or c in '\u2028\u2029\u202a\u202e\u2066\u2069'
                   for c in line), line
)";

TEST_F(JsonLogTest, AnyBytesAreValidJson) {
  if (system("python3 -c 'import json' 2>/dev/null") != 0) {
    GTEST_SKIP() << "no python3";
  }
  std::minstd_rand random(20261123);
  const std::string want = directory_.File("want");
  {
    std::ofstream file(want);
    for (int i = 0; i < 3000; ++i) {
      std::string text = RandomBytes(random);
      if (text.empty()) text = "x";
      const LogContext context = {.connection = text, .peer = text};
      ScopedLogContext scope(&context);
      KLOGF_TO(log_, INFO, "{}", text);
      file << absl::BytesToHexString(text) << '\n';
    }
  }
  EXPECT_EQ(CheckedCounters(log_).written, 3000);
  const std::string script = directory_.File("check.py");
  std::ofstream(script) << kCheck;
  EXPECT_EQ(
      system(absl::StrCat("python3 ", script, " ", path_, " ", want).c_str()),
      0);
}

}  // namespace
}  // namespace kingpin
