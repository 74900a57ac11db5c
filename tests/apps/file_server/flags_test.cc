#include "apps/file_server/flags.h"

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace file_server {
namespace {

absl::StatusOr<Flags> Parse(std::vector<std::string> args) {
  std::vector<char*> pointers;
  for (std::string& arg : args) pointers.push_back(arg.data());
  return ParseFlags(pointers);
}

std::string ErrorOf(std::vector<std::string> args) {
  return std::string(Parse(std::move(args)).status().message());
}

TEST(FlagsTest, Defaults) {
  const absl::StatusOr<Flags> flags = Parse({});
  ASSERT_TRUE(flags.ok());
  EXPECT_EQ(flags->port, 8080);
  EXPECT_EQ(flags->root, ".");
  EXPECT_FALSE(flags->list);
}

TEST(FlagsTest, BothForms) {
  const absl::StatusOr<Flags> flags = Parse(
      {"--root=/x", "--port", "0", "--list", "--cache=off", "--idle_timeout",
       "5m", "--listen", "[::1]:1,unix:/b", "--listen=fd:3"});
  ASSERT_TRUE(flags.ok()) << flags.status();
  EXPECT_EQ(flags->root, "/x");
  EXPECT_EQ(flags->port, 0);
  EXPECT_TRUE(flags->list);
  EXPECT_FALSE(flags->cache);
  EXPECT_EQ(flags->idle_timeout, absl::Minutes(5));
  EXPECT_EQ(flags->listen,
            (std::vector<std::string>{"[::1]:1", "unix:/b", "fd:3"}));
}

TEST(FlagsTest, LocalhostIsTheLoopbackOfIpv4) {
  const absl::StatusOr<Flags> flags =
      Parse({"--listen", "localhost:80,[::1]:81"});
  ASSERT_TRUE(flags.ok()) << flags.status();
  EXPECT_EQ(flags->listen,
            (std::vector<std::string>{"127.0.0.1:80", "[::1]:81"}));
  EXPECT_TRUE(absl::StrContains(ErrorOf({"--listen=localhost"}), "port"));
  EXPECT_TRUE(absl::StrContains(ErrorOf({"--listen=localhost:x"}), "65535"));
  EXPECT_TRUE(absl::StrContains(ErrorOf({"--listen=localhosts:1"}), "names"));
}

TEST(FlagsTest, ErrorsSayWhatWouldBeRight) {
  EXPECT_TRUE(absl::StrContains(ErrorOf({"--listen", "foo"}), "--listen"));
  EXPECT_TRUE(absl::StrContains(ErrorOf({"--lsit"}), "--list"));
  EXPECT_TRUE(absl::StrContains(ErrorOf({"/srv"}), "--root /srv"));
  EXPECT_TRUE(absl::StrContains(ErrorOf({"--port", "65536"}), "0 to 65535"));
  EXPECT_TRUE(absl::StrContains(ErrorOf({"--max_connections=2147483647"}),
                                "0 to 16777216"));
  EXPECT_TRUE(absl::StrContains(ErrorOf({"--port"}), "needs a value"));
  EXPECT_TRUE(
      absl::StrContains(ErrorOf({"--root", "--list"}), "--root=--list"));
  EXPECT_EQ(Parse({"--root=--list"})->root, "--list");
  EXPECT_EQ(Parse({"--access_log", "-"})->access_log, "-");
  EXPECT_EQ(Parse({"--access_log_mib", "5"})->access_log_mib, 5);
  EXPECT_EQ(Parse({"--access_log_keep=0"})->access_log_keep, 0);
  EXPECT_TRUE(
      absl::StrContains(ErrorOf({"--access_log_mib=-1"}), "0 to 1048576"));
  EXPECT_TRUE(absl::StrContains(ErrorOf({"--idle_timeout=x"}), "30s"));
  EXPECT_TRUE(absl::StrContains(ErrorOf({"--strategy=x"}), "mutex"));
  EXPECT_FALSE(Parse({"--list=maybe"}).ok());
}

TEST(FlagsTest, HelpNamesEveryFlag) {
  EXPECT_TRUE(Parse({"--help"})->help);
  EXPECT_TRUE(Parse({"-h"})->help);
  for (const char* name : {"--root",
                           "--index",
                           "--list",
                           "--follow_symlinks",
                           "--port",
                           "--listen",
                           "--threads",
                           "--strategy",
                           "--max_connections",
                           "--cache",
                           "--access_log",
                           "--access_log_mib",
                           "--access_log_keep",
                           "--log_blackbox",
                           "--verbosity",
                           "--idle_timeout",
                           "--header_timeout",
                           "--send_timeout",
                           "--drain_timeout",
                           "--version"}) {
    EXPECT_TRUE(absl::StrContains(HelpText(), name)) << name;
  }
}

}  // namespace
}  // namespace file_server
