// An archive whose thread does nothing until it is let go: as on a disk that takes its time.
//
//   HeldArchive held(&archive);
//   ASSERT_TRUE(archive.Post(change, [&] { ... }));   // Is not called.
//   held.Release();
#ifndef TESTS_APPS_CHINESE_CHESS_SERVER_HELD_ARCHIVE_H_
#define TESTS_APPS_CHINESE_CHESS_SERVER_HELD_ARCHIVE_H_

#include "absl/synchronization/notification.h"
#include "apps/chinese_chess/server/archive.h"
#include "apps/chinese_chess/server/game_store.h"
#include "gtest/gtest.h"

namespace chinese_chess {

// Lifetime: what was posted behind it is waited for before it goes, or the archive ends.
class HeldArchive {
 public:
  explicit HeldArchive(Archive* archive) {
    EXPECT_TRUE(archive->Ask([this](GameStore&) {
      held_.Notify();
      go_on_.WaitForNotification();
    }));
    held_.WaitForNotification();
  }
  HeldArchive(const HeldArchive&) = delete;
  HeldArchive& operator=(const HeldArchive&) = delete;

  void Release() { go_on_.Notify(); }

 private:
  absl::Notification held_;
  absl::Notification go_on_;
};

}  // namespace chinese_chess

#endif  // TESTS_APPS_CHINESE_CHESS_SERVER_HELD_ARCHIVE_H_
