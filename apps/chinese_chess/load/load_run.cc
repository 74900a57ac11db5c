#include "apps/chinese_chess/load/load_run.h"

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

using kingpin::MonotonicTime;

constexpr absl::Duration kAgain = absl::Milliseconds(100);
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

}  // namespace

kingpin::ClientOptions LoadClientOptions(const LoadOptions& options) {
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

LoadRun::LoadRun(LoadJob* job, Wire* wire)
    : job_(*job),
      wire_(*wire),
      random_(job->options.seed),
      tables_(static_cast<size_t>(job->options.players) / 2),
      seats_(static_cast<size_t>(job->options.players)) {}

absl::Status LoadRun::Start() {
  if (absl::Status status = OpenFinished(); !status.ok()) return status;
  start_ = last_progress_ = Now();
  cpu_before_ = CpuSeconds();
  for (size_t i = 0; i < seats_.size(); ++i) {
    RandomPlayer::Table& table = tables_[i / 2];
    seats_[i].player = std::make_unique<RandomPlayer>(static_cast<int>(i), this,
                                                      &table, job_.options);
    table.players[i % 2] = seats_[i].player.get();
    Connect(static_cast<int>(i));
  }
  Tick(0);
  return absl::OkStatus();
}

absl::Status LoadRun::OpenFinished() {
  const std::string& path = job_.options.finished;
  if (path.empty()) return absl::OkStatus();
  finished_.reset(std::fopen(path.c_str(), "w"));
  if (finished_ != nullptr) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, absl::StrCat("--finished ", path));
}

// --- Connections -------------------------------------------------------------------------

void LoadRun::Connect(int player) {
  seat(player).connecting_since = Now();
  wire_.Connect(player);
}

void LoadRun::Connected(int player) {
  if (over_) return;
  ever_connected_ = true;
  Seat& its = seat(player);
  its.connected = true;
  its.dropping = false;
  its.player->OnConnected(its.connecting_since);
}

void LoadRun::Received(int player, std::string_view message,
                       MonotonicTime now) {
  if (over_ || seat(player).dropping) return;
  Seat& its = seat(player);
  its.player->OnLine(message, now);
  ever_welcomed_ = ever_welcomed_ || its.player->welcomed();
  its.ever_seated = its.ever_seated || its.player->in_game();
}

void LoadRun::Closed(int player) {
  if (over_) return;
  Seat& its = seat(player);
  its.connected = false;
  const bool was_welcomed = its.player->welcomed();
  its.player->OnDisconnected();
  if (!its.dropping) ++counts().lost_connections;
  // Not as fast as a server can hang up.
  if (!its.dropping && was_welcomed) return Connect(player);
  After(job_.options.away * Random(), [this, player] { Connect(player); });
}

void LoadRun::ConnectFailed(int player, std::string_view why) {
  if (over_) return;
  if (!ever_connected_) return EndRun(absl::UnavailableError(why));
  // A server that starts again is waited for. The pool backs off from one that is not
  // there, but not from one that answers and refuses.
  After(kAgain, [this, player] { Connect(player); });
}

// --- RandomPlayer::Host ------------------------------------------------------------------

void LoadRun::Send(int player, std::string_view message) {
  if (seat(player).connected) wire_.Send(player, message);
}

void LoadRun::Drop(int player, bool at_once) {
  if (!seat(player).connected) return;
  seat(player).dropping = true;
  wire_.Drop(player, at_once);
}

void LoadRun::After(absl::Duration delay, absl::AnyInvocable<void()> task) {
  wire_.RunLater(delay, [this, task = std::move(task)]() mutable {
    if (!over_) task();
  });
}

double LoadRun::Random() {
  return std::uniform_real_distribution<double>(0, 1)(random_);
}

void LoadRun::OnGameFinished(std::string_view game, Reason reason) {
  if (finished_ != nullptr) {
    const std::string line = absl::StrCat(game, " ", ReasonText(reason), "\n");
    std::fputs(line.c_str(), finished_.get());
    // Whoever kills the server looks here before it starts again.
    std::fflush(finished_.get());
  }
  const uint64_t wanted = job_.options.games;
  if (wanted > 0 && counts().games_finished >= wanted) {
    EndRun(absl::OkStatus());
  }
}

// --- The run -----------------------------------------------------------------------------

int LoadRun::Seated() const {
  int seated = 0;
  for (const Seat& seat : seats_) seated += seat.player->in_game() ? 1 : 0;
  return seated;
}

absl::Status LoadRun::WhyNobodyPlays(absl::Status why) const {
  if (ever_welcomed_ || job_.result.counts.lost_connections == 0) return why;
  return absl::UnavailableError(
      job_.options.tls
          ? "the server hangs up on everybody before it welcomes them"
          : "the server welcomes nobody; does it speak TLS? Then say --tls");
}

// A full house that was none says nothing of full houses.
absl::Status LoadRun::CheckAllWereSeated() const {
  const auto standing =
      std::count_if(seats_.begin(), seats_.end(),
                    [](const Seat& seat) { return !seat.ever_seated; });
  if (standing == 0) return absl::OkStatus();
  return WhyNobodyPlays(absl::DeadlineExceededError(absl::StrCat(
      standing, " of ", seats_.size(),
      " players were in no game; give them a longer --duration, or fewer "
      "--players to a process")));
}

void LoadRun::Tick(int second) {
  const LoadOptions& options = job_.options;
  const MonotonicTime clock = Now();
  if (!counting_ && clock - start_ >= options.warm_up) {
    counting_ = true;
    counting_since_ = clock;
    moves_before_ = counts().moves;
  }
  const uint64_t moves =
      counts().moves - std::exchange(moves_at_tick_, counts().moves);
  if (moves > 0) last_progress_ = clock;
  if (!options.quiet && second > 0) ShowProgress(second, moves);
  if (clock - start_ >= options.duration) return EndRun(CheckAllWereSeated());
  if (clock - last_progress_ > kStandstill + 3 * options.move_every) {
    return EndRun(
        WhyNobodyPlays(absl::DeadlineExceededError("nobody moves any more")));
  }
  // By the clock, so that a busy loop's ticks do not drift.
  const absl::Duration next =
      std::min(absl::Seconds(second + 1), options.duration);
  After(std::max(next - (clock - start_), absl::ZeroDuration()),
        [this, second] { Tick(second + 1); });
}

void LoadRun::ShowProgress(int second, uint64_t moves) const {
  const LoadCounts& counts = job_.result.counts;
  std::fprintf(stderr, "%s",
               absl::StrFormat(
                   "%5d s %6d seated %7d moves   p99 %7.2f ms   games "
                   "%d of %d over   wrong %d, lost %d\n",
                   second, Seated(), moves,
                   static_cast<double>(counts.latency.PercentileNs(0.99)) / 1e6,
                   counts.games_finished, counts.games_begun, counts.wrong,
                   counts.lost_games)
                   .c_str());
}

void LoadRun::Finish() {
  if (std::exchange(over_, true)) return;
  LoadResult& result = job_.result;
  result.players = job_.options.players;
  result.seated = Seated();
  result.seconds =
      counting_ ? absl::ToDoubleSeconds(Now() - counting_since_) : 0;
  result.cpu_seconds = CpuSeconds() - cpu_before_;
  result.counted_moves = counting_ ? counts().moves - moves_before_ : 0;
}

void LoadRun::EndRun(absl::Status status) {
  job_.status.Update(status);
  wire_.End();
}

}  // namespace chinese_chess
