#include "kingpin/sys/syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <new>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "kingpin/sys/socket_address.h"
#include "kingpin/sys/unique_fd.h"
#include "tests/testing/scratch_directory.h"

namespace kingpin {
namespace {

bool IsCloexec(int fd) { return fcntl(fd, F_GETFD) & FD_CLOEXEC; }
bool IsNonblocking(int fd) { return fcntl(fd, F_GETFL) & O_NONBLOCK; }

struct SocketPair {
  explicit SocketPair(int flags = SOCK_NONBLOCK) {
    int pair[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0, pair),
              0);
    a.Reset(pair[0]);
    b.Reset(pair[1]);
  }
  UniqueFd a;
  UniqueFd b;
};

struct Listener {
  Listener() : fd(sys::StreamSocket(AF_INET).value) {
    EXPECT_EQ(sys::SetOption(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1), 0);
    EXPECT_EQ(sys::Bind(fd.get(), SocketAddress::Parse("127.0.0.1:0").value()),
              0);
    EXPECT_EQ(sys::Listen(fd.get(), 16), 0);
    address = SocketAddress::Local(fd.get());
  }
  // A blocking socket connected to it.
  UniqueFd Connect() const {
    UniqueFd client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(connect(client.get(), address.get(), address.size()), 0);
    return client;
  }
  UniqueFd fd;
  SocketAddress address;
};

class TempDirectory {
 public:
  int fd() const { return fd_.get(); }
  std::string operator/(const char* name) const {
    return directory_.File(name);
  }
  void WriteFile(const char* name) const {
    UniqueFd file =
        sys::Open((*this / name).c_str(), O_WRONLY | O_CREAT, 0600).value;
    EXPECT_EQ(sys::Write(file.get(), "text", 4).value, 4);
  }

 private:
  const testing::ScratchDirectory directory_;
  const UniqueFd fd_{
      open(directory_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
};

// SIGALRM every 50 us without SA_RESTART, for its own lifetime.
class SignalStorm {
 public:
  SignalStorm() {
    count_ = 0;
    struct sigaction action = {};
    action.sa_handler = [](int) { ++count_; };
    sigaction(SIGALRM, &action, &old_);
    itimerval interval = {{0, 50}, {0, 50}};
    setitimer(ITIMER_REAL, &interval, nullptr);
  }
  ~SignalStorm() {
    itimerval off = {};
    setitimer(ITIMER_REAL, &off, nullptr);
    sigaction(SIGALRM, &old_, nullptr);
  }
  int count() const { return count_; }

 private:
  static inline std::atomic<int> count_ = 0;
  struct sigaction old_;
};

// Threads made meanwhile leave the storm to the thread that is tested.
class SigalrmBlocked {
 public:
  SigalrmBlocked() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    pthread_sigmask(SIG_BLOCK, &set, &old_);
  }
  ~SigalrmBlocked() { pthread_sigmask(SIG_SETMASK, &old_, nullptr); }

 private:
  sigset_t old_;
};

// --- Descriptors -------------------------------------------------------------

TEST(Syscalls, DescriptorsAreBornCloexecAndNonblocking) {
  Listener listener;
  UniqueFd client = listener.Connect();
  SysResult<UniqueFd> accepted = sys::Accept(listener.fd.get());
  ASSERT_TRUE(accepted.ok());
  UniqueFd event = sys::EventFd().value;
  TempDirectory directory;
  directory.WriteFile("file");
  UniqueFd beneath =
      sys::OpenBeneath(directory.fd(), "file", O_RDONLY, false).value;
  for (int fd :
       {listener.fd.get(), accepted.value.get(), event.get(), beneath.get()}) {
    ASSERT_GE(fd, 0);
    EXPECT_TRUE(IsCloexec(fd));
    EXPECT_TRUE(IsNonblocking(fd));
  }
  // No call on these two waits because of the flag.
  EXPECT_TRUE(IsCloexec(sys::EpollCreate().value.get()));
  EXPECT_TRUE(IsCloexec(sys::Open("/dev/null", O_RDONLY).value.get()));
}

TEST(Syscalls, FailureIsAnErrnoAndNoDescriptor) {
  SysResult<UniqueFd> result = sys::Open("/no/such/file", O_RDONLY);
  EXPECT_FALSE(result.ok());
  EXPECT_EQ(result.error, ENOENT);
  EXPECT_FALSE(result.value.valid());
  EXPECT_EQ(sys::StreamSocket(-1).error, EAFNOSUPPORT);
  EXPECT_EQ(sys::Accept(-1).error, EBADF);
  EXPECT_EQ(sys::Listen(-1, 1), EBADF);
  EXPECT_EQ(sys::EpollCtl(-1, EPOLL_CTL_ADD, 0, 0, 0), EBADF);
  EXPECT_EQ(sys::TakeSocketError(-1), EBADF);
  EXPECT_EQ(sys::ShutdownWrite(-1), EBADF);
  struct stat status;
  EXPECT_EQ(sys::Fstat(-1, &status), EBADF);
  EXPECT_EQ(sys::Write(-1, "x", 1).error, EBADF);
}

// --- Sockets -----------------------------------------------------------------

TEST(Syscalls, BindTellsThatAnAddressIsTaken) {
  Listener listener;
  UniqueFd second = sys::StreamSocket(AF_INET).value;
  EXPECT_EQ(sys::Bind(second.get(), listener.address), EADDRINUSE);
}

TEST(Syscalls, AcceptWithNobodyThereIsEagain) {
  Listener listener;
  EXPECT_EQ(sys::Accept(listener.fd.get()).error, EAGAIN);
}

TEST(Syscalls, SendsAndReceives) {
  SocketPair pair;
  EXPECT_EQ(sys::Send(pair.a.get(), "hello", 5).value, 5);
  char text[8];
  SysResult<size_t> got = sys::Recv(pair.b.get(), text, sizeof(text));
  EXPECT_EQ(std::string(text, got.value), "hello");
  EXPECT_EQ(sys::Recv(pair.b.get(), text, sizeof(text)).error, EAGAIN);
}

TEST(Syscalls, RecvOfFinIsZero) {
  SocketPair pair;
  EXPECT_EQ(sys::ShutdownWrite(pair.a.get()), 0);
  char byte;
  SysResult<size_t> got = sys::Recv(pair.b.get(), &byte, 1);
  EXPECT_TRUE(got.ok());
  EXPECT_EQ(got.value, 0);
  // The other direction still works.
  EXPECT_EQ(sys::Send(pair.b.get(), "x", 1).value, 1);
  EXPECT_EQ(sys::Recv(pair.a.get(), &byte, 1).value, 1);
}

TEST(Syscalls, SendToAFullSocketIsEagain) {
  SocketPair pair;
  std::string data(1 << 16, 'x');
  SysResult<size_t> sent = {0};
  while (sent.ok()) sent = sys::Send(pair.a.get(), data.data(), data.size());
  EXPECT_EQ(sent.error, EAGAIN);
  EXPECT_EQ(sent.value, 0);
}

TEST(Syscalls, SendVGathers) {
  SocketPair pair;
  std::string first = "hello ";
  std::string second = "world";
  iovec parts[] = {{first.data(), first.size()},
                   {second.data(), second.size()}};
  for (bool more : {false, true}) {
    EXPECT_EQ(sys::SendV(pair.a.get(), parts, more).value, 11);
    char text[16];
    SysResult<size_t> got = sys::Recv(pair.b.get(), text, sizeof(text));
    EXPECT_EQ(std::string(text, got.value), "hello world");
  }
}

TEST(Syscalls, SendVOfNothingIsZero) {
  SocketPair pair;
  SysResult<size_t> sent = sys::SendV(pair.a.get(), {}, false);
  EXPECT_TRUE(sent.ok());
  EXPECT_EQ(sent.value, 0);
}

TEST(Syscalls, SendFileTakesAnOffsetAndKeepsThePosition) {
  SocketPair pair;
  UniqueFd file(memfd_create("file", MFD_CLOEXEC));
  ASSERT_EQ(write(file.get(), "0123456789", 10), 10);
  EXPECT_EQ(sys::SendFile(pair.a.get(), file.get(), 4, 3).value, 3);
  char text[16];
  SysResult<size_t> got = sys::Recv(pair.b.get(), text, sizeof(text));
  EXPECT_EQ(std::string(text, got.value), "456");
  EXPECT_EQ(lseek(file.get(), 0, SEEK_CUR), 10);
  SysResult<size_t> past = sys::SendFile(pair.a.get(), file.get(), 10, 3);
  EXPECT_TRUE(past.ok());
  EXPECT_EQ(past.value, 0);
  EXPECT_EQ(sys::SendFile(pair.a.get(), file.get(), 8, SIZE_MAX).value, 2);
}

TEST(Syscalls, SetOptionReachesTheKernel) {
  UniqueFd fd = sys::StreamSocket(AF_INET).value;
  EXPECT_EQ(sys::SetOption(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1), 0);
  int value = 0;
  socklen_t size = sizeof(value);
  ASSERT_EQ(getsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &value, &size), 0);
  EXPECT_EQ(value, 1);
  EXPECT_EQ(sys::SetOption(fd.get(), SOL_SOCKET, -1, 1), ENOPROTOOPT);
}

TEST(Syscalls, SocketErrorIsTakenOnce) {
  SocketAddress nobody;
  {
    Listener listener;
    nobody = listener.address;
  }
  UniqueFd fd = sys::StreamSocket(AF_INET).value;
  ASSERT_EQ(connect(fd.get(), nobody.get(), nobody.size()), -1);
  ASSERT_EQ(errno, EINPROGRESS);
  UniqueFd epoll = sys::EpollCreate().value;
  ASSERT_EQ(sys::EpollCtl(epoll.get(), EPOLL_CTL_ADD, fd.get(), EPOLLOUT, 1),
            0);
  epoll_event event;
  ASSERT_EQ(sys::EpollWait(epoll.get(), absl::MakeSpan(&event, 1), -1).value,
            1);
  EXPECT_EQ(sys::TakeSocketError(fd.get()), ECONNREFUSED);
  EXPECT_EQ(sys::TakeSocketError(fd.get()), 0);
}

// --- SIGPIPE -----------------------------------------------------------------

TEST(Sigpipe, SendAndSendVNeverRaiseIt) {
  // The default disposition: a signal would end this process.
  ASSERT_EQ(signal(SIGPIPE, SIG_DFL), SIG_DFL);
  SocketPair pair;
  pair.b.Reset();
  char byte = 'x';
  iovec part = {&byte, 1};
  EXPECT_EQ(sys::Send(pair.a.get(), &byte, 1).error, EPIPE);
  EXPECT_EQ(sys::SendV(pair.a.get(), absl::MakeSpan(&part, 1), false).error,
            EPIPE);
}

TEST(Sigpipe, SendFileIsSafeOnAThreadThatBlocksIt) {
  ASSERT_EQ(signal(SIGPIPE, SIG_DFL), SIG_DFL);
  SocketPair pair;
  pair.b.Reset();
  UniqueFd file(memfd_create("file", MFD_CLOEXEC));
  ASSERT_EQ(write(file.get(), "x", 1), 1);
  std::thread([&] {
    sys::BlockSigpipe();
    EXPECT_EQ(sys::SendFile(pair.a.get(), file.get(), 0, 1).error, EPIPE);
    EXPECT_EQ(sys::SendFile(pair.a.get(), file.get(), 0, 1).error, EPIPE);
  }).join();
  // Only that thread blocks it.
  sigset_t mask;
  pthread_sigmask(SIG_BLOCK, nullptr, &mask);
  EXPECT_EQ(sigismember(&mask, SIGPIPE), 0);
}

TEST(SigpipeDeathTest, SendFileRaisesItOtherwise) {
  SocketPair pair;
  pair.b.Reset();
  UniqueFd file(memfd_create("file", MFD_CLOEXEC));
  ASSERT_EQ(write(file.get(), "x", 1), 1);
  EXPECT_EXIT(static_cast<void>(sys::SendFile(pair.a.get(), file.get(), 0, 1)),
              ::testing::KilledBySignal(SIGPIPE), "");
}

// --- EINTR -------------------------------------------------------------------

TEST(SignalStormTest, BlockingRecvAndSendGetEveryByte) {
  constexpr size_t kBytes = 4 << 20;
  SocketPair pair(0);  // Blocking, so that the calls can be interrupted.
  std::thread echo;
  {
    SigalrmBlocked blocked;
    echo = std::thread([&] {
      char part[777];
      for (;;) {
        ssize_t n = read(pair.b.get(), part, sizeof(part));
        if (n <= 0) return;
        if (write(pair.b.get(), part, n) != n) return;
      }
    });
  }
  SignalStorm storm;
  size_t received = 0;
  std::string data(64 << 10, 'x');
  std::string back(64 << 10, ' ');
  while (received < kBytes || storm.count() < 100) {
    SysResult<size_t> sent = sys::Send(pair.a.get(), data.data(), data.size());
    ASSERT_EQ(sent.error, 0);
    for (size_t left = sent.value; left > 0;) {
      SysResult<size_t> got = sys::Recv(pair.a.get(), back.data(), left);
      ASSERT_EQ(got.error, 0);
      ASSERT_GT(got.value, 0);
      left -= got.value;
      received += got.value;
    }
  }
  shutdown(pair.a.get(), SHUT_RDWR);
  echo.join();
}

TEST(SignalStormTest, BlockingAcceptIsRetried) {
  Listener listener;
  int flags = fcntl(listener.fd.get(), F_GETFL);
  ASSERT_EQ(fcntl(listener.fd.get(), F_SETFL, flags & ~O_NONBLOCK), 0);
  SignalStorm storm;
  std::thread client;
  {
    SigalrmBlocked blocked;
    client = std::thread([&] {
      // Connects only when the accept below has been interrupted for a while.
      while (storm.count() < 50) std::this_thread::yield();
      listener.Connect();
    });
  }
  EXPECT_TRUE(sys::Accept(listener.fd.get()).ok());
  client.join();
}

TEST(SignalStormTest, WaitEndsEarlyWithoutEvents) {
  UniqueFd epoll = sys::EpollCreate().value;
  SignalStorm storm;
  epoll_event event;
  SysResult<size_t> result =
      sys::EpollWait(epoll.get(), absl::MakeSpan(&event, 1), /*timeout_ms=*/-1);
  EXPECT_TRUE(result.ok());
  EXPECT_EQ(result.value, 0);
}

// --- Readiness ---------------------------------------------------------------

TEST(Epoll, ReportsTheDataOfTheRegistration) {
  SocketPair pair;
  UniqueFd epoll = sys::EpollCreate().value;
  constexpr uint64_t kData = 0xfeedfacecafebeef;
  ASSERT_EQ(
      sys::EpollCtl(epoll.get(), EPOLL_CTL_ADD, pair.a.get(), EPOLLIN, kData),
      0);
  epoll_event events[4];
  EXPECT_EQ(sys::EpollWait(epoll.get(), absl::MakeSpan(events), 0).value, 0);
  ASSERT_EQ(sys::Send(pair.b.get(), "x", 1).value, 1);
  ASSERT_EQ(sys::EpollWait(epoll.get(), absl::MakeSpan(events), -1).value, 1);
  // Copies: the fields of the packed struct must not be bound to references.
  EXPECT_EQ(uint64_t{events[0].data.u64}, kData);
  EXPECT_EQ(uint32_t{events[0].events}, EPOLLIN);
  EXPECT_EQ(sys::EpollCtl(epoll.get(), EPOLL_CTL_ADD, pair.a.get(), 0, 0),
            EEXIST);
  EXPECT_EQ(sys::EpollCtl(epoll.get(), EPOLL_CTL_DEL, pair.a.get(), 0, 0), 0);
  EXPECT_EQ(sys::EpollCtl(epoll.get(), EPOLL_CTL_DEL, pair.a.get(), 0, 0),
            ENOENT);
}

TEST(EventFd, CountsAndClears) {
  UniqueFd event = sys::EventFd().value;
  EXPECT_EQ(sys::EventFdTake(event.get()), 0);
  sys::EventFdSignal(event.get());
  sys::EventFdSignal(event.get());
  EXPECT_EQ(sys::EventFdTake(event.get()), 2);
  EXPECT_EQ(sys::EventFdTake(event.get()), 0);
}

TEST(EventFd, SignalOfAFullCounterKeepsErrnoAndDoesNotBlock) {
  UniqueFd event = sys::EventFd().value;
  uint64_t most = UINT64_MAX - 1;
  ASSERT_EQ(write(event.get(), &most, sizeof(most)), 8);
  errno = EXDEV;  // What a signal handler has interrupted wants to read it.
  sys::EventFdSignal(event.get());
  EXPECT_EQ(errno, EXDEV);
  EXPECT_EQ(sys::EventFdTake(event.get()), most);
}

TEST(EventFd, WakesAWaiter) {
  UniqueFd event = sys::EventFd().value;
  UniqueFd epoll = sys::EpollCreate().value;
  ASSERT_EQ(sys::EpollCtl(epoll.get(), EPOLL_CTL_ADD, event.get(), EPOLLIN, 7),
            0);
  std::thread other([&] { sys::EventFdSignal(event.get()); });
  epoll_event got;
  EXPECT_EQ(sys::EpollWait(epoll.get(), absl::MakeSpan(&got, 1), -1).value, 1);
  EXPECT_EQ(uint64_t{got.data.u64}, 7);
  other.join();
}

// --- Files -------------------------------------------------------------------

TEST(OpenBeneath, OpensWhatIsBeneath) {
  TempDirectory directory;
  directory.WriteFile("file");
  ASSERT_EQ(mkdir((directory / "sub").c_str(), 0700), 0);
  directory.WriteFile("sub/file");
  for (const char* path : {"file", "sub/file", "./file", "sub/../file", "."}) {
    for (bool follow : {false, true}) {
      EXPECT_EQ(sys::OpenBeneath(directory.fd(), path, O_RDONLY, follow).error,
                0)
          << path;
    }
  }
  EXPECT_EQ(sys::OpenBeneath(directory.fd(), "none", O_RDONLY, true).error,
            ENOENT);
  EXPECT_EQ(sys::OpenBeneath(directory.fd(), "", O_RDONLY, true).error, ENOENT);
}

TEST(OpenBeneath, NeverOpensWhatIsOutside) {
  TempDirectory directory;
  ASSERT_EQ(mkdir((directory / "root").c_str(), 0700), 0);
  ASSERT_EQ(mkdir((directory / "root/sub").c_str(), 0700), 0);
  directory.WriteFile("secret");
  UniqueFd root(
      open((directory / "root").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  ASSERT_EQ(symlink("/etc/passwd", (directory / "root/absolute").c_str()), 0);
  ASSERT_EQ(symlink("../secret", (directory / "root/relative").c_str()), 0);
  ASSERT_EQ(symlink("..", (directory / "root/up").c_str()), 0);
  ASSERT_EQ(symlink("up", (directory / "root/chain").c_str()), 0);
  for (const char* path :
       {"../secret", "sub/../../secret", "..", "/etc/passwd", "/", "absolute",
        "relative", "up/secret", "chain/secret", "../root/sub",
        "/proc/self/cwd/.", "sub/../../../../../../etc/passwd"}) {
    for (bool follow : {false, true}) {
      SysResult<UniqueFd> result =
          sys::OpenBeneath(root.get(), path, O_RDONLY, follow);
      EXPECT_TRUE(result.error == EXDEV || (!follow && result.error == ELOOP))
          << path << ": " << result.error;
      EXPECT_FALSE(result.value.valid());
    }
  }
}

TEST(OpenBeneath, MagicLinksOfProcLeadNowhere) {
  TempDirectory directory;
  directory.WriteFile("secret");
  UniqueFd secret(open((directory / "secret").c_str(), O_RDONLY | O_CLOEXEC));
  UniqueFd proc(open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  ASSERT_TRUE(proc.valid());
  for (bool follow : {false, true}) {
    for (const std::string& path :
         {std::string("root/etc/passwd"), std::string("cwd"),
          std::string("exe"), absl::StrCat("fd/", secret.get())}) {
      SysResult<UniqueFd> result =
          sys::OpenBeneath(proc.get(), path.c_str(), O_RDONLY, follow);
      EXPECT_TRUE(result.error == ELOOP || result.error == EXDEV)
          << path << ": " << result.error;
    }
  }
}

TEST(OpenBeneath, LinksInsideAreAChoice) {
  TempDirectory directory;
  directory.WriteFile("file");
  ASSERT_EQ(symlink("file", (directory / "link").c_str()), 0);
  EXPECT_TRUE(sys::OpenBeneath(directory.fd(), "link", O_RDONLY, true).ok());
  EXPECT_EQ(sys::OpenBeneath(directory.fd(), "link", O_RDONLY, false).error,
            ELOOP);
}

TEST(OpenBeneath, FifoDoesNotBlock) {
  TempDirectory directory;
  ASSERT_EQ(mkfifo((directory / "fifo").c_str(), 0600), 0);
  // Without O_NONBLOCK this waits for a writer that never comes.
  SysResult<UniqueFd> fifo =
      sys::OpenBeneath(directory.fd(), "fifo", O_RDONLY, false);
  ASSERT_TRUE(fifo.ok());
  struct stat status;
  ASSERT_EQ(sys::Fstat(fifo.value.get(), &status), 0);
  EXPECT_TRUE(S_ISFIFO(status.st_mode));
}

TEST(Files, OpenCreatesWithTheMode) {
  TempDirectory directory;
  UniqueFd file =
      sys::Open((directory / "new").c_str(), O_WRONLY | O_CREAT | O_EXCL, 0600)
          .value;
  EXPECT_EQ(sys::Write(file.get(), "abc", 3).value, 3);
  struct stat status;
  ASSERT_EQ(sys::Fstat(file.get(), &status), 0);
  EXPECT_EQ(status.st_size, 3);
  EXPECT_EQ(status.st_mode & 0777, 0600);
}

TEST(Files, ReadDirectoryVisitsAndCloses) {
  TempDirectory directory;
  for (const char* name : {"a", "b", "c"}) directory.WriteFile(name);
  auto read = [&](absl::FunctionRef<bool(const char*)> visit) {
    return sys::ReadDirectory(
        sys::OpenBeneath(directory.fd(), ".", O_RDONLY | O_DIRECTORY, false)
            .value,
        visit);
  };
  const int lowest_free = UniqueFd(dup(directory.fd())).get();
  std::set<std::string> names;
  EXPECT_EQ(read([&](const char* name) { return names.insert(name).second; }),
            0);
  EXPECT_EQ(names, (std::set<std::string>{"a", "b", "c"}));
  int calls = 0;
  EXPECT_EQ(read([&](const char*) { return ++calls < 2; }), 0);
  EXPECT_EQ(calls, 2);
  EXPECT_THROW(read([](const char*) -> bool { throw std::bad_alloc(); }),
               std::bad_alloc);
  EXPECT_EQ(UniqueFd(dup(directory.fd())).get(), lowest_free);
}

TEST(Randomness, IsAnotherEachTime) {
  std::set<std::string> seen;
  for (int i = 0; i < 10; ++i) {
    std::string bytes(256, '\0');
    sys::FillRandom(absl::MakeSpan(bytes));
    // All of it: 16 zeroes would come once in 2^128 times.
    EXPECT_EQ(bytes.find(std::string(16, '\0')), std::string::npos);
    seen.insert(bytes);
  }
  EXPECT_EQ(seen.size(), 10u);
}

TEST(ThreadId, IsTheKernels) {
  EXPECT_EQ(sys::ThreadId(), getpid());  // The test runs on the main thread.
  std::thread([] {
    EXPECT_NE(sys::ThreadId(), getpid());
    EXPECT_EQ(sys::ThreadId(), gettid());
  }).join();
}

}  // namespace
}  // namespace kingpin
