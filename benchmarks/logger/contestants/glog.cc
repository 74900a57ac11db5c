// Debian's glog: synchronous, to a FILE.
#include <glog/logging.h>
#include <unistd.h>

#include <string>

#include "benchmarks/logger/log_load.h"

namespace {

class Contestant {
 public:
  explicit Contestant(const load::LogLoadOptions& options)
      : file_(options.file) {
    FLAGS_timestamp_in_logfile_name = false;
    FLAGS_log_year_in_prefix = true;
    unlink(file_.c_str());
    google::InitGoogleLogging("glog");
    google::SetLogDestination(google::GLOG_INFO, file_.c_str());
    google::SetLogSymlink(google::GLOG_INFO, "");
  }

  void Log(int thread, int number, double value) {
    LOG(INFO) << "T " << thread << " N " << number << " V " << value;
  }
  void Flush() { google::FlushLogFiles(google::GLOG_INFO); }

 private:
  const std::string file_;
};

}  // namespace

int main(int argc, char** argv) {
  return load::LogLoadMain<Contestant>(argc, argv);
}
