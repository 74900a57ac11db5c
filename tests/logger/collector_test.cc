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

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/logger/level.h"
#include "kingpin/logger/line_format.h"
#include "kingpin/logger/line_writer.h"
#include "kingpin/logger/plain_mutex.h"
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

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

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
  Commit(a, ReadTicks() + (uint64_t{1} << 40), "from the future");
  EXPECT_THAT(Lines(), IsEmpty());
  EXPECT_TRUE(collector_.HasWork());
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
      {
        PlainMutexLock lock(&rings_.shared_mutex());
        Commit(shared, ReadTicks(), absl::StrCat(i));
      }
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
    PlainMutexLock lock(&rings_.shared_mutex());
    Commit(rings_.shared(), ReadTicks(), "shared");
    held.count_down();
    over.wait();
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

TEST_F(CollectorTest, LinesDoNotWaitForACounterThatBeganAnew) {
  CounterThatBeginsAnew counter;
  Collector collector(&rings_, &raw_, nullptr, &writer_);
  auto lines = [&] {
    sink_.text.clear();
    collector.Pass(Collector::Extent::kUpToNow);
    return std::vector<std::string>(
        absl::StrSplit(sink_.text, '\n', absl::SkipEmpty()));
  };
  Ring& a = *rings_.Attach(&a_);
  Ring& b = *rings_.Attach(&b_);
  Commit(b, ReadTicks(), "first");
  EXPECT_THAT(lines(), ElementsAre(EndsWith("Z INFO 1 a.cc:7 first")));
  Commit(a, ReadTicks(), "before");
  counter.BeginAnew();
  Commit(a, ReadTicks(), "after");
  Commit(b, ReadTicks(), "also after");
  const std::vector<std::string> taken = lines();
  // Marked as late where the order across threads is not that of the clock.
  EXPECT_THAT(taken,
              UnorderedElementsAre(EndsWith("Z INFO 1 a.cc:7 before"),
                                   EndsWith(" INFO 1 a.cc:7 after"),
                                   EndsWith(" INFO 1 a.cc:7 also after")));
  // The times of all these are those of the wall clock.
  const absl::Time now = absl::Now();
  for (const std::string& line : taken) {
    absl::Time time;
    ASSERT_TRUE(absl::ParseTime(
        absl::RFC3339_full, line.substr(0, line.find('Z') + 1), &time, nullptr))
        << line;
    EXPECT_LT(absl::AbsDuration(now - time), absl::Minutes(10)) << line;
  }
  Commit(a, ReadTicks(), "next");
  EXPECT_THAT(lines(), ElementsAre(EndsWith("Z INFO 1 a.cc:7 next")));
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
