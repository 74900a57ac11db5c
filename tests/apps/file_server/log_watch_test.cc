#include "apps/file_server/log_watch.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "kingpin/logger/logger.h"
#include "kingpin/sys/unique_fd.h"

namespace file_server {
namespace {

using kingpin::Logger;
using kingpin::LogLevel;
using kingpin::UniqueFd;

class LogWatchTest : public ::testing::Test {
 protected:
  LogWatchTest()
      : file_(open(::testing::TempDir().c_str(), O_TMPFILE | O_RDWR, 0600)),
        main_file_(
            open(::testing::TempDir().c_str(), O_TMPFILE | O_RDWR, 0600)),
        full_(open("/dev/full", O_WRONLY)),
        fd_(dup(file_.get())),
        main_log_({.fd = main_file_.get()}),
        log_({.fd = fd_.get(), .when_full = Logger::WhenFull::kDrop}),
        watch_(&log_) {
    Logger::SetDefault(&main_log_);
  }

  // What the log's descriptor leads to from now on.
  void LeadTo(const UniqueFd& to) { ASSERT_GE(dup2(to.get(), fd_.get()), 0); }
  void WriteAndLook() {
    log_.Write(LogLevel::kInfo, "line");
    log_.Flush();
    watch_.Look();
  }
  std::string Said() {
    main_log_.Flush();
    std::string text(1 << 16, 0);
    text.resize(pread(main_file_.get(), text.data(), text.size(), 0));
    return text;
  }

  UniqueFd file_;
  UniqueFd main_file_;
  UniqueFd full_;
  UniqueFd fd_;
  Logger main_log_;
  Logger log_;
  LogWatch watch_;
};

TEST_F(LogWatchTest, SaysNothingWhileAllIsWell) {
  watch_.Look();
  for (int i = 0; i < 3; ++i) WriteAndLook();
  EXPECT_EQ(Said(), "");
  LogWatch none(nullptr);
  none.Look();
  EXPECT_EQ(Said(), "");
}

TEST_F(LogWatchTest, SaysOnceThatItFailsAndOnceThatItIsWell) {
  WriteAndLook();
  for (int round = 1; round <= 2; ++round) {
    LeadTo(full_);
    for (int i = 0; i < 3; ++i) WriteAndLook();
    watch_.Look();  // Nothing was logged since: that is no recovery.
    std::string said = Said();
    EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 2 * round - 1);
    EXPECT_TRUE(absl::StrContains(said, "ERROR")) << said;
    EXPECT_TRUE(absl::StrContains(said, "cannot be written")) << said;
    LeadTo(file_);
    for (int i = 0; i < 3; ++i) WriteAndLook();
    said = Said();
    EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 2 * round);
    EXPECT_TRUE(absl::EndsWith(said, "3 lines were lost\n")) << said;
  }
}

}  // namespace
}  // namespace file_server
