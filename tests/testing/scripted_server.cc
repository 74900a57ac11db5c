#include "tests/testing/scripted_server.h"

#include <poll.h>

#include <algorithm>
#include <utility>

#include "absl/log/check.h"
#include "absl/time/clock.h"
#include "tests/testing/process.h"

namespace kingpin {
namespace testing {
namespace {

ServerOptions OnClock(ServerOptions options, const Clock* clock) {
  options.clock = clock;
  return Local(std::move(options));
}

}  // namespace

ServerOptions Local(ServerOptions options) {
  if (options.listen.empty()) options.listen = {"127.0.0.1:0"};
  return options;
}

uint64_t ScriptedShared::Sum(Counter LoopStats::*counter) const {
  uint64_t sum = 0;
  for (const auto& slot : slots()) {
    sum += (std::as_const(*slot).stats().*counter).value();
  }
  return sum;
}

std::vector<CloseReason> ScriptedShared::reasons() const {
  absl::MutexLock lock(&mu_);
  return reasons_;
}

void ScriptedShared::AddReason(CloseReason reason) {
  absl::MutexLock lock(&mu_);
  reasons_.push_back(reason);
}

absl::Status ScriptedHandler::Init() {
  absl::Status status = IOHandlerForServer::Init();
  if (!status.ok() || !shared_.script.on_init) return status;
  return shared_.script.on_init(*this);
}

void ScriptedHandler::OnConnect(Connection& connection) {
  ++shared_.connects;
  if (shared_.script.on_connect) shared_.script.on_connect(connection);
}

void ScriptedHandler::OnMessage(Connection& connection) {
  if (shared_.script.on_message) return shared_.script.on_message(connection);
  connection.Write(connection.input().TakeAll());
}

void ScriptedHandler::OnWriteComplete(Connection& connection) {
  if (shared_.script.on_write_complete) {
    shared_.script.on_write_complete(connection);
  }
}

void ScriptedHandler::OnInputEnd(Connection& connection) {
  if (shared_.script.on_input_end) {
    return shared_.script.on_input_end(connection);
  }
  IOHandlerForServer::OnInputEnd(connection);
}

void ScriptedHandler::OnClose(Connection& connection, CloseReason reason) {
  ++shared_.closes;
  shared_.AddReason(reason);
  if (shared_.script.on_close) shared_.script.on_close(connection, reason);
}

std::unique_ptr<Transport> ScriptedHandler::NewTransport(size_t) {
  return shared_.script.new_transport ? shared_.script.new_transport()
                                      : nullptr;
}

void ScriptedHandler::OnTransportReady(Connection& connection) {
  if (shared_.script.on_transport_ready) {
    shared_.script.on_transport_ready(connection);
  }
}

void ScriptedHandler::OnHandshakeFailed(Connection& connection,
                                        CloseReason reason) {
  if (shared_.script.on_handshake_failed) {
    shared_.script.on_handshake_failed(connection, reason);
  }
}

void ScriptedHandler::OnEpollLoop() {
  if (shared_.script.on_loop) shared_.script.on_loop(*this);
}

void ScriptedHandler::OnShutdown() {
  if (shared_.script.on_shutdown) shared_.script.on_shutdown(*this);
}

void ScriptedHandler::OnOutOfDescriptors() {
  if (shared_.script.on_out_of_descriptors) {
    shared_.script.on_out_of_descriptors(*this);
  }
}

ManualServer::ManualServer(Script script, ServerOptions options)
    : shared_(std::make_unique<ScriptedShared>(
          std::move(script), OnClock(std::move(options), &clock_))) {
  CHECK_OK(shared_->Open(1));
  handler_ = std::make_unique<ScriptedHandler>(shared_.get(), 0);
  CHECK_OK(handler_->Init());
}

ManualServer::~ManualServer() = default;

void ManualServer::Turn(int count) {
  for (int i = 0; i < count; ++i) handler_->RunOnce(absl::ZeroDuration());
}

bool ManualServer::RunUntil(absl::FunctionRef<bool()> condition) {
  absl::Time deadline = absl::Now() + kPatience;
  while (!condition()) {
    if (absl::Now() > deadline) return false;
    // Sleeps for a moment of the kernel's time if there is nothing to do.
    handler_->RunOnce(absl::Milliseconds(1));
  }
  return true;
}

void ManualServer::Advance(absl::Duration d) {
  clock_.Advance(d);
  Turn();
}

bool ManualServer::WouldSleep() {
  pollfd poll_fd = {.fd = handler_->epoll(), .events = POLLIN, .revents = 0};
  return poll(&poll_fd, 1, 0) == 0;
}

int ManualServer::Rest() {
  constexpr int kTooMany = 10'000;
  for (int turns = 1; turns < kTooMany; ++turns) {
    Turn();
    if (WouldSleep()) return turns;
  }
  return -1;
}

Connection& ManualServer::only() {
  Connection* found = nullptr;
  handler_->ForEachConnection([&](Connection& c) {
    CHECK(found == nullptr) << "more than one connection";
    found = &c;
  });
  CHECK(found != nullptr) << "no connection";
  return *found;
}

bool ManualServer::Echoes(TestClient& client) {
  size_t before = client.received().size();
  if (client.TrySend("ping") != 4) return false;
  return RunUntil([&] { return client.received().size() >= before + 4; }) &&
         client.received().substr(before) == "ping";
}

bool ManualServer::Recovered() {
  size_t before = handler_->connections();
  {
    TestClient client = TestClient::Connect(port());
    if (!Echoes(client)) return false;
  }
  return RunUntil([&] { return handler_->connections() <= before; }) &&
         Rest() > 0;
}

ThreadedServer::ThreadedServer(Script script, ServerOptions options,
                               int threads)
    : shared_(std::move(script), Local(std::move(options))),
      pool_(&shared_, {.threads = threads, .handle_signals = false}) {
  CHECK_OK(pool_.Start());
}

ThreadedServer::~ThreadedServer() {
  pool_.Shutdown();
  CHECK_OK(pool_.Wait());
}

bool ThreadedServer::WaitForConnections(int count) {
  return Eventually([&] { return shared_.connections() == count; });
}

bool ThreadedServer::Recovered() {
  {
    TestClient client = TestClient::Connect(port());
    if (!client.Send("ping") || client.Read(4) != "ping") return false;
  }
  return Idle();
}

bool ThreadedServer::AllAsleep() {
  return std::all_of(shared_.slots().begin(), shared_.slots().end(),
                     [](const auto& slot) { return slot->asleep(); });
}

bool ThreadedServer::Idle() {
  return Eventually([&] {
    uint64_t before = shared_.Sum(&LoopStats::iterations);
    if (!AllAsleep()) return false;
    // Not to wait for something: to see whether a loop spins meanwhile.
    poll(nullptr, 0, 10);
    return AllAsleep() && shared_.Sum(&LoopStats::iterations) == before;
  });
}

}  // namespace testing
}  // namespace kingpin
