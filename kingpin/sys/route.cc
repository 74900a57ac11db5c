#include "kingpin/sys/route.h"

#include <sys/socket.h>

#include "kingpin/sys/unique_fd.h"

namespace kingpin {
namespace sys {

SocketAddress SourceAddressFor(const SocketAddress& destination) {
  UniqueFd fd(::socket(destination.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd.valid() ||
      ::connect(fd.get(), destination.get(), destination.size()) != 0) {
    return {};
  }
  return SocketAddress::Local(fd.get());
}

}  // namespace sys
}  // namespace kingpin
