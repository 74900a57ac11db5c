// What logger_exit_test runs: logs in one of several ways and ends. A line that
// must be in the log is announced by being logged; the test knows the numbers.
#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <latch>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "kingpin/logger/file_sink.h"
#include "kingpin/logger/klog.h"
#include "kingpin/logger/sink.h"
#include "kingpin/logger/terminal_sink.h"

namespace {

using kingpin::Logger;
using kingpin::LogLevel;

std::string_view mode;

struct LogsWhenDestroyed {
  ~LogsWhenDestroyed() {
    if (mode != "static") return;
    KLOG(INFO) << "destroyed " << name;
    // A logger made after the flush at exit works too.
    Logger log;
    log.Write(LogLevel::kInfo, std::string("own ") + name);
  }
  const char* name;
};

LogsWhenDestroyed before{"before main"};

// As a signal handler that comes late does, which waits for nothing: more lines than
// there are slots.
struct LogsRawWhenDestroyed {
  ~LogsRawWhenDestroyed() {
    if (mode != "raw_static") return;
    for (int i = 0; i < 70; ++i) KLOG_RAW(INFO, "raw");
  }
};

LogsRawWhenDestroyed raw_before;

void LogNumbers(Logger& log, std::string_view who, int count) {
  for (int i = 0; i < count; ++i) {
    log.Write(LogLevel::kInfo, absl::StrCat(who, " ", i));
  }
}

void LogForEver(Logger& log, int thread, std::latch* warm = nullptr) {
  std::thread([&log, thread, warm] {
    std::string who = absl::StrCat("noise", thread);
    for (int i = 0;; ++i) {
      log.Write(LogLevel::kInfo, absl::StrCat(who, " ", i));
      if (i == 1000 && warm != nullptr) warm->count_down();
    }
  }).detach();
}

// Lines that the kernel takes page by page, looking for a kill in between.
void LogLargeLinesForEver(Logger& log) {
  std::thread([&log] {
    const std::string line(100'000, 'x');
    for (;;) log.Write(LogLevel::kInfo, line);
  }).detach();
}

// Takes nothing.
class FullSink : public kingpin::LogSink {
 public:
  kingpin::SysResult<size_t> Write(const kingpin::LogBatch&) override {
    return {0, ENOSPC};
  }
};
std::unique_ptr<kingpin::LogSink> MakeFullSink() {
  return std::make_unique<FullSink>();
}

// Takes three bytes, and then nothing.
class CutSink : public kingpin::LogSink {
 public:
  kingpin::SysResult<size_t> Write(const kingpin::LogBatch&) override {
    return {std::exchange(left_, 0), ENOSPC};
  }

 private:
  size_t left_ = 3;
};

// Ends the process in the first write or sync, once `count` lines wait.
class ExitingSink : public kingpin::LogSink {
 public:
  explicit ExitingSink(bool in_sync) : in_sync_(in_sync) {}
  kingpin::SysResult<size_t> Write(const kingpin::LogBatch& batch) override {
    if (!in_sync_) ExitOnceTheyWait();
    return {batch.text.size(), 0};
  }
  int Sync() override {
    ExitOnceTheyWait();
    return 0;
  }
  static inline std::atomic<bool> they_wait = false;

 private:
  static void ExitOnceTheyWait() {
    while (!they_wait) std::this_thread::yield();
    if (absl::StartsWith(mode, "quick_")) std::quick_exit(0);
    exit(0);
  }
  const bool in_sync_;
};

// In its first write after `exits`, does what sinks may do: logs to a logger that is
// new, or waits for a thread that has logged.
class BusySink : public kingpin::LogSink {
 public:
  static inline std::atomic<bool> exits = false;

  kingpin::SysResult<size_t> Write(const kingpin::LogBatch& batch) override {
    if (exits.exchange(false)) {
      if (mode == "busy_logs") {
        static Logger* const other = new Logger;
        other->Write(LogLevel::kInfo, "other 0");
      } else {
        std::thread([] {
          Logger::Default().Write(LogLevel::kInfo, "other 0");
        }).join();
      }
    }
    return inner_->Write(batch);
  }

 private:
  const std::unique_ptr<kingpin::LogSink> inner_ =
      kingpin::TerminalSinkFactory({})();
};

// The backend rests, so that it is the flush at exit that writes the lines.
void ExitWithABusySink(int count) {
  Logger::Default().Flush();
  static Logger* const log =
      new Logger({.sink = [] { return std::make_unique<BusySink>(); },
                  .poll_interval = absl::Minutes(1)});
  log->Flush();
  BusySink::exits = true;
  LogNumbers(*log, "main", count);
}

// Of a logger that drops, in its first write: no line of it is written, and most never
// had room.
void ExitInASinkThatDrops(int count) {
  static Logger log(
      {.buffer_bytes = 4096, .when_full = Logger::WhenFull::kDrop, .sink = [] {
         return std::make_unique<ExitingSink>(/*in_sync=*/false);
       }});
  LogNumbers(log, "lost", count);
  ExitingSink::they_wait = true;
  for (;;) pause();
}

// Once started, logs until its destructor, which waits for that. Made before any
// Logger, so that it goes when they know of the exit.
class LogsUntilDestroyed {
 public:
  ~LogsUntilDestroyed() {
    if (log_ == nullptr) return;
    log_->Write(LogLevel::kError, "too late");
    log_->Flush();
    stop_ = true;
    thread_.join();
  }
  void Start(Logger* log) {
    log_ = log;
    thread_ = std::thread([this] {
      while (!stop_) log_->Write(LogLevel::kInfo, "noise");
    });
  }

 private:
  Logger* log_ = nullptr;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};
LogsUntilDestroyed noise_to_the_end;

// The lines of `other` are there, whatever becomes of those of the one that exits.
void ExitInASink(Logger& other, int count, bool in_sync, bool noise) {
  static Logger log({.buffer_bytes = 4096, .sink = [in_sync] {
                       return std::make_unique<ExitingSink>(in_sync);
                     }});
  if (!in_sync) LogNumbers(log, "lost", count);
  if (noise) noise_to_the_end.Start(&log);
  LogNumbers(other, "main", count);
  ExitingSink::they_wait = true;
  if (in_sync) log.Sync().IgnoreError();
  for (;;) pause();
}

// Logs to another logger until that waits, or is given up, and then writes.
class ChattySink : public kingpin::LogSink {
 public:
  explicit ChattySink(Logger* other) : other_(*other) {}
  kingpin::SysResult<size_t> Write(const kingpin::LogBatch& batch) override {
    LogNumbers(other_, "chat", 1000);
    return inner_->Write(batch);
  }

 private:
  Logger& other_;
  const std::unique_ptr<kingpin::LogSink> inner_ =
      kingpin::TerminalSinkFactory({})();
};

// The one that is flushed first waits for room in the other.
void ExitInASinkThatOthersLogTo(int count) {
  static Logger* const exits =
      new Logger({.buffer_bytes = 4096, .sink = [] {
                    return std::make_unique<ExitingSink>(/*in_sync=*/false);
                  }});
  static Logger* const other =
      new Logger({.sink = [] { return std::make_unique<ChattySink>(exits); }});
  exits->Write(LogLevel::kInfo, "lost");
  LogNumbers(*other, "main", count);
  ExitingSink::they_wait = true;
  for (;;) pause();
}

// Blocks when full, so that noise cannot push out what the test looks for. Never
// destroyed: only the flush at exit can save what it holds.
Logger& BlockingDefault(kingpin::LogSinkFactory sink = nullptr) {
  Logger* log = new Logger({.buffer_bytes = 8192, .sink = std::move(sink)});
  Logger::SetDefault(log);
  return *log;
}

void ForkAmidNoise(Logger& log, int count) {
  // Until they allocate no more, and nor does the backend: a sanitizer's allocator
  // is not made for fork(), and a lock of it that is held then stays so in the child.
  std::latch warm(3);
  for (int thread = 0; thread < 3; ++thread) LogForEver(log, thread, &warm);
  warm.wait();
  for (int i = 0; i < count; ++i) {
    pid_t child = fork();
    if (child == 0) {
      log.Write(LogLevel::kInfo, absl::StrCat("child ", i));
      KLOG(INFO) << "tid " << gettid() << " pid " << getpid();
      log.Flush();
      Logger::SetDefault(nullptr);
      delete &log;
      exit(0);  // Handlers and static destructors, too.
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (status != 0) abort();
  }
  LogNumbers(log, "main", count);
}

}  // namespace

int main(int argc, char** argv) {
  int count = 0;
  if (argc != 3 || !absl::SimpleAtoi(argv[2], &count)) return 2;
  mode = argv[1];
  if (mode == "errno") {
    // The logger of these lines is made by the first.
    setenv("TERM", "xterm", /*overwrite=*/1);
    unsetenv("NO_COLOR");
    errno = EADDRINUSE;
    KLOG(ERROR) << "errno " << errno;
    KLOG(ERROR) << "errno " << errno;
  } else if (mode == "return" || mode == "raw_static") {
    LogNumbers(Logger::Default(), "main", count);
  } else if (mode == "quick") {
    LogNumbers(Logger::Default(), "main", count);
    std::quick_exit(0);
  } else if (mode == "quick_noise") {
    Logger& log = BlockingDefault();
    for (int thread = 0; thread < 3; ++thread) LogForEver(log, thread);
    LogNumbers(log, "main", count);
    std::quick_exit(0);
  } else if (mode == "quick_large") {
    Logger* log = new Logger({.buffer_bytes = 1 << 20});
    LogLargeLinesForEver(*log);
    LogNumbers(*log, "main", count);
    std::quick_exit(0);
  } else if (mode == "static") {
    static LogsWhenDestroyed inside{"inside main"};
    LogNumbers(Logger::Default(), "main", count);
    static LogsWhenDestroyed after{"after first use"};
  } else if (mode == "noise") {
    Logger& log = BlockingDefault();
    for (int thread = 0; thread < 3; ++thread) LogForEver(log, thread);
    LogNumbers(log, "main", count);
    exit(0);
  } else if (mode == "large") {
    Logger* log = new Logger({.buffer_bytes = 1 << 20});
    LogLargeLinesForEver(*log);
    LogNumbers(*log, "main", count);
    exit(0);
  } else if (mode == "thread") {
    std::thread([count] {
      LogNumbers(Logger::Default(), "main", count);
      exit(0);
    }).join();
  } else if (mode == "stack") {
    Logger log;
    LogNumbers(log, "main", count);
    exit(0);  // No destructor runs.
  } else if (mode == "undeclared") {
    // Destroyed, not destroyed, and one that has nothing to say.
    Logger({.sink = &MakeFullSink}).Write(LogLevel::kInfo, "destroyed");
    static Logger* const log = new Logger({.sink = &MakeFullSink});
    LogNumbers(*log, "main", count);
    log->Write(LogLevel::kError, "main");
    static Logger fine;
    fine.Write(LogLevel::kInfo, "fine");
  } else if (mode == "cut") {
    static Logger* const log =
        new Logger({.sink = [] { return std::make_unique<CutSink>(); }});
    log->Write(LogLevel::kInfo, "abcdef");
  } else if (mode == "undeclared_beside_a_box") {
    const std::string box =
        absl::StrCat(getenv("TEST_TMPDIR"), "/exit_box_", getpid());
    static Logger* const log =
        new Logger({.also_to = {&MakeFullSink}, .black_box = box});
    LogNumbers(*log, "main", count);
    unlink(box.c_str());
  } else if (mode == "exit_in_sink_of_chat") {
    ExitInASinkThatOthersLogTo(count);
  } else if (absl::EndsWith(mode, "exit_in_sink_that_drops")) {
    ExitInASinkThatDrops(count);
  } else if (absl::StartsWith(mode, "exit_in_")) {
    ExitInASink(BlockingDefault(), count,
                /*in_sync=*/mode == "exit_in_sync",
                /*noise=*/mode == "exit_in_sink_noise");
  } else if (absl::StartsWith(mode, "busy_")) {
    ExitWithABusySink(count);
  } else if (mode == "fork") {
    ForkAmidNoise(BlockingDefault(), count);
  } else if (mode == "fork_file") {
    // Each process opens it for itself.
    ForkAmidNoise(
        BlockingDefault(*kingpin::FileSinkFactory({.path = "/dev/stderr"})),
        count);
  } else {
    return 2;
  }
  return 0;
}
