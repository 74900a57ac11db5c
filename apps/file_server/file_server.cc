// A file server: everything below a directory, over HTTP/1.1 or HTTPS. See
// README.md.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "apps/command_line/command_line.h"
#include "apps/file_server/file_handler.h"
#include "apps/file_server/flags.h"
#include "kingpin/http/static_files.h"
#include "kingpin/logger/absl_log.h"
#include "kingpin/logger/crash_handler.h"
#include "kingpin/logger/file_sink.h"
#include "kingpin/logger/klog.h"
#include "kingpin/logger/logger.h"
#include "kingpin/logger/reopen_on_signal.h"
#include "kingpin/logger/rotating_sink.h"
#include "kingpin/logger/sink.h"
#include "kingpin/logger/verbosity.h"
#include "kingpin/pool/epoll_tp.h"
#include "kingpin/pool/epoll_tp_server.h"
#include "kingpin/sys/descriptor_limit.h"
#include "kingpin/sys/version.h"
#include "kingpin/tls/reload_on_signal.h"
#include "kingpin/tls/tls_server.h"

namespace file_server {
namespace {

// As a browser takes it: wildcard addresses are reached by localhost.
std::string UrlOf(const std::string& address, bool tls) {
  if (absl::StartsWith(address, "unix:")) return address;
  const std::string port = address.substr(address.rfind(':'));
  const bool any = absl::StartsWith(address, "[::]:") ||
                   absl::StartsWith(address, "0.0.0.0:");
  return absl::StrCat(tls ? "https://" : "http://",
                      any ? "localhost" + port : address, "/");
}

// Below, hardly anybody can be served.
constexpr int kFewFiles = 64;

// How the threads share the descriptors that the process may have.
struct Limits {
  int threads;
  int connections;  // Beyond it they are told 503.
  int told;         // So many, who are given the time to read it.
  int cached;       // Of each thread's cache.
};

Limits LimitsOf(const Flags& flags, int files) {
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  Limits limits;
  limits.threads = flags.threads > 0 ? flags.threads : std::max(cores, 1);
  limits.connections =
      flags.max_connections > 0 ? flags.max_connections : files / 4 * 3;
  limits.told = std::clamp(files / 8 * 7 - limits.connections, 16,
                           limits.connections / 8 + 256);
  const int left = files - limits.connections - limits.told;
  limits.cached = std::clamp(left / 2 / limits.threads, 0, 128);
  if (files < kFewFiles) {
    KLOG(WARNING) << "this process may open " << files
                  << " files only, of which each connection takes one or two: "
                     "raise `ulimit -n`";
  }
  if (limits.connections > files) {
    KLOG(WARNING) << "--max_connections " << limits.connections
                  << " is more than the " << files
                  << " files this process may open; raise `ulimit -n`";
  }
  return limits;
}

kingpin::ServerOptions OptionsOf(const Flags& flags, const Limits& limits) {
  return {
      .port = flags.port,
      .listen = flags.listen,
      .strategy = flags.strategy,
      .max_connections = limits.connections + limits.told,
      .connection = {.timeouts = {.idle = flags.idle_timeout,
                                  .read = flags.header_timeout,
                                  .write = flags.send_timeout}},
      .drain_timeout = flags.drain_timeout,
  };
}

// The file server's own lines are lost before a request is held up.
kingpin::Logger::Options LogOptions(int fd, std::string black_box) {
  return {.fd = fd,
          .when_full = kingpin::Logger::WhenFull::kDrop,
          .black_box = std::move(black_box)};
}

// A disk that has no room for a black box, or a log that does not take what an old one
// holds while one is kept already, is no cause not to serve: the log goes on without.
absl::StatusOr<std::unique_ptr<kingpin::Logger>> MakeLog(
    kingpin::Logger::Options options) {
  absl::StatusOr<std::unique_ptr<kingpin::Logger>> log =
      kingpin::Logger::Create(options);
  if (options.black_box.empty() || !(absl::IsAlreadyExists(log.status()) ||
                                     absl::IsResourceExhausted(log.status()))) {
    return log;
  }
  KLOG(WARNING) << log.status().message() << "; going on without a black box";
  options.black_box.clear();
  return kingpin::Logger::Create(std::move(options));
}

// The log of KLOG.
absl::StatusOr<std::unique_ptr<kingpin::Logger>> MakeMainLog(
    const std::string& black_box) {
  absl::StatusOr<std::unique_ptr<kingpin::Logger>> log =
      MakeLog(LogOptions(STDERR_FILENO, black_box));
  if (!log.ok()) return log;
  kingpin::Logger::SetDefault(log->get());
  if (!black_box.empty()) kingpin::InstallCrashHandler();
  return log;
}

absl::StatusOr<kingpin::LogSinkFactory> AccessLogFile(const Flags& flags) {
  if (flags.access_log_mib == 0) {
    return kingpin::FileSinkFactory({.path = flags.access_log});
  }
  return kingpin::RotatingSinkFactory(
      {.path = flags.access_log,
       .max_bytes = static_cast<uint64_t>(flags.access_log_mib) << 20,
       .time_zone = absl::LocalTimeZone(),
       .keep_files = static_cast<size_t>(flags.access_log_keep)});
}

// Whether the access log, or what its rotation makes, would be a file of the boxes: of
// the main log's at `box`, and of its own beside it.
bool IsBlackBox(const std::string& log, const std::string& box) {
  if (box.empty()) return false;
  auto canonical = [](const std::string& path) {
    std::error_code error;
    // Absolute first: of a relative path nothing of which is there nothing is resolved.
    const std::filesystem::path whole = std::filesystem::absolute(path, error);
    if (error) return std::filesystem::path(path);
    const std::filesystem::path found =
        std::filesystem::weakly_canonical(whole, error);
    return error ? whole : found;
  };
  for (const char* ours : {"", ".new"}) {
    for (const char* theirs :
         {"", ".unwritten", ".access", ".access.unwritten"}) {
      if (canonical(log + ours) == canonical(box + theirs)) return true;
    }
  }
  return false;
}

// The access log; null if there is to be none.
absl::StatusOr<std::unique_ptr<kingpin::Logger>> MakeAccessLog(
    const Flags& flags) {
  const std::string& where = flags.access_log;
  const bool auto_off = where == "auto" && !isatty(STDOUT_FILENO);
  if (where == "off" || auto_off) return nullptr;
  const std::string& box = flags.log_blackbox;
  const bool to_stdout = where == "-" || where == "auto";
  if (!to_stdout && IsBlackBox(where, box)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--access_log ", where, " is the black box's own file: name another"));
  }
  kingpin::Logger::Options options =
      LogOptions(STDOUT_FILENO, box.empty() ? box : box + ".access");
  if (!to_stdout) {
    absl::StatusOr<kingpin::LogSinkFactory> file = AccessLogFile(flags);
    if (!file.ok()) return file.status();
    options.sink = *std::move(file);
  }
  return MakeLog(options);
}

absl::StatusOr<kingpin::http::StaticRoot> OpenRoot(const Flags& flags,
                                                   const Limits& limits) {
  kingpin::http::StaticFilesOptions options = {
      .index = flags.index,
      .list = flags.list,
      .follow_links = flags.follow_symlinks,
  };
  if (!flags.cache) options.cache.max_entries = 0;
  options.cache.max_descriptors = limits.cached;
  return kingpin::http::StaticRoot::Open(flags.root, options);
}

// Null: plain HTTP.
absl::StatusOr<std::unique_ptr<kingpin::TlsServer>> MakeTls(
    const Flags& flags) {
  if (flags.tls_cert.empty()) return nullptr;
  absl::StatusOr<std::unique_ptr<kingpin::TlsServer>> tls =
      kingpin::TlsServer::Create({.certificate_file = flags.tls_cert,
                                  .key_file = flags.tls_key,
                                  .alpn = {"http/1.1"},
                                  .kernel_tls = flags.kernel_tls});
  if (tls.ok()) KLOG(INFO) << "HTTPS " << (*tls)->Describe();
  return tls;
}

// Until a signal ends it.
absl::Status Run(int threads, Shared* shared) {
  kingpin::EpollTPServer<FileHandler> server(shared, {.threads = threads});
  if (absl::Status status = server.Start(); !status.ok()) return status;
  for (const std::string& address : shared->addresses()) {
    std::printf("listening on %s\n",
                UrlOf(address, shared->tls != nullptr).c_str());
  }
  std::fflush(stdout);
  return server.Wait();
}

absl::Status Serve(const Flags& flags) {
  const Limits limits = LimitsOf(flags, kingpin::RaiseDescriptorLimit());
  absl::StatusOr<kingpin::http::StaticRoot> root = OpenRoot(flags, limits);
  if (!root.ok()) return root.status();
  const absl::StatusOr<std::unique_ptr<kingpin::Logger>> main_log =
      MakeMainLog(flags.log_blackbox);
  if (!main_log.ok()) return main_log.status();
  absl::StatusOr<std::unique_ptr<kingpin::Logger>> log = MakeAccessLog(flags);
  if (!log.ok()) return log.status();
  // Without an access log, too: SIGHUP is no end of the server.
  std::vector<kingpin::Logger*> logs = {main_log->get()};
  if (*log != nullptr) logs.push_back(log->get());
  kingpin::ReopenOnSignal reopen(SIGHUP, logs);
  absl::StatusOr<std::unique_ptr<kingpin::TlsServer>> tls = MakeTls(flags);
  if (!tls.ok()) return tls.status();
  std::unique_ptr<kingpin::ReloadOnSignal> reload;
  if (*tls != nullptr) {
    auto installed = kingpin::ReloadOnSignal::Install(SIGHUP, tls->get());
    if (!installed.ok()) return installed.status();
    reload = *std::move(installed);
  }
  Shared shared(OptionsOf(flags, limits), {.access_log = log->get()},
                *std::move(root), limits.connections, tls->get());
  return Run(limits.threads, &shared);
}

// The exit code.
int RefuseCommandLine(const absl::Status& status) {
  std::fprintf(stderr, "file_server: %s\nTry --help.\n",
               std::string(status.message()).c_str());
  return 2;
}

}  // namespace
}  // namespace file_server

int main(int argc, char** argv) {
  command_line::OpenStandardFiles(O_RDWR);
  command_line::EnterTypedDirectory();
  absl::StatusOr<file_server::Flags> flags =
      file_server::ParseFlags(absl::MakeConstSpan(argv + 1, argc - 1));
  if (!flags.ok()) return file_server::RefuseCommandLine(flags.status());
  if (flags->help || flags->version) {
    const std::string text = flags->help ? std::string(file_server::HelpText())
                                         : kingpin::VersionLine();
    return command_line::Help("file_server", text);
  }
  if (!flags->verbosity.empty()) {
    absl::Status status = kingpin::SetVerbosity(flags->verbosity);
    if (!status.ok()) return file_server::RefuseCommandLine(status);
  }
  kingpin::RouteAbslLog();
  return kingpin::ExitCode(file_server::Serve(*flags));
}
