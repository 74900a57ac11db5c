// EpollTPClient<Handler>: the threads of a client. Handler derives from
// IOHandlerForClient. Targets may be added before Start() or Run() and while it
// runs; without ConnectionPoolOptions::end_when_done it runs until Shutdown().
//
//   ThreadSharedDataForClient shared({.pool = {.end_when_done = true}});
//   for (Target& target : targets) Check(shared.Add(std::move(target)));
//   EpollTPClient<MyHandler> client(&shared, {.threads = 2});
//   return ExitCode(client.Run());
#ifndef KINGPIN_POOL_EPOLL_TP_CLIENT_H_
#define KINGPIN_POOL_EPOLL_TP_CLIENT_H_

#include "kingpin/pool/epoll_tp.h"
#include "kingpin/pool/thread_shared_data_for_client.h"

namespace kingpin {

template <typename Handler>
using EpollTPClient = EpollTP<Handler>;

}  // namespace kingpin

#endif  // KINGPIN_POOL_EPOLL_TP_CLIENT_H_
