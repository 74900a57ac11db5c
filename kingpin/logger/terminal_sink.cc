#include "kingpin/logger/terminal_sink.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "kingpin/logger/level.h"

namespace kingpin {
namespace {

using log_internal::TextBuffer;

constexpr std::array<std::string_view, kLogLevels> kColours = {
    "\x1b[2m", "", "\x1b[33m", "\x1b[31m"};
constexpr std::string_view kPlain = "\x1b[0m";

bool WantsColour(int fd, LogColour colour) {
  if (colour != LogColour::kAuto) return colour == LogColour::kAlways;
  const char* no_color = std::getenv("NO_COLOR");
  if (no_color != nullptr && *no_color != '\0') return false;
  const char* term = std::getenv("TERM");
  if (term == nullptr || std::string_view(term) == "dumb") return false;
  return isatty(fd) == 1;
}

// Appends `line`, which ends in a newline.
void AppendColoured(std::string_view line, std::string_view colour,
                    TextBuffer* out) {
  if (colour.empty()) return out->Append(line);
  out->Append(colour);
  out->Append(line.substr(0, line.size() - 1));
  out->Append(kPlain);
  out->Append('\n');
}

// How many bytes of the line of `size` were shown by the first `shown` of it
// coloured.
size_t BytesOfLine(size_t size, std::string_view colour, size_t shown) {
  if (colour.empty()) return std::min(shown, size);
  if (shown >= colour.size() + size + kPlain.size()) return size;
  return shown <= colour.size() ? 0 : std::min(shown - colour.size(), size - 1);
}

}  // namespace

TerminalSink::TerminalSink(const TerminalSinkOptions& options)
    : out_(options.fd, options.patience),
      has_colour_(WantsColour(options.fd, options.colour)) {}

SysResult<size_t> TerminalSink::Write(const LogBatch& batch) {
  if (!has_colour_) return out_.Write(batch);
  text_.Clear();
  size_t begin = 0;
  for (const LogBatch::Line& line : batch.lines) {
    AppendColoured(batch.text.substr(begin, line.end - begin),
                   kColours[static_cast<size_t>(line.level)], &text_);
    begin = line.end;
  }
  SysResult<size_t> result = out_.Write({.text = text_.view(), .lines = {}});
  size_t shown = result.value;
  begin = 0;
  for (const LogBatch::Line& line : batch.lines) {
    const std::string_view colour = kColours[static_cast<size_t>(line.level)];
    const size_t size = line.end - begin;
    const size_t taken = BytesOfLine(size, colour, shown);
    if (taken < size) return {begin + taken, result.error};
    shown -= size + (colour.empty() ? 0 : colour.size() + kPlain.size());
    begin = line.end;
  }
  return {begin, result.error};
}

LogSinkFactory TerminalSinkFactory(const TerminalSinkOptions& options) {
  return [options] { return std::make_unique<TerminalSink>(options); };
}

}  // namespace kingpin
