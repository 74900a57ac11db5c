// The order of lines, and what becomes of the rings of threads that are over.
#include "kingpin/logger/collector.h"

#include <atomic>
#include <cstring>
#include <latch>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/logger/level.h"
#include "kingpin/logger/line_format.h"
#include "kingpin/logger/line_writer.h"
#include "kingpin/logger/raw_slots.h"
#include "kingpin/logger/record.h"
#include "kingpin/logger/ring.h"
#include "kingpin/logger/ring_set.h"
#include "kingpin/logger/sink.h"
#include "kingpin/logger/site.h"
#include "kingpin/logger/ticks.h"
#include "kingpin/sys/syscalls.h"

namespace kingpin::log_internal {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class StringSink : public LogSink {
 public:
  SysResult<size_t> Write(const LogBatch& batch) override {
    text += batch.text;
    return {batch.text.size(), 0};
  }
  std::string text;
};

constinit const Site kSite = {.file = "a.cc", .line = 7};

class CollectorTest : public ::testing::Test {
 protected:
  CollectorTest() { UseBestTickSource(); }

  // What a thread does that logs `message`, having read the clock at `ticks`.
  static void Commit(Ring& ring, uint64_t ticks, std::string_view message,
                     uint32_t thread = 1) {
    const RecordHeader header = {
        .payload_bytes = static_cast<uint32_t>(message.size()),
        .site = SiteTable::Register(kSite) | kTextFlag,
        .ticks = ticks,
        .thread = thread,
        .context_bytes = 0};
    const size_t size = RecordSize(0, message.size());
    char* at = ring.Reserve(size, LogLevel::kInfo);
    ASSERT_NE(at, nullptr);
    std::memcpy(header.WriteTo(at), message.data(), message.size());
    ring.Commit(at, size);
  }
  // The lines since the last call.
  std::vector<std::string> Lines(
      Collector::Extent extent = Collector::Extent::kUpToNow) {
    sink_.text.clear();
    collector_.Pass(extent);
    return absl::StrSplit(sink_.text, '\n', absl::SkipEmpty());
  }

  RingSet rings_{64 << 10, nullptr};
  RawSlots raw_;
  TextLineFormat format_;
  StringSink sink_;
  LineWriter writer_{&sink_, &format_};
  Collector collector_{&rings_, &raw_, nullptr, &writer_};
  // Threads, by whom they are known.
  const int a_ = 0, b_ = 0, c_ = 0;
};

TEST_F(CollectorTest, ThreadsAreMergedByTheClock) {
  Ring& a = *rings_.Attach(&a_);
  Ring& b = *rings_.Attach(&b_);
  const uint64_t now = ReadTicks();
  Commit(b, now - 2, "second");
  Commit(b, now, "fourth");
  Commit(a, now - 3, "first");
  Commit(a, now - 1, "third");
  EXPECT_THAT(Lines(), ElementsAre(EndsWith(" first"), EndsWith(" second"),
                                   EndsWith(" third"), EndsWith(" fourth")));
  EXPECT_THAT(sink_.text, Not(HasSubstr("~")));
}

TEST_F(CollectorTest, LineThatIsCommittedTooLateForItsPlaceIsMarked) {
  Ring& a = *rings_.Attach(&a_);
  Ring& b = *rings_.Attach(&b_);
  const uint64_t early = ReadTicks();
  Commit(a, ReadTicks(), "in time");
  EXPECT_THAT(Lines(), ElementsAre(EndsWith("Z INFO 1 a.cc:7 in time")));
  Commit(b, early, "late");
  Commit(b, ReadTicks(), "in time again");
  EXPECT_THAT(Lines(), ElementsAre(EndsWith("Z~ INFO 1 a.cc:7 late"),
                                   EndsWith("Z INFO 1 a.cc:7 in time again")));
}

TEST_F(CollectorTest, WhatIsYoungerThanThePassWaitsForTheNext) {
  Ring& a = *rings_.Attach(&a_);
  // Little, as by a thread that commits while the pass looks. Once more, if this one was
  // stopped until then.
  for (uint64_t future = 0; ReadTicks() >= future;) {
    Lines(Collector::Extent::kAll);
    future = ReadTicks() + (uint64_t{1} << 31);
    Commit(a, future, "from the future");
    const std::vector<std::string> lines = Lines();
    const bool has_work = collector_.HasWork();
    if (ReadTicks() >= future) continue;
    EXPECT_THAT(lines, IsEmpty());
    EXPECT_TRUE(has_work);
  }
  EXPECT_THAT(Lines(Collector::Extent::kAll),
              ElementsAre(EndsWith("from the future")));
  EXPECT_FALSE(collector_.HasWork());
}

TEST_F(CollectorTest,
       LinesOfAThreadKeepTheirOrderBetweenTheSharedRingAndItsOwn) {
  constexpr int kLines = 20'000;
  Ring& own = *rings_.Attach(&a_);
  Ring& shared = rings_.shared();
  std::atomic<bool> done = false;
  std::thread thread([&] {
    for (int i = 0; i < kLines; i += 2) {
      while (rings_.depth() > 32 << 10) std::this_thread::yield();
      rings_.shared_mutex().Lock();
      Commit(shared, ReadTicks(), absl::StrCat(i));
      rings_.shared_mutex().Unlock();
      Commit(own, ReadTicks(), absl::StrCat(i + 1));
    }
    done = true;
  });
  std::vector<std::string> lines;
  for (bool is_last = false; !is_last;) {
    is_last = done;
    for (std::string& line : Lines()) lines.push_back(std::move(line));
  }
  thread.join();
  ASSERT_EQ(lines.size(), kLines);
  for (int i = 0; i < kLines; ++i) {
    ASSERT_THAT(lines[i], EndsWith(absl::StrCat(" ", i)));
  }
}

TEST_F(CollectorTest, WhoHoldsTheSharedRingHoldsUpNoLines) {
  Commit(*rings_.Attach(&a_), ReadTicks(), "own");
  std::latch held(1);
  std::latch over(1);
  std::thread thread([&] {
    rings_.shared_mutex().Lock();
    Commit(rings_.shared(), ReadTicks(), "shared");
    held.count_down();
    over.wait();
    rings_.shared_mutex().Unlock();
  });
  held.wait();
  EXPECT_THAT(Lines(), ElementsAre(EndsWith(" own"), EndsWith(" shared")));
  over.count_down();
  thread.join();
}

// What the counter is, for its lifetime: the larger one of two, and then the other.
class CounterThatBeginsAnew {
 public:
  CounterThatBeginsAnew() { Use(ReadCounter() > MonotonicNanos()); }
  ~CounterThatBeginsAnew() { Use(before_); }
  void BeginAnew() { Use(!UsesCounter()); }

 private:
  static void Use(bool counter) { g_use_time_stamp_counter.store(counter); }
  const bool before_ = UsesCounter();
};

class CounterThatBeganAnew : public CollectorTest {
 protected:
  // The lines since the last call. All of their times are those of the wall clock.
  std::vector<std::string> Lines(
      Collector::Extent extent = Collector::Extent::kUpToNow) {
    sink_.text.clear();
    collector_.Pass(extent);
    const absl::Time now = absl::Now();
    std::vector<std::string> lines =
        absl::StrSplit(sink_.text, '\n', absl::SkipEmpty());
    for (const std::string& line : lines) {
      if (absl::StartsWith(line, "dropped ")) continue;
      absl::Time time;
      EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full,
                                  line.substr(0, line.find('Z') + 1), &time,
                                  nullptr))
          << line;
      EXPECT_LT(absl::AbsDuration(now - time), absl::Minutes(10)) << line;
    }
    return lines;
  }

  CounterThatBeginsAnew counter_;
  Collector collector_{&rings_, &raw_, nullptr, &writer_};
  Ring& ring_a_ = *rings_.Attach(&a_);
  Ring& ring_b_ = *rings_.Attach(&b_);
};

TEST_F(CounterThatBeganAnew, LinesOfBeforeAreTheFirst) {
  Commit(ring_b_, ReadTicks(), "first");
  EXPECT_THAT(Lines(), ElementsAre(EndsWith("Z INFO 1 a.cc:7 first")));
  const uint64_t before = ReadTicks();
  counter_.BeginAnew();
  Commit(ring_a_, ReadTicks(), "after");
  Commit(ring_b_, before, "before");
  raw_.Write(LogLevel::kInfo, "a.cc", 7, "also before", before + 1);
  Commit(ring_b_, ReadTicks(), "also after");
  EXPECT_THAT(Lines(), ElementsAre(EndsWith("Z INFO 1 a.cc:7 before"),
                                   EndsWith(" a.cc:7 also before"),
                                   EndsWith("Z INFO 1 a.cc:7 after"),
                                   EndsWith("Z INFO 1 a.cc:7 also after")));
  EXPECT_THAT(sink_.text, Not(HasSubstr("~")));
  Commit(ring_a_, ReadTicks(), "next");
  EXPECT_THAT(Lines(), ElementsAre(EndsWith("Z INFO 1 a.cc:7 next")));
}

// Its thread stood between reading the counter and committing for all that time.
TEST_F(CounterThatBeganAnew, LineOfBeforeThatIsCommittedNowIsLateAndWaitsNot) {
  const uint64_t before = ReadTicks();
  Lines();
  counter_.BeginAnew();
  Commit(ring_b_, ReadTicks(), "noticed");
  EXPECT_THAT(Lines(), ElementsAre(EndsWith("Z INFO 1 a.cc:7 noticed")));
  for (const Collector::Extent extent :
       {Collector::Extent::kUpToNow, Collector::Extent::kAll}) {
    Commit(ring_a_, before, "before");
    Commit(ring_a_, ReadTicks(), "behind it");
    raw_.Write(LogLevel::kInfo, "a.cc", 7, "raw", before + 1);
    EXPECT_THAT(Lines(extent),
                ElementsAre(EndsWith("Z~ INFO 1 a.cc:7 before"),
                            AllOf(HasSubstr("Z~ INFO "), EndsWith(" raw")),
                            EndsWith("Z INFO 1 a.cc:7 behind it")));
    // The clock is not that of before from now on.
    Commit(ring_b_, ReadTicks(), "next");
    EXPECT_THAT(Lines(), ElementsAre(EndsWith("Z INFO 1 a.cc:7 next")));
  }
}

// A gap has the time of the last line that was dropped.
TEST_F(CounterThatBeganAnew, GapOfBeforeHoldsUpNoLines) {
  Lines();
  ring_a_.Drop(LogLevel::kInfo, ReadTicks());
  counter_.BeginAnew();
  Commit(ring_b_, ReadTicks(), "noticed");
  EXPECT_THAT(Lines(), ElementsAre(EndsWith("Z INFO 1 a.cc:7 noticed"),
                                   HasSubstr("dropped 1 lines ")));
  Commit(ring_a_, ReadTicks(), "behind the gap");
  EXPECT_THAT(Lines(), ElementsAre(EndsWith("Z INFO 1 a.cc:7 behind the gap")));
}

TEST_F(CollectorTest, RingOfAThreadThatIsOverIsHandedOnWhenItIsEmpty) {
  Ring* a = rings_.Attach(&a_);
  Commit(*a, ReadTicks(), "of a", 11);
  rings_.Detach(&a_);
  rings_.Recycle();
  Ring* b = rings_.Attach(&b_);
  EXPECT_NE(b, a) << "it still has a line";
  Commit(*b, ReadTicks(), "of b", 22);
  EXPECT_THAT(Lines(), ElementsAre(EndsWith(" 11 a.cc:7 of a"),
                                   EndsWith(" 22 a.cc:7 of b")));
  rings_.Recycle();
  Ring* c = rings_.Attach(&c_);
  EXPECT_EQ(c, a);
  Commit(*c, ReadTicks(), "of c", 33);
  EXPECT_THAT(Lines(), ElementsAre(EndsWith(" 33 a.cc:7 of c")));
}

TEST_F(CollectorTest, BeyondTheBudgetThreadsShare) {
  const size_t before = RingSet::ring_budget();
  ASSERT_NE(rings_.Attach(&a_), nullptr);
  RingSet::set_ring_budget(0);
  EXPECT_EQ(rings_.Attach(&b_), nullptr);
  EXPECT_NE(rings_.Attach(&a_), nullptr) << "what it has it keeps";
  RingSet::set_ring_budget(before);
  EXPECT_NE(rings_.Attach(&b_), nullptr);
}

}  // namespace
}  // namespace kingpin::log_internal
