// Fetches all URLs of its command line at once and prints the status and the
// time of each: fan_out http://127.0.0.1:8080/ http://example.org/
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "kingpin/dns/dns_resolver.h"
#include "kingpin/http/http_client.h"
#include "kingpin/http/url.h"
#include "kingpin/pool/epoll_tp_client.h"
#include "kingpin/sys/clock.h"

namespace {

struct Fetch : kingpin::TargetContext {
  std::string url;
  int status = 0;
  kingpin::MonotonicTime start = kingpin::Clock::Real().Now();
};

class FanOut : public kingpin::http::HttpClientHandler {
 public:
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
                absl::ToDoubleMilliseconds(time), fetch.url.c_str(),
                status.ok() ? "" : status.ToString().c_str());
  }
  absl::StatusOr<std::unique_ptr<kingpin::Resolver>> MakeResolver() override {
    return kingpin::DnsResolver::Create(this, {});
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return std::fputs("usage: fan_out URL...\n", stderr), 2;
  kingpin::http::HttpClientData shared({}, {.pool = {.end_when_done = true}});
  for (int i = 1; i < argc; ++i) {
    auto fetch = std::make_unique<Fetch>();
    fetch->url = argv[i];
    auto url = kingpin::http::Url::Parse(argv[i]);
    if (!url.ok()) return kingpin::ExitCode(url.status());
    auto added = shared.Fetch({.url = *url, .context = std::move(fetch)});
    if (!added.ok()) return kingpin::ExitCode(added);
  }
  kingpin::EpollTPClient<FanOut> client(&shared, {.threads = 2});
  return kingpin::ExitCode(client.Run());
}
