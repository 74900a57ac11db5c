#include "kingpin/net/resolver.h"

#include <optional>
#include <string>

#include "gtest/gtest.h"

namespace kingpin {
namespace {

std::string Literal(absl::string_view host) {
  std::optional<SocketAddress> address = ParseLiteralHost(host);
  return address.has_value() ? address->ToString() : "none";
}

TEST(ParseLiteralHost, TakesAddresses) {
  EXPECT_EQ(Literal("127.0.0.1"), "127.0.0.1:0");
  EXPECT_EQ(Literal("::1"), "[::1]:0");
  EXPECT_EQ(Literal("[2001:db8::7]"), "[2001:db8::7]:0");
}

TEST(ParseLiteralHost, TakesNothingElse) {
  for (absl::string_view host :
       {"", "example.org", "localhost", "127.0.0.1:80", "[::1]:80", "1.2.3",
        "1.2.3.4.5", "unix:/run/x", ":", "[", "[]", "[::1", "::1]", "[::1] ",
        "::1%no-such-interface"}) {
    EXPECT_EQ(Literal(host), "none") << host;
  }
  EXPECT_EQ(Literal(absl::string_view("127.0.0.1\0.evil", 15)), "none");
}

TEST(LiteralResolver, LocalhostIsLoopbackWithoutAskingAnybody) {
  LiteralResolver resolver;
  for (absl::string_view host :
       {"localhost", "LocalHost.", "a.localhost", "b.a.LOCALHOST"}) {
    std::optional<ResolveAnswer> answer = resolver.Lookup(host);
    ASSERT_TRUE(answer.has_value());
    ASSERT_EQ(answer->addresses.size(), 2u) << host;
    EXPECT_EQ(answer->addresses[0].ToString(), "[::1]:0");
    EXPECT_EQ(answer->addresses[1].ToString(), "127.0.0.1:0");
    EXPECT_TRUE(answer->complete);
  }
}

TEST(LiteralResolver, OtherNamesAreNotFoundAndItSaysWhy) {
  LiteralResolver resolver;
  for (absl::string_view host :
       {"example.org", "notlocalhost", "localhost.x"}) {
    std::optional<ResolveAnswer> answer = resolver.Lookup(host);
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->error, ResolveError::kNotFound) << host;
    EXPECT_TRUE(answer->addresses.empty());
    EXPECT_NE(answer->detail.find(host), std::string::npos) << answer->detail;
  }
}

TEST(LiteralResolver, AddressesAreTheirOwnAnswer) {
  LiteralResolver resolver;
  std::optional<ResolveAnswer> answer = resolver.Lookup("10.1.2.3");
  ASSERT_TRUE(answer.has_value());
  ASSERT_EQ(answer->addresses.size(), 1u);
  EXPECT_EQ(answer->addresses[0].ToString(), "10.1.2.3:0");
  EXPECT_EQ(answer->error, ResolveError::kNone);
}

}  // namespace
}  // namespace kingpin
