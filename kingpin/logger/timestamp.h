// TimestampWriter: 2026-11-23T11:35:28.123456Z, or 2026-11-23T12:35:28.123456+01:00 in
// another zone than UTC (RFC 3339), and all but six digits of it from memory while the
// second is the same.
//
// Threads: one at a time.
#ifndef KINGPIN_LOGGER_TIMESTAMP_H_
#define KINGPIN_LOGGER_TIMESTAMP_H_

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

namespace kingpin::log_internal {

class TimestampWriter {
 public:
  static constexpr size_t kMaxSize = 32;

  explicit TimestampWriter(absl::TimeZone zone = absl::UTCTimeZone())
      : zone_(zone), is_utc_(zone == absl::UTCTimeZone()) {}

  // Needs room for kMaxSize bytes and returns the end of what it wrote. Years 0 to
  // 9999.
  char* Write(int64_t unix_nanos, char* out);

 private:
  void SetSecond(int64_t unix_seconds);
  int64_t OffsetMinutes(int64_t unix_seconds) const;
  void SetOffset(int minutes);

  const absl::TimeZone zone_;
  const bool is_utc_;
  int64_t second_ = INT64_MIN;
  size_t size_ = 0;
  char text_[kMaxSize];
};

}  // namespace kingpin::log_internal

#endif  // KINGPIN_LOGGER_TIMESTAMP_H_
