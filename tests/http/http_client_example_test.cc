// The example at the head of http_client.h, but for the URL.
#include <iostream>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "kingpin/dns/dns_resolver.h"
#include "kingpin/http/http_client.h"
#include "kingpin/http/url.h"
#include "kingpin/net/resolver.h"
#include "kingpin/pool/epoll_tp.h"
#include "kingpin/pool/epoll_tp_client.h"
#include "tests/http/http_test_server.h"

namespace kingpin {
namespace {

class Printer : public http::HttpClientHandler {
 public:
  using HttpClientHandler::HttpClientHandler;
  void OnBody(http::HttpExchange&, std::string_view data) override {
    std::cout << data;
  }
  void OnEnd(http::HttpExchange& e, const absl::Status& status) override {
    std::cout << e.url().ToString() << ": " << status << '\n';
  }
  absl::StatusOr<std::unique_ptr<Resolver>> MakeResolver() override {
    return DnsResolver::Create(this);
  }
};

int Main(const std::string& url) {
  http::HttpClientData shared({}, {.pool = {.end_when_done = true}});
  auto added = shared.Fetch({.url = *http::Url::Parse(url)});
  if (!added.ok()) return ExitCode(added);
  EpollTPClient<Printer> client(&shared, {.threads = 2});
  return ExitCode(client.Run());
}

TEST(HttpClientExample, Works) {
  testing::HttpTestServer server;
  const std::string url =
      absl::StrCat("http://localhost:", server.port(), "/hello");
  ::testing::internal::CaptureStdout();
  EXPECT_EQ(Main(url), 0);
  EXPECT_EQ(::testing::internal::GetCapturedStdout(),
            absl::StrCat("/hello", url, ": OK\n"));
}

}  // namespace
}  // namespace kingpin
