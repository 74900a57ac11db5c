// Servers for tests: what a callback does is a lambda of the test.
//
// ManualServer runs one loop, iteration by iteration, on the test's own thread
// and on a manual clock: nothing happens unless the test says so.
//
//   ManualServer server({.on_message = [](Connection& c) { c.Abort(); }});
//   TestClient client = TestClient::Connect(server.port());
//   client.TrySend("x");
//   EXPECT_TRUE(server.RunUntil([&] { return client.ended(); }));
//
// ThreadedServer runs real threads on the real clock.
//
//   ThreadedServer server({}, {.strategy = AcceptStrategy::kGated}, 4);
#ifndef KINGPIN_TESTS_TESTING_SCRIPTED_SERVER_H_
#define KINGPIN_TESTS_TESTING_SCRIPTED_SERVER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "kingpin/net/io_handler.h"
#include "kingpin/net/io_handler_for_server.h"
#include "kingpin/net/transport.h"
#include "kingpin/pool/epoll_tp_server.h"
#include "kingpin/pool/thread_shared_data_for_server.h"
#include "kingpin/sys/clock.h"
#include "tests/testing/test_client.h"

namespace kingpin {
namespace testing {

// An empty one is what IOHandler does by itself, except that on_message echoes.
struct Script {
  std::function<void(Connection&)> on_connect = {};
  std::function<void(Connection&)> on_message = {};
  std::function<void(Connection&)> on_write_complete = {};
  std::function<void(Connection&)> on_input_end = {};
  std::function<void(Connection&, CloseReason)> on_close = {};
  std::function<void(IOHandler&)> on_loop = {};
  std::function<void(IOHandler&)> on_shutdown = {};
  std::function<void(IOHandler&)> on_out_of_descriptors = {};
  std::function<absl::Status(IOHandler&)> on_init = {};
  std::function<std::unique_ptr<Transport>()> new_transport = {};
  std::function<void(Connection&)> on_transport_ready = {};
  std::function<void(Connection&, CloseReason)> on_handshake_failed = {};
};

class ScriptedShared : public ThreadSharedDataForServer {
 public:
  ScriptedShared(Script s, ServerOptions options)
      : ThreadSharedDataForServer(std::move(options)), script(std::move(s)) {}

  // Of all threads.
  uint64_t Sum(Counter LoopStats::*counter) const;
  // The reasons of the closes so far, in their order.
  std::vector<CloseReason> reasons() const ABSL_LOCKS_EXCLUDED(mu_);
  void AddReason(CloseReason reason) ABSL_LOCKS_EXCLUDED(mu_);

  const Script script;
  std::atomic<int> connects = 0;
  std::atomic<int> closes = 0;

 private:
  mutable absl::Mutex mu_;
  std::vector<CloseReason> reasons_ ABSL_GUARDED_BY(mu_);
};

class ScriptedHandler : public IOHandlerForServer {
 public:
  ScriptedHandler(ScriptedShared* shared, int thread)
      : IOHandlerForServer(shared, thread), shared_(*shared) {}

  absl::Status Init() override;
  void OnConnect(Connection& connection) override;
  void OnMessage(Connection& connection) override;
  void OnWriteComplete(Connection& connection) override;
  void OnInputEnd(Connection& connection) override;
  void OnClose(Connection& connection, CloseReason reason) override;
  std::unique_ptr<Transport> NewTransport(size_t listener) override;
  void OnTransportReady(Connection& connection) override;
  void OnHandshakeFailed(Connection& connection, CloseReason reason) override;
  void OnEpollLoop() override;
  void OnShutdown() override;
  void OnOutOfDescriptors() override;

  using IOHandler::Adopt;
  using IOHandler::epoll;
  using IOHandler::stats;
  using IOHandlerForServer::MayDoze;

 private:
  ScriptedShared& shared_;
};

class ManualServer {
 public:
  // Listens on a free port unless the options say where.
  explicit ManualServer(Script script = {}, ServerOptions options = {});
  ~ManualServer();

  uint16_t port() const { return shared_->port(); }
  ScriptedShared& shared() { return *shared_; }
  ScriptedHandler& handler() { return *handler_; }
  const LoopStats& stats() { return shared_->thread(0).stats(); }
  std::vector<CloseReason> reasons() { return shared_->reasons(); }

  // `count` iterations that do not sleep.
  void Turn(int count = 1);
  // Iterations until `condition` holds; false if it does not within kPatience.
  // The clock stands still.
  bool RunUntil(absl::FunctionRef<bool()> condition);
  // Advances the clock and turns once.
  void Advance(absl::Duration d);
  // For what advances it in a callback.
  Clock& clock() { return clock_; }
  // True if the loop has nothing to do now, so that it would sleep.
  bool WouldSleep();
  // Turns until it would sleep; how many turns that took, or -1.
  int Rest();
  // The only open connection.
  Connection& only();
  // True if what `client` sends comes back (scripts that echo).
  bool Echoes(TestClient& client);
  // The check at the end of every failure: a new client is served, and when it
  // has gone the loop sleeps.
  bool Recovered();

 private:
  Clock clock_ = Clock::Manual();
  std::unique_ptr<ScriptedShared> shared_;
  std::unique_ptr<ScriptedHandler> handler_;
};

class ThreadedServer {
 public:
  explicit ThreadedServer(Script script = {}, ServerOptions options = {},
                          int threads = 2);
  // Drains, and if that takes too long stops.
  ~ThreadedServer();

  uint16_t port() const { return shared_.port(); }
  ScriptedShared& shared() { return shared_; }
  EpollTPServer<ScriptedHandler>& pool() { return pool_; }

  bool AllAsleep();
  // True once no loop has anything to do and none goes round while we look.
  bool Idle();
  // As ManualServer::Recovered.
  bool Recovered();
  // True once `connections()` is `count`.
  bool WaitForConnections(int count);

 private:
  ScriptedShared shared_;
  EpollTPServer<ScriptedHandler> pool_;
};

// Options with the address that tests listen on.
ServerOptions Local(ServerOptions options = {});

}  // namespace testing
}  // namespace kingpin

#endif  // KINGPIN_TESTS_TESTING_SCRIPTED_SERVER_H_
