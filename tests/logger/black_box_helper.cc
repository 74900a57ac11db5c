// What the tests of the black box run, kill and start again.
//
//   black_box_helper MODE BOX LOG [COUNTERS]
//
// Logs to the file LOG with the black box BOX. Says "ready" on stdout when what the
// mode promises has been logged, then waits for its end, unless the mode says more.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kingpin/logger/crash_handler.h"
#include "kingpin/logger/fd_sink.h"
#include "kingpin/logger/klog.h"
#include "kingpin/sys/futex.h"
#include "kingpin/sys/syscalls.h"

namespace {

using kingpin::Logger;
using kingpin::LogLevel;

void Ready() {
  std::puts("ready");
  std::fflush(stdout);
}

[[noreturn]] void WaitForTheEnd() {
  Ready();
  for (;;) pause();
}

// Never takes anything and never returns.
class StuckSink : public kingpin::LogSink {
 public:
  explicit StuckSink(std::atomic<uint32_t>* reached) : reached_(*reached) {}
  kingpin::SysResult<size_t> Write(const kingpin::LogBatch&) override {
    reached_.store(1);
    kingpin::sys::FutexWake(reached_);
    for (;;) pause();
  }

 private:
  std::atomic<uint32_t>& reached_;
};

// Shows the first line about a signal to another thread, gives it time to die of one
// as well, and only then writes what it was given.
class SlowSink : public kingpin::LogSink {
 public:
  SlowSink(int fd, std::atomic<uint32_t>* reached)
      : fd_(fd), reached_(*reached) {}
  kingpin::SysResult<size_t> Write(const kingpin::LogBatch& batch) override {
    if (batch.text.find(" signal 11 ") != batch.text.npos &&
        reached_.exchange(1) == 0) {
      kingpin::sys::FutexWake(reached_);
      poll(nullptr, 0, /*timeout=*/200);
    }
    return kingpin::log_internal::WriteAll(fd_, batch.text);
  }

 private:
  const int fd_;
  std::atomic<uint32_t>& reached_;
};

class FaultySink : public kingpin::LogSink {
 public:
  kingpin::SysResult<size_t> Write(const kingpin::LogBatch&) override {
    *static_cast<volatile int*>(nullptr) = 1;
    return {0, EIO};
  }
};

// Takes `bytes` in all and then nothing.
class FullSink : public kingpin::LogSink {
 public:
  FullSink(int fd, size_t bytes) : fd_(fd), left_(bytes) {}
  kingpin::SysResult<size_t> Write(const kingpin::LogBatch& batch) override {
    const std::string_view text = batch.text.substr(0, left_);
    const auto result = kingpin::log_internal::WriteAll(fd_, text);
    left_ -= result.value;
    return {result.value, text.size() < batch.text.size() ? ENOSPC : 0};
  }

 private:
  const int fd_;
  size_t left_;
};

// Of four times, takes all twice, half once, and once nothing.
class FitfulSink : public kingpin::LogSink {
 public:
  explicit FitfulSink(int fd) : fd_(fd) {}
  kingpin::SysResult<size_t> Write(const kingpin::LogBatch& batch) override {
    const int turn = turn_++ % 4;
    if (turn < 2) return kingpin::log_internal::WriteAll(fd_, batch.text);
    const size_t part = turn == 2 ? batch.text.size() / 2 : 0;
    const auto result =
        kingpin::log_internal::WriteAll(fd_, batch.text.substr(0, part));
    return {result.value, ENOSPC};
  }

 private:
  const int fd_;
  int turn_ = 0;
};

// --- Modes ------------------------------------------------------------------------

// Two threads log for ever. counters[thread] is the first number whose statement is
// not known to be over.
void LogForEver(Logger& log, std::atomic<uint64_t>* counters, int thread) {
  for (uint64_t n = 0;; ++n) {
    KLOGF_TO(log, INFO, "thread {} number {} {} {}", thread, n,
             std::string_view("abcdefghijklmnopqrstuvwxyz").substr(n % 20),
             1.5);
    counters[thread].store(n + 1);
  }
}

std::atomic<uint64_t>* MapCounters(const char* path) {
  const kingpin::UniqueFd fd =
      kingpin::sys::Open(path, O_RDWR | O_CREAT, 0600).value;
  if (ftruncate(fd.get(), 4096) != 0) abort();
  void* at = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(),
                  /*offset=*/0);
  if (at == MAP_FAILED) abort();
  return static_cast<std::atomic<uint64_t>*>(at);
}

[[noreturn]] void RunThreads(Logger& log, std::atomic<uint64_t>* counters) {
  std::thread([&] { LogForEver(log, counters, 1); }).detach();
  LogForEver(log, counters, 0);
  abort();
}

// A thread crashes while the others log.
[[noreturn]] void RunAndCrash(Logger& log, std::atomic<uint64_t>* counters) {
  std::thread([counters] {
    while (counters[1].load() < 2000) std::this_thread::yield();
    *static_cast<volatile int*>(nullptr) = 1;
  }).detach();
  RunThreads(log, counters);
}

// Two threads crash, one while the other waits for its last line.
[[noreturn]] void CrashTwice(Logger& log, std::atomic<uint32_t>& reached) {
  Logger::SetDefault(&log);
  kingpin::InstallCrashHandler();
  std::thread([] { *static_cast<volatile int*>(nullptr) = 1; }).detach();
  while (reached.load() == 0) kingpin::sys::FutexWait(reached, 0, -1);
  *static_cast<volatile int*>(nullptr) = 1;
  abort();
}

[[noreturn]] void CrashTheBackend(Logger& log) {
  Logger::SetDefault(&log);
  kingpin::InstallCrashHandler();
  KLOG(INFO) << "what the backend dies of";
  for (;;) pause();
}

// The other sink is stuck, the first has the line.
[[noreturn]] void GetStuckBeside(Logger& log, std::atomic<uint32_t>& reached) {
  log.Write(LogLevel::kInfo, "first");
  while (reached.load() == 0) kingpin::sys::FutexWait(reached, 0, -1);
  log.Write(LogLevel::kInfo, "second");
  WaitForTheEnd();
}

[[noreturn]] void GetStuck(Logger& log, std::atomic<uint32_t>& reached) {
  KLOGF_TO(log, INFO, "first {}", 1);
  KLOGF_TO(log, WARNING, "second {:x} {}", 255, "text");
  log.Write(LogLevel::kInfo, "in\tflight");
  KLOG_RAW_TO(log, ERROR, "raw in flight");
  while (reached.load() == 0) kingpin::sys::FutexWait(reached, 0, -1);
  KLOG_TO(log, ERROR) << "third\n" << 3;
  KLOG_RAW_TO(log, INFO, "raw fourth");
  KLOGF_TO(log, INFO, "fifth");
  WaitForTheEnd();
}

[[noreturn]] void GetStuckSuppressing(Logger& log,
                                      std::atomic<uint32_t>& reached) {
  Logger::SetDefault(&log);
  for (int i = 0; i < 3; ++i) KLOGF_EVERY_N(INFO, 2, "number {}", i);
  while (reached.load() == 0) kingpin::sys::FutexWait(reached, 0, -1);
  WaitForTheEnd();
}

// Lines, as many as there is room for, and more that are dropped.
[[noreturn]] void GetStuckAndFull(Logger& log, std::atomic<uint32_t>& reached) {
  KLOGF_TO(log, INFO, "first");
  while (reached.load() == 0) kingpin::sys::FutexWait(reached, 0, -1);
  for (int i = 0; i < 1000; ++i) KLOGF_TO(log, INFO, "number {}", i);
  for (int i = 0; i < 70; ++i) KLOG_RAW_TO(log, INFO, "raw");
  WaitForTheEnd();
}

[[noreturn]] void FillTheDisk(Logger& log, std::string_view rest) {
  log.Write(LogLevel::kInfo, "whole");
  log.Flush();
  log.Write(LogLevel::kInfo, absl::StrCat("cut in", rest));
  log.Write(LogLevel::kInfo, "lost");
  log.Flush();
  log.Write(LogLevel::kWarning, "lost, too");
  log.Flush();
  WaitForTheEnd();
}

// Dies while a child lives on that does nothing.
[[noreturn]] void LeaveAChild(Logger& log) {
  KLOG_TO(log, INFO) << "parent";
  log.Flush();
  int to_child[2];
  if (pipe(to_child) != 0) abort();
  const pid_t child = fork();
  if (child == 0) {
    KLOG_TO(log, INFO) << "child";
    log.Flush();
    std::printf("%d\n", getpid());
    WaitForTheEnd();
  }
  for (;;) pause();
}

// A timer's handler logs into whatever its thread is at.
std::atomic<int> signals = 0;
void OnAlarm(int) {
  const int errno_before = errno;
  KLOG_RAW(INFO, "alarm");
  if (errno != errno_before) abort();
  signals.fetch_add(1);
}

int LogAmidSignals(Logger& log) {
  Logger::SetDefault(&log);
  struct sigaction action = {};
  action.sa_handler = &OnAlarm;
  action.sa_flags = SA_RESTART;
  sigaction(SIGALRM, &action, nullptr);
  const itimerval timer = {.it_interval = {0, 50}, .it_value = {0, 50}};
  setitimer(ITIMER_REAL, &timer, nullptr);
  int n = 0;
  for (; signals.load() < 1000; ++n) {
    KLOGF_TO(log, INFO, "number {} {}", n, "text");
  }
  const itimerval off = {};
  setitimer(ITIMER_REAL, &off, nullptr);
  log.Flush();
  const Logger::Counters counters = log.counters();
  if (counters.accepted != counters.written + counters.dropped) abort();
  log.Write(LogLevel::kInfo, absl::StrCat("end ", n, " ", signals.load(), " ",
                                          counters.dropped));
  return 0;
}

// Raw lines where there is no backend to write them.
int LogBare(const Logger::Options& options) {
  KLOG_RAW(WARNING, "no logger");
  KLOG_RAW(DEBUG, "");
  Logger log(options);
  const pid_t child = fork();
  if (child == 0) {
    KLOG_RAW_TO(log, ERROR, "after\nfork \x1b[2J\xff\xc3\xa9");
    _exit(0);
  }
  int status = -1;
  waitpid(child, &status, 0);
  return status;
}

// The same when nobody reads stderr, and there is no room in it.
int LogBareToAFullPipe() {
  int ends[2];
  if (pipe2(ends, O_NONBLOCK) != 0) abort();
  const std::string page(4096, 'x');
  while (write(ends[1], page.data(), page.size()) > 0) {
  }
  fcntl(ends[1], F_SETFL, 0);
  dup2(ends[1], STDERR_FILENO);
  KLOG_RAW(WARNING, "nobody reads this");
  return 0;
}

int Start(Logger& log) {
  if (!log.black_box_status().ok()) {
    std::fprintf(stderr, "%s\n",
                 std::string(log.black_box_status().message()).c_str());
  }
  KLOG_TO(log, INFO) << "started";
  log.Flush();
  const Logger::Counters counters = log.counters();
  if (counters.accepted != counters.written + counters.dropped) abort();
  std::printf("recovered %lu\n", counters.recovered);
  return log.black_box_status().ok() ? 0 : 1;
}

int Run(const std::string& mode, Logger::Options options, int log_fd,
        const char* counters) {
  if (mode == "bare") return LogBare(options);
  if (mode == "bare_full") return LogBareToAFullPipe();
  static std::atomic<uint32_t> reached = 0;
  const bool is_full = mode == "full" || mode == "full_shared";
  if (mode == "stuck" || is_full || mode == "stuck_start" ||
      mode == "stuck_every_n") {
    options.sink = [] { return std::make_unique<StuckSink>(&reached); };
  } else if (mode == "stuck_beside") {
    options.also_to = {[] { return std::make_unique<StuckSink>(&reached); }};
  } else if (mode == "crash_twice") {
    options.sink = [log_fd] {
      return std::make_unique<SlowSink>(log_fd, &reached);
    };
  } else if (mode == "crash_backend") {
    options.sink = [] { return std::make_unique<FaultySink>(); };
  } else if (mode == "failing") {
    options.sink = [log_fd] { return std::make_unique<FitfulSink>(log_fd); };
  } else if (mode == "enospc" || mode == "enospc_long") {
    options.sink = [log_fd] { return std::make_unique<FullSink>(log_fd, 12); };
  }
  if (mode == "start_quiet") options.min_level = LogLevel::kError;
  if (mode == "full_shared") options.black_box_threads = 0;
  if (is_full) {
    options.buffer_bytes = 4096;
    options.when_full = Logger::WhenFull::kDrop;
  }
  if (mode == "stuck_start") {
    // The logger's constructor will not return.
    std::thread([] {
      while (reached.load() == 0) kingpin::sys::FutexWait(reached, 0, -1);
      Ready();
    }).detach();
  }
  // Of the process, like the loggers of most.
  static Logger* const kept = new Logger(options);
  Logger& log = *kept;
  if (mode.starts_with("start")) return Start(log);
  if (!log.black_box_status().ok()) return 3;
  if (mode == "log" || mode == "lazy" || mode == "failing" ||
      mode == "dropping") {
    RunThreads(log, MapCounters(counters));
  }
  if (mode == "segv") RunAndCrash(log, MapCounters(counters));
  if (mode == "handler") {
    Logger::SetDefault(&log);
    kingpin::InstallCrashHandler();
    kingpin::InstallCrashHandler();  // By a library, say.
    RunAndCrash(log, MapCounters(counters));
  }
  if (mode == "crash_twice") CrashTwice(log, reached);
  if (mode == "crash_backend") CrashTheBackend(log);
  if (mode == "stuck") GetStuck(log, reached);
  if (mode == "stuck_every_n") GetStuckSuppressing(log, reached);
  if (mode == "stuck_beside") GetStuckBeside(log, reached);
  if (is_full) GetStuckAndFull(log, reached);
  if (mode == "enospc") FillTheDisk(log, "\ttwo");
  if (mode == "enospc_long") FillTheDisk(log, std::string(4999, 'x'));
  if (mode == "fork") LeaveAChild(log);
  if (mode == "signals") return LogAmidSignals(log);
  if (mode == "hold") WaitForTheEnd();
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  const std::string mode = argv[1];
  kingpin::UniqueFd fd =
      kingpin::sys::Open(argv[3], O_WRONLY | O_CREAT | O_APPEND, 0600).value;
  Logger::Options options = {.fd = fd.get(), .black_box = argv[2]};
  // The backend comes seldom: most lines are in the box when the end comes.
  if (mode == "lazy") options.poll_interval = absl::Milliseconds(50);
  if (mode == "log" || mode == "failing" || mode == "dropping") {
    options.buffer_bytes = 16 << 10;
  }
  if (mode == "dropping") options.when_full = Logger::WhenFull::kDrop;
  const int code = Run(mode, options, fd.Release(), argc > 4 ? argv[4] : "");
  exit(code);
}
