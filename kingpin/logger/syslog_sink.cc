#include "kingpin/logger/syslog_sink.h"

#include <errno.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <new>

#include "absl/strings/str_cat.h"
#include "kingpin/logger/escape.h"

namespace kingpin {
namespace {

constexpr std::array<int, kLogLevels> kSeverities = {7, 6, 4, 3};

std::string CleanTag(std::string tag) {
  std::replace_if(
      tag.begin(), tag.end(), [](char c) { return c <= ' ' || c > '~'; }, '_');
  return tag;
}

SyslogSinkOptions Bounded(SyslogSinkOptions options) {
  constexpr int kFacilities = 24;
  constexpr size_t kLeastBytes = 480;
  if (options.facility < 0 || options.facility >= kFacilities) {
    options.facility = SyslogSinkOptions().facility;
  }
  options.max_bytes = std::max(options.max_bytes, kLeastBytes);
  return options;
}

}  // namespace

SyslogSink::SyslogSink(const SyslogSinkOptions& options)
    : options_(Bounded(options)),
      tag_(CleanTag(options.tag)),
      daemon_(options.socket, options.patience) {}

SysResult<size_t> SyslogSink::Write(const LogBatch& batch) {
  size_t begin = 0;
  try {
    SetSecond(sys::WallClockSeconds());
    for (const LogBatch::Line& line : batch.lines) {
      const std::string_view text =
          batch.text.substr(begin, line.end - 1 - begin);  // No newline.
      Compose(text, line.level);
      const int error = daemon_.Send([this](int fd) {
        return sys::Send(fd, text_.data(), text_.size()).error;
      });
      if (error != 0) return {begin, error};
      begin = line.end;
    }
  } catch (const std::bad_alloc&) {
    // What the daemon has is not lost.
    return {begin, ENOMEM};
  }
  return {begin, 0};
}

void SyslogSink::Compose(std::string_view line, LogLevel level) {
  const int priority =
      options_.facility * 8 + kSeverities[static_cast<size_t>(level)];
  text_.Clear();
  text_.Append(absl::StrCat("<", priority, ">"));
  text_.Append(after_priority_);
  const size_t begin = text_.size();
  text_.Append(line);
  if (text_.size() <= options_.max_bytes) return;
  const std::string mark =
      absl::StrCat("...[truncated, ", line.size(), " bytes]");
  const size_t end = std::max(options_.max_bytes, begin + mark.size());
  const size_t room = end - mark.size() - begin;
  text_.Truncate(begin + log_internal::CutText(line, room).size());
  text_.Append(mark);
}

void SyslogSink::SetSecond(int64_t unix_seconds) {
  if (unix_seconds == second_) return;
  after_priority_ = AfterPriority(absl::FromUnixSeconds(unix_seconds));
  second_ = unix_seconds;
}

std::string SyslogSink::AfterPriority(absl::Time time) const {
  if (options_.format == SyslogFormat::kRfc5424) {
    return absl::StrCat(
        "1 ", absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone()),
        " - ", tag_, " ", getpid(), " - - ");
  }
  // Not %b, which asks for the locale.
  constexpr std::array<std::string_view, 12> kMonths = {
      "Jan", "Feb", "Mar", "Apr", "May", "Jun",
      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const absl::CivilSecond civil = absl::ToCivilSecond(time, options_.time_zone);
  return absl::StrCat(kMonths[civil.month() - 1], civil.day() < 10 ? "  " : " ",
                      civil.day(),
                      absl::FormatTime(" %H:%M:%S ", time, options_.time_zone),
                      tag_, "[", getpid(), "]: ");
}

LogSinkFactory SyslogSinkFactory(const SyslogSinkOptions& options) {
  return [options] { return std::make_unique<SyslogSink>(options); };
}

}  // namespace kingpin
