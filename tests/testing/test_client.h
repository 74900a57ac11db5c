// TestClient: a plain socket client whose every wait has a deadline.
//
// Try... never blocks, for tests that run the server's loop on their own
// thread; the others wait up to kPatience and then report what is missing by
// their result, so that a test that fails does not hang.
//
//   TestClient client = TestClient::Connect(server.port());
//   client.Send("hello");
//   EXPECT_EQ(client.Read(5), "hello");
#ifndef KINGPIN_TESTS_TESTING_TEST_CLIENT_H_
#define KINGPIN_TESTS_TESTING_TEST_CLIENT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "kingpin/sys/socket_address.h"
#include "kingpin/sys/unique_fd.h"

namespace kingpin {
namespace testing {

class TestClient {
 public:
  // A socket that is not connected. `receive_buffer_bytes` 0: the kernel's own.
  explicit TestClient(int family = AF_INET, int receive_buffer_bytes = 0);
  // The other side: a socket that was accepted.
  explicit TestClient(UniqueFd fd) : fd_(std::move(fd)) {}
  // To 127.0.0.1; dies if that fails.
  static TestClient Connect(uint16_t port, int receive_buffer_bytes = 0);

  // 0 or the errno.
  int ConnectTo(const SocketAddress& address);
  // Starts a connect that may still be under way on return; 0 or the errno.
  int StartConnect(uint16_t port);
  int fd() const { return fd_.get(); }
  uint16_t local_port() const;

  // How many bytes the kernel took at once.
  size_t TrySend(absl::string_view data);
  // All of it; false if the peer did not take it.
  bool Send(absl::string_view data);

  // Takes what has arrived to received().
  void TryRead();
  // What arrived and was not returned by Read.
  const std::string& received() {
    TryRead();
    return received_;
  }
  // The next `size` bytes; fewer at the end or when time is up.
  std::string Read(size_t size);
  // All until the end.
  std::string ReadAll();
  // The server has closed: by FIN, error() 0, or not, error() ECONNRESET.
  bool ended() {
    TryRead();
    return ended_;
  }
  bool WaitForEnd();
  int error() const { return error_; }

  void HalfClose();
  void Close() { fd_.Reset(); }
  // Closes with an RST.
  void Reset();

 private:
  // True if the socket became ready for `events` in time.
  bool WaitFor(short events);

  UniqueFd fd_;
  std::string received_;
  bool ended_ = false;
  int error_ = 0;
};

// `count` clients of the server on `port`.
std::vector<TestClient> ConnectMany(uint16_t port, int count);

}  // namespace testing
}  // namespace kingpin

#endif  // KINGPIN_TESTS_TESTING_TEST_CLIENT_H_
