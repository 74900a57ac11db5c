#include "kingpin/logger/ring.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "gtest/gtest.h"
#include "kingpin/logger/level.h"
#include "kingpin/logger/record.h"

namespace kingpin::log_internal {
namespace {

// Not on the stack: AddressSanitizer's copy of a stack is aligned to 32 bytes only.
std::unique_ptr<Ring> MakeRing(size_t bytes) {
  return std::make_unique<Ring>(bytes);
}

// A record whose payload is `size` bytes of `fill`.
char* Put(Ring& ring, size_t size, char fill,
          LogLevel level = LogLevel::kError) {
  const size_t record_size = RecordSize(0, size);
  char* at = ring.Reserve(record_size, level);
  if (at == nullptr) return nullptr;
  const RecordHeader header = {.payload_bytes = static_cast<uint32_t>(size),
                               .site = 7,
                               .ticks = 0,
                               .thread = 0,
                               .context_bytes = 0};
  std::memset(header.WriteTo(at), fill, size);
  ring.Commit(at, record_size);
  return at;
}

Record Peek(const Ring& ring, uint64_t at) {
  Record record;
  EXPECT_TRUE(Record::Read({ring.At(at), ring.tail() - at}, &record));
  return record;
}

TEST(Ring, RecordsAreContiguousAcrossTheEnd) {
  const auto owner = MakeRing(4096);
  Ring& ring = *owner;
  ASSERT_TRUE(ring.valid());
  ring.Touch();
  for (int i = 0; i < 1000; ++i) {
    const size_t size = 1 + i * 7 % 900;
    const char fill = static_cast<char>('a' + i % 26);
    ASSERT_NE(Put(ring, size, fill), nullptr);
    const Record record = Peek(ring, ring.head());
    EXPECT_EQ(record.payload, std::string(size, fill));
    ring.Release(ring.head() + record.size);
    EXPECT_EQ(ring.depth(), 0);
  }
}

TEST(Ring, LowLevelsLeaveAnEighth) {
  const auto owner = MakeRing(4096);
  Ring& ring = *owner;
  while (Put(ring, 40, 'i', LogLevel::kInfo) != nullptr) {
  }
  EXPECT_EQ(ring.depth(), 4096 / 8 * 7);
  EXPECT_EQ(Put(ring, 40, 'd', LogLevel::kDebug), nullptr);
  while (Put(ring, 40, 'w', LogLevel::kWarning) != nullptr) {
  }
  EXPECT_EQ(ring.depth(), 4096);
}

TEST(Ring, UsesNoMoreThanItIsTold) {
  const auto owner = MakeRing(1024);
  Ring& ring = *owner;
  while (Put(ring, 40, 'x') != nullptr) {
  }
  EXPECT_EQ(ring.depth(), 1024);
}

TEST(Ring, LargestRecordFitsBehindAGap) {
  const auto owner = MakeRing(1024);
  Ring& ring = *owner;
  ring.Drop(LogLevel::kInfo, 1);
  EXPECT_NE(ring.Reserve(ring.max_record(), LogLevel::kDebug), nullptr);
}

TEST(Ring, DropsAreToldInFrontOfTheNextLine) {
  const auto owner = MakeRing(1024);
  Ring& ring = *owner;
  ASSERT_NE(Put(ring, 700, 'x'), nullptr);
  EXPECT_EQ(Put(ring, 700, 'y'), nullptr);
  ring.Drop(LogLevel::kInfo, 10);
  ring.Drop(LogLevel::kError, 20);
  // Though there is room for a small line without a look at the other side.
  EXPECT_EQ(ring.TryReserve(RecordSize(0, 8)), nullptr);
  ASSERT_NE(Put(ring, 8, 'z'), nullptr);
  uint64_t at = ring.head() + Peek(ring, ring.head()).size;
  Record record = Peek(ring, at);
  ASSERT_EQ(record.header.site, kGapSite);
  GapPayload gap;
  std::memcpy(&gap, record.payload.data(), sizeof(gap));
  EXPECT_EQ(gap.dropped, (std::array<uint64_t, kLogLevels>{0, 1, 0, 1}));
  EXPECT_EQ(gap.first_ticks, 10);
  EXPECT_EQ(gap.last_ticks, 20);
  EXPECT_EQ(Peek(ring, at + record.size).payload, std::string(8, 'z'));
  EXPECT_EQ(ring.accepted(), 4);
  EXPECT_EQ(ring.dropped(), gap.dropped);
}

TEST(Ring, ProducerWaitsForRoomAndLosesNothing) {
  constexpr uint64_t kLines = 20000;
  const auto owner = MakeRing(1024);
  Ring& ring = *owner;
  std::thread producer([&ring] {
    for (uint64_t i = 0; i < kLines; ++i) {
      const size_t size = RecordSize(0, 8 + i % 50);
      char* at;
      while ((at = ring.Reserve(size, LogLevel::kInfo)) == nullptr) {
        ring.WaitForRoom(size, LogLevel::kInfo);
      }
      const RecordHeader header = {
          .payload_bytes = static_cast<uint32_t>(8 + i % 50),
          .site = 7,
          .ticks = i,
          .thread = 0,
          .context_bytes = 0};
      std::memcpy(header.WriteTo(at), &i, sizeof(i));
      ring.Commit(at, size);
    }
  });
  uint64_t next = 0;
  while (next < kLines) {
    uint64_t at = ring.head();
    const uint64_t end = ring.tail();
    for (; at != end; ++next) {
      const Record record = Peek(ring, at);
      uint64_t number;
      std::memcpy(&number, record.payload.data(), sizeof(number));
      ASSERT_EQ(number, next);
      ASSERT_EQ(record.header.ticks, next);
      at += record.size;
    }
    ring.Release(at);
  }
  producer.join();
  EXPECT_EQ(ring.depth(), 0);
  EXPECT_EQ(ring.accepted(), kLines);
}

TEST(Record, DamagedSizesAreNoticed) {
  const RecordHeader header = {.payload_bytes = 100,
                               .site = 7,
                               .ticks = 0,
                               .thread = 0,
                               .context_bytes = 0xffffffff};
  std::string bytes(64, '\0');
  header.WriteTo(bytes.data());
  Record record;
  for (size_t size = 0; size <= bytes.size(); ++size) {
    EXPECT_FALSE(
        Record::Read(std::string_view(bytes).substr(0, size), &record));
  }
}

}  // namespace
}  // namespace kingpin::log_internal
