// JournalLineFormat: a line as an entry of journald's native protocol
// (systemd.io/JOURNAL_NATIVE_PROTOCOL), NAME=VALUE and a newline for each field:
//
//   MESSAGE=too many headers
//   PRIORITY=6
//   TID=12345
//   CODE_FILE=server.cc
//   CODE_LINE=42
//   KINGPIN_TIME=2026-11-23T11:35:28.123456Z
//   KINGPIN_THREAD=loop-0             if lines are to have it
//   KINGPIN_CONNECTION=0/7.1          where there is a LogContext,
//   KINGPIN_PEER=10.0.0.1:40000       and this
//   FIELD_STATUS=200                  of a KLOGF with "{status}"
//
// Priorities are syslog's: DEBUG 7, INFO 6, WARNING 4, ERROR 3. The journal has a time of
// its own for each entry, when it came; KINGPIN_TIME is when it was logged, "late" behind
// it where the text form has a tilde. Values are escaped like lines (escape.h), so that
// none has a newline, which would begin a field of somebody else's choice, and journalctl
// takes none for binary. Names of fields longer than the journal takes are left out. What
// the log says of itself (dropped lines, a clock that was set) is a MESSAGE, a PRIORITY
// and KINGPIN_TIME.
//
// Threads: one at a time.
#ifndef KINGPIN_LOGGER_JOURNAL_LINE_FORMAT_H_
#define KINGPIN_LOGGER_JOURNAL_LINE_FORMAT_H_

#include <string_view>

#include "kingpin/logger/level.h"
#include "kingpin/logger/line_format.h"
#include "kingpin/logger/record.h"
#include "kingpin/logger/text_buffer.h"
#include "kingpin/logger/timestamp.h"

namespace kingpin::log_internal {

class JournalLineFormat : public LineFormat {
 public:
  void AppendLine(const Record& record, const CompiledSite& site, LineTime time,
                  TextBuffer* out) override;
  void AppendGap(const Gap& gap, TextBuffer* out) override;
  void AppendClockStep(int64_t nanos, TextBuffer* out) override;
  void AppendNote(std::string_view note, TextBuffer* out) override;

 private:
  void AppendTime(LineTime time, TextBuffer* out);

  TimestampWriter timestamp_;
};

}  // namespace kingpin::log_internal

#endif  // KINGPIN_LOGGER_JOURNAL_LINE_FORMAT_H_
