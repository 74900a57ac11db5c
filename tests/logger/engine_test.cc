// Which place of a thread's cache of rings an engine has, and who waits for whom in the
// ring that threads share.
#include "kingpin/logger/engine.h"

#include <sys/resource.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "kingpin/logger/level.h"
#include "kingpin/logger/log_format.h"
#include "kingpin/logger/record.h"
#include "kingpin/logger/ring_set.h"
#include "kingpin/logger/sink.h"
#include "kingpin/logger/site.h"
#include "kingpin/sys/syscalls.h"

namespace kingpin::log_internal {
namespace {

class NullSink : public LogSink {
 public:
  SysResult<size_t> Write(const LogBatch& batch) override {
    return {batch.text.size(), 0};
  }
};

std::unique_ptr<Engine> MakeEngine() {
  return std::make_unique<Engine>(
      EngineOptions{.sinks = {[] { return std::make_unique<NullSink>(); }},
                    .format = LogFormat::kText,
                    .clock = nullptr,
                    .time_zone = absl::UTCTimeZone(),
                    .thread_names = false,
                    .ring_bytes = 4096,
                    .blocks = {},
                    .poll_interval = absl::Milliseconds(1),
                    .idle_interval = absl::Milliseconds(100),
                    .black_box = {},
                    .black_box_threads = 0});
}

constinit const Site kSite = {.file = "a.cc", .line = 7};

// Room for a line without arguments, of a thread that has no ring at hand; the line is
// written there. False: it was dropped.
bool ClaimRoom(Engine& engine, Claim* claim) {
  const uint32_t site = SiteTable::Register(kSite) | kTextFlag;
  uint64_t ticks = engine.Now();
  if (!engine.ClaimSlowly(LogLevel::kInfo, RecordSize(0, 0), &ticks, claim)) {
    return false;
  }
  const RecordHeader header = {.payload_bytes = 0,
                               .site = site,
                               .ticks = ticks,
                               .thread = t_thread_id,
                               .context_bytes = 0};
  header.WriteTo(claim->at);
  return true;
}

void Log(Engine& engine) {
  Claim claim;
  ASSERT_TRUE(ClaimRoom(engine, &claim));
  engine.Release(claim, RecordSize(0, 0), LogLevel::kInfo);
}

TEST(Engine, ThreadKeepsTheRingsOfTwoHoweverManyWereMadeBetween) {
  const std::unique_ptr<Engine> first = MakeEngine();
  Log(*first);
  for (size_t i = 0; i < 2 * kCachedRings; ++i) {
    const std::unique_ptr<Engine> second = MakeEngine();
    Log(*second);
    EXPECT_NE(first->CachedThreadRingOfAnyTicks(), nullptr) << i;
    EXPECT_NE(second->CachedThreadRingOfAnyTicks(), nullptr) << i;
  }
}

TEST(Engine, AsManyAsThereArePlacesHaveOneEach) {
  std::array<std::unique_ptr<Engine>, kCachedRings> engines;
  for (std::unique_ptr<Engine>& engine : engines) Log(*(engine = MakeEngine()));
  // Not in the order in which they were made.
  for (size_t i : {5, 2}) engines[i].reset();
  for (size_t i : {2, 5}) Log(*(engines[i] = MakeEngine()));
  for (const std::unique_ptr<Engine>& engine : engines) {
    EXPECT_NE(engine->CachedThreadRingOfAnyTicks(), nullptr);
  }
}

// How often a thread waits that drops so many lines.
int64_t WaitsOfDrops(Engine& engine, int lines) {
  int64_t waits = 0;
  std::thread([&] {
    Claim claim;
    rusage before;
    rusage after;
    getrusage(RUSAGE_THREAD, &before);
    for (int i = 0; i < lines; ++i) EXPECT_FALSE(ClaimRoom(engine, &claim));
    getrusage(RUSAGE_THREAD, &after);
    waits = after.ru_nvcsw - before.ru_nvcsw;
  }).join();
  return waits;
}

// That may be stopped amid the copy of an argument, by a page that comes from a disk.
TEST(Engine, WhoDropsDoesNotWaitForWhoIsInTheSharedRing) {
  const size_t budget = RingSet::ring_budget();
  RingSet::set_ring_budget(0);
  const std::unique_ptr<Engine> engine = MakeEngine();
  Claim claim;
  ASSERT_TRUE(ClaimRoom(*engine, &claim));
  EXPECT_TRUE(claim.is_shared);
  // Who waits gives its CPU away. The first line does, the others do not.
  constexpr int kLines = 1000;
  EXPECT_LT(WaitsOfDrops(*engine, kLines), kLines / 2);
  engine->Release(claim, RecordSize(0, 0), LogLevel::kInfo);
  // The next who is stuck is waited for again; by the backend, if that comes first.
  int turns = 0;
  int64_t waits = 0;
  while (waits == 0 && turns < 100) {
    ++turns;
    ASSERT_TRUE(ClaimRoom(*engine, &claim));
    waits = WaitsOfDrops(*engine, 1);
    engine->Release(claim, RecordSize(0, 0), LogLevel::kInfo);
  }
  EXPECT_GE(waits, 1);
  RingSet::set_ring_budget(budget);
  engine->Flush();
  const Engine::Counters counters = engine->counters();
  EXPECT_EQ(counters.accepted, kLines + 1 + 2 * turns);
  EXPECT_EQ(counters.writer.written, 1 + turns);
  EXPECT_EQ(counters.dropped[static_cast<size_t>(LogLevel::kInfo)],
            kLines + turns);
}

}  // namespace
}  // namespace kingpin::log_internal
