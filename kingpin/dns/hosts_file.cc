#include "kingpin/dns/hosts_file.h"

#include <fcntl.h>

#include <algorithm>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_split.h"
#include "kingpin/dns/host_name.h"
#include "kingpin/logger/klog.h"
#include "kingpin/net/resolver.h"
#include "kingpin/sys/socket_address.h"
#include "kingpin/sys/syscalls.h"

namespace kingpin {

// --- The text ------------------------------------------------------------------

void HostsParser::Take(absl::string_view piece) {
  while (!piece.empty()) {
    const size_t end = piece.find('\n');
    absl::string_view part = piece.substr(0, end);
    line_.append(part.substr(0, kMaxLineBytes - line_.size()));
    if (end == piece.npos) return;
    TakeLine(line_);
    line_.clear();
    piece.remove_prefix(end + 1);
  }
}

HostsTable HostsParser::Finish(bool cut) {
  if (!cut) TakeLine(line_);
  line_.clear();
  return std::exchange(table_, {});
}

void HostsParser::TakeLine(absl::string_view line) {
  if (line.size() == kMaxLineBytes) {
    // The last word may be half of one.
    line = line.substr(0, line.find_last_of(" \t") + 1);
  }
  line = line.substr(0, line.find('#'));
  std::optional<IpAddress> address;
  for (absl::string_view word :
       absl::StrSplit(line, absl::ByAnyChar(" \t\r"), absl::SkipEmpty())) {
    if (!address.has_value()) {
      std::optional<SocketAddress> literal = ParseLiteralHost(word);
      if (literal.has_value()) address = IpAddress::Of(*literal);
      if (!address.has_value()) return;
      continue;
    }
    absl::StatusOr<HostName> name = ParseHostName(word);
    if (!name.ok()) continue;
    std::vector<IpAddress>& addresses = table_[name->text];
    if (addresses.size() < kMaxAddresses) addresses.push_back(*address);
  }
}

// --- The file ------------------------------------------------------------------

bool HostsFile::Stamp::operator==(const Stamp& other) const {
  return inode == other.inode && size == other.size &&
         modified.tv_sec == other.modified.tv_sec &&
         modified.tv_nsec == other.modified.tv_nsec;
}

HostsFile::Stamp HostsFile::StampOf(const struct stat& status) {
  return {status.st_ino, status.st_size, status.st_mtim};
}

void HostsFile::Load() {
  while (ReadChange()) {
  }
}

void HostsFile::Begin() {
  struct stat status;
  if (path_.empty()) return;
  if (sys::StatAt(AT_FDCWD, path_.c_str(), &status) != 0 ||
      !S_ISREG(status.st_mode)) {
    table_.clear();
    stamp_ = {};
    return;
  }
  if (StampOf(status) == stamp_) return;
  SysResult<UniqueFd> file =
      sys::Open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  // Out of descriptors, or it has just gone: the next look tries again.
  if (!file.ok() || sys::Fstat(file.value.get(), &status) != 0 ||
      !S_ISREG(status.st_mode)) {
    return;
  }
  reading_ = Reading();
  reading_->file = std::move(file.value);
  reading_->stamp = StampOf(status);
  if (static_cast<size_t>(status.st_size) > max_bytes_) {
    KLOG(WARNING) << path_ << " has " << status.st_size
                  << " bytes; names behind the first " << max_bytes_
                  << " are not looked at";
  }
}

bool HostsFile::ReadChange() {
  if (!reading_.has_value()) Begin();
  if (!reading_.has_value()) return false;
  std::string slice(std::min(kSliceBytes, max_bytes_ - reading_->offset), '\0');
  SysResult<size_t> size = sys::PRead(reading_->file.get(), slice.data(),
                                      slice.size(), reading_->offset);
  slice.resize(size.ok() ? size.value : 0);
  reading_->offset += slice.size();
  reading_->parser.Take(slice);
  const bool cut = reading_->offset == max_bytes_ &&
                   static_cast<size_t>(reading_->stamp.size) > max_bytes_;
  if (slice.size() == kSliceBytes && !cut) return true;
  table_ = reading_->parser.Finish(cut);
  stamp_ = reading_->stamp;
  reading_.reset();
  return false;
}

const std::vector<IpAddress>* HostsFile::Find(absl::string_view name) const {
  auto found = table_.find(name);
  return found == table_.end() ? nullptr : &found->second;
}

}  // namespace kingpin
