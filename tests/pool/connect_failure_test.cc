#include "kingpin/pool/connect_failure.h"

#include <errno.h>

#include <set>
#include <string>

#include "gtest/gtest.h"

namespace kingpin {
namespace {

TEST(ConnectFailure, ErrnosAreSorted) {
  EXPECT_EQ(ClassifyConnectError(ECONNREFUSED), ConnectError::kRefused);
  EXPECT_EQ(ClassifyConnectError(ENETUNREACH), ConnectError::kUnreachable);
  EXPECT_EQ(ClassifyConnectError(EHOSTUNREACH), ConnectError::kUnreachable);
  EXPECT_EQ(ClassifyConnectError(ETIMEDOUT), ConnectError::kTimedOut);
  EXPECT_EQ(ClassifyConnectError(ECONNRESET), ConnectError::kReset);
  EXPECT_EQ(ClassifyConnectError(EADDRNOTAVAIL), ConnectError::kNoLocalAddress);
  EXPECT_EQ(ClassifyConnectError(EMFILE), ConnectError::kNoResources);
  EXPECT_EQ(ClassifyConnectError(ENOMEM), ConnectError::kNoResources);
  EXPECT_EQ(ClassifyConnectError(EACCES), ConnectError::kDenied);
  EXPECT_EQ(ClassifyConnectError(EINVAL), ConnectError::kOther);
}

TEST(ConnectFailure, EveryReasonHasATextOfItsOwn) {
  std::set<absl::string_view> texts;
  const int count = static_cast<int>(ConnectError::kShutdown) + 1;
  for (int i = 0; i < count; ++i) {
    texts.insert(ToString(static_cast<ConnectError>(i)));
  }
  EXPECT_EQ(texts.size(), static_cast<size_t>(count));
  EXPECT_FALSE(texts.contains("unknown"));
}

TEST(ConnectFailure, TextHasTheDetail) {
  ConnectFailure failure = {.reason = ConnectError::kRefused};
  EXPECT_EQ(failure.ToString(), "connection refused");
  failure.detail = "127.0.0.1:80";
  EXPECT_EQ(failure.ToString(), "connection refused (127.0.0.1:80)");
}

}  // namespace
}  // namespace kingpin
