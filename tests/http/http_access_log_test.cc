// The access log: what of an exchange is written, and when.
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

#include "absl/strings/match.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "kingpin/http/attachment.h"
#include "kingpin/http/http_handler.h"
#include "kingpin/logger/logger.h"
#include "kingpin/sys/fault.h"
#include "kingpin/sys/unique_fd.h"
#include "tests/http/http_test_client.h"
#include "tests/http/http_test_server.h"
#include "tests/testing/process.h"
#include "tests/testing/test_client.h"

namespace kingpin::http {
namespace {

using testing::AnswerText;
using testing::Eventually;
using testing::Get;
using testing::HttpAnswer;
using testing::HttpTestClient;
using testing::TestClient;

using TestHandler = testing::HttpTestHandler;
using Server = testing::HttpTestServer;

// Resumes the connection soon after `resume` has become true.
void ResumeWhen(const std::atomic<bool>& resume, TestHandler& handler,
                ConnectionId id) {
  handler.RunAfter(absl::Milliseconds(1), [&resume, &handler, id] {
    if (!resume) return ResumeWhen(resume, handler, id);
    handler.RunWith(id, [&](Connection& c) { handler.Resume(c); });
  });
}

class AccessLogTest : public ::testing::Test {
 protected:
  AccessLogTest() {
    path_ = ::testing::TempDir() + "/access_log_test";
    unlink(path_.c_str());
    fd_ = UniqueFd(open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND, 0600));
    log_ = std::make_unique<Logger>(Logger::Options{.fd = fd_.get()});
  }
  std::string Text() {
    log_->Flush();
    std::string text(1 << 20, 0);
    text.resize(pread(fd_.get(), text.data(), text.size(), 0));
    return text;
  }

  std::string path_;
  UniqueFd fd_;
  std::unique_ptr<Logger> log_;
};

TEST_F(AccessLogTest, WritesTheCombinedFormat) {
  Server server({.options = {.access_log = log_.get()}});
  HttpTestClient client(server.port());
  client.Get("/a?q", "Referer: http://x/\r\nUser-Agent: t \"1\"\\\r\n");
  client.Get("/b", "User-Agent: \xc3\xa4\r\n");
  HttpTestClient bad(server.port());
  bad.Send("b\x7f\"d\r\n\r\n");
  bad.ReadAnswer();
  server.Stop();
  const std::string text = Text();
  EXPECT_TRUE(absl::StartsWith(text, "127.0.0.1 - - [")) << text;
  EXPECT_TRUE(absl::StrContains(text,
                                "\"GET /b HTTP/1.1\" 200 2 \"-\" "
                                "\"\\xc3\\xa4\"\n"))
      << text;
  EXPECT_TRUE(absl::StrContains(text,
                                "] \"GET /a?q HTTP/1.1\" 200 2 "
                                "\"http://x/\" \"t \\\"1\\\"\\\\\"\n"))
      << text;
  EXPECT_TRUE(absl::StrContains(text, "] \"b\\x7f\\\"d\" 400 16 \"-\" \"-\"\n"))
      << text;
}

TEST_F(AccessLogTest, ASwitchOfProtocolsEndsHttp) {
  Server server(
      {.options = {.access_log = log_.get()},
       .on_request = [](TestHandler& handler, Connection& c,
                        const http::Request& request) {
         if (request.path != "/switch") return AnswerText(handler, c, "http");
         handler.Attach<std::string>(c, "attached");
         char room[256];
         http::ResponseHead head(room, HttpStatus::kSwitchingProtocols);
         head.Add("Upgrade", "parrot");
         handler.SwitchProtocols(
             c, &head, [](Connection& switched, http::Attachment attached) {
               switched.Write(*attached.Get<std::string>());
               switched.Write(switched.input().TakeAll());
               switched.Close();
             });
       }});
  HttpTestClient client(server.port());
  client.Send(
      "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
      "GET /switch HTTP/1.1\r\nHost: h\r\n\r\nGET /no request");
  EXPECT_EQ(client.ReadAnswer().body, "http");
  const HttpAnswer answer = client.ReadAnswer();
  EXPECT_EQ(answer.status, 101);
  EXPECT_EQ(answer.field("upgrade"), "parrot");
  EXPECT_EQ(client.socket().ReadAll(), "attachedGET /no request");
  server.Stop();
  const std::string text = Text();
  EXPECT_TRUE(absl::StrContains(text, "\"GET /a HTTP/1.1\" 200 4 ")) << text;
  EXPECT_TRUE(absl::StrContains(text, "\"GET /switch HTTP/1.1\" 101 0 "))
      << text;
}

TEST_F(AccessLogTest, OfWhatIsRefusedTheBeginningIsWritten) {
  Server server({.options = {.access_log = log_.get()}});
  HttpTestClient long_one(server.port());
  long_one.Send("GET /" + std::string(100'000, 'x'));
  EXPECT_EQ(long_one.ReadAnswer().status, 414);
  server.Stop();
  EXPECT_TRUE(absl::StrContains(
      Text(), "] \"GET /" + std::string(251, 'x') + "\" 414 "))
      << Text();
}

TEST_F(AccessLogTest, WhatAResetHasSwallowedWasNotSent) {
  std::atomic<int> requests = 0;
  ScopedFaultHook hook([&](sys::Call call, int) -> sys::Fault {
    return {.error = call == sys::Call::kSend && requests > 0 ? ECONNRESET : 0};
  });
  Server server(
      {.options = {.access_log = log_.get()},
       .on_request = [&](TestHandler& handler, Connection& c, const Request&) {
         ++requests;
         char room[1024];
         ResponseHead head = handler.BeginHead(c, HttpStatus::kOk, room);
         const std::string large(30'000, 'x');  // Sent without a copy.
         head.AddContentLength(large.size());
         const std::string text(head.Finish());
         handler.SendHead(c, HttpStatus::kOk, text + large, text.size());
       }});
  HttpTestClient client(server.port());
  client.Send(
      "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
      "GET /b HTTP/1.1\r\nHost: h\r\n\r\n");
  client.socket().ReadAll();
  server.Stop();
  EXPECT_TRUE(absl::StrContains(Text(), "\"GET /a HTTP/1.1\" 200 0 "))
      << Text();
  EXPECT_EQ(requests, 1);
}

TEST_F(AccessLogTest, AnEarlyAnswerIsWrittenWhenTheBodyHasCome) {
  Server server(
      {.options = {.access_log = log_.get()},
       .on_request = [](TestHandler& handler, Connection& c,
                        const Request&) { AnswerText(handler, c, "early"); },
       .on_body = [](TestHandler&, Connection&, std::string_view, bool) {}});
  HttpTestClient client(server.port());
  client.Send("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nh");
  EXPECT_EQ(client.ReadAnswer().body, "early");
  EXPECT_EQ(Text(), "");
  client.Send("i");
  EXPECT_TRUE(
      Eventually([&] { return absl::StrContains(Text(), "\"POST /x "); }));
}

TEST_F(AccessLogTest, AnAnswerThatLeftBeforeResumeIsWrittenAfterIt) {
  std::atomic<bool> resume = false;
  Server server(
      {.options = {.access_log = log_.get()},
       .on_request = [&](TestHandler& handler, Connection& c, const Request&) {
         handler.Defer(c);
         AnswerText(handler, c, "text");
         ResumeWhen(resume, handler, c.id());
       }});
  HttpTestClient client(server.port());
  EXPECT_EQ(client.Get("/d").body, "text");
  EXPECT_EQ(Text(), "");
  resume = true;
  EXPECT_TRUE(
      Eventually([&] { return absl::StrContains(Text(), "\"GET /d "); }));
}

TEST_F(AccessLogTest, RefusedConnectionsAreWritten) {
  Server server({.options = {.access_log = log_.get()},
                 .on_connect = [](TestHandler& handler, Connection& c) {
                   handler.RefuseConnection(c, HttpStatus::kServiceUnavailable);
                 }});
  HttpTestClient client(server.port());
  EXPECT_EQ(client.ReadAnswer().status, 503);
  client.socket().HalfClose();
  EXPECT_TRUE(client.AtEnd());
  EXPECT_TRUE(Eventually([&] {
    return absl::StrContains(Text(), "] \"-\" 503 24 \"-\" \"-\"\n");
  })) << Text();
}

TEST_F(AccessLogTest, WhatAnExceptionEndsIsWritten) {
  Server server({.options = {.access_log = log_.get()},
                 .on_exchange_end = [] { throw std::runtime_error("test"); }});
  HttpTestClient complete(server.port());
  complete.Send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi");
  EXPECT_EQ(complete.ReadAnswer().body, "/a|hi");
  EXPECT_TRUE((complete.socket().HalfClose(), complete.AtEnd()));
  {
    HttpTestClient leaver(server.port());
    leaver.Send("POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhe");
    ASSERT_TRUE(Eventually([&] { return server.shared().requests == 2; }));
    leaver.socket().Reset();
  }
  EXPECT_TRUE(Eventually([&] {
    return absl::StrContains(Text(), "/b HTTP/1.1\" 499");
  })) << Text();
  EXPECT_TRUE(absl::StrContains(Text(), "/a HTTP/1.1\" 200 5 ")) << Text();
  EXPECT_EQ(server.shared().exchange_ends, 2);
}

TEST_F(AccessLogTest, CountsNothingOfASendThatFailed) {
  absl::Notification held;
  absl::Notification left;
  const std::string body(30000, 'x');  // So much is sent without a copy.
  Server server(
      {.options = {.access_log = log_.get()},
       .on_request = [&](TestHandler& handler, Connection& c, const Request&) {
         held.Notify();
         left.WaitForNotification();
         char room[1024];
         ResponseHead head = handler.BeginHead(c, HttpStatus::kOk, room);
         head.AddContentLength(body.size());
         const std::string text(head.Finish());
         handler.SendHead(c, HttpStatus::kOk, text + body, text.size());
       }});
  TestClient client = TestClient::Connect(server.port());
  client.Send(Get("/"));
  held.WaitForNotification();
  client.Reset();
  left.Notify();
  ASSERT_TRUE(Eventually([&] { return Text().ends_with('\n'); }));
  EXPECT_TRUE(absl::StrContains(Text(), "\" 200 0 ")) << Text();
}

TEST_F(AccessLogTest, APeerThatLeftBeforeItWasAcceptedHasNoAddress) {
  absl::Notification held;
  absl::Notification left;
  Server server({.options = {.access_log = log_.get()},
                 .on_request = [&](TestHandler& handler, Connection& c,
                                   const Request& request) {
                   if (request.path == "/hold") {
                     held.Notify();
                     left.WaitForNotification();
                   }
                   AnswerText(handler, c, "answer");
                 }});
  HttpTestClient client(server.port());
  client.Send(Get("/hold"));
  held.WaitForNotification();  // The loop accepts nobody now.
  HttpTestClient leaver(server.port());
  leaver.Send(Get("/left"));
  leaver.socket().Reset();
  left.Notify();
  EXPECT_EQ(client.ReadAnswer().body, "answer");
  EXPECT_TRUE(Eventually([&] { return absl::StrContains(Text(), "/left"); }));
  EXPECT_TRUE(absl::StrContains(Text(), "\n- - - [")) << Text();
  EXPECT_FALSE(absl::StrContains(Text(), "unspecified")) << Text();
}

TEST_F(AccessLogTest, CountsWhatWasSentBeforeThePeerLeft) {
  const std::string large(8 << 20, 'x');
  Server server(
      {.options = {.access_log = log_.get()},
       .on_request = [&](TestHandler& handler, Connection& c, const Request&) {
         AnswerText(handler, c, large);
       }});
  {
    TestClient client = TestClient::Connect(server.port(), 4096);
    client.Send(Get("/"));
    // Not with Read(), which may take all of it on the way.
    char some[1000];
    EXPECT_TRUE(Eventually(
        [&] { return recv(client.fd(), some, sizeof(some), 0) > 0; }));
    client.Reset();
  }
  ASSERT_TRUE(Eventually([&] { return Text().ends_with('\n'); }));
  const std::string text = Text();
  const size_t at = text.find("\" 200 ");
  ASSERT_NE(at, text.npos);
  const int64_t bytes = atoll(text.c_str() + at + 6);
  EXPECT_GT(bytes, 500);
  EXPECT_LT(bytes, int64_t{8 << 20});
}

}  // namespace
}  // namespace kingpin::http
