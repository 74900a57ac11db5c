// Files of this process do not grow while one lives: as on a full disk.
//
//   ScopedFullDisk full;
//   EXPECT_FALSE(store.Apply(changes).ok());
#ifndef TESTS_APPS_CHINESE_CHESS_SERVER_FULL_DISK_H_
#define TESTS_APPS_CHINESE_CHESS_SERVER_FULL_DISK_H_

#include <sys/resource.h>

#include <csignal>

namespace chinese_chess {

class ScopedFullDisk {
 public:
  ScopedFullDisk() {
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit none = {0, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &none);
  }
  ~ScopedFullDisk() { setrlimit(RLIMIT_FSIZE, &before_); }
  ScopedFullDisk(const ScopedFullDisk&) = delete;
  ScopedFullDisk& operator=(const ScopedFullDisk&) = delete;

 private:
  rlimit before_;
};

}  // namespace chinese_chess

#endif  // TESTS_APPS_CHINESE_CHESS_SERVER_FULL_DISK_H_
