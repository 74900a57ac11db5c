#include "kingpin/logger/verbosity.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <atomic>
#include <deque>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/logger/file_sink.h"
#include "kingpin/logger/klog.h"
#include "kingpin/logger/logger.h"
#include "kingpin/logger/verbosity_on_signal.h"
#include "tests/logger/sink_testing.h"
#include "tests/testing/scratch_directory.h"

namespace kingpin {
namespace {

using log_internal::VerboseSite;
using testing::CheckedCounters;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::ReadFile;
using testing::ScratchDirectory;
using testing::SplitLines;

// The verbosity of a module that is met now.
int VerbosityOf(std::string_view path) {
  // They stay, as the static objects of KVLOG do.
  static auto& paths = *new std::deque<std::string>;
  static auto& sites = *new std::deque<VerboseSite>;
  VerboseSite& site = sites.emplace_back(paths.emplace_back(path));
  int n = 0;
  while (site.Enabled(n + 1)) ++n;
  return n;
}

// First of all: nobody has called SetVerbosity() yet.
TEST(Verbosity, TheEnvironmentIsTheFirstSpec) {
  setenv("KINGPIN_VERBOSITY", "from_env=3,1", 1);
  EXPECT_EQ(VerbosityOf("a/from_env.cc"), 3);
  EXPECT_EQ(VerbosityOf("a/other.cc"), 1);
  EXPECT_EQ(Verbosity(), "from_env=3,1");
}

TEST(Verbosity, PatternsAreOfModulesAndTheFirstCounts) {
  ASSERT_TRUE(SetVerbosity("http_*=2,*_h?ndler=4,x=5,y*=,1").code() ==
              absl::StatusCode::kInvalidArgument);
  ASSERT_TRUE(SetVerbosity("http_*=2,*_h?ndler=4,x=5,1").ok());
  const std::pair<const char*, int> cases[] = {
      {"kingpin/http/http_handler.cc", 2},
      {"io_handler.cc", 4},
      {"io_handler.test.cc", 4},
      {"io_haandler.cc", 1},
      {"x.h", 5},
      {"xx.h", 1},
      {"/x/y.cc", 1},
      {"", 1}};
  for (const auto& [path, want] : cases) {
    EXPECT_EQ(VerbosityOf(path), want) << path;
  }
}

TEST(Verbosity, StarsTakeNoExponentialTime) {
  const std::string many(500, 'a');
  ASSERT_TRUE(SetVerbosity("*a*a*a*a*a*a*a*a*a*a*a*a*a*b=1").ok());
  EXPECT_EQ(VerbosityOf(many), 0);
  EXPECT_EQ(VerbosityOf(many + "b"), 1);
}

TEST(Verbosity, ErrorsNameThePartAndChangeNothing) {
  ASSERT_TRUE(SetVerbosity("a=1").ok());
  for (const char* bad :
       {"b", "b=", "=1", "b=-1", "b=x", "b=99999999999", "a=2,b=1x", "1,2",
        "x/b=1", "b.cc=1", "b c=1", "b=1=2", ",", "b=0,", " "}) {
    const absl::Status status = SetVerbosity(bad);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << bad;
    EXPECT_THAT(status.message(), HasSubstr("PATTERN=NUMBER")) << bad;
  }
  EXPECT_EQ(Verbosity(), "a=1");
  EXPECT_EQ(VerbosityOf("a.cc"), 1);
  EXPECT_TRUE(SetVerbosity("").ok());
  EXPECT_TRUE(SetVerbosity(" b = 2 , 0 ").ok());
  EXPECT_EQ(VerbosityOf("b.cc"), 2);
}

TEST(VerbosityDeathTest, AMalformedEnvironmentIsTold) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  auto meet = [] {
    setenv("KINGPIN_VERBOSITY", "a/b=1", 1);
    _exit(VerbosityOf("b.cc"));
  };
  EXPECT_EXIT(meet(), ::testing::ExitedWithCode(0),
              "log: KINGPIN_VERBOSITY: verbosity \"a/b=1\"");
}

class VerboseLog : public ::testing::Test {
 protected:
  VerboseLog() : log_({.sink = *FileSinkFactory({.path = path_})}) {}

  std::vector<std::string> Lines() {
    CheckedCounters(log_);
    return SplitLines(ReadFile(path_));
  }

  ScratchDirectory directory_;
  const std::string path_ = directory_.File("log");
  Logger log_;
};

TEST_F(VerboseLog, ChangesWhileItRuns) {
  int evaluated = 0;
  auto log = [&] {
    KVLOG_TO(log_, 1) << "one " << ++evaluated;
    KVLOGF_TO(log_, 2, "two {}", ++evaluated);
  };
  ASSERT_TRUE(SetVerbosity("0").ok());
  log();
  EXPECT_EQ(evaluated, 0);
  ASSERT_TRUE(SetVerbosity("verbosity_test=1").ok());
  log();
  ASSERT_TRUE(SetVerbosity("other=1,2").ok());
  log();
  ASSERT_TRUE(SetVerbosity("").ok());
  log();
  EXPECT_THAT(Lines(), ElementsAre(EndsWith("one 1"), EndsWith("one 2"),
                                   EndsWith("two 3")));
}

TEST_F(VerboseLog, LinesAreOfLevelDebugWhateverTheLeastLevel) {
  ASSERT_TRUE(SetVerbosity("1").ok());
  log_.set_min_level(LogLevel::kError);
  KVLOG_TO(&log_, 1) << "seen";
  EXPECT_THAT(Lines(), ElementsAre(HasSubstr(" DEBUG ")));
}

TEST_F(VerboseLog, AnElseBelongsToTheUser) {
  ASSERT_TRUE(SetVerbosity("").ok());
  bool reached = false;
  const bool no = false;
  if (no)
    KVLOG_TO(log_, 1) << "x";
  else
    reached = true;
  EXPECT_TRUE(reached);
  EXPECT_THAT(Lines(), IsEmpty());
}

// Whoever changes it last is heard by every statement, also by those that were met
// for the first time meanwhile.
TEST_F(VerboseLog, TheLastChangeCountsForAll) {
  for (int round = 0; round < 50; ++round) {
    std::vector<VerboseSite*> sites;
    for (int i = 0; i < 20; ++i) sites.push_back(new VerboseSite("m.cc"));
    std::vector<std::thread> threads;
    for (int t = 0; t < 2; ++t) {
      threads.emplace_back([&] {
        for (VerboseSite* site : sites) site->Enabled(1);
      });
      threads.emplace_back([&, t] {
        for (int i = 0; i < 5; ++i) {
          SetVerbosity(absl::StrCat("m=", 10 * t + i)).IgnoreError();
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    const std::string spec = Verbosity();
    const int want = std::stoi(spec.substr(2));
    for (VerboseSite* site : sites) {
      EXPECT_TRUE(site->Enabled(want)) << spec;
      EXPECT_FALSE(site->Enabled(want + 1)) << spec;
    }
  }
}

// --- By signals -------------------------------------------------------------------

class WithVerbosityBySignal : public ::testing::Test {
 protected:
  WithVerbosityBySignal() { SetVerbosity("quiet=0,1").IgnoreError(); }
  ~WithVerbosityBySignal() override { AddVerbosity(-1'000'000); }
};

TEST_F(WithVerbosityBySignal, OneMoreAndOneLess) {
  ScratchDirectory directory;
  Logger log({.sink = *FileSinkFactory({.path = directory.File("log")})});
  Logger* const before_log = Logger::SetDefault(&log);
  struct sigaction before;
  sigaction(SIGUSR1, nullptr, &before);
  static VerboseSite met_before("quiet.cc");
  EXPECT_FALSE(met_before.Enabled(1));
  {
    VerbosityOnSignal verbosity(SIGUSR1, SIGUSR2);
    errno = EXDEV;
    raise(SIGUSR1);
    raise(SIGUSR1);
    EXPECT_EQ(errno, EXDEV);
    EXPECT_TRUE(met_before.Enabled(2));
    EXPECT_FALSE(met_before.Enabled(3));
    EXPECT_EQ(VerbosityOf("b/other.cc"), 3);
    // It is on top of what is set now.
    SetVerbosity("quiet=4").IgnoreError();
    EXPECT_TRUE(met_before.Enabled(6));
    for (int i = 0; i < 3; ++i) raise(SIGUSR2);
    EXPECT_TRUE(met_before.Enabled(4));
    EXPECT_FALSE(met_before.Enabled(5));
    EXPECT_EQ(Verbosity(), "quiet=4");
  }
  struct sigaction after;
  sigaction(SIGUSR1, nullptr, &after);
  EXPECT_EQ(before.sa_handler, after.sa_handler);
  CheckedCounters(log);
  Logger::SetDefault(before_log);
  EXPECT_THAT(SplitLines(ReadFile(directory.File("log"))),
              ElementsAre(EndsWith(" verbosity is raised by 1"),
                          EndsWith(" verbosity is raised by 2"),
                          EndsWith(" verbosity is raised by 1"),
                          EndsWith(" verbosity is raised by 0"),
                          EndsWith(" verbosity is raised by 0")));
}

// A signal may come in the middle of anything that looks at the verbosity.
TEST_F(WithVerbosityBySignal, WhileStatementsLookAndSpecsChange) {
  ScratchDirectory directory;
  Logger log({.when_full = Logger::WhenFull::kDrop,
              .sink = *FileSinkFactory({.path = directory.File("log")})});
  Logger* const before_log = Logger::SetDefault(&log);
  VerbosityOnSignal verbosity(SIGUSR1, SIGUSR2);
  std::atomic<bool> stop = false;
  std::thread sender([&stop] {
    while (!stop) kill(getpid(), SIGUSR1);
  });
  for (int i = 0; i < 300; ++i) {
    SetVerbosity(absl::StrCat("met=", i)).IgnoreError();
    EXPECT_GE(VerbosityOf("met.cc"), i);
    AddVerbosity(-1'000'000);
  }
  stop = true;
  sender.join();
  AddVerbosity(-1'000'000);
  SetVerbosity("met=7").IgnoreError();
  EXPECT_EQ(VerbosityOf("met.cc"), AddVerbosity(0) + 7);
  CheckedCounters(log);
  Logger::SetDefault(before_log);
}

}  // namespace
}  // namespace kingpin
