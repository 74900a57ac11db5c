#include <fcntl.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "absl/time/time.h"
#include "benchmarks/logger/log_load.h"
#include "kingpin/logger/klog.h"
#include "kingpin/sys/syscalls.h"
#include "kingpin/sys/unique_fd.h"

namespace {

class Contestant {
 public:
  explicit Contestant(const load::LogLoadOptions& options)
      : file_(kingpin::sys::Open(options.file.c_str(),
                                 O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0644)
                  .value),
        log_(OptionsOf(options)) {}

  void Log(int thread, int number, double value) {
    KLOGF_TO(log_, INFO, "T {} N {} V {}", thread, number, value);
  }
  void Flush() { log_.Flush(); }

 private:
  kingpin::Logger::Options OptionsOf(const load::LogLoadOptions& options) {
    kingpin::Logger::Options result = {.fd = file_.get()};
    if (options.spin) result.poll_interval = absl::ZeroDuration();
    // WHEN_FULL=drop in the environment: does not wait for a reader that is slow.
    const char* when_full = std::getenv("WHEN_FULL");
    if (when_full != nullptr && std::string_view(when_full) == "drop") {
      result.when_full = kingpin::Logger::WhenFull::kDrop;
    }
    // BUFFER_BYTES=1048576 in the environment: as much as fmtlog has for a thread.
    const char* buffer = std::getenv("BUFFER_BYTES");
    if (buffer != nullptr)
      result.buffer_bytes = std::strtoul(buffer, nullptr, 10);
    // BLACK_BOX=PATH in the environment.
    const char* box = std::getenv("BLACK_BOX");
    if (box != nullptr) result.black_box = box;
    return result;
  }

  const kingpin::UniqueFd file_;
  kingpin::Logger log_;
};

}  // namespace

int main(int argc, char** argv) {
  return load::LogLoadMain<Contestant>(argc, argv);
}
