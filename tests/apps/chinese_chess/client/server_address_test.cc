#include "apps/chinese_chess/client/server_address.h"

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace chinese_chess {
namespace {

std::string Parsed(std::string_view text) {
  const auto server = ParseServerAddress(text, 7100);
  if (!server.ok()) return server.status().ToString();
  return absl::StrCat(server->host, " ", server->port);
}

TEST(ServerAddressTest, AHostAndAPort) {
  EXPECT_EQ(Parsed("localhost"), "localhost 7100");
  EXPECT_EQ(Parsed("chess.example.org:80"), "chess.example.org 80");
  EXPECT_EQ(Parsed("127.0.0.1:65535"), "127.0.0.1 65535");
  EXPECT_EQ(Parsed("[::1]:7000"), "::1 7000");
  EXPECT_EQ(Parsed("[::1]"), "::1 7100");
}

TEST(ServerAddressTest, WhatIsNoneIsRefusedWithAnExample) {
  for (std::string_view text :
       {"", ":7100", "[]", "[]:1", "host:", "host:0", "host:65536", "host:-1",
        "host:port", "host:1:2", "[::1]:"}) {
    const auto server = ParseServerAddress(text, 7100);
    EXPECT_EQ(server.status().code(), absl::StatusCode::kInvalidArgument)
        << text;
    EXPECT_THAT(std::string(server.status().message()),
                testing::HasSubstr("chess.example.org:7100"));
  }
}

}  // namespace
}  // namespace chinese_chess
