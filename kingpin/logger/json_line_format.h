// JsonLineFormat: one JSON object (RFC 8259) a line, valid whatever was logged.
// A record is
//
//   {"ts":"2026-11-23T11:35:28.123456Z","level":"INFO","thread":12345,
//    "file":"server.cc","line":42,"connection":"0/7.1",
//    "peer":"10.0.0.1:40000","port":7000,"msg":"listening on port 7000"}
//
// on one line: `ts` as in RFC 3339, always UTC with six digits; `file` and `line`
// not of Logger::Write(); `connection` and `peer` where there is a LogContext;
// "late":true where the text form has a tilde; "thread_name" if lines are to have it.
// Then the fields of a KLOGF that have names, here "listening on port {port}": numbers
// and true and false as such, but for inf and nan, which JSON has not. Lines that are
// missing:
//
//   {"ts":T2,"level":"WARNING","thread":12345,"event":"dropped","lines":17,
//    "dropped":{"DEBUG":0,"INFO":15,"WARNING":2,"ERROR":0},"from":T1,"to":T2,
//    "msg":"dropped 17 lines (0/15/2/0) from thread 12345 between T1 and T2"}
//
// and "event":"clock" with "step_ms", "event":"note" with no more than a `msg`.
// Every object has ts, level and msg.
//
// Strings: control characters (C0, DEL, C1), U+2028 to U+202E and U+2066 to U+2069
//   (escape.h) are \uNNNN, or \n, \t and \r; a byte that is not UTF-8 is the text
//   \xNN, as in the text form: no byte is lost, though a message with a real backslash
//   in it looks the same.
// Threads: one at a time.
#ifndef KINGPIN_LOGGER_JSON_LINE_FORMAT_H_
#define KINGPIN_LOGGER_JSON_LINE_FORMAT_H_

#include <cstdint>
#include <string_view>

#include "kingpin/logger/level.h"
#include "kingpin/logger/line_format.h"
#include "kingpin/logger/record.h"
#include "kingpin/logger/text_buffer.h"
#include "kingpin/logger/timestamp.h"

namespace kingpin::log_internal {

class JsonLineFormat : public LineFormat {
 public:
  void AppendLine(const Record& record, const CompiledSite& site, LineTime time,
                  TextBuffer* out) override;
  void AppendGap(const Gap& gap, TextBuffer* out) override;
  void AppendClockStep(int64_t nanos, TextBuffer* out) override;
  void AppendNote(std::string_view note, TextBuffer* out) override;

 private:
  // {"ts":...,"level":...
  void Begin(int64_t unix_nanos, LogLevel level, TextBuffer* out);
  // ,"name":"T"
  void AppendTime(std::string_view name, int64_t unix_nanos, TextBuffer* out);

  TimestampWriter timestamp_;
  TextBuffer message_;
};

// `text` as a JSON string, quotes and all.
void AppendJsonString(std::string_view text, TextBuffer* out);

}  // namespace kingpin::log_internal

#endif  // KINGPIN_LOGGER_JSON_LINE_FORMAT_H_
