// Compiled with -DKINGPIN_MIN_LOG_LEVEL=2: DEBUG and INFO are not there.
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/logger/file_sink.h"
#include "kingpin/logger/klog.h"
#include "kingpin/logger/logger.h"
#include "tests/logger/sink_testing.h"
#include "tests/testing/scratch_directory.h"

namespace kingpin {
namespace {

using testing::CheckedCounters;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::ReadFile;
using testing::ScratchDirectory;
using testing::SplitLines;

TEST(Stripping, StatementsBelowTheLeastLevelAreNotInTheProgram) {
  ScratchDirectory directory;
  const std::string path = directory.File("log");
  Logger log({.min_level = LogLevel::kDebug,
              .sink = *FileSinkFactory({.path = path})});
  Logger::SetDefault(&log);
  int evaluated = 0;
  KLOG(DEBUG) << "stripped-a, a text too long for an instruction"
              << ++evaluated;
  KLOG(INFO) << "stripped-b, a text too long for an instruction" << ++evaluated;
  KLOGF(INFO, "stripped-c, a text too long for an instruction {}", ++evaluated);
  KLOGF_EVERY_SECOND(INFO, "stripped-d, a text too long for an instruction {}",
                     ++evaluated);
  KVLOG(0) << "stripped-e, a text too long for an instruction" << ++evaluated;
  KLOG_RAW(INFO, "stripped-f, a text too long for an instruction");
  EXPECT_EQ(evaluated, 0);
  KLOG(WARNING) << "kept-a, a text too long for an instruction";
  KLOGF(ERROR, "kept-b, a text too long for an instruction {}", ++evaluated);
  Logger::SetDefault(nullptr);
  CheckedCounters(log);
  EXPECT_THAT(SplitLines(ReadFile(path)),
              ElementsAre(HasSubstr(" kept-a"), HasSubstr(" kept-b")));

  // In optimised builds only: others may keep what is never reached, and GCC's -O1
  // with ThreadSanitizer turns a whole text into instructions that store its parts.
#ifdef NDEBUG
  std::ifstream file("/proc/self/exe", std::ios::binary);
  const std::string program{std::istreambuf_iterator<char>(file), {}};
  // Put together here, so that the search does not find itself.
  auto has = [&](std::string_view begin, std::string_view end) {
    return absl::StrContains(program, absl::StrCat(begin, "-", end));
  };
  EXPECT_TRUE(has("kept", "a, a"));
  EXPECT_TRUE(has("kept", "b, a"));
  for (const char* letter : {"a, a", "b, a", "c, a", "d, a", "e, a", "f, a"}) {
    EXPECT_FALSE(has("stripped", letter)) << letter;
  }
#endif
}

}  // namespace
}  // namespace kingpin
