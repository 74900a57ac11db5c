// The resolver with a hosts file and a resolv.conf of the test's.
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/dns/dns_resolver.h"
#include "kingpin/net/resolver.h"
#include "tests/dns/resolver_harness.h"
#include "tests/testing/dns_server.h"

namespace kingpin {
namespace {

using testing::DnsMessage;
using testing::DnsMessages;
using testing::DnsQuestion;
using testing::DnsServer;
using ::testing::ElementsAre;
using testing::Got;
using ::testing::HasSubstr;
using testing::kDnsA;
using testing::ResolverHarness;

class FilesTest : public ::testing::Test {
 protected:
  FilesTest()
      : folder_(absl::StrCat(
            ::testing::TempDir(), "/dns.", getpid(), ".",
            ::testing::UnitTest::GetInstance()->current_test_info()->name())) {
    EXPECT_EQ(mkdir(folder_.c_str(), 0700), 0);
  }

  // As editors do: the new file takes the place of the old one.
  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = absl::StrCat(folder_, "/", name);
    std::ofstream(path + ".new") << text;
    EXPECT_EQ(rename((path + ".new").c_str(), path.c_str()), 0);
    return path;
  }

  const std::string folder_;
};

// --- hosts ---------------------------------------------------------------------

TEST_F(FilesTest, NamesOfTheHostsFileAreNotAskedFor) {
  const std::string hosts =
      Write("hosts",
            "# comment\n"
            "10.0.0.7\tPrinter printer.lan # the old one\n"
            "10.0.0.8 printer.lan\n"
            "fe80::1%lo link\n"
            "nonsense name.lan\n"
            "10.6.6.6 localhost\n"
            "10.0.0.9");
  DnsServer server([](const DnsQuestion& q) -> DnsMessages {
    return {DnsMessage(q).Code(3).Soa(60, 60).bytes()};
  });
  ResolverHarness h({.servers = {server.address()}, .hosts_file = hosts});
  EXPECT_EQ(h.Resolve("printer").all(), "10.0.0.7");
  EXPECT_EQ(h.Resolve("PRINTER.lan.").all(), "10.0.0.7 10.0.0.8");
  EXPECT_EQ(h.Resolve("link").all(), "fe80::1%lo");
  EXPECT_EQ(h.Resolve("localhost").all(), "::1 127.0.0.1");
  EXPECT_EQ(server.count(), 0);
  EXPECT_EQ(h.Resolve("name.lan").error, ResolveError::kNotFound);
}

TEST_F(FilesTest, HostsFileIsReadAgainWhenItHasChanged) {
  const std::string hosts = Write("hosts", "10.0.0.1 x\n");
  ResolverHarness h({.servers = {"127.0.0.1:1"}, .hosts_file = hosts});
  EXPECT_EQ(h.Resolve("x").all(), "10.0.0.1");
  Write("hosts", "10.0.0.2 x\n");
  EXPECT_EQ(h.Resolve("x").all(), "10.0.0.1") << "looked at once a second";
  h.Advance(absl::Seconds(1));
  EXPECT_EQ(h.Resolve("x").all(), "10.0.0.2");
  ASSERT_EQ(unlink(hosts.c_str()), 0);
  h.Advance(absl::Seconds(1));
  EXPECT_FALSE(h.resolver().Lookup("x").has_value());
  Write("hosts", "10.0.0.3 x\n");
  h.Advance(absl::Seconds(1));
  EXPECT_EQ(h.Resolve("x").all(), "10.0.0.3");
}

TEST_F(FilesTest, LargeHostsFileIsReadInSlices) {
  const std::string hosts = Write("hosts", "10.0.0.1 first last\n");
  ResolverHarness h({.servers = {"127.0.0.1:1"}, .hosts_file = hosts});
  std::string text = "10.0.0.2 first\n";
  while (text.size() < 300'000) {
    absl::StrAppend(&text, "0.0.0.0 ads", text.size(), ".example\n");
  }
  Write("hosts", text + "10.0.0.2 last\n");
  h.Advance(absl::Seconds(1));
  EXPECT_EQ(testing::Text(h.resolver().Lookup("last")->addresses), "10.0.0.1")
      << "the old table answers while the new one is read";
  h.Turn(10);
  EXPECT_EQ(h.Resolve("last").all(), "10.0.0.2");
  EXPECT_EQ(h.Resolve("first").all(), "10.0.0.2");
}

TEST_F(FilesTest, HostsFileIsBounded) {
  std::string text = "10.0.0.1 inside\n10.0.0.1 " + std::string(5000, 'x') +
                     " beyond\n10.0.0.1 cut.example\n";
  const std::string hosts = Write("hosts", text + "10.0.0.1 outside\n");
  DnsServer server([](const DnsQuestion& q) -> DnsMessages {
    return {DnsMessage(q).Code(3).Soa(60, 60).bytes()};
  });
  ResolverHarness h({.servers = {server.address()},
                     .hosts_file = hosts,
                     .max_hosts_bytes = text.size() - 9});
  EXPECT_EQ(h.Resolve("inside").all(), "10.0.0.1");
  for (absl::string_view host : {"beyond", "cut", "cut.example", "outside"}) {
    EXPECT_EQ(h.Resolve(host).error, ResolveError::kNotFound) << host;
  }
}

TEST_F(FilesTest, WhatIsNoFileHasNoNames) {
  const std::string fifo = absl::StrCat(folder_, "/fifo");
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  for (const std::string& path : {fifo, folder_, folder_ + "/missing"}) {
    ResolverHarness h({.servers = {"127.0.0.1:1"}, .hosts_file = path});
    EXPECT_EQ(h.Resolve("127.0.0.1").all(), "127.0.0.1");
    EXPECT_FALSE(h.resolver().Lookup("x").has_value());
  }
}

// --- Search domains --------------------------------------------------------------

// Knows one name; the names that were asked for.
class SearchTest : public FilesTest {
 protected:
  explicit SearchTest(std::string known = "host.b.test")
      : server_([known](const DnsQuestion& q) -> DnsMessages {
          if (q.name == "broken.a.test") return {DnsMessage(q).Code(2).bytes()};
          if (q.name == "empty.a.test")
            return {DnsMessage(q).Soa(9, 9).bytes()};
          if (q.name != known) {
            return {DnsMessage(q).Code(3).Soa(60, 60).bytes()};
          }
          if (q.type != kDnsA) return {DnsMessage(q).Soa(60, 60).bytes()};
          return {DnsMessage(q).A("10.0.0.1", 60).bytes()};
        }) {}

  DnsResolverOptions Options(const std::string& conf) {
    return {.servers = {server_.address()},
            .resolv_conf = Write("resolv.conf", conf)};
  }
  std::vector<std::string> Asked() {
    std::vector<std::string> names;
    for (const DnsQuestion& q : server_.questions()) {
      if (q.type == kDnsA) names.push_back(q.name);
    }
    return names;
  }

  DnsServer server_;
};

TEST_F(SearchTest, ShortNamesAreLookedForInEachDomainUntilOneHasThem) {
  ResolverHarness h(Options("search a.test b.test c.test\n"));
  EXPECT_EQ(h.Resolve("host").all(), "10.0.0.1");
  EXPECT_THAT(Asked(), ElementsAre("host.a.test", "host.b.test"));
  std::optional<ResolveAnswer> known = h.resolver().Lookup("host");
  ASSERT_TRUE(known.has_value()) << "by the cache, the missing name too";
  EXPECT_EQ(testing::Text(known->addresses), "10.0.0.1");
  EXPECT_EQ(h.Resolve("host").all(), "10.0.0.1");
  EXPECT_EQ(Asked().size(), 2u);
}

TEST_F(SearchTest, NamesThatAreNowhereSayWhereWasLooked) {
  ResolverHarness h(Options("search a.test b.test\n"));
  const Got got = h.Resolve("other");
  EXPECT_EQ(got.error, ResolveError::kNotFound);
  EXPECT_THAT(got.detail, HasSubstr("search domains"));
  EXPECT_THAT(Asked(), ElementsAre("other.a.test", "other.b.test", "other"));
  EXPECT_EQ(h.resolver().Lookup("other")->error, ResolveError::kNotFound);
}

TEST_F(SearchTest, DottedNamesAreTriedAsTheyAreFirst) {
  ResolverHarness h(Options("search a.test\n"));
  h.Resolve("x.y");
  EXPECT_THAT(Asked(), ElementsAre("x.y", "x.y.a.test"));
}

TEST_F(SearchTest, NdotsSaysWhatADottedNameIs) {
  ResolverHarness h(Options("search a.test\noptions ndots:2\n"));
  h.Resolve("x.y");
  EXPECT_THAT(Asked(), ElementsAre("x.y.a.test", "x.y"));
}

TEST_F(SearchTest, AbsoluteNamesAreNotLookedForElsewhere) {
  ResolverHarness h(Options("search a.test b.test\n"));
  EXPECT_EQ(h.Resolve("host.").error, ResolveError::kNotFound);
  EXPECT_THAT(Asked(), ElementsAre("host"));
}

TEST_F(SearchTest, NameWithoutAddressesIsRememberedButTheSearchGoesOn) {
  ResolverHarness h(Options("search a.test b.test\n"));
  EXPECT_EQ(h.Resolve("empty").error, ResolveError::kNoAddress);
  EXPECT_THAT(Asked(), ElementsAre("empty.a.test", "empty.b.test", "empty"));
}

TEST_F(SearchTest, FailureEndsTheSearch) {
  ResolverHarness h(Options("search a.test b.test\n"));
  EXPECT_EQ(h.Resolve("broken").error, ResolveError::kServerFailure);
  for (const std::string& name : Asked()) EXPECT_EQ(name, "broken.a.test");
}

// --- resolv.conf and options -------------------------------------------------------

TEST_F(FilesTest, ServersThatCannotBeAreRefused) {
  ThreadSharedData shared;
  ASSERT_TRUE(shared.Open(1).ok());
  IOHandler handler(&shared, 0);
  ASSERT_TRUE(handler.Init().ok());
  for (std::string server :
       {"10.0.0.1", "dns.test:53", "unix:/run/x", ":53x", "10.0.0.1:0"}) {
    auto resolver = DnsResolver::Create(&handler, {.servers = {server}});
    EXPECT_FALSE(resolver.ok()) << server;
    EXPECT_THAT(resolver.status().message(), HasSubstr(server));
  }
  EXPECT_FALSE(DnsResolver::Create(&handler, {.resolv_conf = ""}).ok());
  EXPECT_TRUE(
      DnsResolver::Create(&handler, {.resolv_conf = folder_ + "/none"}).ok());
  EXPECT_TRUE(DnsResolver::Create(&handler).ok());
}

}  // namespace
}  // namespace kingpin
