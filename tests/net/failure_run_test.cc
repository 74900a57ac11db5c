// docs/failure_modes.md, the rows about a server as a whole.
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/net/io_handler.h"
#include "kingpin/sys/socket_address.h"
#include "tests/testing/process.h"
#include "tests/testing/scripted_server.h"
#include "tests/testing/test_client.h"

namespace kingpin {
namespace {

using testing::ConnectMany;
using ::testing::HasSubstr;
using testing::ManualServer;
using ::testing::Not;
using testing::OpenDescriptors;
using testing::TestClient;
using testing::ThreadedServer;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kMallocIsMeasured = false;
#else
constexpr bool kMallocIsMeasured = true;
#endif

TEST(FailureMode27, IdleConnectionsOwnNoBuffers) {
  if (!kMallocIsMeasured) GTEST_SKIP() << "the sanitizer has its own malloc";
  constexpr int kConnections = 3000;
  ManualServer server({}, {.max_connections = 10 * kConnections});
  {
    TestClient warm_up = TestClient::Connect(server.port());
    ASSERT_TRUE(server.Echoes(warm_up));
  }
  std::vector<TestClient> clients;
  clients.reserve(kConnections);
  size_t before = mallinfo2().uordblks;
  for (int i = 0; i < kConnections; ++i) {
    clients.push_back(TestClient::Connect(server.port()));
    ASSERT_TRUE(server.Echoes(clients.back()));
  }
  size_t each = (mallinfo2().uordblks - before) / kConnections;
  EXPECT_LE(each, 512u) << "bytes for a connection that is idle";
  // They do not slow down who is active.
  uint64_t turns = server.stats().iterations.value();
  EXPECT_TRUE(server.Echoes(clients[kConnections / 2]));
  EXPECT_LE(server.stats().iterations.value(), turns + 100);
  clients.clear();
  EXPECT_TRUE(
      server.RunUntil([&] { return server.handler().connections() == 0; }));
  EXPECT_TRUE(server.Recovered());
}

// What a program that this process starts finds open beyond 0, 1 and 2.
std::string DescriptorsOfAChild() {
  FILE* pipe = popen(
      "for f in /proc/$$/fd/*; do echo \"${f##*/} $(readlink $f)\"; done", "r");
  std::string found;
  char line[500];
  while (fgets(line, sizeof(line), pipe) != nullptr) {
    if (atoi(line) > 2) found += line;
  }
  pclose(pipe);
  return found;
}

TEST(FailureMode32, ProgramsStartedByAHandlerInheritNoDescriptor) {
  std::string inherited = DescriptorsOfAChild();
  ThreadedServer server({.on_message = [](Connection& c) {
    c.input().TakeAll();
    c.Write(absl::StrCat("[", DescriptorsOfAChild(), "]"));
    c.Close();
  }});
  std::vector<TestClient> others = ConnectMany(server.port(), 3);
  TestClient client = TestClient::Connect(server.port());
  ASSERT_TRUE(client.Send("x"));
  std::string found = client.ReadAll();
  EXPECT_THAT(found, Not(HasSubstr("socket:")));
  EXPECT_THAT(found, Not(HasSubstr("anon_inode")));
  EXPECT_THAT(found, Not(HasSubstr("eventpoll"))) << inherited;
}

TEST(FailureMode32, ForkInAHandlerLeavesTheParentsLoopAlone) {
  ManualServer server({.on_message = [](Connection& c) {
    pid_t child = testing::Fork([&] {
      c.Write("this is the child's copy, which never leaves");
      return 7;
    });
    int status = testing::WaitForExit(child);
    c.input().TakeAll();
    c.Write(status == 7 ? "ping" : "fail");
  }});
  TestClient client = TestClient::Connect(server.port());
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(server.Echoes(client));
  EXPECT_TRUE(server.Recovered());
}

std::atomic<int> signals_handled = 0;
std::atomic<bool> signal_on_loop = false;
thread_local bool is_loop = false;

TEST(FailureMode33, SignalStormsDoNotReachTheLoops) {
  struct sigaction action = {}, before_usr, before_hup, before_chld;
  action.sa_handler = [](int) {
    ++signals_handled;
    if (is_loop) signal_on_loop = true;
  };
  sigaction(SIGUSR1, &action, &before_usr);
  sigaction(SIGHUP, &action, &before_hup);
  sigaction(SIGCHLD, &action, &before_chld);
  {
    ThreadedServer server({.on_init = [](IOHandler&) {
      is_loop = true;
      return absl::OkStatus();
    }});
    std::atomic<bool> stop = false;
    std::thread storm([&] {
      while (!stop) {
        for (int signal : {SIGUSR1, SIGHUP, SIGCHLD}) kill(getpid(), signal);
      }
    });
    TestClient client = TestClient::Connect(server.port());
    for (int i = 0; i < 500; ++i) {
      ASSERT_TRUE(client.Send("ping"));
      ASSERT_EQ(client.Read(4), "ping");
    }
    // On a busy machine the storm may not have begun.
    EXPECT_TRUE(testing::Eventually([] { return signals_handled > 0; }));
    stop = true;
    storm.join();
    EXPECT_FALSE(signal_on_loop);
    EXPECT_TRUE(server.Recovered());
  }
  sigaction(SIGUSR1, &before_usr, nullptr);
  sigaction(SIGHUP, &before_hup, nullptr);
  sigaction(SIGCHLD, &before_chld, nullptr);
}

// One client after the other, each with one request, until told to stop.
struct Load {
  explicit Load(uint16_t port)
      : thread([this, port] {
          while (!stop) Once(port);
        }) {}
  ~Load() {
    stop = true;
    thread.join();
  }
  void Once(uint16_t port) {
    TestClient client;
    if (client.ConnectTo(
            *SocketAddress::Parse(absl::StrCat("127.0.0.1:", port))) != 0) {
      ++refused;
      return;
    }
    bool answered = client.Send("x") && client.Read(1) == "x";
    ++(answered ? served : lost);
  }
  std::atomic<int> served = 0, refused = 0, lost = 0;
  std::atomic<bool> stop = false;
  std::thread thread;
};

TEST(FailureMode36, HandedOverListenerRefusesNobody) {
  std::set<int> before = OpenDescriptors();
  {
    auto server = std::make_unique<ThreadedServer>();
    Load one(server->port()), two(server->port());
    for (int swap = 0; swap < 20; ++swap) {
      int served = one.served + two.served;
      ASSERT_TRUE(testing::Eventually(
          [&] { return one.served + two.served > served + 10; }));
      int fd = dup(server->shared().ListenersOf(0)[0]);
      auto next = std::make_unique<ThreadedServer>(
          testing::Script{},
          ServerOptions{.listen = {absl::StrCat("fd:", fd)}});
      server = std::move(next);  // Drains the old one.
    }
    for (Load* load : {&one, &two}) {
      EXPECT_EQ(load->refused, 0);
      EXPECT_EQ(load->lost, 0);
    }
  }
  EXPECT_EQ(OpenDescriptors(), before);
}

}  // namespace
}  // namespace kingpin
