#include "kingpin/logger/json_line_format.h"

#include <cmath>

#include "absl/base/optimization.h"
#include "absl/strings/str_cat.h"
#include "kingpin/logger/arg_type.h"
#include "kingpin/logger/decode.h"
#include "kingpin/logger/escape.h"
#include "kingpin/logger/format.h"
#include "kingpin/logger/format_spec.h"
#include "kingpin/logger/log_context.h"
#include "kingpin/logger/ticks.h"

namespace kingpin::log_internal {
namespace {

constexpr char kHex[] = "0123456789abcdef";

bool StandsForItself(unsigned char c) {
  return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

// Of a code point below U+10000.
void AppendUnicodeEscape(unsigned point, TextBuffer* out) {
  const char escape[] = {'\\',
                         'u',
                         kHex[point >> 12],
                         kHex[point >> 8 & 15],
                         kHex[point >> 4 & 15],
                         kHex[point & 15]};
  out->Append({escape, sizeof(escape)});
}

void AppendAscii(unsigned char c, TextBuffer* out) {
  switch (c) {
    case '"':
      return out->Append("\\\"");
    case '\\':
      return out->Append("\\\\");
    case '\n':
      return out->Append("\\n");
    case '\r':
      return out->Append("\\r");
    case '\t':
      return out->Append("\\t");
    default:
      return AppendUnicodeEscape(c, out);
  }
}

void AppendNoUtf8(unsigned char byte, TextBuffer* out) {
  const char escape[] = {'\\', '\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
  out->Append({escape, sizeof(escape)});
}

// A sequence of several bytes, some of which a terminal or a program could take for
// more than text.
void AppendSequence(std::string_view sequence, TextBuffer* out) {
  const unsigned char second = static_cast<unsigned char>(sequence[1]);
  if (sequence[0] == '\xc2' && second < 0xa0) {
    AppendUnicodeEscape(second, out);
  } else if (EndsOrReordersLines(sequence)) {
    const unsigned char third = static_cast<unsigned char>(sequence[2]);
    AppendUnicodeEscape(0x2000 | (second & 0x3f) << 6 | (third & 0x3f), out);
  } else {
    out->Append(sequence);
  }
}

// The first character of `text`, which does not stand for itself. Returns its size.
size_t AppendSpecial(std::string_view text, TextBuffer* out) {
  const size_t size = Utf8SequenceSize(text);
  if (size == 0) {
    AppendNoUtf8(static_cast<unsigned char>(text[0]), out);
    return 1;
  }
  if (size == 1) {
    AppendAscii(static_cast<unsigned char>(text[0]), out);
  } else {
    AppendSequence(text.substr(0, size), out);
  }
  return size;
}

void AppendNumber(std::string_view name, uint64_t value, TextBuffer* out) {
  out->Append(name);
  AppendDecimal(value, out);
}

void AppendContext(const LogContext& context, TextBuffer* out) {
  out->Append(",\"connection\":");
  AppendJsonString(context.connection, out);
  if (context.peer.empty()) return;
  out->Append(",\"peer\":");
  AppendJsonString(context.peer, out);
}

// `value` as itself where JSON has such a thing, else as text.
void AppendNamed(std::string_view name, const ArgValue& value,
                 TextBuffer* out) {
  out->Append(",\"");
  out->Append(name);  // Letters, digits and _.
  out->Append("\":");
  const bool is_number =
      value.type == ArgType::kInt32 || value.type == ArgType::kUint32 ||
      value.type == ArgType::kInt64 || value.type == ArgType::kUint64 ||
      (value.type == ArgType::kDouble && std::isfinite(value.real)) ||
      (value.type == ArgType::kFloat && std::isfinite(value.single));
  if (is_number || value.type == ArgType::kBool) {
    return AppendValue(value, FormatSpec(), out);
  }
  TextBuffer text;
  AppendValue(value, FormatSpec(), &text);
  AppendJsonString(text.view(), out);
}

void EndWithMessage(std::string_view message, TextBuffer* out) {
  out->Append(",\"msg\":");
  AppendJsonString(message, out);
  out->Append("}\n");
}

}  // namespace

void AppendJsonString(std::string_view text, TextBuffer* out) {
  out->Append('"');
  while (!text.empty()) {
    size_t plain = 0;
    while (plain < text.size() && StandsForItself(text[plain])) ++plain;
    out->Append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (!text.empty()) text.remove_prefix(AppendSpecial(text, out));
  }
  out->Append('"');
}

void JsonLineFormat::AppendTime(std::string_view name, int64_t unix_nanos,
                                TextBuffer* out) {
  out->Append(name);
  out->Append('"');
  char* stamp = out->Room(TimestampWriter::kMaxSize);
  out->AdvanceTo(timestamp_.Write(unix_nanos, stamp));
  out->Append('"');
}

void JsonLineFormat::Begin(int64_t unix_nanos, LogLevel level,
                           TextBuffer* out) {
  AppendTime("{\"ts\":", unix_nanos, out);
  out->Append(",\"level\":\"");
  out->Append(LogLevelName(level));
  out->Append('"');
}

void JsonLineFormat::AppendLine(const Record& record, const CompiledSite& site,
                                LineTime time, TextBuffer* out) {
  Begin(time.unix_nanos, site.level, out);
  AppendNumber(",\"thread\":", record.header.thread, out);
  if (!record.thread_name.empty()) {
    out->Append(",\"thread_name\":");
    AppendJsonString(record.thread_name, out);
  }
  if (site.prefix == Prefix::kFull) {
    out->Append(",\"file\":");
    AppendJsonString(site.file, out);
    AppendNumber(",\"line\":", static_cast<uint64_t>(site.line), out);
  }
  if (ABSL_PREDICT_FALSE(time.late)) out->Append(",\"late\":true");
  if (!record.context.empty()) {
    AppendContext(EncodedContext::Read(record.context), out);
  }
  ForEachNamed(record, site, [out](std::string_view name, const ArgValue& arg) {
    AppendNamed(name, arg, out);
  });
  message_.Clear();
  AppendMessage(record, site, &message_);
  EndWithMessage(message_.view(), out);
}

void JsonLineFormat::AppendGap(const Gap& gap, TextBuffer* out) {
  const auto& [debug, info, warning, error] = gap.dropped;
  Begin(gap.last_unix_nanos, LogLevel::kWarning, out);
  out->Append(absl::StrCat(",\"thread\":", gap.thread,
                           ",\"event\":\"dropped\",\"lines\":", gap.lines(),
                           ",\"dropped\":{\"DEBUG\":", debug,
                           ",\"INFO\":", info, ",\"WARNING\":", warning,
                           ",\"ERROR\":", error, "}"));
  AppendTime(",\"from\":", gap.first_unix_nanos, out);
  AppendTime(",\"to\":", gap.last_unix_nanos, out);
  message_.Clear();
  AppendGapText(gap, &timestamp_, &message_);
  EndWithMessage(message_.view(), out);
}

void JsonLineFormat::AppendClockStep(int64_t nanos, TextBuffer* out) {
  Begin(UnixNanosNow(), LogLevel::kWarning, out);
  out->Append(
      absl::StrCat(",\"event\":\"clock\",\"step_ms\":", ToMillis(nanos)));
  message_.Clear();
  AppendClockStepText(nanos, &message_);
  EndWithMessage(message_.view(), out);
}

void JsonLineFormat::AppendNote(std::string_view note, TextBuffer* out) {
  Begin(UnixNanosNow(), LogLevel::kWarning, out);
  out->Append(",\"event\":\"note\"");
  EndWithMessage(note, out);
}

}  // namespace kingpin::log_internal
