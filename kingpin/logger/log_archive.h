// LogArchive: the closed files of a log: PATH.YYYYmmdd-HHMMSS[.N].
//
// Only names of exactly that form are ever removed. N counts files closed in the
// same second; none is 0.
//
// Threads: one at a time.
#ifndef KINGPIN_LOGGER_LOG_ARCHIVE_H_
#define KINGPIN_LOGGER_LOG_ARCHIVE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "kingpin/sys/syscalls.h"

namespace kingpin::log_internal {

class LogArchive {
 public:
  LogArchive(std::string path, size_t keep_files, uint64_t keep_bytes);

  // Gives the file at the path a name of the archive as well, one that is free.
  // That name, and 0 or errno.
  SysResult<std::string> Add(absl::Time now, absl::TimeZone zone);

  // Removes the oldest of what is too much. What cannot be removed stays.
  void Prune();

 private:
  struct Entry {
    std::string stamp;
    uint64_t number;
    std::string name;  // In the directory.

    friend auto operator<=>(const Entry&, const Entry&) = default;
  };
  // False if the name is none of the archive.
  bool Parse(std::string_view name, Entry* entry) const;
  // Newest first.
  std::vector<Entry> List() const;

  const std::string path_;
  const std::string directory_;  // Of the path, with its slash, or "./".
  const std::string base_;       // The path's last component, and a dot.
  const size_t keep_files_;
  const uint64_t keep_bytes_;
  std::string last_stamp_;
  uint64_t next_number_ = 0;  // Of those with last_stamp_.
};

}  // namespace kingpin::log_internal

#endif  // KINGPIN_LOGGER_LOG_ARCHIVE_H_
