// HTTP servers for tests: what a callback does is a lambda of the test.
//
// HttpTestServer runs a real thread on the real clock. ManualHttpServer runs
// its loop on the test's own thread and on a manual clock, iteration by
// iteration: nothing happens unless the test says so.
//
//   HttpTestServer server({.on_request = [](HttpTestHandler& handler,
//                                           Connection& c, const Request&) {
//     AnswerText(handler, c, "hello");
//   }});
//   HttpTestClient client(server.port());
//   EXPECT_EQ(client.Get("/").body, "hello");
#ifndef KINGPIN_TESTS_HTTP_HTTP_TEST_SERVER_H_
#define KINGPIN_TESTS_HTTP_HTTP_TEST_SERVER_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "kingpin/http/http_handler.h"
#include "kingpin/pool/epoll_tp_server.h"
#include "kingpin/sys/clock.h"

namespace kingpin {
namespace testing {

class HttpTestHandler;

// The defaults answer with the path and, if there is a body, what it was.
struct HttpScript {
  using Handler = HttpTestHandler;
  http::HttpOptions options;
  std::function<void(Handler&, Connection&, const http::Request&)> on_request;
  std::function<void(Handler&, Connection&, std::string_view, bool)> on_body;
  std::function<void()> on_exchange_end;
  std::function<void(Handler&, Connection&)> on_connect;
};

struct HttpTestShared : ThreadSharedDataForServer {
  HttpTestShared(HttpScript s, ServerOptions o)
      : ThreadSharedDataForServer(std::move(o)), script(std::move(s)) {}
  const HttpScript script;
  std::atomic<int> requests = 0;
  std::atomic<int> exchange_ends = 0;
};

inline void AnswerText(http::HttpHandler& handler, Connection& connection,
                       std::string_view text) {
  char room[1024];
  http::ResponseHead head =
      handler.BeginHead(connection, http::HttpStatus::kOk, room);
  handler.Answer(connection, http::HttpStatus::kOk, &head, text);
}

class HttpTestHandler : public http::HttpHandler {
 public:
  HttpTestHandler(HttpTestShared* shared, int thread)
      : HttpHandler(shared, thread, shared->script.options),
        test_shared_(*shared) {}

  void OnConnect(Connection& c) override {
    HttpHandler::OnConnect(c);
    if (test_shared_.script.on_connect) {
      test_shared_.script.on_connect(*this, c);
    }
  }

  void OnRequest(Connection& c, const http::Request& request) override {
    ++test_shared_.requests;
    if (test_shared_.script.on_request) {
      return test_shared_.script.on_request(*this, c, request);
    }
    if (!request.has_body()) return AnswerText(*this, c, request.path);
    Attach<std::string>(c, absl::StrCat(request.path, "|"));
  }

  void OnBody(Connection& c, std::string_view data, bool last) override {
    if (test_shared_.script.on_body) {
      return test_shared_.script.on_body(*this, c, data, last);
    }
    std::string* body = attachment<std::string>(c);
    if (body == nullptr) return;
    body->append(data);
    if (last) AnswerText(*this, c, *body);
  }

  void OnExchangeEnd(Connection&) override {
    ++test_shared_.exchange_ends;
    if (test_shared_.script.on_exchange_end) {
      test_shared_.script.on_exchange_end();
    }
  }

 private:
  HttpTestShared& test_shared_;
};

class HttpTestServer {
 public:
  explicit HttpTestServer(HttpScript script = {}, ServerOptions options = {})
      : shared_(std::move(script), WithAddress(std::move(options))),
        pool_(&shared_, {.threads = 1, .handle_signals = false}) {
    const absl::Status status = pool_.Start();
    EXPECT_TRUE(status.ok()) << status;
  }
  ~HttpTestServer() { Stop(); }

  void Stop() {
    if (stopped_) return;
    stopped_ = true;
    pool_.Shutdown(RunPhase::kStopping);
    EXPECT_TRUE(pool_.Wait().ok());
  }
  uint16_t port() const { return shared_.port(); }
  HttpTestShared& shared() { return shared_; }
  EpollTPServer<HttpTestHandler>& pool() { return pool_; }

 private:
  static ServerOptions WithAddress(ServerOptions options) {
    options.listen = {"127.0.0.1:0"};
    return options;
  }

  HttpTestShared shared_;
  EpollTPServer<HttpTestHandler> pool_;
  bool stopped_ = false;
};

class ManualHttpServer {
 public:
  explicit ManualHttpServer(HttpScript script = {})
      : shared_(std::move(script),
                {.listen = {"127.0.0.1:0"}, .clock = &clock_}) {
    CHECK_OK(shared_.Open(1));
    handler_ = std::make_unique<HttpTestHandler>(&shared_, 0);
    CHECK_OK(handler_->Init());
  }

  uint16_t port() const { return shared_.port(); }
  HttpTestShared& shared() { return shared_; }
  HttpTestHandler& handler() { return *handler_; }
  void Advance(absl::Duration d) { clock_.Advance(d); }
  // One iteration, which sleeps for a moment if there is nothing to do.
  void Turn() { handler_->RunOnce(absl::Milliseconds(1)); }

 private:
  Clock clock_ = Clock::Manual();
  HttpTestShared shared_;
  std::unique_ptr<HttpTestHandler> handler_;
};

inline std::string Get(std::string_view path, std::string_view fields = "") {
  return absl::StrCat("GET ", path, " HTTP/1.1\r\nHost: h\r\n", fields, "\r\n");
}

}  // namespace testing
}  // namespace kingpin

#endif  // KINGPIN_TESTS_HTTP_HTTP_TEST_SERVER_H_
