// ThreadSharedDataForServer: the listening sockets of a server, the accept
// mutex and the choice of how its threads share the accepting.
//
// Threads, lifetime: as ThreadSharedData.
//
//   ThreadSharedDataForServer shared({.port = 7000});
//   EpollTPServer<EchoHandler> server(&shared, {.threads = 4});
//   return ExitCode(server.Run());
#ifndef KINGPIN_POOL_THREAD_SHARED_DATA_FOR_SERVER_H_
#define KINGPIN_POOL_THREAD_SHARED_DATA_FOR_SERVER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "kingpin/pool/accept_mutex.h"
#include "kingpin/pool/listener.h"
#include "kingpin/pool/thread_shared_data.h"

namespace kingpin {

// docs/accept.md has them side by side, measured.
enum class AcceptStrategy {
  // The fair accept mutex: one thread at a time has the listener in its epoll.
  // Even shares, one wake-up a connection, and the order in which threads work
  // is easy to reason about.
  kMutex,
  // EPOLLEXCLUSIVE, registered only while this thread's load is within the
  // margin of the lightest. The least CPU a connection of the fair ones.
  kGated,
  // EPOLLEXCLUSIVE on all threads. The kernel favours the thread that waited
  // last: while the server is not saturated, most connections land on one.
  kExclusive,
  // A listener a thread, the kernel chooses by hash. Even for many short
  // connections, but what is hashed to a stuck thread waits for it. For TCP
  // only, and it takes no "fd:N", so there is no hot restart: a second server
  // on the port is an error, unless both start at the very same moment.
  kReusePort,
};

// "mutex", "gated", "exclusive", "reuseport".
absl::StatusOr<AcceptStrategy> ParseAcceptStrategy(absl::string_view name);

struct ServerOptions {
  // Shorthand for listen = {":PORT"}: every local address, IPv4 and IPv6. 0
  // lets the kernel choose: see port().
  uint16_t port = 0;
  // Addresses as SocketAddress::Parse takes them, or "fd:N", a listening socket
  // that was inherited or handed over. Not empty: `port` is ignored.
  std::vector<std::string> listen = {};
  SocketOptions socket = {};

  AcceptStrategy strategy = AcceptStrategy::kMutex;
  // kMutex and kGated: how many connections heavier than the lightest thread
  // one may be and still accept. Lower is more even and hands over more often.
  int load_margin = 8;
  // The most connections one loop accepts before it handles events again.
  // Batches grow to it only while the queue has more.
  int accept_batch = 16;
  // Of the whole server; at the limit it stops accepting and further ones wait
  // in the backlog. 0: 9 in 10 of the descriptors this process may open.
  int max_connections = 0;

  ConnectionOptions connection = {};
  absl::Duration drain_timeout = absl::Seconds(10);
  WatchdogOptions watchdog = {};
  const Clock* clock = &Clock::Real();
};

class ThreadSharedDataForServer : public ThreadSharedData {
 public:
  explicit ThreadSharedDataForServer(ServerOptions options);
  ~ThreadSharedDataForServer() override;

  // Opens every listener, or none: the error names the address and the cause.
  absl::Status Open(int threads) override;
  // Takes turns away from threads that are stuck.
  void OnWatchdogTick(MonotonicTime now) override;
  // Removes the paths of unix-domain listeners; and a loop that failed to start
  // has not left its listeners.
  void OnRunEnded() override { listeners_.clear(); }

  // The port of the first listener; 0 before Open() and for a unix-domain one.
  uint16_t port() const { return port_; }
  // The addresses bound, in the order of ServerOptions::listen.
  const std::vector<std::string>& addresses() const { return addresses_; }

  // --- For IOHandlerForServer ---------------------------------------------

  const ServerOptions& options() const { return options_; }
  // The listening sockets that loop `thread` accepts from.
  std::vector<int> ListenersOf(int thread) const;
  // Loop `thread` has taken its listeners out of its epoll. They stop listening
  // when no other loop has them either, so while one is stuck the kernel goes
  // on completing handshakes: earlier, their numbers could be reused under it.
  void LeaveListeners(int thread);
  AcceptMutex& accept_mutex() { return *accept_mutex_; }
  // kGated: whether `thread` is light enough to listen.
  bool GateOpen(int thread, MonotonicTime now) const;
  // kGated: `thread` has become too heavy; makes sure that a lighter one
  // listens.
  void WakeLightest(int thread, MonotonicTime now);

  // The connection limit. AtCapacity() remembers that somebody stopped
  // accepting because of it, so that OnConnectionClosed() wakes the threads.
  bool AtCapacity();
  void OnConnectionClosed() {
    if (at_capacity_.load()) LeaveCapacity();
  }

 private:
  void LeaveCapacity();
  bool share_port() const {
    return options_.strategy == AcceptStrategy::kReusePort;
  }
  absl::Status CheckOptions() const;
  // kReusePort: the addresses can be shared and no other server has them.
  absl::Status CheckSharable() const;
  absl::Status OpenListeners(int threads);
  absl::StatusOr<Listener> OpenListener(const std::string& text) const;

  const ServerOptions options_;
  const int max_connections_;

  // Between Open() and OnRunEnded() only LeaveListeners changes them. kReusePort:
  // threads times addresses, thread-major.
  std::vector<Listener> listeners_;
  std::atomic<int> loops_on_listeners_ = 0;
  // Constant after Open().
  std::vector<std::string> addresses_;
  uint16_t port_ = 0;
  std::unique_ptr<AcceptMutex> accept_mutex_;

  std::atomic<bool> at_capacity_ = false;
};

}  // namespace kingpin

#endif  // KINGPIN_POOL_THREAD_SHARED_DATA_FOR_SERVER_H_
