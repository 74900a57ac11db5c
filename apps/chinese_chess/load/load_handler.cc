#include "apps/chinese_chess/load/load_handler.h"

#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace chinese_chess {
namespace {

using kingpin::CloseReason;
using kingpin::Connection;
using kingpin::MonotonicTime;

struct SeatNumber : kingpin::TargetContext {
  explicit SeatNumber(int n) : number(n) {}
  const int number;
};

// As long as this without a move, beside the pauses of the players, is no game any more.
constexpr absl::Duration kStandstill = absl::Seconds(30);

MonotonicTime Now() { return kingpin::Clock::Real().Now(); }

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

kingpin::ClientOptions OptionsOf(const LoadOptions& options) {
  kingpin::ClientOptions client;
  client.pool.max_connections_per_host = options.players;
  client.pool.max_connections = options.players;
  client.pool.max_waiting = static_cast<size_t>(options.players);
  client.pool.max_back_off = absl::Seconds(1);
  // A full house does not come in all at once.
  client.connect_timeout = absl::Minutes(1);
  // The server asks from time to time whether somebody is there.
  client.connection.timeouts.idle = absl::Minutes(5);
  return client;
}

}  // namespace

LoadShared::LoadShared(const LoadOptions& options,
                       std::unique_ptr<kingpin::TlsClient> tls)
    : ThreadSharedDataForClient(OptionsOf(options)),
      options_(options),
      tls_(std::move(tls)) {}

LoadHandler::LoadHandler(LoadShared* shared, int thread)
    : IOHandlerForClient(shared, thread),
      shared_(*shared),
      random_(shared->options().seed),
      tables_(static_cast<size_t>(shared->options().players) / 2),
      seats_(static_cast<size_t>(shared->options().players)) {}

absl::Status LoadHandler::Init() {
  absl::Status status = IOHandlerForClient::Init();
  status.Update(OpenFinished());
  if (!status.ok()) return status;
  start_ = last_progress_ = Now();
  cpu_before_ = CpuSeconds();
  for (size_t i = 0; i < seats_.size(); ++i) {
    RandomPlayer::Table& table = tables_[i / 2];
    seats_[i].player = std::make_unique<RandomPlayer>(
        static_cast<int>(i), this, &table, shared_.options());
    table.players[i % 2] = seats_[i].player.get();
    Connect(static_cast<int>(i));
  }
  Tick(0);
  return absl::OkStatus();
}

absl::Status LoadHandler::OpenFinished() {
  const std::string& path = shared_.options().finished;
  if (path.empty()) return absl::OkStatus();
  finished_.reset(std::fopen(path.c_str(), "w"));
  if (finished_ != nullptr) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, absl::StrCat("--finished ", path));
}

// --- Connections -------------------------------------------------------------------------

void LoadHandler::Connect(int number) {
  seats_[static_cast<size_t>(number)].connecting_since = Now();
  // Refused only when the run ends.
  shared_
      .Add({.host = shared_.options().host,
            .port = shared_.options().port,
            .timeout = absl::InfiniteDuration(),
            .may_reuse = false,
            .context = std::make_unique<SeatNumber>(number)})
      .IgnoreError();
}

std::unique_ptr<kingpin::Transport> LoadHandler::NewTransport(
    const kingpin::Target& target) {
  if (shared_.tls() == nullptr) return nullptr;
  return shared_.tls()->NewTransport(target.host, target.port);
}

void LoadHandler::OnConnect(Connection& connection) {
  ever_connected_ = true;
  const int number =
      static_cast<const SeatNumber&>(*target(connection)->context).number;
  connection.EmplaceState<int>(number);
  Seat& seat = seats_[static_cast<size_t>(number)];
  seat.connection = connection.id();
  seat.dropping = false;
  seat.player->OnConnected(seat.connecting_since);
}

void LoadHandler::OnMessage(Connection& connection) {
  Seat& seat = seats_[static_cast<size_t>(connection.state<int>())];
  // Once for all that has come together: it was here by now.
  const MonotonicTime clock = Now();
  std::string_view left = connection.input().view();
  size_t taken = 0;
  for (size_t end; (end = left.find('\n')) != left.npos;) {
    if (!over_ && !seat.dropping) {
      seat.player->OnLine(left.substr(0, end), clock);
    }
    left.remove_prefix(end + 1);
    taken += end + 1;
  }
  connection.input().Consume(taken);
}

void LoadHandler::OnClose(Connection& connection, CloseReason reason) {
  if (over_ || reason == CloseReason::kShutdown) return;
  const int number = connection.state<int>();
  Seat& seat = seats_[static_cast<size_t>(number)];
  seat.connection = {};
  seat.player->OnDisconnected();
  if (!seat.dropping) {
    ++counts().lost_connections;
    return Connect(number);
  }
  After(shared_.options().away * Random(), [this, number] { Connect(number); });
}

void LoadHandler::OnConnectFailed(kingpin::Target& target,
                                  const kingpin::ConnectFailure& failure) {
  if (over_) return;
  if (!ever_connected_) {
    return EndRun(absl::UnavailableError(failure.ToString()));
  }
  // A server that starts again is waited for; the pool backs off.
  Connect(static_cast<const SeatNumber&>(*target.context).number);
}

// --- RandomPlayer::Host ------------------------------------------------------------------

void LoadHandler::Send(int player, std::string_view lines) {
  const Seat& seat = seats_[static_cast<size_t>(player)];
  if (Connection* connection = Find(seat.connection)) connection->Write(lines);
}

void LoadHandler::Drop(int player, bool at_once) {
  Seat& seat = seats_[static_cast<size_t>(player)];
  Connection* connection = Find(seat.connection);
  if (connection == nullptr) return;
  seat.dropping = true;
  if (at_once) {
    connection->Abort();
  } else {
    connection->Close();
  }
}

void LoadHandler::After(absl::Duration delay, absl::AnyInvocable<void()> task) {
  RunAfter(delay, [this, task = std::move(task)]() mutable {
    if (!over_) task();
  });
}

double LoadHandler::Random() {
  return std::uniform_real_distribution<double>(0, 1)(random_);
}

void LoadHandler::OnGameFinished(std::string_view game, Reason reason) {
  if (finished_ != nullptr) {
    const std::string line = absl::StrCat(game, " ", ReasonText(reason), "\n");
    std::fputs(line.c_str(), finished_.get());
    // Whoever kills the server looks here before it starts again.
    std::fflush(finished_.get());
  }
  const uint64_t wanted = shared_.options().games;
  if (wanted > 0 && counts().games_finished >= wanted) {
    EndRun(absl::OkStatus());
  }
}

// --- The run -----------------------------------------------------------------------------

int LoadHandler::Seated() const {
  int seated = 0;
  for (const Seat& seat : seats_) seated += seat.player->in_game() ? 1 : 0;
  return seated;
}

void LoadHandler::Tick(int second) {
  const LoadOptions& options = shared_.options();
  const MonotonicTime clock = Now();
  if (!counting_ && clock - start_ >= options.warm_up) {
    counting_ = true;
    counting_since_ = clock;
    moves_before_ = counts().moves;
  }
  const uint64_t moves =
      counts().moves - std::exchange(moves_at_tick_, counts().moves);
  if (moves > 0) last_progress_ = clock;
  if (!options.quiet && second > 0) {
    std::fprintf(
        stderr, "%s",
        absl::StrFormat(
            "%5d s %6d seated %7d moves   p99 %7.2f ms   games "
            "%d of %d over   wrong %d, lost %d\n",
            second, Seated(), moves,
            static_cast<double>(counts().latency.PercentileNs(0.99)) / 1e6,
            counts().games_finished, counts().games_begun, counts().wrong,
            counts().lost_games)
            .c_str());
  }
  if (clock - start_ >= options.duration) return EndRun(absl::OkStatus());
  if (clock - last_progress_ > kStandstill + 3 * options.move_every) {
    return EndRun(absl::DeadlineExceededError("nobody moves any more"));
  }
  // By the clock, so that a busy loop's ticks do not drift.
  const absl::Duration next =
      std::min(absl::Seconds(second + 1), options.duration);
  RunAfter(std::max(next - (clock - start_), absl::ZeroDuration()),
           [this, second] {
             if (!over_) Tick(second + 1);
           });
}

void LoadHandler::OnShutdown() {
  if (std::exchange(over_, true)) return;
  LoadResult& result = shared_.result;
  result.players = shared_.options().players;
  result.seated = Seated();
  result.seconds =
      counting_ ? absl::ToDoubleSeconds(Now() - counting_since_) : 0;
  result.cpu_seconds = CpuSeconds() - cpu_before_;
  result.counted_moves = counting_ ? counts().moves - moves_before_ : 0;
  // What is under way is not waited for.
  shared_.Shutdown(kingpin::RunPhase::kStopping);
}

void LoadHandler::EndRun(absl::Status status) {
  shared_.status.Update(status);
  shared_.Shutdown();
}

}  // namespace chinese_chess
