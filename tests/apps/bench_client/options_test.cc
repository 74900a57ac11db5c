#include "apps/bench_client/options.h"

#include <cstdio>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bench_client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

absl::StatusOr<Options> Parse(std::vector<std::string> args) {
  std::vector<char*> pointers;
  for (std::string& arg : args) pointers.push_back(arg.data());
  return ParseOptions(pointers);
}

std::string ErrorOf(std::vector<std::string> args) {
  auto options = Parse(std::move(args));
  EXPECT_EQ(options.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(options.status().message());
}

TEST(Options, AUrlIsEnough) {
  auto options = Parse({"localhost:8080/a"});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->url.ToString(), "http://localhost:8080/a");
  EXPECT_EQ(options->method, "GET");
  EXPECT_EQ(options->connections, 50);
  EXPECT_FALSE(options->is_raw);
}

TEST(Options, AsCurlAndWrkHaveThem) {
  auto options = Parse({"-c", "100", "-t2", "-d3s", "-H", "A: b", "-H", "C:d:e",
                        "-X", "PUT", "http://h/"});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->connections, 100);
  EXPECT_EQ(options->threads, 2);
  EXPECT_EQ(options->duration, absl::Seconds(3));
  EXPECT_EQ(options->method, "PUT");
  EXPECT_THAT(options->headers, ElementsAre(Pair("A", "b"), Pair("C", "d:e")));
}

TEST(Options, AnotherSiteOfTheServer) {
  auto options =
      Parse({"-H", "Host: Example.org:81", "http://127.0.0.1:8080/a"});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->url.HostField(), "example.org:81");
  EXPECT_EQ(options->host, "127.0.0.1");
  EXPECT_EQ(options->port, 8080);
  EXPECT_THAT(options->headers, IsEmpty());
  EXPECT_THAT(ErrorOf({"-H", "Host: a/b", "h"}), HasSubstr("HOST:PORT"));
  EXPECT_THAT(ErrorOf({"-H", "Host:", "h"}), HasSubstr("HOST:PORT"));
}

TEST(Options, Bodies) {
  EXPECT_EQ(Parse({"--body", "text", "h"})->method, "POST");
  const std::string path = absl::StrCat(::testing::TempDir(), "/body");
  std::ofstream(path) << "from a file";
  EXPECT_EQ(Parse({"--body", absl::StrCat("@", path), "h"})->body,
            "from a file");
  std::remove(path.c_str());
  EXPECT_THAT(ErrorOf({"--body", absl::StrCat("@", path), "h"}),
              HasSubstr("cannot be read"));
  EXPECT_THAT(ErrorOf({"--body", "@/", "h"}), HasSubstr("is a directory"));
}

TEST(Options, RawTcp) {
  auto options = Parse({"tcp://[::1]:7000", "--size=9"});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_TRUE(options->is_raw);
  EXPECT_EQ(options->url.host, "::1");
  EXPECT_EQ(options->url.port, 7000);
  EXPECT_EQ(options->size, 9u);
  EXPECT_EQ(Parse({"tcp://[::1]:7000"})->size, 64u);
  EXPECT_THAT(ErrorOf({"tcp://h:1", "-H", "a: b"}),
              HasSubstr("not for tcp://"));
  for (const char* no_port : {"tcp://h", "tcp://h:", "tcp://[::1]"}) {
    EXPECT_THAT(ErrorOf({no_port}), HasSubstr("which port?")) << no_port;
  }
  for (const char* path : {"tcp://h:1/", "tcp://h:1?a"}) {
    EXPECT_THAT(ErrorOf({path}), HasSubstr("has no path")) << path;
  }
}

TEST(Options, ErrorsSayWhatWouldBeRight) {
  EXPECT_THAT(ErrorOf({}), HasSubstr("Give a URL"));
  EXPECT_THAT(ErrorOf({"a", "b"}), HasSubstr("unexpected \"b\""));
  EXPECT_THAT(ErrorOf({"ftp://h/"}), HasSubstr("try http://HOST:PORT/PATH"));
  EXPECT_THAT(ErrorOf({"h", "-c", "0"}), HasSubstr("1 to 1000000"));
  EXPECT_THAT(ErrorOf({"h", "--conections=1"}), HasSubstr("--connections"));
  EXPECT_THAT(ErrorOf({"h", "-H", "novalue"}), HasSubstr("\"Name: value\""));
  EXPECT_THAT(ErrorOf({"h", "-H", ":v"}), HasSubstr("\"Name: value\""));
  EXPECT_THAT(ErrorOf({"h", "--size", "5"}), HasSubstr("is for tcp://"));
  EXPECT_THAT(ErrorOf({"tcp://h:1", "--insecure"}), HasSubstr("is for https"));
  EXPECT_THAT(ErrorOf({"unix:/tmp/x"}), HasSubstr("not offered"));
  EXPECT_THAT(ErrorOf({"h", "-H", "a b: c"}), HasSubstr("not a token"));
  EXPECT_THAT(ErrorOf({"h", "-X", "A B"}), HasSubstr("not a token"));
  EXPECT_THAT(ErrorOf({"h", "-H", "Content-Length: 1"}),
              HasSubstr("client itself"));
  EXPECT_THAT(ErrorOf({"h", "--reconnect", "--pipeline=2"}),
              HasSubstr("no --pipeline"));
  EXPECT_THAT(ErrorOf({"h", "--rate=5", "--pipeline=2"}),
              HasSubstr("no --pipeline"));
  EXPECT_THAT(ErrorOf({"h", "-d", "inf"}), HasSubstr("--requests"));
  EXPECT_TRUE(Parse({"h", "-d", "inf", "-n", "5"}).ok());
}

TEST(Options, HelpNamesEveryFlag) {
  EXPECT_TRUE(Parse({"-h"})->help);
  for (const char* name :
       {"--connections", "--threads", "--duration", "--requests", "--rate",
        "--pipeline", "--reconnect", "--method", "--header", "--body", "--size",
        "--timeout", "--insecure", "--html", "--json", "--quiet"}) {
    EXPECT_THAT(std::string(HelpText()), HasSubstr(name));
  }
}

}  // namespace
}  // namespace bench_client
