// The log statements.
//
//   KLOGF(INFO, "accepted {} from {}", n, peer);  Formatted by the backend; the
//                                         format is checked by the compiler, see
//                                         format_spec.h for what it may say
//   KLOG(INFO) << "accepted " << n;       The same in the style of a stream, made
//                                         text by the thread that logs
//
// Fields that have names are text like others, and for programs besides, in JSON and
// in the journal:
//
//   KLOGF(INFO, "served {path} status={status}", path, 200);
//
// but for a line that is too long for its buffer: what is left of that is text alone.
//
// Levels: DEBUG, INFO, WARNING, ERROR. Each statement comes in these forms, KLOGF
// as well as KLOG (where KLOG(...) << ... is, KLOGF has its format and arguments):
//
//   KLOG_TO(logger, INFO) << ...          to a Logger& or a Logger*, not the default
//   KLOG_EVERY_SECOND(INFO) << ...        at most once a second from this place, with
//                                         " [17 suppressed]" at the end; of those behind
//                                         the last one nothing tells
//   KLOG_EVERY_N(INFO, 100) << ...        the 1st, the 101st ... time, likewise;
//                                         with 0 never
//   KLOG_IF(INFO, condition) << ...
//
// Statements for whoever looks for something, off unless a module is asked for them
// (verbosity.h has how), with a number, more for more detail; as level DEBUG:
//
//   KVLOG(1) << ...          KVLOG_TO(logger, 1) << ...
//   KVLOGF(2, "...", ...);   KVLOGF_TO(logger, 2, "...", ...);
//
// In a signal handler none of these is allowed, but
//
//   KLOG_RAW(WARNING, "reload asked for");   a text, see Logger::WriteRaw()
//   KLOG_RAW_TO(logger, WARNING, text);
//
// What is logged: numbers, bool (true, false), char, strings (a null const char* is
// "(null)"), pointers, and what AbslStringify or std::ostream can print; signed and
// unsigned char are numbers. KLOG prints floating point as std::ostream does, with six
// digits, and takes no manipulators (what std::setw() and the like return prints
// nothing); KLOGF prints as many digits as it takes to read the same number back. KLOGF
// copies strings, and prints what only knows how to print itself, before it returns. Its
// arguments contain no co_await, and no structured bindings for Clang before 16.
//
// Statements are remembered by their addresses: a library that has some is not unloaded
// (dlopen's RTLD_NODELETE, or -Wl,-z,nodelete).
//
// Stripping: with -DKINGPIN_MIN_LOG_LEVEL=2 statements of DEBUG (0) and INFO (1) are
// compiled to nothing; their arguments must still compile.
#ifndef KINGPIN_LOGGER_KLOG_H_
#define KINGPIN_LOGGER_KLOG_H_

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <type_traits>

#include "absl/base/attributes.h"
#include "absl/strings/has_absl_stringify.h"
#include "absl/strings/str_cat.h"
#include "kingpin/logger/encode.h"
#include "kingpin/logger/logger.h"
#include "kingpin/logger/site.h"
#include "kingpin/logger/text_buffer.h"
#include "kingpin/logger/verbosity.h"
#include "kingpin/sys/clock.h"

#ifndef KINGPIN_MIN_LOG_LEVEL
#define KINGPIN_MIN_LOG_LEVEL 0
#endif

// A level is pasted where it is written: handed on to another macro, DEBUG would be
// whatever the build defines it as.
#define KLOG(level)                                                       \
  KINGPIN_LOG_STREAM(KINGPIN_LOG_GATE(::kingpin::Logger::Default(),       \
                                      ::kingpin::log_internal::k##level), \
                     ::kingpin::log_internal::k##level)
#define KLOG_TO(logger, level)                                     \
  KINGPIN_LOG_STREAM(                                              \
      KINGPIN_LOG_GATE(logger, ::kingpin::log_internal::k##level), \
      ::kingpin::log_internal::k##level)
#define KLOG_EVERY_SECOND(level)                                              \
  KINGPIN_LOG_STREAM(                                                         \
      KINGPIN_LOG_GATE(::kingpin::Logger::Default(),                          \
                       ::kingpin::log_internal::k##level)                     \
          .Limit(KINGPIN_LOG_STATIC(::kingpin::log_internal::OncePerSecond)), \
      ::kingpin::log_internal::k##level)
#define KLOG_EVERY_N(level, n)                                             \
  KINGPIN_LOG_STREAM(                                                      \
      KINGPIN_LOG_GATE(::kingpin::Logger::Default(),                       \
                       ::kingpin::log_internal::k##level)                  \
          .Limit(KINGPIN_LOG_STATIC(::kingpin::log_internal::OnceInN), n), \
      ::kingpin::log_internal::k##level)
#define KLOG_IF(level, condition)                                        \
  KINGPIN_LOG_STREAM(                                                    \
      KINGPIN_LOG_GATE_IF(condition, ::kingpin::log_internal::k##level), \
      ::kingpin::log_internal::k##level)

#define KLOGF(level, ...)                                                 \
  KINGPIN_LOG_FORMAT(KINGPIN_LOG_GATE(::kingpin::Logger::Default(),       \
                                      ::kingpin::log_internal::k##level), \
                     ::kingpin::log_internal::k##level, __VA_ARGS__)
#define KLOGF_TO(logger, level, ...)                               \
  KINGPIN_LOG_FORMAT(                                              \
      KINGPIN_LOG_GATE(logger, ::kingpin::log_internal::k##level), \
      ::kingpin::log_internal::k##level, __VA_ARGS__)
#define KLOGF_EVERY_SECOND(level, ...)                                        \
  KINGPIN_LOG_FORMAT(                                                         \
      KINGPIN_LOG_GATE(::kingpin::Logger::Default(),                          \
                       ::kingpin::log_internal::k##level)                     \
          .Limit(KINGPIN_LOG_STATIC(::kingpin::log_internal::OncePerSecond)), \
      ::kingpin::log_internal::k##level, __VA_ARGS__)
#define KLOGF_EVERY_N(level, n, ...)                                       \
  KINGPIN_LOG_FORMAT(                                                      \
      KINGPIN_LOG_GATE(::kingpin::Logger::Default(),                       \
                       ::kingpin::log_internal::k##level)                  \
          .Limit(KINGPIN_LOG_STATIC(::kingpin::log_internal::OnceInN), n), \
      ::kingpin::log_internal::k##level, __VA_ARGS__)
#define KLOGF_IF(level, condition, ...)                                  \
  KINGPIN_LOG_FORMAT(                                                    \
      KINGPIN_LOG_GATE_IF(condition, ::kingpin::log_internal::k##level), \
      ::kingpin::log_internal::k##level, __VA_ARGS__)

#define KVLOG(n) KVLOG_TO(::kingpin::Logger::Default(), n)
#define KVLOG_TO(logger, n)                               \
  KINGPIN_LOG_STREAM(KINGPIN_LOG_GATE_VERBOSE(logger, n), \
                     ::kingpin::LogLevel::kDebug)
#define KVLOGF(n, ...) KVLOGF_TO(::kingpin::Logger::Default(), n, __VA_ARGS__)
#define KVLOGF_TO(logger, n, ...)                         \
  KINGPIN_LOG_FORMAT(KINGPIN_LOG_GATE_VERBOSE(logger, n), \
                     ::kingpin::LogLevel::kDebug, __VA_ARGS__)

#define KLOG_RAW(level, text)                                  \
  (::kingpin::log_internal::IsStripped<KINGPIN_MIN_LOG_LEVEL>( \
       ::kingpin::log_internal::k##level)                      \
       ? void()                                                \
       : ::kingpin::Logger::WriteRawToDefault(                 \
             ::kingpin::log_internal::k##level,                \
             ::kingpin::log_internal::BaseName(__FILE__), __LINE__, text))
#define KLOG_RAW_TO(logger, level, text)                       \
  (::kingpin::log_internal::IsStripped<KINGPIN_MIN_LOG_LEVEL>( \
       ::kingpin::log_internal::k##level)                      \
       ? void()                                                \
       : ::kingpin::log_internal::AsLogger(logger).WriteRaw(   \
             ::kingpin::log_internal::k##level,                \
             ::kingpin::log_internal::BaseName(__FILE__), __LINE__, text))

namespace kingpin::log_internal {

inline Logger& AsLogger(Logger& logger) { return logger; }
inline Logger& AsLogger(Logger* logger) { return *logger; }

// What the macros paste.
inline constexpr LogLevel kDEBUG = LogLevel::kDebug;
inline constexpr LogLevel kINFO = LogLevel::kInfo;
inline constexpr LogLevel kWARNING = LogLevel::kWarning;
inline constexpr LogLevel kERROR = LogLevel::kError;

// A function of its own for each KINGPIN_MIN_LOG_LEVEL: files of one program may have
// different ones, and where nothing is inlined there is one function of a name.
template <int kMin>
constexpr bool IsStripped(LogLevel level) {
  const int number = static_cast<int>(level);
  return number < kMin;
}

// The limit of one KLOG_EVERY_SECOND. Thread-safe.
class OncePerSecond {
 public:
  constexpr OncePerSecond() = default;

  // Whether to log now; if so, `*suppressed` were refused since the last time.
  bool Allow(MonotonicTime now, uint64_t* suppressed);
  bool Allow(uint64_t* suppressed) {
    return Allow(Clock::Real().Now(), suppressed);
  }

 private:
  std::atomic<int64_t> next_nanos_ = INT64_MIN;
  std::atomic<uint64_t> suppressed_ = 0;
};

// The limit of one KLOG_EVERY_N. Thread-safe.
class OnceInN {
 public:
  constexpr OnceInN() = default;

  bool Allow(uint64_t* suppressed, uint64_t n) {
    const uint64_t times = times_.fetch_add(1, std::memory_order_relaxed);
    if (n == 0 || times % n != 0) return false;
    *suppressed = times == 0 ? 0 : n - 1;
    return true;
  }

 private:
  std::atomic<uint64_t> times_ = 0;
};

// Whether this pass over a log statement logs, and where to.
class Gate {
 public:
  Gate() = default;  // Does not.
  Gate(Logger& logger, LogLevel level)
      : logger_(&logger), enabled_(logger.Enabled(level)) {}
  Gate(Logger* logger, LogLevel level) : Gate(*logger, level) {}

  // Logs, whatever the logger's least level.
  static Gate Open(Logger& logger) {
    Gate gate;
    gate.logger_ = &logger;
    gate.enabled_ = true;
    return gate;
  }

  template <typename Limiter, typename... Args>
  Gate& Limit(Limiter& limiter, Args... args) {
    if (enabled_) enabled_ = limiter.Allow(&suppressed_, args...);
    return *this;
  }

  bool enabled() const { return enabled_; }
  Logger& logger() const { return *logger_; }
  uint64_t suppressed() const { return suppressed_; }

 private:
  Logger* logger_ = nullptr;
  bool enabled_ = false;
  uint64_t suppressed_ = 0;
};

// Collects the text of one message.
class LogStream {
 public:
  template <typename T>
  LogStream& operator<<(const T& value) {
    using D = std::decay_t<T>;
    constexpr ArgType kType = ArgTypeOf<T>();
    if constexpr (std::is_null_pointer_v<D>) {
      text_.Append("(null)");
    } else if constexpr (kType == ArgType::kChar) {
      text_.Append(value);
    } else if constexpr (kType == ArgType::kBool) {
      text_.Append(value ? "true" : "false");
    } else if constexpr (kType == ArgType::kPointer) {
      text_.Append(PrintToString(AsArg(value)));
    } else if constexpr (kType == ArgType::kString) {
      text_.Append(AsArg(value));
    } else {
      text_.Append(absl::AlphaNum(AsArg(value)).Piece());
    }
    return *this;
  }

 private:
  friend class StreamedRecord;
  InlineTextBuffer<512> text_;
};

// Makes void of a stream, behind all the <<.
struct IgnoreStream {
  void operator&(const LogStream&) const {}
};

// One KLOG: what is streamed into it is logged when it goes.
class StreamedRecord {
 public:
  StreamedRecord(const Gate& gate, const Site& site)
      : gate_(gate), site_(site) {}
  ~StreamedRecord();
  StreamedRecord(const StreamedRecord&) = delete;
  StreamedRecord& operator=(const StreamedRecord&) = delete;

  LogStream& stream() { return stream_; }

 private:
  const Gate& gate_;
  const Site& site_;
  const int errno_ = errno;
  const int uncaught_exceptions_ = std::uncaught_exceptions();
  LogStream stream_;
};

// The argument itself, without the text that it may own.
template <typename Arg>
Arg Borrow(const Arg& arg) {
  return arg;
}
inline std::string_view Borrow(const std::string& arg) { return arg; }

// One KLOGF. Inline, so that a gate without a limit is none.
template <typename... Args>
ABSL_ATTRIBUTE_ALWAYS_INLINE inline void LogFormatted(const Gate& gate,
                                                      const Site& site,
                                                      const Args&... args) {
  auto log = [&](const auto&... values) ABSL_ATTRIBUTE_ALWAYS_INLINE {
    if (gate.suppressed() == 0) {
      return gate.logger().AppendArgs(site, Borrow(values)...);
    }
    gate.logger().AppendArgsSuppressed(site, gate.suppressed(),
                                       Borrow(values)...);
  };
  if constexpr ((std::is_same_v<decltype(AsArg(args)), std::string> || ...)) {
    // Somebody's own code prints them.
    const int saved_errno = errno;
    log(AsArg(args)...);
    errno = saved_errno;
  } else {
    log(AsArg(args)...);
  }
}

}  // namespace kingpin::log_internal

#define KINGPIN_LOG_GATE(logger, severity)                              \
  (::kingpin::log_internal::IsStripped<KINGPIN_MIN_LOG_LEVEL>(severity) \
       ? ::kingpin::log_internal::Gate()                                \
       : ::kingpin::log_internal::Gate(logger, severity))

#define KINGPIN_LOG_GATE_IF(condition, severity)                          \
  ((condition) ? KINGPIN_LOG_GATE(::kingpin::Logger::Default(), severity) \
               : ::kingpin::log_internal::Gate())

#define KINGPIN_LOG_GATE_VERBOSE(logger, n)                             \
  (::kingpin::log_internal::IsStripped<KINGPIN_MIN_LOG_LEVEL>(          \
       ::kingpin::LogLevel::kDebug) ||                                  \
       ![]() -> ::kingpin::log_internal::VerboseSite& {                 \
    static constinit ::kingpin::log_internal::VerboseSite of_statement( \
        __FILE__);                                                      \
    return of_statement;                                                \
  }()                                                                   \
                        .Enabled(n)                                     \
                    ? ::kingpin::log_internal::Gate()                   \
                    : ::kingpin::log_internal::Gate::Open(              \
                          ::kingpin::log_internal::AsLogger(logger)))

// Evaluates the expression behind it if the gate lets it. Not an if: an else that
// follows, or an if in front, is the user's.
#define KINGPIN_LOG_WHEN(gate)                                        \
  switch (const ::kingpin::log_internal::Gate kingpin_gate = gate; 0) \
  case 0:                                                             \
  default:                                                            \
    !kingpin_gate.enabled() ? void():

// A static object of this statement's own.
#define KINGPIN_LOG_STATIC(type)        \
  ([]() -> type& {                      \
    static constinit type of_statement; \
    return of_statement;                \
  }())

#define KINGPIN_LOG_STREAM(gate, severity)                            \
  KINGPIN_LOG_WHEN(gate)                                              \
  ::kingpin::log_internal::IgnoreStream() &                           \
      ::kingpin::log_internal::StreamedRecord(                        \
          kingpin_gate,                                               \
          []() -> const ::kingpin::log_internal::Site& {              \
            static constinit const ::kingpin::log_internal::Site      \
                of_statement = ::kingpin::log_internal::MakeTextSite( \
                    severity, __FILE__, __LINE__);                    \
            return of_statement;                                      \
          }())                                                        \
          .stream()

#define KINGPIN_LOG_FORMAT(gate, severity, format, ...)                        \
  KINGPIN_LOG_WHEN(gate)                                                       \
  ::kingpin::log_internal::LogFormatted(                                       \
      kingpin_gate, []() -> const ::kingpin::log_internal::Site& {             \
        using Types = decltype(::kingpin::log_internal::TypesOf(__VA_ARGS__)); \
        static constinit const ::kingpin::log_internal::Site of_statement =    \
            ::kingpin::log_internal::MakeFormatSite(                           \
                severity, __FILE__, __LINE__, format,                          \
                static_cast<Types*>(nullptr));                                 \
        return of_statement;                                                   \
      }() __VA_OPT__(, ) __VA_ARGS__)

#endif  // KINGPIN_LOGGER_KLOG_H_
