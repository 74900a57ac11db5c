// The doors into a connection from other threads.
#include "kingpin/net/connection_id.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/net/io_handler.h"
#include "tests/testing/process.h"
#include "tests/testing/scripted_server.h"
#include "tests/testing/test_client.h"

namespace kingpin {
namespace {

using testing::Eventually;
using testing::ManualServer;
using testing::TestClient;
using testing::ThreadedServer;

TEST(ConnectionId, KeepsItsParts) {
  ConnectionId id(1000, {.index = 12345, .generation = 77});
  EXPECT_EQ(id.thread(), 1000);
  EXPECT_EQ(id.name().index, 12345u);
  EXPECT_EQ(id.name().generation, 77u);
  EXPECT_EQ(ConnectionId(id.bits()), id);
  EXPECT_TRUE(id.valid());
  EXPECT_FALSE(ConnectionId().valid());
  EXPECT_EQ(absl::StrCat(id), "1000/12345.77");
  ConnectionId last(1023, {ConnectionId::kMaxIndex, UINT32_MAX});
  EXPECT_EQ(last.bits(), UINT64_MAX);
}

TEST(ConnectionId, StaleOneIsACountedNoOp) {
  ManualServer server;
  ConnectionId old;
  {
    TestClient client = TestClient::Connect(server.port());
    ASSERT_TRUE(server.Echoes(client));
    old = server.only().id();
  }
  ASSERT_TRUE(server.RunUntil([&] { return server.shared().closes == 1; }));
  TestClient next = TestClient::Connect(server.port());
  ASSERT_TRUE(server.Echoes(next));
  EXPECT_EQ(server.only().id().name().index, old.name().index);
  EXPECT_EQ(server.handler().Find(old), nullptr);
  EXPECT_TRUE(Send(server.shared(), old, "not for you"));
  EXPECT_TRUE(Close(server.shared(), old));
  EXPECT_TRUE(With(server.shared(), old, [](Connection&) { FAIL(); }));
  server.Turn(3);
  EXPECT_EQ(server.stats().stale_ids.value(), 3u);
  EXPECT_EQ(next.received(), "ping");
  EXPECT_FALSE(next.ended());
}

TEST(ConnectionId, ThatNamesNothingIsRefused) {
  ManualServer server;
  EXPECT_FALSE(Send(server.shared(), ConnectionId(), "x"));
  EXPECT_FALSE(Close(server.shared(), ConnectionId(5, {1, 1})));
  EXPECT_EQ(server.handler().Find(ConnectionId()), nullptr);
  EXPECT_EQ(server.handler().Find(ConnectionId(3, {1, 1})), nullptr);
}

TEST(ConnectionId, PostsOfOneBatchLeaveTogetherAndInOrder) {
  ManualServer server;
  TestClient client = TestClient::Connect(server.port());
  ASSERT_TRUE(server.Echoes(client));
  ConnectionId id = server.only().id();
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(Send(server.shared(), id, absl::StrCat(i)));
  }
  ASSERT_TRUE(Close(server.shared(), id));
  ASSERT_TRUE(Send(server.shared(), id, "after the close"));
  ASSERT_TRUE(server.RunUntil([&] { return client.ended(); }));
  EXPECT_EQ(client.received(), "ping0123456789");
}

TEST(ConnectionId, SendsFromManyThreadsArriveWholeAndInEachOnesOrder) {
  constexpr int kThreads = 4, kSends = 500;
  std::atomic<uint64_t> id = 0;
  ThreadedServer server(
      {.on_connect = [&](Connection& c) { id = c.id().bits(); }});
  TestClient client = TestClient::Connect(server.port());
  ASSERT_TRUE(Eventually([&] { return id != 0; }));
  std::vector<std::thread> senders;
  for (int t = 0; t < kThreads; ++t) {
    senders.emplace_back([&, t] {
      for (int i = 0; i < kSends; ++i) {
        EXPECT_TRUE(Send(server.shared(), ConnectionId(id.load()),
                         std::string(1, static_cast<char>('a' + t))));
      }
    });
  }
  std::string text = client.Read(kThreads * kSends);
  for (std::thread& sender : senders) sender.join();
  for (int t = 0; t < kThreads; ++t) {
    EXPECT_EQ(std::count(text.begin(), text.end(), 'a' + t), kSends);
  }
}

TEST(ConnectionId, WithRunsOnTheConnectionsLoop) {
  std::atomic<uint64_t> id = 0;
  ThreadedServer server(
      {.on_connect = [&](Connection& c) { id = c.id().bits(); }}, {}, 3);
  TestClient client = TestClient::Connect(server.port());
  ASSERT_TRUE(Eventually([&] { return id != 0; }));
  EXPECT_EQ(IOHandler::Current(), nullptr);
  absl::Notification done;
  ASSERT_TRUE(
      With(server.shared(), ConnectionId(id.load()), [&](Connection& c) {
        EXPECT_EQ(IOHandler::Current(), &c.handler());
        EXPECT_EQ(c.id().bits(), id.load());
        c.Write("with");
        done.Notify();
      }));
  done.WaitForNotification();
  EXPECT_EQ(client.Read(4), "with");
}

// Connections come and go while others send to whatever id they last heard of.
TEST(ConnectionId, ChurnUnderSendsReachesOnlyTheOneNamed) {
  std::atomic<uint64_t> latest = 0;
  ThreadedServer server({.on_connect =
                             [&](Connection& c) {
                               c.EmplaceState<uint64_t>(c.id().bits());
                               latest = c.id().bits();
                             },
                         .on_message = [](Connection& c) { c.Close(); }},
                        {}, 3);
  std::atomic<bool> stop = false;
  std::vector<std::thread> senders;
  for (int t = 0; t < 2; ++t) {
    senders.emplace_back([&] {
      while (!stop) {
        ConnectionId id(latest.load());
        (void)With(server.shared(), id, [id](Connection& c) {
          EXPECT_EQ(c.state<uint64_t>(), id.bits());
          c.Write("x");
        });
        std::this_thread::yield();
      }
    });
  }
  for (int i = 0; i < 300; ++i) {
    TestClient client = TestClient::Connect(server.port());
    client.Send("bye");
    EXPECT_TRUE(client.WaitForEnd());
  }
  stop = true;
  for (std::thread& sender : senders) sender.join();
  EXPECT_TRUE(server.WaitForConnections(0));
}

}  // namespace
}  // namespace kingpin
