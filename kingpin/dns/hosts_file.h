// HostsFile: the names in a hosts(5) file, read again when it changes.
//
// A line is an address and the names it has; "#" begins a comment. A name on
// several lines has all of those addresses. What is no address or no name is
// passed over. Names are compared without regard to case and a dot at the end.
//
// Bounds: of a larger file the first `max_bytes` count, of a longer line its
// first 4 KiB, of a name its first 64 addresses. A change is looked for by
// stat(2) and read in slices of 64 KiB, so that a list of ten thousand names
// does not hold a loop: until the last slice, the old table answers.
//
// Threads: one at a time.
//
//   HostsFile hosts("/etc/hosts", 1 << 20);
//   hosts.Load();                               // At set-up: all of it.
//   while (hosts.ReadChange()) LetOthersRun();  // In a loop: slice by slice.
//   const std::vector<IpAddress>* found = hosts.Find("printer");
#ifndef KINGPIN_DNS_HOSTS_FILE_H_
#define KINGPIN_DNS_HOSTS_FILE_H_

#include <sys/stat.h>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "kingpin/dns/ip_address.h"
#include "kingpin/sys/unique_fd.h"

namespace kingpin {

using HostsTable = absl::flat_hash_map<std::string, std::vector<IpAddress>>;

// Takes the text of a hosts file piece by piece, cut anywhere.
class HostsParser {
 public:
  static constexpr size_t kMaxLineBytes = 4 << 10;
  static constexpr size_t kMaxAddresses = 64;

  void Take(absl::string_view piece);
  // After the last piece. `cut`: there would have been more, so that a line
  // without its end may be half of one.
  HostsTable Finish(bool cut);

 private:
  void TakeLine(absl::string_view line);

  HostsTable table_;
  std::string line_;  // The beginning of one whose end has not come.
};

class HostsFile {
 public:
  static constexpr size_t kSliceBytes = 64 << 10;

  // An empty path: no file, no names.
  HostsFile(std::string path, size_t max_bytes)
      : path_(std::move(path)), max_bytes_(max_bytes) {}

  void Load();
  // If the file has changed, reads a slice of it; true if there is more. A file
  // that has gone has no names.
  bool ReadChange();

  // `name` in the form of HostName::text. Null if it is not there; good until
  // the next call of another method.
  const std::vector<IpAddress>* Find(absl::string_view name) const;

 private:
  // What tells one content from another.
  struct Stamp {
    ino_t inode = 0;
    off_t size = 0;
    timespec modified = {};
    bool operator==(const Stamp& other) const;
  };
  // A read that is under way.
  struct Reading {
    UniqueFd file;
    Stamp stamp;
    HostsParser parser;
    size_t offset = 0;
  };

  static Stamp StampOf(const struct stat& status);
  void Begin();

  const std::string path_;
  const size_t max_bytes_;
  Stamp stamp_;  // Of the table.
  HostsTable table_;
  std::optional<Reading> reading_;
};

}  // namespace kingpin

#endif  // KINGPIN_DNS_HOSTS_FILE_H_
