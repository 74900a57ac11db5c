// Kills a process that logs from two threads, at random instants, and looks for
// each line whose statement was over: it is in the log or in what is recovered,
// whole, once, or twice where that is announced. Where the sink fails now and then a
// line may be missing if it is declared.
//
// KILL_ROUNDS=200 in the environment makes it 200 instants; KILL_SEED another run.
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <regex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/sys/syscalls.h"
#include "tests/logger/black_box_process.h"

namespace kingpin {
namespace {

using ::testing::HasSubstr;
using testing::LinesOf;
using testing::ReadFile;

int FromEnvironment(const char* name, int otherwise) {
  const char* text = getenv(name);
  int number;
  return text != nullptr && absl::SimpleAtoi(text, &number) ? number
                                                            : otherwise;
}

// What the helper shares with us: how many lines each of its threads has logged.
class Counters {
 public:
  explicit Counters(const std::string& path) {
    const UniqueFd fd = sys::Open(path.c_str(), O_RDWR | O_CREAT, 0600).value;
    EXPECT_EQ(ftruncate(fd.get(), kBytes), 0);
    void* at = mmap(nullptr, kBytes, PROT_READ, MAP_SHARED, fd.get(), 0);
    EXPECT_NE(at, MAP_FAILED);
    counters_ = static_cast<const std::atomic<uint64_t>*>(at);
  }
  ~Counters() {
    munmap(const_cast<void*>(static_cast<const void*>(counters_)), kBytes);
  }
  uint64_t of(int thread) const { return counters_[thread].load(); }

 private:
  static constexpr size_t kBytes = 4096;
  const std::atomic<uint64_t>* counters_;
};

// What became of the lines of two threads.
class Account {
 public:
  // `is_end_torn`: the last line of `text` may be.
  void Read(std::string_view text, bool is_end_torn) {
    const bool has_torn_end = !text.empty() && text.back() != '\n';
    EXPECT_TRUE(is_end_torn || !has_torn_end);
    std::vector<std::string> lines = LinesOf(text);
    if (has_torn_end) lines.pop_back();
    for (size_t i = 0; i < lines.size(); ++i) {
      // A write that was cut short ends there.
      const bool may_be_torn =
          i + 1 < lines.size() &&
          (absl::StrContains(lines[i + 1], "which died writing them") ||
           absl::StrContains(lines[i + 1], kRestOfCut));
      if (ReadNote(lines[i]) || ReadLine(lines[i]) || may_be_torn) continue;
      ADD_FAILURE() << "damaged: " << lines[i];
    }
  }

  void Check(const Counters& counters) const {
    for (int thread = 0; thread < 2; ++thread) {
      const std::vector<Times>& lines = threads_[thread];
      // One more may have been committed and not been counted.
      EXPECT_LE(lines.size(), counters.of(thread) + 1);
      for (size_t n = 0; n < lines.size(); ++n) {
        ASSERT_LE(lines[n].plain, 1)
            << "twice: thread " << thread << " number " << n;
        ASSERT_LE(lines[n].perhaps, 1);
      }
    }
    EXPECT_LE(Missing(counters), declared_ + cut_);
  }
  // The same of lines and declarations: what is not announced is there once, but for a
  // line a thread that was committed or dropped and not counted.
  void CheckNothingTwice(const Counters& counters) const {
    EXPECT_LE(plain_ + declared_ - declared_perhaps_,
              counters.of(0) + counters.of(1) + 2);
  }
  size_t announced() const { return announced_; }
  uint64_t declared() const { return declared_; }
  size_t recovered() const { return recovered_; }

 private:
  struct Times {
    int plain = 0;
    int perhaps = 0;  // In what may be above already.
  };
  enum Part { kLog, kPerhaps, kRest };

  static constexpr std::string_view kRestOfCut = "is cut; its rest is: ";

  // Lines of statements that were over.
  uint64_t Missing(const Counters& counters) const {
    uint64_t missing = 0;
    for (int thread = 0; thread < 2; ++thread) {
      const std::vector<Times>& lines = threads_[thread];
      for (uint64_t n = 0; n < counters.of(thread); ++n) {
        missing += n >= lines.size() || lines[n].plain + lines[n].perhaps == 0;
      }
    }
    return missing;
  }

  bool ReadNote(const std::string& line) {
    const uint64_t declared = testing::Declared(line);
    declared_ += declared;
    if (part_ == kPerhaps) declared_perhaps_ += declared;
    if (declared > 0) return true;
    if (!absl::StrContains(line, " black_box_replay.cc:")) return false;
    cut_ += absl::StrContains(line, kRestOfCut);
    if (absl::StrContains(line, "which died writing them")) {
      part_ = kPerhaps;
    } else if (absl::StrContains(line, "which had not written them")) {
      part_ = kRest;
    } else if (absl::StrContains(line, "end of what was recovered")) {
      part_ = kLog;
    }
    EXPECT_FALSE(absl::StrContains(line, "damaged")) << line;
    return true;
  }

  bool ReadLine(const std::string& line) {
    static const std::regex kPattern(
        "[-0-9]{10}T[0-9:]{8}\\.[0-9]{6}Z~? INFO [0-9]+ "
        "black_box_helper\\.cc:[0-9]+ thread ([01]) number ([0-9]+) ([a-z]+) "
        "1\\.5");
    std::smatch match;
    if (!std::regex_match(line, match, kPattern)) {
      return line.empty() || absl::EndsWith(line, " started") ||
             absl::StrContains(line, " signal 11 (SIGSEGV) at address 0x0");
    }
    const uint64_t n = std::stoull(match[2]);
    EXPECT_EQ(match[3],
              std::string("abcdefghijklmnopqrstuvwxyz").substr(n % 20));
    std::vector<Times>& times = threads_[match[1] == "1"];
    if (n >= times.size()) times.resize(n + 1);
    ++(part_ == kPerhaps ? times[n].perhaps : times[n].plain);
    announced_ += part_ == kPerhaps;
    plain_ += part_ != kPerhaps;
    recovered_ += part_ != kLog;
    return true;
  }

  Part part_ = kLog;
  std::array<std::vector<Times>, 2> threads_;
  size_t announced_ = 0;
  size_t recovered_ = 0;
  uint64_t plain_ = 0;  // Lines, of those that are not announced.
  uint64_t declared_ = 0;
  uint64_t declared_perhaps_ = 0;
  uint64_t cut_ =
      0;  // Lines in two pieces, of which only the rest is announced.
};

// The log and what is recovered, by the tool or by the next start.
Account Collect(const BoxFiles& files, const Counters& counters, bool by_tool) {
  Account account;
  if (by_tool) {
    account.Read(ReadFile(files.log), /*is_end_torn=*/true);
    const Output output = RunRecover(files.box);
    // It may have died before there was a box.
    const bool has_begun = counters.of(0) + counters.of(1) > 0;
    EXPECT_TRUE(output.code == 0 || (output.code == 3 && !has_begun))
        << output.code << output.err;
    account.Read(output.out, /*is_end_torn=*/false);
  } else {
    const Output output = RunToEnd(HelperArgs("start", files));
    EXPECT_EQ(output.code, 0) << output.err;
    account.Read(ReadFile(files.log), /*is_end_torn=*/false);
  }
  return account;
}

TEST(Kill, LosesAndTearsNothing) {
  const int rounds = FromEnvironment("KILL_ROUNDS", 20);
  std::mt19937 random(FromEnvironment("KILL_SEED", 1));
  size_t announced = 0;
  size_t recovered = 0;
  for (int round = 0; round < rounds && !::testing::Test::HasFailure();
       ++round) {
    SCOPED_TRACE(round);
    BoxFiles files;
    const Counters counters(files.counters);
    // Some before the first line, or the box.
    const uint64_t lines = random() % 8 == 0 ? 0 : random() % 10000;
    Process child(HelperArgs(round % 2 == 0 ? "log" : "lazy", files));
    while (counters.of(0) + counters.of(1) < lines) std::this_thread::yield();
    child.Kill();
    const Account account =
        Collect(files, counters, /*by_tool=*/round / 2 % 2 == 0);
    account.Check(counters);
    announced += account.announced();
    recovered += account.recovered();
  }
  RecordProperty("recovered", static_cast<int>(recovered));
  RecordProperty("announced", static_cast<int>(announced));
  std::printf("%zu lines recovered, %zu of them announced\n", recovered,
              announced);
  EXPECT_GT(recovered, 0);
}

TEST(Kill, LosesNothingUntoldWhenTheSinkFails) {
  const int rounds = FromEnvironment("KILL_ROUNDS", 20);
  std::mt19937 random(FromEnvironment("KILL_SEED", 1));
  for (int round = 0; round < rounds && !::testing::Test::HasFailure();
       ++round) {
    SCOPED_TRACE(round);
    BoxFiles files;
    const Counters counters(files.counters);
    const uint64_t lines = 1 + random() % 10000;
    Process child(HelperArgs("failing", files));
    while (counters.of(0) + counters.of(1) < lines) std::this_thread::yield();
    child.Kill();
    Collect(files, counters, /*by_tool=*/round % 2 == 0).Check(counters);
  }
}

TEST(Kill, DeclaresOnceWhatItHasDropped) {
  const int rounds = FromEnvironment("KILL_ROUNDS", 20);
  std::mt19937 random(FromEnvironment("KILL_SEED", 1));
  uint64_t declared = 0;
  for (int round = 0; round < rounds && !::testing::Test::HasFailure();
       ++round) {
    SCOPED_TRACE(round);
    BoxFiles files;
    const Counters counters(files.counters);
    const uint64_t lines = 1 + random() % 10000;
    Process child(HelperArgs("dropping", files));
    while (counters.of(0) + counters.of(1) < lines) std::this_thread::yield();
    child.Kill();
    const Account account =
        Collect(files, counters, /*by_tool=*/round % 2 == 0);
    account.Check(counters);
    account.CheckNothingTwice(counters);
    declared += account.declared();
  }
  EXPECT_GT(declared, 0);
}

TEST(Crash, SegmentationFaultLosesAndTearsNothing) {
  for (int round = 0; round < 4; ++round) {
    BoxFiles files;
    const Counters counters(files.counters);
    Process child(HelperArgs("segv", files));
    const int status = child.Wait();
    // A sanitizer ends the process in its own way.
    EXPECT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) != 0);
    const Account account =
        Collect(files, counters, /*by_tool=*/round % 2 == 0);
    account.Check(counters);
  }
}

TEST(Crash, HandlerTellsTheSignalAndFlushes) {
  BoxFiles files;
  const Counters counters(files.counters);
  Process child(HelperArgs("handler", files));
  const int status = child.Wait();
  EXPECT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) != 0);
  EXPECT_THAT(ReadFile(files.log),
              HasSubstr(" signal 11 (SIGSEGV) at address 0x0\n"));
  const Account account = Collect(files, counters, /*by_tool=*/false);
  account.Check(counters);
}

// The first one's last line is written though the second is through with its own.
TEST(Crash, SecondThreadDoesNotCutTheFirstShort) {
  BoxFiles files;
  Process child(HelperArgs("crash_twice", files));
  const int status = child.Wait();
  EXPECT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) != 0);
  EXPECT_THAT(ReadFile(files.log), HasSubstr(" signal 11 (SIGSEGV) at "));
}

// Nobody writes the log any more: the box has it, and stderr says so.
TEST(Crash, OfTheBackendIsToldOnStderr) {
  BoxFiles files;
  Process child(HelperArgs("crash_backend", files));
  EXPECT_THAT(child.ReadErr(),
              HasSubstr("signal 11 (SIGSEGV) at address 0x0: the log was not "
                        "written to its end\n"));
  const int status = child.Wait();
  EXPECT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) != 0);
  const Output output = RunRecover(files.box);
  EXPECT_EQ(output.code, 0);
  EXPECT_THAT(output.out, HasSubstr(" what the backend dies of\n"));
  EXPECT_THAT(output.out, HasSubstr(" signal 11 (SIGSEGV) at address 0x0\n"));
}

}  // namespace
}  // namespace kingpin
