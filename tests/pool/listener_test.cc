#include "kingpin/pool/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <latch>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/pool/thread_shared_data_for_server.h"
#include "kingpin/sys/fault.h"
#include "kingpin/sys/socket_address.h"
#include "kingpin/sys/syscalls.h"
#include "tests/testing/process.h"
#include "tests/testing/test_client.h"

namespace kingpin {
namespace {

using testing::Eventually;
using ::testing::HasSubstr;
using testing::OpenDescriptors;
using testing::TestClient;

absl::StatusOr<Listener> Open(const std::string& text,
                              const SocketOptions& options = {},
                              bool share = false) {
  return Listener::Open(*SocketAddress::Parse(text), options, share);
}

int Option(int fd, int level, int option) {
  int value = -1;
  socklen_t size = sizeof(value);
  EXPECT_EQ(getsockopt(fd, level, option, &value, &size), 0);
  return value;
}

// Connects to `address` and gives the accepted socket.
UniqueFd AcceptOne(const Listener& listener, const SocketAddress& address) {
  TestClient client(address.family());
  EXPECT_EQ(client.ConnectTo(address), 0) << address.ToString();
  SysResult<UniqueFd> accepted;
  EXPECT_TRUE(Eventually([&] {
    accepted = sys::Accept(listener.fd());
    return accepted.ok();
  }));
  return std::move(accepted.value);
}

std::string SocketPath(const char* name) {
  return absl::StrCat("/tmp/kingpin_", getpid(), "_", name);
}

// What a server that was killed leaves.
void LeaveStale(const std::string& path) {
  UniqueFd dead = sys::StreamSocket(AF_UNIX).value;
  EXPECT_EQ(sys::Bind(dead.get(), *SocketAddress::Parse("unix:" + path)), 0);
  EXPECT_EQ(sys::Listen(dead.get(), 1), 0);
}

TEST(Listener, Ipv4) {
  auto listener = Open("127.0.0.1:0");
  ASSERT_TRUE(listener.ok()) << listener.status();
  EXPECT_NE(listener->address().port(), 0);
  AcceptOne(*listener, listener->address());
}

TEST(Listener, Ipv6) {
  auto listener = Open("[::1]:0");
  if (!listener.ok()) GTEST_SKIP() << listener.status();
  AcceptOne(*listener, listener->address());
}

TEST(Listener, AnyAddressTakesBothFamilies) {
  auto listener = Open(":0");
  ASSERT_TRUE(listener.ok()) << listener.status();
  uint16_t port = listener->address().port();
  AcceptOne(*listener, *SocketAddress::Parse(absl::StrCat("127.0.0.1:", port)));
  if (listener->address().family() != AF_INET6) return;
  AcceptOne(*listener, *SocketAddress::Parse(absl::StrCat("[::1]:", port)));
}

TEST(Listener, AcceptedSocketsInheritTheOptions) {
  auto listener = Open("127.0.0.1:0", {.keep_alive = absl::Seconds(30),
                                       .send_buffer_bytes = 50'000,
                                       .receive_buffer_bytes = 60'000});
  ASSERT_TRUE(listener.ok()) << listener.status();
  UniqueFd fd = AcceptOne(*listener, listener->address());
  EXPECT_NE(Option(fd.get(), IPPROTO_TCP, TCP_NODELAY), 0);
  EXPECT_NE(Option(fd.get(), SOL_SOCKET, SO_KEEPALIVE), 0);
  EXPECT_EQ(Option(fd.get(), IPPROTO_TCP, TCP_KEEPIDLE), 30);
  EXPECT_EQ(Option(fd.get(), IPPROTO_TCP, TCP_KEEPINTVL), 10);
  EXPECT_EQ(Option(fd.get(), IPPROTO_TCP, TCP_KEEPCNT), 3);
  EXPECT_EQ(Option(fd.get(), SOL_SOCKET, SO_SNDBUF), 100'000);
  EXPECT_EQ(Option(fd.get(), SOL_SOCKET, SO_RCVBUF), 120'000);
  EXPECT_NE(fcntl(fd.get(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_NE(fcntl(fd.get(), F_GETFL) & O_NONBLOCK, 0);
}

TEST(Listener, OptionsCanBeOff) {
  auto listener = Open("127.0.0.1:0", {.reuse_address = false,
                                       .tcp_nodelay = false,
                                       .keep_alive = absl::ZeroDuration()});
  ASSERT_TRUE(listener.ok()) << listener.status();
  EXPECT_EQ(Option(listener->fd(), SOL_SOCKET, SO_REUSEADDR), 0);
  UniqueFd fd = AcceptOne(*listener, listener->address());
  EXPECT_EQ(Option(fd.get(), IPPROTO_TCP, TCP_NODELAY), 0);
  EXPECT_EQ(Option(fd.get(), SOL_SOCKET, SO_KEEPALIVE), 0);
}

TEST(Listener, SharedPort) {
  auto first = Open("127.0.0.1:0", {}, /*share=*/true);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_TRUE(Open(first->address().ToString(), {}, /*share=*/true).ok());
  EXPECT_FALSE(Open(first->address().ToString()).ok());
}

TEST(Listener, UnixPathIsMadeAndRemoved) {
  std::string path = SocketPath("made");
  {
    auto listener = Open("unix:" + path);
    ASSERT_TRUE(listener.ok()) << listener.status();
    AcceptOne(*listener, listener->address());
    Listener moved = *std::move(listener);
    EXPECT_EQ(access(path.c_str(), F_OK), 0);
  }
  EXPECT_NE(access(path.c_str(), F_OK), 0);
}

TEST(Listener, StaleUnixPathIsReplaced) {
  std::string path = SocketPath("stale");
  LeaveStale(path);
  ASSERT_EQ(access(path.c_str(), F_OK), 0);
  auto listener = Open("unix:" + path);
  ASSERT_TRUE(listener.ok()) << listener.status();
  AcceptOne(*listener, listener->address());
}

TEST(Listener, LiveUnixPathIsRefusedAndLeftAlone) {
  std::string path = SocketPath("live");
  auto first = Open("unix:" + path);
  ASSERT_TRUE(first.ok()) << first.status();
  auto second = Open("unix:" + path);
  EXPECT_THAT(second.status().message(), HasSubstr("another server"));
  UniqueFd probe = sys::Accept(first->fd()).value;  // The probe of the second.
  AcceptOne(*first, first->address());
}

TEST(Listener, OfServersThatStartAtOnceOneGetsTheUnixPath) {
  std::string path = SocketPath("at_once");
  for (int round = 0; round < 50; ++round) {
    if (round % 2 == 0) LeaveStale(path);
    std::vector<absl::StatusOr<Listener>> listeners(4);
    std::latch start(4);
    std::vector<std::thread> threads;
    for (auto& listener : listeners) {
      threads.emplace_back([&] {
        start.arrive_and_wait();
        listener = Open("unix:" + path);
      });
    }
    for (std::thread& thread : threads) thread.join();
    int listening = 0;
    for (auto& listener : listeners) listening += listener.ok();
    EXPECT_EQ(listening, 1) << "round " << round;
    EXPECT_EQ(access(path.c_str(), F_OK), 0);
  }
  EXPECT_NE(access(path.c_str(), F_OK), 0);
  EXPECT_NE(access((path + ".kingpin-lock").c_str(), F_OK), 0);
}

TEST(Listener, UnixPathIsNotTakenBetweenBindAndListen) {
  std::string path = SocketPath("window");
  absl::StatusOr<Listener> second;
  std::thread thread;
  std::atomic<int> second_binds = 0;
  std::atomic<bool> second_locks = false;
  ScopedFaultHook hook([&, first = std::this_thread::get_id()](
                           sys::Call call, int) -> sys::Fault {
    if (std::this_thread::get_id() != first) {
      if (call == sys::Call::kBind) ++second_binds;
      if (call == sys::Call::kOpen) second_locks = true;
    } else if (call == sys::Call::kListen) {
      thread = std::thread([&] { second = Open("unix:" + path); });
      // The other has come as far as it can: at a lock, or, having taken the
      // path for a stale one, at its second bind.
      EXPECT_TRUE(Eventually([&] { return second_locks || second_binds > 1; }));
    }
    return {};
  });
  auto listener = Open("unix:" + path);
  if (thread.joinable()) thread.join();
  ASSERT_TRUE(listener.ok()) << listener.status();
  EXPECT_THAT(second.status().message(), HasSubstr("another server"));
}

TEST(Listener, LockThatAKilledServerLeftIsNoObstacle) {
  std::string path = SocketPath("left_lock");
  std::string lock = path + ".kingpin-lock";
  UniqueFd left(open(lock.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  ASSERT_TRUE(left.valid());
  auto listener = Open("unix:" + path);
  EXPECT_TRUE(listener.ok()) << listener.status();
  EXPECT_NE(access(lock.c_str(), F_OK), 0);
}

TEST(Listener, UnixPathThatSomebodyElseHasLockedIsNotWaitedForForEver) {
  std::string path = SocketPath("locked");
  auto listener = Open("unix:" + path);
  ASSERT_TRUE(listener.ok()) << listener.status();
  std::string lock = path + ".kingpin-lock";
  UniqueFd locked(open(lock.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  ASSERT_EQ(flock(locked.get(), LOCK_EX), 0);
  EXPECT_THAT(Open("unix:" + path).status().message(),
              HasSubstr("another server is starting or ending"));
  { Listener ended = *std::move(listener); }
  EXPECT_EQ(unlink(path.c_str()), 0) << "it was removed";
  EXPECT_EQ(unlink(lock.c_str()), 0) << "the lock is another's";
}

TEST(Listener, WhoStopsListeningRefusesAtOnceAndRemovesThePathLater) {
  std::string path = SocketPath("stopped");
  {
    auto listener = Open("unix:" + path);
    ASSERT_TRUE(listener.ok()) << listener.status();
    listener->StopListening();
    EXPECT_EQ(listener->fd(), -1);
    EXPECT_EQ(TestClient(AF_UNIX).ConnectTo(listener->address()), ECONNREFUSED);
    EXPECT_EQ(access(path.c_str(), F_OK), 0);
  }
  EXPECT_NE(access(path.c_str(), F_OK), 0);
}

TEST(Listener, AssigningEndsTheFormerOne) {
  std::string first = SocketPath("first");
  std::string second = SocketPath("second");
  Listener listener = *Open("unix:" + first);
  listener = *Open("unix:" + second);
  EXPECT_NE(access(first.c_str(), F_OK), 0);
  AcceptOne(listener, *SocketAddress::Parse("unix:" + second));
}

TEST(Listener, UnixPathOfASuccessorStays) {
  std::string path = SocketPath("successor");
  UniqueFd successor = sys::StreamSocket(AF_UNIX).value;
  {
    auto listener = Open("unix:" + path);
    ASSERT_TRUE(listener.ok()) << listener.status();
    ASSERT_EQ(unlink(path.c_str()), 0);
    // Not a kingpin server, so it takes no lock, and does not listen yet.
    ASSERT_EQ(sys::Bind(successor.get(), *SocketAddress::Parse("unix:" + path)),
              0);
  }
  EXPECT_EQ(unlink(path.c_str()), 0) << "it was removed";
}

TEST(Listener, LongestUnixPath) {
  std::string path = SocketPath("long");
  path.resize(107, 'x');  // unix(7).
  auto listener = Open("unix:" + path);
  EXPECT_TRUE(listener.ok()) << listener.status();
}

TEST(Listener, FileThatIsNoSocketIsLeftAlone) {
  std::string path = SocketPath("file");
  UniqueFd file(open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  ASSERT_TRUE(file.valid());
  EXPECT_THAT(
      Open("unix:" + path).status().message(),
      HasSubstr("bind (something else has that path, which is no socket)"));
  EXPECT_EQ(access(path.c_str(), F_OK), 0);
  unlink(path.c_str());
}

TEST(Listener, AbstractName) {
  // Process ids are the same in every sandbox, abstract names are not.
  auto listener = Open(absl::StrCat("unix:@kingpin_", std::random_device()()));
  ASSERT_TRUE(listener.ok()) << listener.status();
  AcceptOne(*listener, listener->address());
}

TEST(Listener, AdoptsASocketThatListens) {
  auto first = Open("127.0.0.1:0");
  ASSERT_TRUE(first.ok());
  auto adopted = Listener::Adopt(dup(first->fd()));
  ASSERT_TRUE(adopted.ok()) << adopted.status();
  EXPECT_EQ(adopted->address().ToString(), first->address().ToString());
  EXPECT_NE(fcntl(adopted->fd(), F_GETFD) & FD_CLOEXEC, 0);
  AcceptOne(*adopted, adopted->address());
}

TEST(Listener, AdoptedUnixPathStays) {
  std::string path = SocketPath("adopted");
  auto first = Open("unix:" + path);
  ASSERT_TRUE(first.ok());
  { auto adopted = Listener::Adopt(dup(first->fd())); }
  EXPECT_EQ(access(path.c_str(), F_OK), 0);
}

TEST(Listener, UnixPathThatWasHandedOverStays) {
  std::string path = SocketPath("handed_over");
  auto first = Open("unix:" + path);
  ASSERT_TRUE(first.ok());
  auto second = Listener::Adopt(dup(first->fd()));
  { Listener ended = *std::move(first); }
  ASSERT_EQ(access(path.c_str(), F_OK), 0);
  UniqueFd probe = sys::Accept(second->fd()).value;
  AcceptOne(*second, second->address());
  unlink(path.c_str());
}

TEST(Listener, RefusesToAdoptWhatDoesNotListen) {
  UniqueFd socket = sys::StreamSocket(AF_INET).value;
  EXPECT_THAT(Listener::Adopt(socket.get()).status().message(),
              HasSubstr("not a listening socket"));
  EXPECT_FALSE(Listener::Adopt(-1).ok());
  EXPECT_FALSE(Listener::Adopt(12345).ok());
  EXPECT_GE(fcntl(socket.get(), F_GETFD), 0) << "it is still the caller's";
}

TEST(FailureMode37, PortInUse) {
  auto first = Open("127.0.0.1:0");
  ASSERT_TRUE(first.ok());
  std::string address = first->address().ToString();
  EXPECT_THAT(Open(address).status().message(),
              ::testing::AllOf(HasSubstr(address), HasSubstr("bind"),
                               HasSubstr("another server")));
}

TEST(FailureMode37, PortInUseByAServerThatSharesIt) {
  auto reuse_port = [](const std::string& address) {
    return ServerOptions{.listen = {address},
                         .strategy = AcceptStrategy::kReusePort};
  };
  ThreadSharedDataForServer first(reuse_port("127.0.0.1:0"));
  ASSERT_TRUE(first.Open(3).ok()) << "its threads share the port";
  EXPECT_EQ(first.ListenersOf(0).size(), 1u);
  EXPECT_NE(first.ListenersOf(0), first.ListenersOf(2));
  EXPECT_NE(first.port(), 0);
  std::string address = first.addresses()[0];
  {
    ThreadSharedDataForServer second(reuse_port(address));
    EXPECT_THAT(second.Open(3).message(),
                ::testing::AllOf(HasSubstr(address), HasSubstr("bind"),
                                 HasSubstr("another server")));
  }
  {
    // What the server closes first leaves the port in TIME_WAIT.
    TestClient client;
    ASSERT_EQ(client.ConnectTo(*SocketAddress::Parse(address)), 0);
    EXPECT_TRUE(Eventually([&] {
      for (int i = 0; i < 3; ++i) {
        if (sys::Accept(first.ListenersOf(i)[0]).ok()) return true;
      }
      return false;
    }));
    EXPECT_EQ(client.ReadAll(), "");
  }
  first.OnRunEnded();
  ThreadSharedDataForServer next(reuse_port(address));
  absl::Status status = next.Open(3);
  EXPECT_TRUE(status.ok()) << status;
}

TEST(FailureMode37, AddressOfAnotherMachine) {
  EXPECT_THAT(Open("192.0.2.1:0").status().message(),
              HasSubstr("not an address of this machine"));
}

TEST(FailureMode37, NoPermission) {
  std::string folder = SocketPath("closed");
  ASSERT_EQ(mkdir(folder.c_str(), 0500), 0);
  auto listener = Open(absl::StrCat("unix:", folder, "/socket"));
  if (listener.ok()) GTEST_SKIP() << "this user may do everything";
  EXPECT_THAT(listener.status().message(), HasSubstr("Permission denied"));
  rmdir(folder.c_str());
}

TEST(FailureMode37, NoFolder) {
  EXPECT_THAT(Open(absl::StrCat("unix:", SocketPath("none"), "/socket"))
                  .status()
                  .message(),
              HasSubstr("(is its folder there?)"));
}

TEST(FailureMode37, NoServerIsHalfStarted) {
  auto taken = Open("127.0.0.1:0");
  ASSERT_TRUE(taken.ok());
  for (const std::string& bad :
       {taken->address().ToString(), std::string("192.0.2.1:80"),
        std::string("localhost:80"), std::string("nonsense"),
        std::string("fd:99999"), std::string("fd:x"), std::string("unix:"),
        std::string("unix:/no/such/folder/socket")}) {
    for (auto strategy : {AcceptStrategy::kMutex, AcceptStrategy::kReusePort}) {
      std::set<int> before = OpenDescriptors();
      {
        ThreadSharedDataForServer shared(
            {.listen = {"127.0.0.1:0", bad}, .strategy = strategy});
        absl::Status status = shared.Open(2);
        EXPECT_FALSE(status.ok()) << bad;
        EXPECT_FALSE(status.message().empty());
        for (int fd : OpenDescriptors()) {
          int listening = 0;
          socklen_t size = sizeof(listening);
          getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size);
          EXPECT_TRUE(listening == 0 || fd == taken->fd());
        }
      }
      EXPECT_EQ(OpenDescriptors(), before);
    }
  }
}

TEST(ClassifyAcceptError, SortsInThree) {
  EXPECT_EQ(ClassifyAcceptError(EAGAIN), AcceptOutcome::kNothing);
  for (int error : {EMFILE, ENFILE, ENOBUFS, ENOMEM, ENOSPC, EBADMSG}) {
    EXPECT_EQ(ClassifyAcceptError(error), AcceptOutcome::kPause) << error;
  }
  for (int error : {ECONNABORTED, EPROTO, EPERM, ENETDOWN, ENOPROTOOPT,
                    EHOSTDOWN, ENONET, EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH}) {
    EXPECT_EQ(ClassifyAcceptError(error), AcceptOutcome::kSkip) << error;
  }
}

}  // namespace
}  // namespace kingpin
