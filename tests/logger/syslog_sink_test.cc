#include "kingpin/logger/syslog_sink.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/logger/klog.h"
#include "kingpin/logger/logger.h"
#include "kingpin/logger/sink.h"
#include "kingpin/sys/syscalls.h"
#include "kingpin/sys/unique_fd.h"
#include "tests/logger/sink_testing.h"
#include "tests/testing/out_of_memory.h"
#include "tests/testing/scratch_directory.h"

namespace kingpin {
namespace {

using ::kingpin::testing::CheckedCounters;
using ::kingpin::testing::CheckSequence;
using ::kingpin::testing::LogSequence;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::MatchesRegex;
using ::testing::SizeIs;
using ::testing::StartsWith;

// The daemon: a socket with a name.
class Daemon {
 public:
  explicit Daemon(const std::string& path)
      : fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
    EXPECT_LT(path.size(), sizeof(address.sun_path));
    std::memcpy(address.sun_path, path.data(), path.size());
    unlink(path.c_str());
    EXPECT_EQ(bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address),
                   sizeof(address)),
              0);
  }
  // What has arrived, one string a datagram.
  std::vector<std::string> Take() const {
    std::vector<std::string> datagrams;
    std::string text(1 << 18, '\0');
    for (ssize_t n; (n = recv(fd_.get(), text.data(), text.size(), 0)) >= 0;) {
      datagrams.emplace_back(text, 0, n);
    }
    return datagrams;
  }

 private:
  UniqueFd fd_;
};

class SyslogSinkTest : public ::testing::Test {
 protected:
  SyslogSinkOptions Options() {
    return {.tag = "my server",
            .socket = path_,
            .time_zone = absl::UTCTimeZone(),
            .patience = absl::Milliseconds(1)};
  }
  // The lines in the datagrams.
  static std::vector<std::string> Messages(
      const std::vector<std::string>& datagrams) {
    std::vector<std::string> messages;
    for (const std::string& datagram : datagrams) {
      const size_t at = datagram.find("]: ");
      messages.push_back(at == datagram.npos ? datagram
                                             : datagram.substr(at + 3));
    }
    return messages;
  }

  const testing::ScratchDirectory directory_{
      testing::ScratchDirectory::Place::kShort};
  const std::string path_ = directory_.File("s");
};

TEST_F(SyslogSinkTest, OneDatagramALineWithPriorityAndTag) {
  Daemon daemon(path_);
  Logger log(
      {.min_level = LogLevel::kDebug, .sink = SyslogSinkFactory(Options())});
  KLOG_TO(log, DEBUG) << "d";
  KLOG_TO(log, INFO) << "i\nforged";
  KLOG_TO(log, WARNING) << "w";
  KLOG_TO(log, ERROR) << "e";
  EXPECT_EQ(CheckedCounters(log).written, 4);
  const std::string head = absl::StrCat(
      "[A-Z][a-z]{2} [ 1-3][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2} my_server\\[",
      getpid(), "\\]: ");
  EXPECT_THAT(
      daemon.Take(),
      ElementsAre(MatchesRegex("<15>" + head + ".* DEBUG .* d"),
                  MatchesRegex("<14>" + head + ".* INFO .* i\\\\nforged"),
                  MatchesRegex("<12>" + head + ".* WARNING .* w"),
                  MatchesRegex("<11>" + head + ".* ERROR .* e")));
}

TEST_F(SyslogSinkTest, HasTakenWhatTheDaemonHasWhenThereIsNoMemoryForMore) {
  const Daemon daemon(path_);
  SyslogSink sink(Options());
  const std::string text = "first\n" + std::string(4999, 'x') + "\n";
  constexpr LogBatch::Line kLines[] = {{6, LogLevel::kInfo},
                                       {5006, LogLevel::kInfo}};
  const testing::NoMemoryFrom limit(4096);
  const SysResult<size_t> result = sink.Write({text, kLines});
  EXPECT_EQ(result.value, 6);
  EXPECT_EQ(result.error, ENOMEM);
}

TEST_F(SyslogSinkTest, Rfc5424) {
  Daemon daemon(path_);
  SyslogSinkOptions options = Options();
  options.format = SyslogFormat::kRfc5424;
  options.facility = 16;
  Logger log({.sink = SyslogSinkFactory(options)});
  log.Write(LogLevel::kInfo, "hello");
  CheckedCounters(log);
  EXPECT_THAT(
      daemon.Take(),
      ElementsAre(MatchesRegex(absl::StrCat(
          "<134>1 [0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z - "
          "my_server ",
          getpid(), " - - hello"))));
}

TEST_F(SyslogSinkTest, DaemonIsFoundAgainAfterARestart) {
  auto daemon = std::make_unique<Daemon>(path_);
  Logger log({.sink = SyslogSinkFactory(Options())});
  LogSequence(log, 0, 1);
  CheckedCounters(log);
  EXPECT_THAT(Messages(daemon->Take()), ElementsAre("line 0"));
  daemon.reset();
  daemon = std::make_unique<Daemon>(path_);
  LogSequence(log, 1, 2);
  EXPECT_EQ(CheckedCounters(log).dropped, 0);
  EXPECT_THAT(Messages(daemon->Take()), ElementsAre("line 1"));
}

TEST_F(SyslogSinkTest, LinesAreDeclaredWhenTheDaemonIsBack) {
  Logger log({.sink = SyslogSinkFactory(Options())});
  LogSequence(log, 0, 1);
  EXPECT_EQ(CheckedCounters(log).dropped, 1);  // ENOENT.
  Daemon(path_).Take();
  LogSequence(log, 1, 3);
  EXPECT_EQ(CheckedCounters(log).dropped, 3);  // ECONNREFUSED.
  Daemon daemon(path_);
  LogSequence(log, 3, 4);
  CheckedCounters(log);
  EXPECT_EQ(CheckSequence(Messages(daemon.Take()), 4), 3);
}

TEST_F(SyslogSinkTest, DaemonThatDoesNotReadHoldsNothingUp) {
  Daemon daemon(path_);
  Logger log({.sink = SyslogSinkFactory(Options())});
  constexpr uint64_t kLines = 2000;  // The queue takes 10 or some hundred.
  LogSequence(log, 0, kLines);
  const uint64_t lost = CheckedCounters(log).dropped;
  EXPECT_GT(lost, 0);
  std::vector<std::string> lines = Messages(daemon.Take());
  LogSequence(log, kLines, kLines + 1);
  EXPECT_EQ(CheckedCounters(log).dropped, lost);
  for (const std::string& line : Messages(daemon.Take())) lines.push_back(line);
  EXPECT_EQ(CheckSequence(lines, kLines + 1), lost);
}

TEST_F(SyslogSinkTest, LongLineIsCutAndSaysSo) {
  Daemon daemon(path_);
  SyslogSinkOptions options = Options();
  // Less than a daemon has to take is not less than that.
  options.max_bytes = 1;
  options.facility = 99;
  Logger log({.sink = SyslogSinkFactory(options)});
  std::string euros;
  for (int i = 0; i < 200; ++i) euros += "\xe2\x82\xac";
  log.Write(LogLevel::kInfo, euros);
  log.Write(LogLevel::kInfo, std::string(5000, 'x'));
  EXPECT_EQ(CheckedCounters(log).written, 2);
  const std::vector<std::string> datagrams = daemon.Take();
  ASSERT_THAT(datagrams, SizeIs(2));
  EXPECT_THAT(datagrams[0], EndsWith("\xe2\x82\xac...[truncated, 600 bytes]"));
  EXPECT_THAT(datagrams[1], EndsWith("xxx...[truncated, 5000 bytes]"));
  EXPECT_EQ(datagrams[1].size(), 480);
  EXPECT_THAT(datagrams[1], StartsWith("<14>"));
}

TEST_F(SyslogSinkTest, PathThatFitsNoAddressIsAnErrorToCount) {
  SyslogSinkOptions options = Options();
  options.socket = std::string(200, 's');
  Logger log({.sink = SyslogSinkFactory(options)});
  LogSequence(log, 0, 1);
  EXPECT_EQ(CheckedCounters(log).dropped, 1);
}

}  // namespace
}  // namespace kingpin
