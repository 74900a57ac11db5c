#include "tests/logger/unstripped.h"

#include "kingpin/logger/klog.h"

namespace kingpin {

void LogInfoUnstripped(Logger& log) {
  KLOG_TO(log, INFO) << "of another file";
  KLOGF_TO(log, INFO, "{}", "of another file");
}

}  // namespace kingpin
