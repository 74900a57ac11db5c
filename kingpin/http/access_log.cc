#include "kingpin/http/access_log.h"

#include <time.h>

#include <optional>

#include "absl/strings/str_cat.h"

namespace kingpin::http {
namespace {

// Of what could not be parsed, this much says what it was.
constexpr size_t kMaxRefused = 256;

void AppendEscaped(std::string_view text, std::string* out) {
  constexpr char kHex[] = "0123456789abcdef";
  for (const char c : text) {
    const unsigned char byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      *out += '\\';
      *out += c;
    } else if (byte < 0x20 || byte >= 0x7f) {
      *out += "\\x";
      *out += kHex[byte >> 4];
      *out += kHex[byte & 15];
    } else {
      *out += c;
    }
  }
}

void AppendField(std::optional<std::string_view> value, std::string* out) {
  *out += " \"";
  AppendEscaped(value.value_or("-"), out);
  *out += '"';
}

}  // namespace

std::string_view AccessLog::TimeText(int64_t unix_seconds) {
  if (unix_seconds == time_seconds_) return time_text_;
  const time_t seconds = unix_seconds;
  tm local;
  localtime_r(&seconds, &local);
  char text[64];
  const size_t size =
      strftime(text, sizeof(text), "[%d/%b/%Y:%H:%M:%S %z]", &local);
  time_text_.assign(text, size);
  time_seconds_ = unix_seconds;
  return time_text_;
}

void AccessLog::Begin(std::string_view peer, const Request* request,
                      std::string_view refused, int64_t unix_seconds,
                      AccessLogLine* line) {
  std::string& text = line->text;
  text.clear();
  absl::StrAppend(&text, peer, " - - ", TimeText(unix_seconds), " \"");
  if (request == nullptr) {
    AppendEscaped(refused.empty() ? "-" : refused.substr(0, kMaxRefused),
                  &text);
    text += "\" ";
    line->numbers_at = text.size();
    text += " \"-\" \"-\"";
    return;
  }
  AppendEscaped(request->method_name, &text);
  text += ' ';
  AppendEscaped(request->target, &text);
  text += request->minor_version == 0 ? " HTTP/1.0\" " : " HTTP/1.1\" ";
  line->numbers_at = text.size();
  AppendField(request->Find("Referer"), &text);
  AppendField(request->Find("User-Agent"), &text);
}

void AccessLog::End(const AccessLogLine& line, HttpStatus status,
                    uint64_t body_bytes) {
  const std::string_view text = line.text;
  scratch_.clear();
  absl::StrAppend(&scratch_, text.substr(0, line.numbers_at),
                  static_cast<int>(status), " ", body_bytes,
                  text.substr(line.numbers_at));
  logger_.Write(LogLevel::kInfo, scratch_);
}

}  // namespace kingpin::http
