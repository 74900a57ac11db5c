#include "kingpin/pool/epoll_tp.h"

#include <cstdio>
#include <string>

namespace kingpin {

int ExitCode(const absl::Status& status) {
  if (status.ok()) return 0;
  std::fprintf(stderr, "error: %s\n", std::string(status.message()).c_str());
  return 1;
}

}  // namespace kingpin
