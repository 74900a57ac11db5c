#include "apps/chinese_chess/terminal/token_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdio>
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

// False: errno says why.
bool WriteWhole(const std::string& path, std::string_view text) {
  const UniqueFd file(open(path.c_str(),
                           O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
                           S_IRUSR | S_IWUSR));
  if (!file.valid()) return false;
  errno = ENOSPC;  // Of a write that takes a part.
  if (write(file.get(), text.data(), text.size()) !=
      static_cast<ssize_t>(text.size())) {
    return false;
  }
  return fsync(file.get()) == 0 ||
         errno == EINVAL;  // What is no file has no disk.
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
  struct stat status;
  const bool is_special =
      stat(target.c_str(), &status) == 0 && !S_ISREG(status.st_mode);
  // Until all of it is on the disk the old one stays; but /dev/null is to stay itself.
  const std::string fresh = is_special ? target : absl::StrCat(target, ".new");
  const std::string text = absl::StrCat(kept.token, "\n", kept.name, "\n");
  if (WriteWhole(fresh, text) &&
      (is_special || rename(fresh.c_str(), target.c_str()) == 0)) {
    return absl::OkStatus();
  }
  return DiskError(path);
}

absl::StatusOr<std::string> SetTokenFileAside(const std::string& path) {
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
