// quill with its default queue, which grows and then blocks.
#include <chrono>

#include "benchmarks/logger/log_load.h"
#include "quill/Backend.h"
#include "quill/Frontend.h"
#include "quill/LogMacros.h"
#include "quill/Logger.h"
#include "quill/sinks/FileSink.h"

namespace {

class Contestant {
 public:
  explicit Contestant(const load::LogLoadOptions& options) {
    quill::BackendOptions backend;
    if (options.spin) backend.sleep_duration = std::chrono::nanoseconds(0);
    quill::Backend::start(backend);
    quill::FileSinkConfig config;
    config.set_open_mode('w');
    log_ = quill::Frontend::create_or_get_logger(
        "load",
        quill::Frontend::create_or_get_sink<quill::FileSink>(options.file,
                                                             config),
        quill::PatternFormatterOptions{
            "%(time) %(log_level) %(thread_id) %(short_source_location) "
            "%(message)",
            "%Y-%m-%dT%H:%M:%S.%QusZ", quill::Timezone::GmtTime});
  }

  void Log(int thread, int number, double value) {
    LOG_INFO(log_, "T {} N {} V {}", thread, number, value);
  }
  void Flush() { log_->flush_log(); }

 private:
  quill::Logger* log_;
};

}  // namespace

int main(int argc, char** argv) {
  return load::LogLoadMain<Contestant>(argc, argv);
}
