// What lies in a ring: records, each contiguous and a multiple of 8 bytes.
//
//   +--------------+------------------------+----------------------+---------+
//   | RecordHeader | context, if any        | payload: arguments   | padding |
//   |   24 bytes   | (log_context.h)        | (encode.h), or text  | to 8    |
//   +--------------+------------------------+----------------------+---------+
//
// A gap is a record of its own; it stands where lines are missing.
#ifndef KINGPIN_LOGGER_RECORD_H_
#define KINGPIN_LOGGER_RECORD_H_

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "absl/base/optimization.h"
#include "kingpin/logger/level.h"

namespace kingpin::log_internal {

inline constexpr size_t kRecordAlignment = 8;

// Of RecordHeader::site. With the first, the payload is the message itself; with the
// second, 64 bits in front of it count the lines that a limit has suppressed.
inline constexpr uint32_t kTextFlag = uint32_t{1} << 31;
inline constexpr uint32_t kSuppressedFlag = uint32_t{1} << 30;
inline constexpr uint32_t kSiteFlags = kTextFlag | kSuppressedFlag;
// Sites that are none.
inline constexpr uint32_t kNoSite = 0;
inline constexpr uint32_t kGapSite = 1;

struct RecordHeader {
  uint32_t payload_bytes;
  uint32_t site;  // SiteTable's number, and kSiteFlags.
  uint64_t ticks;
  uint32_t thread;
  uint32_t context_bytes;

  // Field by field: a copy of the whole would read what has just been written in
  // smaller pieces, which stalls for longer than all else in a log statement takes.
  char* WriteTo(char* at) const {
    std::memcpy(at + offsetof(RecordHeader, payload_bytes), &payload_bytes, 4);
    std::memcpy(at + offsetof(RecordHeader, site), &site, 4);
    std::memcpy(at + offsetof(RecordHeader, ticks), &ticks, 8);
    // One store, and nothing to put together where there is no context.
    static_assert(std::endian::native == std::endian::little);
    const uint64_t both = thread | uint64_t{context_bytes} << 32;
    std::memcpy(at + offsetof(RecordHeader, thread), &both, 8);
    return at + sizeof(RecordHeader);
  }
};
static_assert(sizeof(RecordHeader) == 24);

// The payload of a gap. `dropped` counts from the ring's first line on, so that a
// gap that has been declared already declares nothing twice.
struct GapPayload {
  std::array<uint64_t, kLogLevels> dropped;
  uint64_t first_ticks;
  uint64_t last_ticks;
};

constexpr size_t RecordSize(size_t context_bytes, size_t payload_bytes) {
  const size_t size = sizeof(RecordHeader) + context_bytes + payload_bytes;
  return (size + kRecordAlignment - 1) & ~(kRecordAlignment - 1);
}

inline constexpr size_t kGapRecordSize = RecordSize(0, sizeof(GapPayload));

// A record as it is read.
struct Record {
  RecordHeader header;
  std::string_view context;
  std::string_view payload;
  size_t size = 0;  // Of all of it.
  uint64_t suppressed = 0;
  // If lines have it. Printable, without a space.
  std::string_view thread_name;

  // Reads the record at the begin of `bytes`. False if it does not end there.
  static bool Read(std::string_view bytes, Record* record) {
    if (ABSL_PREDICT_FALSE(bytes.size() < sizeof(RecordHeader))) return false;
    RecordHeader& header = record->header;
    std::memcpy(&header, bytes.data(), sizeof(header));
    record->size = RecordSize(header.context_bytes, header.payload_bytes);
    if (ABSL_PREDICT_FALSE(record->size > bytes.size())) return false;
    const char* context = bytes.data() + sizeof(header);
    record->context = {context, header.context_bytes};
    return record->SetPayload(
        {context + header.context_bytes, header.payload_bytes});
  }

  // What follows the context, as the flags of the header say. False if it is too short.
  bool SetPayload(std::string_view bytes) {
    suppressed = 0;
    if (ABSL_PREDICT_FALSE((header.site & kSuppressedFlag) != 0)) {
      if (bytes.size() < sizeof(suppressed)) return false;
      std::memcpy(&suppressed, bytes.data(), sizeof(suppressed));
      bytes.remove_prefix(sizeof(suppressed));
    }
    payload = bytes;
    return true;
  }
};

}  // namespace kingpin::log_internal

#endif  // KINGPIN_LOGGER_RECORD_H_
