// fmtlog, made to block when a queue is full: by itself it drops lines, which would
// win any race. Its thread polls every millisecond; by default once a second, in
// which a queue of 1 MiB is full many times over.
#define FMTLOG_BLOCK 1
#include "fmtlog.h"

#include "benchmarks/logger/log_load.h"
#include "fmtlog-inl.h"

namespace {

class Contestant {
 public:
  explicit Contestant(const load::LogLoadOptions& options) {
    fmtlog::setLogFile(options.file.c_str(), /*truncate=*/true);
    fmtlog::setHeaderPattern("{YmdHMSf} {l} {t} {s} ");
    fmtlog::startPollingThread(options.spin ? 0 : 1'000'000);
  }
  // By itself it would go on into the destructors of what it uses.
  ~Contestant() { fmtlog::stopPollingThread(); }

  void Log(int thread, int number, double value) {
    FMTLOG(fmtlog::INF, "T {} N {} V {}", thread, number, value);
  }
  void Flush() { fmtlog::stopPollingThread(); }
};

}  // namespace

int main(int argc, char** argv) {
  return load::LogLoadMain<Contestant>(argc, argv);
}
