// Errands for a thread that does not get to them.

#include "apps/chinese_chess/server/courier.h"

#include <vector>

#include "absl/synchronization/notification.h"
#include "apps/chinese_chess/server/game_server_shared.h"
#include "apps/chinese_chess/server/game_thread.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/apps/chinese_chess/server/test_server.h"
#include "tests/testing/process.h"

namespace chinese_chess {
namespace {

TEST(CourierTest, NothingOvertakesWhatWasPutOff) {
  TestServer server({}, /*threads=*/2);
  GameServerShared& shared = server.shared();
  absl::Notification busy;
  absl::Notification go_on;
  ASSERT_TRUE(shared.Tell(1, [&](GameThread&) {
    busy.Notify();
    go_on.WaitForNotification();
  }));
  busy.WaitForNotification();
  std::vector<int> heard;  // The second thread's.
  absl::Notification full;
  ASSERT_TRUE(shared.Tell(0, [&](GameThread& here) {
    while (shared.Tell(1, [](GameThread&) {})) {
    }
    for (const int number : {1, 2}) {
      here.courier().TellSurely(
          1, [&heard, number](GameThread&) { heard.push_back(number); });
    }
    full.Notify();
  }));
  full.WaitForNotification();
  go_on.Notify();
  EXPECT_TRUE(kingpin::testing::Eventually([&] {
    absl::Notification asked;
    bool told = false;
    EXPECT_TRUE(shared.Tell(0, [&](GameThread& here) {
      told =
          here.courier().Tell(1, [&heard](GameThread&) { heard.push_back(3); });
      asked.Notify();
    }));
    asked.WaitForNotification();
    return told;
  }));
  absl::Notification done;
  ASSERT_TRUE(shared.Tell(1, [&](GameThread&) { done.Notify(); }));
  done.WaitForNotification();
  EXPECT_THAT(heard, testing::ElementsAre(1, 2, 3));
}

}  // namespace
}  // namespace chinese_chess
