#include "tests/testing/scripted_client.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/testing/process.h"

namespace kingpin {
namespace testing {
namespace {

ClientOptions OnClock(ClientOptions options, const Clock* clock) {
  options.clock = clock;
  return options;
}

}  // namespace

// --- ScriptedClientShared ------------------------------------------------------

uint64_t ScriptedClientShared::Sum(Counter LoopStats::*counter) const {
  uint64_t sum = 0;
  for (const auto& slot : slots()) sum += (slot->stats().*counter).value();
  return sum;
}

std::vector<std::string> ScriptedClientShared::events() const {
  absl::MutexLock lock(&mu_);
  return events_;
}

void ScriptedClientShared::Note(std::string event) {
  absl::MutexLock lock(&mu_);
  events_.push_back(std::move(event));
}

std::vector<ConnectFailure> ScriptedClientShared::failures() const {
  absl::MutexLock lock(&mu_);
  return failures_;
}

void ScriptedClientShared::NoteFailure(const ConnectFailure& failure) {
  absl::MutexLock lock(&mu_);
  failures_.push_back(failure);
}

// --- ScriptedClientHandler -----------------------------------------------------

void ScriptedClientHandler::OnConnect(Connection& connection) {
  shared_.Note(reused(connection) ? "reconnect" : "connect");
  if (shared_.script.on_connect) shared_.script.on_connect(*this, connection);
}

void ScriptedClientHandler::OnMessage(Connection& connection) {
  shared_.Note("message");
  if (shared_.script.on_message) {
    return shared_.script.on_message(*this, connection);
  }
  IOHandlerForClient::OnMessage(connection);
}

void ScriptedClientHandler::OnInputEnd(Connection& connection) {
  if (shared_.script.on_input_end) {
    return shared_.script.on_input_end(*this, connection);
  }
  IOHandlerForClient::OnInputEnd(connection);
}

void ScriptedClientHandler::OnClose(Connection& connection,
                                    CloseReason reason) {
  shared_.Note(absl::StrCat("close: ", ToString(reason)));
  if (shared_.script.on_close) {
    shared_.script.on_close(*this, connection, reason);
  }
  const bool drawn = target(connection) != nullptr;
  if (drawn && reason != CloseReason::kRetry) ++shared_.ended;
}

void ScriptedClientHandler::OnConnectFailed(Target& target,
                                            const ConnectFailure& failure) {
  shared_.Note(absl::StrCat("failed: ", ToString(failure.reason)));
  shared_.NoteFailure(failure);
  if (shared_.script.on_connect_failed) {
    shared_.script.on_connect_failed(*this, target, failure);
  }
  ++shared_.ended;
}

void ScriptedClientHandler::OnShutdown() {
  if (shared_.script.on_shutdown) shared_.script.on_shutdown(*this);
}

std::unique_ptr<Transport> ScriptedClientHandler::NewTransport(
    const Target& target) {
  if (shared_.script.new_transport) return shared_.script.new_transport(target);
  return IOHandlerForClient::NewTransport(target);
}

absl::StatusOr<std::unique_ptr<Resolver>>
ScriptedClientHandler::MakeResolver() {
  if (shared_.script.make_resolver) return shared_.script.make_resolver(*this);
  return IOHandlerForClient::MakeResolver();
}

// --- ManualClient --------------------------------------------------------------

ManualClient::ManualClient(ClientScript script, ClientOptions options)
    : shared_(std::make_unique<ScriptedClientShared>(
          std::move(script), OnClock(options, &clock_))) {
  CHECK_OK(shared_->Open(1));
  handler_ = std::make_unique<ScriptedClientHandler>(shared_.get(), 0);
  CHECK_OK(handler_->Init());
}

ManualClient::~ManualClient() = default;

void ManualClient::Add(Target target) {
  CHECK_OK(shared_->Add(std::move(target)));
}

void ManualClient::Turn(int count) {
  for (int i = 0; i < count; ++i) handler_->RunOnce(absl::ZeroDuration());
}

bool ManualClient::RunUntil(absl::FunctionRef<bool()> condition) {
  absl::Time deadline = absl::Now() + kPatience;
  while (!condition()) {
    if (absl::Now() > deadline) return false;
    // Sleeps for a moment of the kernel's time if there is nothing to do.
    handler_->RunOnce(absl::Milliseconds(1));
  }
  return true;
}

bool ManualClient::RunUntilEnded(int count) {
  return RunUntil([&] { return shared_->ended.load() >= count; });
}

void ManualClient::Advance(absl::Duration d) {
  clock_.Advance(d);
  // What timers tell the pool, what that tells the loop, what came of it.
  Turn(4);
}

int ManualClient::Rest() {
  constexpr int kTooMany = 10'000;
  ThreadSlot& slot = shared_->thread(0);
  for (int turns = 1; turns < kTooMany; ++turns) {
    Turn();
    pollfd poll_fd = {.fd = handler_->epoll(), .events = POLLIN, .revents = 0};
    if (poll(&poll_fd, 1, 0) != 0 || pool().WantsUpdate()) continue;
    const uint64_t before = slot.stats().events.value();
    Turn();
    if (slot.stats().events.value() == before) return turns;
  }
  return -1;
}

Connection& ManualClient::only() {
  Connection* found = nullptr;
  handler_->ForEachConnection([&](Connection& c) {
    CHECK(found == nullptr) << "more than one connection";
    found = &c;
  });
  CHECK(found != nullptr) << "no connection";
  return *found;
}

// --- ThreadedClient --------------------------------------------------------------

ThreadedClient::ThreadedClient(ClientScript script, ClientOptions options,
                               int threads)
    : shared_(std::move(script), options),
      threads_(&shared_, {.threads = threads, .handle_signals = false}) {
  CHECK_OK(threads_.Start());
}

ThreadedClient::~ThreadedClient() {
  threads_.Shutdown(RunPhase::kStopping);
  CHECK_OK(threads_.Wait());
}

bool ThreadedClient::WaitUntilEnded(int count) {
  return Eventually([&] { return shared_.ended.load() >= count; });
}

bool ThreadedClient::AllAsleep() {
  return std::all_of(shared_.slots().begin(), shared_.slots().end(),
                     [](const auto& slot) { return slot->asleep(); });
}

bool ThreadedClient::Idle() {
  return Eventually([&] {
    uint64_t before = shared_.Sum(&LoopStats::iterations);
    if (!AllAsleep()) return false;
    // Not to wait for something: to see whether a loop spins meanwhile.
    poll(nullptr, 0, 10);
    return AllAsleep() && shared_.Sum(&LoopStats::iterations) == before;
  });
}

// --- The server's side -------------------------------------------------------------

TestListener::TestListener(std::string address, int backlog) {
  SocketAddress wanted = *SocketAddress::Parse(address);
  fd_.Reset(
      socket(wanted.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  CHECK(fd_.valid());
  int on = 1;
  setsockopt(fd_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  CHECK_EQ(bind(fd_.get(), wanted.get(), wanted.size()), 0) << address;
  CHECK_EQ(listen(fd_.get(), backlog), 0);
  address_ = SocketAddress::Local(fd_.get());
}

Target TestListener::target(std::string first_message) const {
  return {.host = address_.is_ip() ? address_.host() : address_.ToString(),
          .port = address_.port(),
          .first_message = std::move(first_message)};
}

std::optional<TestClient> TestListener::TryAccept() {
  UniqueFd fd(
      accept4(fd_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!fd.valid()) return std::nullopt;
  return TestClient(std::move(fd));
}

TestClient TestListener::Accept(ManualClient& client) {
  std::optional<TestClient> peer;
  CHECK(client.RunUntil([&] {
    peer = TryAccept();
    return peer.has_value();
  })) << "nobody connects";
  return *std::move(peer);
}

RefusedAddress::RefusedAddress()
    : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  SocketAddress any = *SocketAddress::Parse("127.0.0.1:0");
  int on = 1;
  setsockopt(fd_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  CHECK_EQ(bind(fd_.get(), any.get(), any.size()), 0);
  address_ = SocketAddress::Local(fd_.get());
}

DeafListener::DeafListener(std::string address)
    : listener_(std::move(address), /*backlog=*/0) {
  // The queue takes one more than its size (listen(2), the kernel's
  // sk_acceptq_is_full), and what does not fit is dropped.
  TestClient filler(listener_.address().family());
  CHECK_EQ(filler.ConnectTo(listener_.address()), 0);
  fill_.push_back(std::move(filler));
}

}  // namespace testing
}  // namespace kingpin
