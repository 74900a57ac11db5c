// LogFile: the file that has a path now, for the sinks that write to one.
//
// Whole lines: when the disk is full in the middle of a line, what was written of
//   it is taken off again, so that the file ends in a newline at any time and the
//   line is lost as a whole, and declared. Nothing is taken off if another process
//   has appended meanwhile, or from what is no regular file.
// Moved: once a check interval the path is looked at; if it leads to another file by
//   now, that is opened, or created. If it cannot be, writing goes on in the old one
//   and it is tried again.
// Removed: seen after each write, since nobody will ever read what it wrote: the same
//   lines go to the file that has the path now, which is opened, or created. If it
//   cannot be, they are lost (ENOENT and its like), and declared once it can. (On NFS
//   a file that is open is never removed, only moved. Of one that had no name when it
//   was opened, by /dev/stderr for one, nothing more can be seen.)
// Threads: one at a time.
#ifndef KINGPIN_LOGGER_LOG_FILE_H_
#define KINGPIN_LOGGER_LOG_FILE_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "kingpin/logger/trouble.h"
#include "kingpin/sys/syscalls.h"
#include "kingpin/sys/unique_fd.h"

namespace kingpin::log_internal {

// For appending, created if it is not there. Never waits: a FIFO without a reader is
// an error (ENXIO).
SysResult<UniqueFd> OpenLogFile(const std::string& path, mode_t mode,
                                int more_flags = 0);

// Opens the path once, so that a wrong one is an error at the start, and makes it
// absolute, so that it means the same wherever the process goes: daemon(3) goes to "/".
absl::Status CheckLogFile(std::string* path, mode_t mode,
                          absl::Duration check_interval);

class LogFile {
 public:
  LogFile(std::string path, mode_t mode, absl::Duration check_interval);

  // Opens it anew. False: that failed, and the old one is kept.
  bool Reopen();
  // Before each batch: looks where the path leads, if it is time for that. True if
  // another file has been opened.
  bool Tend();

  // {bytes of whole lines, error}. `lines` ends in a newline.
  SysResult<size_t> Write(std::string_view lines);
  int Sync();

  // Goes on in `file`, which is empty and has the path now.
  void Replace(UniqueFd file);

  const std::string& path() const { return path_; }
  mode_t mode() const { return mode_; }
  uint64_t size() const { return size_; }
  // When it was last written before it was opened here, Unix time.
  int64_t modified_seconds() const { return modified_seconds_; }
  std::string TakeNote() { return reopening_.TakeNote(); }

 private:
  // 0 or errno.
  int Open();
  bool IsInPlace();
  SysResult<size_t> WriteHere(std::string_view lines);
  // Whether the last name of the file is gone. Learns how large it is.
  bool IsRemoved();
  // Returns how many of the bytes `taken` are there still.
  size_t TakeOffCutLine(std::string_view lines, size_t taken);

  const std::string path_;
  const mode_t mode_;
  const absl::Duration check_interval_;
  UniqueFd file_;
  // Since the last Sync(). Then fsync() is not enough: there are the name of this
  // file and the bytes of the one before.
  bool is_fresh_ = true;
  bool had_name_ = false;  // When it was opened.
  uint64_t size_ = 0;
  int64_t modified_seconds_ = 0;
  int open_error_ = 0;             // Of the last attempt.
  uint64_t next_check_nanos_ = 0;  // Monotonic.
  Trouble reopening_{"reopened"};
};

}  // namespace kingpin::log_internal

#endif  // KINGPIN_LOGGER_LOG_FILE_H_
