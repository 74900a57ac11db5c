// TimestampWriter: 2026-11-23T11:35:28.123456Z, and all but the last digits of it
// from memory while the second is the same.
//
// Threads: one at a time.
#ifndef KINGPIN_LOGGER_TIMESTAMP_H_
#define KINGPIN_LOGGER_TIMESTAMP_H_

#include <cstddef>
#include <cstdint>

namespace kingpin::log_internal {

class TimestampWriter {
 public:
  static constexpr size_t kSize = 27;

  // Writes kSize bytes and returns their end. Years 0 to 9999.
  char* Write(int64_t unix_nanos, char* out);

 private:
  void SetSecond(int64_t unix_seconds);

  int64_t second_ = INT64_MIN;
  char text_[kSize];
};

}  // namespace kingpin::log_internal

#endif  // KINGPIN_LOGGER_TIMESTAMP_H_
