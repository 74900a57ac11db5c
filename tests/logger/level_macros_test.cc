// In builds that define the names of levels as macros, as many do DEBUG.
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/logger/file_sink.h"
#include "kingpin/logger/klog.h"
#include "kingpin/logger/logger.h"
#include "tests/logger/sink_testing.h"
#include "tests/testing/scratch_directory.h"

// Here, and not for the whole file: others' headers would not compile.
#define DEBUG 1
#define INFO 0
#define WARNING "warning"
#define ERROR

namespace kingpin {
namespace {

TEST(LevelMacros, EachFormCompiles) {
  testing::ScratchDirectory directory;
  const std::string path = directory.File("log");
  Logger log({.min_level = LogLevel::kDebug,
              .sink = *FileSinkFactory({.path = path})});
  Logger::SetDefault(&log);
  KLOG(DEBUG) << 1;
  KLOG_TO(log, INFO) << 2;
  KLOG_EVERY_SECOND(WARNING) << 3;
  KLOG_EVERY_N(ERROR, 2) << 4;
  KLOG_IF(DEBUG, true) << 5;
  KLOGF(INFO, "{}", 6);
  KLOGF_TO(log, WARNING, "{}", 7);
  KLOGF_EVERY_SECOND(ERROR, "{}", 8);
  KLOGF_EVERY_N(DEBUG, 2, "{}", 9);
  KLOGF_IF(INFO, true, "{}", 10);
  KLOG_RAW(WARNING, "11");
  KLOG_RAW_TO(log, ERROR, "12");
  KVLOG(1) << "off";
  KVLOGF(1, "off");
  const Logger::Counters counters = testing::CheckedCounters(log);
  Logger::SetDefault(nullptr);
  EXPECT_EQ(counters.accepted, 12);
  std::string levels;
  for (const std::string& line : testing::SplitLines(testing::ReadFile(path))) {
    levels += line.substr(line.find(' ') + 1, 1);
  }
  EXPECT_THAT(levels, "DIWEDIWEDIWE");
}

}  // namespace
}  // namespace kingpin
