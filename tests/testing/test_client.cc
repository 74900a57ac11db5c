#include "tests/testing/test_client.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"

namespace kingpin {
namespace testing {
namespace {

constexpr int kPatienceMs = 60'000;

SocketAddress Loopback(uint16_t port) {
  return *SocketAddress::Parse(absl::StrCat("127.0.0.1:", port));
}

}  // namespace

TestClient::TestClient(int family, int receive_buffer_bytes)
    : fd_(socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
  CHECK(fd_.valid()) << strerror(errno);
  if (receive_buffer_bytes > 0) {
    setsockopt(fd(), SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes,
               sizeof(receive_buffer_bytes));
  }
}

TestClient TestClient::Connect(uint16_t port, int receive_buffer_bytes) {
  TestClient client(AF_INET, receive_buffer_bytes);
  int error = client.ConnectTo(Loopback(port));
  CHECK_EQ(error, 0) << strerror(error);
  return client;
}

int TestClient::ConnectTo(const SocketAddress& address) {
  if (connect(fd(), address.get(), address.size()) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  if (!WaitFor(POLLOUT)) return ETIMEDOUT;
  int error = 0;
  socklen_t size = sizeof(error);
  getsockopt(fd(), SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

int TestClient::StartConnect(uint16_t port) {
  SocketAddress address = Loopback(port);
  if (connect(fd(), address.get(), address.size()) == 0) return 0;
  return errno == EINPROGRESS ? 0 : errno;
}

uint16_t TestClient::local_port() const {
  return SocketAddress::Local(fd()).port();
}

size_t TestClient::TrySend(absl::string_view data) {
  ssize_t sent = send(fd(), data.data(), data.size(), MSG_NOSIGNAL);
  return std::max<ssize_t>(sent, 0);
}

bool TestClient::Send(absl::string_view data) {
  while (!data.empty()) {
    ssize_t sent = send(fd(), data.data(), data.size(), MSG_NOSIGNAL);
    if (sent < 0 && (errno != EAGAIN || !WaitFor(POLLOUT))) return false;
    if (sent > 0) data.remove_prefix(sent);
  }
  return true;
}

void TestClient::TryRead() {
  char block[64 << 10];
  while (!ended_) {
    ssize_t got = recv(fd(), block, sizeof(block), 0);
    if (got > 0) {
      received_.append(block, got);
    } else if (got < 0 && errno == EAGAIN) {
      return;
    } else if (got == 0 || errno != EINTR) {
      ended_ = true;
      error_ = got < 0 ? errno : 0;
    }
  }
}

std::string TestClient::Read(size_t size) {
  while (received().size() < size && !ended_ && WaitFor(POLLIN)) {
  }
  std::string taken = received_.substr(0, size);
  received_.erase(0, size);
  return taken;
}

std::string TestClient::ReadAll() { return Read(std::string::npos - 1); }

bool TestClient::WaitForEnd() {
  while (!ended() && WaitFor(POLLIN)) {
  }
  return ended_;
}

void TestClient::HalfClose() { shutdown(fd(), SHUT_WR); }

void TestClient::Reset() {
  linger now = {.l_onoff = 1, .l_linger = 0};
  setsockopt(fd(), SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  fd_.Reset();
}

bool TestClient::WaitFor(short events) {
  pollfd poll_fd = {.fd = fd(), .events = events, .revents = 0};
  int ready;
  do {
    ready = poll(&poll_fd, 1, kPatienceMs);
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

std::vector<TestClient> ConnectMany(uint16_t port, int count) {
  std::vector<TestClient> clients;
  for (int i = 0; i < count; ++i) {
    clients.push_back(TestClient::Connect(port));
  }
  return clients;
}

}  // namespace testing
}  // namespace kingpin
