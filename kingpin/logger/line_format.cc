#include "kingpin/logger/line_format.h"

#include "absl/base/optimization.h"
#include "absl/strings/str_cat.h"
#include "kingpin/logger/escape.h"

namespace kingpin::log_internal {

CompiledSite::CompiledSite(LogLevel site_level, Prefix site_prefix,
                           std::string_view file, int line,
                           std::string_view format_text,
                           absl::Span<const ArgType> types)
    : level(site_level),
      prefix(site_prefix),
      level_text(absl::StrCat(" ", LogLevelName(site_level), " ")),
      location_text(absl::StrCat(" ", file, ":", line, " ")),
      format(format_text, types) {}

void AppendMessage(const Record& record, const CompiledSite& site,
                   TextBuffer* out) {
  if ((record.header.site & kTextFlag) != 0) {
    out->Append(record.payload);
  } else if (ABSL_PREDICT_FALSE(!site.format.Render(record.payload, out))) {
    out->Append("...[damaged]");
  }
}

void TextLineFormat::AppendPrefix(const Record& record,
                                  const CompiledSite& site, LineTime time,
                                  TextBuffer* out) {
  char* stamp = out->Room(TimestampWriter::kSize);
  out->AdvanceTo(timestamp_.Write(time.unix_nanos, stamp));
  if (ABSL_PREDICT_FALSE(time.late)) out->Append('~');
  out->Append(site.level_text);
  AppendDecimal(record.header.thread, out);
  out->Append(site.location_text);
}

void TextLineFormat::AppendLine(const Record& record, const CompiledSite& site,
                                LineTime time, TextBuffer* out) {
  const bool has_prefix = site.prefix == Prefix::kFull;
  if (has_prefix) AppendPrefix(record, site, time, out);
  const size_t message = out->size();
  AppendMessage(record, site, out);
  EscapeFrom(message, has_prefix ? Tabs::kEscape : Tabs::kKeep, out);
  out->Append('\n');
}

void TextLineFormat::AppendGap(const Gap& gap, TextBuffer* out) {
  const auto& [debug, info, warning, error] = gap.dropped;
  out->Append(absl::StrCat("dropped ", gap.lines(), " lines (", debug, "/",
                           info, "/", warning, "/", error, ") from thread ",
                           gap.thread, " between "));
  char* stamp = out->Room(TimestampWriter::kSize);
  out->AdvanceTo(timestamp_.Write(gap.first_unix_nanos, stamp));
  out->Append(" and ");
  stamp = out->Room(TimestampWriter::kSize);
  out->AdvanceTo(timestamp_.Write(gap.last_unix_nanos, stamp));
  out->Append('\n');
}

void TextLineFormat::AppendClockStep(int64_t nanos, TextBuffer* out) {
  out->Append(absl::StrCat("clock set by ", nanos < 0 ? "" : "+",
                           nanos / 1'000'000, " ms\n"));
}

}  // namespace kingpin::log_internal
