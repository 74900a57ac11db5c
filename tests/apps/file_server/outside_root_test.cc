// What is outside of the root is never served, whatever way is tried; links inside are.
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "tests/apps/file_server/file_server_testing.h"
#include "tests/testing/test_client.h"

namespace file_server {
namespace {

using kingpin::testing::TestClient;
// By its number in docs/failure_modes.md.
using FailureMode47 = FileServerTest;

TEST_F(FailureMode47, NothingOutsideIsEverServed) {
  tree_.Write("a.txt", "inside");
  fs::create_directory(tree_.path("dir"));
  const auto link = [&](const std::string& to, const std::string& name) {
    fs::create_symlink(to, tree_.path(name));
  };
  link("../canary", "up");
  link((tree_.top() / "canary").string(), "absolute");
  link((tree_.top() / "www/a.txt").string(), "absolute_inside");
  link("..", "parent");
  link("../outside", "outside");
  link("/proc/self/root", "proc_root");
  link("/proc/self/cwd", "proc_cwd");
  link("/proc/self/fd", "proc_fd");
  link("/", "slash");
  link("loop", "loop");
  const std::string top = tree_.top().string();
  const std::vector<std::string> attacks = {
      "/../canary",
      "/../../../../../../../../etc/passwd",
      "/dir/../../canary",
      "/%2e%2e/canary",
      "/.%2e/canary",
      "/%2E./canary",
      "/dir/%2e%2e/%2e%2e/canary",
      "/%252e%252e/canary",
      "/..%2fcanary",
      "/..%2Fcanary",
      "/%2e%2e%2fcanary",
      "/..%5ccanary",
      "/..\\canary",
      "/dir\\..\\..\\canary",
      "/....//canary",
      "/..;/canary",
      "/..%00/canary",
      "/a.txt%00../../canary",
      "/%00",
      "/..%c0%afcanary",
      "/%c0%ae%c0%ae/canary",
      "/%e0%80%ae%e0%80%ae/canary",
      "/%f0%80%80%ae./canary",
      "/..%ef%bc%8fcanary",
      "/.%2e/.%2e/canary",
      "//" + top + "/canary",
      top + "/canary",
      "/%2f" + top.substr(1) + "/canary",
      "/up",
      "/up/",
      "/absolute",
      "/absolute_inside",
      "/parent/canary",
      "/parent/www/../canary",
      "/outside",
      "/outside/",
      "/outside/index.html",
      "/proc_root" + top + "/canary",
      "/proc_cwd/",
      "/proc_fd/0",
      "/proc_fd/3",
      "/slash" + top + "/canary",
      "/slash/etc/passwd",
      "/slash/dev/zero",
      "/loop",
      "http://test/../canary",
      "http://test" + top + "/canary",
  };
  for (const bool list : {false, true}) {
    config_.files.list = list;
    server_.reset();
    for (const std::string& attack : attacks) {
      const HttpAnswer answer = Get(attack);
      EXPECT_TRUE(answer.status == 400 || answer.status == 404)
          << attack << " got " << answer.status;
      EXPECT_FALSE(absl::StrContains(answer.body, kCanary)) << attack;
      EXPECT_FALSE(absl::StrContains(answer.body, "root:")) << attack;
    }
    EXPECT_EQ(Get("/a.txt").body, "inside");
  }
}

TEST_F(FailureMode47, AFileSwappedForALinkOutsideIsNotServed) {
  tree_.Write("a", "inside");
  Settle();
  EXPECT_EQ(Get("/a").body, "inside");  // Cached.
  fs::create_symlink("../canary", tree_.path("b"));
  fs::rename(tree_.path("b"), tree_.path("a"));
  EXPECT_EQ(Get("/a").status, 404);
}

TEST_F(FileServerTest, ACachedFileMovedOutIsServedForASecondAtMost) {
  for (const size_t size : {10, 100000}) {
    tree_.Write("d/x", std::string(size, 'x'));
    Settle();
    HttpTestClient client(server().port());
    EXPECT_EQ(client.Get("/d/x").status, 200);  // Cached.
    // The same inode is still found by that path, but outside.
    fs::rename(tree_.path("d"), tree_.top() / "hidden");
    fs::create_symlink("../hidden", tree_.path("d"));
    ++clock_ahead;
    EXPECT_EQ(client.Get("/d/x").status, 404);
    fs::remove(tree_.path("d"));
    fs::rename(tree_.top() / "hidden", tree_.path("d"));
    EXPECT_EQ(client.Get("/d/x").status, 200);
    ++clock_ahead;
    EXPECT_EQ(client.Get("/d/x").status, 200);
    fs::remove_all(tree_.path("d"));
  }
}

TEST_F(FileServerTest, ACachedFileBehindANewLinkIsServedForASecondAtMost) {
  config_.files.follow_links = false;
  tree_.Write("d/x", "inside");
  Settle();
  EXPECT_EQ(Get("/d/x").body, "inside");  // Cached.
  fs::rename(tree_.path("d"), tree_.path("e"));
  fs::create_symlink("e", tree_.path("d"));
  ++clock_ahead;
  EXPECT_EQ(Get("/d/x").status, 404);
  EXPECT_EQ(Get("/e/x").body, "inside");
}

TEST_F(FailureMode47, NothingIsLearntAboutTheOutside) {
  tree_.Write("a", "inside");
  fs::create_directory(tree_.path("there"));
  fs::create_directory(tree_.path("not_there"));
  fs::create_symlink("../canary", tree_.path("link"));
  fs::create_symlink("../none", tree_.path("dangling"));
  fs::create_symlink("../../canary", tree_.path("there/index.html"));
  fs::create_symlink("../../none", tree_.path("not_there/index.html"));
  for (const char* path : {"/link", "/dangling", "/there/", "/not_there/"}) {
    EXPECT_EQ(Get(path).status, 404) << path;
  }
  // We are not permitted to look.
  HttpTestClient client(server().port());
  stat_error = EACCES;
  stats_to_fail = 1;
  EXPECT_EQ(client.Get("/link").status, 404);
  stats_to_fail = 1;
  EXPECT_EQ(client.Get("/a").status, 403);
}

TEST_F(FileServerTest, LinksInsideTheRoot) {
  tree_.Write("sub/a", "inside");
  fs::create_symlink("sub/a", tree_.path("link"));
  fs::create_symlink("sub/../sub", tree_.path("dir"));
  EXPECT_EQ(Get("/link").body, "inside");
  EXPECT_EQ(Get("/dir/a").body, "inside");
  config_.files.follow_links = false;
  server_.reset();
  EXPECT_EQ(Get("/link").status, 404);
  EXPECT_EQ(Get("/dir/a").status, 404);
  EXPECT_EQ(Get("/sub/a").body, "inside");
}

}  // namespace
}  // namespace file_server
