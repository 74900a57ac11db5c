// Runs black_box_helper and the recovery tool, and reads what they left behind.
//
//   BoxFiles files;
//   Child child({"stuck", files.box, files.log});
//   child.WaitUntilReady();
//   child.Kill();
//   Output output = RunRecover(files.box);
#ifndef TESTS_LOGGER_BLACK_BOX_PROCESS_H_
#define TESTS_LOGGER_BLACK_BOX_PROCESS_H_

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "kingpin/sys/unique_fd.h"
#include "tests/logger/sink_testing.h"

namespace kingpin {

inline void WriteFile(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}

// Paths that nobody else has; the files go with it.
struct BoxFiles {
  BoxFiles() {
    static std::atomic<int> made = 0;
    base = absl::StrCat(::testing::TempDir(), "/box_", getpid(), "_", made++);
    box = base + ".box";
    log = base + ".log";
    counters = base + ".counters";
    kept = box + ".unwritten";
  }
  ~BoxFiles() {
    for (const std::string& path : {box, log, counters, kept}) {
      unlink(path.c_str());
    }
  }
  std::string base, box, log, counters, kept;
};

inline void AppendOption(const char* variable, std::string_view option) {
  const char* old = getenv(variable);
  const std::string both = absl::StrCat(old == nullptr ? "" : old, " ", option);
  setenv(variable, both.c_str(), /*replace=*/1);
}

// Under TSan every exit sleeps for a second unless told not to, and a child of
// fork() must not start threads, as a logger does. A crash that is meant is described
// for seconds unless told not to, in which the other threads log on.
inline void TameSanitizers() {
  static const bool done = [] {
    AppendOption("TSAN_OPTIONS",
                 "atexit_sleep_ms=0:die_after_fork=0:symbolize=0");
    AppendOption("ASAN_OPTIONS", "symbolize=0");
    return true;
  }();
  (void)done;
}

// A process; its stdout and stderr come by a pipe.
class Process {
 public:
  explicit Process(std::vector<std::string> args) {
    TameSanitizers();
    int out[2];
    int err[2];
    EXPECT_EQ(pipe2(out, O_CLOEXEC), 0);
    EXPECT_EQ(pipe2(err, O_CLOEXEC), 0);
    out_.Reset(out[0]);
    err_.Reset(err[0]);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err[1], STDERR_FILENO);
    std::vector<char*> argv;
    for (std::string& arg : args) argv.push_back(arg.data());
    argv.push_back(nullptr);
    EXPECT_EQ(
        posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ), 0)
        << argv[0];
    posix_spawn_file_actions_destroy(&actions);
    close(out[1]);
    close(err[1]);
  }
  ~Process() {
    if (pid_ > 0) Kill();
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }

  // The next line that it prints; empty when there is no more.
  std::string ReadLine() {
    std::string line;
    char c;
    while (read(out_.get(), &c, 1) == 1 && c != '\n') line.push_back(c);
    return line;
  }
  std::string ReadOut() { return ReadAll(out_); }
  std::string ReadErr() { return ReadAll(err_); }

  void Kill() {
    kill(pid_, SIGKILL);
    Wait();
  }
  // waitpid(2)'s status.
  int Wait() {
    int status = -1;
    EXPECT_EQ(waitpid(std::exchange(pid_, -1), &status, 0) > 0, true);
    return status;
  }

 private:
  static std::string ReadAll(const UniqueFd& fd) {
    std::string text;
    char part[4096];
    for (ssize_t n; (n = read(fd.get(), part, sizeof(part))) > 0;) {
      text.append(part, n);
    }
    return text;
  }

  pid_t pid_ = -1;
  UniqueFd out_;
  UniqueFd err_;
};

inline std::vector<std::string> HelperArgs(const std::string& mode,
                                           const BoxFiles& files) {
  return {getenv("BLACK_BOX_HELPER"), mode, files.box, files.log,
          files.counters};
}

struct Output {
  int code;
  std::string out;
  std::string err;
};

inline Output RunToEnd(std::vector<std::string> args) {
  Process process(std::move(args));
  Output output;
  output.out = process.ReadOut();
  output.err = process.ReadErr();
  const int status = process.Wait();
  output.code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  return output;
}

inline Output RunRecover(const std::string& path) {
  return RunToEnd({getenv("RECOVER"), path});
}

// A process that is killed with its backend within a write.
inline pid_t KillStuck(const std::string& mode, const BoxFiles& files) {
  Process child(HelperArgs(mode, files));
  EXPECT_EQ(child.ReadLine(), "ready") << child.ReadErr();
  const pid_t pid = child.pid();
  child.Kill();
  return pid;
}

}  // namespace kingpin

#endif  // TESTS_LOGGER_BLACK_BOX_PROCESS_H_
