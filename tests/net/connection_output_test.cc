// What a connection writes: gathered, bounded, in order.
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/net/connection.h"
#include "kingpin/sys/fault.h"
#include "kingpin/sys/unique_fd.h"
#include "tests/testing/scripted_server.h"
#include "tests/testing/test_client.h"

namespace kingpin {
namespace {

using testing::ConnectMany;
using ::testing::ElementsAre;
using testing::ManualServer;
using testing::TestClient;

// Counts the send calls of each descriptor.
class SendCounter {
 public:
  std::map<int, int> calls;

 private:
  ScopedFaultHook hook_{[this](sys::Call call, int fd) -> sys::Fault {
    if (call == sys::Call::kSend) ++calls[fd];
    return {};
  }};
};

std::shared_ptr<const UniqueFd> FileOf(size_t size) {
  std::string path = absl::StrCat(::testing::TempDir(), "/kingpin_XXXXXX");
  auto fd = std::make_shared<UniqueFd>(mkstemp(path.data()));
  unlink(path.c_str());
  std::string text(size, 'f');
  EXPECT_EQ(write(fd->get(), text.data(), size), static_cast<ssize_t>(size));
  return fd;
}

TEST(ConnectionOutput, WritesOfOneCallbackLeaveInOneCall) {
  ManualServer server({.on_message = [](Connection& c) {
    c.input().TakeAll();
    for (int i = 0; i < 100; ++i) c.Write(absl::StrCat(i, ";"));
  }});
  TestClient client = TestClient::Connect(server.port());
  ASSERT_TRUE(server.RunUntil([&] { return server.shared().connects == 1; }));
  SendCounter sends;
  client.TrySend("x");
  ASSERT_TRUE(server.RunUntil([&] { return client.received().size() == 290; }));
  EXPECT_EQ(sends.calls[server.only().fd()], 1);
}

TEST(ConnectionOutput, WritesToOthersLeaveAtTheEndOfTheBatch) {
  std::vector<Connection*> all;
  SendCounter sends;
  int sends_seen = 0;
  ManualServer server({.on_connect = [&](Connection& c) { all.push_back(&c); },
                       .on_message =
                           [&](Connection& c) {
                             c.input().TakeAll();
                             Connection& other = *all[&c == all[0] ? 1 : 0];
                             for (int i = 0; i < 5; ++i) other.Write("to you,");
                             sends_seen += sends.calls[other.fd()];
                           }});
  std::vector<TestClient> clients = ConnectMany(server.port(), 2);
  ASSERT_TRUE(server.RunUntil([&] { return all.size() == 2; }));
  clients[0].TrySend("x");
  ASSERT_TRUE(
      server.RunUntil([&] { return clients[1].received().size() == 35; }));
  EXPECT_EQ(sends_seen, 0);
  EXPECT_EQ(sends.calls[all[1]->fd()], 1);
}

TEST(ConnectionOutput, SmallAndLargeWritesAndFilesKeepTheirOrder) {
  std::string large(100'000, 'L');
  std::shared_ptr<const UniqueFd> file = FileOf(300'000);
  ManualServer server({.on_connect = [&](Connection& c) {
    c.Write("a");
    c.Write(large);
    c.Write("b");
    c.SendFile(file, 0, 300'000);
    c.SendFile(file, 5, 10);
    c.SendFile(file, 0, 0);
    c.Write("");
    c.Write("c");
    c.Close();
  }});
  TestClient client = TestClient::Connect(server.port());
  ASSERT_TRUE(server.RunUntil([&] { return client.ended(); }));
  EXPECT_EQ(client.received(),
            absl::StrCat("a", large, "b", std::string(300'010, 'f'), "c"));
}

TEST(ConnectionOutput, FileThatIsShorterThanSaidClosesTheConnection) {
  std::shared_ptr<const UniqueFd> file = FileOf(1000);
  int error = 0;
  ManualServer server(
      {.on_connect =
           [&](Connection& c) {
             c.SendFile(file, 0, 2000);
             c.Write("must not follow");
           },
       .on_close = [&](Connection& c, CloseReason) { error = c.error(); }});
  TestClient client = TestClient::Connect(server.port());
  ASSERT_TRUE(server.RunUntil([&] { return client.ended(); }));
  EXPECT_EQ(client.received(), std::string(1000, 'f'));
  EXPECT_THAT(server.reasons(), ElementsAre(CloseReason::kError));
  EXPECT_EQ(error, ENODATA);
}

TEST(ConnectionOutput, WriteCompleteComesOnceForWhatWasWritten) {
  int completes = 0;
  ManualServer server({.on_write_complete = [&](Connection& c) {
    EXPECT_EQ(c.pending_output(), 0u);
    ++completes;
  }});
  TestClient client = TestClient::Connect(server.port());
  ASSERT_TRUE(server.RunUntil([&] { return server.shared().connects == 1; }));
  server.Turn(3);
  EXPECT_EQ(completes, 0);
  ASSERT_TRUE(server.Echoes(client));
  server.Turn(3);
  EXPECT_EQ(completes, 1);
}

TEST(ConnectionOutput, WriteReportsTheHighEdgeAndCompleteTheLowOne) {
  const ConnectionOptions bounds = {.output_high_bytes = 4000,
                                    .output_low_bytes = 1000};
  std::vector<uint64_t> pending;
  ManualServer server(
      {.on_message =
           [&](Connection& c) {
             c.input().TakeAll();
             EXPECT_TRUE(c.Write(std::string(4000, 'x')));
             EXPECT_FALSE(c.Write("x"));
           },
       .on_write_complete =
           [&](Connection& c) { pending.push_back(c.pending_output()); }},
      {.connection = bounds});
  TestClient client = TestClient::Connect(server.port());
  ASSERT_TRUE(server.RunUntil([&] { return server.shared().connects == 1; }));
  // A few bytes leave at a time, then the socket is full.
  int sent = 0;
  ScopedFaultHook hook([&](sys::Call call, int) -> sys::Fault {
    if (call != sys::Call::kSend) return {};
    if (++sent % 2 == 0) return {.error = EAGAIN};
    return {.max_bytes = 700};
  });
  client.TrySend("x");
  ASSERT_TRUE(
      server.RunUntil([&] { return client.received().size() == 4001; }));
  server.Turn(3);
  // 4001 in steps of 700: the first at or below 1000 is 501, then 0.
  EXPECT_THAT(pending, ElementsAre(501, 0));
}

TEST(ConnectionOutput, NothingIsReadAboveTheHighEdge) {
  std::vector<std::string> messages;
  ManualServer server(
      {.on_message =
           [&](Connection& c) {
             messages.emplace_back(c.input().TakeAll());
             c.Write(std::string(5000, 'x'));
           }},
      {.connection = {.output_high_bytes = 4000, .output_low_bytes = 1000}});
  TestClient client = TestClient::Connect(server.port());
  ASSERT_TRUE(server.RunUntil([&] { return server.shared().connects == 1; }));
  {
    ScopedFaultHook hook([](sys::Call call, int) -> sys::Fault {
      return {.error = call == sys::Call::kSend ? EAGAIN : 0};
    });
    client.TrySend("one");
    ASSERT_TRUE(server.RunUntil([&] { return !messages.empty(); }));
    client.TrySend("two");
    server.Turn(20);
    EXPECT_THAT(messages, ElementsAre("one"));
  }
  EXPECT_TRUE(
      server.RunUntil([&] { return client.received().size() == 10'000; }));
  EXPECT_THAT(messages, ElementsAre("one", "two"));
}

TEST(ConnectionOutput, EndlessWriterDoesNotStarveTheOthers) {
  const std::string chunk(100'000, 'x');
  ManualServer server({.on_message =
                           [&](Connection& c) {
                             if (c.input().view() == "stream") {
                               c.EmplaceState<int>();
                               c.Write(chunk);
                             } else {
                               c.Write(c.input().view());
                             }
                             c.input().TakeAll();
                           },
                       .on_write_complete =
                           [&](Connection& c) {
                             if (c.has_state<int>()) c.Write(chunk);
                           }});
  TestClient streaming = TestClient::Connect(server.port());
  TestClient other = TestClient::Connect(server.port());
  streaming.TrySend("stream");
  ASSERT_TRUE(
      server.RunUntil([&] { return streaming.received().size() > 1000; }));
  for (int i = 0; i < 20; ++i) {
    size_t before = streaming.received().size();
    other.TrySend("x");
    ASSERT_TRUE(server.RunUntil([&] {
      return streaming.received().size() > before &&
             other.received().size() == static_cast<size_t>(i + 1);
    }));
  }
}

TEST(ConnectionOutput, NothingIsSentAfterClose) {
  bool wrote = true;
  ManualServer server({.on_connect = [&](Connection& c) {
    EXPECT_TRUE(c.Write("before"));
    c.Close();
    wrote = c.Write("after") || c.Write(std::string(20'000, 'x')) ||
            c.SendFile(FileOf(10), 0, 10);
  }});
  TestClient client = TestClient::Connect(server.port());
  ASSERT_TRUE(server.RunUntil([&] { return client.ended(); }));
  EXPECT_EQ(client.received(), "before");
  EXPECT_FALSE(wrote);
}

}  // namespace
}  // namespace kingpin
