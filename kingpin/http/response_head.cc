#include "kingpin/http/response_head.h"

#include <charconv>
#include <cstring>

#include "kingpin/http/scan.h"

namespace kingpin::http {
namespace {

constexpr std::string_view kVersion = "HTTP/1.1 ";

// The digits of the largest uint64_t.
constexpr size_t kMaxDigits = 20;

void BlankControls(char* p, char* end) {
  while ((p = const_cast<char*>(SkipValue(p, end))) != end) *p = ' ';
}

}  // namespace

ResponseHead::ResponseHead(std::span<char> buffer, HttpStatus status)
    : begin_(buffer.data()),
      end_(buffer.data() + buffer.size()),
      p_(buffer.data()),
      status_(status) {
  const std::string_view phrase = ReasonPhrase(status);
  if (!Reserve(kVersion.size() + 3 + 1 + phrase.size() + 2)) return;
  Append(kVersion);
  const int code = static_cast<int>(status);
  *p_++ = static_cast<char>('0' + code / 100 % 10);
  *p_++ = static_cast<char>('0' + code / 10 % 10);
  *p_++ = static_cast<char>('0' + code % 10);
  *p_++ = ' ';
  Append(phrase);
  AppendCrlf();
}

void ResponseHead::Add(std::string_view name, std::string_view value) {
  const char* name_end = name.data() + name.size();
  if (name.empty() ||
      SkipBytes(name.data(), name_end, kTokenByte) != name_end) {
    return;
  }
  if (!Reserve(name.size() + 2 + value.size() + 2)) return;
  Append(name);
  Append(": ");
  char* const value_begin = p_;
  Append(value);
  BlankControls(value_begin, p_);
  AppendCrlf();
}

void ResponseHead::Add(std::string_view name, uint64_t value) {
  char digits[kMaxDigits];
  const char* end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
  Add(name, std::string_view(digits, end - digits));
}

void ResponseHead::AddContentLength(uint64_t length) {
  if (static_cast<int>(status_) < 200 || status_ == HttpStatus::kNoContent) {
    return;
  }
  Add("Content-Length", length);
}

void ResponseHead::AddConnection(bool keep_alive, int minor_version) {
  if (!keep_alive) {
    Add("Connection", "close");
  } else if (minor_version == 0) {
    Add("Connection", "keep-alive");
  }
}

std::string_view ResponseHead::Finish() {
  if (!Reserve(2)) return {};
  AppendCrlf();
  return {begin_, static_cast<size_t>(p_ - begin_)};
}

// Once something did not fit, nothing more does: a head with a field missing
// could say something else.
bool ResponseHead::Reserve(size_t size) {
  fits_ = fits_ && size <= static_cast<size_t>(end_ - p_);
  return fits_;
}

void ResponseHead::Append(std::string_view text) {
  if (text.empty()) return;  // memcpy takes no null pointer.
  std::memcpy(p_, text.data(), text.size());
  p_ += text.size();
}

void ResponseHead::AppendCrlf() {
  *p_++ = '\r';
  *p_++ = '\n';
}

}  // namespace kingpin::http
