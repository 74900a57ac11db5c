// What holds for any bytes that somebody logs: as text they are one line of valid
// UTF-8 without control characters, and what was printable is still there; as a JSON
// string they have no byte that would end it, and are read back as they were, but for
// bytes that were no UTF-8. What is cut of them is at most as long as asked for, and
// no character is cut in two.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "kingpin/logger/escape.h"
#include "kingpin/logger/journal_line_format.h"
#include "kingpin/logger/json_line_format.h"
#include "kingpin/logger/level.h"
#include "kingpin/logger/line_format.h"
#include "kingpin/logger/log_context.h"
#include "kingpin/logger/record.h"
#include "kingpin/logger/site.h"
#include "kingpin/logger/text_buffer.h"

namespace kingpin::log_internal {
namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

// Printable and of one line, for people and for programs.
void RequireOneLine(std::string_view text, bool tabs) {
  while (!text.empty()) {
    const size_t size = Utf8SequenceSize(text);
    Require(size > 0);
    const std::string_view character = text.substr(0, size);
    const auto byte = static_cast<unsigned char>(character.front());
    if (size == 1) {
      Require((byte >= 0x20 && byte != 0x7f) || (tabs && byte == '\t'));
    }
    if (size == 2 && byte == 0xc2) {  // C1.
      Require(static_cast<unsigned char>(character[1]) >= 0xa0);
    }
    Require(character < "\xe2\x80\xa8" || character > "\xe2\x80\xae");
    Require(character < "\xe2\x81\xa6" || character > "\xe2\x81\xa9");
    text.remove_prefix(size);
  }
}

void CheckText(std::string_view input) {
  for (const Tabs tabs : {Tabs::kEscape, Tabs::kKeep}) {
    TextBuffer text;
    text.Append("before\n");
    EscapeFrom(7, tabs, &text);
    Require(text.view() == "before\n");
    text.Append(input);
    EscapeFrom(7, tabs, &text);
    const std::string_view escaped = text.view().substr(7);
    Require(text.view().substr(0, 7) == "before\n");
    RequireOneLine(escaped, tabs == Tabs::kKeep);
    Require(escaped.size() >= input.size() &&
            escaped.size() <= 4 * input.size());
    const std::string once(escaped);
    EscapeFrom(7, tabs, &text);  // What is escaped is plain.
    Require(text.view().substr(7) == once);
  }
}

void CheckJson(std::string_view input) {
  TextBuffer text;
  AppendJsonString(input, &text);
  std::string_view json = text.view();
  Require(json.size() >= 2 && json.front() == '"' && json.back() == '"');
  json = json.substr(1, json.size() - 2);
  RequireOneLine(json, /*tabs=*/false);
  for (size_t i = 0; i < json.size(); ++i) {
    Require(json[i] != '"');
    if (json[i] != '\\') continue;
    ++i;
    Require(i < json.size() && std::string_view("\"\\/bfnrtu").find(json[i]) !=
                                   std::string_view::npos);
  }
}

// Where the first byte stands that is not UTF-8, or input.size().
size_t ValidSize(std::string_view input) {
  size_t at = 0;
  while (at < input.size()) {
    const size_t size = Utf8SequenceSize(input.substr(at));
    if (size == 0) break;
    at += size;
  }
  return at;
}

void CheckCut(std::string_view input) {
  const size_t valid = ValidSize(input);
  // Looking at each place of a long input would take its square.
  const size_t most = std::min<size_t>(input.size() + 2, 4096);
  for (size_t size = 0; size < most; ++size) {
    const std::string_view cut = CutText(input, size);
    Require(cut.data() == input.data() && cut.size() <= size);
    Require(cut.size() + 3 >= std::min(size, input.size()));
    if (size < valid) Require(ValidSize(cut) == cut.size());
    if (size >= input.size()) Require(cut == input);
  }
}

// An entry of the journal has the fields that it has, each a line, whatever the message
// and the context are.
void CheckJournal(std::string_view input) {
  static const CompiledSite site(LogLevel::kInfo, Prefix::kFull, "file.cc", 1,
                                 "", {});
  const LogContext context = {.connection = "c", .peer = input};
  const EncodedContext encoded(context);
  std::string bytes(encoded.size(), '\0');
  encoded.WriteTo(bytes.data());
  Record record = {};
  record.header.site = kTextFlag;
  record.context = bytes;
  record.payload = input;
  TextBuffer text;
  JournalLineFormat().AppendLine(record, site, {.unix_nanos = 0, .late = false},
                                 &text);
  std::string_view entry = text.view();
  for (const std::string_view name :
       {"MESSAGE=", "PRIORITY=", "TID=", "CODE_FILE=", "CODE_LINE=",
        "KINGPIN_TIME=", "KINGPIN_CONNECTION=", "KINGPIN_PEER="}) {
    if (name == "KINGPIN_PEER=" && input.empty()) continue;
    Require(entry.starts_with(name));
    const size_t end = entry.find('\n');
    Require(end != std::string_view::npos);
    RequireOneLine(entry.substr(name.size(), end - name.size()),
                   /*tabs=*/false);
    entry.remove_prefix(end + 1);
  }
  Require(entry.empty());
}

}  // namespace
}  // namespace kingpin::log_internal

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  kingpin::log_internal::CheckText(input);
  kingpin::log_internal::CheckJson(input);
  kingpin::log_internal::CheckCut(input);
  kingpin::log_internal::CheckJournal(input);
  return 0;
}
