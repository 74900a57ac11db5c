// What the tests of Logger on a descriptor share: files in memory, pipes, and lines of
// which damage of any kind shows.
#ifndef KINGPIN_TESTS_LOGGER_LOGGER_TESTING_H_
#define KINGPIN_TESTS_LOGGER_LOGGER_TESTING_H_

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/sys/unique_fd.h"
#include "tests/logger/sink_testing.h"

namespace kingpin::testing {

MATCHER_P(Declares, lines, "") {
  return Declared(arg) == static_cast<uint64_t>(lines);
}

// A file in memory.
class MemoryFile {
 public:
  int fd() const { return fd_.get(); }
  std::string Text() const {
    struct stat status;
    EXPECT_EQ(fstat(fd(), &status), 0);
    std::string text(status.st_size, '\0');
    EXPECT_EQ(pread(fd(), text.data(), text.size(), 0),
              static_cast<ssize_t>(text.size()));
    return text;
  }
  std::vector<std::string> Lines() const { return SplitLines(Text()); }

 private:
  UniqueFd fd_{memfd_create("log", MFD_CLOEXEC)};
};

struct Pipe {
  explicit Pipe(int flags = 0) {
    int fds[2];
    EXPECT_EQ(pipe2(fds, O_CLOEXEC), 0);
    reader.Reset(fds[0]);
    writer.Reset(fds[1]);
    if (flags != 0) {
      EXPECT_EQ(fcntl(writer.get(), F_SETFL, flags), 0);
    }
    capacity = fcntl(writer.get(), F_SETPIPE_SZ, 4096);
    EXPECT_GT(capacity, 0);
  }
  // Up to the end of the file, at most `step` bytes at a time.
  std::string ReadAll(size_t step = 65536) const {
    std::string text;
    std::string part(step, '\0');
    for (;;) {
      ssize_t n = read(reader.get(), part.data(), step);
      EXPECT_GE(n, 0);
      if (n <= 0) return text;
      text.append(part, 0, n);
    }
  }
  UniqueFd reader;
  UniqueFd writer;
  size_t capacity;
};

// "thread number xxxx... length", so that damage of any kind shows.
inline std::string Numbered(int thread, int number) {
  size_t size = (thread * 31 + number * 17) % 200;
  return absl::StrCat(thread, " ", number, " ",
                      std::string(size, static_cast<char>('a' + thread)), " ",
                      size);
}

// Checks that every line is whole and that the numbers of each thread rise by
// one from 0; returns how many lines there are of each.
inline std::vector<int> CheckNumbered(const std::vector<std::string>& lines,
                                      int threads) {
  std::vector<int> next(threads, 0);
  for (const std::string& line : lines) {
    std::vector<std::string> words = absl::StrSplit(line, ' ');
    int thread;
    if (words.size() != 4 || !absl::SimpleAtoi(words[0], &thread) ||
        thread < 0 || thread >= threads) {
      ADD_FAILURE() << "damaged: " << line;
      continue;
    }
    EXPECT_EQ(line, Numbered(thread, next[thread]));
    ++next[thread];
  }
  return next;
}

// Checks a log of lines "0", "1", ... `count` - 1 of one thread: each is there or
// is counted by a declaration at the very place where it is missing.
inline void CheckGaps(const std::vector<std::string>& lines, uint64_t count,
                      const Logger::Counters& counters) {
  uint64_t next = 0;
  uint64_t declared = 0;
  for (const std::string& line : lines) {
    if (uint64_t dropped = Declared(line); dropped > 0) {
      declared += dropped;
      next += dropped;
    } else {
      EXPECT_EQ(line, absl::StrCat("line ", next));
      ++next;
    }
  }
  EXPECT_EQ(next, count);
  EXPECT_EQ(counters.accepted, count);
  EXPECT_EQ(counters.dropped, declared);
  EXPECT_EQ(counters.written + declared, count);
}

inline void InThreads(int threads, const std::function<void(int)>& body) {
  std::vector<std::thread> running;
  for (int i = 0; i < threads; ++i) running.emplace_back(body, i);
  for (std::thread& thread : running) thread.join();
}

}  // namespace kingpin::testing

#endif  // KINGPIN_TESTS_LOGGER_LOGGER_TESTING_H_
