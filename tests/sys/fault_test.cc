#include "kingpin/sys/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "kingpin/sys/socket_address.h"
#include "kingpin/sys/syscalls.h"
#include "kingpin/sys/unique_fd.h"

namespace kingpin {
namespace {

class FaultTest : public testing::Test {
 protected:
  FaultTest() {
    int pair[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
                         pair),
              0);
    a_.Reset(pair[0]);
    b_.Reset(pair[1]);
    EXPECT_EQ(write(file_.get(), "abcdefghij", 10), 10);
  }

  std::string Received() {
    char text[64];
    ssize_t n = read(b_.get(), text, sizeof(text));
    return n < 0 ? "" : std::string(text, n);
  }

  UniqueFd a_;
  UniqueFd b_;
  UniqueFd file_{memfd_create("file", MFD_CLOEXEC)};
};

TEST_F(FaultTest, EveryCallCanFailWithEveryErrno) {
  struct Case {
    sys::Call call;
    std::function<int()> make;  // Returns the error.
  };
  SocketAddress address = SocketAddress::Parse("unix:@unused").value();
  char byte = 'x';
  iovec part = {&byte, 1};
  struct stat status;
  epoll_event event;
  const std::vector<Case> cases = {
      {sys::Call::kAccept, [&] { return sys::Accept(a_.get()).error; }},
      {sys::Call::kBind, [&] { return sys::Bind(a_.get(), address); }},
      {sys::Call::kEpollCreate, [] { return sys::EpollCreate().error; }},
      {sys::Call::kEpollCtl,
       [&] { return sys::EpollCtl(a_.get(), EPOLL_CTL_ADD, b_.get(), 0, 0); }},
      {sys::Call::kEpollWait,
       [&] {
         return sys::EpollWait(a_.get(), absl::MakeSpan(&event, 1), 0).error;
       }},
      {sys::Call::kEventFd, [] { return sys::EventFd().error; }},
      {sys::Call::kFstat, [&] { return sys::Fstat(a_.get(), &status); }},
      {sys::Call::kListen, [&] { return sys::Listen(a_.get(), 1); }},
      {sys::Call::kOpen, [] { return sys::Open("/dev/null", O_RDONLY).error; }},
      {sys::Call::kOpen,
       [] { return sys::OpenBeneath(AT_FDCWD, ".", O_RDONLY, true).error; }},
      {sys::Call::kRecv, [&] { return sys::Recv(a_.get(), &byte, 1).error; }},
      {sys::Call::kSend, [&] { return sys::Send(a_.get(), &byte, 1).error; }},
      {sys::Call::kSend,
       [&] {
         return sys::SendV(a_.get(), absl::MakeSpan(&part, 1), false).error;
       }},
      {sys::Call::kSendfile,
       [&] { return sys::SendFile(a_.get(), file_.get(), 0, 1).error; }},
      {sys::Call::kSetOption,
       [&] { return sys::SetOption(a_.get(), SOL_SOCKET, SO_KEEPALIVE, 1); }},
      {sys::Call::kSocket, [] { return sys::StreamSocket(AF_INET).error; }},
      {sys::Call::kWrite, [&] { return sys::Write(a_.get(), &byte, 1).error; }},
  };
  for (const Case& c : cases) {
    for (int error : {EAGAIN, EMFILE, ENFILE, ENOMEM, ENOBUFS, ECONNABORTED,
                      EPIPE, ECONNRESET, ENOSPC, EIO, EPERM}) {
      ScopedFaultHook hook([&](sys::Call call, int) -> sys::Fault {
        EXPECT_EQ(call, c.call);
        return {.error = error};
      });
      EXPECT_EQ(c.make(), error) << static_cast<int>(c.call);
    }
  }
  EXPECT_EQ(Received(), "");  // No call was made.
}

TEST_F(FaultTest, EintrIsRetriedAndTheHookAskedAgain) {
  int asked = 0;
  ScopedFaultHook hook([&](sys::Call, int) -> sys::Fault {
    return {.error = ++asked <= 3 ? EINTR : 0};
  });
  EXPECT_EQ(sys::Send(a_.get(), "x", 1).value, 1);
  EXPECT_EQ(asked, 4);
}

TEST_F(FaultTest, EintrEndsAWaitWithoutEvents) {
  UniqueFd epoll = sys::EpollCreate().value;
  ScopedFaultHook hook(
      [](sys::Call, int) -> sys::Fault { return {.error = EINTR}; });
  epoll_event event;
  SysResult<size_t> result =
      sys::EpollWait(epoll.get(), absl::MakeSpan(&event, 1), -1);
  EXPECT_TRUE(result.ok());
  EXPECT_EQ(result.value, 0);
}

TEST_F(FaultTest, FailureCarriesNoValue) {
  ScopedFaultHook hook(
      [](sys::Call, int) -> sys::Fault { return {.error = EMFILE}; });
  EXPECT_FALSE(sys::Accept(a_.get()).value.valid());
  EXPECT_EQ(sys::Send(a_.get(), "x", 1).value, 0);
}

TEST_F(FaultTest, HookLearnsTheDescriptor) {
  int seen = -2;
  ScopedFaultHook hook([&](sys::Call, int fd) -> sys::Fault {
    seen = fd;
    return {};
  });
  EXPECT_TRUE(sys::Send(a_.get(), "x", 1).ok());
  EXPECT_EQ(seen, a_.get());
}

TEST_F(FaultTest, MaxBytesLimitsEveryMove) {
  ScopedFaultHook hook(
      [](sys::Call, int) -> sys::Fault { return {.max_bytes = 3}; });
  EXPECT_EQ(sys::Send(a_.get(), "abcdef", 6).value, 3);
  EXPECT_EQ(Received(), "abc");
  EXPECT_EQ(sys::Write(a_.get(), "abcdef", 6).value, 3);
  EXPECT_EQ(Received(), "abc");
  EXPECT_EQ(sys::SendFile(a_.get(), file_.get(), 2, 8).value, 3);
  EXPECT_EQ(Received(), "cde");
  char first[] = "abcdef";
  char second[] = "ghi";
  iovec parts[] = {{first, 6}, {second, 3}};
  EXPECT_EQ(sys::SendV(a_.get(), parts, false).value, 3);
  EXPECT_EQ(Received(), "abc");
  parts[0].iov_len = 2;  // Stops at the end of the first part at the latest.
  EXPECT_EQ(sys::SendV(a_.get(), parts, false).value, 2);
  EXPECT_EQ(Received(), "ab");
  ASSERT_EQ(write(b_.get(), "abcdef", 6), 6);
  char text[8];
  EXPECT_EQ(sys::Recv(a_.get(), text, sizeof(text)).value, 3);
  EXPECT_EQ(std::string(text, 3), "abc");
}

TEST_F(FaultTest, IsGoneWithItsScope) {
  {
    ScopedFaultHook hook(
        [](sys::Call, int) -> sys::Fault { return {.error = EIO}; });
    EXPECT_EQ(sys::Send(a_.get(), "x", 1).error, EIO);
  }
  EXPECT_TRUE(sys::Send(a_.get(), "x", 1).ok());
}

}  // namespace
}  // namespace kingpin
