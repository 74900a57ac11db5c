#include "kingpin/pool/epoll_tp.h"

#include <errno.h>

#include <cstdio>
#include <string>

namespace kingpin {

int ExitCode(const absl::Status& status) {
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s: %s\n", program_invocation_short_name,
               std::string(status.message()).c_str());
  return 1;
}

}  // namespace kingpin
