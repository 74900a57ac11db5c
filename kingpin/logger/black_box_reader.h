// Reads a black box (black_box_format.h) and makes its lines lines again: for the
// recovery tool, and at the next start on the same path.
//
// What is recovered: each line that was committed and is not known to be written.
// Not known, because the process died within the write, are the lines of the batch
// that the sink was given last; they come first, behind a line that says that they
// may be in the log already, the last of them in part. Both parts are ordered by
// time, and each line is whole.
//
// Trusts no byte: a damaged box gives what can be read of it and says what cannot.
//
//   absl::StatusOr<std::string> file = ReadBlackBox(fd);
//   if (!file.ok()) return file.status();
//   const BlackBoxReport report = ReplayBlackBox(
//       *file, ReplayTo::kElsewhere, &format, &writer);
//
// Threads: safe from any, one at a time with the same writer.
#ifndef KINGPIN_LOGGER_BLACK_BOX_READER_H_
#define KINGPIN_LOGGER_BLACK_BOX_READER_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kingpin/logger/line_format.h"
#include "kingpin/logger/line_writer.h"

namespace kingpin::log_internal {

// What is in the file, if it is a whole box: it may be one that is being made.
// kInvalidArgument: no black box, or one of another version. kDataLoss: cut off, or
// its header is damaged.
absl::StatusOr<std::string> ReadBlackBox(int fd);

// The same of what was read already.
absl::Status CheckBlackBox(std::string_view file);

struct BlackBoxReport {
  uint64_t pid = 0;  // 0: a box that was never finished.
  int64_t start_unix_nanos = 0;
  int64_t last_unix_nanos = 0;  // When the process is last known to have lived.
  uint64_t lines = 0;
  uint64_t in_flight = 0;       // Of `lines`, may be in the log already.
  uint64_t declared_drops = 0;  // Lines that had been dropped, now declared.
  uint64_t damages = 0;         // Rings and lines that make no sense.
};

// Writes the lines of a box that was checked, between lines that say what they are;
// nothing if there are none. CheckBlackBox() holds for `file`.
// kSameLog: behind what the dead process wrote there, which may end within a line.
enum class ReplayTo { kSameLog, kElsewhere };
BlackBoxReport ReplayBlackBox(std::string_view file, ReplayTo to,
                              LineFormat* format, LineWriter* writer);

}  // namespace kingpin::log_internal

#endif  // KINGPIN_LOGGER_BLACK_BOX_READER_H_
