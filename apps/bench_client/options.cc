#include "apps/bench_client/options.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "apps/command_line/command_line.h"
#include "kingpin/http/request_head.h"
#include "kingpin/sys/unique_fd.h"

namespace bench_client {
namespace {

// Held in memory once, for all connections.
constexpr size_t kMaxBodyBytes = 1 << 30;

constexpr std::string_view kHelp =
    R"(bench_client: how fast does a server answer, and how long do its clients wait?

  bench_client http://127.0.0.1:8080/             50 connections for 10 seconds
  bench_client -c 1000 -d 60s --html report.html http://127.0.0.1:8080/
  bench_client --rate 5000 http://127.0.0.1:8080/a.txt
                                                  what users see at that load
  bench_client --reconnect http://127.0.0.1:8080/  a connection for each request
  bench_client --size 64 tcp://127.0.0.1:7000     an echo server

A closed loop (no --rate) shows how much a server can do: each connection sends its
next request when the last is answered, so a server that stalls is asked less, and its
latencies look better than what users see. With --rate requests fall due at that pace
whatever the server does, and their latency counts from then on.

How much
  --connections, -c N    at once (50)
  --threads, -t N        of this program (one for each core)
  --duration, -d TIME    (10s)
  --requests, -n N       ends after N responses, if that is sooner (0: no limit)
  --rate, -r N           requests a second in all (none: closed loop)
  --pipeline N           requests under way on one connection, without --rate (1)
  --reconnect            closes each connection after one response
What
  --method, -X NAME      (GET; POST with a body)
  --header, -H "N: V"    a field; may be repeated. Host: names another site there
  --body TEXT, @FILE     what is sent with each request
  --size N               bytes of a message to tcp:// (64)
  --timeout TIME         for connecting, and for the next bytes of a response (5s)
  --insecure             takes any certificate of an https server; else it must be
                         one that the system trusts, or SSL_CERT_FILE's
Reports
  --html FILE            a page with pictures
  --json                 one line for programs instead of text
  --quiet                no progress

Ctrl-C ends a run at once, with a report of what there was until then.
Exit codes: 0 nothing failed, 1 nothing was answered, or the run could not begin, 2 wrong
command line, 3 some requests or connections failed. What waits for less than --timeout
when the run ends has not failed; the report says how much that is, and for how long.
)";

// What the request asks for, of the server that --url names.
absl::Status SetHost(std::string_view host, Options* options) {
  auto site = kingpin::http::Url::Parse(
      absl::StrCat(options->url.is_https ? "https://" : "http://", host, "/"));
  if (!site.ok() || absl::StrContains(host, '/')) {
    return absl::InvalidArgumentError(
        absl::StrCat("--header \"Host: ", host, "\": it is HOST or HOST:PORT"));
  }
  options->url.host = site->host;
  options->url.port = site->port;
  return absl::OkStatus();
}

absl::Status ParseHeader(std::string_view text, Options* options) {
  const std::pair<std::string_view, std::string_view> parts =
      absl::StrSplit(text, absl::MaxSplits(':', 1));
  if (!absl::StrContains(text, ':') || parts.first.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--header \"", text, "\": it is \"Name: value\""));
  }
  const std::string_view value = absl::StripAsciiWhitespace(parts.second);
  if (absl::EqualsIgnoreCase(parts.first, "host")) {
    return SetHost(value, options);
  }
  options->headers.emplace_back(parts.first, value);
  return absl::OkStatus();
}

// A file or a pipe. Of a device it is not known that it ends.
absl::StatusOr<std::string> ReadBody(const std::string& path) {
  const kingpin::UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info {};
  if (!fd.valid() || fstat(fd.get(), &info) != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot be read: ", std::strerror(errno)));
  }
  if (!S_ISREG(info.st_mode) && !S_ISFIFO(info.st_mode)) {
    return absl::InvalidArgumentError(S_ISDIR(info.st_mode)
                                          ? "is a directory"
                                          : "is neither a file nor a pipe");
  }
  std::string body;
  char buffer[64 << 10];
  for (;;) {
    const ssize_t n = read(fd.get(), buffer, sizeof(buffer));
    if (n == 0) return body;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("cannot be read: ", std::strerror(errno)));
    }
    body.append(buffer, static_cast<size_t>(n));
    if (body.size() > kMaxBodyBytes) {
      return absl::InvalidArgumentError("is larger than 1 GiB");
    }
  }
}

absl::Status ParseBody(std::string_view text, Options* options) {
  if (!absl::ConsumePrefix(&text, "@")) {
    options->body = std::string(text);
    return absl::OkStatus();
  }
  auto body = ReadBody(std::string(text));
  if (!body.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--body @", text, ": ", body.status().message()));
  }
  options->body = *std::move(body);
  return absl::OkStatus();
}

// What follows tcp://.
absl::Status CheckRaw(std::string_view text) {
  if (text.find_first_of("/?#") != text.npos) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"tcp://", text, "\": raw TCP has no path; it is tcp://HOST:PORT"));
  }
  const size_t colon = text.rfind(':');
  if (colon == text.npos || colon + 1 == text.size() || text.back() == ']') {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"tcp://", text, "\": which port? It is tcp://HOST:PORT"));
  }
  return absl::OkStatus();
}

absl::Status ParseUrl(std::string_view text, Options* options) {
  options->text_url = std::string(text);
  if (absl::StrContains(text.substr(0, text.find_first_of("?#")), "unix:")) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", text, "\": unix sockets are not offered; it is a HOST:PORT"));
  }
  std::string url(text);
  if (absl::ConsumePrefix(&text, "tcp://")) {
    options->is_raw = true;
    if (absl::Status status = CheckRaw(text); !status.ok()) return status;
    url = absl::StrCat("http://", text);
  } else if (!absl::StrContains(text, "://")) {
    url = absl::StrCat("http://", text);
  }
  auto parsed = kingpin::http::Url::Parse(url);
  if (!parsed.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", options->text_url, "\": ", parsed.status().message(),
                     "; try http://HOST:PORT/PATH or tcp://HOST:PORT"));
  }
  options->url = *std::move(parsed);
  options->host = options->url.host;
  options->port = options->url.port;
  return absl::OkStatus();
}

// Of what cannot be said of each alone.
absl::Status CheckTogether(const Options& options) {
  const auto refuse = [](std::string_view why) {
    return absl::InvalidArgumentError(why);
  };
  if (options.is_raw && (!options.body.empty() || !options.headers.empty() ||
                         !options.method.empty())) {
    return refuse("--method, --header and --body are for http, not for tcp://");
  }
  if (options.is_raw && options.insecure) {
    return refuse("--insecure is for https, not for tcp://");
  }
  if (!options.is_raw && options.size > 0) {
    return refuse("--size is for tcp://; --body says what http sends");
  }
  if (options.reconnect && options.pipeline > 1) {
    return refuse("--reconnect has one request a connection, so no --pipeline");
  }
  if (options.rate > 0 && options.pipeline > 1) {
    return refuse("--rate sends a request when it is due, so no --pipeline");
  }
  if (options.duration == absl::InfiniteDuration() && options.requests == 0) {
    return refuse("--duration inf never ends; say --requests too");
  }
  if (options.is_raw) return absl::OkStatus();
  return kingpin::http::WriteRequestHead({.method = options.method,
                                          .url = options.url,
                                          .fields = options.headers})
      .status();
}

}  // namespace

absl::StatusOr<Options> ParseOptions(absl::Span<char* const> args) {
  using command_line::Number;
  Options options;
  std::vector<std::string> headers;
  std::string body;
  auto rest = command_line::Parse(
      args, {command_line::Switch("help,h", &options.help),
             Number("connections,c", &options.connections, 1, 1'000'000),
             Number("threads,t", &options.threads, 0, 1000),
             command_line::Time("duration,d", &options.duration),
             Number<uint64_t>("requests,n", &options.requests, 0, 1ull << 62),
             Number("rate,r", &options.rate, 1e-3, 1e9),
             Number("pipeline", &options.pipeline, 1, 1000),
             command_line::Switch("reconnect", &options.reconnect),
             command_line::Text("method,X", &options.method),
             command_line::List("header,H", &headers),
             command_line::Text("body", &body),
             Number<uint32_t>("size", &options.size, 1, 1 << 30),
             command_line::Time("timeout", &options.timeout),
             command_line::Switch("insecure", &options.insecure),
             command_line::Text("html", &options.html),
             command_line::Switch("json", &options.json),
             command_line::Switch("quiet", &options.quiet)});
  if (!rest.ok()) return rest.status();
  if (options.help) return options;
  if (rest->size() != 1) {
    return absl::InvalidArgumentError(
        rest->empty() ? "whom to ask? Give a URL: http://127.0.0.1:8080/"
                      : absl::StrCat("unexpected \"", (*rest)[1],
                                     "\"; one URL is asked"));
  }
  absl::Status status = ParseUrl(rest->front(), &options);
  for (const std::string& header : headers) {
    status.Update(ParseHeader(header, &options));
  }
  status.Update(ParseBody(body, &options));
  if (options.method.empty() && !options.is_raw) {
    options.method = options.body.empty() ? "GET" : "POST";
  }
  status.Update(CheckTogether(options));
  if (!status.ok()) return status;
  if (options.size == 0) options.size = 64;
  return options;
}

std::string_view HelpText() { return kHelp; }

}  // namespace bench_client
