#include "apps/chinese_chess/load/line_load_handler.h"

#include <utility>

#include "kingpin/sys/clock.h"

namespace chinese_chess {

using kingpin::CloseReason;
using kingpin::Connection;

LineLoadShared::LineLoadShared(LoadJob* job,
                               std::unique_ptr<kingpin::TlsClient> tls)
    : ThreadSharedDataForClient(LoadClientOptions(job->options)),
      job_(*job),
      tls_(std::move(tls)) {}

LineLoadHandler::LineLoadHandler(LineLoadShared* shared, int thread)
    : IOHandlerForClient(shared, thread),
      shared_(*shared),
      connections_(static_cast<size_t>(shared->job().options.players)),
      run_(&shared->job(), this) {}

absl::Status LineLoadHandler::Init() {
  if (absl::Status status = IOHandlerForClient::Init(); !status.ok()) {
    return status;
  }
  return run_.Start();
}

std::unique_ptr<kingpin::Transport> LineLoadHandler::NewTransport(
    const kingpin::Target& target) {
  if (shared_.tls() == nullptr) return nullptr;
  return shared_.tls()->NewTransport(target.host, target.port);
}

void LineLoadHandler::OnConnect(Connection& connection) {
  const int player =
      static_cast<const SeatNumber&>(*target(connection)->context).number;
  connection.EmplaceState<int>(player);
  connections_[static_cast<size_t>(player)] = connection.id();
  run_.Connected(player);
}

void LineLoadHandler::OnMessage(Connection& connection) {
  // Once for all that has come together: it was here by now.
  const kingpin::MonotonicTime now = kingpin::Clock::Real().Now();
  std::string_view left = connection.input().view();
  size_t taken = 0;
  for (size_t end; (end = left.find('\n')) != left.npos;) {
    run_.Received(connection.state<int>(), left.substr(0, end), now);
    left.remove_prefix(end + 1);
    taken += end + 1;
  }
  connection.input().Consume(taken);
}

void LineLoadHandler::OnClose(Connection& connection, CloseReason reason) {
  if (reason != CloseReason::kShutdown) run_.Closed(connection.state<int>());
}

void LineLoadHandler::OnConnectFailed(kingpin::Target& target,
                                      const kingpin::ConnectFailure& failure) {
  run_.ConnectFailed(static_cast<const SeatNumber&>(*target.context).number,
                     failure.ToString());
}

void LineLoadHandler::OnShutdown() {
  run_.Finish();
  // What is under way is not waited for.
  shared_.Shutdown(kingpin::RunPhase::kStopping);
}

void LineLoadHandler::Connect(int player) {
  const LoadOptions& options = shared_.job().options;
  // Refused only when the run ends.
  shared_
      .Add({.host = options.host,
            .port = options.port,
            .timeout = absl::InfiniteDuration(),
            .may_reuse = false,
            .context = std::make_unique<SeatNumber>(player)})
      .IgnoreError();
}

void LineLoadHandler::Send(int player, std::string_view message) {
  Connection* const connection =
      Find(connections_[static_cast<size_t>(player)]);
  if (connection == nullptr) return;
  connection->Write(message);
  connection->Write("\n");
}

void LineLoadHandler::Drop(int player, bool at_once) {
  Connection* const connection =
      Find(connections_[static_cast<size_t>(player)]);
  if (connection == nullptr) return;
  if (at_once) {
    connection->Abort();
  } else {
    connection->Close();
  }
}

void LineLoadHandler::RunLater(absl::Duration delay,
                               absl::AnyInvocable<void()> task) {
  RunAfter(delay, std::move(task));
}

}  // namespace chinese_chess
