// The game server. `server --help` says how; docs/chinese_chess.md says how it is made.
#include <sys/resource.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "apps/chinese_chess/bot/bot_pool.h"
#include "apps/chinese_chess/server/archive.h"
#include "apps/chinese_chess/server/flags.h"
#include "apps/chinese_chess/server/game_server_shared.h"
#include "apps/chinese_chess/server/game_store.h"
#include "apps/chinese_chess/server/identity.h"
#include "apps/chinese_chess/server/line_handler.h"
#include "kingpin/logger/klog.h"
#include "kingpin/logger/verbosity.h"
#include "kingpin/pool/epoll_tp.h"
#include "kingpin/pool/epoll_tp_server.h"
#include "kingpin/sys/version.h"

namespace chinese_chess {
namespace {

// A game has far fewer events than this, so versions grow from run to run.
constexpr int64_t kVersionsOfARun = 1'000'000;

void RaiseFileLimit() {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// What an earlier run has left.
struct Legacy {
  std::string identity_key = Identity::NewKey();
  int64_t starts = 1;
  std::vector<RunningGame> running;
};

absl::StatusOr<Legacy> ReadLegacy(GameStore& store) {
  Legacy legacy;
  absl::StatusOr<std::string> key =
      store.GetOrMakeMeta("identity_key", &Identity::NewKey);
  if (!key.ok()) return key.status();
  absl::StatusOr<int64_t> starts = store.CountStart();
  if (!starts.ok()) return starts.status();
  absl::StatusOr<std::vector<RunningGame>> running = store.RunningGames();
  if (!running.ok()) return running.status();
  return Legacy{*std::move(key), *starts, *std::move(running)};
}

// Messages are short: who does not read them is soon far behind, and better off with
// the whole game when they are back.
kingpin::ServerOptions ServerOptionsOf(const Flags& flags) {
  kingpin::ServerOptions options;
  options.port = flags.port;
  options.listen = flags.listen;
  options.max_connections = flags.max_connections;
  options.drain_timeout = flags.drain_timeout;
  // Sessions look after idle connections.
  options.connection.timeouts.idle = absl::InfiniteDuration();
  options.connection.input_limit_bytes = 64 << 10;
  options.connection.output_high_bytes = 64 << 10;
  options.connection.output_low_bytes = 16 << 10;
  options.connection.output_limit_bytes = 1 << 20;
  return options;
}

// Until a signal ends it.
absl::Status Run(int threads, GameServerShared* shared) {
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  kingpin::EpollTPServer<LineHandler> server(
      shared, {.threads = threads > 0 ? threads : std::max(cores, 1)});
  if (absl::Status status = server.Start(); !status.ok()) return status;
  for (const std::string& address : shared->addresses()) {
    std::printf("listening on %s\n", address.c_str());
  }
  std::fflush(stdout);
  return server.Wait();
}

absl::Status Serve(const Flags& flags) {
  RaiseFileLimit();
  Legacy legacy;
  std::unique_ptr<Archive> archive;
  if (flags.db != "off") {
    absl::StatusOr<std::unique_ptr<GameStore>> store =
        GameStore::Open(flags.db);
    if (!store.ok()) return store.status();
    absl::StatusOr<Legacy> read = ReadLegacy(**store);
    if (!read.ok()) return read.status();
    legacy = *std::move(read);
    archive = std::make_unique<Archive>(*std::move(store));
  }
  if (!legacy.running.empty()) {
    KLOG(INFO) << "games go on: " << legacy.running.size();
  }
  std::unique_ptr<bot::BotPool> bots;
  if (flags.bot_threads > 0) {
    bots = std::make_unique<bot::BotPool>(
        bot::BotPoolOptions{.threads = flags.bot_threads});
  }
  const Identity identity(legacy.identity_key);
  GameServerShared shared(
      ServerOptionsOf(flags), flags.game, &identity, archive.get(), bots.get(),
      std::move(legacy.running),
      static_cast<uint64_t>(legacy.starts * kVersionsOfARun));
  absl::Status status = Run(flags.threads, &shared);
  // Before `shared`: what they still do, they report there.
  bots.reset();
  archive.reset();
  return status;
}

// The exit code.
int RefuseCommandLine(const absl::Status& status) {
  std::fprintf(stderr, "server: %s\nTry --help.\n",
               std::string(status.message()).c_str());
  return 2;
}

}  // namespace
}  // namespace chinese_chess

int main(int argc, char** argv) {
  using namespace chinese_chess;
  absl::StatusOr<Flags> flags =
      ParseFlags(absl::MakeConstSpan(argv + 1, argc - 1));
  if (!flags.ok()) return RefuseCommandLine(flags.status());
  if (flags->help || flags->version) {
    const std::string text =
        flags->help ? std::string(HelpText()) : kingpin::VersionLine();
    std::fputs(text.c_str(), stdout);
    return 0;
  }
  if (!flags->verbosity.empty()) {
    absl::Status status = kingpin::SetVerbosity(flags->verbosity);
    if (!status.ok()) return RefuseCommandLine(status);
  }
  return kingpin::ExitCode(Serve(*flags));
}
