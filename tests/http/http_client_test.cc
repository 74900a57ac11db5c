// The HTTP client against our own server, and against peers that answer whatever a
// test makes them say.
#include "kingpin/http/http_client.h"

#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
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
#include "kingpin/http/content_decoder.h"
#include "kingpin/pool/epoll_tp_client.h"
#include "kingpin/pool/loop_stats.h"
#include "tests/http/http_client_testing.h"
#include "tests/http/http_test_server.h"
#include "tests/testing/scripted_server.h"
#include "tests/testing/with_own_socket.h"

namespace kingpin::http {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using testing::HttpScript;
using testing::HttpTestHandler;
using testing::HttpTestServer;
using ::testing::IsEmpty;
using testing::Local;
using ::testing::Not;
using testing::Outcome;
using testing::Script;
using ::testing::StartsWith;
using testing::TestHttpClient;
using testing::ThreadedServer;

std::string At(uint16_t port, std::string_view path) {
  return absl::StrCat("http://127.0.0.1:", port, path);
}

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

// Says `answer` to whatever comes, and closes if it is to.
ThreadedServer Saying(std::string answer, bool close) {
  return ThreadedServer({.on_message =
                             [=](Connection& c) {
                               c.input().TakeAll();
                               c.Write(answer);
                               if (close) c.Close();
                             }},
                        Local(), 1);
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

TEST(HttpClient, PeersThatBreakTheRules) {
  const auto end = [](std::string answer) {
    ThreadedServer server = Saying(std::move(answer), /*close=*/true);
    TestHttpClient client;
    return client.Get(At(server.port(), "/")).end;
  };
  EXPECT_EQ(end("SSH-2.0-x\r\n").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(end("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort").code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(end("HTTP/1.1 200 OK\r\nContent-Len").code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(end("HTTP/1.1 200 OK\r\nContent-Encoding: x\r\n\r\nz").code(),
            absl::StatusCode::kUnimplemented);
  EXPECT_EQ(end("HTTP/1.1 101 Yes\r\nUpgrade: x\r\n\r\nxyz").code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(end("").code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(end("HTTP/1.1 200 OK\r\n\r\nuntil the end").ok());
}

TEST(HttpClient, WhatFollowsAnAnswerIsAnError) {
  ThreadedServer server = Saying(
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 Mine\r\n",
      /*close=*/false);
  TestHttpClient client;
  for (int i = 1; i <= 2; ++i) {
    const Outcome o = client.Get(At(server.port(), "/"));
    EXPECT_EQ(o.end.code(), absl::StatusCode::kInvalidArgument) << o.end;
    EXPECT_THAT(std::string(o.end.message()), HasSubstr("19 bytes"));
    EXPECT_EQ(o.body, "ok");
    EXPECT_EQ(server.shared().connects, i) << "and costs the connection";
  }
}

TEST(HttpClient, WhatFollowsAnAnswerIsDroppedByALenientClient) {
  ThreadedServer server = Saying(
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 Mine\r\n",
      /*close=*/false);
  TestHttpClient client({.response = {.syntax = ResponseSyntax::kLenient}});
  for (int i = 1; i <= 2; ++i) {
    const Outcome o = client.Get(At(server.port(), "/"));
    EXPECT_TRUE(o.end.ok()) << o.end;
    EXPECT_EQ(o.body, "ok");
    EXPECT_EQ(server.shared().connects, i) << "and costs the connection";
  }
}

TEST(HttpClient, AConnectionThatBreaksWithinTheAnswerIsALoss) {
  // The answer's begin, and when it has been seen a reset.
  absl::Notification seen;
  ThreadedServer server(
      {.on_message =
           [](Connection& c) {
             c.input().TakeAll();
             c.Write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsh");
           },
       .on_loop =
           [&seen](IOHandler& handler) {
             handler.RunAfter(absl::Milliseconds(1), [] {});  // Looks again.
             if (!seen.HasBeenNotified()) return;
             handler.ForEachConnection([](Connection& c) {
               const linger reset = {.l_onoff = 1, .l_linger = 0};
               setsockopt(c.fd(), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
               c.Abort();
             });
           }},
      Local(), 1);
  TestHttpClient client;
  client.data().on_response = [&seen](HttpClientHandler&, HttpExchange&) {
    seen.Notify();
  };
  const Outcome o = client.Get(At(server.port(), "/"));
  EXPECT_EQ(o.end.code(), absl::StatusCode::kDataLoss) << o.end;
  EXPECT_THAT(std::string(o.end.message()), HasSubstr("within the answer"));
}

TEST(HttpClient, AnAnswerBeyondTheBoundIsCut) {
  HttpTestServer server({.on_request = [](HttpTestHandler& handler,
                                          Connection& c, const Request&) {
    testing::AnswerText(handler, c, std::string(10'000, 'x'));
  }});
  TestHttpClient client({.response = {.max_body = 9'999}});
  EXPECT_EQ(client.Get(At(server.port(), "/")).end.code(),
            absl::StatusCode::kResourceExhausted);
}

TEST(HttpClient, FailureMode49ABombIsCutAtTheBound) {
  const std::string zeros(64 << 20, '\0');
  uLongf size = compressBound(zeros.size());
  std::string bomb(size, '\0');
  ASSERT_EQ(
      compress(reinterpret_cast<Bytef*>(bomb.data()), &size,
               reinterpret_cast<const Bytef*>(zeros.data()), zeros.size()),
      Z_OK);
  bomb.resize(size);
  ThreadedServer server =
      Saying(absl::StrCat("HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\n"
                          "Content-Length: ",
                          size, "\r\n\r\n", bomb),
             /*close=*/false);
  TestHttpClient client({.response = {.max_body = 1 << 20}});
  const Outcome o = client.Get(At(server.port(), "/"));
  EXPECT_EQ(o.end.code(), absl::StatusCode::kResourceExhausted) << o.end;
  EXPECT_LE(o.body.size(), size_t{1} << 20);
}

// 256 MiB of zeros, in 256 KiB.
constexpr int kBombMib = 256;
std::string GzipBomb() {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 9, 0), Z_OK);
  std::string zeros(1 << 20, '\0');
  std::string bomb(1 << 20, '\0');
  stream.next_out = reinterpret_cast<Bytef*>(bomb.data());
  stream.avail_out = static_cast<uInt>(bomb.size());
  for (int i = 1; i <= kBombMib; ++i) {
    stream.next_in = reinterpret_cast<Bytef*>(zeros.data());
    stream.avail_in = static_cast<uInt>(zeros.size());
    deflate(&stream, i == kBombMib ? Z_FINISH : Z_NO_FLUSH);
  }
  bomb.resize(stream.total_out);
  deflateEnd(&stream);
  return absl::StrCat(
      "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
      "Content-Length: ",
      bomb.size(), "\r\n\r\n", bomb);
}

const std::string& Bomb() {
  static const std::string* const bomb = new std::string(GzipBomb());
  return *bomb;
}

// No clocks: the loop of the client has to come round between the pieces.
TEST(HttpClient, FailureMode49ABombDoesNotHoldUpTheLoop) {
  ThreadedServer server = Saying(Bomb(), /*close=*/false);
  TestHttpClient client;
  const Counter& rounds = client.data().thread(0).stats().iterations;
  uint64_t round = 0;
  size_t in_round = 0;
  size_t most = 0;
  size_t all = 0;
  client.data().on_body = [&](HttpClientHandler& handler,
                              HttpExchange& exchange, std::string_view data) {
    if (rounds.value() != round) in_round = 0;
    round = rounds.value();
    most = std::max(most, in_round += data.size());
    // A timer of the same loop has its turn, too.
    if (all == 0) {
      handler.RunAfter(absl::ZeroDuration(),
                       [&handler, &exchange] { handler.Cancel(exchange); });
    }
    all += data.size();
  };
  const Outcome o = client.Get(At(server.port(), "/"));
  EXPECT_EQ(o.end.code(), absl::StatusCode::kCancelled) << o.end;
  EXPECT_LE(most, ContentDecoder::kTurnBytes + (16 << 10));
  EXPECT_LT(all, size_t{kBombMib} << 20);
}

TEST(HttpClient, FailureMode49TheDeadlineEndsABomb) {
  ThreadedServer server = Saying(Bomb(), /*close=*/false);
  TestHttpClient client;
  std::atomic<size_t> all = 0;
  client.data().on_body = [&](HttpClientHandler&, HttpExchange&,
                              std::string_view data) { all += data.size(); };
  const Outcome o = client.Fetch({.url = *Url::Parse(At(server.port(), "/")),
                                  .timeout = absl::Milliseconds(100)});
  // A machine that does all of it in this time has no need of a deadline.
  EXPECT_TRUE(o.end.code() == absl::StatusCode::kDeadlineExceeded ||
              (o.end.ok() && all == size_t{kBombMib} << 20))
      << o.end << " after " << all;
}

TEST(HttpClient, NobodyThere) {
  uint16_t port;
  {
    HttpTestServer server;
    port = server.port();
  }
  TestHttpClient client;
  const Outcome o = client.Get(At(port, "/"));
  EXPECT_EQ(o.end.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(
      std::string(o.end.message()),
      HasSubstr(absl::StrCat("127.0.0.1 port ", port, ": connection refused")));
}

TEST(HttpClient, TheTimeOfARequestIsBounded) {
  ThreadedServer server(
      {.on_message = [](Connection& c) { c.input().TakeAll(); }}, Local(), 1);
  TestHttpClient client;
  const Outcome o = client.Fetch({.url = *Url::Parse(At(server.port(), "/")),
                                  .timeout = absl::Milliseconds(50)});
  EXPECT_EQ(o.end.code(), absl::StatusCode::kDeadlineExceeded) << o.end;
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

TEST(HttpClient, ThroughAProxy) {
  HttpTestServer proxy(
      {.on_request = [](HttpTestHandler& handler, Connection& c,
                        const Request& request) {
        testing::AnswerText(handler, c,
                            absl::StrCat(request.target, " for ",
                                         request.Find("Host").value_or("?")));
      }});
  TestHttpClient client({.proxy = *Url::Parse(At(proxy.port(), "/"))});
  EXPECT_THAT(client.Get("http://nowhere.invalid/a?b").body,
              AnyOf(HasSubstr("http://nowhere.invalid/a?b for nowhere.invalid"),
                    HasSubstr("/a?b for nowhere.invalid")));
}

TEST(HttpClient, WhatIsNoProxyIsRefusedAtOnce) {
  HttpClientOptions encrypted;
  encrypted.proxy = *Url::Parse("https://proxy:3128");
  HttpClientOptions bad_field;
  bad_field.proxy = *Url::Parse("http://proxy:3128");
  bad_field.proxy_fields = {{"X", "a\r\nb"}};
  HttpClientOptions no_port;
  no_port.proxy = {.host = "proxy"};
  for (const HttpClientOptions& options : {encrypted, bad_field, no_port}) {
    HttpClientData data(options);
    EXPECT_EQ(data.Fetch({.url = *Url::Parse("http://h/")}).code(),
              absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(data.Open(1).code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST(HttpClient, FailuresThroughAProxyNameIt) {
  uint16_t port;
  {
    HttpTestServer server;
    port = server.port();
  }
  TestHttpClient nobody({.proxy = *Url::Parse(At(port, "/"))});
  for (std::string_view scheme : {"http", "https"}) {
    const Outcome o = nobody.Get(absl::StrCat(scheme, "://nowhere.invalid/"));
    EXPECT_EQ(o.end.code(), absl::StatusCode::kUnavailable);
    EXPECT_THAT(std::string(o.end.message()),
                StartsWith(absl::StrCat("proxy 127.0.0.1:", port, ": conn")));
  }
  ThreadedServer closes({.on_message = [](Connection& c) { c.Close(); }},
                        Local(), 1);
  TestHttpClient client({.proxy = *Url::Parse(At(closes.port(), "/"))});
  const Outcome o = client.Get("https://nowhere.invalid/");
  EXPECT_EQ(o.end.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(
      std::string(o.end.message()),
      StartsWith(absl::StrCat("proxy 127.0.0.1:", closes.port(), ": ")));
}

TEST(HttpClient, FailuresOfWhatLiesBehindAProxyAreNotItsOwn) {
  ThreadedServer proxy =
      Saying("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsh",
             /*close=*/true);
  TestHttpClient client({.proxy = *Url::Parse(At(proxy.port(), "/"))});
  const Outcome o = client.Get("http://nowhere.invalid/");
  EXPECT_EQ(o.end.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(o.end.message()), Not(HasSubstr("proxy")));
}

TEST(HttpClient, AProxyOpensATunnelWithOkAndNothingElse) {
  ThreadedServer switches = Saying("HTTP/1.1 101 Yes\r\nUpgrade: x\r\n\r\n",
                                   /*close=*/false);
  TestHttpClient client({.proxy = *Url::Parse(At(switches.port(), "/"))});
  const Outcome o = client.Get("https://nowhere.invalid/");
  EXPECT_EQ(o.end.code(), absl::StatusCode::kUnavailable) << o.end;
  EXPECT_THAT(std::string(o.end.message()), HasSubstr("CONNECT with 101"));
}

TEST(HttpClient, WhatAProxySendsBehindItsAnswerIsNotThePeers) {
  ThreadedServer talks =
      Saying("HTTP/1.1 200 OK\r\n\r\nhello", /*close=*/false);
  TestHttpClient client({.proxy = *Url::Parse(At(talks.port(), "/"))});
  const Outcome o = client.Get("https://nowhere.invalid/");
  EXPECT_EQ(o.end.code(), absl::StatusCode::kUnavailable) << o.end;
  EXPECT_THAT(std::string(o.end.message()),
              HasSubstr("5 bytes behind its answer to CONNECT"));
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
