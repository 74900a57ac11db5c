// An HTTP client for tests that tells what came of each request.
//
//   TestHttpClient client;
//   Outcome o = client.Get("http://127.0.0.1:8080/");
//   EXPECT_EQ(o.status, 200) << o.end;
#ifndef KINGPIN_TESTS_HTTP_HTTP_CLIENT_TESTING_H_
#define KINGPIN_TESTS_HTTP_HTTP_CLIENT_TESTING_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "kingpin/http/http_client.h"
#include "kingpin/pool/epoll_tp_client.h"
#include "tests/testing/scripted_server.h"

namespace kingpin {
namespace testing {

inline std::string At(uint16_t port, std::string_view path) {
  return absl::StrCat("http://127.0.0.1:", port, path);
}

// Says `answer` to whatever comes, and closes if it is to.
inline ThreadedServer Saying(std::string answer, bool close) {
  return ThreadedServer({.on_message =
                             [=](Connection& c) {
                               c.input().TakeAll();
                               c.Write(answer);
                               if (close) c.Close();
                             }},
                        Local(), 1);
}

// What came of one exchange.
struct Outcome {
  int status = 0;
  std::string body;
  absl::Status end;
  int redirects = 0;
  std::string url;
  int ends = 0;
};

struct Name : TargetContext {
  explicit Name(int n) : number(n) {}
  int number;
};

class TestData : public http::HttpClientData {
 public:
  using http::HttpClientData::HttpClientData;

  void Note(http::HttpExchange& exchange, std::function<void(Outcome&)> note) {
    const int number = static_cast<Name&>(*exchange.context()).number;
    absl::MutexLock lock(&mu_);
    note(outcomes_[number]);
  }
  Outcome Await(int number) {
    absl::MutexLock lock(&mu_);
    const auto ended = [&] {
      mu_.AssertHeld();
      return outcomes_[number].ends > 0;
    };
    EXPECT_TRUE(
        mu_.AwaitWithTimeout(absl::Condition(&ended), absl::Seconds(20)));
    return outcomes_[number];
  }
  int Ends() {
    absl::MutexLock lock(&mu_);
    int sum = 0;
    for (const auto& [number, outcome] : outcomes_) sum += outcome.ends;
    return sum;
  }

  // Instead of what the handler would do.
  std::function<void(http::HttpClientHandler&, http::HttpExchange&)>
      on_response;
  // The same, of what comes out of its body.
  std::function<void(http::HttpClientHandler&, http::HttpExchange&,
                     std::string_view)>
      on_body;
  // A loop drains.
  std::function<void()> on_shutdown;

 private:
  absl::Mutex mu_;
  std::map<int, Outcome> outcomes_ ABSL_GUARDED_BY(mu_);
};

class TestHandler : public http::HttpClientHandler {
 public:
  TestHandler(TestData* data, int thread)
      : HttpClientHandler(data, thread), data_(*data) {}
  void OnResponse(http::HttpExchange& exchange,
                  const http::Response& response) override {
    data_.Note(exchange, [&](Outcome& o) { o.status = response.status; });
    if (data_.on_response) data_.on_response(*this, exchange);
  }
  void OnBody(http::HttpExchange& exchange, std::string_view data) override {
    EXPECT_FALSE(data.empty());
    if (data_.on_body) return data_.on_body(*this, exchange, data);
    data_.Note(exchange, [&](Outcome& o) { o.body += data; });
  }
  void OnEnd(http::HttpExchange& exchange,
             const absl::Status& status) override {
    data_.Note(exchange, [&](Outcome& o) {
      o.end = status;
      o.redirects = exchange.redirects();
      o.url = exchange.url().ToString();
      ++o.ends;
    });
  }
  void OnShutdown() override {
    if (data_.on_shutdown) data_.on_shutdown();
  }

 private:
  TestData& data_;
};

class TestHttpClient {
 public:
  explicit TestHttpClient(http::HttpClientOptions http = {},
                          ClientOptions client = {}, int threads = 1)
      : data_(std::move(http), std::move(client)),
        pool_(&data_, {.threads = threads, .handle_signals = false}) {
    EXPECT_TRUE(pool_.Start().ok());
  }
  ~TestHttpClient() {
    pool_.Shutdown(RunPhase::kStopping);
    EXPECT_TRUE(pool_.Wait().ok());
    EXPECT_EQ(data_.Ends(), fetched_) << "each ends once";
  }

  TestData& data() { return data_; }
  // The number to await.
  int Start(http::HttpRequest request) {
    request.context = std::make_unique<Name>(fetched_);
    absl::Status status = data_.Fetch(std::move(request));
    EXPECT_TRUE(status.ok()) << status;
    return fetched_++;
  }
  Outcome Fetch(http::HttpRequest request) {
    return data_.Await(Start(std::move(request)));
  }
  Outcome Get(std::string_view url) {
    return Fetch({.url = *http::Url::Parse(url)});
  }

 private:
  TestData data_;
  EpollTPClient<TestHandler> pool_;
  int fetched_ = 0;
};

}  // namespace testing
}  // namespace kingpin

#endif  // KINGPIN_TESTS_HTTP_HTTP_CLIENT_TESTING_H_
