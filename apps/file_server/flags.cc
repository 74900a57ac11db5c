#include "apps/file_server/flags.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
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
  --listen ADDR,...      HOST:PORT, [IPV6]:PORT, :PORT or unix:PATH, instead of
                         --port; may be repeated
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
  --header_timeout TIME  from the first byte of a request's head to its last, and
                         between two pieces of its body (30s)
  --send_timeout TIME    while the peer takes nothing of an answer (30s)
  --drain_timeout TIME   for answers under way after SIGTERM or SIGINT (30s); a
                         second signal ends at once

Exit codes: 0 ended by a signal, 1 run-time error, 2 wrong command line.
)";

absl::Status Set(string_view value, std::string* out) {
  *out = std::string(value);
  return absl::OkStatus();
}

absl::Status Set(string_view value, std::vector<std::string>* out) {
  for (string_view part : absl::StrSplit(value, ',', absl::SkipEmpty())) {
    if (!absl::StartsWith(part, "fd:")) {
      absl::Status status = kingpin::SocketAddress::Parse(part).status();
      if (!status.ok()) return status;
    }
    out->emplace_back(part);
  }
  if (!out->empty()) return absl::OkStatus();
  return absl::InvalidArgumentError("it names no address; try 127.0.0.1:8080");
}

template <int kMin, int kMax, typename Number>
absl::Status SetNumber(string_view value, Number* out) {
  int number;
  if (absl::SimpleAtoi(value, &number) && number >= kMin && number <= kMax) {
    *out = static_cast<Number>(number);
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("it is a number from ", kMin, " to ", kMax));
}

absl::Status Set(string_view value, bool* out) {
  if (absl::SimpleAtob(value, out)) return absl::OkStatus();
  if (value == "on" || value == "off") {
    *out = value == "on";
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError("it is true or false");
}

absl::Status Set(string_view value, absl::Duration* out) {
  if (absl::ParseDuration(value, out) && *out > absl::ZeroDuration()) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError("it is a time such as 30s, 5m or inf");
}

absl::Status Set(string_view value, kingpin::AcceptStrategy* out) {
  absl::StatusOr<kingpin::AcceptStrategy> strategy =
      kingpin::ParseAcceptStrategy(value);
  if (strategy.ok()) *out = *strategy;
  return strategy.status();
}

struct FlagEntry {
  string_view name;
  absl::Status (*set)(string_view value, Flags* flags);
  bool is_switch = false;  // May stand without a value.
};

#define FILE_SERVER_FLAG(name)                                       \
  {                                                                  \
#name, [](string_view v, Flags * f) { return Set(v, &f->name); } \
  }
#define FILE_SERVER_SWITCH(name)                                           \
  {                                                                        \
#name, [](string_view v, Flags * f) { return Set(v, &f->name); }, true \
  }

// More than a process can have open, and far from where sums overflow.
constexpr int kMaxConnections = 1 << 24;
constexpr int kMaxLogMib = 1 << 20;

constexpr FlagEntry kFlags[] = {
    FILE_SERVER_SWITCH(help),
    FILE_SERVER_FLAG(root),
    {"port",
     [](string_view v, Flags* f) { return SetNumber<0, 65535>(v, &f->port); }},
    FILE_SERVER_FLAG(listen),
    FILE_SERVER_FLAG(tls_cert),
    FILE_SERVER_FLAG(tls_key),
    FILE_SERVER_SWITCH(kernel_tls),
    {"threads", [](string_view v,
                   Flags* f) { return SetNumber<0, 1000>(v, &f->threads); }},
    FILE_SERVER_FLAG(strategy),
    {"max_connections",
     [](string_view v, Flags* f) {
       return SetNumber<0, kMaxConnections>(v, &f->max_connections);
     }},
    FILE_SERVER_SWITCH(list),
    FILE_SERVER_FLAG(index),
    FILE_SERVER_SWITCH(follow_symlinks),
    FILE_SERVER_SWITCH(cache),
    FILE_SERVER_FLAG(access_log),
    {"access_log_mib",
     [](string_view v, Flags* f) {
       return SetNumber<0, kMaxLogMib>(v, &f->access_log_mib);
     }},
    {"access_log_keep",
     [](string_view v, Flags* f) {
       return SetNumber<0, kMaxLogMib>(v, &f->access_log_keep);
     }},
    FILE_SERVER_FLAG(log_blackbox),
    FILE_SERVER_FLAG(verbosity),
    FILE_SERVER_FLAG(idle_timeout),
    FILE_SERVER_FLAG(header_timeout),
    FILE_SERVER_FLAG(send_timeout),
    FILE_SERVER_FLAG(drain_timeout),
};

#undef FILE_SERVER_FLAG
#undef FILE_SERVER_SWITCH

const FlagEntry* FindFlag(string_view name) {
  const FlagEntry* found =
      std::find_if(std::begin(kFlags), std::end(kFlags),
                   [&](const FlagEntry& flag) { return flag.name == name; });
  return found == std::end(kFlags) ? nullptr : found;
}

// Insertions, deletions and replacements between the two.
size_t EditDistance(string_view a, string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

absl::Status UnknownFlag(string_view name) {
  const FlagEntry* nearest = &kFlags[0];
  size_t best = kHelp.size();
  for (const FlagEntry& flag : kFlags) {
    const size_t distance = EditDistance(name, flag.name);
    if (distance < best) {
      best = distance;
      nearest = &flag;
    }
  }
  const std::string hint =
      best <= 3 ? absl::StrCat("; did you mean --", nearest->name, "?") : "";
  return absl::InvalidArgumentError(
      absl::StrCat("there is no flag --", name, hint));
}

}  // namespace

absl::StatusOr<Flags> ParseFlags(absl::Span<char* const> args) {
  Flags flags;
  for (size_t i = 0; i < args.size(); ++i) {
    string_view arg = args[i];
    if (arg == "-h" || arg == "-help") arg = "--help";
    if (!absl::StartsWith(arg, "-")) {
      return absl::InvalidArgumentError(absl::StrCat(
          "unexpected \"", arg, "\"; for a directory: --root ", arg));
    }
    arg.remove_prefix(absl::StartsWith(arg, "--") ? 2 : 1);
    const size_t equals = arg.find('=');
    const string_view name = arg.substr(0, equals);
    const FlagEntry* flag = FindFlag(name);
    if (flag == nullptr) return UnknownFlag(name);
    string_view value = "true";
    if (equals != arg.npos) {
      value = arg.substr(equals + 1);
    } else if (!flag->is_switch) {
      if (++i == args.size()) {
        return absl::InvalidArgumentError(
            absl::StrCat("--", name, " needs a value"));
      }
      value = args[i];
      if (absl::StartsWith(value, "--")) {
        return absl::InvalidArgumentError(absl::StrCat(
            "--", name, " needs a value and \"", value,
            "\" looks like a flag; if it is meant: --", name, "=", value));
      }
    }
    if (absl::Status status = flag->set(value, &flags); !status.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--", name, " \"", value, "\": ", status.message()));
    }
  }
  if (flags.tls_cert.empty() != flags.tls_key.empty()) {
    return absl::InvalidArgumentError(
        "--tls_cert and --tls_key go together: HTTPS needs both");
  }
  return flags;
}

absl::string_view HelpText() { return kHelp; }

}  // namespace file_server
