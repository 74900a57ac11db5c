// How long a daemon is waited for. Daemons that are restarted: syslog_sink_test.
#include "kingpin/logger/local_datagrams.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "kingpin/sys/unique_fd.h"
#include "tests/testing/scratch_directory.h"

namespace kingpin::log_internal {
namespace {

// A daemon with room for what it is sent: its socket can be written to.
class LocalDatagramsTest : public ::testing::Test {
 protected:
  LocalDatagramsTest() {
    sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
    std::memcpy(address.sun_path, path_.data(), path_.size());
    EXPECT_EQ(bind(daemon_.get(), reinterpret_cast<const sockaddr*>(&address),
                   sizeof(address)),
              0);
  }

  // How often a datagram is tried that always fails so.
  static int Tries(LocalDatagrams& daemon, int error) {
    int tries = 0;
    EXPECT_EQ(daemon.Send([&](int) { return ++tries, error; }), error);
    return tries;
  }

  const testing::ScratchDirectory directory_{
      testing::ScratchDirectory::Place::kShort};
  const std::string path_ = directory_.File("s");
  const UniqueFd daemon_{socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
};

TEST_F(LocalDatagramsTest, PatienceIsThatOfTheWholeCall) {
  LocalDatagrams daemon(path_, absl::Milliseconds(5));
  EXPECT_GT(Tries(daemon, EAGAIN), 1);
  // It is over until the daemon takes something.
  EXPECT_EQ(Tries(daemon, EAGAIN), 1);
  EXPECT_EQ(Tries(daemon, 0), 1);
  EXPECT_GT(Tries(daemon, EAGAIN), 1);
}

// A daemon that has closed its standard streams: what anybody prints goes to no log.
TEST_F(LocalDatagramsTest, SocketIsNoneOfTheStandardStreams) {
  const UniqueFd before(
      fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  close(STDERR_FILENO);
  LocalDatagrams daemon(path_, absl::Hours(1));
  int socket = -1;
  const int error = daemon.Send([&](int fd) { return socket = fd, 0; });
  const bool is_free = fcntl(STDERR_FILENO, F_GETFD) == -1;
  dup2(before.get(), STDERR_FILENO);
  EXPECT_EQ(error, 0);
  EXPECT_GT(socket, STDERR_FILENO);
  EXPECT_TRUE(is_free);
  EXPECT_EQ(fcntl(socket, F_GETFD), FD_CLOEXEC);
}

TEST_F(LocalDatagramsTest, NoMemoryOfTheKernelsIsTriedTwice) {
  LocalDatagrams daemon(path_, absl::Hours(1));
  EXPECT_EQ(Tries(daemon, ENOBUFS), 2);
}

}  // namespace
}  // namespace kingpin::log_internal
