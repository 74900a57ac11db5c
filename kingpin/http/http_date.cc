#include "kingpin/http/http_date.h"

#include <algorithm>
#include <cstring>

#include "kingpin/http/scan.h"

namespace kingpin::http {
namespace {

constexpr std::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr",
                                        "May", "Jun", "Jul", "Aug",
                                        "Sep", "Oct", "Nov", "Dec"};
constexpr std::string_view kWeekdays[] = {"Sunday",    "Monday",   "Tuesday",
                                          "Wednesday", "Thursday", "Friday",
                                          "Saturday"};

constexpr int64_t kDaySeconds = 24 * 60 * 60;

struct Civil {
  int64_t year;
  int month;  // 1 to 12.
  int day;
};

// The two conversions of the proleptic Gregorian calendar count years from
// March, so that the leap day is the last of its year; an era is 400 years.
constexpr int64_t DaysFromCivil(Civil date) {
  const int64_t year = date.month <= 2 ? date.year - 1 : date.year;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t year_of_era = year - era * 400;
  const int64_t march_month = (date.month + 9) % 12;
  const int64_t day_of_year = (153 * march_month + 2) / 5 + date.day - 1;
  const int64_t day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

constexpr Civil CivilFromDays(int64_t days) {
  days += 719468;
  const int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const int64_t day_of_era = days - era * 146097;
  const int64_t year_of_era = (day_of_era - day_of_era / 1460 +
                               day_of_era / 36524 - day_of_era / 146096) /
                              365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t march_month = (5 * day_of_year + 2) / 153;
  const int day =
      static_cast<int>(day_of_year - (153 * march_month + 2) / 5 + 1);
  const int month = static_cast<int>((march_month + 2) % 12 + 1);
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

constexpr int64_t kFirstSecond = DaysFromCivil({0, 1, 1}) * kDaySeconds;
constexpr int64_t kLastSecond = DaysFromCivil({10000, 1, 1}) * kDaySeconds - 1;

constexpr int64_t FloorDay(int64_t unix_seconds) {
  return (unix_seconds >= 0 ? unix_seconds : unix_seconds - kDaySeconds + 1) /
         kDaySeconds;
}

// 1970-01-01 was a Thursday.
constexpr int WeekdayOf(int64_t days) {
  return static_cast<int>(((days + 4) % 7 + 7) % 7);
}

constexpr bool IsLeap(int64_t year) {
  return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

constexpr int DaysInMonth(int64_t year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && IsLeap(year) ? 29 : kDays[month - 1];
}

void WriteDigits(int64_t number, int count, char* out) {
  while (count-- > 0) {
    out[count] = static_cast<char>('0' + number % 10);
    number /= 10;
  }
}

// Takes the parts of a date off the front of a text; one that is not there
// makes ok() false for good.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool ok() const { return ok_; }
  bool at_end() const { return text_.empty(); }

  void Literal(std::string_view literal) {
    ok_ = ok_ && text_.starts_with(literal);
    if (ok_) text_.remove_prefix(literal.size());
  }

  int Digits(size_t count) {
    const std::string_view digits = text_.substr(0, count);
    const std::optional<uint64_t> number = ParseDigits(digits);
    ok_ = ok_ && digits.size() == count && number.has_value();
    if (ok_) text_.remove_prefix(count);
    return ok_ ? static_cast<int>(*number) : 0;
  }

  // asctime pads the day with a blank.
  int PaddedDay() {
    if (!text_.starts_with(' ')) return Digits(2);
    text_.remove_prefix(1);
    return Digits(1);
  }

  int Month() {
    for (int i = 0; i < 12; ++i) {
      if (!text_.starts_with(kMonths[i])) continue;
      text_.remove_prefix(3);
      return i + 1;
    }
    ok_ = false;
    return 1;
  }

  int64_t TimeOfDay() {
    const int hour = Digits(2);
    Literal(":");
    const int minute = Digits(2);
    Literal(":");
    const int second = Digits(2);
    ok_ = ok_ && hour < 24 && minute < 60 && second <= 60;
    return (hour * 60 + minute) * 60 + second;
  }

 private:
  std::string_view text_;
  bool ok_ = true;
};

// A date whose parts were read well: does it exist, on that day of the week?
std::optional<int64_t> ToSeconds(const Reader& reader, Civil date,
                                 int64_t time_of_day, int weekday) {
  if (!reader.ok() || !reader.at_end() || date.day < 1 ||
      date.day > DaysInMonth(date.year, date.month)) {
    return std::nullopt;
  }
  const int64_t days = DaysFromCivil(date);
  if (WeekdayOf(days) != weekday) return std::nullopt;
  return days * kDaySeconds + time_of_day;
}

// After "Sun": ", 06 Nov 1994 08:49:37 GMT".
std::optional<int64_t> ParseFixdate(std::string_view text, int weekday) {
  Reader reader(text);
  Civil date{};
  reader.Literal(", ");
  date.day = reader.Digits(2);
  reader.Literal(" ");
  date.month = reader.Month();
  reader.Literal(" ");
  date.year = reader.Digits(4);
  reader.Literal(" ");
  const int64_t time_of_day = reader.TimeOfDay();
  reader.Literal(" GMT");
  return ToSeconds(reader, date, time_of_day, weekday);
}

// After "Sunday": ", 06-Nov-94 08:49:37 GMT".
std::optional<int64_t> ParseRfc850(std::string_view text, int weekday,
                                   int64_t now) {
  Reader reader(text);
  Civil date{};
  reader.Literal(", ");
  date.day = reader.Digits(2);
  reader.Literal("-");
  date.month = reader.Month();
  reader.Literal("-");
  const int two_digits = reader.Digits(2);
  reader.Literal(" ");
  const int64_t time_of_day = reader.TimeOfDay();
  reader.Literal(" GMT");
  // The last year with these digits that is no more than 50 years ahead.
  const int64_t last_year =
      CivilFromDays(FloorDay(std::clamp(now, kFirstSecond, kLastSecond))).year +
      50;
  date.year = last_year - ((last_year - two_digits) % 100 + 100) % 100;
  return ToSeconds(reader, date, time_of_day, weekday);
}

// After "Sun": " Nov  6 08:49:37 1994".
std::optional<int64_t> ParseAsctime(std::string_view text, int weekday) {
  Reader reader(text);
  Civil date{};
  reader.Literal(" ");
  date.month = reader.Month();
  reader.Literal(" ");
  date.day = reader.PaddedDay();
  reader.Literal(" ");
  const int64_t time_of_day = reader.TimeOfDay();
  reader.Literal(" ");
  date.year = reader.Digits(4);
  return ToSeconds(reader, date, time_of_day, weekday);
}

}  // namespace

void WriteHttpDate(int64_t unix_seconds, std::span<char, kHttpDateSize> out) {
  unix_seconds = std::clamp(unix_seconds, kFirstSecond, kLastSecond);
  const int64_t days = FloorDay(unix_seconds);
  const int64_t second = unix_seconds - days * kDaySeconds;
  const Civil date = CivilFromDays(days);
  std::memcpy(out.data(), "Sun, 00 Jan 0000 00:00:00 GMT", kHttpDateSize);
  std::memcpy(&out[0], kWeekdays[WeekdayOf(days)].data(), 3);
  WriteDigits(date.day, 2, &out[5]);
  std::memcpy(&out[8], kMonths[date.month - 1].data(), 3);
  WriteDigits(date.year, 4, &out[12]);
  WriteDigits(second / 3600, 2, &out[17]);
  WriteDigits(second / 60 % 60, 2, &out[20]);
  WriteDigits(second % 60, 2, &out[23]);
}

std::optional<int64_t> ParseHttpDate(std::string_view text, int64_t now) {
  for (int weekday = 0; weekday < 7; ++weekday) {
    const std::string_view full = kWeekdays[weekday];
    if (!text.starts_with(full.substr(0, 3))) continue;
    if (text.starts_with(full)) {
      return ParseRfc850(text.substr(full.size()), weekday, now);
    }
    const std::string_view rest = text.substr(3);
    return rest.starts_with(',') ? ParseFixdate(rest, weekday)
                                 : ParseAsctime(rest, weekday);
  }
  return std::nullopt;
}

}  // namespace kingpin::http
