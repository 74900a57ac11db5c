#include "kingpin/logger/file_sink.h"

#include <memory>
#include <utility>

#include "absl/status/status.h"

namespace kingpin {

SysResult<size_t> FileSink::Write(const LogBatch& batch) {
  file_.Tend();
  return file_.Write(batch.text);
}

absl::StatusOr<LogSinkFactory> FileSinkFactory(FileSinkOptions options) {
  if (absl::Status status = log_internal::CheckLogFile(
          &options.path, options.mode, options.check_interval);
      !status.ok()) {
    return status;
  }
  return LogSinkFactory([options = std::move(options)] {
    return std::make_unique<FileSink>(options);
  });
}

}  // namespace kingpin
