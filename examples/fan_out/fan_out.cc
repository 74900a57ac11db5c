// Fetches all URLs of its command line at once; prints status and time of each.
#include <atomic>
#include <cstdio>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "kingpin/dns/dns_resolver.h"
#include "kingpin/http/http_client.h"
#include "kingpin/http/url.h"
#include "kingpin/pool/epoll_tp_client.h"
#include "kingpin/sys/clock.h"

struct Fetch : kingpin::TargetContext {
  explicit Fetch(const char* text) : url(text) {}
  const char* const url;
  int status = 0;
  kingpin::MonotonicTime start = kingpin::Clock::Real().Now();
};

struct FanOut : kingpin::http::HttpClientHandler {
  static inline std::atomic<int> failed = 0;
  using HttpClientHandler::HttpClientHandler;
  void OnResponse(kingpin::http::HttpExchange& exchange,
                  const kingpin::http::Response& response) override {
    static_cast<Fetch&>(*exchange.context()).status = response.status;
  }
  void OnEnd(kingpin::http::HttpExchange& exchange,
             const absl::Status& status) override {
    const Fetch& fetch = static_cast<Fetch&>(*exchange.context());
    const auto time = kingpin::Clock::Real().Now() - fetch.start;
    std::printf("%3d  %8.1f ms  %s  %s\n", fetch.status,
                absl::ToDoubleMilliseconds(time), fetch.url,
                status.ok() ? "" : status.ToString().c_str());
    if (!status.ok()) ++failed;
  }
  absl::StatusOr<std::unique_ptr<kingpin::Resolver>> MakeResolver() override {
    return kingpin::DnsResolver::Create(this, {});
  }
};

int main(int argc, char** argv) {
  if (argc < 2) return std::fputs("usage: fan_out URL...\n", stderr), 2;
  kingpin::http::HttpClientData shared({}, {.pool = {.end_when_done = true}});
  for (int i = 1; i < argc; ++i) {
    auto url = kingpin::http::Url::Parse(argv[i]);
    const absl::Status added =
        url.ok() ? shared.Fetch({.url = *url,
                                 .context = std::make_unique<Fetch>(argv[i])})
                 : url.status();
    if (added.ok()) continue;
    ++FanOut::failed;
    std::printf("%s  %s\n", argv[i], added.ToString().c_str());
  }
  if (FanOut::failed == argc - 1) return 1;  // Nothing to run for.
  kingpin::EpollTPClient<FanOut> client(&shared, {.threads = 2});
  if (kingpin::ExitCode(client.Run()) != 0) return 1;
  return std::fflush(stdout) | std::ferror(stdout) | FanOut::failed ? 1 : 0;
}
