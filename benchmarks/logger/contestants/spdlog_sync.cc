// Debian's spdlog without a backend: a mutex and a FILE.
#define SPDLOG_ACTIVE_LEVEL SPDLOG_LEVEL_INFO
#include <memory>

#include "benchmarks/logger/log_load.h"
#include "spdlog/sinks/basic_file_sink.h"
#include "spdlog/spdlog.h"

namespace {

class Contestant {
 public:
  explicit Contestant(const load::LogLoadOptions& options) {
    log_ = std::make_shared<spdlog::logger>(
        "load", std::make_shared<spdlog::sinks::basic_file_sink_mt>(
                    options.file, /*truncate=*/true));
    log_->set_pattern("%Y-%m-%dT%H:%M:%S.%fZ %l %t %s:%# %v",
                      spdlog::pattern_time_type::utc);
  }

  void Log(int thread, int number, double value) {
    SPDLOG_LOGGER_INFO(log_, "T {} N {} V {}", thread, number, value);
  }
  void Flush() { log_->flush(); }

 private:
  std::shared_ptr<spdlog::logger> log_;
};

}  // namespace

int main(int argc, char** argv) {
  return load::LogLoadMain<Contestant>(argc, argv);
}
