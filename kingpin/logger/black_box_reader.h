// Reads a black box (black_box_format.h): what a process had committed and is not
// known to have written.
//
// Trusts no byte: a damaged box gives what can be read of it and a count of what
// cannot.
//
//   absl::StatusOr<std::string> file = ReadBlackBox(fd);
//   if (!file.ok()) return file.status();
//   for (const BlackBoxLine& line : ParseBlackBox(*file).lines) ...
//
// Threads: safe from any.
#ifndef KINGPIN_LOGGER_BLACK_BOX_READER_H_
#define KINGPIN_LOGGER_BLACK_BOX_READER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kingpin/logger/line_format.h"
#include "kingpin/logger/record.h"

namespace kingpin::log_internal {

// All of the file, if it is a whole box; it may be one that is being made.
// kInvalidArgument: no black box, or one of another version. kDataLoss: cut off, or
// its header is damaged.
absl::StatusOr<std::string> ReadBlackBox(int fd);

// Whether these bytes are one.
absl::Status CheckBlackBox(std::string_view file);

struct BlackBoxLine {
  // It may be in the log already, whole or in part: the process died writing it.
  bool in_flight = false;
  uint64_t ticks = 0;
  const CompiledSite* site = nullptr;  // nullptr: a gap.
  Record record = {};
  int64_t unix_nanos = 0;
  Gap gap = {};
};

struct BlackBoxContents {
  uint64_t pid = 0;  // 0: a box that was never finished.
  int64_t start_unix_nanos = 0;
  int64_t last_unix_nanos = 0;  // When the process is last known to have lived.
  // It died within a write, or the next one did that was to write these lines.
  bool died_writing = false;
  // The log ends with the begin of a line, this is the rest; with its newline.
  std::string cut;
  uint64_t damages = 0;  // Rings, lines and gaps that make no sense.
  // Those in flight first, either part in the order of `ticks`.
  std::vector<BlackBoxLine> lines;

  // What the lines refer to, besides the file.
  std::vector<std::unique_ptr<const std::string>> bytes;
  std::vector<std::unique_ptr<const CompiledSite>> sites;
};

// CheckBlackBox() holds for `file`, which outlives what is returned.
BlackBoxContents ParseBlackBox(std::string_view file);

}  // namespace kingpin::log_internal

#endif  // KINGPIN_LOGGER_BLACK_BOX_READER_H_
