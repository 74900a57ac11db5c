// The game server. `server --help` says how; docs/chinese_chess.md says how it is made.
#include <fcntl.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "apps/chinese_chess/bot/bot_pool.h"
#include "apps/chinese_chess/server/archive.h"
#include "apps/chinese_chess/server/flags.h"
#include "apps/chinese_chess/server/front_door.h"
#include "apps/chinese_chess/server/game_server_shared.h"
#include "apps/chinese_chess/server/game_store.h"
#include "apps/chinese_chess/server/identity.h"
#include "apps/command_line/command_line.h"
#include "kingpin/logger/absl_log.h"
#include "kingpin/logger/klog.h"
#include "kingpin/logger/verbosity.h"
#include "kingpin/pool/epoll_tp.h"
#include "kingpin/pool/epoll_tp_server.h"
#include "kingpin/sys/descriptor_limit.h"
#include "kingpin/sys/version.h"
#include "kingpin/tls/tls_server.h"

namespace chinese_chess {
namespace {

// A game has far fewer events than this, so versions grow from run to run.
constexpr int64_t kVersionsOfARun = 1'000'000;

int ThreadsOf(const Flags& flags) {
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  return flags.threads > 0 ? flags.threads : std::max(cores, 1);
}

// A connection is one descriptor. A loop takes two of its own; the rest of what is kept
// back is for listeners, the archive and what a library may open.
int ConnectionsOf(const Flags& flags, int files) {
  if (flags.max_connections > 0) return flags.max_connections;
  return std::max(files - 64 - 4 * ThreadsOf(flags), files / 2);
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
kingpin::ServerOptions ServerOptionsOf(const Flags& flags, int files) {
  kingpin::ServerOptions options;
  options.port = flags.port;
  options.listen = flags.listen;
  options.max_connections = ConnectionsOf(flags, files);
  options.drain_timeout = flags.drain_timeout;
  // Sessions are never idle for so long, because they are pinged: this is for who has not
  // said anything yet, and for HTTP between requests.
  options.connection.timeouts.idle = flags.game.silent;
  options.connection.input_limit_bytes = 64 << 10;
  options.connection.output_high_bytes = 64 << 10;
  options.connection.output_low_bytes = 16 << 10;
  options.connection.output_limit_bytes = 1 << 20;
  return options;
}

// Null: in the plain.
absl::StatusOr<std::unique_ptr<kingpin::TlsServer>> MakeTls(
    const Flags& flags) {
  if (flags.tls_cert.empty()) return nullptr;
  return kingpin::TlsServer::Create({.certificate_file = flags.tls_cert,
                                     .key_file = flags.tls_key,
                                     .alpn = {"http/1.1"}});
}

// Where to look with a browser: wildcard addresses are reached by localhost.
std::string UrlOf(std::string_view address, bool tls) {
  const std::string_view port = address.substr(address.rfind(':'));
  const bool any =
      address.starts_with("[::]:") || address.starts_with("0.0.0.0:");
  return absl::StrCat(tls ? "https://" : "http://", any ? "localhost" : "",
                      any ? port : address, "/");
}

void SayWhere(const GameServerShared& shared) {
  for (const std::string& address : shared.addresses()) {
    std::printf("listening on %s\n", address.c_str());
  }
  for (const std::string& address : shared.addresses()) {
    if (address.starts_with("unix:")) continue;
    std::printf("open %s in a browser to play\n",
                UrlOf(address, shared.tls() != nullptr).c_str());
  }
  std::fflush(stdout);
}

// Until a signal ends it.
absl::Status Run(int threads, GameServerShared* shared) {
  kingpin::EpollTPServer<FrontDoor> server(shared, {.threads = threads});
  if (absl::Status status = server.Start(); !status.ok()) return status;
  SayWhere(*shared);
  return server.Wait();
}

// What needs files: the archive and what it has of an earlier run.
absl::StatusOr<std::unique_ptr<Archive>> OpenArchive(const Flags& flags,
                                                     Legacy* legacy) {
  if (flags.db == "off") return nullptr;
  absl::StatusOr<std::unique_ptr<GameStore>> store = GameStore::Open(flags.db);
  if (!store.ok()) return store.status();
  absl::StatusOr<Legacy> read = ReadLegacy(**store);
  if (!read.ok()) return read.status();
  *legacy = *std::move(read);
  if (!legacy->running.empty()) {
    KLOG(INFO) << "games go on: " << legacy->running.size();
  }
  return std::make_unique<Archive>(*std::move(store));
}

absl::Status Serve(const Flags& flags) {
  const int files = kingpin::RaiseDescriptorLimit();
  const absl::StatusOr<std::unique_ptr<kingpin::TlsServer>> tls =
      MakeTls(flags);
  if (!tls.ok()) return tls.status();
  Legacy legacy;
  absl::StatusOr<std::unique_ptr<Archive>> archive =
      OpenArchive(flags, &legacy);
  if (!archive.ok()) return archive.status();
  std::unique_ptr<bot::BotPool> bots;
  if (flags.bot_threads > 0) {
    bots = std::make_unique<bot::BotPool>(
        bot::BotPoolOptions{.threads = flags.bot_threads});
  }
  const Identity identity(legacy.identity_key);
  GameServerShared shared(
      ServerOptionsOf(flags, files), flags.game,
      {&identity, archive->get(), bots.get(), tls->get()},
      std::move(legacy.running),
      static_cast<uint64_t>(legacy.starts * kVersionsOfARun));
  absl::Status status = Run(ThreadsOf(flags), &shared);
  // Before `shared`: what they still do, they report there.
  bots.reset();
  archive->reset();
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
  command_line::OpenStandardFiles(O_RDWR);
  command_line::EnterTypedDirectory();
  absl::StatusOr<Flags> flags =
      ParseFlags(absl::MakeConstSpan(argv + 1, argc - 1));
  if (!flags.ok()) return RefuseCommandLine(flags.status());
  if (flags->help || flags->version) {
    const std::string text =
        flags->help ? std::string(HelpText()) : kingpin::VersionLine();
    return command_line::Help("server", text);
  }
  if (!flags->verbosity.empty()) {
    absl::Status status = kingpin::SetVerbosity(flags->verbosity);
    if (!status.ok()) return RefuseCommandLine(status);
  }
  kingpin::RouteAbslLog();
  return kingpin::ExitCode(Serve(*flags));
}
