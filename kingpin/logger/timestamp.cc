#include "kingpin/logger/timestamp.h"

#include <chrono>
#include <cstdlib>
#include <cstring>

#include "absl/base/optimization.h"

namespace kingpin::log_internal {
namespace {

constexpr int64_t kNanosPerSecond = 1'000'000'000;
constexpr size_t kMicrosAt = 20;
constexpr size_t kOffsetAt = 26;

void TwoDigits(unsigned value, char* out) {
  out[0] = static_cast<char>('0' + value / 10);
  out[1] = static_cast<char>('0' + value % 10);
}

}  // namespace

char* TimestampWriter::Write(int64_t unix_nanos, char* out) {
  int64_t second = unix_nanos / kNanosPerSecond;
  int64_t nanos = unix_nanos % kNanosPerSecond;
  if (ABSL_PREDICT_FALSE(nanos < 0)) {
    --second;
    nanos += kNanosPerSecond;
  }
  if (ABSL_PREDICT_FALSE(second != second_)) SetSecond(second);
  std::memcpy(out, text_, kMaxSize);
  const unsigned micros = static_cast<unsigned>(nanos) / 1000;
  TwoDigits(micros / 10000, out + kMicrosAt);
  TwoDigits(micros / 100 % 100, out + kMicrosAt + 2);
  TwoDigits(micros % 100, out + kMicrosAt + 4);
  return out + size_;
}

// Not gmtime_r, which takes a lock of libc's.
void TimestampWriter::SetSecond(int64_t unix_seconds) {
  const int64_t offset = OffsetMinutes(unix_seconds) * 60;
  using std::chrono::days;
  using std::chrono::floor;
  using std::chrono::seconds;
  const std::chrono::sys_seconds time{seconds{unix_seconds + offset}};
  const auto day = floor<days>(time);
  const std::chrono::year_month_day date{day};
  const unsigned of_day = static_cast<unsigned>((time - day).count());
  const unsigned year = static_cast<unsigned>(static_cast<int>(date.year()));
  std::memcpy(text_, "0000-00-00T00:00:00.000000+00:00", kMaxSize);
  TwoDigits(year / 100 % 100, text_);
  TwoDigits(year % 100, text_ + 2);
  TwoDigits(static_cast<unsigned>(date.month()), text_ + 5);
  TwoDigits(static_cast<unsigned>(date.day()), text_ + 8);
  TwoDigits(of_day / 3600, text_ + 11);
  TwoDigits(of_day / 60 % 60, text_ + 14);
  TwoDigits(of_day % 60, text_ + 17);
  SetOffset(static_cast<int>(offset / 60));
  second_ = unix_seconds;
}

// RFC 3339 knows no seconds of it, which zones had a hundred years ago.
int64_t TimestampWriter::OffsetMinutes(int64_t unix_seconds) const {
  if (is_utc_) return 0;
  return zone_.At(absl::FromUnixSeconds(unix_seconds)).offset / 60;
}

void TimestampWriter::SetOffset(int minutes) {
  if (is_utc_) {
    text_[kOffsetAt] = 'Z';
    size_ = kOffsetAt + 1;
    return;
  }
  const unsigned amount = static_cast<unsigned>(std::abs(minutes));
  text_[kOffsetAt] = minutes < 0 ? '-' : '+';
  TwoDigits(amount / 60, text_ + kOffsetAt + 1);
  TwoDigits(amount % 60, text_ + kOffsetAt + 4);
  size_ = kMaxSize;
}

}  // namespace kingpin::log_internal
