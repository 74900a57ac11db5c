#include "kingpin/logger/file_sink.h"

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "kingpin/sys/unique_fd.h"

namespace kingpin {

SysResult<size_t> FileSink::Write(const LogBatch& batch) {
  file_.Tend();
  return file_.Write(batch.text);
}

absl::StatusOr<LogSinkFactory> FileSinkFactory(FileSinkOptions options) {
  const SysResult<UniqueFd> opened =
      log_internal::OpenLogFile(options.path, options.mode);
  if (!opened.ok()) {
    return absl::ErrnoToStatus(
        opened.error, absl::StrCat("cannot open log \"", options.path, "\""));
  }
  return LogSinkFactory([options = std::move(options)] {
    return std::make_unique<FileSink>(options);
  });
}

}  // namespace kingpin
