// What the kernel's routing says about a destination, without sending anything.
//
// Threads: safe from any.
//
//   SocketAddress source = sys::SourceAddressFor(peer);
//   if (source.family() == AF_UNSPEC) return NoRoute(peer);
#ifndef KINGPIN_SYS_ROUTE_H_
#define KINGPIN_SYS_ROUTE_H_

#include "kingpin/sys/socket_address.h"

namespace kingpin {
namespace sys {

// The local address that a connection to `destination` would come from;
// AF_UNSPEC if there is no route or no descriptor left. It connects a UDP socket
// (connect(2): for those it only sets the peer), so this is four quick calls.
SocketAddress SourceAddressFor(const SocketAddress& destination);

}  // namespace sys
}  // namespace kingpin

#endif  // KINGPIN_SYS_ROUTE_H_
