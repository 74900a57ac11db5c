#include "kingpin/logger/log_archive.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "kingpin/sys/unique_fd.h"

namespace kingpin::log_internal {
namespace {

std::string DirectoryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == path.npos ? "./" : path.substr(0, slash + 1);
}

bool AreDigits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c >= '0' && c <= '9';
  });
}

}  // namespace

LogArchive::LogArchive(std::string path, size_t keep_files, uint64_t keep_bytes)
    : path_(std::move(path)),
      directory_(DirectoryOf(path_)),
      base_(absl::StrCat(path_.substr(path_.rfind('/') + 1), ".")),
      keep_files_(keep_files),
      keep_bytes_(keep_bytes) {}

SysResult<std::string> LogArchive::Add(absl::Time now, absl::TimeZone zone) {
  const std::string stamp = absl::FormatTime("%Y%m%d-%H%M%S", now, zone);
  if (stamp != last_stamp_) next_number_ = 0;
  last_stamp_ = stamp;
  for (;; ++next_number_) {
    std::string name = absl::StrCat(path_, ".", stamp);
    if (next_number_ > 0) absl::StrAppend(&name, ".", next_number_);
    const int error = sys::Link(path_.c_str(), name.c_str());
    if (error == EEXIST) continue;
    if (error == 0) ++next_number_;
    return {std::move(name), error};
  }
}

bool LogArchive::Parse(std::string_view name, Entry* entry) const {
  constexpr size_t kDate = 8;
  constexpr size_t kStamp = 15;
  std::string_view rest = name;
  if (!absl::ConsumePrefix(&rest, base_) || rest.size() < kStamp) return false;
  const std::string_view stamp = rest.substr(0, kStamp);
  rest.remove_prefix(kStamp);
  if (stamp[kDate] != '-' || !AreDigits(stamp.substr(0, kDate)) ||
      !AreDigits(stamp.substr(kDate + 1))) {
    return false;
  }
  uint64_t number = 0;
  if (!rest.empty() && (!absl::ConsumePrefix(&rest, ".") || !AreDigits(rest) ||
                        !absl::SimpleAtoi(rest, &number))) {
    return false;
  }
  *entry = {std::string(stamp), number, std::string(name)};
  return true;
}

std::vector<LogArchive::Entry> LogArchive::List() const {
  std::vector<Entry> entries;
  SysResult<UniqueFd> directory =
      sys::Open(directory_.c_str(), O_RDONLY | O_DIRECTORY);
  if (!directory.ok()) return entries;
  sys::ReadDirectory(std::move(directory.value), [&](const char* name) {
    Entry entry;
    if (Parse(name, &entry)) entries.push_back(std::move(entry));
    return true;
  });
  std::sort(entries.begin(), entries.end(), std::greater<Entry>());
  return entries;
}

void LogArchive::Prune() {
  size_t files = 0;
  uint64_t bytes = 0;
  for (const Entry& entry : List()) {
    const std::string name = absl::StrCat(directory_, entry.name);
    struct stat status;
    if (sys::LinkStatAt(AT_FDCWD, name.c_str(), &status) != 0) continue;
    ++files;
    bytes += static_cast<uint64_t>(status.st_size);
    if (files > keep_files_ || bytes > keep_bytes_) ::unlink(name.c_str());
  }
}

}  // namespace kingpin::log_internal
