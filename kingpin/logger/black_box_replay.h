// ReplayBlackBox: the lines of a dead process, written as it would have written
// them; for the recovery tool, and at the next start on the same path.
//
// Each line that was committed and is not known to be written comes once. Not known
// is it of the batch that the sink was given last, if the process died within that
// write: those lines come first, behind a line that says that they may be in the
// log already, the last of them in part. A line is always whole.
//
//   LineWriter writer(&sink, &format);
//   BlackBoxReport report =
//       ReplayBlackBox(file, ReplayTo::kElsewhere, &writer);
//
// Threads: one at a time with the same writer.
#ifndef KINGPIN_LOGGER_BLACK_BOX_REPLAY_H_
#define KINGPIN_LOGGER_BLACK_BOX_REPLAY_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "kingpin/logger/line_writer.h"

namespace kingpin::log_internal {

struct BlackBoxReport {
  uint64_t pid = 0;  // 0: a box that was never finished.
  int64_t start_unix_nanos = 0;
  int64_t last_unix_nanos = 0;  // When the process is last known to have lived.
  uint64_t lines = 0;
  uint64_t in_flight = 0;  // Of `lines`, may be in the log already.
  uint64_t dropped = 0;    // Lines that were lost before, now declared.
  uint64_t damages = 0;    // Places of the file that make no sense.
};

// kSameLog: behind what the dead process wrote, which may end within a line.
enum class ReplayTo { kSameLog, kElsewhere };

// How the time of a report is written.
std::string TimeText(int64_t unix_nanos);

// Writes nothing if there is nothing, but for the end of a line that the process may have
// died in. CheckBlackBox() holds for `file`.
BlackBoxReport ReplayBlackBox(std::string_view file, ReplayTo to,
                              LineWriter* writer);

}  // namespace kingpin::log_internal

#endif  // KINGPIN_LOGGER_BLACK_BOX_REPLAY_H_
