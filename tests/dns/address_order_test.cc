#include "kingpin/dns/address_order.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/dns/ip_address.h"
#include "kingpin/net/resolver.h"

namespace kingpin {
namespace {

using ::testing::ElementsAre;

IpAddress Ip(absl::string_view text) {
  return *IpAddress::Of(*ParseLiteralHost(text));
}

// Of a destination from a source; "" is none.
RankedAddress Ranked(absl::string_view destination, absl::string_view source) {
  std::optional<IpAddress> from;
  if (!source.empty()) from = Ip(source);
  return {Ip(destination), RankOf(Ip(destination), from)};
}

std::vector<std::string> Ordered(std::vector<RankedAddress> addresses) {
  std::vector<std::string> texts;
  for (const IpAddress& address : InOrder(std::move(addresses))) {
    texts.push_back(address.ToSocketAddress().host());
  }
  return texts;
}

TEST(IpAddress, IsWhatItWasMadeOf) {
  for (absl::string_view text : {"10.1.2.3", "2001:db8::7", "fe80::1%lo"}) {
    EXPECT_EQ(Ip(text).ToSocketAddress().host(), text);
  }
  EXPECT_FALSE(IpAddress::Of(SocketAddress()).has_value());
  EXPECT_FALSE(IpAddress::Of(*SocketAddress::Parse("unix:@x")).has_value());
}

// The examples of RFC 6724, section 10.2, that its rules 1, 2, 5, 6 and 8 decide.
TEST(AddressOrder, PrefersMatchingScope) {
  EXPECT_THAT(Ordered({Ranked("198.51.100.121", "169.254.13.78"),
                       Ranked("2001:db8:1::1", "2001:db8:1::2")}),
              ElementsAre("2001:db8:1::1", "198.51.100.121"));
  EXPECT_THAT(Ordered({Ranked("2001:db8:1::1", "fe80::1"),
                       Ranked("198.51.100.121", "198.51.100.117")}),
              ElementsAre("198.51.100.121", "2001:db8:1::1"));
}

TEST(AddressOrder, PrefersHigherPrecedence) {
  EXPECT_THAT(Ordered({Ranked("10.1.2.3", "10.1.2.4"),
                       Ranked("2001:db8:1::1", "2001:db8:1::2")}),
              ElementsAre("2001:db8:1::1", "10.1.2.3"));
}

TEST(AddressOrder, PrefersSmallerScope) {
  EXPECT_THAT(Ordered({Ranked("2001:db8:1::1", "2001:db8:1::2"),
                       Ranked("fe80::1", "fe80::2")}),
              ElementsAre("fe80::1", "2001:db8:1::1"));
}

TEST(AddressOrder, PrefersMatchingLabel) {
  EXPECT_THAT(Ordered({Ranked("2001:db8:1::1", "2002:c633:6401::2"),
                       Ranked("2002:c633:6401::1", "2002:c633:6401::2")}),
              ElementsAre("2002:c633:6401::1", "2001:db8:1::1"));
  // Unique local addresses do not reach global ones.
  EXPECT_THAT(Ordered({Ranked("2001:db8:1::1", "fd00::2"),
                       Ranked("198.51.100.121", "10.0.0.2")}),
              ElementsAre("198.51.100.121", "2001:db8:1::1"));
}

TEST(AddressOrder, FamiliesAlternateAndEqualsStayInTheirOrder) {
  EXPECT_THAT(
      Ordered({Ranked("10.0.0.3", "10.0.0.9"), Ranked("10.0.0.1", "10.0.0.9"),
               Ranked("10.0.0.2", "10.0.0.9"),
               Ranked("2001:db8::2", "2001:db8::9"),
               Ranked("2001:db8::1", "2001:db8::9")}),
      ElementsAre("2001:db8::2", "10.0.0.3", "2001:db8::1", "10.0.0.1",
                  "10.0.0.2"));
}

TEST(AddressOrder, AddressesWithoutARouteComeLast) {
  EXPECT_THAT(
      Ordered({Ranked("2001:db8::2", ""), Ranked("2001:db8::1", ""),
               Ranked("10.0.0.1", "10.0.0.9"), Ranked("10.0.0.2", "10.0.0.9")}),
      ElementsAre("10.0.0.1", "10.0.0.2", "2001:db8::2", "2001:db8::1"));
}

TEST(AddressOrder, DuplicatesAreTriedOnce) {
  EXPECT_THAT(
      Ordered({Ranked("10.0.0.1", "10.0.0.9"), Ranked("10.0.0.1", "10.0.0.9"),
               Ranked("::1", ""), Ranked("::1", "")}),
      ElementsAre("10.0.0.1", "::1"));
  EXPECT_THAT(Ordered({}), ElementsAre());
}

TEST(AddressOrder, TheKernelKnowsTheSource) {
  EXPECT_EQ(SourceFor(Ip("127.0.0.5")), Ip("127.0.0.1"));
  // No interface has this number.
  IpAddress nowhere = Ip("fe80::1");
  nowhere.scope = 0x7ffffff0;
  EXPECT_FALSE(SourceFor(nowhere).has_value());
  EXPECT_EQ(RankByRoute({Ip("127.0.0.5")}).size(), 1u);
}

}  // namespace
}  // namespace kingpin
