#include "kingpin/sys/socket_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "kingpin/sys/unique_fd.h"

namespace kingpin {
namespace {

SocketAddress Parsed(absl::string_view text) {
  absl::StatusOr<SocketAddress> address = SocketAddress::Parse(text);
  EXPECT_TRUE(address.ok()) << address.status();
  return address.value_or(SocketAddress());
}

TEST(SocketAddress, PrintsWhatItParsed) {
  for (const char* text :
       {"127.0.0.1:80", "0.0.0.0:0", "255.255.255.255:65535", "[::1]:80",
        "[::]:443", "[2001:db8::17]:8080", "[fe80::1%lo]:80", "unix:/run/x",
        "unix:relative", "unix:@abstract"}) {
    EXPECT_EQ(Parsed(text).ToString(), text);
    // And again through the bytes, as the kernel hands them over.
    SocketAddress address = Parsed(text);
    EXPECT_EQ(SocketAddress(address.get(), address.size()).ToString(), text);
  }
}

TEST(SocketAddress, ParsesIpv4) {
  SocketAddress address = Parsed("192.0.2.1:8080");
  EXPECT_EQ(address.family(), AF_INET);
  EXPECT_TRUE(address.is_ip());
  EXPECT_EQ(address.port(), 8080);
  EXPECT_EQ(address.host(), "192.0.2.1");
  EXPECT_EQ(address.path(), "");
  EXPECT_EQ(address.size(), sizeof(sockaddr_in));
}

TEST(SocketAddress, ParsesIpv6) {
  SocketAddress address = Parsed("[2001:DB8:0:0:0:0:0:1]:1");
  EXPECT_EQ(address.family(), AF_INET6);
  EXPECT_EQ(address.port(), 1);
  EXPECT_EQ(address.host(), "2001:db8::1");
  EXPECT_EQ(address.size(), sizeof(sockaddr_in6));
}

TEST(SocketAddress, PortAloneIsEveryLocalAddress) {
  SocketAddress address = Parsed(":80");
  EXPECT_EQ(address.family(), AF_INET6);
  EXPECT_EQ(address.ToString(), "[::]:80");
}

TEST(SocketAddress, MappedIpv4PrintsAsIpv4) {
  SocketAddress address = Parsed("[::ffff:192.0.2.1]:80");
  EXPECT_EQ(address.family(), AF_INET6);
  EXPECT_EQ(address.host(), "192.0.2.1");
  EXPECT_EQ(address.ToString(), "192.0.2.1:80");
}

TEST(SocketAddress, ParsesUnixPaths) {
  SocketAddress address = Parsed("unix:/tmp/a:b");
  EXPECT_EQ(address.family(), AF_UNIX);
  EXPECT_FALSE(address.is_ip());
  EXPECT_EQ(address.path(), "/tmp/a:b");
  EXPECT_EQ(address.port(), 0);
  EXPECT_EQ(address.host(), "unix:");
  EXPECT_EQ(Parsed("unix:@name").path(), "");
}

TEST(SocketAddress, UnixPathsAreBounded) {
  for (char first : {'/', '@'}) {
    std::string longest =
        absl::StrCat("unix:", std::string(1, first), std::string(106, 'x'));
    EXPECT_EQ(Parsed(longest).ToString(), longest);
    EXPECT_FALSE(SocketAddress::Parse(longest + "x").ok());
  }
}

TEST(SocketAddress, RefusesBadInput) {
  const std::string kBad[] = {
      "",
      ":",
      "80",
      "localhost:80",
      "127.0.0.1",
      "127.0.0.1:",
      "127.0.0.1:-1",
      "127.0.0.1:+80",
      "127.0.0.1: 80",
      "127.0.0.1:80 ",
      "127.0.0.1:0x50",
      "127.0.0.1:65536",
      "127.0.0.1:99999999999999999999",
      " 127.0.0.1:80",
      "127.0.0.1.1:80",
      "127.1:80",
      "256.0.0.1:80",
      "::1:80",
      "[::1]",
      "[::1]:",
      "[::1:80",
      "::1]:80",
      "[[::1]]:80",
      "[]:80",
      "[127.0.0.1]:80",
      "[:::1]:80",
      "[fe80::1%no-such-if]:80",
      "[fe80::1%]:80",
      "unix:",
      "unix:@",
      "unix:/",
      std::string("unix:/a\0b", 9),
      std::string("127.0.0.1\0x:80", 14),
      std::string("[::1\0x]:80", 10),
      std::string("[fe80::1%lo\0x]:80", 17),
      std::string("127.0.0.1:8\0", 12),
  };
  for (const std::string& text : kBad) {
    absl::StatusOr<SocketAddress> address = SocketAddress::Parse(text);
    EXPECT_EQ(address.status().code(), absl::StatusCode::kInvalidArgument)
        << '"' << text << '"';
    // The message quotes what is wrong and shows what is right.
    EXPECT_TRUE(absl::StrContains(address.status().message(),
                                  absl::StrCat("\"", text, "\"")));
    EXPECT_TRUE(absl::StrContains(address.status().message(), "[::1]:80"));
  }
}

TEST(SocketAddress, DefaultIsUnspecified) {
  SocketAddress address;
  EXPECT_EQ(address.family(), AF_UNSPEC);
  EXPECT_FALSE(address.is_ip());
  EXPECT_EQ(address.port(), 0);
  EXPECT_EQ(address.path(), "");
  EXPECT_EQ(address.ToString(), "unspecified");
  EXPECT_EQ(address.size(), 0);
}

TEST(SocketAddress, LocalAndPeerAskTheKernel) {
  UniqueFd listener(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  SocketAddress any = Parsed("[::1]:0");
  ASSERT_EQ(bind(listener.get(), any.get(), any.size()), 0);
  ASSERT_EQ(listen(listener.get(), 1), 0);
  SocketAddress bound = SocketAddress::Local(listener.get());
  EXPECT_NE(bound.port(), 0);
  EXPECT_EQ(bound.host(), "::1");
  UniqueFd client(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(connect(client.get(), bound.get(), bound.size()), 0);
  EXPECT_EQ(SocketAddress::Peer(client.get()).ToString(), bound.ToString());
  UniqueFd accepted(accept(listener.get(), nullptr, nullptr));
  EXPECT_EQ(SocketAddress::Peer(accepted.get()).ToString(),
            SocketAddress::Local(client.get()).ToString());
}

TEST(SocketAddress, BindsAnAbstractName) {
  std::string name = absl::StrCat("unix:@kingpin_test_", getpid());
  SocketAddress address = Parsed(name);
  UniqueFd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(bind(listener.get(), address.get(), address.size()), 0);
  EXPECT_EQ(SocketAddress::Local(listener.get()).ToString(), name);
}

TEST(SocketAddress, KernelWithoutAnAnswerIsUnspecified) {
  EXPECT_EQ(SocketAddress::Local(-1).family(), AF_UNSPEC);
  EXPECT_EQ(SocketAddress::Peer(-1).family(), AF_UNSPEC);
  UniqueFd lonely(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(SocketAddress::Peer(lonely.get()).ToString(), "unspecified");
  int pair[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  UniqueFd a(pair[0]);
  UniqueFd b(pair[1]);
  EXPECT_EQ(SocketAddress::Peer(a.get()).ToString(), "unix:");  // Has no name.
}

TEST(SocketAddress, UnixPathWithoutTerminatorStopsAtItsSize) {
  sockaddr_un raw = {.sun_family = AF_UNIX, .sun_path = {}};
  memset(raw.sun_path, 'x', sizeof(raw.sun_path));
  SocketAddress address(reinterpret_cast<sockaddr*>(&raw), sizeof(raw));
  EXPECT_EQ(address.path(), std::string(sizeof(raw.sun_path), 'x'));
  SocketAddress shorter(reinterpret_cast<sockaddr*>(&raw),
                        offsetof(sockaddr_un, sun_path) + 3);
  EXPECT_EQ(shorter.path(), "xxx");
}

TEST(SocketAddress, WithPortChangesThePortOnly) {
  EXPECT_EQ(SocketAddress::Parse("10.0.0.1:0")->WithPort(80).ToString(),
            "10.0.0.1:80");
  EXPECT_EQ(SocketAddress::Parse("[::1]:7")->WithPort(65535).ToString(),
            "[::1]:65535");
  EXPECT_EQ(SocketAddress::Parse("unix:@name")->WithPort(80).ToString(),
            "unix:@name");
}

}  // namespace
}  // namespace kingpin
