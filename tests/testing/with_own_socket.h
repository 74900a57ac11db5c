// WithOwnSocket: a client's handler that also has a socket which no target was drawn for,
// as an application may have. It gets five bytes and the peer's end; then the run stops.
//
//   EpollTPClient<WithOwnSocket<HttpClientHandler>> client(&data, {.threads = 1});
//   EXPECT_TRUE(client.Run().ok());
#ifndef KINGPIN_TESTS_TESTING_WITH_OWN_SOCKET_H_
#define KINGPIN_TESTS_TESTING_WITH_OWN_SOCKET_H_

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "kingpin/net/connection.h"
#include "kingpin/pool/thread_shared_data.h"
#include "kingpin/sys/unique_fd.h"

namespace kingpin::testing {

template <typename Handler>
class WithOwnSocket : public Handler {
 public:
  using Handler::Handler;
  absl::Status Init() override {
    if (absl::Status status = Handler::Init(); !status.ok()) return status;
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
                   pair) != 0) {
      return absl::ErrnoToStatus(errno, "socketpair");
    }
    UniqueFd peer(pair[1]);
    EXPECT_EQ(write(peer.get(), "hello", 5), 5);
    EXPECT_EQ(this->Adopt(UniqueFd(pair[0])), 0);
    return absl::OkStatus();  // The peer closes.
  }
  void OnClose(Connection& connection, CloseReason reason) override {
    Handler::OnClose(connection, reason);
    this->shared().Shutdown(RunPhase::kStopping);
  }
};

}  // namespace kingpin::testing

#endif  // KINGPIN_TESTS_TESTING_WITH_OWN_SOCKET_H_
