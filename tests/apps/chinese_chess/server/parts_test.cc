// The small parts: rate limit, event history, identity, random ids.

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "apps/chinese_chess/server/event_history.h"
#include "apps/chinese_chess/server/identity.h"
#include "apps/chinese_chess/server/random_id.h"
#include "apps/chinese_chess/server/rate_limit.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/sys/clock.h"

namespace chinese_chess {
namespace {

using kingpin::MonotonicTime;
using testing::ElementsAre;

TEST(RateLimitTest, CreditsComeBackWithTime) {
  MonotonicTime now{5'000'000'000};
  RateLimit limit(10, absl::Seconds(20));
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(limit.Take(now));
  EXPECT_FALSE(limit.Take(now));
  EXPECT_FALSE(limit.Take(now + absl::Milliseconds(1900)));
  EXPECT_TRUE(limit.Take(now + absl::Milliseconds(2100)));
  EXPECT_FALSE(limit.Take(now + absl::Milliseconds(2100)));
}

TEST(RateLimitTest, TheyDoNotPileUp) {
  RateLimit limit(3, absl::Seconds(1));
  const MonotonicTime later{1'000'000'000'000'000};
  EXPECT_TRUE(limit.Take(later, 3));
  EXPECT_FALSE(limit.Take(later));
}

TEST(RateLimitTest, WhatIsRefusedCostsNothing) {
  RateLimit limit(3, absl::Seconds(1));
  EXPECT_FALSE(limit.Take({1}, 4));
  EXPECT_TRUE(limit.Take({1}, 3));
}

std::vector<uint64_t> VersionsAfter(const EventHistory& history,
                                    uint64_t version) {
  std::vector<PublishedEvent> missed;
  std::vector<uint64_t> versions;
  if (!history.After(version, &missed)) return {0};
  for (const PublishedEvent& event : missed) versions.push_back(event.version);
  return versions;
}

TEST(EventHistoryTest, GivesWhatWasMissed) {
  EventHistory history(3);
  for (uint64_t v = 7; v <= 8; ++v) {
    history.Add({.version = v, .text = std::make_shared<std::string>("x")});
  }
  EXPECT_THAT(VersionsAfter(history, 6), ElementsAre(7, 8));
  EXPECT_THAT(VersionsAfter(history, 7), ElementsAre(8));
  EXPECT_THAT(VersionsAfter(history, 8), ElementsAre());
}

TEST(EventHistoryTest, SaysSoWhenItHasForgotten) {
  EventHistory history(3);
  for (uint64_t v = 7; v <= 12; ++v) history.Add({.version = v});
  EXPECT_THAT(VersionsAfter(history, 9), ElementsAre(10, 11, 12));
  EXPECT_THAT(VersionsAfter(history, 8), ElementsAre(0));
  // Of another run, or made up.
  EXPECT_THAT(VersionsAfter(history, 13), ElementsAre(0));
  EXPECT_THAT(VersionsAfter(history, UINT64_MAX), ElementsAre(0));
  EXPECT_THAT(VersionsAfter(EventHistory(3), 0), ElementsAre(0));
}

TEST(IdentityTest, OwnTokensAreRecognized) {
  const Identity identity(Identity::NewKey());
  const Guest guest = identity.NewGuest();
  EXPECT_EQ(guest.token.size(), 64u);
  EXPECT_EQ(guest.id.size(), 16u);
  EXPECT_TRUE(IsGoodName(guest.name)) << guest.name;
  const std::optional<Guest> again = identity.Recognize(guest.token);
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->id, guest.id);
  EXPECT_EQ(again->name, guest.name);
  EXPECT_EQ(again->token, guest.token);
  EXPECT_NE(identity.NewGuest().id, guest.id);
}

TEST(IdentityTest, ForgedTokensAreNot) {
  const Identity identity(Identity::NewKey());
  const std::string token = identity.NewGuest().token;
  for (size_t i = 0; i < token.size(); ++i) {
    std::string forged = token;
    forged[i] = forged[i] == '0' ? '1' : '0';
    EXPECT_FALSE(identity.Recognize(forged).has_value()) << i;
  }
  for (const std::string& other :
       {std::string(), token.substr(1), token + "0", std::string(64, 'g'),
        std::string(64, '0'), std::string(64, '\0')}) {
    EXPECT_FALSE(identity.Recognize(other).has_value());
  }
  EXPECT_FALSE(Identity(Identity::NewKey()).Recognize(token).has_value());
}

TEST(IdentityTest, NamesAreWhatCanBeReadAndIsShort) {
  for (const char* good :
       {"a", "张三", "Guest 1", "12345678901234567890",
        "炮二平五炮二平五炮二平五炮二平五炮二平五", "Nguye\u0302\u0303n",
        "\u2764\ufe0f", "가", "\u2813\u2800\u2811", "\u1112\u1160\u11ab",
        "a\u3164b"}) {
    EXPECT_TRUE(IsGoodName(good)) << good;
  }
  for (const char* bad : {"",
                          " a",
                          "a ",
                          "a\nb",
                          "a\x7f",
                          "123456789012345678901",
                          "\xff",
                          "\u202eevil",
                          "a\u200bb",
                          "\u2066x",
                          "\u3164",
                          "\u2800",
                          "\u115f",
                          "\u1160",
                          "\uffa0",
                          "\u180e",
                          "\u061c",
                          "a\u061cb",
                          "\u17b4\u17b5",
                          "\U0001d159",
                          "\U0001d173",
                          "\U000e0fff",
                          "\ufff0\U0001bca0",
                          "\ufe0f",
                          "\u00a0",
                          "\u3000",
                          "\u0301\u0301\u0301",
                          "\u20dd \u0301"}) {
    EXPECT_FALSE(IsGoodName(bad)) << bad;
  }
}

TEST(RandomIdTest, IdsAreIds) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const std::string id = RandomId(10);
    EXPECT_EQ(id.size(), 10u);
    EXPECT_EQ(id.find_first_not_of("123456789abcdefghjkmnpqrstuvwxyz"), id.npos)
        << id;
    EXPECT_TRUE(seen.insert(id).second);
  }
  EXPECT_EQ(RandomBytes(300).size(), 300u);
}

}  // namespace
}  // namespace chinese_chess
