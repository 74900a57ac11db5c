#include "kingpin/http/byte_range.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string_view>

namespace kingpin::http {
namespace {

using Kind = ByteRange::Kind;

struct Case {
  std::string_view value;
  uint64_t size;
  Kind kind;
  uint64_t offset;
  uint64_t length;
};

constexpr uint64_t kMax = UINT64_MAX;

constexpr Case kCases[] = {
    {"bytes=0-0", 10, Kind::kPartial, 0, 1},
    {"bytes=0-9", 10, Kind::kPartial, 0, 10},
    {"bytes=0-10", 10, Kind::kPartial, 0, 10},
    {"bytes=9-9", 10, Kind::kPartial, 9, 1},
    {"bytes=3-5", 10, Kind::kPartial, 3, 3},
    {"bytes=003-005", 10, Kind::kPartial, 3, 3},
    {"Bytes=3-5", 10, Kind::kPartial, 3, 3},
    {"bytes=0-", 10, Kind::kPartial, 0, 10},
    {"bytes=9-", 10, Kind::kPartial, 9, 1},
    {"bytes=-1", 10, Kind::kPartial, 9, 1},
    {"bytes=-10", 10, Kind::kPartial, 0, 10},
    {"bytes=-11", 10, Kind::kPartial, 0, 10},
    {"bytes=0-18446744073709551615", 10, Kind::kPartial, 0, 10},
    {"bytes=0-99999999999999999999999", 10, Kind::kPartial, 0, 10},
    {"bytes=-99999999999999999999999", 10, Kind::kPartial, 0, 10},
    {"bytes=0-18446744073709551615", kMax, Kind::kPartial, 0, kMax},
    {"bytes=18446744073709551614-", kMax, Kind::kPartial, kMax - 1, 1},
    {"bytes=18446744073709551615-", kMax, Kind::kUnsatisfiable, 0, 0},
    {"bytes=5000000000-5000000009", 10'000'000'000, Kind::kPartial,
     5'000'000'000, 10},
    {"bytes=10-", 10, Kind::kUnsatisfiable, 0, 0},
    {"bytes=10-20", 10, Kind::kUnsatisfiable, 0, 0},
    {"bytes=-0", 10, Kind::kUnsatisfiable, 0, 0},
    {"bytes=99999999999999999999999-", 10, Kind::kUnsatisfiable, 0, 0},
    {"bytes=0-", 0, Kind::kUnsatisfiable, 0, 0},
    {"bytes=0-0", 0, Kind::kUnsatisfiable, 0, 0},
    {"bytes=-5", 0, Kind::kWhole, 0, 0},
    {"bytes=-0", 0, Kind::kUnsatisfiable, 0, 0},
    {"bytes=5-4", 10, Kind::kWhole, 0, 10},
    {"bytes=0-1,3-4", 10, Kind::kWhole, 0, 10},
    {"bytes=0-1, -1", 10, Kind::kWhole, 0, 10},
    {"bytes=-1,0-1", 10, Kind::kWhole, 0, 10},
    {"", 10, Kind::kWhole, 0, 10},
    {"bytes", 10, Kind::kWhole, 0, 10},
    {"bytes=", 10, Kind::kWhole, 0, 10},
    {"bytes=-", 10, Kind::kWhole, 0, 10},
    {"bytes=5", 10, Kind::kWhole, 0, 10},
    {"bytes=--5", 10, Kind::kWhole, 0, 10},
    {"bytes=-5-", 10, Kind::kWhole, 0, 10},
    {"bytes=1-2-3", 10, Kind::kWhole, 0, 10},
    {"bytes=+1-2", 10, Kind::kWhole, 0, 10},
    {"bytes=0x1-2", 10, Kind::kWhole, 0, 10},
    {"bytes= 0-1", 10, Kind::kWhole, 0, 10},
    {"bytes=0 -1", 10, Kind::kWhole, 0, 10},
    {"bytes=0- 1", 10, Kind::kWhole, 0, 10},
    {"bytes =0-1", 10, Kind::kWhole, 0, 10},
    {"items=0-1", 10, Kind::kWhole, 0, 10},
    {"0-1", 10, Kind::kWhole, 0, 10},
};

TEST(ByteRangeTest, ResolvesByTheTable) {
  for (const Case& test : kCases) {
    const ByteRange range = ResolveByteRange(test.value, test.size);
    EXPECT_EQ(range.kind, test.kind) << test.value << " of " << test.size;
    EXPECT_EQ(range.offset, test.offset) << test.value << " of " << test.size;
    EXPECT_EQ(range.length, test.length) << test.value << " of " << test.size;
  }
}

TEST(ByteRangeTest, WritesContentRange) {
  char text[kContentRangeSize];
  EXPECT_EQ(WriteContentRange({Kind::kPartial, 3, 2}, 10, text),
            "bytes 3-4/10");
  EXPECT_EQ(WriteContentRange({Kind::kUnsatisfiable, 0, 0}, 10, text),
            "bytes */10");
  EXPECT_EQ(WriteContentRange({Kind::kPartial, kMax - 1, 1}, kMax, text),
            "bytes 18446744073709551614-18446744073709551614/"
            "18446744073709551615");
}

TEST(ByteRangeTest, TheExampleInTheHeaderWorks) {
  ByteRange range = ResolveByteRange("bytes=-500", /*size=*/10'000);
  EXPECT_EQ(range.kind, ByteRange::Kind::kPartial);
  char text[kContentRangeSize];
  EXPECT_EQ(WriteContentRange(range, 10'000, text), "bytes 9500-9999/10000");
}

}  // namespace
}  // namespace kingpin::http
