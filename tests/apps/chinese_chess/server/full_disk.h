// Files of this process do not grow while one lives: as on a full disk.
//
//   ScopedFullDisk full;
//   EXPECT_FALSE(store.Apply(changes).ok());
#ifndef TESTS_APPS_CHINESE_CHESS_SERVER_FULL_DISK_H_
#define TESTS_APPS_CHINESE_CHESS_SERVER_FULL_DISK_H_

#include <csignal>

#include "tests/testing/file_size_limit.h"

namespace chinese_chess {

class ScopedFullDisk {
 public:
  ScopedFullDisk() { signal(SIGXFSZ, SIG_IGN); }

 private:
  const kingpin::testing::FileSizeLimit none_{0};
};

}  // namespace chinese_chess

#endif  // TESTS_APPS_CHINESE_CHESS_SERVER_FULL_DISK_H_
