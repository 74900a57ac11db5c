#include "apps/file_server/log_watch.h"

#include "kingpin/logger/klog.h"

namespace file_server {

void LogWatch::Look() {
  if (log_ == nullptr) return;
  const kingpin::Logger::Counters now = log_->counters();
  const bool failed = now.write_errors > seen_.write_errors;
  const bool losing = failed || now.dropped > seen_.dropped;
  if (losing && !losing_) {
    losing_ = true;
    dropped_before_ = seen_.dropped;
    KLOG(ERROR) << "the access log "
                << (failed ? "cannot be written (is the disk full?)"
                           : "is written too slowly")
                << ": lines are lost";
  } else if (losing_ && !losing && now.written > seen_.written) {
    losing_ = false;
    KLOG(INFO) << "the access log is written again; "
               << now.dropped - dropped_before_ << " lines were lost";
  }
  seen_ = now;
}

}  // namespace file_server
