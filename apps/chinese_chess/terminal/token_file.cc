#include "apps/chinese_chess/terminal/token_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "kingpin/sys/unique_fd.h"

namespace chinese_chess {
namespace {

using kingpin::UniqueFd;

constexpr size_t kTokenCharacters = 64;
// More than a token and a name have, so that it shows what has more.
constexpr size_t kMostBytes = 512;

absl::Status DiskError(const std::string& path) {
  return absl::ErrnoToStatus(errno, absl::StrCat("token file ", path));
}

bool IsToken(std::string_view text) {
  return text.size() == kTokenCharacters &&
         text.find_first_not_of("0123456789abcdef") == text.npos;
}

// Takes a line off, without its end.
std::string_view TakeLine(std::string_view* text) {
  const std::string_view line = text->substr(0, text->find('\n'));
  text->remove_prefix(std::min(line.size() + 1, text->size()));
  return line;
}

// Such as /dev/null, which is to stay what it is.
bool IsSpecial(const std::string& path) {
  struct stat status;
  return stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode);
}

// False: errno says why.
bool WriteWhole(int fd, std::string_view text) {
  errno = ENOSPC;  // Of a write that takes a part.
  return write(fd, text.data(), text.size()) ==
         static_cast<ssize_t>(text.size());
}

// Until all of it is on the disk the old one stays.
bool Replace(const std::string& path, std::string_view text) {
  std::string fresh = absl::StrCat(path, ".XXXXXX");
  const UniqueFd file(mkostemp(fresh.data(), O_CLOEXEC));  // Mode 0600.
  if (!file.valid()) return false;
  if (WriteWhole(file.get(), text) && fsync(file.get()) == 0 &&
      rename(fresh.c_str(), path.c_str()) == 0) {
    return true;
  }
  const int error = errno;
  unlink(fresh.c_str());
  errno = error;
  return false;
}

}  // namespace

absl::StatusOr<KeptToken> ReadTokenFile(const std::string& path) {
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid() && errno == ENOENT) return KeptToken();
  if (!file.valid()) return DiskError(path);
  char bytes[kMostBytes];
  const ssize_t size = read(file.get(), bytes, sizeof(bytes));
  if (size < 0) return DiskError(path);
  std::string_view text(bytes, static_cast<size_t>(size));
  if (text.empty()) return KeptToken();
  const std::string_view token = TakeLine(&text);
  const std::string_view name = TakeLine(&text);
  if (IsToken(token) && text.empty() && size < ssize_t{kMostBytes}) {
    return KeptToken{std::string(token), std::string(name)};
  }
  return absl::FailedPreconditionError(
      absl::StrCat(path, " is no token file; name one that is not there yet"));
}

absl::Status WriteTokenFile(const std::string& path, const KeptToken& kept) {
  std::error_code none;
  std::string target = std::filesystem::canonical(path, none).string();
  if (target.empty()) target = path;  // It is not there yet.
  const std::string text = absl::StrCat(kept.token, "\n", kept.name, "\n");
  if (!IsSpecial(target)) {
    return Replace(target, text) ? absl::OkStatus() : DiskError(path);
  }
  const UniqueFd file(open(target.c_str(), O_WRONLY | O_CLOEXEC));
  return file.valid() && WriteWhole(file.get(), text) ? absl::OkStatus()
                                                      : DiskError(path);
}

absl::StatusOr<std::string> SetTokenFileAside(const std::string& path) {
  if (IsSpecial(path)) {
    return absl::NotFoundError(absl::StrCat(path, " keeps nothing"));
  }
  std::string aside = absl::StrCat(path, ".refused");
  // Not rename(), which would write over one that was set aside before.
  for (int n = 2; link(path.c_str(), aside.c_str()) != 0; ++n) {
    if (errno != EEXIST) return DiskError(aside);
    aside = absl::StrCat(path, ".refused.", n);
  }
  if (unlink(path.c_str()) != 0) return DiskError(path);
  return aside;
}

}  // namespace chinese_chess
