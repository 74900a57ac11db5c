// A file server: everything below a directory, over HTTP/1.1. See README.md.
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "apps/file_server/file_handler.h"
#include "apps/file_server/flags.h"
#include "kingpin/http/static_files.h"
#include "kingpin/logger/crash_handler.h"
#include "kingpin/logger/logger.h"
#include "kingpin/pool/epoll_tp_server.h"
#include "kingpin/sys/syscalls.h"

namespace file_server {
namespace {

// As many descriptors as we may have; the number.
int RaiseFileLimit() {
  rlimit limit = {1024, 1024};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
  }
  return static_cast<int>(std::min<rlim_t>(limit.rlim_cur, 1 << 24));
}

// The descriptor the access log goes to; -1 for none.
absl::StatusOr<int> OpenAccessLog(const std::string& where,
                                  kingpin::UniqueFd* file) {
  if (where == "off") return -1;
  if (where == "auto") return isatty(STDOUT_FILENO) ? STDOUT_FILENO : -1;
  if (where == "-") return STDOUT_FILENO;
  kingpin::SysResult<kingpin::UniqueFd> opened =
      kingpin::sys::Open(where.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  if (!opened.ok()) {
    return absl::ErrnoToStatus(
        opened.error, absl::StrCat("cannot open access log \"", where, "\""));
  }
  *file = std::move(opened.value);
  return file->get();
}

// As a browser takes it: wildcard addresses are reached by localhost.
std::string UrlOf(const std::string& address) {
  if (absl::StartsWith(address, "unix:")) return address;
  const std::string port = address.substr(address.rfind(':'));
  const bool any = absl::StartsWith(address, "[::]:") ||
                   absl::StartsWith(address, "0.0.0.0:");
  return absl::StrCat("http://", any ? "localhost" + port : address, "/");
}

// `room` for connections that are told 503 and given the time to read it.
kingpin::ServerOptions OptionsOf(const Flags& flags, int max_connections,
                                 int room) {
  return {
      .port = flags.port,
      .listen = flags.listen,
      .strategy = flags.strategy,
      .max_connections = max_connections + room,
      .connection = {.timeouts = {.idle = flags.idle_timeout,
                                  .read = flags.header_timeout,
                                  .write = flags.send_timeout}},
      .drain_timeout = flags.drain_timeout,
  };
}

// With the black box, if one is asked for, or not at all.
absl::StatusOr<std::unique_ptr<kingpin::Logger>> MakeLog(
    int fd, const std::string& black_box) {
  auto log = std::make_unique<kingpin::Logger>(
      kingpin::Logger::Options{.fd = fd,
                               .when_full = kingpin::Logger::WhenFull::kDrop,
                               .black_box = black_box});
  if (!log->black_box_status().ok()) return log->black_box_status();
  return log;
}

// The log of KLOG.
absl::StatusOr<std::unique_ptr<kingpin::Logger>> MakeMainLog(
    const std::string& black_box) {
  absl::StatusOr<std::unique_ptr<kingpin::Logger>> log =
      MakeLog(STDERR_FILENO, black_box);
  if (!log.ok()) return log;
  kingpin::Logger::SetDefault(log->get());
  if (!black_box.empty()) kingpin::InstallCrashHandler();
  return log;
}

// The access log; null if there is to be none. Writes to `file` if that is what
// was asked for.
absl::StatusOr<std::unique_ptr<kingpin::Logger>> MakeAccessLog(
    const Flags& flags, kingpin::UniqueFd* file) {
  const absl::StatusOr<int> fd = OpenAccessLog(flags.access_log, file);
  if (!fd.ok()) return fd.status();
  if (*fd < 0) return nullptr;
  const std::string& box = flags.log_blackbox;
  return MakeLog(*fd, box.empty() ? box : box + ".access");
}

absl::StatusOr<kingpin::http::StaticRoot> OpenRoot(const Flags& flags) {
  kingpin::http::StaticFilesOptions options = {
      .index = flags.index,
      .list = flags.list,
      .follow_links = flags.follow_symlinks,
  };
  if (!flags.cache) options.cache.max_entries = 0;
  return kingpin::http::StaticRoot::Open(flags.root, options);
}

// Until a signal ends it.
absl::Status Run(const Flags& flags, Shared* shared) {
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  kingpin::EpollTPServer<FileHandler> server(
      shared,
      {.threads = flags.threads > 0 ? flags.threads : std::max(cores, 1)});
  if (absl::Status status = server.Start(); !status.ok()) return status;
  for (const std::string& address : shared->addresses()) {
    std::printf("listening on %s\n", UrlOf(address).c_str());
  }
  std::fflush(stdout);
  return server.Wait();
}

absl::Status Serve(const Flags& flags) {
  const int files = RaiseFileLimit();
  const int max_connections =
      flags.max_connections > 0 ? flags.max_connections : files / 4 * 3;
  absl::StatusOr<kingpin::http::StaticRoot> root = OpenRoot(flags);
  if (!root.ok()) return root.status();
  const absl::StatusOr<std::unique_ptr<kingpin::Logger>> main_log =
      MakeMainLog(flags.log_blackbox);
  if (!main_log.ok()) return main_log.status();
  kingpin::UniqueFd log_file;
  absl::StatusOr<std::unique_ptr<kingpin::Logger>> log =
      MakeAccessLog(flags, &log_file);
  if (!log.ok()) return log.status();
  const int room = std::clamp(files / 8 * 7 - max_connections, 16,
                              max_connections / 8 + 256);
  Shared shared(OptionsOf(flags, max_connections, room),
                {.access_log = log->get()}, *std::move(root), max_connections);
  const absl::Status status = Run(flags, &shared);
  if (*log != nullptr) (*log)->Flush();
  shared.log_watch.Look();  // At what came after thread 0's last look.
  return status;
}

}  // namespace
}  // namespace file_server

int main(int argc, char** argv) {
  // Under `bazel run`, paths mean what they mean where that was typed.
  const char* typed_in = std::getenv("BUILD_WORKING_DIRECTORY");
  if (typed_in != nullptr && chdir(typed_in) != 0) {
    std::fprintf(stderr, "file_server: %s: %s\n", typed_in,
                 std::strerror(errno));
  }
  absl::StatusOr<file_server::Flags> flags =
      file_server::ParseFlags(absl::MakeConstSpan(argv + 1, argc - 1));
  if (!flags.ok()) {
    std::fprintf(stderr, "file_server: %s\nTry --help.\n",
                 std::string(flags.status().message()).c_str());
    return 2;
  }
  if (flags->help) {
    std::fputs(std::string(file_server::HelpText()).c_str(), stdout);
    return 0;
  }
  const absl::Status status = file_server::Serve(*flags);
  if (status.ok()) return 0;
  std::fprintf(stderr, "file_server: %s\n",
               std::string(status.message()).c_str());
  return 1;
}
