// How connections end.
#include <fcntl.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/net/connection.h"
#include "tests/testing/scripted_server.h"
#include "tests/testing/test_client.h"

namespace kingpin {
namespace {

using testing::ConnectMany;
using ::testing::ElementsAre;
using testing::ManualServer;
using testing::TestClient;

const std::string kBig(2 << 20, 'x');

TEST(ConnectionClose, CloseSendsWhatIsPendingFirst) {
  ManualServer server({.on_connect = [](Connection& c) {
    c.Write(kBig);
    c.Close();
  }});
  TestClient client = TestClient::Connect(server.port());
  ASSERT_TRUE(server.RunUntil([&] { return client.ended(); }));
  EXPECT_EQ(client.received(), kBig);
  EXPECT_EQ(client.error(), 0);
  EXPECT_THAT(server.reasons(), ElementsAre(CloseReason::kLocal));
}

TEST(ConnectionClose, ReplySurvivesLingeringCloseThoughTheClientSentMore) {
  ManualServer server({.on_message = [](Connection& c) {
    c.input().TakeAll();
    c.Write(kBig);
    c.CloseLingering();
  }});
  TestClient client = TestClient::Connect(server.port());
  client.TrySend("request");
  ASSERT_TRUE(server.RunUntil([&] { return client.received().size() > 100; }));
  // It goes on sending what nobody will read; a plain close would answer RST.
  std::string more(10'000, 'm');
  ASSERT_TRUE(server.RunUntil([&] {
    client.TrySend(more);
    return client.ended();
  }));
  EXPECT_EQ(client.received(), kBig);
  EXPECT_EQ(client.error(), 0);
  EXPECT_EQ(server.shared().closes, 0);
  client.Close();
  ASSERT_TRUE(server.RunUntil([&] { return server.shared().closes == 1; }));
  EXPECT_THAT(server.reasons(), ElementsAre(CloseReason::kLocal));
}

TEST(ConnectionClose, LingeringEndsWithItsTimeoutHoweverMuchThePeerSends) {
  ManualServer server({.on_message = [](Connection& c) {
    c.Write("bye");
    c.CloseLingering();
  }});
  TestClient client = TestClient::Connect(server.port());
  client.TrySend("x");
  ASSERT_TRUE(server.RunUntil([&] { return client.ended(); }));
  for (int i = 0; i < 3; ++i) {
    client.TrySend("more");
    server.Turn(3);
    server.Advance(absl::Milliseconds(600));
    EXPECT_EQ(server.handler().connections(), 1u);
  }
  server.Advance(absl::Milliseconds(300));
  EXPECT_EQ(server.handler().connections(), 0u);
  EXPECT_THAT(server.reasons(), ElementsAre(CloseReason::kLocal));
}

TEST(ConnectionClose, LingeringHasNothingToWaitForAfterThePeersEnd) {
  ManualServer server({.on_input_end = [](Connection& c) {
    c.Write("bye");
    c.CloseLingering();
  }});
  TestClient client = TestClient::Connect(server.port());
  client.HalfClose();
  ASSERT_TRUE(server.RunUntil([&] { return client.ended(); }));
  EXPECT_EQ(client.received(), "bye");
  EXPECT_EQ(server.handler().connections(), 0u);
}

TEST(ConnectionClose, AbortDropsWhatIsPending) {
  ManualServer server({.on_connect = [](Connection& c) {
    c.Write("never sent");
    c.Abort();
    EXPECT_TRUE(c.closing());
  }});
  TestClient client = TestClient::Connect(server.port());
  ASSERT_TRUE(server.RunUntil([&] { return client.ended(); }));
  EXPECT_EQ(client.received(), "");
  EXPECT_THAT(server.reasons(), ElementsAre(CloseReason::kLocal));
}

TEST(ConnectionClose, NoMessageAfterClose) {
  int messages = 0;
  ManualServer server({.on_message = [&](Connection& c) {
    ++messages;
    c.Write(kBig);
    c.Close();
  }});
  TestClient client = TestClient::Connect(server.port());
  client.TrySend("first");
  ASSERT_TRUE(server.RunUntil([&] { return messages == 1; }));
  client.TrySend("second");
  ASSERT_TRUE(server.RunUntil([&] { return client.ended(); }));
  EXPECT_EQ(messages, 1);
}

TEST(ConnectionClose, OnCloseComesFromTheLoopWithTheSocketStillOpen) {
  bool inside = false;
  ManualServer server({.on_message =
                           [&](Connection& c) {
                             inside = true;
                             c.Abort();
                             inside = false;
                           },
                       .on_close =
                           [&](Connection& c, CloseReason) {
                             EXPECT_FALSE(inside);
                             EXPECT_GE(fcntl(c.fd(), F_GETFD), 0);
                             EXPECT_FALSE(c.Write("too late"));
                             c.Close();
                             c.Abort();
                           }});
  TestClient client = TestClient::Connect(server.port());
  client.TrySend("x");
  ASSERT_TRUE(server.RunUntil([&] { return client.ended(); }));
  EXPECT_EQ(server.shared().closes, 1);
}

TEST(ConnectionClose, ClosedByTheConnectCallback) {
  ManualServer server({.on_connect = [](Connection& c) { c.Close(); }});
  TestClient client = TestClient::Connect(server.port());
  ASSERT_TRUE(server.RunUntil([&] { return client.ended(); }));
  EXPECT_EQ(client.error(), 0);
  ASSERT_TRUE(server.RunUntil([&] { return server.shared().closes == 1; }));
}

TEST(ConnectionClose, OneCallbackMayCloseAllConnections) {
  ManualServer server({.on_message = [](Connection& c) {
    c.handler().ForEachConnection([](Connection& each) { each.Close(); });
  }});
  std::vector<TestClient> clients = ConnectMany(server.port(), 10);
  ASSERT_TRUE(server.RunUntil([&] { return server.shared().connects == 10; }));
  clients[3].TrySend("x");
  for (TestClient& client : clients) {
    EXPECT_TRUE(server.RunUntil([&] { return client.ended(); }));
  }
  EXPECT_EQ(server.shared().closes, 10);
}

TEST(ConnectionClose, ClosingInOnCloseAnotherConnection) {
  std::vector<Connection*> all;
  ManualServer server({.on_connect = [&](Connection& c) { all.push_back(&c); },
                       .on_close =
                           [&](Connection& c, CloseReason) {
                             std::erase(all, &c);
                             if (!all.empty()) all[0]->Abort();
                           }});
  std::vector<TestClient> clients = ConnectMany(server.port(), 5);
  ASSERT_TRUE(server.RunUntil([&] { return all.size() == 5; }));
  clients[2].Close();
  ASSERT_TRUE(server.RunUntil([&] { return server.shared().closes == 5; }));
  EXPECT_EQ(server.handler().connections(), 0u);
}

TEST(ConnectionState, DiesWithTheConnectionAfterOnClose) {
  auto token = std::make_shared<int>(7);
  ManualServer server({.on_connect =
                           [&](Connection& c) {
                             EXPECT_FALSE(c.has_state<std::shared_ptr<int>>());
                             c.EmplaceState<std::string>("replaced");
                             c.ResetState();
                             c.EmplaceState<std::shared_ptr<int>>(token);
                             EXPECT_FALSE(c.has_state<std::string>());
                           },
                       .on_close =
                           [&](Connection& c, CloseReason) {
                             EXPECT_EQ(*c.state<std::shared_ptr<int>>(), 7);
                             EXPECT_EQ(token.use_count(), 2);
                           }});
  TestClient client = TestClient::Connect(server.port());
  ASSERT_TRUE(server.RunUntil([&] { return token.use_count() == 2; }));
  client.Close();
  ASSERT_TRUE(server.RunUntil([&] { return server.shared().closes == 1; }));
  EXPECT_EQ(token.use_count(), 1);
}

TEST(ConnectionState, DiesWithTheHandler) {
  auto token = std::make_shared<int>();
  {
    ManualServer server({.on_connect = [&](Connection& c) {
      c.EmplaceState<std::shared_ptr<int>>(token);
    }});
    TestClient client = TestClient::Connect(server.port());
    ASSERT_TRUE(server.RunUntil([&] { return token.use_count() == 2; }));
  }
  EXPECT_EQ(token.use_count(), 1);
}

}  // namespace
}  // namespace kingpin
