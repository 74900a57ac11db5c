#include "kingpin/logger/journal_line_format.h"

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "kingpin/logger/decode.h"
#include "kingpin/logger/escape.h"
#include "kingpin/logger/format.h"
#include "kingpin/logger/format_spec.h"
#include "kingpin/logger/log_context.h"
#include "kingpin/logger/ticks.h"

namespace kingpin::log_internal {
namespace {

constexpr std::string_view kFieldPrefix = "FIELD_";
// The journal takes no longer ones.
constexpr size_t kMaxNameBytes = 64;

// Ends a field: what stands behind `begin` is its value.
void EndField(size_t begin, TextBuffer* out) {
  EscapeFrom(begin, Tabs::kEscape, out);
  out->Append('\n');
}

void AppendField(std::string_view name_and_sign, std::string_view value,
                 TextBuffer* out) {
  out->Append(name_and_sign);
  const size_t begin = out->size();
  out->Append(value);
  EndField(begin, out);
}

void AppendNumber(std::string_view name_and_sign, uint64_t value,
                  TextBuffer* out) {
  out->Append(name_and_sign);
  AppendDecimal(value, out);
  out->Append('\n');
}

void AppendPriority(LogLevel level, TextBuffer* out) {
  constexpr std::array<char, kLogLevels> kPriorities = {'7', '6', '4', '3'};
  out->Append("PRIORITY=");
  out->Append(kPriorities[static_cast<size_t>(level)]);
  out->Append('\n');
}

void AppendNamed(std::string_view name, const ArgValue& value,
                 TextBuffer* out) {
  if (kFieldPrefix.size() + name.size() > kMaxNameBytes) return;
  out->Append(kFieldPrefix);
  for (const char c : name) out->Append(absl::ascii_toupper(c));
  out->Append('=');
  const size_t begin = out->size();
  AppendValue(value, FormatSpec(), out);
  EndField(begin, out);
}

void AppendContext(const LogContext& context, TextBuffer* out) {
  AppendField("KINGPIN_CONNECTION=", context.connection, out);
  if (!context.peer.empty()) AppendField("KINGPIN_PEER=", context.peer, out);
}

LineTime Now() { return {.unix_nanos = UnixNanosNow(), .late = false}; }

}  // namespace

void JournalLineFormat::AppendTime(LineTime time, TextBuffer* out) {
  out->Append("KINGPIN_TIME=");
  char* stamp = out->Room(TimestampWriter::kMaxSize);
  out->AdvanceTo(timestamp_.Write(time.unix_nanos, stamp));
  out->Append(time.late ? " late\n" : "\n");
}

void JournalLineFormat::AppendLine(const Record& record,
                                   const CompiledSite& site, LineTime time,
                                   TextBuffer* out) {
  out->Append("MESSAGE=");
  const size_t begin = out->size();
  AppendMessage(record, site, out);
  EndField(begin, out);
  AppendPriority(site.level, out);
  AppendNumber("TID=", record.header.thread, out);
  if (site.prefix == Prefix::kFull) {
    AppendField("CODE_FILE=", site.file, out);
    AppendNumber("CODE_LINE=", static_cast<uint64_t>(site.line), out);
  }
  AppendTime(time, out);
  if (!record.thread_name.empty()) {
    AppendField("KINGPIN_THREAD=", record.thread_name, out);
  }
  if (!record.context.empty()) {
    AppendContext(EncodedContext::Read(record.context), out);
  }
  ForEachNamed(record, site,
               [out](std::string_view name, const ArgValue& value) {
                 AppendNamed(name, value, out);
               });
}

void JournalLineFormat::AppendGap(const Gap& gap, TextBuffer* out) {
  out->Append("MESSAGE=");
  AppendGapText(gap, &timestamp_, out);
  out->Append('\n');
  AppendPriority(LogLevel::kWarning, out);
  AppendTime({.unix_nanos = gap.last_unix_nanos, .late = false}, out);
}

void JournalLineFormat::AppendClockStep(int64_t nanos, TextBuffer* out) {
  out->Append("MESSAGE=");
  AppendClockStepText(nanos, out);
  out->Append('\n');
  AppendPriority(LogLevel::kWarning, out);
  AppendTime(Now(), out);
}

void JournalLineFormat::AppendNote(std::string_view note, TextBuffer* out) {
  AppendField("MESSAGE=log: ", note, out);
  AppendPriority(LogLevel::kWarning, out);
  AppendTime(Now(), out);
}

}  // namespace kingpin::log_internal
