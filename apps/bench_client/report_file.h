// ReportFile: where a report goes behind a long run. It is opened before, so that what is
// wrong with it is told then. A file keeps what it has until there is a report; one that
// was not there is gone again if there is none, unless a link leads to it.
//
// Threads: one.
// Errors: they name the path and the cause.
//
//   absl::StatusOr<ReportFile> file = ReportFile::Open("report.html");
//   if (!file.ok()) return file.status();
//   return file->Write(RunForAnHour());
#ifndef APPS_BENCH_CLIENT_REPORT_FILE_H_
#define APPS_BENCH_CLIENT_REPORT_FILE_H_

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kingpin/sys/unique_fd.h"

namespace bench_client {

class ReportFile {
 public:
  // A file, a device, or a pipe that somebody reads: for a reader nobody waits.
  static absl::StatusOr<ReportFile> Open(const std::string& path);

  ReportFile(ReportFile&&) = default;
  ReportFile& operator=(ReportFile&&) = delete;
  ~ReportFile();

  // In place of what is there, once. Waits for the reader of a pipe.
  absl::Status Write(std::string_view text);

 private:
  ReportFile(kingpin::UniqueFd fd, std::string path, bool is_new)
      : fd_(std::move(fd)), path_(std::move(path)), is_new_(is_new) {}

  kingpin::UniqueFd fd_;
  std::string path_;
  bool is_new_;  // And empty.
};

}  // namespace bench_client

#endif  // APPS_BENCH_CLIENT_REPORT_FILE_H_
