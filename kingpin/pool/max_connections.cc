#include "kingpin/pool/max_connections.h"

#include "kingpin/sys/descriptor_limit.h"

namespace kingpin {

int ResolveMaxConnections(int asked) {
  if (asked > 0) return asked;
  return DescriptorLimit() / 10 * 9;
}

}  // namespace kingpin
