// The file server's handler over real sockets and a real tree: every status and
// field rule.
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "apps/file_server/file_handler.h"
#include "gtest/gtest.h"
#include "kingpin/sys/socket_address.h"
#include "kingpin/sys/unique_fd.h"
#include "tests/apps/file_server/file_server_testing.h"
#include "tests/http/http_test_client.h"
#include "tests/testing/process.h"
#include "tests/testing/test_client.h"

namespace file_server {
namespace {

using kingpin::testing::TestClient;

// By their numbers in docs/failure_modes.md.
using FailureMode14 = FileServerTest;
using FailureMode48 = FileServerTest;

TEST_F(FileServerTest, Get) {
  tree_.Write("a.txt", "hello");
  const HttpAnswer answer = Get("/a.txt?query");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "hello");
  EXPECT_EQ(answer.field("content-type"), "text/plain; charset=utf-8");
  EXPECT_EQ(answer.field("content-length"), "5");
  EXPECT_EQ(answer.field("accept-ranges"), "bytes");
  EXPECT_EQ(answer.field("x-content-type-options"), "nosniff");
  EXPECT_TRUE(absl::EndsWith(answer.field("last-modified"), " GMT"));
  EXPECT_TRUE(answer.has("etag"));
  EXPECT_TRUE(answer.has("date"));
}

TEST_F(FileServerTest, SizesAndNames) {
  HttpTestClient client(server().port());
  for (const size_t size :
       {0, 1, 1024, 32767, 32768, 32769, 65536, 300000, 1 << 20}) {
    std::string content(size, 0);
    for (size_t i = 0; i < size; ++i) content[i] = static_cast<char>(i * 7);
    const std::string name = absl::StrCat("s", size);
    tree_.Write(name, content);
    for (int i = 0; i < 2; ++i) {
      const HttpAnswer answer = client.Get("/" + name);
      ASSERT_EQ(answer.status, 200) << size;
      ASSERT_TRUE(answer.body == content) << size;
    }
  }
  tree_.Write("a b \xc3\xa4%\"<'>\\.txt", "odd");
  EXPECT_EQ(client.Get("/a%20b%20%c3%A4%25%22%3c'%3E%5c.txt").body, "odd");
}

TEST_F(FileServerTest, CachedAnswersAreTheSame) {
  tree_.Write("small", std::string(1000, 's'));
  tree_.Write("large", std::string(100000, 'l'));
  Settle();
  for (const char* name : {"/small", "/large"}) {
    HttpTestClient client(server().port());
    const HttpAnswer first = client.Get(name);
    for (const char* fields : {"", "", "Connection: close\r\n"}) {
      const HttpAnswer again = client.Get(name, fields);
      EXPECT_TRUE(again.body == first.body);
      for (const char* field :
           {"etag", "last-modified", "content-type", "content-length"}) {
        EXPECT_EQ(again.field(field), first.field(field));
      }
    }
  }
  EXPECT_TRUE(absl::StartsWith(Get("/small").field("etag"), "\""));
}

TEST_F(FileServerTest, HeadHasTheFieldsOfGet) {
  tree_.Write("a.html", std::string(70000, 'x'));
  tree_.Write("b.html", "x");
  for (const char* name : {"/a.html", "/b.html", "/none"}) {
    HttpAnswer get = Get(name);
    HttpAnswer head = Ask("HEAD", name);
    EXPECT_EQ(get.status, head.status);
    get.fields.erase("date");
    head.fields.erase("date");
    EXPECT_EQ(get.fields, head.fields);
  }
  EXPECT_EQ(Ask("HEAD", "/a.html", "Range: bytes=0-0\r\n").status, 200);
}

TEST_F(FileServerTest, OtherMethodsAre405) {
  tree_.Write("a", "x");
  for (const char* method :
       {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "BREW"}) {
    const HttpAnswer answer = Ask(method, "/a");
    EXPECT_EQ(answer.status, 405) << method;
    EXPECT_EQ(answer.field("allow"), "GET, HEAD");
  }
  EXPECT_EQ(Ask("CONNECT", "test:80").status, 405);
  // A body is read over.
  HttpTestClient client(server().port());
  EXPECT_EQ(client.Ask("PUT", "/a", "Content-Length: 0\r\n").status, 405);
  client.Send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_EQ(client.ReadAnswer().status, 405);
  EXPECT_EQ(client.Get("/a").body, "x");
}

TEST_F(FileServerTest, BadRequests) {
  EXPECT_EQ(Get("/../x").status, 400);
  EXPECT_EQ(Get("/%zz").status, 400);
  EXPECT_EQ(Get("/a%00b").status, 400);
  EXPECT_EQ(Get("/a%2fb").status, 400);
  EXPECT_EQ(Get("/" + std::string(9000, 'a')).status, 414);
  EXPECT_EQ(Get("/" + std::string(5000, 'a')).status, 404);
  EXPECT_EQ(Get("/", "X: " + std::string(20000, 'a') + "\r\n").status, 431);
}

TEST_F(FileServerTest, Ranges) {
  std::string content;
  for (int i = 0; i < 20000; ++i) absl::StrAppend(&content, i, ",");
  tree_.Write("large", content);
  tree_.Write("small", content.substr(0, 1000));
  Settle();
  for (const std::string name : {"/large", "/small"}) {
    const std::string want =
        name == "/large" ? content : content.substr(0, 1000);
    for (int i = 0; i < 2; ++i) {
      HttpAnswer part = Get(name, "Range: bytes=10-19\r\n");
      EXPECT_EQ(part.status, 206);
      EXPECT_EQ(part.body, want.substr(10, 10));
      EXPECT_EQ(part.field("content-range"),
                absl::StrCat("bytes 10-19/", want.size()));
      EXPECT_TRUE(part.has("etag"));
      EXPECT_EQ(Get(name, "Range: bytes=-5\r\n").body,
                want.substr(want.size() - 5));
      EXPECT_TRUE(Get(name, "Range: bytes=900-\r\n").body == want.substr(900));
      part = Get(name, "Range: bytes=0-\r\n");
      EXPECT_EQ(part.status, 206);
      EXPECT_TRUE(part.body == want);
      part = Get(name, absl::StrCat("Range: bytes=", want.size(), "-\r\n"));
      EXPECT_EQ(part.status, 416);
      EXPECT_EQ(part.field("content-range"),
                absl::StrCat("bytes */", want.size()));
    }
    EXPECT_EQ(Get(name, "Range: bytes=9-1\r\n").status, 200);
    EXPECT_EQ(Get(name, "Range: bytes=0-1,5-6\r\n").status, 200);
    EXPECT_EQ(Get(name, "Range: lines=0-1\r\n").status, 200);
  }
}

TEST_F(FileServerTest, Conditions) {
  tree_.Write("a", "content");
  tree_.SetModified("a", absl::FromUnixSeconds(784111777));
  Settle();
  const std::string etag = Get("/a").field("etag");
  ASSERT_TRUE(absl::StartsWith(etag, "\"")) << etag;
  const char* same = "Sun, 06 Nov 1994 08:49:37 GMT";
  const char* before = "Sun, 06 Nov 1994 08:49:36 GMT";
  const auto status = [&](absl::string_view fields) {
    return Get("/a", fields).status;
  };
  const auto line = [](absl::string_view name, absl::string_view value) {
    return absl::StrCat(name, ": ", value, "\r\n");
  };
  EXPECT_EQ(Get("/a").field("last-modified"), same);
  const HttpAnswer not_modified = Get("/a", line("If-None-Match", etag));
  EXPECT_EQ(not_modified.status, 304);
  EXPECT_EQ(not_modified.field("etag"), etag);
  EXPECT_FALSE(not_modified.has("content-length"));
  EXPECT_EQ(status(line("If-None-Match", "W/" + etag)), 304);
  EXPECT_EQ(status(line("If-None-Match", "*")), 304);
  EXPECT_EQ(status(line("If-None-Match", "\"x\"")), 200);
  EXPECT_EQ(status(line("If-Modified-Since", same)), 304);
  EXPECT_EQ(status(line("If-Modified-Since", before)), 200);
  // If-None-Match rules alone when it is there.
  EXPECT_EQ(
      status(line("If-None-Match", "\"x\"") + line("If-Modified-Since", same)),
      200);
  EXPECT_EQ(status(line("If-Match", etag)), 200);
  EXPECT_EQ(status(line("If-Match", "\"x\"")), 412);
  EXPECT_EQ(status(line("If-Unmodified-Since", before)), 412);
  EXPECT_EQ(status(line("If-Unmodified-Since", same)), 200);
  EXPECT_EQ(
      status(line("If-Match", etag) + line("If-Unmodified-Since", before)),
      200);
  const std::string range = "Range: bytes=0-2\r\n";
  EXPECT_EQ(status(range + line("If-Range", etag)), 206);
  EXPECT_EQ(status(range + line("If-Range", same)), 206);
  EXPECT_EQ(status(range + line("If-Range", "\"x\"")), 200);
  EXPECT_EQ(status(range + line("If-Range", before)), 200);
  EXPECT_EQ(status(range + line("If-None-Match", etag)), 304);
  EXPECT_EQ(status(line("If-Range", etag)), 200);
  EXPECT_EQ(Ask("HEAD", "/a", line("If-None-Match", etag)).status, 304);
}

TEST_F(FileServerTest, YoungFilesHaveWeakTags) {
  tree_.Write("a", "x");
  const std::string etag = Get("/a").field("etag");
  EXPECT_TRUE(absl::StartsWith(etag, "W/\"")) << etag;
  EXPECT_EQ(Get("/a", "If-Match: " + etag + "\r\n").status, 412);
}

TEST_F(FileServerTest, FutureDatesAreNotSent) {
  tree_.Write("a", "x");
  tree_.SetModified("a", absl::Now() + absl::Hours(24 * 365));
  const HttpAnswer answer = Get("/a");
  EXPECT_EQ(answer.field("last-modified"), answer.field("date"));
  // Nor are they remembered: the next answer says its own date. The tag is as
  // good as any once the file has settled.
  clock_ahead = 60;
  const HttpAnswer later = Get("/a");
  EXPECT_EQ(later.field("last-modified"), later.field("date"));
  EXPECT_TRUE(absl::StartsWith(later.field("etag"), "\""));
  clock_ahead = 120;
  EXPECT_EQ(Get("/a").field("last-modified"), Get("/a").field("date"));
  clock_ahead = 0;
}

TEST_F(FileServerTest, Directories) {
  tree_.Write("sub/a.txt", "x");
  tree_.Write("with/index.html", "<p>index");
  EXPECT_EQ(Get("/sub/").status, 403);
  EXPECT_EQ(Get("/").status, 403);
  EXPECT_EQ(Get("/with/").body, "<p>index");
  EXPECT_EQ(Get("/with/").field("content-type"), "text/html; charset=utf-8");
  const HttpAnswer redirect = Get("/with?a=b");
  EXPECT_EQ(redirect.status, 301);
  EXPECT_EQ(redirect.field("location"), "/with/?a=b");
  // Not to another host.
  EXPECT_EQ(Get("//with").field("location"), "/with/");
  EXPECT_EQ(Get("/sub/a.txt/").status, 404);
  tree_.Write("index.html", "root");
  EXPECT_EQ(Get("/").body, "root");
}

TEST_F(FileServerTest, Listing) {
  config_.files.list = true;
  config_.files.max_listed = 6;
  tree_.Write("d/b.txt", "xx");
  tree_.Write("d/a <b>&\".txt", std::string(2048, 'x'));
  tree_.Write("d/sub/x", "");
  mkfifo(tree_.path("d/fifo").c_str(), 0600);
  fs::create_symlink("../../canary", tree_.path("d/out"));
  fs::create_symlink("b.txt", tree_.path("d/link"));
  HttpAnswer answer = Get("/d/");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.field("content-type"), "text/html; charset=utf-8");
  const std::string& page = answer.body;
  EXPECT_TRUE(absl::StrContains(
      page, "<a href=\"./a%20%3Cb%3E%26%22.txt\">a &lt;b&gt;&amp;&quot;.txt"))
      << page;
  EXPECT_TRUE(absl::StrContains(page, "2.0 KiB"));
  EXPECT_FALSE(absl::StrContains(page, "fifo"));
  EXPECT_FALSE(absl::StrContains(page, "\"./out"));
  EXPECT_TRUE(absl::StrContains(page, "\"./link\""));
  EXPECT_TRUE(absl::StrContains(page, "\"../\""));
  EXPECT_LT(page.find("sub/"), page.find("a%20"));
  EXPECT_LT(page.find("a%20"), page.find("b.txt"));
  EXPECT_FALSE(absl::StrContains(page, "there are more"));
  tree_.Write("d/c1", "");
  tree_.Write("d/c2", "");
  EXPECT_TRUE(absl::StrContains(Get("/d/").body, "there are more"));
  EXPECT_FALSE(absl::StrContains(Get("/").body, "\"../\""));
}

TEST_F(FileServerTest, AListingLooksAtNoMoreThanItsBound) {
  config_.files.list = true;
  config_.files.max_listed = 10;
  tree_.Write("d/shown", "");
  for (int i = 0; i < 10; ++i) {  // What is not shown counts too.
    const std::string name = absl::StrCat("d/fifo", i);
    ASSERT_EQ(mkfifo(tree_.path(name).c_str(), 0600), 0);
  }
  EXPECT_TRUE(absl::StrContains(Get("/d/").body, "there are more"));
  fs::remove(tree_.path("d/fifo0"));
  const std::string page = Get("/d/").body;
  EXPECT_TRUE(absl::StrContains(page, "shown"));
  EXPECT_FALSE(absl::StrContains(page, "there are more"));
}

TEST_F(FileServerTest, HeadOfAListingReadsNoDirectory) {
  config_.files.list = true;
  constexpr int kFiles = 100;
  for (int i = 0; i < kFiles; ++i) tree_.Write(absl::StrCat("d/f", i), "");
  HttpTestClient client(server().port());
  int before = stats_made;
  HttpAnswer get = client.Get("/d/");
  EXPECT_EQ(get.status, 200);
  EXPECT_GE(stats_made, before + kFiles);
  before = stats_made;
  HttpAnswer head = client.Ask("HEAD", "/d/");
  EXPECT_EQ(head.status, 200);
  EXPECT_LT(stats_made, before + 10);
  for (HttpAnswer* answer : {&get, &head}) answer->fields.erase("date");
  get.fields.erase("content-length");
  EXPECT_EQ(head.fields, get.fields);
  // Nothing followed the head.
  EXPECT_EQ(client.Get("/d/f0").status, 200);
}

TEST_F(FailureMode14, AListingEndsTheTurn) {
  tree_.Write("d/a", "");
  Shared shared({.listen = {"127.0.0.1:0"}}, {},
                *StaticRoot::Open(tree_.root(), {.list = true}), 10);
  ASSERT_TRUE(shared.Open(1).ok());
  FileHandler handler(&shared, 0);
  ASSERT_TRUE(handler.Init().ok());
  TestClient client = TestClient::Connect(shared.port());
  std::string all;
  constexpr size_t kListings = 20;
  for (size_t i = 0; i < kListings; ++i) {
    all += "HEAD /d/ HTTP/1.1\r\nHost: h\r\n\r\n";
  }
  ASSERT_EQ(client.TrySend(all), all.size());
  const auto answers = [&] {
    return std::vector<std::string>(absl::StrSplit(client.received(), "HTTP/"))
               .size() -
           1;
  };
  size_t before = 0;
  EXPECT_TRUE(Eventually([&] {
    handler.RunOnce(absl::ZeroDuration());
    // For what has arrived, and the turn that was asked for in that.
    EXPECT_LE(answers(), before + 1);
    before = answers();
    return before == kListings;
  }));
}

TEST_F(FileServerTest, WhatIsNoFileIsForbiddenAndNeverHangs) {
  ASSERT_EQ(mkfifo(tree_.path("fifo").c_str(), 0666), 0);
  sockaddr_un address = {.sun_family = AF_UNIX};
  // The path itself may be too long for an address.
  kingpin::UniqueFd root(open(tree_.root().c_str(), O_PATH));
  const std::string socket_path =
      absl::StrCat("/proc/self/fd/", root.get(), "/socket");
  socket_path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  kingpin::UniqueFd socket_fd(socket(AF_UNIX, SOCK_STREAM, 0));
  ASSERT_EQ(bind(socket_fd.get(), reinterpret_cast<sockaddr*>(&address),
                 sizeof(address)),
            0);
  EXPECT_EQ(Get("/fifo").status, 403);
  EXPECT_EQ(Get("/socket").status, 403);
  if (mknod(tree_.path("zero").c_str(), S_IFCHR | 0666, makedev(1, 5)) == 0) {
    EXPECT_EQ(Get("/zero").status, 403);
  }
  // No reader was made: a writer still finds none.
  EXPECT_EQ(open(tree_.path("fifo").c_str(), O_WRONLY | O_NONBLOCK), -1);
  EXPECT_EQ(errno, ENXIO);
}

TEST_F(FileServerTest, Permissions) {
  if (geteuid() == 0) GTEST_SKIP() << "root may read everything";
  tree_.Write("secret", "x");
  chmod(tree_.path("secret").c_str(), 0);
  EXPECT_EQ(Get("/secret").status, 403);
}

TEST_F(FileServerTest, FailuresOfTheDisk) {
  tree_.Write("a", "x");
  server();
  for (const auto& [error, status] :
       std::vector<std::pair<int, int>>{{EMFILE, 503},
                                        {ENFILE, 503},
                                        {ENOMEM, 503},
                                        {EIO, 500},
                                        {EACCES, 403},
                                        {ENOENT, 404},
                                        {EXDEV, 404},
                                        {ELOOP, 404}}) {
    HttpTestClient client(server().port());
    open_error = error;
    opens_to_fail = 1;
    const HttpAnswer answer = client.Get("/a");
    EXPECT_EQ(answer.status, status) << error;
    EXPECT_EQ(answer.has("retry-after"), status == 503);
    EXPECT_EQ(client.Get("/a").body, "x");  // Recovers.
  }
}

TEST_F(FileServerTest, CachedDescriptorsAreGivenUpFirst) {
  tree_.Write("large", std::string(100000, 'x'));
  tree_.Write("other", "x");
  Settle();
  HttpTestClient client(server().port());
  EXPECT_EQ(client.Get("/large").status, 200);  // Its descriptor is cached.
  open_error = EMFILE;
  opens_to_fail = 1;
  EXPECT_EQ(client.Get("/other").status, 200);
}

TEST_F(FileServerTest, CachedDescriptorsMakeRoomForConnections) {
  constexpr int kFiles = 20;
  for (int i = 0; i < kFiles; ++i) {
    tree_.Write(absl::StrCat("f", i), std::string(40000, 'x'));
  }
  Settle();
  HttpTestClient client(server().port());
  for (int i = 0; i < kFiles; ++i) {
    EXPECT_EQ(client.Get(absl::StrCat("/f", i)).status, 200);
  }
  std::vector<HttpTestClient> others;
  for (int i = 0; i < kFiles / 2; ++i) {
    others.emplace_back(server().port());
    EXPECT_EQ(others.back().Get("/none").status, 404);
  }
  // The client's end of one more, and not the server's.
  TestClient last;
  const kingpin::testing::ScopedDescriptorLimit limit(0);
  ASSERT_EQ(last.ConnectTo(*kingpin::SocketAddress::Parse(
                absl::StrCat("127.0.0.1:", server().port()))),
            0);
  last.Send("GET /none HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(absl::StrContains(last.ReadAll(), "404 Not Found"));
}

TEST_F(FileServerTest, ReplacedFilesAreServedFresh) {
  for (const size_t size : {100, 100000}) {
    tree_.Write("a", std::string(size, '1'));
    WaitUntilSettled();
    HttpTestClient client(server().port());
    EXPECT_EQ(client.Get("/a").body[0], '1');
    for (char version = '2'; version <= '6'; ++version) {
      tree_.Write("new", std::string(size, version));
      fs::rename(tree_.path("new"), tree_.path("a"));
      ASSERT_TRUE(client.Get("/a").body == std::string(size, version));
      // In place, with the same size and the mtime put back.
      const std::string again(size, static_cast<char>(version + 32));
      tree_.Write("a", again);
      ASSERT_TRUE(client.Get("/a").body == again);
    }
    fs::remove(tree_.path("a"));
    EXPECT_EQ(client.Get("/a").status, 404);
  }
}

TEST_F(FailureMode48, TruncatedWhileSentEndsShort) {
  const size_t size = 64 << 20;
  tree_.Write("a", "");
  fs::resize_file(tree_.path("a"), size);
  TestClient client = TestClient::Connect(server().port(), 4096);
  client.Send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  // Not with Read(), which may take all of it on the way.
  char some[1000];
  EXPECT_TRUE(
      Eventually([&] { return recv(client.fd(), some, sizeof(some), 0) > 0; }));
  fs::resize_file(tree_.path("a"), 1000);
  EXPECT_LT(client.ReadAll().size(), size - 1000);
  tree_.Write("b", "alive");
  EXPECT_EQ(Get("/b").body, "alive");
}

TEST_F(FailureMode48, ReplacedWhileSentIsSentAsItWas) {
  const size_t size = 8 << 20;
  tree_.Write("a", std::string(size, 'o'));
  HttpTestClient client(server().port());
  client.Send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_FALSE(client.socket().Read(1).empty());
  tree_.Write("b", std::string(size, 'n'));
  fs::rename(tree_.path("b"), tree_.path("a"));
  client.Send("GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  const std::string all = client.socket().ReadAll();
  EXPECT_EQ(std::count(all.begin(), all.end(), 'o') / 1000,
            static_cast<int64_t>(size) / 1000);
  EXPECT_TRUE(all.ends_with(std::string(size, 'n')));
}

TEST_F(FailureMode14, PipelinedFilesHoldFewDescriptors) {
  constexpr int kFiles = 200;
  std::string all;
  for (int i = 0; i < kFiles; ++i) {
    tree_.Write(absl::StrCat("f", i), std::string(40000, 'x'));
    absl::StrAppend(&all, "GET /f", i, " HTTP/1.1\r\nHost: h\r\n\r\n");
  }
  const size_t before = kingpin::testing::OpenDescriptors().size();
  TestClient slow = TestClient::Connect(server().port(), 4096);
  slow.Send(all);
  HttpTestClient other(server().port());
  for (int i = 0; i < 20; ++i) EXPECT_EQ(other.Get("/none").status, 404);
  EXPECT_LT(kingpin::testing::OpenDescriptors().size(), before + 40);
  slow.Send("GET /none HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  const std::string received = slow.ReadAll();
  EXPECT_GT(received.size(), kFiles * size_t{40000});
  EXPECT_TRUE(received.ends_with("404 Not Found\n"));
}

TEST_F(FileServerTest, SlowReaderIsDroppedOthersAreServed) {
  config_.timeouts.write = absl::Milliseconds(200);
  tree_.Write("large", "");
  fs::resize_file(tree_.path("large"), 64 << 20);
  tree_.Write("small", "x");
  TestClient slow = TestClient::Connect(server().port(), 4096);
  slow.Send("GET /large HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(Get("/small").body, "x");
  // Only the one that is looked at: reading would be progress.
  EXPECT_TRUE(Eventually([&] { return server().shared().connections() == 0; }));
}

TEST_F(FileServerTest, MalformedChunkedBodyIs400) {
  tree_.Write("a.txt", "hello");
  for (const char* body : {"zz\r\n", "+1\r\n", "-1\r\n", "0x1\r\n", "\r\n",
                           "1\nx", "ffffffffffffffffff\r\n", "1\r\nxyz"}) {
    HttpTestClient client(server().port());
    client.Send(absl::StrCat(
        "GET /a.txt HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
        body));
    EXPECT_EQ(client.ReadAnswer().status, 400) << body;
  }
}

TEST_F(FileServerTest, TooManyConnectionsAre503) {
  config_.max_connections = 2;
  tree_.Write("a", "x");
  HttpTestClient one(server().port());
  HttpTestClient two(server().port());
  EXPECT_EQ(one.Get("/a").status, 200);
  EXPECT_EQ(two.Get("/a").status, 200);
  {
    HttpTestClient three(server().port());
    const HttpAnswer answer = three.Get("/a");
    EXPECT_EQ(answer.status, 503);
    EXPECT_TRUE(answer.has("retry-after"));
    EXPECT_EQ(answer.field("connection"), "close");
    three.socket().HalfClose();
    EXPECT_TRUE(three.AtEnd());
  }
  EXPECT_EQ(one.Get("/a").status, 200);
  one.socket().Close();
  ASSERT_TRUE(Eventually([&] { return server().shared().connections() == 1; }));
  EXPECT_EQ(Get("/a").status, 200);
}

TEST_F(FileServerTest, SparseFileOfTenGigabytes) {
  tree_.Write("huge", "");
  fs::resize_file(tree_.path("huge"), 10ull << 30);
  const int fd = open(tree_.path("huge").c_str(), O_WRONLY);
  ASSERT_EQ(pwrite(fd, "end", 3, (10ll << 30) - 3), 3);
  close(fd);
  EXPECT_EQ(Ask("HEAD", "/huge").field("content-length"), "10737418240");
  EXPECT_EQ(Get("/huge", "Range: bytes=-3\r\n").body, "end");
  EXPECT_EQ(Get("/huge", "Range: bytes=10737418239-\r\n").body, "d");
}

TEST_F(FileServerTest, CacheOff) {
  config_.files.cache.max_entries = 0;
  tree_.Write("a", "x");
  Settle();
  EXPECT_EQ(Get("/a").body, "x");
  EXPECT_EQ(Get("/a").body, "x");
}

TEST(StaticRootTest, ErrorsNameTheDirectoryAndTheCause) {
  const absl::Status status = StaticRoot::Open("/no/such/dir").status();
  EXPECT_TRUE(absl::StrContains(status.message(), "/no/such/dir"));
  EXPECT_TRUE(absl::StrContains(status.message(), "No such file"));
}

TEST(StaticRootTest, ErrorsNameTheSystemCallThatIsMissing) {
  InstallFaultHook();
  for (const int error : {ENOSYS, EPERM}) {
    open_error = error;
    opens_to_fail = 1;
    const absl::Status status = StaticRoot::Open("/tmp").status();
    EXPECT_TRUE(absl::StrContains(status.message(), "\"/tmp\"")) << status;
    EXPECT_TRUE(absl::StrContains(status.message(), "openat2")) << status;
    EXPECT_TRUE(absl::StrContains(status.message(), "5.6")) << status;
  }
  EXPECT_TRUE(StaticRoot::Open("/tmp").ok());
}

}  // namespace
}  // namespace file_server
