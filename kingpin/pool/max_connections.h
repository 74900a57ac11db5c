// How many connections a process may have if nobody says so.
//
// Threads: any.
//
//   const int max_connections = ResolveMaxConnections(options.max_connections);
#ifndef KINGPIN_POOL_MAX_CONNECTIONS_H_
#define KINGPIN_POOL_MAX_CONNECTIONS_H_

namespace kingpin {

// `asked` if it is positive; else 9 in 10 of the descriptors this process may
// open (getrlimit(2), RLIMIT_NOFILE): the rest is for listeners, logs, files.
int ResolveMaxConnections(int asked);

}  // namespace kingpin

#endif  // KINGPIN_POOL_MAX_CONNECTIONS_H_
