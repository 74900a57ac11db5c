#include "kingpin/logger/line_format.h"

#include "absl/base/optimization.h"
#include "absl/strings/str_cat.h"
#include "kingpin/logger/escape.h"
#include "kingpin/logger/log_context.h"

namespace kingpin::log_internal {
namespace {

void AppendContext(const LogContext& context, TextBuffer* out) {
  out->Append("[connection ");
  out->Append(context.connection);
  if (!context.peer.empty()) out->Append(' ');
  out->Append(context.peer);
  out->Append("] ");
}

}  // namespace

CompiledSite::CompiledSite(LogLevel site_level, Prefix site_prefix,
                           std::string_view site_file, int site_line,
                           std::string_view format_text,
                           absl::Span<const ArgType> types)
    : level(site_level),
      prefix(site_prefix),
      file(site_file),
      line(site_line),
      level_text(absl::StrCat(" ", LogLevelName(site_level), " ")),
      location_text(
          absl::StrCat(" ", Printable(site_file), ":", site_line, " ")),
      format(format_text, types) {}

void AppendSuppressedCount(uint64_t suppressed, TextBuffer* out) {
  if (ABSL_PREDICT_TRUE(suppressed == 0)) return;
  out->Append(" [");
  AppendDecimal(suppressed, out);
  out->Append(" suppressed]");
}

void AppendMessage(const Record& record, const CompiledSite& site,
                   TextBuffer* out) {
  if ((record.header.site & kTextFlag) != 0) {
    out->Append(record.payload);
  } else if (ABSL_PREDICT_FALSE(!site.format.Render(record.payload, out))) {
    out->Append("...[damaged]");
  }
  AppendSuppressedCount(record.suppressed, out);
}

void TextLineFormat::AppendPrefix(const Record& record,
                                  const CompiledSite& site, LineTime time,
                                  TextBuffer* out) {
  char* stamp = out->Room(TimestampWriter::kMaxSize);
  out->AdvanceTo(timestamp_.Write(time.unix_nanos, stamp));
  if (ABSL_PREDICT_FALSE(time.late)) out->Append('~');
  out->Append(site.level_text);
  AppendDecimal(record.header.thread, out);
  if (!record.thread_name.empty()) {
    out->Append('/');
    out->Append(record.thread_name);
  }
  out->Append(site.location_text);
}

void TextLineFormat::AppendLine(const Record& record, const CompiledSite& site,
                                LineTime time, TextBuffer* out) {
  const bool has_prefix = site.prefix == Prefix::kFull;
  if (has_prefix) AppendPrefix(record, site, time, out);
  const size_t message = out->size();
  if (ABSL_PREDICT_FALSE(has_prefix && !record.context.empty())) {
    AppendContext(EncodedContext::Read(record.context), out);
  }
  AppendMessage(record, site, out);
  EscapeFrom(message, has_prefix ? Tabs::kEscape : Tabs::kKeep, out);
  out->Append('\n');
}

void TextLineFormat::AppendGap(const Gap& gap, TextBuffer* out) {
  AppendGapText(gap, &timestamp_, out);
  out->Append('\n');
}

void TextLineFormat::AppendClockStep(int64_t nanos, TextBuffer* out) {
  AppendClockStepText(nanos, out);
  out->Append('\n');
}

void TextLineFormat::AppendNote(std::string_view note, TextBuffer* out) {
  const size_t begin = out->size();
  out->Append("log: ");
  out->Append(note);
  EscapeFrom(begin, Tabs::kEscape, out);
  out->Append('\n');
}

void AppendGapText(const Gap& gap, TimestampWriter* timestamp,
                   TextBuffer* out) {
  const auto& [debug, info, warning, error] = gap.dropped;
  out->Append(absl::StrCat("dropped ", gap.lines(), " lines (", debug, "/",
                           info, "/", warning, "/", error, ") from thread ",
                           gap.thread, " between "));
  char* stamp = out->Room(TimestampWriter::kMaxSize);
  out->AdvanceTo(timestamp->Write(gap.first_unix_nanos, stamp));
  out->Append(" and ");
  stamp = out->Room(TimestampWriter::kMaxSize);
  out->AdvanceTo(timestamp->Write(gap.last_unix_nanos, stamp));
}

void AppendClockStepText(int64_t nanos, TextBuffer* out) {
  out->Append(absl::StrCat("clock set by ", nanos < 0 ? "" : "+",
                           ToMillis(nanos), " ms"));
}

int64_t ToMillis(int64_t nanos) {
  return (nanos + (nanos < 0 ? -500'000 : 500'000)) / 1'000'000;
}

}  // namespace kingpin::log_internal
