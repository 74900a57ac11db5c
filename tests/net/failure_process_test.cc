// docs/failure_modes.md, the rows about the server as a process. Each test
// forks the server; this process has no threads.
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "kingpin/net/connection.h"
#include "kingpin/pool/epoll_tp_server.h"
#include "kingpin/sys/socket_address.h"
#include "tests/testing/process.h"
#include "tests/testing/scripted_server.h"
#include "tests/testing/test_client.h"

namespace kingpin {
namespace {

using testing::Fork;
using testing::Local;
using testing::Script;
using testing::ScriptedHandler;
using testing::ScriptedShared;
using testing::TestClient;
using testing::WaitForExit;

// Writes the port to `fd` once Wait() is there: a signal that comes earlier has
// its default effect.
std::thread AnnounceWhenSignalsAreHandled(int fd, uint16_t port) {
  // Signals are for the main thread.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread([=] {
    testing::Eventually([] {
      struct sigaction now;
      sigaction(SIGTERM, nullptr, &now);
      return now.sa_handler != SIG_DFL;
    });
    (void)!write(fd, &port, sizeof(port));
  });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

// A server in a child process that ends with the test.
class ServerProcess {
 public:
  explicit ServerProcess(Script script, ServerOptions options = {}) {
    int ready[2];
    EXPECT_EQ(pipe(ready), 0);
    child_ = Fork([&] {
      ScriptedShared shared(std::move(script), Local(std::move(options)));
      EpollTPServer<ScriptedHandler> server(&shared, {.threads = 2});
      if (!server.Start().ok()) return 9;
      std::thread announcer =
          AnnounceWhenSignalsAreHandled(ready[1], shared.port());
      absl::Status status = server.Wait();
      announcer.join();
      return ExitCode(status);
    });
    close(ready[1]);
    started_ = read(ready[0], &port_, sizeof(port_)) == sizeof(port_);
    close(ready[0]);
  }
  ~ServerProcess() {
    if (child_ == 0) return;
    kill(child_, SIGKILL);
    WaitForExit(child_);
  }
  bool started() const { return started_; }
  uint16_t port() const { return port_; }
  void Signal(int signal) { kill(child_, signal); }
  int Wait() { return WaitForExit(std::exchange(child_, 0)); }

 private:
  pid_t child_ = 0;
  uint16_t port_ = 0;
  bool started_ = false;
};

// Answers "got" at once and "done" when the run drains.
Script InFlightUntilDrain() {
  return {.on_message =
              [](Connection& c) {
                c.input().TakeAll();
                c.SetBusy(true);
                c.Write("got");
              },
          .on_shutdown =
              [](IOHandler& handler) {
                handler.ForEachConnection([](Connection& c) {
                  if (!c.busy()) return;
                  c.Write("done");
                  c.SetBusy(false);
                });
              }};
}

TEST(FailureMode34, RequestsInFlightAreAnsweredBeforeTheExit) {
  for (int round = 0; round < 10; ++round) {
    ServerProcess server(
        InFlightUntilDrain(),
        {.connection = {.timeouts = {.linger = absl::Milliseconds(10)}}});
    ASSERT_TRUE(server.started());
    std::vector<TestClient> busy = testing::ConnectMany(server.port(), 10);
    std::vector<TestClient> idle = testing::ConnectMany(server.port(), 5);
    for (TestClient& client : busy) ASSERT_TRUE(client.Send("request"));
    for (TestClient& client : busy) ASSERT_EQ(client.Read(3), "got");
    server.Signal(SIGTERM);
    for (TestClient& client : busy) {
      EXPECT_EQ(client.ReadAll(), "done");
      EXPECT_EQ(client.error(), 0);
    }
    for (TestClient& client : idle) EXPECT_TRUE(client.WaitForEnd());
    EXPECT_EQ(server.Wait(), 0);
  }
}

// Never finishes by itself; says that it drains.
Script BusyForEver() {
  return {.on_connect = [](Connection& c) { c.SetBusy(true); },
          .on_message = [](Connection& c) { c.Write(c.input().TakeAll()); },
          .on_shutdown =
              [](IOHandler& handler) {
                handler.ForEachConnection(
                    [](Connection& c) { c.Write("draining"); });
              }};
}

TEST(FailureMode35, SecondSignalHurries) {
  for (int second : {SIGTERM, SIGINT}) {
    ServerProcess server(BusyForEver(), {.drain_timeout = absl::Hours(1)});
    ASSERT_TRUE(server.started());
    TestClient client = TestClient::Connect(server.port());
    ASSERT_TRUE(client.Send("x"));
    ASSERT_EQ(client.Read(1), "x");
    server.Signal(SIGTERM);
    ASSERT_EQ(client.Read(8), "draining");
    ASSERT_TRUE(client.Send("y"));
    ASSERT_EQ(client.Read(1), "y") << "still served";
    server.Signal(second);
    EXPECT_EQ(server.Wait(), 0);
  }
}

TEST(FailureMode35, DrainDeadlineEndsTheProcess) {
  ServerProcess server(BusyForEver(),
                       {.drain_timeout = absl::Milliseconds(50)});
  ASSERT_TRUE(server.started());
  TestClient client = TestClient::Connect(server.port());
  ASSERT_TRUE(client.Send("x"));
  ASSERT_EQ(client.Read(1), "x");
  server.Signal(SIGTERM);
  EXPECT_EQ(server.Wait(), 0);
}

TEST(FailureMode35, KillDuringDrainThenTheNextStartIsClean) {
  std::string path = absl::StrCat("unix:/tmp/kingpin_killed_", getpid());
  std::vector<std::string> listen = {"127.0.0.1:0", path};
  for (int round = 0; round < 3; ++round) {
    ServerProcess server(BusyForEver(), {.listen = listen});
    ASSERT_TRUE(server.started());
    listen[0] = absl::StrCat("127.0.0.1:", server.port());
    TestClient tcp = TestClient::Connect(server.port());
    TestClient local(AF_UNIX);
    ASSERT_EQ(local.ConnectTo(*SocketAddress::Parse(path)), 0);
    for (TestClient* client : {&tcp, &local}) {
      ASSERT_TRUE(client->Send("x"));
      ASSERT_EQ(client->Read(1), "x");
    }
    server.Signal(SIGTERM);
    ASSERT_EQ(tcp.Read(8), "draining");
    server.Signal(SIGKILL);
    EXPECT_EQ(server.Wait(), 1000 + SIGKILL);
  }
  unlink(path.substr(5).c_str());
}

TEST(FailureMode33, BurstOfShutdownSignalsEndsInAnOrderlyExit) {
  for (int round = 0; round < 10; ++round) {
    ServerProcess server(BusyForEver());
    ASSERT_TRUE(server.started());
    TestClient client = TestClient::Connect(server.port());
    ASSERT_TRUE(client.Send("x"));
    ASSERT_EQ(client.Read(1), "x");
    // Both before the exit, which restores the dispositions: a client is open.
    for (int i = 0; i < 2; ++i) server.Signal(i == 0 ? SIGTERM : SIGINT);
    EXPECT_EQ(server.Wait(), 0);
  }
}

}  // namespace
}  // namespace kingpin
