// What the box and its reader make of rings that are written by hand, without a logger,
// and of a pass that ends at a given instant.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/logger/black_box.h"
#include "kingpin/logger/black_box_reader.h"
#include "kingpin/logger/black_box_replay.h"
#include "kingpin/logger/collector.h"
#include "kingpin/logger/fd_sink.h"
#include "kingpin/logger/level.h"
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
#include "kingpin/sys/unique_fd.h"
#include "tests/logger/black_box_process.h"
#include "tests/testing/file_size_limit.h"

namespace kingpin::log_internal {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr size_t kRingBytes = 1 << 12;

absl::StatusOr<std::unique_ptr<BlackBox>> OpenBox(const std::string& path,
                                                  size_t rings) {
  return BlackBox::Open(
      {.path = path,
       .ring_bytes = Ring::MappedBytes(kRingBytes),
       .rings = rings},
      [](std::string_view) { return BlackBox::Replayed::kAll; });
}

std::string BytesOf(const std::string& path) {
  const UniqueFd fd = sys::Open(path.c_str(), O_RDONLY, 0).value;
  absl::StatusOr<std::string> bytes = ReadBlackBox(fd.get());
  EXPECT_TRUE(bytes.ok()) << bytes.status();
  return bytes.value_or("");
}

// What is in a box, and the file that it is views of.
struct BoxFile {
  explicit BoxFile(const std::string& path)
      : bytes(BytesOf(path)), contents(ParseBlackBox(bytes)) {}

  const std::string bytes;
  const BlackBoxContents contents;
};

// Of lines; a gap's is empty.
std::vector<std::string_view> TextsOf(const BlackBoxContents& contents) {
  std::vector<std::string_view> texts;
  for (const BlackBoxLine& line : contents.lines) {
    texts.push_back(line.site == nullptr ? "" : line.record.payload);
  }
  return texts;
}

// --- The headers' own examples ----------------------------------------------------

TEST(BlackBoxExample, HoldsARingAndIsRead) {
  BoxFiles files;
  {
    const auto box = OpenBox(files.box, /*rings=*/1);
    ASSERT_TRUE(box.ok()) << box.status();
    void* memory = (*box)->TakeRing();
    EXPECT_NE(memory, nullptr);
    EXPECT_EQ((*box)->TakeRing(), nullptr);
    // Not on the stack, see ring_test.cc.
    const auto owner = std::make_unique<Ring>(kRingBytes, memory);
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
  const BoxFile file(files.box);
  EXPECT_EQ(file.contents.pid, getpid());
  ASSERT_THAT(TextsOf(file.contents), ElementsAre("text"));
  // Nobody has told the box about that site.
  EXPECT_EQ(file.contents.lines[0].site->location_text, " ?:0 ");
}

// --- Sites ------------------------------------------------------------------------

// Describes `count` sites in that file to a box, while no file may be written to from
// `file_limit` on, and returns the files of those that are in it.
std::vector<std::string> FilesInABox(int count, const std::string& file_name,
                                     rlim_t file_limit) {
  BoxFiles files;
  {
    const auto box = OpenBox(files.box, /*rings=*/1);
    const testing::FileSizeLimit limit(file_limit);
    const Site site = {.file = file_name};
    for (int i = 0; i < count; ++i) (*box)->OnSite(50000 + i, site);
  }
  const BoxFile file(files.box);
  std::vector<std::string> files_in_it;
  for (const auto& site : file.contents.sites) {
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

// It would be recovered without its text.
TEST(BlackBoxSites, WithoutRoomThereIsNoNumber) {
  static const std::string name(300'000, 'x');
  static const Site large = {.file = name};
  static constinit const Site small = {.file = "small"};
  BoxFiles files;
  rlim_t box_bytes = 0;
  {
    const auto box = OpenBox(files.box, /*rings=*/1);
    struct stat status;
    ASSERT_EQ(stat(files.box.c_str(), &status), 0);
    box_bytes = status.st_size;
    const testing::FileSizeLimit full(box_bytes);
    EXPECT_EQ(SiteTable::Register(large), kNoSite);
    EXPECT_EQ(SiteTable::Register(small), kNoSite);
  }
  EXPECT_NE(SiteTable::Register(small), kNoSite);
  EXPECT_NE(SiteTable::Register(large), kNoSite);
  const testing::FileSizeLimit full(box_bytes);
  EXPECT_THAT(std::string(OpenBox(files.box, /*rings=*/1).status().message()),
              HasSubstr("cannot describe all log statements"));
}

// --- Lines ------------------------------------------------------------------------

// Rings in a box, as a logger has them; each record is written by hand.
struct RingsInABox {
  explicit RingsInABox(const std::string& path)
      : box(*OpenBox(path, /*rings=*/3)), rings(kRingBytes, box.get()) {}

  // A ring of a thread's own.
  Ring* Attach() { return rings.Attach(&threads[next++]); }
  static void Put(Ring* ring, std::string_view text,
                  uint64_t ticks = ReadTicks()) {
    static constinit const Site site = {.file = "a.cc", .line = 7};
    const RecordHeader header = {
        .payload_bytes = static_cast<uint32_t>(text.size()),
        .site = kTextFlag | SiteTable::Register(site),
        .ticks = ticks,
        .thread = 7,
        .context_bytes = 0};
    const size_t size = RecordSize(0, text.size());
    char* const at = ring->Reserve(size, LogLevel::kInfo);
    std::memcpy(header.WriteTo(at), text.data(), text.size());
    ring->Commit(at, size);
  }

  const std::unique_ptr<BlackBox> box;
  RingSet rings;
  const int threads[2] = {};
  int next = 0;
};

// Its backend, which passes when it is told to.
struct Backend {
  Backend(RingsInABox* made, LogSink* sink)
      : writer(sink, &format),
        collector(&made->rings, &made->box->raw_slots(), made->box.get(),
                  &writer) {}

  TextLineFormat format;
  LineWriter writer;
  Collector collector;
};

TEST(BlackBoxRings, TimesAreRightBeforeTheFirstPass) {
  UseBestTickSource();
  BoxFiles files;
  const int64_t before = absl::GetCurrentTimeNanos();
  {
    RingsInABox made(files.box);
    FdSink sink(-1);
    const Backend backend(&made, &sink);
    made.box->raw_slots().Write(LogLevel::kInfo, "file.cc", 1, "text");
  }
  const BoxFile file(files.box);
  ASSERT_THAT(file.contents.lines, SizeIs(1));
  // How fast ticks go is not known yet.
  constexpr int64_t kSlack = 10'000'000'000;
  const int64_t time = file.contents.lines[0].unix_nanos;
  EXPECT_GE(time, before - kSlack);
  EXPECT_LE(time, absl::GetCurrentTimeNanos() + kSlack);
}

TEST(BlackBoxRings, LinesOfOneThreadKeepTheirOrderWhateverTheClockDoes) {
  BoxFiles files;
  RingsInABox made(files.box);
  Ring* const ring = made.Attach();
  made.Put(ring, "first", 300);
  made.Put(ring, "second", 200);
  made.Put(ring, "third", 250);
  const BoxFile file(files.box);
  EXPECT_THAT(TextsOf(file.contents), ElementsAre("first", "second", "third"));
  // Which is not that of their times, as they say.
  const UniqueFd log =
      sys::Open(files.log.c_str(), O_WRONLY | O_CREAT, 0600).value;
  FdSink sink(log.get());
  TextLineFormat format;
  LineWriter writer(&sink, &format);
  ReplayBlackBox(file.bytes, ReplayTo::kElsewhere, &writer);
  const std::string text = testing::ReadFile(files.log);
  EXPECT_THAT(text, HasSubstr("Z INFO 7 a.cc:7 first\n"));
  EXPECT_THAT(text, HasSubstr("Z~ INFO 7 a.cc:7 second\n"));
  EXPECT_THAT(text, HasSubstr("Z~ INFO 7 a.cc:7 third\n"));
}

// --- A pass that ends in the middle -----------------------------------------------

// The process died when a ring's drops had been marked and its room was still to be given
// back.
TEST(BlackBoxRings, DropsThatAreMarkedAreNotDeclaredWithTheirLines) {
  BoxFiles files;
  RingsInABox made(files.box);
  Ring* const ring = made.Attach();
  made.Put(ring, "one");
  for (int i = 0; i < 5; ++i) ring->Drop(LogLevel::kInfo, ReadTicks());
  made.Put(ring, "two");
  for (int i = 0; i < 3; ++i) ring->Drop(LogLevel::kInfo, ReadTicks());
  made.Put(ring, "three");
  ring->MarkInFlight(ring->tail());
  made.box->BeginWrite();
  ring->MarkDeclared(ring->dropped(), 7);
  const BoxFile file(files.box);
  EXPECT_EQ(file.contents.damages, 0);
  EXPECT_THAT(TextsOf(file.contents), ElementsAre("one", "two", "three"));
}

// Takes or refuses what it is given; from then on nothing can be stored any more to where
// that ring's positions are, so that the pass dies of giving back its room.
class LockingSink : public LogSink {
 public:
  explicit LockingSink(int error) : error_(error) {}
  void Lock(Ring* ring) {
    control_ = const_cast<char*>(ring->At(0)) - kRingControlBytes;
  }
  SysResult<size_t> Write(const LogBatch& batch) override {
    mprotect(control_, kRingControlBytes, PROT_READ);
    return {error_ == 0 ? batch.text.size() : 0, error_};
  }

 private:
  const int error_;
  char* control_ = nullptr;
};

// waitpid()'s status of a process that logs so and dies of the pass after that.
int DieOfAPass(const std::string& box, int sink_error,
               absl::FunctionRef<void(RingsInABox&, LockingSink&)> log) {
  TameSanitizers();
  const pid_t child = fork();
  if (child == 0) {
    RingsInABox made(box);
    LockingSink sink(sink_error);
    Backend backend(&made, &sink);
    log(made, sink);
    backend.collector.Pass(Collector::Extent::kAll);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

// Dies when the room of the first ring has been given back, and after its thread has used
// that: what was dropped before stands in the log.
TEST(BlackBoxRings, DropsAreDeclaredOnce) {
  static Ring* first;
  BoxFiles files;
  const int status = DieOfAPass(files.box, 0, [](auto& made, auto& sink) {
    first = made.Attach();
    made.Put(first, "one");
    for (int i = 0; i < 5; ++i) first->Drop(LogLevel::kInfo, ReadTicks());
    made.Put(first, "two");
    Ring* const second = made.Attach();
    made.Put(second, "other");
    sink.Lock(second);
    signal(SIGSEGV, [](int) {
      first->Drop(LogLevel::kInfo, ReadTicks());
      RingsInABox::Put(first, "three");
      _exit(1);
    });
  });
  ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 1);
  const BoxFile file(files.box);
  EXPECT_TRUE(file.contents.died_writing);
  ASSERT_THAT(TextsOf(file.contents), ElementsAre("other", "", "three"));
  EXPECT_EQ(file.contents.lines[1].gap.lines(), 1);
}

// Dies when the room of the first ring has been given back and that of the second is
// to be: the lines of the first are nowhere any more but in the account.
TEST(BlackBoxRings, LossesAreStoredBeforeTheirRoomIsGivenBack) {
  BoxFiles files;
  const int status = DieOfAPass(files.box, ENOSPC, [](auto& made, auto& sink) {
    for (int i = 0; i < 2; ++i) {
      Ring* const ring = made.Attach();
      made.Put(ring, "lost");
      sink.Lock(ring);
    }
  });
  ASSERT_NE(status, 0) << "it should have died";
  const BoxFile file(files.box);
  EXPECT_TRUE(file.contents.died_writing);
  // The second line itself, and that two were lost.
  ASSERT_THAT(file.contents.lines, SizeIs(2));
  EXPECT_EQ(file.contents.lines[0].record.payload, "lost");
  EXPECT_EQ(file.contents.lines[1].gap.lines(), 2);
  EXPECT_TRUE(file.contents.lines[1].in_flight);
}

}  // namespace
}  // namespace kingpin::log_internal
