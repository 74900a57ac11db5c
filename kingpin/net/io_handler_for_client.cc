#include "kingpin/net/io_handler_for_client.h"

#include <errno.h>
#include <sys/epoll.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "kingpin/logger/klog.h"
#include "kingpin/sys/socket_address.h"
#include "kingpin/sys/syscalls.h"

namespace kingpin {
namespace {

using Event = ConnectionPool::Event;

constexpr MonotonicTime kNever = {INT64_MAX};

// The peer has neither closed it nor sent what nobody has asked for.
bool IsAlive(const IdleSocket& socket) {
  const SysResult<size_t> got = sys::Peek(socket.fd.get());
  // Through a transport it may be no more than a farewell.
  if (got.ok() && got.value > 0 && socket.companion == nullptr) {
    KLOG_EVERY_SECOND(WARNING)
        << SocketAddress::Peer(socket.fd.get()).ToString()
        << " has sent what nobody asked for: the connection is not used again";
  }
  return got.error == EAGAIN;
}

// Another attempt may go otherwise.
bool MayPass(ConnectError reason) {
  return !IsOfName(reason) && reason != ConnectError::kDenied;
}

}  // namespace

IOHandlerForClient::IOHandlerForClient(ThreadSharedDataForClient* shared,
                                       int thread)
    : IOHandler(shared, thread), shared_(*shared) {}

IOHandlerForClient::~IOHandlerForClient() { IOHandlerForClient::DropRole(); }

void IOHandlerForClient::DropRole() {
  exchanges_.ForEach([this](SlotName name, Exchange&) {  //
    exchanges_.Erase(name);
  });
  by_connection_.clear();
  ended_races_.clear();
  resolver_.reset();
}

absl::StatusOr<std::unique_ptr<Resolver>> IOHandlerForClient::MakeResolver() {
  return std::make_unique<LiteralResolver>();
}

absl::Status IOHandlerForClient::Init() {
  if (absl::Status status = IOHandler::Init(); !status.ok()) return status;
  absl::StatusOr<std::unique_ptr<Resolver>> resolver = MakeResolver();
  if (!resolver.ok()) return resolver.status();
  resolver_ = *std::move(resolver);
  return absl::OkStatus();
}

// --- The turn at the pool ----------------------------------------------------------

void IOHandlerForClient::BeforeWait() {
  if (!turn_.HasNews() && !time_came_ && !pool().WantsUpdate()) return;
  time_came_ = false;
  pool().Update(thread(), turn_);
  CloseSurplus();
  FailLate();
  StartDrawn();
  KeepTime();
  if (turn_.all_done) shared_.Shutdown();
}

bool IOHandlerForClient::MayDoze() {
  // What Run() has waited for came in this turn.
  if (draining() && connections() == 0 && RoleDone()) return false;
  return !turn_.HasNews() && !time_came_ && pool().MayDoze(thread());
}

void IOHandlerForClient::CloseSurplus() {
  for (ConnectionPool::Surplus& surplus : turn_.to_close) {
    surplus.socket = {};
    if (surplus.host == nullptr) continue;  // A draw counts on it.
    turn_.reports.push_back({surplus.host, Event::kExtraClosed});
  }
  turn_.to_close.clear();
}

void IOHandlerForClient::FailLate() {
  // The pool waits to hear that they have been told.
  if (!turn_.failed.empty()) time_came_ = true;
  for (ConnectionPool::Failed& failed : turn_.failed) {
    TellFailure(std::move(failed.pending), failed.failure);
  }
  turn_.failed.clear();
}

void IOHandlerForClient::StartDrawn() {
  for (ConnectionPool::Draw& draw : turn_.draws) Begin(draw);
  turn_.draws.clear();
}

void IOHandlerForClient::KeepTime() {
  if (turn_.update_at == time_timer_at_) return;
  CancelTimer(time_timer_);
  time_timer_at_ = turn_.update_at;
  if (time_timer_at_ == kNever) return;
  time_timer_ = RunAfter(time_timer_at_ - shared_.clock().Now(), [this] {
    time_timer_at_ = kNever;
    time_came_ = true;
  });
}

void IOHandlerForClient::AfterEvents() { ended_races_.clear(); }

// --- A target that was drawn ---------------------------------------------------------

void IOHandlerForClient::Begin(ConnectionPool::Draw& draw) {
  auto [name, exchange] =
      exchanges_.Emplace(std::move(draw.pending), draw.host);
  if (exchange->pending.deadline != kNever) {
    exchange->deadline =
        RunAfter(exchange->pending.deadline - shared_.clock().Now(),
                 [this, name = name] { DeadlinePassed(name); });
  }
  if (!draw.idle.valid()) return Connect(*exchange);
  if (IsAlive(draw.idle)) {
    exchange->reused = true;
    // What it was given back with: only Detach() makes them.
    std::unique_ptr<Transport> transport(
        static_cast<Transport*>(draw.idle.companion.release()));
    return AdoptFor(*exchange, std::move(draw.idle.fd), std::move(transport),
                    {});
  }
  draw.idle = {};
  // Only the pool knows whether the next may be alive, or the host backs off.
  PutBack(*exchange);
}

void IOHandlerForClient::PutBack(Exchange& exchange) {
  Report(exchange, Event::kClosed);
  CancelTimer(exchange.deadline);
  turn_.returned.push_back({exchange.host, std::move(exchange.pending)});
  exchanges_.Erase(exchange.name);
}

void IOHandlerForClient::Connect(Exchange& exchange) {
  const ClientOptions& options = shared_.options();
  ConnectionPool::Host* host = exchange.host;
  exchange.race = std::make_unique<ConnectRace>(
      *this, *resolver_,
      ConnectRace::Options{.timeout = options.connect_timeout,
                           .attempt_delay = options.attempt_delay,
                           .tcp_nodelay = options.tcp_nodelay},
      ConnectRace::Permits{
          .acquire = [this, host] { return pool().AcquireExtra(host); },
          .release =
              [this, host] {
                turn_.reports.push_back({host, Event::kExtraClosed});
              }});
  exchange.race->Start(
      exchange.pending.target.host, exchange.pending.target.port,
      [this, name = exchange.name](ConnectRace::Outcome outcome) {
        RaceEnded(name, std::move(outcome));
      });
}

void IOHandlerForClient::RaceEnded(SlotName name,
                                   ConnectRace::Outcome outcome) {
  Exchange& exchange = *exchanges_.Find(name);
  ended_races_.push_back(std::move(exchange.race));
  if (!outcome.fd.valid()) {
    return ConnectFailed(exchange, std::move(outcome.failure));
  }
  Report(exchange, Event::kConnected);
  stats().connects.Add();
  std::unique_ptr<Transport> transport;
  try {
    transport = NewTransport(exchange.pending.target);
  } catch (...) {
    EndWatch(outcome.watch);
    return Fail(exchange,
                {.reason = ConnectError::kNoResources, .error = ENOMEM});
  }
  AdoptFor(exchange, std::move(outcome.fd), std::move(transport),
           outcome.watch);
}

void IOHandlerForClient::AdoptFor(Exchange& exchange, UniqueFd fd,
                                  std::unique_ptr<Transport> transport,
                                  WatchId watch) {
  const bool watched = watch.name.generation != 0;
  if (watched) ForgetWatch(watch);
  adopting_ = &exchange;
  int error = Adopt(std::move(fd), std::move(transport),
                    watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD);
  if (adopting_ == nullptr && error == 0) return;
  if (error == 0) error = ENOMEM;  // OnAdopted has thrown.
  adopting_ = nullptr;
  Fail(exchange, {.reason = ClassifyConnectError(error), .error = error});
}

void IOHandlerForClient::OnAdopted(Connection& connection) {
  if (adopting_ == nullptr) return;
  const size_t slot = connection.id().name().index;
  if (slot >= by_connection_.size()) by_connection_.resize(slot + 1);
  Exchange* exchange = std::exchange(adopting_, nullptr);
  by_connection_[slot] = exchange;
  exchange->connection = connection.id();
  // The peer owes an answer.
  connection.SetMidMessage(true);
  connection.Write(exchange->pending.target.first_message);
}

void IOHandlerForClient::OnHandshakeFailed(Connection& connection,
                                           CloseReason reason) {
  Exchange* exchange = Of(connection);
  if (exchange == nullptr) return;
  ConnectFailure failure = {.reason = ConnectError::kHandshake,
                            .error = connection.error(),
                            .detail = connection.error_text()};
  if (reason == CloseReason::kDeadline)
    failure.reason = ConnectError::kDeadline;
  if (reason == CloseReason::kShutdown)
    failure.reason = ConnectError::kShutdown;
  if (failure.detail.empty()) failure.detail = std::string(ToString(reason));
  exchange->failure = std::move(failure);  // Told when the socket is closed.
}

// --- Without a connection --------------------------------------------------------------

void IOHandlerForClient::EndRace(Exchange& exchange) {
  // A host that swallows what is sent to it must back off even if nobody waits
  // for connect_timeout.
  const std::optional<ConnectError> failure = exchange.race->FailureSoFar();
  exchange.race->Cancel();
  ended_races_.push_back(std::move(exchange.race));
  if (!failure.has_value()) return Report(exchange, Event::kConnectEnded);
  turn_.reports.push_back({exchange.host, Event::kConnectFailed, *failure});
}

void IOHandlerForClient::ConnectFailed(Exchange& exchange,
                                       ConnectFailure failure) {
  turn_.reports.push_back(
      {exchange.host, Event::kConnectFailed, failure.reason});
  if (--exchange.pending.connects_left < 1 || draining() ||
      !MayPass(failure.reason)) {
    return Fail(exchange, failure);
  }
  KVLOG(1) << exchange.pending.target.host << ": " << failure.ToString()
           << ", will be tried again";
  PutBack(exchange);
}

void IOHandlerForClient::DeadlinePassed(SlotName name) {
  Exchange* exchange = exchanges_.Find(name);
  if (exchange == nullptr) return;
  if (exchange->race != nullptr) {
    EndRace(*exchange);
    return Fail(*exchange, {.reason = ConnectError::kDeadline});
  }
  Connection* connection = Find(exchange->connection);
  if (connection == nullptr) return;  // It has just ended otherwise.
  stats().timeouts.Add();
  FinishConnection(*connection, CloseReason::kDeadline);
}

void IOHandlerForClient::Fail(Exchange& exchange,
                              const ConnectFailure& failure) {
  Report(exchange, Event::kClosed);
  CancelTimer(exchange.deadline);
  PendingTarget pending = std::move(exchange.pending);
  exchanges_.Erase(exchange.name);
  TellFailure(std::move(pending), failure);
}

void IOHandlerForClient::TellFailure(PendingTarget pending,
                                     const ConnectFailure& failure) {
  stats().connect_failures.Add();
  KVLOG(1) << "no connection to " << pending.target.host << ": "
           << failure.ToString();
  GuardLoop([&] { OnConnectFailed(pending.target, failure); });
}

// --- With a connection -----------------------------------------------------------------

IOHandlerForClient::Exchange* IOHandlerForClient::Of(
    const Connection& connection) const {
  const size_t slot = connection.id().name().index;
  return slot < by_connection_.size() ? by_connection_[slot] : nullptr;
}

Target* IOHandlerForClient::target(const Connection& connection) {
  Exchange* exchange = Of(connection);
  return exchange == nullptr ? nullptr : &exchange->pending.target;
}

bool IOHandlerForClient::reused(const Connection& connection) const {
  const Exchange* exchange = Of(connection);
  return exchange != nullptr && exchange->reused;
}

void IOHandlerForClient::LiftDeadline(Connection& connection) {
  Exchange* exchange = Of(connection);
  if (exchange != nullptr) CancelTimer(exchange->deadline);
}

bool IOHandlerForClient::GiveBack(Connection& connection) {
  if (Of(connection) == nullptr || draining() || !AtRest(connection)) {
    connection.Close();
    return false;
  }
  FinishConnection(connection, CloseReason::kGivenBack);
  return true;
}

bool IOHandlerForClient::MayRetry(const Exchange& exchange,
                                  const Connection& connection,
                                  CloseReason reason) const {
  const bool peer_closed =
      reason == CloseReason::kPeer ||
      (reason == CloseReason::kError && sys::PeerHasGone(connection.error()));
  // Who has closed it is done with the target.
  return peer_closed && !IsOwnClose(connection) && exchange.reused &&
         !connection.received() && !exchange.pending.retried &&
         exchange.pending.target.may_retry && !draining();
}

bool IOHandlerForClient::DiesOfInputEnd(const Connection& connection) {
  const Exchange* exchange = Of(connection);
  return exchange != nullptr &&
         MayRetry(*exchange, connection, CloseReason::kPeer);
}

CloseReason IOHandlerForClient::JudgeClose(const Connection& connection,
                                           CloseReason reason) {
  Exchange* exchange = Of(connection);
  if (exchange == nullptr) return reason;
  if (MayRetry(*exchange, connection, reason)) reason = CloseReason::kRetry;
  exchange->close_reason = reason;
  return reason;
}

void IOHandlerForClient::OnConnectionGone(ConnectionId id, IdleSocket kept) {
  const size_t slot = id.name().index;
  if (slot >= by_connection_.size()) return;
  Exchange* exchange = std::exchange(by_connection_[slot], nullptr);
  if (exchange == nullptr) return;
  if (exchange->failure.has_value()) {
    return Fail(*exchange, *std::exchange(exchange->failure, {}));
  }
  CancelTimer(exchange->deadline);
  if (kept.valid()) {
    turn_.given_back.push_back({exchange->host, std::move(kept)});
  } else {
    Report(*exchange, Event::kClosed);
  }
  if (exchange->close_reason == CloseReason::kRetry) {
    stats().retries.Add();
    exchange->pending.retried = true;
    exchange->pending.needs_new_connection = true;
    turn_.returned.push_back({exchange->host, std::move(exchange->pending)});
  }
  exchanges_.Erase(exchange->name);
}

// --- The end ---------------------------------------------------------------------------

void IOHandlerForClient::BeginDrain() {
  pool().Close();
  exchanges_.ForEach([this](SlotName, Exchange& exchange) {
    if (exchange.race == nullptr) return;
    EndRace(exchange);
    Fail(exchange, {.reason = ConnectError::kShutdown});
  });
}

bool IOHandlerForClient::RoleDone() const {
  return exchanges_.size() == 0 && !turn_.HasNews() && !pool().WantsUpdate();
}

}  // namespace kingpin
