// Logger: lines from many threads to one file descriptor, written by a thread of
// its own so that the caller never waits for a disk or a pipe.
//
//   UniqueFd file = sys::Open("log", O_WRONLY | O_CREAT | O_APPEND, 0644).value;
//   Logger log({.fd = file.get(), .when_full = Logger::WhenFull::kDrop});
//   Logger::SetDefault(&log);
//   KLOG(INFO) << "listening on port " << port;
//   KLOG_EVERY_SECOND(ERROR) << "accept: " << strerror(error);
//
// One record is one line, whole and never mixed with another:
//
//   2026-11-23T11:35:28.123456Z INFO 12345 server.cc:42 listening on port 7000
//
// (UTC wall clock, level, kernel thread id, call site, message). A newline inside
// a message is written as \n and any other control character as \xNN, so nothing
// that a peer sends can forge a line or reach a terminal; those beyond ASCII
// (U+0080 to U+009F in UTF-8, CSI for one) as \xc2\xNN. A line that exceeds the
// buffer is cut and says so: "...[truncated, 70000 bytes]".
//
// How: a producer takes the buffer (blocking when it is full, unless told to
// drop), writes its line, publishes it and notifies the backend thread. The
// backend swaps out all that is published, writes it in one call where the kernel
// takes it in one, and sleeps again. Lines of one thread keep their order. The
// backend blocks all signals: none that the process handles lands there.
//
// Threads: thread-safe. Not for signal handlers.
// Lifetime: outlives every thread that logs to it; the destructor writes what is
//   left. fd is not owned and stays open until then.
// Exit: all that was logged before exit() or the return from main() is written,
//   by every Logger alive, and code that logs later (static destructors) waits
//   for its line to be written. _exit() and fatal signals lose what is buffered.
// Fork: in a child of fork() the loggers of the parent have no backend thread.
//   There each line is one synchronous write, nothing hangs, what the parent had
//   buffered stays the parent's, and the destructor does nothing. (clone() and
//   vfork() do not run the handlers that this needs: exec at once.)
// Errors: none reach the caller. EAGAIN is waited out. Any other write error
//   (ENOSPC, EIO, EPIPE ...) loses the batch, never blocks a producer, and is
//   tried again with the next line. Lines that were lost, or dropped because the
//   buffer was full, are counted and declared where they are missing, as soon as
//   the fd takes it, by a line that is exactly
//
//   dropped 17 lines
//
//   A line that the kernel took in part is completed first, so it is not torn.
//   A record is discarded if an expression streamed into it throws. errno is the
//   same after a log statement as before.
#ifndef KINGPIN_LOGGER_LOGGER_H_
#define KINGPIN_LOGGER_LOGGER_H_

#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>

#include "absl/base/optimization.h"
#include "absl/strings/has_absl_stringify.h"
#include "absl/strings/str_cat.h"
#include "kingpin/sys/clock.h"

namespace kingpin {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

namespace log_internal {
class Record;
}  // namespace log_internal

class Logger {
 public:
  // What a thread does when the buffer has no room for its line.
  enum class WhenFull {
    kBlock,  // Waits for the backend. Not on a loop thread.
    kDrop,   // Counts the line as dropped and goes on.
  };

  struct Options {
    // Blocking or not, file, pipe, socket or terminal. Not owned.
    int fd = STDERR_FILENO;
    // Records below are not written and their arguments not evaluated.
    LogLevel min_level = LogLevel::kInfo;
    // The bound on what waits for the backend, which holds as much again while it
    // writes. At least 256; memory is touched only as it is used.
    size_t buffer_bytes = 1 << 20;
    WhenFull when_full = WhenFull::kBlock;
  };

  // In lines unless said otherwise. After a Flush() with no other thread at work,
  // accepted == written + dropped, and every dropped line is declared unless the
  // fd refuses even that.
  struct Counters {
    uint64_t accepted = 0;  // Given to the logger, level permitting.
    uint64_t dropped = 0;   // Had no room, or were lost to a write error.
    uint64_t written = 0;   // Handed to the kernel; declarations not counted.
    uint64_t bytes = 0;     // Handed to the kernel; declarations counted.
    uint64_t write_errors = 0;  // Calls that failed, EAGAIN and EINTR apart.
  };

  Logger();  // Options of its own defaults.
  explicit Logger(const Options& options);
  ~Logger();
  Logger(const Logger&) = delete;
  Logger& operator=(const Logger&) = delete;

  // The logger of KLOG: writes to stderr and drops when full, until SetDefault().
  // Made at first use, never destroyed.
  static Logger& Default() {
    Logger* logger = default_.load(std::memory_order_acquire);
    return ABSL_PREDICT_TRUE(logger != nullptr) ? *logger : StderrLogger();
  }
  // Makes `logger` the default and returns the one set before. nullptr, either
  // way, stands for the stderr logger. A default that is destroyed unsets itself.
  static Logger* SetDefault(Logger* logger);

  // One line without the prefix, for callers with a format of their own (access
  // logs). Newlines in `line` are escaped, nothing else is.
  void Write(LogLevel level, std::string_view line);

  // Returns when all that this thread logged before has been handed to the kernel
  // or, if the fd fails, counted as dropped.
  void Flush();

  bool Enabled(LogLevel level) const { return level >= min_level(); }
  LogLevel min_level() const {
    return min_level_.load(std::memory_order_relaxed);
  }
  void set_min_level(LogLevel level) {
    min_level_.store(level, std::memory_order_relaxed);
  }

  Counters counters() const;

 private:
  friend class log_internal::Record;
  class Engine;

  static Logger& StderrLogger();
  // `line` has no newline in it.
  void Append(std::string_view line);

  static inline std::atomic<Logger*> default_ = nullptr;

  std::atomic<LogLevel> min_level_;
  std::unique_ptr<Engine> engine_;  // Constant after construction.
};

// KLOG(INFO) << "text" << 42;          DEBUG, INFO, WARNING or ERROR
// KLOG_TO(logger, INFO) << "text";     a Logger& or a Logger*
// KLOG_EVERY_SECOND(ERROR) << "text";  this call site at most once a second, with
//                                      " [17 suppressed]" at the end
//
// Streams what std::ostream or AbslStringify can print; no manipulators. bool
// prints as true/false, signed and unsigned char as numbers, a null const char*
// as "(null)".
#define KLOG(level)                              \
  KINGPIN_LOG_IMPL(::kingpin::Logger::Default(), \
                   ::kingpin::log_internal::k##level, nullptr)
#define KLOG_TO(logger, level) \
  KINGPIN_LOG_IMPL(logger, ::kingpin::log_internal::k##level, nullptr)
#define KLOG_EVERY_SECOND(level)                                       \
  KINGPIN_LOG_IMPL(                                                    \
      ::kingpin::Logger::Default(), ::kingpin::log_internal::k##level, \
      ([]() -> ::kingpin::log_internal::OncePerSecond* {               \
        static constinit ::kingpin::log_internal::OncePerSecond limit; \
        return &limit;                                                 \
      }()))

namespace log_internal {

// What the macros paste; DEBUG is a macro in many builds, kDEBUG is not.
inline constexpr LogLevel kDEBUG = LogLevel::kDebug;
inline constexpr LogLevel kINFO = LogLevel::kInfo;
inline constexpr LogLevel kWARNING = LogLevel::kWarning;
inline constexpr LogLevel kERROR = LogLevel::kError;

// The limit of one KLOG_EVERY_SECOND. Thread-safe.
class OncePerSecond {
 public:
  constexpr OncePerSecond() = default;

  // Whether to log now; if so, `*suppressed` were refused since the last time.
  bool Allow(MonotonicTime now, uint64_t* suppressed);

 private:
  std::atomic<int64_t> next_nanos_ = INT64_MIN;
  std::atomic<uint64_t> suppressed_ = 0;
};

// Whether this pass over a log statement logs, and where to.
class Site {
 public:
  Site(Logger& logger, LogLevel level, OncePerSecond* limit)
      : Site(&logger, level, limit) {}
  Site(Logger* logger, LogLevel level, OncePerSecond* limit)
      : logger_(logger), level_(level), enabled_(logger->Enabled(level)) {
    if (limit != nullptr && enabled_) {
      enabled_ = limit->Allow(Clock::Real().Now(), &suppressed_);
    }
  }
  bool enabled() const { return enabled_; }

 private:
  friend class Record;
  Logger* logger_;
  LogLevel level_;
  bool enabled_;
  uint64_t suppressed_ = 0;
};

// Collects the text of one record.
class LogStream {
 public:
  template <typename T>
  LogStream& operator<<(const T& value) {
    using D = std::decay_t<T>;
    if constexpr (std::is_same_v<D, char*> || std::is_same_v<D, const char*>) {
      const char* text = value;
      text_ += text == nullptr ? "(null)" : text;
    } else if constexpr (std::is_null_pointer_v<D>) {
      text_ += "(null)";
    } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
      text_ += std::string_view(value);
    } else if constexpr (std::is_same_v<D, char>) {
      text_ += value;
    } else if constexpr (std::is_same_v<D, bool>) {
      text_ += value ? "true" : "false";
    } else if constexpr (std::is_same_v<D, signed char> ||
                         std::is_same_v<D, unsigned char>) {
      absl::StrAppend(&text_, static_cast<int>(value));
    } else if constexpr (std::is_arithmetic_v<D> &&
                         std::is_convertible_v<D, absl::AlphaNum>) {
      absl::StrAppend(&text_, value);
    } else if constexpr (absl::HasAbslStringify<D>::value) {
      absl::StrAppend(&text_, value);
    } else {
      std::ostringstream stream;
      stream << value;
      text_ += stream.view();
    }
    return *this;
  }

 private:
  friend class Record;
  std::string text_;
};

// One record: the constructor writes the prefix, the destructor hands it over.
class Record {
 public:
  Record(const Site& site, std::string_view file, int line);
  ~Record();
  Record(const Record&) = delete;
  Record& operator=(const Record&) = delete;

  LogStream& stream() { return stream_; }

 private:
  Logger& logger_;
  const uint64_t suppressed_;
  const int errno_;
  const int uncaught_exceptions_;
  LogStream stream_;
  size_t prefix_size_;
};

}  // namespace log_internal
}  // namespace kingpin

// `switch` keeps an else that follows the statement with the if before it.
#define KINGPIN_LOG_IMPL(logger, level, limit)                            \
  switch (0)                                                              \
  case 0:                                                                 \
  default:                                                                \
    if (::kingpin::log_internal::Site kingpin_site(logger, level, limit); \
        !kingpin_site.enabled()) {                                        \
    } else /* NOLINT */                                                   \
      ::kingpin::log_internal::Record(kingpin_site, __FILE__, __LINE__).stream()

#endif  // KINGPIN_LOGGER_LOGGER_H_
