// What a black box file consists of, version 1, in the byte order of its machine:
//
//   0           BoxHeader      4 KiB: what, whose, when
//   4096        RawSlots       16 KiB: lines from signal handlers
//   20480       rings          each RingControl's page and the data, `ring_bytes`
//   sites       BoxSite ...    one for each log statement that has logged, appended
//
// Sites are of any number: their part of the file grows. A size of 0, or the end of
// the file, ends them. All up to there, and the first kBoxSiteBytes of it, is
// allocated and mapped before the file counts as a box.
#ifndef KINGPIN_LOGGER_BLACK_BOX_FORMAT_H_
#define KINGPIN_LOGGER_BLACK_BOX_FORMAT_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "kingpin/logger/level.h"
#include "kingpin/logger/raw_slots.h"
#include "kingpin/logger/ring_control.h"

namespace kingpin::log_internal {

constexpr uint64_t BoxMagic(const char (&text)[9]) {
  uint64_t magic = 0;
  for (int i = 7; i >= 0; --i) {
    magic = magic << 8 | static_cast<unsigned char>(text[i]);
  }
  return magic;
}
// A file that begins with these bytes, lowest first, holds the lines of a process.
inline constexpr uint64_t kBoxMagic = BoxMagic("KPLOGBOX");
// One with these is being made: nothing is in it yet.
inline constexpr uint64_t kUnfinishedBoxMagic = BoxMagic("KPLOGNEW");
inline constexpr uint32_t kBoxVersion = 1;

// How ticks become time.
struct BoxClock {
  uint64_t ticks;
  int64_t unix_nanos;
  double nanos_per_tick;
};

struct BoxHeader {
  uint64_t magic;
  uint32_t version;
  uint32_t rings;
  uint64_t ring_bytes;
  uint64_t pid;
  int64_t start_unix_nanos;
  // The clock that counts is clocks[clock]: the other one may be half written.
  uint64_t clock;
  std::array<BoxClock, 2> clocks;
  // 1 while the backend is within a write, the account of it, and giving back room.
  uint64_t writing;
  // 1 once a next process has begun to write these lines to the log.
  uint64_t recovering;
  // Lines that the sink did not take, and that were not declared yet.
  std::array<uint64_t, kLogLevels> owed;
  // The rest of a line of which the sink took the begin and then failed; if there is
  // no room for all of it, "...[truncated, N bytes]" says how long it was.
  uint64_t cut_bytes;
  std::array<char, 3072> cut;
};

inline constexpr size_t kBoxHeaderBytes = 4096;
inline constexpr size_t kBoxRawOffset = kBoxHeaderBytes;
inline constexpr size_t kBoxRingsOffset = kBoxRawOffset + sizeof(RawSlots);
static_assert(kBoxRingsOffset % 4096 == 0);
static_assert(sizeof(BoxHeader) <= kBoxHeaderBytes);
inline constexpr size_t kBoxSiteBytes = 256 << 10;

// Bounds, so that a damaged header asks for nothing absurd.
inline constexpr uint32_t kMaxBoxRings = 4096;
inline constexpr uint64_t kMaxBoxBytes = uint64_t{4} << 30;

// A call site: this, its types, its file, its format, zeros up to a multiple of 8.
struct BoxSite {
  uint32_t size;  // Of all of it.
  uint32_t number;
  uint32_t line;
  uint8_t level;
  uint8_t prefix;
  uint16_t types;
  uint32_t file_bytes;
  uint32_t format_bytes;
};
static_assert(sizeof(BoxSite) == 24);

}  // namespace kingpin::log_internal

#endif  // KINGPIN_LOGGER_BLACK_BOX_FORMAT_H_
