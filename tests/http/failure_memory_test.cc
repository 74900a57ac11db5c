// docs/failure_modes.md, the row about memory that runs out: in one round of the loop
// every allocation from the Nth on fails, for every N that there is.
#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "kingpin/http/http_handler.h"
#include "kingpin/http/static_files.h"
#include "kingpin/logger/klog.h"
#include "kingpin/logger/logger.h"
#include "kingpin/sys/syscalls.h"
#include "kingpin/sys/unique_fd.h"
#include "tests/http/http_test_server.h"
#include "tests/testing/out_of_memory.h"
#include "tests/testing/test_client.h"

namespace kingpin {
namespace {

using testing::HttpTestHandler;
using testing::ManualHttpServer;
using testing::TestClient;

constexpr absl::Duration kLongestBackOff = absl::Seconds(1);

constexpr char kRequests[] =
    "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
    "POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    "3\r\nabc\r\n0\r\n\r\n"
    "GET /c HT";

// Some rounds of the loop. In the first one that gets to it, the allocation after
// `spared` fails, with all that follow in that round. False: there were fewer.
bool FailFrom(int spared, int rounds, ManualHttpServer& server) {
  bool failed = false;
  for (int i = 0; i < rounds; ++i) {
    testing::spared_allocations() = failed ? -1 : spared;
    EXPECT_NO_THROW(server.Turn()) << "after " << spared;
    spared = std::exchange(testing::spared_allocations(), -1);
    failed = failed || spared == 0;
    server.Advance(kLongestBackOff);
  }
  return failed;
}

void ExpectAnswer(ManualHttpServer& server, std::string_view path = "/again") {
  TestClient client = TestClient::Connect(server.port());
  client.TrySend(testing::Get(path));
  for (int i = 0; i < 100 && client.received().empty(); ++i) server.Turn();
  EXPECT_EQ(client.received().substr(0, 15), "HTTP/1.1 200 OK");
}

class FailureMode24 : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    // The logger itself is made at the first line.
    KLOG(INFO) << "allocations are made to fail";
  }
};

TEST_F(FailureMode24, EveryAllocationOfRequests) {
  int spared = 0;
  bool failed = true;
  const UniqueFd nowhere(open("/dev/null", O_WRONLY | O_CLOEXEC));
  Logger log({.fd = nowhere.get()});
  for (; failed; ++spared) {
    ManualHttpServer server({.options = {.access_log = &log}});
    TestClient client = TestClient::Connect(server.port());
    client.TrySend(kRequests);
    failed = FailFrom(spared, /*rounds=*/6, server);
    ExpectAnswer(server);
  }
  EXPECT_GT(spared, 10);
}

TEST_F(FailureMode24, EveryAllocationOfFiles) {
  const std::string folder =
      absl::StrCat(::testing::TempDir(), "/", getpid(), "_files");
  std::filesystem::create_directories(folder + "/sub");
  std::ofstream(folder + "/small") << "hello";
  const auto root = http::StaticRoot::Open(folder, {.list = true});
  ASSERT_TRUE(root.ok()) << root.status();
  int spared = 0;
  bool failed = true;
  for (; failed; ++spared) {
    http::StaticFiles* serving = nullptr;
    ManualHttpServer server(
        {// Only what has not changed for seconds is cached.
         .options = {.wall_clock = [] { return sys::WallClockSeconds() + 10; }},
         .on_request = [&](HttpTestHandler&, Connection& c,
                           const http::Request& request) {
           serving->Serve(c, request);
         }});
    http::StaticFiles files(&server.handler(), &*root);
    serving = &files;
    TestClient client = TestClient::Connect(server.port());
    for (const char* path : {"/small", "/sub", "/sub/", "/small", "/none"}) {
      client.TrySend(testing::Get(path));
    }
    failed = FailFrom(spared, /*rounds=*/6, server);
    ExpectAnswer(server, "/small");
    ExpectAnswer(server, "/small");
    EXPECT_EQ(files.cache().size(), 1u);
    EXPECT_LT(files.cache().content_bytes(), 1000u);
  }
  EXPECT_GT(spared, 10);
  std::filesystem::remove_all(folder);
}

TEST_F(FailureMode24, EveryAllocationOfADrain) {
  int spared = 0;
  bool failed = true;
  for (; failed; ++spared) {
    ManualHttpServer server;
    TestClient client = TestClient::Connect(server.port());
    client.TrySend(kRequests);
    while (server.handler().connections() == 0) server.Turn();
    server.shared().Shutdown();
    failed = FailFrom(spared, /*rounds=*/20, server);
    EXPECT_EQ(server.handler().connections(), 0u) << "after " << spared;
    EXPECT_TRUE(client.WaitForEnd());
  }
  EXPECT_GT(spared, 3);
}

}  // namespace
}  // namespace kingpin
