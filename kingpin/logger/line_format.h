// LineFormat: how a record becomes a line. TextLineFormat makes the lines that
// logger.h describes, JsonLineFormat (json_line_format.h) the others.
//
// Threads: one at a time; a format keeps what it can use for the next line.
#ifndef KINGPIN_LOGGER_LINE_FORMAT_H_
#define KINGPIN_LOGGER_LINE_FORMAT_H_

#include <array>
#include <cstdint>
#include <numeric>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "kingpin/logger/arg_type.h"
#include "kingpin/logger/format.h"
#include "kingpin/logger/level.h"
#include "kingpin/logger/record.h"
#include "kingpin/logger/site.h"
#include "kingpin/logger/text_buffer.h"
#include "kingpin/logger/timestamp.h"

namespace kingpin::log_internal {

// A site made ready for its lines; of this process or of a black box.
struct CompiledSite {
  CompiledSite(LogLevel site_level, Prefix site_prefix, std::string_view file,
               int line, std::string_view format_text,
               absl::Span<const ArgType> types);

  LogLevel level;
  Prefix prefix;
  std::string file;
  int line;
  std::string level_text;     // " INFO "
  std::string location_text;  // " server.cc:42 "
  CompiledFormat format;
};

// When a line was logged.
struct LineTime {
  int64_t unix_nanos;
  bool late;  // A line of a later time has been written already.
};

// Lines that are not there.
struct Gap {
  uint32_t thread = 0;  // 0: of several.
  std::array<uint64_t, kLogLevels> dropped = {};
  int64_t first_unix_nanos = 0;
  int64_t last_unix_nanos = 0;

  uint64_t lines() const {
    return std::accumulate(dropped.begin(), dropped.end(), uint64_t{0});
  }
};

class LineFormat {
 public:
  virtual ~LineFormat() = default;

  // Each appends one line and its newline.
  virtual void AppendLine(const Record& record, const CompiledSite& site,
                          LineTime time, TextBuffer* out) = 0;
  virtual void AppendGap(const Gap& gap, TextBuffer* out) = 0;
  // The wall clock was set by `nanos`; the lines that follow have the new time.
  virtual void AppendClockStep(int64_t nanos, TextBuffer* out) = 0;
  // What a sink has to say: plain text.
  virtual void AppendNote(std::string_view note, TextBuffer* out) = 0;
};

class TextLineFormat : public LineFormat {
 public:
  explicit TextLineFormat(absl::TimeZone zone = absl::UTCTimeZone())
      : timestamp_(zone) {}

  void AppendLine(const Record& record, const CompiledSite& site, LineTime time,
                  TextBuffer* out) override;
  void AppendGap(const Gap& gap, TextBuffer* out) override;
  void AppendClockStep(int64_t nanos, TextBuffer* out) override;
  void AppendNote(std::string_view note, TextBuffer* out) override;

 private:
  void AppendPrefix(const Record& record, const CompiledSite& site,
                    LineTime time, TextBuffer* out);

  TimestampWriter timestamp_;
};

// "dropped 17 lines (0/15/2/0) from thread 12345 between T1 and T2", and
// "clock set by +12 ms".
void AppendGapText(const Gap& gap, TimestampWriter* timestamp, TextBuffer* out);
void AppendClockStepText(int64_t nanos, TextBuffer* out);
// To the nearest.
int64_t ToMillis(int64_t nanos);

// The arguments of a record that have names.
template <typename Show>
void ForEachNamed(const Record& record, const CompiledSite& site, Show show) {
  if ((record.header.site & kTextFlag) != 0) return;
  site.format.ForEachNamed(record.payload, show);
}

// " [17 suppressed]"; nothing of 0.
void AppendSuppressedCount(uint64_t suppressed, TextBuffer* out);

// The message of a record alone, not escaped.
void AppendMessage(const Record& record, const CompiledSite& site,
                   TextBuffer* out);

}  // namespace kingpin::log_internal

#endif  // KINGPIN_LOGGER_LINE_FORMAT_H_
