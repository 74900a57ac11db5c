// FileServerTest: the file server's handler over real sockets, with a real tree, a clock
// that can be put forward, and opens and looks that fail.
//
//   TEST_F(FileServerTest, ServesWhatIsThere) {
//     tree_.Write("a.txt", "hello");
//     EXPECT_EQ(Get("/a.txt").body, "hello");  // The first one starts the server.
//   }
#ifndef TESTS_APPS_FILE_SERVER_FILE_SERVER_TESTING_H_
#define TESTS_APPS_FILE_SERVER_FILE_SERVER_TESTING_H_

#include <fcntl.h>
#include <sys/stat.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "apps/file_server/file_handler.h"
#include "gtest/gtest.h"
#include "kingpin/pool/epoll_tp_server.h"
#include "kingpin/sys/fault.h"
#include "kingpin/sys/syscalls.h"
#include "tests/http/http_test_client.h"
#include "tests/testing/process.h"
#include "tests/testing/scratch_directory.h"

namespace file_server {

namespace fs = std::filesystem;
using kingpin::http::StaticFilesOptions;
using kingpin::http::StaticRoot;
using kingpin::testing::Eventually;
using kingpin::testing::HttpAnswer;
using kingpin::testing::HttpTestClient;

inline constexpr char kCanary[] = "CANARY-OUTSIDE-OF-THE-ROOT";

// A directory with a root in it and a file beside the root that must not leak.
class Tree {
 public:
  Tree() {
    fs::create_directory(root());
    WriteAt(top() / "canary", kCanary);
    fs::create_directory(top() / "outside");
    WriteAt(top() / "outside/index.html", kCanary);
  }

  fs::path top() const { return directory_.path(); }
  fs::path root() const { return top() / "www"; }
  fs::path path(const std::string& name) const { return root() / name; }

  // With an mtime of an hour ago, though its ctime is now.
  void Write(const std::string& name, const std::string& content) {
    fs::create_directories(path(name).parent_path());
    WriteAt(path(name), content);
    SetModified(name, absl::Now() - absl::Hours(1));
  }
  void SetModified(const std::string& name, absl::Time time) {
    const timespec times[2] = {absl::ToTimespec(time), absl::ToTimespec(time)};
    ASSERT_EQ(utimensat(AT_FDCWD, path(name).c_str(), times, 0), 0);
  }

 private:
  static void WriteAt(const fs::path& path, const std::string& content) {
    std::ofstream(path, std::ios::binary) << content;
  }
  const kingpin::testing::ScratchDirectory directory_;
};

// Seconds that the server's wall clock is ahead of the real one.
inline std::atomic<int64_t> clock_ahead = 0;
inline int64_t TestClock() {
  return kingpin::sys::WallClockSeconds() + clock_ahead.load();
}

// How many opens beneath the root fail from now on, and how; and looks. The
// hook is installed before any thread exists and stays: the logger's thread
// never ends.
inline std::atomic<int> opens_to_fail = 0;
inline std::atomic<int> open_error = 0;
inline std::atomic<int> stats_to_fail = 0;
inline std::atomic<int> stat_error = 0;
inline std::atomic<int> stats_made = 0;
inline void InstallFaultHook() {
  static auto* const hook =
      new kingpin::ScopedFaultHook([](kingpin::sys::Call call, int fd) {
        kingpin::sys::Fault fault;
        // Plain opens have no directory.
        if (call == kingpin::sys::Call::kOpen && fd >= 0 && opens_to_fail > 0) {
          --opens_to_fail;
          fault.error = open_error;
        }
        if (call == kingpin::sys::Call::kFstat) ++stats_made;
        if (call == kingpin::sys::Call::kFstat && stats_to_fail > 0) {
          --stats_to_fail;
          fault.error = stat_error;
        }
        return fault;
      });
  (void)hook;
}

struct ServerConfig {
  StaticFilesOptions files = {};
  int max_connections = 1000;
  kingpin::Timeouts timeouts = {};
};

class Server {
 public:
  explicit Server(const Tree& tree, ServerConfig config = {})
      : shared_({.listen = {"127.0.0.1:0"},
                 .connection = {.timeouts = config.timeouts}},
                {.wall_clock = &TestClock},
                *StaticRoot::Open(tree.root(), config.files),
                config.max_connections),
        pool_(&shared_, {.threads = 1, .handle_signals = false}) {
    const absl::Status status = pool_.Start();
    EXPECT_TRUE(status.ok()) << status;
  }
  ~Server() {
    pool_.Shutdown(kingpin::RunPhase::kStopping);
    EXPECT_TRUE(pool_.Wait().ok());
  }
  uint16_t port() const { return shared_.port(); }
  Shared& shared() { return shared_; }

 private:
  Shared shared_;
  kingpin::EpollTPServer<FileHandler> pool_;
};

class FileServerTest : public ::testing::Test {
 protected:
  Server& server() {
    if (server_ == nullptr) server_ = std::make_unique<Server>(tree_, config_);
    return *server_;
  }
  HttpAnswer Ask(absl::string_view method, absl::string_view target,
                 absl::string_view fields = "") {
    return HttpTestClient(server().port()).Ask(method, target, fields);
  }
  HttpAnswer Get(absl::string_view target, absl::string_view fields = "") {
    return Ask("GET", target, fields);
  }
  FileServerTest() { InstallFaultHook(); }
  ~FileServerTest() override {
    clock_ahead = 0;
    opens_to_fail = 0;
    stats_to_fail = 0;
  }
  // Makes what was written old enough to be cached.
  void Settle() { clock_ahead += 60; }
  // The same by waiting, for what depends on the file system's clock.
  void WaitUntilSettled() {
    const int64_t from = absl::ToUnixSeconds(absl::Now());
    ASSERT_TRUE(Eventually(
        [&] { return absl::ToUnixSeconds(absl::Now()) > from + 3; }));
  }

  Tree tree_;
  ServerConfig config_;
  std::unique_ptr<Server> server_;
};

}  // namespace file_server

#endif  // TESTS_APPS_FILE_SERVER_FILE_SERVER_TESTING_H_
