// The examples at the top of the public headers, as they stand there; those that are
// not here are in the tests of their headers.
#include <fcntl.h>
#include <signal.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

#include "absl/log/log.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/logger/absl_log.h"
#include "kingpin/logger/crash_handler.h"
#include "kingpin/logger/fd_sink.h"
#include "kingpin/logger/file_sink.h"
#include "kingpin/logger/klog.h"
#include "kingpin/logger/level.h"
#include "kingpin/logger/log_context.h"
#include "kingpin/logger/log_format.h"
#include "kingpin/logger/logger.h"
#include "kingpin/logger/reopen_on_signal.h"
#include "kingpin/logger/sink.h"
#include "kingpin/logger/syslog_sink.h"
#include "kingpin/logger/terminal_sink.h"
#include "kingpin/logger/verbosity.h"
#include "kingpin/logger/verbosity_on_signal.h"
#include "kingpin/sys/syscalls.h"
#include "kingpin/sys/unique_fd.h"
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
using ::testing::SizeIs;

class HeaderExample : public ::testing::Test {
 protected:
  ScratchDirectory directory_;
  const std::string path_ = directory_.File("log");
};

TEST_F(HeaderExample, KlogAndLogger) {
  const int port = 7000;
  const int n = 1;
  const std::string peer = "10.0.0.1";
  const int error = EMFILE;
  UniqueFd file =
      sys::Open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644).value;
  Logger log({.fd = file.get(), .when_full = Logger::WhenFull::kDrop});
  Logger::SetDefault(&log);
  KLOG(INFO) << "listening on port " << port;
  KLOGF(INFO, "accepted {} from {}", n, peer);
  KLOG_EVERY_SECOND(ERROR) << "accept: " << strerror(error);
  KLOG_EVERY_N(INFO, 100) << "the 1st, the 101st ...";
  KLOG_IF(INFO, n == 1) << "one";
  KLOG_TO(log, INFO) << "not the default";
  KLOG_RAW(WARNING, "reload asked for");
  KVLOG(1) << "off";
  CheckedCounters(log);
  EXPECT_THAT(SplitLines(ReadFile(path_)), SizeIs(7));
}

TEST_F(HeaderExample, LogContext) {
  Logger log({.sink = *FileSinkFactory({.path = path_})});
  Logger::SetDefault(&log);
  const LogContext context = {.connection = "0/7.1", .peer = "10.0.0.1:40000"};
  ScopedLogContext scope(&context);
  KLOG(INFO) << "too many headers";
  CheckedCounters(log);
  EXPECT_THAT(SplitLines(ReadFile(path_)),
              ElementsAre(EndsWith(
                  " [connection 0/7.1 10.0.0.1:40000] too many headers")));
}

class Collect : public LogSink {
 public:
  explicit Collect(std::string* out) : out_(*out) {}
  SysResult<size_t> Write(const LogBatch& batch) override {
    out_ += batch.text;
    return {batch.text.size(), 0};
  }

 private:
  std::string& out_;
};

TEST_F(HeaderExample, Sink) {
  std::string out;
  Logger log({.sink = [&out] { return std::make_unique<Collect>(&out); }});
  log.Write(LogLevel::kInfo, "line");
  log.Flush();
  EXPECT_EQ(out, "line\n");
}

TEST_F(HeaderExample, FdSinkAndLogFormat) {
  UniqueFd fd =
      sys::Open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644).value;
  Logger log({.sink =
                  [&fd] {
                    return std::make_unique<FdSink>(
                        fd.get(), /*patience=*/absl::Seconds(1));
                  },
              .format = LogFormat::kJson});
  log.Write(LogLevel::kInfo, "line");
  CheckedCounters(log);
  EXPECT_THAT(SplitLines(ReadFile(path_)),
              ElementsAre(EndsWith("\"msg\":\"line\"}")));
}

TEST_F(HeaderExample, SyslogTerminalAndLevel) {
  Logger log({.when_full = Logger::WhenFull::kDrop,
              .sink = SyslogSinkFactory({.tag = "server"})});
  Logger terminal(
      {.sink = TerminalSinkFactory({.colour = LogColour::kAlways})});
  EXPECT_EQ(LogLevelName(LogLevel::kWarning), "WARNING");
}

TEST_F(HeaderExample, Signals) {
  Logger log({.sink = *FileSinkFactory({.path = path_})});
  Logger access_log({.sink = *FileSinkFactory({.path = path_})});
  ReopenOnSignal reopen(SIGHUP, {&log, &access_log});
  VerbosityOnSignal verbosity(SIGUSR1, SIGUSR2);
  SetVerbosity("listener=2,http_*=1,0").IgnoreError();
  EXPECT_EQ(Verbosity(), "listener=2,http_*=1,0");
}

TEST_F(HeaderExample, AbseilAndCrashes) {
  Logger log({.sink = *FileSinkFactory({.path = path_}),
              .black_box = directory_.File("box"),
              .black_box_threads = 1});
  ASSERT_TRUE(log.black_box_status().ok());
  Logger::SetDefault(&log);
  InstallCrashHandler();
  kingpin::RouteAbslLog();
  LOG(WARNING) << "in the file with all other lines";
  CheckedCounters(log);
  EXPECT_THAT(SplitLines(ReadFile(path_)),
              ElementsAre(EndsWith(" in the file with all other lines")));
}

}  // namespace
}  // namespace kingpin
