// HttpHandler over real sockets: order, framing, bounds, persistence, errors.
#include "kingpin/http/http_handler.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "kingpin/http/attachment.h"
#include "tests/http/http_test_client.h"
#include "tests/http/http_test_server.h"
#include "tests/testing/process.h"
#include "tests/testing/test_client.h"

namespace kingpin::http {
namespace {

using testing::Eventually;
using testing::HttpAnswer;
using testing::HttpTestClient;
using testing::TestClient;

using Script = testing::HttpScript;
using TestHandler = testing::HttpTestHandler;
using Server = testing::HttpTestServer;
using testing::AnswerText;
using testing::Get;

TEST(HttpHandlerTest, KeepsTheConnection) {
  Server server;
  HttpTestClient client(server.port());
  for (int i = 0; i < 3; ++i) {
    HttpAnswer answer = client.Get(absl::StrCat("/", i));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, absl::StrCat("/", i));
    EXPECT_EQ(answer.field("server"), "kingpin");
    EXPECT_TRUE(answer.has("date"));
    EXPECT_FALSE(answer.has("connection"));
  }
}

TEST(HttpHandlerTest, AnswersPipelinedRequestsInOrder) {
  Server server;
  HttpTestClient client(server.port());
  std::string all;
  constexpr int kRequests = 1000;  // More than one turn takes.
  for (int i = 0; i < kRequests; ++i) all += Get(absl::StrCat("/", i));
  ASSERT_TRUE(client.Send(all));
  for (int i = 0; i < kRequests; ++i) {
    ASSERT_EQ(client.ReadAnswer().body, absl::StrCat("/", i));
  }
}

TEST(HttpHandlerTest, SplittingAtAnyByteChangesNothing) {
  Server server;
  const std::string all = absl::StrCat(
      Get("/a"),
      "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
      "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nTrailer: t\r\n\r\n",
      Get("/d", "Connection: close\r\n"));
  for (size_t i = 1; i < all.size(); ++i) {
    HttpTestClient client(server.port());
    ASSERT_TRUE(client.Send(all.substr(0, i)));
    // The first part has been seen once a request on it has been answered or,
    // for what has none, when the other connection is.
    HttpTestClient other(server.port());
    ASSERT_EQ(other.Get("/other").status, 200);
    ASSERT_TRUE(client.Send(all.substr(i)));
    ASSERT_EQ(client.ReadAnswer().body, "/a") << i;
    ASSERT_EQ(client.ReadAnswer().body, "/b|hello") << i;
    ASSERT_EQ(client.ReadAnswer().body, "/c|abcdefg") << i;
    ASSERT_EQ(client.ReadAnswer().body, "/d") << i;
    ASSERT_TRUE(client.AtEnd()) << i;
  }
}

TEST(HttpHandlerTest, TakesAHeadByteByByte) {
  Server server;
  HttpTestClient client(server.port());
  for (const char c : Get("/slow", "X: y\r\n")) {
    ASSERT_TRUE(client.Send(std::string(1, c)));
  }
  EXPECT_EQ(client.ReadAnswer().body, "/slow");
  EXPECT_EQ(client.Get("/next").body, "/next");
}

TEST(HttpHandlerTest, Http10ClosesUnlessAsked) {
  Server server;
  HttpTestClient closing(server.port());
  closing.Send("GET /a HTTP/1.0\r\n\r\n");
  HttpAnswer answer = closing.ReadAnswer();
  EXPECT_EQ(answer.body, "/a");
  EXPECT_EQ(answer.field("connection"), "close");
  EXPECT_TRUE(closing.AtEnd());

  HttpTestClient kept(server.port());
  for (int i = 0; i < 2; ++i) {
    kept.Send("GET /b HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    answer = kept.ReadAnswer();
    EXPECT_EQ(answer.body, "/b");
    EXPECT_EQ(answer.field("connection"), "keep-alive");
  }
}

TEST(HttpHandlerTest, WhatFollowsACloseIsNotAnswered) {
  Server server;
  HttpTestClient client(server.port());
  client.Send(Get("/a", "Connection: close\r\n") + Get("/b"));
  EXPECT_EQ(client.ReadAnswer().body, "/a");
  client.socket().HalfClose();
  EXPECT_TRUE(client.AtEnd());
  EXPECT_EQ(client.socket().error(), 0);  // FIN, no RST.
  EXPECT_EQ(server.shared().requests, 1);
}

TEST(HttpHandlerTest, HeadHasNoBody) {
  Server server;
  HttpTestClient client(server.port());
  HttpAnswer answer = client.Ask("HEAD", "/abc");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.field("content-length"), "4");
  EXPECT_EQ(client.Get("/next").body, "/next");
}

TEST(HttpHandlerTest, RefusesWhatItCannotParse) {
  struct Case {
    std::string request;
    int status;
  };
  const std::vector<Case> cases = {
      {"nonsense\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n\r\n", 400},  // No Host.
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"GET / HTTP/1.1\nHost: a\n\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
       "Transfer-Encoding: chunked\r\n\r\n",
       400},
      {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
       501},
      {absl::StrCat("GET /", std::string(9000, 'x'), " HTTP/1.1\r\n"), 414},
      {absl::StrCat("GET / HTTP/1.1\r\nHost: a\r\nX: ",
                    std::string(40000, 'x')),
       431},
      {"GET / HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\n\r\n", 417},
  };
  Server server;
  for (const Case& c : cases) {
    HttpTestClient client(server.port());
    client.Send(c.request);
    HttpAnswer answer = client.ReadAnswer();
    EXPECT_EQ(answer.status, c.status) << c.request.substr(0, 80);
    EXPECT_EQ(answer.field("connection"), "close");
    client.socket().HalfClose();
    EXPECT_TRUE(client.AtEnd());
    EXPECT_EQ(client.socket().error(), 0);
  }
  EXPECT_EQ(server.shared().requests, 0);
}

TEST(HttpHandlerTest, BodyBound) {
  Server server({.options = {.max_body_bytes = 10}});
  HttpTestClient fits(server.port());
  fits.Send(
      "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n0123456789");
  EXPECT_EQ(fits.ReadAnswer().body, "/a|0123456789");

  HttpTestClient announced(server.port());
  announced.Send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n");
  EXPECT_EQ(announced.ReadAnswer().status, 413);
  EXPECT_TRUE((announced.socket().HalfClose(), announced.AtEnd()));

  HttpTestClient chunked(server.port());
  chunked.Send(
      "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
      "6\r\n123456\r\n5\r\n12345\r\n");
  EXPECT_EQ(chunked.ReadAnswer().status, 413);
}

TEST(HttpHandlerTest, MalformedChunkIs400) {
  Server server;
  HttpTestClient client(server.port());
  client.Send(
      "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
      "chunked\r\n\r\nxyz\r\n");
  EXPECT_EQ(client.ReadAnswer().status, 400);
}

constexpr char kChunkedHead[] =
    "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";

TEST(HttpHandlerTest, AnAnswerBeforeTheEndOfAChunkedBodyAnnouncesTheClose) {
  Server server({.on_request = [](TestHandler& handler, Connection& c,
                                  const Request& request) {
    AnswerText(handler, c, request.path);
  }});
  for (const char* rest : {"xyz\r\n", "3\r\nabc\r\n0\r\n\r\n"}) {
    HttpTestClient client(server.port());
    client.Send(kChunkedHead);
    const HttpAnswer answer = client.ReadAnswer();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.field("connection"), "close");
    client.Send(rest);
    client.Send(Get("/b"));
    client.socket().HalfClose();
    EXPECT_TRUE(client.AtEnd()) << rest;  // No second answer.
    EXPECT_EQ(client.socket().error(), 0) << rest;
  }
  // All of it has come: there is nothing left that could be wrong.
  HttpTestClient client(server.port());
  client.Send(absl::StrCat(kChunkedHead, "3\r\nabc\r\n0\r\n\r\n"));
  EXPECT_FALSE(client.ReadAnswer().has("connection"));
  EXPECT_EQ(client.Get("/b").body, "/b");
}

TEST(HttpHandlerTest, AnAnswerAfterAChunkedBodyKeepsTheConnection) {
  Server server;
  HttpTestClient client(server.port());
  client.Send(kChunkedHead);
  client.Send("3\r\nabc\r\n");
  ASSERT_TRUE(Eventually([&] { return server.shared().requests == 1; }));
  client.Send("0\r\n\r\n");
  const HttpAnswer answer = client.ReadAnswer();
  EXPECT_EQ(answer.body, "/a|abc");
  EXPECT_FALSE(answer.has("connection"));
  EXPECT_EQ(client.Get("/b").body, "/b");
}

TEST(HttpHandlerTest, ExpectContinue) {
  Server server;
  HttpTestClient client(server.port());
  client.Send(
      "POST /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
      "Content-Length: 2\r\n\r\n");
  EXPECT_EQ(client.ReadAnswer().status, 100);
  client.Send("hi");
  EXPECT_EQ(client.ReadAnswer().body, "/a|hi");
  EXPECT_EQ(client.Get("/next").body, "/next");
}

TEST(HttpHandlerTest, AnswerInsteadOfContinueCloses) {
  Server server({.on_request = [](TestHandler& handler, Connection& c,
                                  const Request&) {
    handler.AnswerError(c, HttpStatus::kMethodNotAllowed, {{"Allow", "GET"}});
  }});
  HttpTestClient client(server.port());
  client.Send(
      "POST /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
      "Content-Length: 2\r\n\r\n");
  HttpAnswer answer = client.ReadAnswer();
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.field("connection"), "close");
}

TEST(HttpHandlerTest, EarlyAnswerDiscardsTheBodyAndKeeps) {
  Server server({.on_request = [](TestHandler& handler, Connection& c,
                                  const Request& request) {
    AnswerText(handler, c, request.path);
  }});
  HttpTestClient client(server.port());
  client.Send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(client.ReadAnswer().body, "/a");
  client.Send("GET /" + Get("/c"));  // Five bytes of body, then a request.
  EXPECT_EQ(client.ReadAnswer().body, "/c");
}

TEST(HttpHandlerTest, DeferredAnswersKeepTheOrder) {
  Server server({.on_request = [](TestHandler& handler, Connection& c,
                                  const Request& request) {
    if (request.path != "/later") return AnswerText(handler, c, request.path);
    handler.Defer(c);
    handler.RunAfter(absl::Milliseconds(20), [&handler, id = c.id()] {
      handler.RunWith(id, [&](Connection& later) {
        AnswerText(handler, later, "later");
        handler.Resume(later);
      });
    });
  }});
  HttpTestClient client(server.port());
  client.Send(Get("/later") + Get("/b") + Get("/later") + Get("/c"));
  EXPECT_EQ(client.ReadAnswer().body, "later");
  EXPECT_EQ(client.ReadAnswer().body, "/b");
  EXPECT_EQ(client.ReadAnswer().body, "later");
  EXPECT_EQ(client.ReadAnswer().body, "/c");
  // With nothing behind it, and a half-closed client.
  client.Send(Get("/later"));
  client.socket().HalfClose();
  EXPECT_EQ(client.ReadAnswer().body, "later");
  EXPECT_TRUE(client.AtEnd());
}

TEST(HttpHandlerTest, ResumeInsideOfTheCallbackAnswersOnce) {
  const auto answer_at_once = [](TestHandler& handler, Connection& c) {
    handler.Defer(c);
    AnswerText(handler, c, "found");
    handler.Resume(c);
  };
  Server server(
      {.on_request =
           [&](TestHandler& handler, Connection& c, const Request& request) {
             if (!request.has_body()) answer_at_once(handler, c);
           },
       .on_body =
           [&](TestHandler& handler, Connection& c, std::string_view,
               bool last) {
             if (!last) return;
             std::string& kept = handler.Attach<std::string>(c, "kept");
             answer_at_once(handler, c);
             EXPECT_EQ(kept, "kept");  // Lives until we return.
           }});
  HttpTestClient client(server.port());
  for (int i = 0; i < 3; ++i) {
    client.Send(
        "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello");
    HttpAnswer answer = client.ReadAnswer();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "found");
    EXPECT_EQ(client.Get("/b").body, "found");
  }
  EXPECT_TRUE(client.socket().received().empty());
  EXPECT_EQ(server.shared().requests, 6);
  EXPECT_EQ(server.shared().exchange_ends, 3);
}

TEST(HttpHandlerTest, DeferredStreamInsteadOfContinueIsWhole) {
  Server server(
      {.on_request = [](TestHandler& handler, Connection& c, const Request&) {
        char room[1024];
        ResponseHead head = handler.BeginHead(c, HttpStatus::kOk, room);
        head.AddContentLength(10);
        const std::string_view text = head.Finish();
        handler.SendHead(c, HttpStatus::kOk, text, text.size());
        handler.SendBody(c, "first");
        handler.Defer(c);
        handler.RunAfter(absl::Milliseconds(20), [&handler, id = c.id()] {
          handler.RunWith(id, [&](Connection& later) {
            handler.SendBody(later, "later");
            handler.Resume(later);
          });
        });
      }});
  HttpTestClient client(server.port());
  client.Send(
      "POST /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
      "Content-Length: 2\r\n\r\n");
  HttpAnswer answer = client.ReadAnswer();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.field("connection"), "close");
  EXPECT_EQ(answer.body, "firstlater");
  client.socket().HalfClose();
  EXPECT_TRUE(client.AtEnd());
}

TEST(HttpHandlerTest, AnAttachmentIsFoundByItsTypeOnly) {
  Server server(
      {.on_request = [](TestHandler& handler, Connection& c, const Request&) {
        EXPECT_EQ(handler.attachment<std::string>(c), nullptr);
        handler.Attach<std::string>(c, "attached");
        EXPECT_EQ(handler.attachment<std::vector<char>>(c), nullptr);
        ASSERT_NE(handler.attachment<std::string>(c), nullptr);
        EXPECT_EQ(*handler.attachment<std::string>(c), "attached");
        handler.Attach<int>(c, 7);  // In its place.
        EXPECT_EQ(handler.attachment<std::string>(c), nullptr);
        EXPECT_EQ(*handler.attachment<int>(c), 7);
        AnswerText(handler, c, "done");
      }});
  HttpTestClient client(server.port());
  EXPECT_EQ(client.Get("/").body, "done");
  EXPECT_EQ(client.Get("/").body, "done");
}

TEST(HttpHandlerTest, ExchangeEndComesOnce) {
  Server server({.on_request = [](TestHandler& handler, Connection& c,
                                  const Request& request) {
    if (request.path == "/plain") return AnswerText(handler, c, "plain");
    handler.Attach<std::string>(c, "attached");
    if (request.path == "/throws") throw std::runtime_error("test");
    if (!request.has_body()) AnswerText(handler, c, "attached");
  }});
  std::atomic<int>& ends = server.shared().exchange_ends;
  HttpTestClient client(server.port());
  EXPECT_EQ(client.Get("/plain").body, "plain");
  EXPECT_EQ(ends, 0);
  EXPECT_EQ(client.Get("/attached").body, "attached");
  EXPECT_EQ(client.Get("/plain").body, "plain");
  EXPECT_EQ(ends, 1);
  // Refused with something attached, and left in the middle of a body.
  EXPECT_EQ(client.Get("/throws").status, 500);
  client.socket().Close();
  EXPECT_TRUE(Eventually([&] { return ends == 2; }));
  HttpTestClient leaver(server.port());
  leaver.Send("POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhe");
  EXPECT_TRUE(Eventually([&] { return server.shared().requests == 5; }));
  leaver.socket().Reset();
  EXPECT_TRUE(Eventually([&] { return ends == 3; }));
  server.Stop();
  EXPECT_EQ(ends, 3);
}

TEST(HttpHandlerTest, HalfClosedClientsGetAllAnswers) {
  Server server;
  HttpTestClient client(server.port());
  std::string all;
  for (int i = 0; i < 500; ++i) all += Get(absl::StrCat("/", i));
  client.Send(all + "GET /partial HT");
  client.socket().HalfClose();
  for (int i = 0; i < 500; ++i) {
    ASSERT_EQ(client.ReadAnswer().body, absl::StrCat("/", i));
  }
  EXPECT_TRUE(client.AtEnd());
}

TEST(HttpHandlerTest, ExceptionsAre500) {
  Server server({.on_request = [](TestHandler& handler, Connection& c,
                                  const Request& request) {
    if (request.path == "/late") AnswerText(handler, c, "answered");
    if (request.path != "/ok") throw std::runtime_error("test");
    AnswerText(handler, c, "ok");
  }});
  HttpTestClient early(server.port());
  HttpAnswer answer = early.Get("/early");
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(answer.field("connection"), "close");
  HttpTestClient late(server.port());
  late.Send(Get("/late"));
  EXPECT_TRUE(late.socket().WaitForEnd());
  HttpTestClient after(server.port());
  EXPECT_EQ(after.Get("/ok").body, "ok");
}

TEST(HttpHandlerTest, ASecondAnswerIsNotSent) {
  Server server({.on_request = [](TestHandler& handler, Connection& c,
                                  const Request& request) {
    AnswerText(handler, c, "first");
    if (request.path == "/twice") AnswerText(handler, c, "second");
  }});
  HttpTestClient client(server.port());
  client.Send(Get("/once") + Get("/twice") + Get("/once"));
  EXPECT_EQ(client.ReadAnswer().body, "first");
  EXPECT_EQ(client.ReadAnswer().body, "first");
  client.socket().HalfClose();
  EXPECT_TRUE(client.AtEnd());
}

TEST(HttpHandlerTest, ForgottenAnswerIs500) {
  Server server(
      {.on_request = [](TestHandler&, Connection&, const Request&) {}});
  HttpTestClient client(server.port());
  EXPECT_EQ(client.Get("/").status, 500);
}

TEST(HttpHandlerTest, RefusesToStartWithOptionsOutOfBounds) {
  const auto error = [](HttpOptions options,
                        ConnectionOptions connection = {}) {
    testing::HttpTestShared shared(
        {.options = options},
        {.listen = {"127.0.0.1:0"}, .connection = connection});
    EpollTPServer<TestHandler> pool(&shared,
                                    {.threads = 1, .handle_signals = false});
    return std::string(pool.Start().message());
  };
  const std::string server(kMaxServerBytes + 1, 's');
  EXPECT_TRUE(absl::StrContains(error({.server = server}), "server"));
  EXPECT_TRUE(absl::StrContains(error({.request = {.max_target = 40 << 10}}),
                                "max_target"));
  EXPECT_TRUE(
      absl::StrContains(error({}, {.input_limit_bytes = 4096}), "max_head"));
}

TEST(HttpHandlerTest, TheLongestServerNameFitsEveryError) {
  const std::string name(kMaxServerBytes, 's');
  Server server({.options = {.server = name}});
  HttpTestClient client(server.port());
  client.Send("nonsense\r\n\r\n");
  const HttpAnswer answer = client.ReadAnswer();
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.field("server"), name);
}

TEST(HttpHandlerTest, AHeadThatDoesNotFitIs500) {
  Server server({.on_request = [](TestHandler& handler, Connection& c,
                                  const Request& request) {
    const std::string value(2000, 'x');
    if (request.path == "/500") {
      handler.AnswerError(c, HttpStatus::kInternalServerError, {{"X", value}});
    } else {
      handler.AnswerError(c, HttpStatus::kNotFound, {{"X", value}});
    }
  }});
  HttpTestClient client(server.port());
  EXPECT_EQ(client.Get("/404").status, 500);
  // Not even that one fits: there is nothing to say.
  HttpTestClient other(server.port());
  EXPECT_EQ(other.Get("/500").status, 0);
  EXPECT_TRUE(other.AtEnd());
}

TEST(HttpHandlerTest, MaxRequests) {
  Server server({.options = {.max_requests = 2}});
  HttpTestClient client(server.port());
  EXPECT_FALSE(client.Get("/a").has("connection"));
  EXPECT_EQ(client.Get("/b").field("connection"), "close");
  client.socket().HalfClose();
  EXPECT_TRUE(client.AtEnd());
}

TEST(HttpHandlerTest, PeerThatDoesNotReadIsNotProducedFor) {
  const std::string large(64 << 10, 'x');
  Server server(
      {.on_request = [&](TestHandler& handler, Connection& c, const Request&) {
        AnswerText(handler, c, large);
      }});
  TestClient slow = TestClient::Connect(server.port(), 4096);
  std::string all;
  constexpr int kRequests = 300;
  for (int i = 0; i < kRequests; ++i) all += Get("/");
  slow.TrySend(all);
  // Others are served, and what the slow one asked for stays undone.
  for (int i = 0; i < 50; ++i) {
    HttpTestClient client(server.port());
    ASSERT_EQ(client.Get("/").body.size(), large.size());
  }
  EXPECT_LT(server.shared().requests, 50 + 150);
  // As soon as it reads, it gets all of it.
  size_t received = 0;
  for (int i = 0; i < kRequests; ++i) {
    received += slow.Read(large.size()).size();
  }
  EXPECT_EQ(received, kRequests * large.size());
}

TEST(HttpHandlerTest, DrainClosesAfterTheAnswer) {
  absl::Notification draining;
  Server server({.on_request = [&](TestHandler& handler, Connection& c,
                                   const Request& request) {
    if (request.path != "/later") return AnswerText(handler, c, "now");
    handler.Defer(c);
    handler.shared().Shutdown(RunPhase::kDraining);
    handler.RunAfter(absl::Milliseconds(50), [&handler, id = c.id()] {
      handler.RunWith(id, [&](Connection& later) {
        AnswerText(handler, later, "later");
        handler.Resume(later);
      });
    });
  }});
  HttpTestClient idle(server.port());
  EXPECT_EQ(idle.Get("/").body, "now");
  HttpTestClient client(server.port());
  HttpAnswer answer = client.Get("/later");
  EXPECT_EQ(answer.body, "later");
  EXPECT_EQ(answer.field("connection"), "close");
  client.socket().HalfClose();
  EXPECT_TRUE(client.AtEnd());
  EXPECT_TRUE(idle.AtEnd());
  EXPECT_TRUE(server.pool().Wait().ok());
}

TEST(HttpHandlerTest, DrainLetsABodyComeToItsEnd) {
  Server server;
  HttpTestClient client(server.port());
  HttpTestClient idle(server.port());
  EXPECT_EQ(idle.Get("/").body, "/");
  client.Send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n01234");
  ASSERT_TRUE(Eventually([&] { return server.shared().requests == 2; }));
  server.pool().Shutdown(RunPhase::kDraining);
  EXPECT_TRUE(idle.AtEnd());  // The drain has begun.
  for (const char c : std::string("56789")) {
    absl::SleepFor(absl::Milliseconds(20));
    ASSERT_TRUE(client.Send(std::string(1, c)));
  }
  HttpAnswer answer = client.ReadAnswer();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "/a|0123456789");
  EXPECT_EQ(answer.field("connection"), "close");
  client.socket().HalfClose();
  EXPECT_TRUE(client.AtEnd());
  EXPECT_TRUE(server.pool().Wait().ok());
}

TEST(HttpHandlerTest, ABodyThatDoesNotComeTimesOut) {
  Server server(
      {}, {.connection = {.timeouts = {.idle = absl::InfiniteDuration(),
                                       .read = absl::Milliseconds(300)}}});
  HttpTestClient client(server.port());
  EXPECT_EQ(client.Get("/").body, "/");
  client.Send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n01234");
  EXPECT_TRUE(client.AtEnd());
}

TEST(HttpHandlerTest, WhatHasNoBodyByDefinitionIsSentWithout) {
  for (const HttpStatus status :
       {HttpStatus::kNoContent, HttpStatus::kNotModified}) {
    Server server({.on_request = [&](TestHandler& handler, Connection& c,
                                     const Request& request) {
      if (request.path == "/next") return AnswerText(handler, c, "next");
      char room[1024];
      ResponseHead head = handler.BeginHead(c, status, room);
      if (request.path == "/text") {
        return handler.Answer(c, status, &head,
                              "HTTP/1.1 200 smuggled\r\n\r\n");
      }
      auto file = std::make_shared<const UniqueFd>(
          open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
      handler.AnswerFile(c, status, &head, std::move(file), 0, 100);
    }});
    HttpTestClient client(server.port());
    for (const char* path : {"/text", "/file"}) {
      const HttpAnswer answer = client.Get(path);
      EXPECT_EQ(answer.status, static_cast<int>(status));
      EXPECT_FALSE(answer.has("content-length"));
      EXPECT_EQ(client.Get("/next").body, "next");
    }
  }
}

TEST(HttpHandlerTest, AHeadRequestThatIsRefusedGetsNoBody) {
  Server server;
  for (const char* fields : {"", "Host: h\r\nExpect: y\r\n"}) {
    HttpTestClient client(server.port());
    client.Send(absl::StrCat("HEAD / HTTP/1.1\r\n", fields, "\r\n"));
    const HttpAnswer answer = client.ReadAnswer(/*has_body=*/false);
    EXPECT_GE(answer.status, 400);
    EXPECT_TRUE(answer.has("content-length"));
    EXPECT_TRUE(client.AtEnd());
  }
}

}  // namespace
}  // namespace kingpin::http
