// More log statements than SiteTable has numbers for.
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/logger/file_sink.h"
#include "kingpin/logger/klog.h"
#include "kingpin/logger/logger.h"
#include "kingpin/logger/site.h"
#include "tests/logger/sink_testing.h"
#include "tests/testing/scratch_directory.h"

namespace kingpin {
namespace {

using log_internal::Site;
using log_internal::SiteTable;
using testing::CheckedCounters;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::ReadFile;
using testing::ScratchDirectory;
using testing::SplitLines;

TEST(ManySites, StatementsWithoutANumberLogAsText) {
  ScratchDirectory directory;
  const std::string path = directory.File("log");
  Logger log({.sink = *FileSinkFactory({.path = path})});
  const auto sites = std::make_unique<Site[]>(SiteTable::kMaxSites);
  size_t numbered = 0;
  while (SiteTable::Register(sites[numbered]) != 0) ++numbered;
  EXPECT_GT(numbered, SiteTable::kMaxSites - 100);
  const int line = __LINE__ + 1;
  KLOGF_TO(log, INFO, "format {} {}", 1, "two");
  KLOG_TO(log, ERROR) << "stream\n" << 3;
  KLOGF_TO(log, WARNING, "{}", std::string(1 << 20, 'x'));
  log.Write(LogLevel::kInfo, "raw");
  CheckedCounters(log);
  const std::string place = absl::StrCat(" (unnumbered):0 many_sites_test.cc:");
  EXPECT_THAT(
      SplitLines(ReadFile(path)),
      ElementsAre(EndsWith(absl::StrCat(place, line, " format 1 two")),
                  EndsWith(absl::StrCat(place, line + 1, " stream\\n3")),
                  HasSubstr(absl::StrCat(place, line + 2, " xxx")), "raw"));
}

}  // namespace
}  // namespace kingpin
