// The HTTP client against our own server, and against peers that answer whatever a
// test makes them say.
#include "kingpin/http/http_client.h"

#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/pool/epoll_tp_client.h"
#include "kingpin/pool/loop_stats.h"
#include "tests/http/http_client_testing.h"
#include "tests/http/http_test_server.h"
#include "tests/testing/scripted_server.h"
#include "tests/testing/with_own_socket.h"

namespace kingpin::http {
namespace {

using testing::At;
using ::testing::HasSubstr;
using testing::HttpScript;
using testing::HttpTestHandler;
using testing::HttpTestServer;
using ::testing::IsEmpty;
using testing::Local;
using testing::Outcome;
using ::testing::StartsWith;
using testing::TestHttpClient;
using testing::ThreadedServer;

void Redirect(HttpHandler& handler, Connection& c, HttpStatus status,
              std::string_view location) {
  char room[1024];
  ResponseHead head = handler.BeginHead(c, status, room);
  head.Add("Location", location);
  handler.Answer(c, status, &head, "gone on");
}

// /redirect/N goes on N times; other paths answer themselves.
void Answer(HttpTestHandler& handler, Connection& c, const Request& request) {
  std::string_view path = request.path;
  int left = 0;
  if (absl::ConsumePrefix(&path, "/redirect/") &&
      absl::SimpleAtoi(path, &left)) {
    return Redirect(handler, c, HttpStatus::kFound,
                    left == 1 ? std::string("../end")
                              : absl::StrCat("/redirect/", left - 1));
  }
  testing::AnswerText(handler, c, request.path);
}

TEST(HttpClient, GetsAnAnswer) {
  HttpTestServer server;
  TestHttpClient client;
  const Outcome o = client.Get(At(server.port(), "/hello"));
  EXPECT_TRUE(o.end.ok()) << o.end;
  EXPECT_EQ(o.status, 200);
  EXPECT_EQ(o.body, "/hello");
}

TEST(HttpClient, ConnectionsAreKept) {
  HttpTestServer server;
  TestHttpClient client;
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(client.Get(At(server.port(), absl::StrCat("/", i))).body,
              absl::StrCat("/", i));
  }
  EXPECT_EQ(server.shared().thread(0).stats().accepts.value(), 1u);
}

TEST(HttpClient, BodiesGoAndCome) {
  HttpTestServer server;
  TestHttpClient client;
  const std::string body(300'000, 'b');
  const Outcome o = client.Fetch({.method = "POST",
                                  .url = *Url::Parse(At(server.port(), "/p")),
                                  .body = body});
  EXPECT_TRUE(o.end.ok()) << o.end;
  EXPECT_EQ(o.body, absl::StrCat("/p|", body));
}

// Of any size, whatever the bounds of the output are.
TEST(HttpClient, AHugeBodyGoesAsTheSocketTakesIt) {
  constexpr size_t kBytes = (40 << 20) + 3;
  for (size_t high : {size_t{256} << 10, size_t{1} << 10}) {
    size_t seen = 0;
    bool same = true;
    ThreadedServer server(
        {.on_message =
             [&](Connection& c) {
               std::string_view data = c.input().TakeAll();
               const size_t head = data.find("\r\n\r\n");
               if (seen == 0 && head == data.npos) return c.Abort();
               if (seen == 0) data.remove_prefix(head + 4);
               for (char byte : data)
                 same &= byte == "bytes of it "[seen++ % 12];
               if (seen == kBytes) {
                 c.Write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
               }
             }},
        Local(), 1);
    ClientOptions options;
    options.connection.output_high_bytes = high;
    options.connection.output_low_bytes = high / 4;
    options.connection.output_limit_bytes = 256 << 10;
    TestHttpClient client({}, options);
    std::string body;
    while (body.size() < kBytes) body += "bytes of it ";
    body.resize(kBytes);
    const Outcome o = client.Fetch({.method = "PUT",
                                    .url = *Url::Parse(At(server.port(), "/")),
                                    .body = std::move(body)});
    EXPECT_TRUE(o.end.ok()) << o.end;
    EXPECT_EQ(seen, kBytes);
    EXPECT_TRUE(same);
  }
}

// The answer is read while the body goes, and ends it; the connection, too, on which
// the rest would still be to come.
TEST(HttpClient, AnAnswerBeforeTheEndOfTheBody) {
  ThreadedServer server({.on_message =
                             [](Connection& c) {
                               c.input().Consume(1);
                               c.PauseReading();
                               c.Write(
                                   "HTTP/1.1 413 No\r\n"
                                   "Content-Length: 2\r\n\r\nno");
                             }},
                        Local({.drain_timeout = absl::Milliseconds(10)}), 1);
  TestHttpClient client;
  for (int i = 1; i <= 2; ++i) {
    const Outcome o = client.Fetch({.method = "PUT",
                                    .url = *Url::Parse(At(server.port(), "/")),
                                    .body = std::string(30 << 20, 'x')});
    EXPECT_EQ(o.status, 413) << o.end;
    EXPECT_TRUE(o.end.ok()) << o.end;
    EXPECT_EQ(o.body, "no");
    EXPECT_EQ(server.shared().connects, i);
  }
}

// The rest of the body meets a reset; the answer is there all the same.
TEST(HttpClient, AnAnswerBeforeAResetIsNotLost) {
  ThreadedServer server({.on_message =
                             [](Connection& c) {
                               c.input().Consume(1);
                               c.PauseReading();
                               c.Write(
                                   "HTTP/1.1 413 No\r\n"
                                   "Content-Length: 2\r\n\r\nno");
                               c.Close();
                             }},
                        Local(), 1);
  TestHttpClient client;
  for (int i = 0; i < 20; ++i) {
    const Outcome o = client.Fetch({.method = "PUT",
                                    .url = *Url::Parse(At(server.port(), "/")),
                                    .body = std::string(4 << 20, 'x')});
    EXPECT_EQ(o.status, 413) << o.end;
    EXPECT_TRUE(o.end.ok()) << o.end;
  }
}

// Each of them would let another slice of the body go, until so much waits in the
// connection that nothing is read.
TEST(HttpClient, ManyTimesContinueIsOnce) {
  ThreadedServer server({.on_message =
                             [](Connection& c) {
                               c.input().Consume(1);
                               c.PauseReading();
                               for (int i = 0; i < 6; ++i) {
                                 c.Write("HTTP/1.1 100 Go on\r\n\r\n");
                               }
                               c.Write(
                                   "HTTP/1.1 413 No\r\n"
                                   "Content-Length: 2\r\n\r\nno");
                             }},
                        Local({.drain_timeout = absl::Milliseconds(10)}), 1);
  TestHttpClient client;
  const Outcome o = client.Fetch({.method = "PUT",
                                  .url = *Url::Parse(At(server.port(), "/")),
                                  .body = std::string(30 << 20, 'x'),
                                  .expect_continue = true});
  EXPECT_EQ(o.status, 413) << o.end;
  EXPECT_TRUE(o.end.ok()) << o.end;
}

TEST(HttpClient, ManyAtOnceOverFewConnections) {
  HttpTestServer server;
  ClientOptions options;
  options.pool.max_connections_per_host = 7;
  TestHttpClient client({}, options, /*threads=*/2);
  std::vector<int> numbers;
  for (int i = 0; i < 500; ++i) {
    numbers.push_back(client.Start(
        {.url = *Url::Parse(At(server.port(), absl::StrCat("/", i)))}));
  }
  for (int i = 0; i < 500; ++i) {
    ASSERT_EQ(client.data().Await(numbers[i]).body, absl::StrCat("/", i));
  }
  EXPECT_LE(server.shared().thread(0).stats().accepts.value(), 7u);
}

TEST(HttpClient, RedirectsAreFollowed) {
  HttpTestServer server({.on_request = Answer});
  TestHttpClient client;
  const Outcome o = client.Get(At(server.port(), "/redirect/3"));
  EXPECT_TRUE(o.end.ok()) << o.end;
  EXPECT_EQ(o.redirects, 3);
  EXPECT_EQ(o.url, At(server.port(), "/end"));
  EXPECT_EQ(o.body, "/end") << "and nothing of those on the way";
}

TEST(HttpClient, RedirectsHaveAnEnd) {
  HttpTestServer server({.on_request = Answer});
  TestHttpClient client;
  const Outcome o =
      client.Fetch({.url = *Url::Parse(At(server.port(), "/redirect/5")),
                    .max_redirects = 2});
  EXPECT_TRUE(o.end.ok()) << o.end;
  EXPECT_EQ(o.status, 302);
  EXPECT_EQ(o.redirects, 2);
  EXPECT_EQ(o.body, "gone on");
}

TEST(HttpClient, RedirectsToNowhereEndIt) {
  HttpTestServer server({.on_request = [](HttpTestHandler& handler,
                                          Connection& c, const Request&) {
    Redirect(handler, c, HttpStatus::kFound, "ftp://x/");
  }});
  TestHttpClient client;
  const Outcome o = client.Get(At(server.port(), "/"));
  EXPECT_EQ(o.end.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(o.end.message()), HasSubstr("redirected to"));
  EXPECT_EQ(o.status, 0);
  EXPECT_EQ(o.body, "") << "a body without its head";
}

// Sends "/a" on to "/b" when `at_a` is done with.
HttpScript RedirectingAfter(std::function<void()> at_a) {
  return {.on_request = [at_a](HttpTestHandler& handler, Connection& c,
                               const Request& request) {
    if (request.path != "/a") {
      return testing::AnswerText(handler, c, request.path);
    }
    at_a();
    Redirect(handler, c, HttpStatus::kFound, "/b");
  }};
}

TEST(HttpClient, ARedirectInADrainIsCancelled) {
  TestHttpClient client;
  absl::Notification drains;
  client.data().on_shutdown = [&] { drains.Notify(); };
  HttpTestServer server(RedirectingAfter([&] {
    client.data().Shutdown();
    drains.WaitForNotification();
  }));
  const Outcome o = client.Get(At(server.port(), "/a"));
  EXPECT_EQ(o.end.code(), absl::StatusCode::kCancelled) << o.end;
  EXPECT_EQ(o.redirects, 1);
}

TEST(HttpClient, ARedirectIsNotRefusedWhenManyWait) {
  ClientOptions options;
  options.pool.max_connections_per_host = 1;
  options.pool.max_waiting = 1;
  TestHttpClient client({}, options);
  absl::Notification under_way;
  absl::Notification other_waits;
  HttpTestServer server(RedirectingAfter([&] {
    under_way.Notify();
    other_waits.WaitForNotification();
  }));
  const int redirected =
      client.Start({.url = *Url::Parse(At(server.port(), "/a"))});
  under_way.WaitForNotification();
  const int other = client.Start({.url = *Url::Parse(At(server.port(), "/c"))});
  other_waits.Notify();
  const Outcome o = client.data().Await(redirected);
  EXPECT_TRUE(o.end.ok()) << o.end;
  EXPECT_EQ(o.body, "/b");
  EXPECT_EQ(client.data().Await(other).body, "/c");
}

TEST(HttpClient, ExpectWaitsForTheServer) {
  HttpTestServer server;
  TestHttpClient client;
  const Outcome o = client.Fetch({.method = "PUT",
                                  .url = *Url::Parse(At(server.port(), "/x")),
                                  .body = "body",
                                  .expect_continue = true});
  EXPECT_TRUE(o.end.ok()) << o.end;
  EXPECT_EQ(o.body, "/x|body");
}

TEST(HttpClient, ExpectDoesNotWaitForEver) {
  // Answers only when all has come, and never says 100.
  ThreadedServer server({.on_message =
                             [](Connection& c) {
                               if (!absl::EndsWith(c.input().view(), "body"))
                                 return;
                               c.input().TakeAll();
                               c.Write("HTTP/1.1 204 OK\r\n\r\n");
                             }},
                        Local(), 1);
  TestHttpClient client({.continue_timeout = absl::Milliseconds(20)});
  const Outcome o = client.Fetch({.method = "PUT",
                                  .url = *Url::Parse(At(server.port(), "/x")),
                                  .body = "body",
                                  .expect_continue = true});
  EXPECT_EQ(o.status, 204) << o.end;
}

TEST(HttpClient, ABodyThatHasWaitedIsSentAgainOnANewConnection) {
  ThreadedServer* self = nullptr;
  ThreadedServer server(
      {.on_message =
           [&self](Connection& c) {
             const bool is_put = absl::StartsWith(c.input().view(), "PUT");
             if (is_put && !absl::EndsWith(c.input().view(), "body")) return;
             // The first connection, as it is used again.
             if (is_put && self->shared().connects == 1) return c.Abort();
             c.input().TakeAll();
             c.Write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
           }},
      Local(), 1);
  self = &server;
  TestHttpClient client({.continue_timeout = absl::Milliseconds(1)});
  EXPECT_TRUE(client.Get(At(server.port(), "/")).end.ok());
  const Outcome o = client.Fetch({.method = "PUT",
                                  .url = *Url::Parse(At(server.port(), "/x")),
                                  .body = "body",
                                  .expect_continue = true,
                                  .timeout = absl::Seconds(10)});
  EXPECT_TRUE(o.end.ok()) << o.end;
  EXPECT_EQ(server.shared().connects, 2);
}

TEST(HttpClient, ABodyThatWasNotAskedForIsNotSent) {
  ThreadedServer server(
      {.on_message =
           [](Connection& c) {
             EXPECT_THAT(std::string(c.input().TakeAll()), StartsWith("PUT"));
             c.Write("HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n");
           }},
      Local(), 1);
  TestHttpClient client({.continue_timeout = absl::Minutes(5)});
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(client
                  .Fetch({.method = "PUT",
                          .url = *Url::Parse(At(server.port(), "/x")),
                          .body = "body",
                          .expect_continue = true})
                  .status,
              417);
  }
}

TEST(HttpClient, RequestsThatCannotBeSentAreRefusedAtOnce) {
  HttpClientData data;
  EXPECT_EQ(
      data.Fetch({.method = "A B", .url = *Url::Parse("http://h/")}).code(),
      absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(
      data.Fetch({.url = *Url::Parse("http://h/"), .fields = {{"X", "a\r\nb"}}})
          .code(),
      absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(
      data.Fetch({.url = {.host = "h", .port = 80, .target = "/ HTTP/1.1\r\n"}})
          .code(),
      absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(
      data.Fetch({.url = *Url::Parse("http://h/"), .max_redirects = -1}).code(),
      absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(
      data.Fetch({.method = "CONNECT", .url = *Url::Parse("http://h/")}).code(),
      absl::StatusCode::kInvalidArgument);
}

TEST(HttpClient, CancelWithinACallback) {
  HttpTestServer server;
  TestHttpClient client;
  client.data().on_response = [](HttpClientHandler& handler,
                                 HttpExchange& exchange) {
    handler.Cancel(exchange);
    handler.Cancel(exchange);
  };
  const Outcome o = client.Get(At(server.port(), "/x"));
  EXPECT_EQ(o.end.code(), absl::StatusCode::kCancelled);
  EXPECT_THAT(o.body, IsEmpty());
}

TEST(HttpClient, ACallbackThatThrowsEndsItsExchange) {
  HttpTestServer server;
  TestHttpClient client;
  client.data().on_response = [](HttpClientHandler&, HttpExchange&) {
    throw std::runtime_error("mine");
  };
  EXPECT_EQ(client.Get(At(server.port(), "/x")).end.code(),
            absl::StatusCode::kInternal);
  client.data().on_response = nullptr;
}

TEST(HttpClient, ASocketOfTheApplicationsOwnIsLeftAlone) {
  HttpClientData data;
  EpollTPClient<testing::WithOwnSocket<HttpClientHandler>> client(
      &data, {.threads = 1, .handle_signals = false});
  EXPECT_TRUE(client.Run().ok());
}

// Counts ends, wherever they come.
struct CountingData : HttpClientData {
  void OnEnd(HttpExchange&, const absl::Status& status) override {
    EXPECT_EQ(status.code(), absl::StatusCode::kCancelled) << status;
    ++ends;
  }
  int bad_thread = 0;
  std::atomic<int> ends = 0;
};

class CountingHandler : public HttpClientHandler {
 public:
  CountingHandler(CountingData* data, int thread)
      : HttpClientHandler(data, thread), data_(*data) {}
  absl::Status Init() override {
    if (thread() >= data_.bad_thread) return absl::InternalError("no loop");
    return HttpClientHandler::Init();
  }
  void OnEnd(HttpExchange&, const absl::Status&) override { ++data_.ends; }

 private:
  CountingData& data_;
};

TEST(HttpClient, ARunThatCannotStartEndsAllThatWasAsked) {
  ThreadedServer server(
      {.on_message = [](Connection& c) { c.input().TakeAll(); }}, Local(), 1);
  for (int bad_thread : {0, 1}) {
    CountingData data;
    data.bad_thread = bad_thread;
    for (int i = 0; i < 100; ++i) {
      ASSERT_TRUE(
          data.Fetch({.url = *Url::Parse(At(server.port(), "/"))}).ok());
    }
    EpollTPClient<CountingHandler> client(
        &data, {.threads = 2, .handle_signals = false});
    EXPECT_EQ(client.Run(), absl::InternalError("no loop"));
    EXPECT_EQ(data.ends, 100);
  }
}

TEST(HttpClient, TheEndOfARunEndsWhatIsUnderWay) {
  ThreadedServer server(
      {.on_message = [](Connection& c) { c.input().TakeAll(); }}, Local(), 1);
  TestHttpClient client;
  for (int i = 0; i < 100; ++i) {
    client.Start({.url = *Url::Parse(At(server.port(), "/"))});
  }
  // The destructor of the client asks whether each has ended once.
}

}  // namespace
}  // namespace kingpin::http
