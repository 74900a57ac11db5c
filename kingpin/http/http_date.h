// Dates as HTTP writes them (RFC 9110 section 5.6.7), as seconds since the Unix
// epoch: wall-clock time, for fields and logs only.
//
// Pure but for the cache; safe from any thread. No locale, no time zone
// database, and writing allocates nothing.
//
//   char text[kHttpDateSize];
//   WriteHttpDate(784111777, text);           // Sun, 06 Nov 1994 08:49:37 GMT
//   std::optional<int64_t> seconds =
//       ParseHttpDate("Sunday, 06-Nov-94 08:49:37 GMT", /*now=*/1700000000);
//   // *seconds == 784111777

#ifndef KINGPIN_HTTP_HTTP_DATE_H_
#define KINGPIN_HTTP_HTTP_DATE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string_view>

namespace kingpin::http {

inline constexpr size_t kHttpDateSize = 29;

// Writes an IMF-fixdate, without a closing NUL. Times outside the years 0000 to
// 9999 are written as the nearest one inside.
void WriteHttpDate(int64_t unix_seconds, std::span<char, kHttpDateSize> out);

// Reads an IMF-fixdate, an RFC 850 date or an asctime date; nullopt for
// anything else: another case of letters, a blank more, a day that the month
// has not, or a weekday that is not the day's. A second of 60 is read as the
// one after it. `now` places the two-digit year of RFC 850: at most 50 calendar
// years ahead.
std::optional<int64_t> ParseHttpDate(std::string_view text, int64_t now);

// The text of the current second, made once a second. One thread at a time.
class HttpDateCache {
 public:
  // The view holds until the next call.
  std::string_view Get(int64_t unix_seconds) {
    if (unix_seconds != unix_seconds_) {
      WriteHttpDate(unix_seconds, text_);
      unix_seconds_ = unix_seconds;
    }
    return {text_.data(), text_.size()};
  }

 private:
  int64_t unix_seconds_ = std::numeric_limits<int64_t>::min();  // None yet.
  std::array<char, kHttpDateSize> text_{};
};

}  // namespace kingpin::http

#endif  // KINGPIN_HTTP_HTTP_DATE_H_
