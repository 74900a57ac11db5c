#include "kingpin/logger/black_box_replay.h"

#include <algorithm>
#include <cstddef>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "kingpin/logger/black_box_reader.h"
#include "kingpin/logger/level.h"
#include "kingpin/logger/record.h"
#include "kingpin/logger/site.h"
#include "kingpin/logger/timestamp.h"

namespace kingpin::log_internal {
namespace {

constexpr size_t kBatchBytes = 128 << 10;

BlackBoxReport ReportOf(const BlackBoxContents& box) {
  BlackBoxReport report = {.pid = box.pid,
                           .start_unix_nanos = box.start_unix_nanos,
                           .last_unix_nanos = box.last_unix_nanos,
                           .damages = box.damages};
  for (const BlackBoxLine& line : box.lines) {
    const bool is_line = line.site != nullptr;
    report.lines += is_line;
    report.in_flight += is_line && line.in_flight;
    report.dropped += line.gap.lines();
  }
  return report;
}

class Replay {
 public:
  Replay(const BlackBoxContents& box, ReplayTo to, LineWriter* writer)
      : box_(box), report_(ReportOf(box)), to_(to), writer_(*writer) {}

  BlackBoxReport Run() {
    // The write that was under way may have ended within a line.
    if (to_ == ReplayTo::kSameLog && box_.died_writing) writer_.AddText("\n");
    if (!box_.cut.empty()) WriteCut();
    if (!box_.lines.empty() || box_.damages > 0) WriteLines();
    writer_.Write();
    return report_;
  }

 private:
  void WriteLines() {
    const absl::Span<const BlackBoxLine> lines = box_.lines;
    const size_t in_flight = std::partition_point(lines.begin(), lines.end(),
                                                  [](const BlackBoxLine& line) {
                                                    return line.in_flight;
                                                  }) -
                             lines.begin();
    const std::string whose =
        absl::StrCat(" lines of process ", box_.pid, " (started ",
                     TimeText(box_.start_unix_nanos), ", last seen ",
                     TimeText(box_.last_unix_nanos), "), which ");
    if (box_.damages > 0) {
      Note(absl::StrCat("the black box of process ", box_.pid,
                        " is damaged in ", box_.damages,
                        box_.damages == 1 ? " place" : " places",
                        ": lines of it may be missing, and what is below may "
                        "not be true"));
    }
    if (in_flight > 0) {
      Note(absl::StrCat("recovered ", report_.in_flight, whose,
                        "died writing them: they may be above already, the "
                        "last in part"));
      for (const BlackBoxLine& line : lines.first(in_flight)) Write(line);
    }
    Note(absl::StrCat("recovered ", report_.lines - report_.in_flight, whose,
                      "had not written them"));
    for (const BlackBoxLine& line : lines.subspan(in_flight)) Write(line);
    Note(absl::StrCat("end of what was recovered of process ", box_.pid));
  }

  // The rest of a line whose begin is in the log, and, unless the process died while
  // it wrote the rest, is the end of the log.
  void WriteCut() {
    if (to_ == ReplayTo::kSameLog && !box_.died_writing) {
      return writer_.AddText(box_.cut);
    }
    std::string_view cut = box_.cut;
    cut.remove_suffix(1);
    Note(absl::StrCat("a line in the log is cut; its rest is: ", cut));
  }

  // A line about the box, as a log statement of its process would be.
  void Note(std::string_view text) {
    static const CompiledSite site(LogLevel::kWarning, Prefix::kFull,
                                   BaseName(__FILE__), __LINE__, "", {});
    Record record = {};
    record.header.site = kTextFlag;
    record.header.thread = static_cast<uint32_t>(box_.pid);
    record.payload = text;
    writer_.AddRemark(record, site,
                      {.unix_nanos = box_.last_unix_nanos, .late = false});
  }

  void Write(const BlackBoxLine& line) {
    if (line.site == nullptr) {
      writer_.AddGap(line.gap);
    } else {
      writer_.AddLine(line.record, *line.site,
                      {.unix_nanos = line.unix_nanos,
                       .late = line.ticks != line.record.header.ticks});
    }
    if (writer_.size() >= kBatchBytes) writer_.Write();
  }

  const BlackBoxContents& box_;
  const BlackBoxReport report_;
  const ReplayTo to_;
  LineWriter& writer_;
};

}  // namespace

std::string TimeText(int64_t unix_nanos) {
  char text[TimestampWriter::kMaxSize];
  return std::string(text, TimestampWriter().Write(unix_nanos, text));
}

BlackBoxReport ReplayBlackBox(std::string_view file, ReplayTo to,
                              LineWriter* writer) {
  const BlackBoxContents box = ParseBlackBox(file);
  return Replay(box, to, writer).Run();
}

}  // namespace kingpin::log_internal
