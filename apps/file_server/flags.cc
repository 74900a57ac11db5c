#include "apps/file_server/flags.h"

#include <cstdint>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "apps/command_line/command_line.h"
#include "kingpin/sys/socket_address.h"

namespace file_server {
namespace {

using absl::string_view;

constexpr string_view kHelp =
    R"(file_server: serves the files below a directory over HTTP/1.1 or HTTPS.

  file_server --root /srv/www                 http://localhost:8080/
  file_server --root . --list                 with directory listings
  file_server --root . --port 0               on a free port; the URL is printed
  file_server --listen 127.0.0.1:80,unix:/run/www.sock --threads 4
  file_server --port 8443 --tls_cert chain.pem --tls_key key.pem

What to serve
  --root DIR             the directory; nothing outside of it is ever served (.)
  --index NAME           answers for a directory; empty for none (index.html)
  --list                 lists directories that have no index (off)
  --follow_symlinks=BOOL follow links that stay inside the root (true)
Where and how
  --port N               TCP port on all addresses; 0 picks a free one (8080)
  --listen ADDR,...      IPV4:PORT, [IPV6]:PORT, :PORT, localhost:PORT (127.0.0.1)
                         or unix:PATH, instead of --port; may be repeated
  --tls_cert PATH        HTTPS instead of HTTP, with the certificate in PATH, then
                         those up to the root's (PEM)
  --tls_key PATH         and its key; SIGHUP reads both anew and drops nobody
  --kernel_tls=BOOL      have the kernel encrypt where it can, so that files need
                         not be read for it (true)
  --threads N            loop threads (one for each core)
  --strategy NAME        how they share accepting: mutex, gated, exclusive or
                         reuseport (mutex)
  --max_connections N    more are answered 503 (3 in 4 of the open-file limit)
  --cache=BOOL           keep small files and open descriptors (true)
  --access_log PATH      combined format, appended; - for stdout, off for none
                         (auto: stdout if that is a terminal, else none);
                         SIGHUP opens it anew, for logrotate
  --access_log_mib N     begins a new one at so many MiB; 0 for never (0)
  --access_log_keep N    and keeps so many old ones (10)
  --log_blackbox PATH    keep lines that are not written yet in PATH, and those of
                         the access log in PATH.access, through any crash or kill;
                         written at the next start (none)
  --verbosity SPEC       say more on stderr, by module: 1 for all, or io_handler=1
                         (what KINGPIN_VERBOSITY in the environment says, or none)
Time-outs (30s, 5m, inf)
  --idle_timeout TIME    between requests (60s)
  --header_timeout TIME  from the first byte of a request's head to its last; for a
                         body, which is ignored, about as long again (30s)
  --send_timeout TIME    while the peer takes nothing of an answer (30s)
  --drain_timeout TIME   for answers under way after SIGTERM or SIGINT (30s); a
                         second signal ends at once

  --help, --version      print this, the version

Exit codes: 0 ended by a signal, 1 run-time error, 2 wrong command line.
)";

// The one name that means an address without anybody being asked (RFC 6761 6.3).
// Not ::1 too: it may be missing, and port 0 would be two ports.
std::string ResolveLocalhost(string_view address) {
  if (!absl::ConsumePrefix(&address, "localhost:")) return std::string(address);
  return absl::StrCat("127.0.0.1:", address);
}

absl::Status SetListen(string_view value, std::vector<std::string>* out) {
  for (string_view part : absl::StrSplit(value, ',', absl::SkipEmpty())) {
    std::string address = ResolveLocalhost(part);
    if (!absl::StartsWith(part, "fd:")) {
      absl::Status status = kingpin::SocketAddress::Parse(address).status();
      if (!status.ok()) return status;
    }
    out->push_back(std::move(address));
  }
  if (!out->empty()) return absl::OkStatus();
  return absl::InvalidArgumentError("it names no address; try 127.0.0.1:8080");
}

absl::Status SetStrategy(string_view value, kingpin::AcceptStrategy* out) {
  absl::StatusOr<kingpin::AcceptStrategy> strategy =
      kingpin::ParseAcceptStrategy(value);
  if (strategy.ok()) *out = *strategy;
  return strategy.status();
}

// More than a process can have open, and far from where sums overflow.
constexpr int kMaxConnections = 1 << 24;
constexpr int kMaxLogMib = 1 << 20;

std::vector<command_line::Flag> FlagsInto(Flags* f) {
  using namespace command_line;
  return {
      Switch("help,h", &f->help),
      Switch("version", &f->version),
      Text("root", &f->root),
      Number<uint16_t>("port", &f->port, 0, 65535),
      {"listen", [f](string_view v) { return SetListen(v, &f->listen); }},
      Text("tls_cert", &f->tls_cert),
      Text("tls_key", &f->tls_key),
      Switch("kernel_tls", &f->kernel_tls),
      Number("threads", &f->threads, 0, 1000),
      {"strategy", [f](string_view v) { return SetStrategy(v, &f->strategy); }},
      Number("max_connections", &f->max_connections, 0, kMaxConnections),
      Switch("list", &f->list),
      Text("index", &f->index),
      Switch("follow_symlinks", &f->follow_symlinks),
      Switch("cache", &f->cache),
      Text("access_log", &f->access_log),
      Number("access_log_mib", &f->access_log_mib, 0, kMaxLogMib),
      Number("access_log_keep", &f->access_log_keep, 0, kMaxLogMib),
      Text("log_blackbox", &f->log_blackbox),
      Text("verbosity", &f->verbosity),
      Time("idle_timeout", &f->idle_timeout),
      Time("header_timeout", &f->header_timeout),
      Time("send_timeout", &f->send_timeout),
      Time("drain_timeout", &f->drain_timeout),
  };
}

}  // namespace

absl::StatusOr<Flags> ParseFlags(absl::Span<char* const> args) {
  Flags flags;
  absl::StatusOr<std::vector<std::string>> rest =
      command_line::Parse(args, FlagsInto(&flags));
  if (!rest.ok()) return rest.status();
  if (flags.tls_cert.empty() != flags.tls_key.empty()) {
    return absl::InvalidArgumentError(
        "--tls_cert and --tls_key go together: HTTPS needs both");
  }
  if (rest->empty()) return flags;
  const std::string& first = rest->front();
  return absl::InvalidArgumentError(absl::StrCat(
      "unexpected \"", first, "\"; for a directory: --root ", first));
}

absl::string_view HelpText() { return kHelp; }

}  // namespace file_server
