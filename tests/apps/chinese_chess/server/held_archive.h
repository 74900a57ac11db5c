// An archive whose thread does nothing until it is let go: as on a disk that takes its time.
//
//   HeldArchive held(&archive);
//   ASSERT_TRUE(archive.Post(change, [&] { ... }));   // Is not called.
//   held.Release();
#ifndef TESTS_APPS_CHINESE_CHESS_SERVER_HELD_ARCHIVE_H_
#define TESTS_APPS_CHINESE_CHESS_SERVER_HELD_ARCHIVE_H_

#include <memory>

#include "absl/synchronization/notification.h"
#include "apps/chinese_chess/server/archive.h"
#include "apps/chinese_chess/server/game_store.h"
#include "gtest/gtest.h"

namespace chinese_chess {

class HeldArchive {
 public:
  explicit HeldArchive(Archive* archive) {
    absl::Notification held;
    // The archive's thread may still be looking at it when this has gone.
    EXPECT_TRUE(archive->Ask([go_on = go_on_, &held](GameStore&) {
      held.Notify();
      go_on->WaitForNotification();
    }));
    held.WaitForNotification();
  }
  HeldArchive(const HeldArchive&) = delete;
  HeldArchive& operator=(const HeldArchive&) = delete;

  void Release() { go_on_->Notify(); }

 private:
  const std::shared_ptr<absl::Notification> go_on_ =
      std::make_shared<absl::Notification>();
};

}  // namespace chinese_chess

#endif  // TESTS_APPS_CHINESE_CHESS_SERVER_HELD_ARCHIVE_H_
