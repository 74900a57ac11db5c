#include "kingpin/dns/dns_reply.h"

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/net/resolver.h"
#include "tests/testing/dns_server.h"

namespace kingpin {
namespace {

using testing::DnsMessage;
using testing::DnsQuestion;
using ::testing::HasSubstr;
using testing::kDnsA;
using testing::kDnsAaaa;

DnsMessage To(std::string name, uint16_t type = kDnsA) {
  DnsQuestion question;
  question.name = std::move(name);
  question.type = type;
  return DnsMessage(question);
}

DnsReply Parse(const std::string& message, DnsType type = DnsType::kA) {
  return ParseDnsReply(message, "www.test", type, 64);
}

// "10.0.0.1 10.0.0.2 for 5s"
std::string Text(const DnsReply& reply) {
  if (reply.error != ResolveError::kNone) {
    return absl::StrCat(ToString(reply.error), " for ",
                        absl::FormatDuration(reply.ttl));
  }
  std::string text;
  for (const IpAddress& address : reply.addresses) {
    absl::StrAppend(&text, address.ToSocketAddress().host(), " ");
  }
  return absl::StrCat(text, "for ", absl::FormatDuration(reply.ttl));
}

TEST(DnsReply, TakesAddressesAndTheSmallestTtl) {
  EXPECT_EQ(
      Text(Parse(To("www.test").A("10.0.0.1", 9).A("10.0.0.2", 5).bytes())),
      "10.0.0.1 10.0.0.2 for 5s");
  EXPECT_EQ(Text(Parse(To("www.test", kDnsAaaa).Aaaa("::1", 7).bytes(),
                       DnsType::kAaaa)),
            "::1 for 7s");
}

TEST(DnsReply, NamesAreComparedWithoutCase) {
  EXPECT_EQ(Text(Parse(To("wWw.TeSt").A("10.0.0.1", 9).bytes())),
            "10.0.0.1 for 9s");
}

TEST(DnsReply, ALabelWithADotIsNotTwo) {
  // "www.test" as one label.
  std::string message = To("www.test").bytes();
  message += std::string("\x08www.test\x00", 10) +
             std::string(
                 "\x00\x01\x00\x01\x00\x00\x00\x09\x00\x04\x0a\x00\x00"
                 "\x01",
                 14);
  message[7] = 1;
  EXPECT_EQ(Text(Parse(message)), "the name has no address for 0");
}

TEST(DnsReply, FollowsAliasesUpToABound) {
  auto chain = [](int length) {
    DnsMessage message = To("www.test");
    std::string owner = "www.test";
    for (int i = 0; i < length; ++i) {
      std::string target = absl::StrCat("a", i, ".test");
      message.Cname(target, 100 - i, owner);
      owner = target;
    }
    return message.A("10.0.0.1", 200, owner).bytes();
  };
  EXPECT_EQ(Text(Parse(chain(1))), "10.0.0.1 for 1m40s");
  EXPECT_EQ(Text(Parse(chain(16))), "10.0.0.1 for 1m25s");
  EXPECT_EQ(Parse(chain(17)).error, ResolveError::kServerFailure);
}

TEST(DnsReply, NegativeTtlIsTheSmallerOfTheSoas) {
  EXPECT_EQ(Text(Parse(To("www.test").Code(3).Soa(20, 60).bytes())),
            "no such name for 20s");
  EXPECT_EQ(Text(Parse(To("www.test").Code(3).Soa(60, 20).bytes())),
            "no such name for 20s");
  EXPECT_EQ(Text(Parse(To("www.test").Soa(60, 20).bytes())),
            "the name has no address for 20s");
  EXPECT_EQ(Text(Parse(To("www.test").Code(3).bytes())), "no such name for 0");
  // An alias of a name that is not there.
  EXPECT_EQ(
      Text(Parse(
          To("www.test").Code(3).Cname("x.test", 99).Soa(20, 60).bytes())),
      "no such name for 20s");
}

TEST(DnsReply, OtherCodesAreTheServersFailure) {
  for (int code : {1, 2, 4, 5, 9, 15}) {
    const DnsReply reply =
        Parse(To("www.test").Code(code).A("10.0.0.1", 9).bytes());
    EXPECT_EQ(reply.error, ResolveError::kServerFailure) << code;
    EXPECT_TRUE(reply.addresses.empty());
  }
  const auto detail = [](int code) {
    return Parse(To("www.test").Code(code).bytes()).detail;
  };
  EXPECT_THAT(detail(2), HasSubstr("SERVFAIL"));
  EXPECT_THAT(detail(5), HasSubstr("REFUSED"));
  EXPECT_THAT(detail(9), HasSubstr("code 9"));
}

TEST(DnsReply, KeepsNoMoreThanItMay) {
  DnsMessage message = To("www.test");
  for (int i = 0; i < 100; ++i) message.A("10.0.0.1", 9);
  EXPECT_EQ(ParseDnsReply(message.bytes(), "www.test", DnsType::kA, 3)
                .addresses.size(),
            3u);
}

TEST(DnsReply, EveryTruncationIsMalformed) {
  const std::string message = To("www.test")
                                  .Cname("a.test", 9)
                                  .A("10.0.0.1", 9, "a.test")
                                  .Soa(1, 2)
                                  .bytes();
  ASSERT_EQ(Text(Parse(message)), "10.0.0.1 for 9s");
  for (size_t size = 0; size < message.size(); ++size) {
    EXPECT_EQ(Parse(message.substr(0, size)).error,
              ResolveError::kServerFailure)
        << size;
  }
}

TEST(DnsReply, QuestionsAndBadRecordsAreMalformed) {
  std::string question = To("www.test").A("10.0.0.1", 9).bytes();
  question[2] = 1;
  EXPECT_EQ(Parse(question).error, ResolveError::kServerFailure);
  // An A record of 16 bytes: the type of the first record is turned over.
  std::string wide = To("www.test").Aaaa("::1", 9).bytes();
  wide[wide.size() - 16 - 9] = kDnsA;
  EXPECT_EQ(Parse(wide).error, ResolveError::kServerFailure);
}

TEST(DnsReply, CompressionThatGoesForwardOrRoundIsMalformed) {
  for (uint8_t target : {0x0c, 0x1a, 0x1b, 0x20, 0xff}) {
    std::string message = To("www.test").A("10.0.0.1", 9).bytes();
    const size_t pointer = message.size() - 16;
    ASSERT_EQ(message[pointer], '\xc0');
    message[pointer + 1] = static_cast<char>(target);
    const DnsReply reply = Parse(message);
    if (target == 0x0c) {
      EXPECT_EQ(reply.error, ResolveError::kNone);
    } else {
      EXPECT_EQ(reply.error, ResolveError::kServerFailure) << int{target};
    }
  }
}

}  // namespace
}  // namespace kingpin
