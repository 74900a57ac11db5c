#include "kingpin/dns/resolv_conf.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/dns/host_name.h"

namespace kingpin {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> Servers(const ResolvConf& conf) {
  std::vector<std::string> texts;
  for (const SocketAddress& server : conf.servers) {
    texts.push_back(server.ToString());
  }
  return texts;
}

TEST(ResolvConf, TakesWhatItKnowsAndPassesOverTheRest) {
  const ResolvConf conf = ResolvConf::Parse(
      "# nameserver 10.0.0.9\n"
      ";nameserver 10.0.0.9\n"
      "nameserver 10.0.0.1\r\n"
      "nameserver\t2001:db8::1   trailing\n"
      "nameserver fe80::1%lo\n"
      "nameserver dns.example\n"
      "nameserver\n"
      "sortlist 10.0.0.0/8\n"
      "\n"
      "options ndots:3 timeout:7 attempts:4 rotate edns0 debug\n"
      "search One.Example. two.example bad..name .\n"
      "nameserver 10.0.0.2",
      "host");
  EXPECT_THAT(Servers(conf), ElementsAre("10.0.0.1:53", "[2001:db8::1]:53",
                                         "[fe80::1%lo]:53", "10.0.0.2:53"));
  EXPECT_THAT(conf.search, ElementsAre("one.example", "two.example"));
  EXPECT_EQ(conf.ndots, 3);
  EXPECT_EQ(conf.timeout, absl::Seconds(7));
  EXPECT_EQ(conf.attempts, 4);
  EXPECT_TRUE(conf.rotate);
}

TEST(ResolvConf, OptionsAreKeptWithinTheirLimits) {
  const ResolvConf conf = ResolvConf::Parse(
      "options ndots:99 timeout:9999 attempts:77\n"
      "options ndots:-1 timeout:x attempts: ndots:\n",
      "");
  EXPECT_EQ(conf.ndots, 15);
  EXPECT_EQ(conf.timeout, absl::Seconds(30));
  EXPECT_EQ(conf.attempts, 5);
  EXPECT_FALSE(conf.rotate);
}

TEST(ResolvConf, LastOfSearchAndDomainHolds) {
  EXPECT_THAT(ResolvConf::Parse("search a b\ndomain c d\n", "").search,
              ElementsAre("c"));
  EXPECT_THAT(ResolvConf::Parse("domain c\nsearch a b\n", "").search,
              ElementsAre("a", "b"));
}

TEST(ResolvConf, TheHostsOwnDomainIsSearchedIfTheFileNamesNone) {
  EXPECT_THAT(ResolvConf::Parse("", "me.corp.example").search,
              ElementsAre("corp.example"));
  EXPECT_THAT(ResolvConf::Parse("search a\n", "me.corp.example").search,
              ElementsAre("a"));
  EXPECT_THAT(ResolvConf::Parse("search .\n", "me.corp.example").search,
              IsEmpty());
  EXPECT_THAT(ResolvConf::Parse("", "me").search, IsEmpty());
  EXPECT_THAT(ResolvConf::Parse("", "me.").search, IsEmpty());
}

TEST(ResolvConf, IsBounded) {
  std::string text = "search";
  for (int i = 0; i < 40; ++i) absl::StrAppend(&text, " d", i, ".example");
  text += "\n";
  for (int i = 0; i < 40; ++i) absl::StrAppend(&text, "nameserver 10.0.0.1\n");
  const ResolvConf conf = ResolvConf::Parse(text, "");
  EXPECT_EQ(conf.search.size(), ResolvConf::kMaxDomains);
  EXPECT_EQ(conf.servers.size(), ResolvConf::kMaxServers);
}

TEST(ResolvConf, WithoutAFileTheServerOnThisHostIsAsked) {
  EXPECT_THAT(Servers(ResolvConf::Load("/nonexistent/resolv.conf")),
              ElementsAre("127.0.0.1:53"));
}

TEST(ResolvConf, CandidatesThatWouldBeTooLongAreLeftOut) {
  ResolvConf conf = ResolvConf::Parse(
      absl::StrCat("search ", std::string(63, 'd'), " e\n"), "");
  const std::string label(60, 'a');
  const std::string host = absl::StrJoin({label, label, label, label}, ".");
  EXPECT_THAT(conf.Candidates(*ParseHostName(host)),
              ElementsAre(host, host + ".e"));
}

}  // namespace
}  // namespace kingpin
