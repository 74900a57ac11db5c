// The command line of the file server.
#ifndef APPS_FILE_SERVER_FLAGS_H_
#define APPS_FILE_SERVER_FLAGS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "kingpin/pool/thread_shared_data_for_server.h"

namespace file_server {

struct Flags {
  bool help = false;
  bool version = false;
  std::string root = ".";
  uint16_t port = 8080;
  std::vector<std::string> listen;
  int threads = 0;  // 0: one a core.
  kingpin::AcceptStrategy strategy = kingpin::AcceptStrategy::kMutex;
  int max_connections = 0;  // 0: from the limit of open files.

  std::string tls_cert;  // Empty: plain HTTP.
  std::string tls_key;
  bool kernel_tls = true;

  bool list = false;
  std::string index = "index.html";
  bool follow_symlinks = true;
  bool cache = true;
  std::string access_log = "auto";
  int access_log_mib = 0;  // 0: it never rotates.
  int access_log_keep = 10;
  std::string log_blackbox;  // Empty: none.
  std::string verbosity;     // Empty: as the environment says.

  absl::Duration idle_timeout = absl::Seconds(60);
  absl::Duration header_timeout = absl::Seconds(30);
  absl::Duration send_timeout = absl::Seconds(30);
  absl::Duration drain_timeout = absl::Seconds(30);
};

// `args` without the program's name. The error says what is wrong and what
// would be right.
absl::StatusOr<Flags> ParseFlags(absl::Span<char* const> args);

absl::string_view HelpText();

}  // namespace file_server

#endif  // APPS_FILE_SERVER_FLAGS_H_
