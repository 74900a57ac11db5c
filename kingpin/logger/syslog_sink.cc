#include "kingpin/logger/syslog_sink.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <utility>

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

// Whether the socket leads nowhere any more: the daemon was restarted.
bool IsDisconnected(int error) {
  return error == ECONNREFUSED || error == ECONNRESET || error == ENOTCONN ||
         error == EPIPE || error == EBADF;
}

}  // namespace

SyslogSink::SyslogSink(const SyslogSinkOptions& options)
    : options_(options), tag_(CleanTag(options.tag)) {}

SysResult<size_t> SyslogSink::Write(const LogBatch& batch) {
  SetSecond(sys::WallClockSeconds());
  size_t begin = 0;
  for (const LogBatch::Line& line : batch.lines) {
    const std::string_view text =
        batch.text.substr(begin, line.end - 1 - begin);  // No newline.
    if (const int error = SendLine(text, line.level); error != 0) {
      return {begin, error};
    }
    begin = line.end;
  }
  return {begin, 0};
}

int SyslogSink::SendLine(std::string_view line, LogLevel level) {
  Compose(line, level);
  if (!socket_.valid()) {
    if (const int error = Connect(); error != 0) return error;
  }
  int error = SendDatagram();
  if (!IsDisconnected(error)) return error;
  error = Connect();
  return error != 0 ? error : SendDatagram();
}

int SyslogSink::SendDatagram() {
  for (;;) {
    const SysResult<size_t> sent =
        sys::Send(socket_.get(), text_.data(), text_.size());
    if (sent.error != EAGAIN && sent.error != ENOBUFS) {
      waits_ = sent.ok();
      return sent.error;
    }
    if (!waits_ || !WaitForRoom()) {
      waits_ = false;
      return sent.error;
    }
  }
}

bool SyslogSink::WaitForRoom() {
  pollfd writable = {.fd = socket_.get(), .events = POLLOUT, .revents = 0};
  const absl::Duration wait =
      std::clamp(options_.patience, absl::ZeroDuration(), absl::Hours(24));
  return ::poll(&writable, 1,
                static_cast<int>(absl::ToInt64Milliseconds(wait))) != 0;
}

int SyslogSink::Connect() {
  socket_.Reset();
  sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
  if (options_.socket.size() >= sizeof(address.sun_path)) return ENAMETOOLONG;
  std::memcpy(address.sun_path, options_.socket.data(), options_.socket.size());
  UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return errno;
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address),
                sizeof(address)) != 0) {
    return errno;
  }
  socket_ = std::move(fd);
  return 0;
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
  second_ = unix_seconds;
  const absl::Time time = absl::FromUnixSeconds(unix_seconds);
  if (options_.format == SyslogFormat::kRfc5424) {
    after_priority_ = absl::StrCat(
        "1 ", absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone()),
        " - ", tag_, " ", getpid(), " - - ");
    return;
  }
  // Not %b, which asks for the locale.
  constexpr std::array<std::string_view, 12> kMonths = {
      "Jan", "Feb", "Mar", "Apr", "May", "Jun",
      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const absl::CivilSecond civil = absl::ToCivilSecond(time, options_.time_zone);
  after_priority_ = absl::StrCat(
      kMonths[civil.month() - 1], civil.day() < 10 ? "  " : " ", civil.day(),
      absl::FormatTime(" %H:%M:%S ", time, options_.time_zone), tag_, "[",
      getpid(), "]: ");
}

LogSinkFactory SyslogSinkFactory(const SyslogSinkOptions& options) {
  return [options] { return std::make_unique<SyslogSink>(options); };
}

}  // namespace kingpin
