// The black box as its users see it: what is in it when a process dies, what the
// next one and the recovery tool make of it, and what is refused.
#include "kingpin/logger/black_box.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/logger/black_box_format.h"
#include "kingpin/logger/black_box_reader.h"
#include "kingpin/logger/black_box_replay.h"
#include "kingpin/logger/collector.h"
#include "kingpin/logger/fd_sink.h"
#include "kingpin/logger/file_sink.h"
#include "kingpin/logger/klog.h"
#include "kingpin/logger/line_format.h"
#include "kingpin/logger/line_writer.h"
#include "kingpin/logger/record.h"
#include "kingpin/logger/ring.h"
#include "kingpin/logger/ring_control.h"
#include "kingpin/logger/ring_set.h"
#include "kingpin/logger/sink.h"
#include "kingpin/logger/site.h"
#include "kingpin/logger/ticks.h"
#include "kingpin/sys/syscalls.h"
#include "tests/logger/black_box_process.h"

namespace kingpin {
namespace {

using testing::CheckedCounters;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::LinesOf;
using ::testing::MatchesRegex;
using testing::ReadFile;
using ::testing::SizeIs;

// --- The headers' own examples ----------------------------------------------------

TEST(BlackBoxExample, HoldsARingAndIsRead) {
  using namespace log_internal;
  BoxFiles files;
  {
    absl::StatusOr<std::unique_ptr<BlackBox>> box = BlackBox::Open(
        {.path = files.box,
         .ring_bytes = Ring::MappedBytes(1 << 12),
         .rings = 1},
        [](std::string_view) { return BlackBox::Replayed::kAll; });
    ASSERT_TRUE(box.ok()) << box.status();
    void* memory = (*box)->TakeRing();
    EXPECT_NE(memory, nullptr);
    EXPECT_EQ((*box)->TakeRing(), nullptr);
    // Not on the stack, see ring_test.cc.
    const auto owner = std::make_unique<Ring>(1 << 12, memory);
    Ring& ring = *owner;
    ASSERT_TRUE(ring.valid());
    const RecordHeader header = {.payload_bytes = 4,
                                 .site = kTextFlag | 60000,
                                 .ticks = 0,
                                 .thread = 7,
                                 .context_bytes = 0};
    char* const at = ring.Reserve(32, LogLevel::kInfo);
    std::memcpy(header.WriteTo(at), "text", 4);
    ring.Commit(at, 32);
  }
  const UniqueFd fd = sys::Open(files.box.c_str(), O_RDONLY, 0).value;
  absl::StatusOr<std::string> file = ReadBlackBox(fd.get());
  ASSERT_TRUE(file.ok()) << file.status();
  const BlackBoxContents contents = ParseBlackBox(*file);
  EXPECT_EQ(contents.pid, getpid());
  ASSERT_THAT(contents.lines, SizeIs(1));
  // Nobody has told the box about that site.
  EXPECT_EQ(contents.lines[0].site->location_text, " ?:0 ");
  EXPECT_EQ(contents.lines[0].record.payload, "text");
}

// --- What is recovered ------------------------------------------------------------

TEST(BlackBoxRecover, ToolPrintsWhatWasCommitted) {
  BoxFiles files;
  const pid_t pid = KillStuck("stuck", files);
  const std::string before = ReadFile(files.box);
  const Output output = RunRecover(files.box);
  EXPECT_EQ(output.code, 0);
  std::vector<std::string> lines = LinesOf(output.out);
  // How many of the first four the write under way had is up to the backend.
  ASSERT_THAT(lines, SizeIs(10)) << output.out;
  EXPECT_THAT(lines.front(), EndsWith("they may be above already, the last in "
                                      "part"));
  std::vector<std::string> logged;
  for (const std::string& line : lines) {
    if (!absl::StrContains(line, " black_box_replay.cc:")) {
      logged.push_back(line);
    }
  }
  EXPECT_THAT(
      logged,
      ElementsAre(
          MatchesRegex("2.*Z INFO [0-9]+ black_box_helper.cc:[0-9]+ first 1"),
          MatchesRegex("2.*Z WARNING [0-9]+ black_box_helper.cc:[0-9]+ second "
                       "ff text"),
          "in\tflight",
          MatchesRegex("2.*Z ERROR [0-9]+ black_box_helper.cc:[0-9]+ raw in "
                       "flight"),
          EndsWith(" third\\n3"),
          MatchesRegex("2.*Z INFO [0-9]+ black_box_helper.cc:[0-9]+ raw "
                       "fourth"),
          EndsWith(" fifth")));
  EXPECT_THAT(output.err, HasSubstr(absl::StrCat("recover: 7 lines of process ",
                                                 pid, " (started 2")));
  EXPECT_THAT(output.err, HasSubstr("; no damage found"));
  // Nothing was taken: it says the same again.
  EXPECT_EQ(ReadFile(files.box), before);
  EXPECT_EQ(RunRecover(files.box).out, output.out);
}

TEST(BlackBoxRecover, NextStartWritesItToTheLogOnce) {
  BoxFiles files;
  KillStuck("stuck", files);
  const std::string tool = RunRecover(files.box).out;
  WriteFile(files.log, "torn li");
  Output output = RunToEnd(HelperArgs("start", files));
  EXPECT_EQ(output.code, 0) << output.err;
  EXPECT_EQ(output.out, "recovered 7\n");
  const std::string log = ReadFile(files.log);
  EXPECT_TRUE(absl::StartsWith(log, absl::StrCat("torn li\n", tool))) << log;
  EXPECT_THAT(LinesOf(log.substr(8 + tool.size())),
              ElementsAre(EndsWith(" started")));
  output = RunToEnd(HelperArgs("start", files));
  EXPECT_EQ(output.out, "recovered 0\n");
  EXPECT_THAT(LinesOf(ReadFile(files.log).substr(log.size())),
              ElementsAre(EndsWith(" started")));
  EXPECT_EQ(RunRecover(files.box).out, "");
}

TEST(BlackBoxRecover, StartThatDiesRecoveringIsTold) {
  BoxFiles files;
  const pid_t pid = KillStuck("stuck", files);
  KillStuck("stuck_start", files);
  const Output output = RunToEnd(HelperArgs("start", files));
  EXPECT_EQ(output.out, "recovered 7\n");
  const std::vector<std::string> lines = LinesOf(ReadFile(files.log));
  ASSERT_THAT(lines, SizeIs(12));
  EXPECT_EQ(lines[0], "");
  EXPECT_THAT(lines[1],
              HasSubstr(absl::StrCat("recovered 7 lines of process ", pid)));
  EXPECT_THAT(lines[9], HasSubstr("recovered 0 lines of process "));
}

// What is recovered is the first sink's; what is logged from then on is everybody's.
TEST(BlackBoxRecover, OfSeveralSinksTheFirstHasIt) {
  BoxFiles files;
  KillStuck("stuck", files);
  const std::string other = files.base + ".other";
  {
    Logger logger({.sink = *FileSinkFactory({.path = files.log}),
                   .also_to = {*FileSinkFactory({.path = other})},
                   .black_box = files.box});
    logger.Write(LogLevel::kInfo, "new");
    const Logger::Counters counters = CheckedCounters(logger);
    EXPECT_EQ(counters.recovered, 7);
    EXPECT_EQ(counters.written, 8);
  }
  const std::string log = ReadFile(files.log);
  EXPECT_THAT(log, HasSubstr("in\tflight\n"));
  EXPECT_TRUE(absl::EndsWith(log, "\nnew\n"));
  EXPECT_EQ(ReadFile(other), "new\n");
  unlink(other.c_str());
}

// A line that the first has and another has not is one that may be there already.
TEST(BlackBoxRecover, SinkThatIsStuckBesideTheFirst) {
  BoxFiles files;
  KillStuck("stuck_beside", files);
  EXPECT_EQ(ReadFile(files.log), "first\n");
  const Output output = RunRecover(files.box);
  EXPECT_EQ(output.code, 0);
  EXPECT_THAT(LinesOf(output.out),
              ElementsAre(HasSubstr(" recovered 1 lines "), "first",
                          HasSubstr(" recovered 1 lines "), "second",
                          HasSubstr(" end of what was recovered ")));
}

TEST(BlackBoxRecover, TimesAreRightBeforeTheFirstPass) {
  using namespace log_internal;
  UseBestTickSource();
  BoxFiles files;
  const int64_t before = absl::GetCurrentTimeNanos();
  {
    absl::StatusOr<std::unique_ptr<BlackBox>> box = BlackBox::Open(
        {.path = files.box,
         .ring_bytes = Ring::MappedBytes(1 << 12),
         .rings = 2},
        [](std::string_view) { return BlackBox::Replayed::kAll; });
    ASSERT_TRUE(box.ok()) << box.status();
    RingSet rings(1 << 12, box->get());
    FdSink sink(-1);
    TextLineFormat format;
    LineWriter writer(&sink, &format);
    const Collector collector(&rings, &(*box)->raw_slots(), box->get(),
                              &writer);
    (*box)->raw_slots().Write(LogLevel::kInfo, "file.cc", 1, "text");
  }
  const UniqueFd fd = sys::Open(files.box.c_str(), O_RDONLY, 0).value;
  const absl::StatusOr<std::string> file = ReadBlackBox(fd.get());
  ASSERT_TRUE(file.ok()) << file.status();
  const BlackBoxContents contents = ParseBlackBox(*file);
  ASSERT_THAT(contents.lines, SizeIs(1));
  // How fast ticks go is not known yet.
  constexpr int64_t kSlack = 10'000'000'000;
  EXPECT_GE(contents.lines[0].unix_nanos, before - kSlack);
  EXPECT_LE(contents.lines[0].unix_nanos, absl::GetCurrentTimeNanos() + kSlack);
}

// Else lines that a process logs and dies of after an hour without any would have
// the time by a clock of an hour ago.
TEST(BlackBoxRecover, ClockIsReadOnceMoreBeforeALongSleep) {
  using namespace log_internal;
  BoxFiles files;
  Logger logger({.black_box = files.box});
  logger.Flush();
  const uint64_t flushed = ReadTicks();
  const UniqueFd fd = sys::Open(files.box.c_str(), O_RDONLY, 0).value;
  BoxHeader header;
  do {
    std::this_thread::yield();
    ASSERT_EQ(pread(fd.get(), &header, sizeof(header), 0),
              static_cast<ssize_t>(sizeof(header)));
  } while (header.clocks[header.clock].ticks <= flushed);
}

// Describes `count` sites in that file to a box, while no file may be written to from
// `file_limit` on, and returns the files of those that are in it.
std::vector<std::string> FilesInABox(int count, const std::string& file_name,
                                     rlim_t file_limit) {
  using namespace log_internal;
  BoxFiles files;
  {
    const auto box = BlackBox::Open(
        {.path = files.box,
         .ring_bytes = Ring::MappedBytes(1 << 12),
         .rings = 1},
        [](std::string_view) { return BlackBox::Replayed::kAll; });
    signal(SIGXFSZ, SIG_IGN);
    rlimit old;
    EXPECT_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
    const rlimit none = {std::min(file_limit, old.rlim_max), old.rlim_max};
    EXPECT_EQ(setrlimit(RLIMIT_FSIZE, &none), 0);
    const Site site = {.file = file_name};
    for (int i = 0; i < count; ++i) (*box)->OnSite(50000 + i, site);
    EXPECT_EQ(setrlimit(RLIMIT_FSIZE, &old), 0);
  }
  const UniqueFd fd = sys::Open(files.box.c_str(), O_RDONLY, 0).value;
  const absl::StatusOr<std::string> file = ReadBlackBox(fd.get());
  const BlackBoxContents contents = ParseBlackBox(*file);
  std::vector<std::string> files_in_it;
  for (const auto& site : contents.sites) {
    if (absl::StartsWith(site->file, "test")) files_in_it.push_back(site->file);
  }
  return files_in_it;
}

// The first line of a statement, on a loop thread for one, waits for no disk.
TEST(BlackBoxSites, AreStoredWithoutASystemCall) {
  EXPECT_THAT(FilesInABox(3, "test", /*file_limit=*/0), SizeIs(3));
}

TEST(BlackBoxSites, GoOnInTheFileWhenTheirMemoryIsFull) {
  const std::string name = "test" + std::string(100'000, 'x');
  EXPECT_THAT(FilesInABox(6, name, RLIM_INFINITY),
              ElementsAre(name, name, name, name, name, name));
}

TEST(BlackBoxRecover, DroppedLinesAreDeclaredExactly) {
  BoxFiles files;
  KillStuck("full", files);
  const Output output = RunRecover(files.box);
  EXPECT_EQ(output.code, 0) << output.err;
  int numbers = 0;
  int raw = 0;
  std::vector<int> dropped;
  for (const std::string& line : LinesOf(output.out)) {
    numbers += absl::StrContains(line, " number ");
    raw += absl::EndsWith(line, " raw");
    int n;
    if (absl::StartsWith(line, "dropped ") &&
        absl::SimpleAtoi(line.substr(8, line.find(' ', 8) - 8), &n)) {
      dropped.push_back(n);
    }
  }
  EXPECT_GT(numbers, 10);
  EXPECT_EQ(raw, 63);
  EXPECT_THAT(dropped,
              ::testing::UnorderedElementsAre(1000 - numbers, 70 - raw))
      << output.out;
}

// Behind the lines after which they were dropped, and of nobody if threads share.
TEST(BlackBoxRecover, DropsAreDeclaredWhereTheyAre) {
  for (const std::string mode : {"full", "full_shared"}) {
    BoxFiles files;
    KillStuck(mode, files);
    const std::string out = RunRecover(files.box).out;
    const size_t dropped = out.rfind("\ndropped ");
    ASSERT_NE(dropped, out.npos) << out;
    EXPECT_GT(dropped, out.rfind(" number ")) << out;
    EXPECT_EQ(absl::StrContains(out.substr(dropped), " from thread 0 "),
              mode == "full_shared")
        << out;
    // A start that died recovering may have declared them, too.
    KillStuck("stuck_start", files);
    const std::string again = RunRecover(files.box).out;
    EXPECT_LT(again.rfind("\ndropped "), again.find("had not written them"))
        << again;
  }
}

TEST(BlackBoxRecover, CutLineIsCompletedAndLossesAreDeclared) {
  BoxFiles files;
  KillStuck("enospc", files);
  EXPECT_EQ(ReadFile(files.log), "whole\ncut in");
  EXPECT_THAT(RunRecover(files.box).out,
              HasSubstr("a line in the log is cut; its rest is: \\x09two"));
  EXPECT_EQ(RunToEnd(HelperArgs("start", files)).out, "recovered 0\n");
  const std::vector<std::string> lines = LinesOf(ReadFile(files.log));
  ASSERT_THAT(lines, SizeIs(6));
  EXPECT_EQ(lines[0], "whole");
  EXPECT_EQ(lines[1], "cut in\ttwo");
  EXPECT_THAT(lines[3],
              MatchesRegex("dropped 2 lines \\(0/1/1/0\\) from thread 0 .*"));
}

// The box has no room for so long a rest; that there is more is told.
TEST(BlackBoxRecover, LongRestOfACutLineIsTruncatedAndSaysSo) {
  BoxFiles files;
  KillStuck("enospc_long", files);
  EXPECT_EQ(ReadFile(files.log), "whole\ncut in");
  EXPECT_EQ(RunToEnd(HelperArgs("start", files)).code, 0);
  const std::vector<std::string> lines = LinesOf(ReadFile(files.log));
  EXPECT_THAT(lines[1],
              MatchesRegex("cut inx+\\.\\.\\.\\[truncated, 5000 bytes\\]"));
  EXPECT_GT(lines[1].size(), 3000);
}

// Rings in a black box, without a logger: each record is written by hand.
struct RingsInABox {
  explicit RingsInABox(const std::string& path)
      : box(*log_internal::BlackBox::Open(
            {.path = path,
             .ring_bytes = log_internal::Ring::MappedBytes(1 << 12),
             .rings = 3},
            [](std::string_view) {
              return log_internal::BlackBox::Replayed::kAll;
            })),
        rings(1 << 12, box.get()) {}

  // A ring of a thread's own.
  log_internal::Ring* Attach() {
    return rings.Attach(&threads[std::exchange(next, next + 1)]);
  }
  static void Put(log_internal::Ring* ring, std::string_view text,
                  uint64_t ticks) {
    static constinit const log_internal::Site site = {.file = "a.cc",
                                                      .line = 7};
    const log_internal::RecordHeader header = {
        .payload_bytes = static_cast<uint32_t>(text.size()),
        .site =
            log_internal::kTextFlag | log_internal::SiteTable::Register(site),
        .ticks = ticks,
        .thread = 7,
        .context_bytes = 0};
    const size_t size = log_internal::RecordSize(0, text.size());
    char* const at = ring->Reserve(size, LogLevel::kInfo);
    std::memcpy(header.WriteTo(at), text.data(), text.size());
    ring->Commit(at, size);
  }
  static void Put(log_internal::Ring* ring, std::string_view text) {
    Put(ring, text, log_internal::ReadTicks());
  }

  const std::unique_ptr<log_internal::BlackBox> box;
  log_internal::RingSet rings;
  const int threads[2] = {};
  int next = 0;
};

log_internal::BlackBoxContents ContentsOf(const std::string& path) {
  static std::string file;  // What the contents are views of.
  const UniqueFd fd = sys::Open(path.c_str(), O_RDONLY, 0).value;
  const absl::StatusOr<std::string> read = log_internal::ReadBlackBox(fd.get());
  EXPECT_TRUE(read.ok()) << read.status();
  file = read.ok() ? *read : "";
  return log_internal::ParseBlackBox(file);
}

TEST(BlackBoxRecover, LinesOfOneThreadKeepTheirOrderWhateverTheClockDoes) {
  BoxFiles files;
  RingsInABox made(files.box);
  log_internal::Ring* const ring = made.Attach();
  made.Put(ring, "first", 300);
  made.Put(ring, "second", 200);
  made.Put(ring, "third", 250);
  const log_internal::BlackBoxContents contents = ContentsOf(files.box);
  ASSERT_THAT(contents.lines, SizeIs(3));
  EXPECT_EQ(contents.lines[0].record.payload, "first");
  EXPECT_EQ(contents.lines[1].record.payload, "second");
  EXPECT_EQ(contents.lines[2].record.payload, "third");
  // Which is not that of their times, as they say.
  const UniqueFd log =
      sys::Open(files.log.c_str(), O_WRONLY | O_CREAT, 0600).value;
  FdSink sink(log.get());
  log_internal::TextLineFormat format;
  log_internal::LineWriter writer(&sink, &format);
  const UniqueFd box = sys::Open(files.box.c_str(), O_RDONLY, 0).value;
  log_internal::ReplayBlackBox(*log_internal::ReadBlackBox(box.get()),
                               log_internal::ReplayTo::kElsewhere, &writer);
  const std::string text = ReadFile(files.log);
  EXPECT_THAT(text, HasSubstr("Z INFO 7 a.cc:7 first\n"));
  EXPECT_THAT(text, HasSubstr("Z~ INFO 7 a.cc:7 second\n"));
  EXPECT_THAT(text, HasSubstr("Z~ INFO 7 a.cc:7 third\n"));
}

// The process died when a ring's drops had been marked and its room was still to be given
// back.
TEST(BlackBoxRecover, DropsThatAreMarkedAreNotDeclaredWithTheirLines) {
  BoxFiles files;
  RingsInABox made(files.box);
  log_internal::Ring* const ring = made.Attach();
  made.Put(ring, "one");
  for (int i = 0; i < 5; ++i) {
    ring->Drop(LogLevel::kInfo, log_internal::ReadTicks());
  }
  made.Put(ring, "two");
  ring->MarkInFlight(ring->tail());
  made.box->BeginWrite();
  ring->MarkDeclared(ring->dropped(), 7);
  const log_internal::BlackBoxContents contents = ContentsOf(files.box);
  EXPECT_EQ(contents.damages, 0);
  ASSERT_THAT(contents.lines, SizeIs(2));
  EXPECT_EQ(contents.lines[0].record.payload, "one");
  EXPECT_EQ(contents.lines[1].record.payload, "two");
}

// Dies when the room of the first ring has been given back, and after its thread has used
// that: what was dropped before stands in the log.
TEST(BlackBoxRecover, DropsAreDeclaredOnce) {
  using namespace log_internal;
  static Ring* logs_on;
  class LockingSink : public LogSink {
   public:
    SysResult<size_t> Write(const LogBatch& batch) override {
      // Nothing can be stored any more to where the second ring's positions are.
      mprotect(control, kRingControlBytes, PROT_READ);
      return {batch.text.size(), 0};
    }
    char* control = nullptr;
  };
  TameSanitizers();
  BoxFiles files;
  const pid_t child = fork();
  if (child == 0) {
    RingsInABox made(files.box);
    LockingSink sink;
    TextLineFormat format;
    LineWriter writer(&sink, &format);
    Collector collector(&made.rings, &made.box->raw_slots(), made.box.get(),
                        &writer);
    logs_on = made.Attach();
    Ring* const second = made.Attach();
    sink.control = const_cast<char*>(second->At(0)) - kRingControlBytes;
    made.Put(logs_on, "one");
    for (int i = 0; i < 5; ++i) logs_on->Drop(LogLevel::kInfo, ReadTicks());
    made.Put(logs_on, "two");
    made.Put(second, "other");
    signal(SIGSEGV, [](int) {
      logs_on->Drop(LogLevel::kInfo, ReadTicks());
      RingsInABox::Put(logs_on, "three");
      _exit(1);
    });
    collector.Pass(Collector::Extent::kAll);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 1);
  const BlackBoxContents contents = ContentsOf(files.box);
  EXPECT_TRUE(contents.died_writing);
  ASSERT_THAT(contents.lines, SizeIs(3));
  EXPECT_EQ(contents.lines[0].record.payload, "other");
  EXPECT_EQ(contents.lines[1].gap.lines(), 1);
  EXPECT_EQ(contents.lines[2].record.payload, "three");
}

// Dies when the room of the first ring has been given back and that of the second is
// to be: the lines of the first are nowhere any more but in the account.
TEST(BlackBoxRecover, LossesAreStoredBeforeTheirRoomIsGivenBack) {
  using namespace log_internal;
  class Refusing : public LogSink {
   public:
    SysResult<size_t> Write(const LogBatch&) override {
      // Nothing can be stored any more to where the ring's positions are.
      mprotect(control, kRingControlBytes, PROT_READ);
      return {0, ENOSPC};
    }
    char* control = nullptr;
  };
  TameSanitizers();
  BoxFiles files;
  const pid_t child = fork();
  if (child == 0) {
    RingsInABox made(files.box);
    Refusing sink;
    TextLineFormat format;
    LineWriter writer(&sink, &format);
    Collector collector(&made.rings, &made.box->raw_slots(), made.box.get(),
                        &writer);
    for (int i = 0; i < 2; ++i) {
      Ring* const ring = made.Attach();
      sink.control = const_cast<char*>(ring->At(0)) - kRingControlBytes;
      made.Put(ring, "lost");
    }
    collector.Pass(Collector::Extent::kAll);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_NE(status, 0) << "it should have died";
  const BlackBoxContents contents = ContentsOf(files.box);
  EXPECT_TRUE(contents.died_writing);
  // The second line itself, and that two were lost.
  ASSERT_THAT(contents.lines, SizeIs(2));
  EXPECT_EQ(contents.lines[0].record.payload, "lost");
  EXPECT_EQ(contents.lines[1].gap.lines(), 2);
  EXPECT_TRUE(contents.lines[1].in_flight);
}

TEST(BlackBoxRecover, LinesThatTheSinkRefusesAreDropped) {
  class Refusing : public LogSink {
   public:
    SysResult<size_t> Write(const LogBatch&) override { return {0, EIO}; }
  };
  BoxFiles files;
  KillStuck("stuck", files);
  Logger logger({.sink = [] { return std::make_unique<Refusing>(); },
                 .black_box = files.box});
  ASSERT_TRUE(logger.black_box_status().ok());
  const Logger::Counters counters = CheckedCounters(logger);
  EXPECT_EQ(counters.recovered, 7);
  EXPECT_EQ(counters.accepted, 8);  // And one that says where they are.
  EXPECT_EQ(counters.written, 0);
  EXPECT_EQ(counters.dropped, 8);
}

// A disk that is full at the next start, too.
TEST(BlackBoxRecover, WhatTheLogDoesNotTakeIsKept) {
  BoxFiles files;
  KillStuck("stuck", files);
  const UniqueFd full = sys::Open("/dev/full", O_WRONLY, 0).value;
  ASSERT_TRUE(full.valid());
  {
    Logger logger({.fd = full.get(), .black_box = files.box});
    ASSERT_TRUE(logger.black_box_status().ok()) << logger.black_box_status();
    EXPECT_EQ(logger.kept_black_box(), files.kept);
    EXPECT_THAT(RunRecover(files.kept).err,
                HasSubstr("recover: 7 lines of process "));
  }
  // A second box that cannot be written is not kept in the place of the first.
  unlink(files.box.c_str());
  KillStuck("stuck", files);
  {
    Logger logger({.fd = full.get(), .black_box = files.box});
    EXPECT_EQ(logger.black_box_status().code(),
              absl::StatusCode::kAlreadyExists);
    EXPECT_EQ(logger.kept_black_box(), files.kept);
  }
  // One of these says that there is a kept one.
  EXPECT_THAT(RunRecover(files.box).err, HasSubstr("recover: 8 lines of "));
  EXPECT_THAT(RunRecover(files.kept).err,
              HasSubstr("recover: 7 lines of process "));
  // There is room again.
  EXPECT_EQ(RunToEnd(HelperArgs("start", files)).out, "recovered 8\n");
}

// A log that takes nothing is not who tells where its lines are.
TEST(BlackBoxRecover, WhereItIsKeptIsToldOnStderrAtEachStart) {
  BoxFiles files;
  const std::string told = absl::StrCat(
      "a black box that could not be read or written whole is kept as \"",
      files.kept,
      "\": print it with //kingpin/logger:recover, then remove it; while it is "
      "there, a damaged one is not kept");
  KillStuck("stuck", files);
  const std::string helper = getenv("BLACK_BOX_HELPER");
  Output output = RunToEnd({helper, "start_quiet", files.box, "/dev/full"});
  EXPECT_EQ(output.out, "recovered 7\n");
  EXPECT_EQ(output.err, absl::StrCat("log: ", told, "\n"));
  output = RunToEnd({helper, "start", files.box, "/dev/full"});
  EXPECT_THAT(output.err, HasSubstr(absl::StrCat("log: ", told, "\n")));
  output = RunToEnd(HelperArgs("start", files));
  EXPECT_EQ(output.err, absl::StrCat("log: ", told, "\n"));
  EXPECT_THAT(LinesOf(ReadFile(files.log)), Contains(EndsWith(told)));
  // Until somebody removes it.
  unlink(files.kept.c_str());
  output = RunToEnd(HelperArgs("start", files));
  EXPECT_EQ(output.err, "");
}

TEST(BlackBoxRecover, OrderlyEndLeavesNothing) {
  BoxFiles files;
  EXPECT_EQ(RunToEnd(HelperArgs("start", files)).code, 0);
  const Output output = RunRecover(files.box);
  EXPECT_EQ(output.code, 0);
  EXPECT_EQ(output.out, "");
  EXPECT_THAT(output.err, HasSubstr("recover: 0 lines of process "));
}

TEST(BlackBoxRecover, MoreThreadsThanRingsShareOne) {
  BoxFiles files;
  const UniqueFd log =
      sys::Open(files.log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600).value;
  {
    Logger logger(
        {.fd = log.get(), .black_box = files.box, .black_box_threads = 1});
    ASSERT_TRUE(logger.black_box_status().ok()) << logger.black_box_status();
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&logger] {
        for (int n = 0; n < 500; ++n) KLOGF_TO(logger, INFO, "line {}", n);
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_THAT(LinesOf(ReadFile(files.log)), SizeIs(2000));
}

TEST(BlackBoxRecover, SuppressedCountsAreThere) {
  BoxFiles files;
  KillStuck("stuck_every_n", files);
  const Output output = RunRecover(files.box);
  EXPECT_EQ(output.code, 0);
  EXPECT_THAT(output.out, HasSubstr(" number 2 [1 suppressed]\n"));
  EXPECT_THAT(output.err, HasSubstr("no damage found"));
}

// --- The tool's command line ------------------------------------------------------

TEST(Recover, WrongUseIsToldFromTheRest) {
  EXPECT_EQ(RunToEnd({getenv("RECOVER")}).code, 2);
  EXPECT_EQ(RunToEnd({getenv("RECOVER"), "--nonsense"}).code, 2);
  EXPECT_EQ(RunToEnd({getenv("RECOVER"), "a", "b"}).code, 2);
  EXPECT_EQ(RunToEnd({getenv("RECOVER"), "--help"}).code, 0);
}

}  // namespace
}  // namespace kingpin
