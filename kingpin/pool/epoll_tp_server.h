// EpollTPServer<Handler>: the threads of a server. Handler derives from
// IOHandlerForServer; the listeners are opened by Start() or Run().
//
//   ThreadSharedDataForServer shared({.port = 7000});
//   EpollTPServer<EchoHandler> server(&shared, {.threads = 4});
//   return ExitCode(server.Run());
#ifndef KINGPIN_POOL_EPOLL_TP_SERVER_H_
#define KINGPIN_POOL_EPOLL_TP_SERVER_H_

#include "kingpin/pool/epoll_tp.h"
#include "kingpin/pool/thread_shared_data_for_server.h"

namespace kingpin {

template <typename Handler>
using EpollTPServer = EpollTP<Handler>;

}  // namespace kingpin

#endif  // KINGPIN_POOL_EPOLL_TP_SERVER_H_
