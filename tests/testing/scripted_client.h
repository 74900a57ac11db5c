// Clients for tests: what a callback does is a lambda of the test.
//
// ManualClient runs one loop, iteration by iteration, on the test's own thread
// and on a manual clock: nothing happens unless the test says so.
//
//   TestListener server;
//   ManualClient client;
//   client.Add(server.target("hello"));
//   TestClient peer = server.Accept(client);
//
// ThreadedClient runs real threads on the real clock.
#ifndef KINGPIN_TESTS_TESTING_SCRIPTED_CLIENT_H_
#define KINGPIN_TESTS_TESTING_SCRIPTED_CLIENT_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "kingpin/net/io_handler_for_client.h"
#include "kingpin/net/resolver.h"
#include "kingpin/net/transport.h"
#include "kingpin/pool/connect_failure.h"
#include "kingpin/pool/epoll_tp_client.h"
#include "kingpin/pool/target.h"
#include "kingpin/pool/thread_shared_data_for_client.h"
#include "kingpin/sys/clock.h"
#include "kingpin/sys/socket_address.h"
#include "tests/testing/test_client.h"

namespace kingpin {
namespace testing {

class ScriptedClientHandler;

// An empty one is what IOHandlerForClient does by itself.
struct ClientScript {
  std::function<void(ScriptedClientHandler&, Connection&)> on_connect = {};
  std::function<void(ScriptedClientHandler&, Connection&)> on_message = {};
  std::function<void(ScriptedClientHandler&, Connection&)> on_input_end = {};
  std::function<void(ScriptedClientHandler&, Connection&, CloseReason)>
      on_close = {};
  std::function<void(ScriptedClientHandler&, Target&, const ConnectFailure&)>
      on_connect_failed = {};
  std::function<void(ScriptedClientHandler&)> on_shutdown = {};
  std::function<std::unique_ptr<Transport>(const Target&)> new_transport = {};
  std::function<std::unique_ptr<Resolver>(ScriptedClientHandler&)>
      make_resolver = {};
};

class ScriptedClientShared : public ThreadSharedDataForClient {
 public:
  ScriptedClientShared(ClientScript s, ClientOptions options)
      : ThreadSharedDataForClient(options), script(std::move(s)) {}

  // Of all threads.
  uint64_t Sum(Counter LoopStats::*counter) const;
  // What happened so far, in its order: "connect", "reconnect" (reused),
  // "message", "close: REASON", "failed: REASON".
  std::vector<std::string> events() const ABSL_LOCKS_EXCLUDED(mu_);
  void Note(std::string event) ABSL_LOCKS_EXCLUDED(mu_);
  std::vector<ConnectFailure> failures() const ABSL_LOCKS_EXCLUDED(mu_);
  void NoteFailure(const ConnectFailure& failure) ABSL_LOCKS_EXCLUDED(mu_);

  const ClientScript script;
  // Targets that have ended.
  std::atomic<int> ended = 0;

 private:
  mutable absl::Mutex mu_;
  std::vector<std::string> events_ ABSL_GUARDED_BY(mu_);
  std::vector<ConnectFailure> failures_ ABSL_GUARDED_BY(mu_);
};

class ScriptedClientHandler : public IOHandlerForClient {
 public:
  ScriptedClientHandler(ScriptedClientShared* shared, int thread)
      : IOHandlerForClient(shared, thread), shared_(*shared) {}

  void OnConnect(Connection& connection) override;
  void OnMessage(Connection& connection) override;
  void OnInputEnd(Connection& connection) override;
  void OnClose(Connection& connection, CloseReason reason) override;
  void OnConnectFailed(Target& target, const ConnectFailure& failure) override;
  void OnShutdown() override;
  std::unique_ptr<Transport> NewTransport(const Target& target) override;
  absl::StatusOr<std::unique_ptr<Resolver>> MakeResolver() override;

  ScriptedClientShared& client_shared() { return shared_; }
  using IOHandler::Adopt;
  using IOHandler::epoll;
  using IOHandler::RoleDone;

 private:
  ScriptedClientShared& shared_;
};

class ManualClient {
 public:
  explicit ManualClient(ClientScript script = {}, ClientOptions options = {});
  ~ManualClient();

  ScriptedClientShared& shared() { return *shared_; }
  ScriptedClientHandler& handler() { return *handler_; }
  ConnectionPool& pool() { return shared_->pool(); }
  const LoopStats& stats() { return shared_->thread(0).stats(); }
  std::vector<std::string> events() { return shared_->events(); }
  std::vector<ConnectFailure> failures() { return shared_->failures(); }
  Clock& clock() { return clock_; }

  // Dies if the pool does not take it.
  void Add(Target target);
  // `count` iterations that do not sleep.
  void Turn(int count = 1);
  // Iterations until `condition` holds; false if it does not within kPatience.
  // The clock stands still.
  bool RunUntil(absl::FunctionRef<bool()> condition);
  // Until `count` targets have ended.
  bool RunUntilEnded(int count);
  // Advances the clock and turns.
  void Advance(absl::Duration d);
  // Turns until the loop has nothing to do, so that it would sleep; how many
  // turns that took, or -1.
  int Rest();
  // Destroys the handler, as the end of its thread does.
  void DropHandler() { handler_.reset(); }
  // The only open connection.
  Connection& only();

 private:
  Clock clock_ = Clock::Manual();
  std::unique_ptr<ScriptedClientShared> shared_;
  std::unique_ptr<ScriptedClientHandler> handler_;
};

class ThreadedClient {
 public:
  explicit ThreadedClient(ClientScript script = {}, ClientOptions options = {},
                          int threads = 2);
  // Stops.
  ~ThreadedClient();

  ScriptedClientShared& shared() { return shared_; }
  ConnectionPool& pool() { return shared_.pool(); }
  EpollTPClient<ScriptedClientHandler>& threads() { return threads_; }
  bool WaitUntilEnded(int count);
  bool AllAsleep();
  // True once no loop has anything to do and none goes round while we look.
  bool Idle();

 private:
  ScriptedClientShared shared_;
  EpollTPClient<ScriptedClientHandler> threads_;
};

// The server's side, in the test's own hands.
class TestListener {
 public:
  // `backlog`: connections that complete before they are accepted; with 0, one.
  explicit TestListener(std::string address = "127.0.0.1:0", int backlog = 128);

  uint16_t port() const { return address_.port(); }
  const SocketAddress& address() const { return address_; }
  Target target(std::string first_message = "") const;
  // What waits to be accepted.
  std::optional<TestClient> TryAccept();
  // The next one while `client` turns; dies if none comes.
  TestClient Accept(ManualClient& client);
  void Close() { fd_.Reset(); }

 private:
  UniqueFd fd_;
  SocketAddress address_;
};

// An address of this machine that nobody listens on, nor can while this lives: a
// port that was merely free a moment ago is soon somebody else's.
class RefusedAddress {
 public:
  RefusedAddress();
  const SocketAddress& address() const { return address_; }
  std::string host() const { return address_.host(); }
  uint16_t port() const { return address_.port(); }
  // Lets others have it.
  void Release() { fd_.Reset(); }

 private:
  UniqueFd fd_;
  SocketAddress address_;
};

// A listener that drops what comes: its queue is full, so that connects hang.
class DeafListener {
 public:
  explicit DeafListener(std::string address = "127.0.0.1:0");
  const SocketAddress& address() const { return listener_.address(); }

 private:
  TestListener listener_;
  std::vector<TestClient> fill_;
};

}  // namespace testing
}  // namespace kingpin

#endif  // KINGPIN_TESTS_TESTING_SCRIPTED_CLIENT_H_
