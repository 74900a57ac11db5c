// Compiled with -DKINGPIN_MIN_LOG_LEVEL=2, unlike another file of the program.
#include <string>

#include "gtest/gtest.h"
#include "kingpin/logger/file_sink.h"
#include "kingpin/logger/klog.h"
#include "kingpin/logger/logger.h"
#include "tests/logger/sink_testing.h"
#include "tests/logger/unstripped.h"
#include "tests/testing/scratch_directory.h"

namespace kingpin {
namespace {

using testing::CheckedCounters;
using testing::ScratchDirectory;

// Nothing is inlined here nor there: BUILD.bazel.
TEST(StrippingOfOneFile, LeavesTheOthersAsTheyAre) {
  ScratchDirectory directory;
  const std::string path = directory.File("log");
  Logger log({.sink = *FileSinkFactory({.path = path})});
  KLOG_TO(log, INFO) << "of this file";
  KLOG_TO(log, WARNING) << "of this file";
  LogInfoUnstripped(log);
  EXPECT_EQ(CheckedCounters(log).written, 3);
}

}  // namespace
}  // namespace kingpin
