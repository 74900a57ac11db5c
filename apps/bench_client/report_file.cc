#include "apps/bench_client/report_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace bench_client {
namespace {

std::string Unwritable(std::string_view path, int error) {
  return absl::StrCat(
      "the report cannot be written to \"", path, "\": ",
      error == ENXIO ? "it is a pipe that nobody reads" : strerror(error));
}

}  // namespace

absl::StatusOr<ReportFile> ReportFile::Open(const std::string& path) {
  // O_NONBLOCK: to open a pipe waits for its reader, else.
  constexpr int kFlags = O_WRONLY | O_NONBLOCK | O_CLOEXEC;
  kingpin::UniqueFd fd(open(path.c_str(), kFlags | O_CREAT | O_EXCL, 0666));
  const bool is_new = fd.valid();
  if (!is_new) fd.Reset(open(path.c_str(), kFlags));
  // Behind a link there may be nothing yet.
  if (!fd.valid() && errno == ENOENT) {
    fd.Reset(open(path.c_str(), kFlags | O_CREAT, 0666));
  }
  if (!fd.valid()) {
    return absl::InvalidArgumentError(Unwritable(path, errno));
  }
  return ReportFile(std::move(fd), path, is_new);
}

ReportFile::~ReportFile() {
  if (fd_.valid() && is_new_) unlink(path_.c_str());
}

absl::Status ReportFile::Write(std::string_view text) {
  is_new_ = false;
  const int flags = fcntl(fd_.get(), F_GETFL);
  fcntl(fd_.get(), F_SETFL, flags & ~O_NONBLOCK);
  // Neither a device nor a pipe has anything to cut off.
  if (ftruncate(fd_.get(), 0) != 0 && errno != EINVAL) {
    return absl::UnavailableError(Unwritable(path_, errno));
  }
  while (!text.empty()) {
    const ssize_t n = write(fd_.get(), text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return absl::UnavailableError(Unwritable(path_, errno));
    text.remove_prefix(static_cast<size_t>(n));
  }
  return absl::OkStatus();
}

}  // namespace bench_client
