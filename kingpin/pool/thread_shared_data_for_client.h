// ThreadSharedDataForClient: the connection pool of a client, and how its
// threads connect.
//
// Threads, lifetime: as ThreadSharedData.
//
//   ThreadSharedDataForClient shared({.pool = {.max_connections_per_host = 8}});
//   EpollTPClient<MyHandler> client(&shared, {.threads = 2});
//   shared.Add({.host = "10.0.0.1", .port = 80, .first_message = "hi"}).IgnoreError();
//   return ExitCode(client.Run());
#ifndef KINGPIN_POOL_THREAD_SHARED_DATA_FOR_CLIENT_H_
#define KINGPIN_POOL_THREAD_SHARED_DATA_FOR_CLIENT_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "kingpin/pool/connect_failure.h"
#include "kingpin/pool/connection_pool.h"
#include "kingpin/pool/target.h"
#include "kingpin/pool/thread_shared_data.h"

namespace kingpin {

struct ClientOptions {
  ConnectionPoolOptions pool = {};

  // From the start of looking up a name until one of its addresses has answered,
  // all of them together.
  absl::Duration connect_timeout = absl::Seconds(10);
  // The next address of a host is tried beside the last one after this long
  // without an answer (RFC 8305, section 5), if the pool's limits have room for
  // one more socket.
  absl::Duration attempt_delay = absl::Milliseconds(250);
  // Off is Nagle's algorithm: with delayed ACKs, 40 ms for a message that is
  // written in two parts.
  bool tcp_nodelay = true;

  // The read time-out runs while an answer is waited for, the idle one never:
  // idle connections are the pool's, which has one of its own.
  ConnectionOptions connection = {};
  absl::Duration drain_timeout = absl::Seconds(10);
  WatchdogOptions watchdog = {};
  const Clock* clock = &Clock::Real();
};

class ThreadSharedDataForClient : public ThreadSharedData {
 public:
  explicit ThreadSharedDataForClient(ClientOptions options = {});
  ~ThreadSharedDataForClient() override;

  absl::Status Open(int threads) override;
  // Gives turns at the pool away from threads that are stuck.
  void OnWatchdogTick(MonotonicTime now) override { pool_.Rescue(now); }
  // Closes idle connections; OnTargetDropped for what still waits.
  void OnRunEnded() override;

  // ConnectionPool::Add: from any thread, at any time.
  absl::Status Add(Target&& target) { return pool_.Add(std::move(target)); }
  ConnectionPool& pool() { return pool_; }
  const ConnectionPool& pool() const { return pool_; }
  const ClientOptions& options() const { return options_; }

 protected:
  // In place of OnConnectFailed, on the thread that called Start(), which failed:
  // not one loop has started that could end the target. Where Start() fails before
  // it has come to the threads (options, descriptors), targets stay, for another
  // try.
  virtual void OnTargetDropped(Target&, const ConnectFailure&) {}

 private:
  absl::Status CheckOptions() const;

  const ClientOptions options_;
  ConnectionPool pool_;
};

}  // namespace kingpin

#endif  // KINGPIN_POOL_THREAD_SHARED_DATA_FOR_CLIENT_H_
