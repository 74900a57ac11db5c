// FileSizeLimit: files of this process do not grow beyond so many bytes while one lives
// (RLIMIT_FSIZE): a full disk that needs no privilege. Whoever writes gets SIGXFSZ, which
// ends the process, and EFBIG where that is blocked or ignored.
//
//   const FileSizeLimit full(0);
//   EXPECT_FALSE(store.Save().ok());
#ifndef KINGPIN_TESTS_TESTING_FILE_SIZE_LIMIT_H_
#define KINGPIN_TESTS_TESTING_FILE_SIZE_LIMIT_H_

#include <sys/resource.h>

#include <algorithm>

#include "gtest/gtest.h"

namespace kingpin::testing {

class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    EXPECT_EQ(getrlimit(RLIMIT_FSIZE, &before_), 0);
    const rlimit limit = {std::min(bytes, before_.rlim_max), before_.rlim_max};
    EXPECT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  }
  ~FileSizeLimit() { EXPECT_EQ(setrlimit(RLIMIT_FSIZE, &before_), 0); }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_;
};

}  // namespace kingpin::testing

#endif  // KINGPIN_TESTS_TESTING_FILE_SIZE_LIMIT_H_
