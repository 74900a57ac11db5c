// Lines that are logged in the callbacks of a connection say whose they are.
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/logger/klog.h"
#include "kingpin/logger/logger.h"
#include "kingpin/net/connection.h"
#include "kingpin/net/io_handler.h"
#include "kingpin/sys/unique_fd.h"
#include "tests/net/fake_transport.h"
#include "tests/testing/scripted_server.h"
#include "tests/testing/test_client.h"

namespace kingpin {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::ManualServer;
using ::testing::Not;
using testing::Script;
using testing::TestClient;

class ConnectionLog : public ::testing::Test {
 protected:
  ConnectionLog()
      : file_(open(::testing::TempDir().c_str(), O_TMPFILE | O_RDWR, 0600)),
        log_({.fd = file_.get()}) {
    Logger::SetDefault(&log_);
  }
  ~ConnectionLog() override { Logger::SetDefault(nullptr); }

  // `client` has sent something, and OnMessage has seen it.
  static void Deliver(ManualServer& server, TestClient& client) {
    const uint64_t before = server.stats().bytes_read.value();
    client.TrySend("x");
    ASSERT_TRUE(server.RunUntil(
        [&] { return server.stats().bytes_read.value() > before; }));
  }
  static std::string ContextOf(ConnectionId id, const TestClient& client) {
    return absl::StrCat("[connection ", id, " 127.0.0.1:", client.local_port(),
                        "] ");
  }
  std::vector<std::string> Lines() {
    log_.Flush();
    std::string text(1 << 16, '\0');
    text.resize(pread(file_.get(), text.data(), text.size(), 0));
    return absl::StrSplit(text, '\n', absl::SkipEmpty());
  }

  UniqueFd file_;
  Logger log_;
};

// The socket does not know it any more.
TEST_F(ConnectionLog, AFailedHandshakeNamesThePeerThatHasGone) {
  ManualServer server({.new_transport = [] {
    return std::make_unique<testing::FakeTransport>(
        testing::FakeTransport::Options{});
  }});
  TestClient client = TestClient::Connect(server.port());
  const std::string peer = absl::StrCat("127.0.0.1:", client.local_port());
  ASSERT_TRUE(
      server.RunUntil([&] { return server.handler().connections() == 1; }));
  client.TrySend("h");
  client.Reset();
  ASSERT_TRUE(server.RunUntil(
      [&] { return server.stats().handshakes_failed.value() == 1; }));
  EXPECT_THAT(Lines(), ElementsAre(AllOf(HasSubstr("handshake failed"),
                                         HasSubstr(peer))));
}

TEST_F(ConnectionLog, LinesOfCallbacksNameTheConnection) {
  ConnectionId id;
  ManualServer server(
      {.on_connect = [&](Connection& c) { id = c.id(); },
       .on_message =
           [](Connection& c) {
             c.input().TakeAll();
             KLOGF(INFO, "got {}", 1);
             KLOG(WARNING) << "streamed";
           },
       .on_close = [](Connection&, CloseReason) { KLOG(INFO) << "closed"; }});
  TestClient client = TestClient::Connect(server.port());
  Deliver(server, client);
  const std::string context = ContextOf(id, client);
  server.only().Abort();
  ASSERT_TRUE(server.RunUntil([&] { return server.shared().closes == 1; }));
  EXPECT_THAT(Lines(), ElementsAre(EndsWith(context + "got 1"),
                                   EndsWith(context + "streamed"),
                                   EndsWith(context + "closed")));
}

TEST_F(ConnectionLog, EachHasItsOwnAlsoWhenTheyTakeTurns) {
  std::vector<ConnectionId> ids;
  ManualServer server(
      {.on_connect = [&](Connection& c) { ids.push_back(c.id()); },
       .on_message =
           [](Connection& c) {
             c.input().TakeAll();
             KLOG(INFO) << "line";
           }});
  std::vector<TestClient> clients;
  std::vector<std::string> want;
  for (int i = 0; i < 2; ++i) {
    clients.push_back(TestClient::Connect(server.port()));
    Deliver(server, clients[i]);
  }
  Deliver(server, clients[0]);
  for (int i : {0, 1, 0}) want.push_back(ContextOf(ids[i], clients[i]));
  EXPECT_THAT(Lines(), ElementsAre(EndsWith(want[0] + "line"),
                                   EndsWith(want[1] + "line"),
                                   EndsWith(want[2] + "line")));
}

TEST_F(ConnectionLog, TheLoopsOwnLinesNameNone) {
  bool logged = false;
  ManualServer server({.on_loop = [&](IOHandler&) {
    if (!logged) KLOG(INFO) << "loop";
    logged = true;
  }});
  TestClient client = TestClient::Connect(server.port());
  ASSERT_TRUE(server.Echoes(client));
  server.handler().RunAfter(absl::ZeroDuration(),
                            [] { KLOG(INFO) << "timer"; });
  server.Advance(absl::Milliseconds(10));
  KLOG(INFO) << "outside";
  EXPECT_THAT(Lines(), ElementsAre(EndsWith("loop"), EndsWith("timer"),
                                   EndsWith("outside")));
  EXPECT_THAT(Lines(), Each(Not(HasSubstr("[connection"))));
}

TEST_F(ConnectionLog, AHandlerThatThrowsIsNamed) {
  ConnectionId id;
  ManualServer server(
      {.on_connect = [&](Connection& c) { id = c.id(); },
       .on_message = [](Connection&) { throw std::runtime_error("oops"); }});
  TestClient client = TestClient::Connect(server.port());
  Deliver(server, client);
  EXPECT_THAT(Lines(), ElementsAre(HasSubstr(ContextOf(id, client) +
                                             "a handler threw: oops")));
}

TEST_F(ConnectionLog, ALineOfItsOwnStaysAsItIsAndErrnoToo) {
  int error = 0;
  ManualServer server({.on_message = [&](Connection& c) {
    c.input().TakeAll();
    errno = ENOENT;
    KLOGF(INFO, "context");
    error = errno;
    log_.Write(LogLevel::kInfo, "as it is");
  }});
  TestClient client = TestClient::Connect(server.port());
  Deliver(server, client);
  EXPECT_EQ(error, ENOENT);
  EXPECT_THAT(Lines(), ElementsAre(EndsWith("context"), "as it is"));
}

}  // namespace
}  // namespace kingpin
