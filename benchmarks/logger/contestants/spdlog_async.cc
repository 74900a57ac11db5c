// Debian's spdlog, asynchronous as its documentation has it: 8,192 slots, one worker,
// blocking when full. It has no spinning form.
#define SPDLOG_ACTIVE_LEVEL SPDLOG_LEVEL_INFO
#include <memory>

#include "benchmarks/logger/log_load.h"
#include "spdlog/async.h"
#include "spdlog/sinks/basic_file_sink.h"
#include "spdlog/spdlog.h"

namespace {

class Contestant {
 public:
  explicit Contestant(const load::LogLoadOptions& options) {
    pool_ = std::make_shared<spdlog::details::thread_pool>(8192, 1);
    auto sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(
        options.file, /*truncate=*/true);
    log_ = std::make_shared<spdlog::async_logger>(
        "load", sink, pool_, spdlog::async_overflow_policy::block);
    log_->set_pattern("%Y-%m-%dT%H:%M:%S.%fZ %l %t %s:%# %v",
                      spdlog::pattern_time_type::utc);
  }

  void Log(int thread, int number, double value) {
    SPDLOG_LOGGER_INFO(log_, "T {} N {} V {}", thread, number, value);
  }
  void Flush() {
    // Its flush() only asks; that the worker has ended is the proof.
    log_->flush();
    log_.reset();
    pool_.reset();
  }

 private:
  std::shared_ptr<spdlog::details::thread_pool> pool_;
  std::shared_ptr<spdlog::async_logger> log_;
};

}  // namespace

int main(int argc, char** argv) {
  return load::LogLoadMain<Contestant>(argc, argv);
}
