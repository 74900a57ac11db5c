#include "kingpin/pool/max_connections.h"

#include <sys/resource.h>

#include <algorithm>
#include <climits>

namespace kingpin {

int ResolveMaxConnections(int asked) {
  if (asked > 0) return asked;
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return INT_MAX;
  return static_cast<int>(std::min<rlim_t>(limit.rlim_cur / 10 * 9, INT_MAX));
}

}  // namespace kingpin
