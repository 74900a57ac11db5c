// docs/failure_modes.md, the rows about what handlers may do to the loop.
#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/net/connection_id.h"
#include "kingpin/net/io_handler.h"
#include "kingpin/sys/fault.h"
#include "kingpin/sys/unique_fd.h"
#include "tests/testing/process.h"
#include "tests/testing/scripted_server.h"
#include "tests/testing/test_client.h"

namespace kingpin {
namespace {

using testing::ConnectMany;
using ::testing::ElementsAre;
using testing::Eventually;
using testing::ManualServer;
using testing::OpenDescriptors;
using testing::Script;
using testing::ScriptedHandler;
using testing::TestClient;
using testing::ThreadedServer;

void Throw() { throw std::runtime_error("a bug in a handler"); }

// Throws the first time it is called.
class FailureMode17 : public ::testing::Test {
 protected:
  void ThrowOnce() {
    if (!thrown_.exchange(true)) Throw();
  }
  // The first client loses its connection, once; the next is served.
  void ExpectOneLost(Script script) {
    ManualServer server(std::move(script));
    TestClient client = TestClient::Connect(server.port());
    client.TrySend("x");
    client.HalfClose();
    ASSERT_TRUE(server.RunUntil([&] { return server.shared().closes == 1; }));
    EXPECT_TRUE(thrown_);
    EXPECT_EQ(server.stats().handler_exceptions.value(), 1u);
    EXPECT_TRUE(server.Recovered());
    EXPECT_EQ(server.shared().closes, 2);
    reason_ = server.reasons()[0];
  }
  // Nothing is lost but the call that threw.
  void ExpectNoneLost(ManualServer& server) {
    EXPECT_TRUE(thrown_);
    EXPECT_EQ(server.stats().handler_exceptions.value(), 1u);
    EXPECT_TRUE(server.Recovered());
  }
  std::atomic<bool> thrown_ = false;
  CloseReason reason_ = CloseReason::kLocal;
};

TEST_F(FailureMode17, ThrowInOnConnect) {
  ExpectOneLost({.on_connect = [this](Connection&) { ThrowOnce(); }});
  EXPECT_EQ(reason_, CloseReason::kException);
}

TEST_F(FailureMode17, ThrowInOnMessage) {
  ExpectOneLost({.on_message = [this](Connection& c) {
    ThrowOnce();
    c.Write(c.input().TakeAll());
  }});
  EXPECT_EQ(reason_, CloseReason::kException);
}

TEST_F(FailureMode17, ThrowSomethingThatIsNoException) {
  ExpectOneLost({.on_message = [this](Connection& c) {
    if (!thrown_.exchange(true)) throw 17;
    c.Write(c.input().TakeAll());
  }});
  EXPECT_EQ(reason_, CloseReason::kException);
}

TEST_F(FailureMode17, ThrowInOnWriteComplete) {
  ExpectOneLost({.on_write_complete = [this](Connection&) { ThrowOnce(); }});
  EXPECT_EQ(reason_, CloseReason::kException);
}

TEST_F(FailureMode17, ThrowInOnInputEnd) {
  ExpectOneLost({.on_input_end = [this](Connection& c) {
    ThrowOnce();
    c.Close();
  }});
  EXPECT_EQ(reason_, CloseReason::kException);
}

TEST_F(FailureMode17, ThrowInOnClose) {
  ExpectOneLost(
      {.on_close = [this](Connection&, CloseReason) { ThrowOnce(); }});
  EXPECT_EQ(reason_, CloseReason::kPeer);
}

TEST_F(FailureMode17, ThrowInOnEpollLoop) {
  ManualServer server({.on_loop = [this](IOHandler&) { ThrowOnce(); }});
  server.Turn();
  ExpectNoneLost(server);
}

TEST_F(FailureMode17, ThrowInTimer) {
  ManualServer server;
  server.handler().RunAfter(absl::Milliseconds(5), [this] { ThrowOnce(); });
  server.Advance(absl::Milliseconds(10));
  ExpectNoneLost(server);
}

TEST_F(FailureMode17, ThrowInPostedTask) {
  ManualServer server;
  bool next = false;
  ASSERT_TRUE(server.shared().thread(0).Post([this] { ThrowOnce(); }));
  ASSERT_TRUE(server.shared().thread(0).Post([&] { next = true; }));
  server.Turn();
  EXPECT_TRUE(next);
  ExpectNoneLost(server);
}

TEST_F(FailureMode17, ThrowInWatch) {
  ManualServer server;
  UniqueFd event(eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC));
  int calls = 0;
  auto watch = server.handler().Watch(event.get(), EPOLLIN, [&](uint32_t) {
    ++calls;
    ThrowOnce();
    eventfd_t count;
    eventfd_read(event.get(), &count);
  });
  ASSERT_TRUE(watch.ok());
  server.Turn(3);
  EXPECT_EQ(calls, 2) << "the watch goes on";
  ExpectNoneLost(server);
  server.handler().EndWatch(*watch);
  server.Turn();
}

TEST_F(FailureMode17, ThrowInWith) {
  ManualServer server;
  TestClient client = TestClient::Connect(server.port());
  ASSERT_TRUE(server.Echoes(client));
  ASSERT_TRUE(With(server.shared(), server.only().id(),
                   [this](Connection&) { ThrowOnce(); }));
  server.Turn(2);
  EXPECT_THAT(server.reasons(), ElementsAre(CloseReason::kException));
  ExpectNoneLost(server);
}

TEST_F(FailureMode17, ThrowInOnShutdown) {
  ManualServer server({.on_shutdown = [this](IOHandler&) { ThrowOnce(); }});
  TestClient client = TestClient::Connect(server.port());
  ASSERT_TRUE(server.Echoes(client));
  server.shared().Shutdown();
  EXPECT_TRUE(server.RunUntil([&] { return client.ended(); }));
  EXPECT_TRUE(thrown_);
  EXPECT_EQ(client.error(), 0);
}

TEST_F(FailureMode17, ThrowInOnOutOfDescriptors) {
  ManualServer server(
      {.on_out_of_descriptors = [this](IOHandler&) { ThrowOnce(); }});
  TestClient client = TestClient::Connect(server.port());
  {
    ScopedFaultHook hook([](sys::Call call, int) -> sys::Fault {
      return {.error = call == sys::Call::kAccept ? EMFILE : 0};
    });
    EXPECT_TRUE(server.RunUntil([&] { return thrown_.load(); }));
  }
  server.Advance(absl::Milliseconds(20));  // The back-off.
  EXPECT_TRUE(server.Echoes(client));
  ExpectNoneLost(server);
}

TEST(FailureMode18, WatchdogNamesTheLoopThatIsStuck) {
  std::atomic<bool> release = false;
  std::atomic<bool> stuck = false;
  ThreadedServer server(
      {.on_message =
           [&](Connection& c) {
             if (c.input().TakeAll() != "stick") {
               c.Write("free");
               return;
             }
             stuck = true;
             while (!release) poll(nullptr, 0, 1);
           }},
      {.load_margin = 1, .watchdog = {.stall_after = absl::Milliseconds(50)}});
  TestClient victim = TestClient::Connect(server.port());
  ASSERT_TRUE(victim.Send("stick"));
  ASSERT_TRUE(Eventually([&] { return stuck.load(); }));
  ASSERT_TRUE(Eventually([&] {
    return server.shared().watchdog().stalls() == 1;
  })) << "not reported while it is stuck";
  // The other loop serves whoever comes.
  for (int i = 0; i < 3; ++i) {
    TestClient client = TestClient::Connect(server.port());
    ASSERT_TRUE(client.Send("x"));
    EXPECT_EQ(client.Read(4), "free");
  }
  release = true;
  ASSERT_TRUE(victim.Send("x"));
  EXPECT_EQ(victim.Read(4), "free");
  EXPECT_EQ(server.shared().watchdog().stalls(), 1u);
}

// Every callback does something random to a random connection.
class FailureMode19 : public ::testing::TestWithParam<uint32_t> {
 protected:
  void Act(IOHandler& handler, Connection& own) {
    Connection* target = &own;
    if (random_() % 2 == 0) {
      // Also those that have closed in this batch.
      target = seen_[random_() % seen_.size()];
    }
    switch (random_() % 9) {
      case 0:
        return target->Close();
      case 1:
        return target->CloseLingering();
      case 2:
        return target->Abort();
      case 3:
        return (void)target->Write("some");
      case 4:
        return (void)target->Write(std::string(100'000, 'x'));
      case 5:
        return target->PauseReading();
      case 6:
        return target->ResumeReading();
      case 7:
        return target->RequestMessage();
      case 8:
        handler.ForEachConnection([](Connection& c) { c.Write("all"); });
    }
  }
  void Forget(Connection& connection) { std::erase(seen_, &connection); }

  std::mt19937 random_{GetParam()};
  std::vector<Connection*> seen_;
};

INSTANTIATE_TEST_SUITE_P(Seeds, FailureMode19, ::testing::Range(1u, 21u));

TEST_P(FailureMode19, CallbacksMayCloseAnyConnection) {
  auto act = [this](Connection& c) { Act(c.handler(), c); };
  ManualServer server({.on_connect =
                           [&](Connection& c) {
                             seen_.push_back(&c);
                             act(c);
                           },
                       .on_message =
                           [&](Connection& c) {
                             if (random_() % 2 == 0) c.input().TakeAll();
                             act(c);
                           },
                       .on_write_complete = act,
                       .on_input_end = act,
                       .on_close =
                           [&](Connection& c, CloseReason) {
                             act(c);
                             Forget(c);
                           }});
  std::vector<TestClient> clients = ConnectMany(server.port(), 8);
  for (int i = 0; i < 300; ++i) {
    TestClient& client = clients[random_() % clients.size()];
    uint32_t action = random_() % 10;
    if (action == 0) client.HalfClose();
    if (action == 1) client.Reset();
    if (client.fd() >= 0) client.TryRead();
    if (client.fd() >= 0) client.TrySend("hello");
    if (client.fd() < 0 || client.ended()) {
      client = TestClient::Connect(server.port());
    }
    server.Advance(absl::Milliseconds(random_() % 1000));
  }
  clients.clear();
  server.shared().Shutdown(RunPhase::kStopping);
  server.Turn(3);
  EXPECT_EQ(server.shared().connects, server.shared().closes);
  EXPECT_EQ(server.handler().connections(), 0u);
  EXPECT_EQ(server.shared().connections(), 0);
}

// The lists that the loop walks grow under it.
TEST(FailureMode19, CallbacksMayAdoptSockets) {
  ManualServer* self = nullptr;
  std::vector<UniqueFd> peers;
  int messages = 0;
  ManualServer server({.on_message = [&](Connection& c) {
    if (++messages <= 3) return c.RequestMessage();
    c.input().TakeAll();
    for (int i = 0; i < 64; ++i) {
      int pair[2];
      ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
      peers.emplace_back(pair[1]);
      EXPECT_EQ(self->handler().Adopt(UniqueFd(pair[0])), 0);
    }
  }});
  self = &server;
  std::vector<TestClient> clients = ConnectMany(server.port(), 3);
  for (TestClient& client : clients) client.TrySend("x");
  EXPECT_TRUE(server.RunUntil([&] { return peers.size() == 3 * 64; }));
  EXPECT_EQ(server.handler().connections(), 3u + 3 * 64);
  server.shared().Shutdown();
  server.Turn(2);
  server.Advance(absl::Seconds(3));
  EXPECT_EQ(server.handler().connections(), 0u);
}

TEST(FailureMode20, EventOfAConnectionClosedInTheSameBatchIsDropped) {
  std::vector<Connection*> order;
  std::vector<std::string> messages;
  ManualServer server(
      {.on_connect = [&](Connection& c) { order.push_back(&c); },
       .on_message =
           [&](Connection& c) {
             messages.push_back(std::string(c.input().TakeAll()));
             order[&c == order[0] ? 1 : 0]->Abort();
           }});
  std::vector<TestClient> clients = ConnectMany(server.port(), 2);
  ASSERT_TRUE(server.RunUntil([&] { return order.size() == 2; }));
  clients[0].TrySend("from 0");
  clients[1].TrySend("from 1");
  ASSERT_TRUE(server.RunUntil([&] { return server.shared().closes == 1; }));
  EXPECT_EQ(messages.size(), 1u);
  server.Turn(3);
  EXPECT_EQ(server.handler().connections(), 1u);
}

TEST(FailureMode20, NextTenantOfTheDescriptorGetsNoneOfTheOldEvents) {
  // The first callback closes the other connection and makes a new one, whose
  // slot is the next free one; after the batch a third reuses the number.
  std::vector<Connection*> order;
  int pair[2];
  ASSERT_EQ(
      socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair),
      0);
  UniqueFd far_end(pair[0]);
  bool done = false;
  int messages = 0;
  ManualServer server(
      {.on_connect = [&](Connection& c) { order.push_back(&c); },
       .on_message =
           [&](Connection& c) {
             ++messages;
             c.input().TakeAll();
             if (std::exchange(done, true)) return;
             order[&c == order[0] ? 1 : 0]->Abort();
             auto& handler = static_cast<ScriptedHandler&>(c.handler());
             EXPECT_EQ(handler.Adopt(UniqueFd(pair[1])), 0);
           }});
  std::vector<TestClient> clients = ConnectMany(server.port(), 2);
  ASSERT_TRUE(server.RunUntil([&] { return order.size() == 2; }));
  ConnectionId gone = order[1]->id();
  clients[0].TrySend("x");
  clients[1].TrySend("x");
  ASSERT_TRUE(server.RunUntil([&] { return server.shared().closes == 1; }));
  server.Turn(3);
  EXPECT_EQ(messages, 1);
  EXPECT_EQ(server.handler().connections(), 2u);
  TestClient next = TestClient::Connect(server.port());
  EXPECT_TRUE(server.RunUntil([&] { return order.size() == 4; }));
  EXPECT_NE(order[3]->id(), gone);
  server.Turn(3);
  EXPECT_EQ(messages, 1) << "a new connection got somebody else's event";
}

TEST(FailureMode21, SecondCloseIsNoOneElsesDescriptor) {
  ManualServer server({.on_message = [](Connection& c) {
    c.input().TakeAll();
    c.Close();
    c.Abort();
    c.CloseLingering();
    c.Abort();
  }});
  std::set<int> before = OpenDescriptors();
  for (int i = 0; i < 20; ++i) {
    TestClient client = TestClient::Connect(server.port());
    client.TrySend("x");
    ASSERT_TRUE(
        server.RunUntil([&] { return server.shared().closes == i + 1; }));
    // Whoever gets the number next keeps it.
    UniqueFd tenant(eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC));
    server.Turn(3);
    eventfd_t count = 0;
    EXPECT_EQ(eventfd_read(tenant.get(), &count), 0);
  }
  EXPECT_EQ(server.shared().closes, 20);
  EXPECT_EQ(OpenDescriptors(), before);
}

TEST(FailureMode21, CloseFromSeveralThreadsIsOneClose) {
  std::atomic<uint64_t> latest = 0;
  std::set<int> before = OpenDescriptors();
  {
    ThreadedServer server(
        {.on_connect = [&](Connection& c) { latest = c.id().bits(); }});
    std::atomic<bool> stop = false;
    std::vector<std::thread> closers;
    for (int i = 0; i < 2; ++i) {
      closers.emplace_back([&] {
        while (!stop) {
          (void)Close(server.shared(), ConnectionId(latest.load()));
          std::this_thread::yield();
        }
      });
    }
    for (int i = 0; i < 100; ++i) {
      TestClient client = TestClient::Connect(server.port());
      EXPECT_TRUE(client.WaitForEnd());
    }
    stop = true;
    for (std::thread& closer : closers) closer.join();
    EXPECT_TRUE(server.WaitForConnections(0));
    EXPECT_EQ(server.shared().connects, 100);
    EXPECT_EQ(server.shared().closes, 100);
  }
  EXPECT_EQ(OpenDescriptors(), before);
}

}  // namespace
}  // namespace kingpin
