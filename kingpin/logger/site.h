// Site: what a log statement knows when it is compiled: its level, where it
// stands, its format and the types of its arguments. A record names its site by a
// number, which SiteTable gives out when the statement logs for the first time.
//
// Threads: thread-safe. Lifetime: sites are static objects; numbers last as long
// as the process.
#ifndef KINGPIN_LOGGER_SITE_H_
#define KINGPIN_LOGGER_SITE_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/types/span.h"
#include "kingpin/logger/arg_type.h"
#include "kingpin/logger/format_spec.h"
#include "kingpin/logger/level.h"

namespace kingpin::log_internal {

enum class Prefix : uint8_t {
  kFull,  // Time, level, thread, call site.
  kNone,  // The line is the message: Logger::Write().
};

struct Site {
  // A statement reads the level and the number: they share a cache line.
  LogLevel level = LogLevel::kInfo;
  Prefix prefix = Prefix::kFull;
  mutable std::atomic<uint32_t> number = 0;  // 0: not logged yet.
  std::string_view file;                     // Without its folders.
  int line = 0;
  std::string_view format;
  absl::Span<const ArgType> types = {};
};

// Is told of each site before a record names it.
class SiteObserver {
 public:
  virtual ~SiteObserver() = default;
  // One at a time. Must not log. False: it has no room for that one, nor will it have.
  virtual bool OnSite(uint32_t number, const Site& site) = 0;

 private:
  friend class SiteTable;
  SiteObserver* next_ = nullptr;
};

constexpr std::string_view BaseName(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

// Where the numbers of sites lead. Reading takes no lock.
class SiteTable {
 public:
  // Gives `site` its number, if it has none yet, and returns it. 0 when there are
  // no more: see kMaxSites; or while there is an observer without room for one.
  static uint32_t Register(const Site& site);

  // Of a number that Register() returned; nullptr for any other.
  static const Site* Find(uint32_t number);

  // Tells `observer` of the sites that there are, then of each new one. False: it has no
  // room for those that there are, and is told of none that comes.
  static bool AddObserver(SiteObserver* observer);
  static void RemoveObserver(SiteObserver* observer);

  // In fork(): the table is whole in the child, which has no observers.
  static void LockForFork();
  static void UnlockInParent();
  static void UnlockInChild();

  // Statements that have numbers in one process. Beyond, the thread that logs makes
  // the text itself.
  static constexpr uint32_t kMaxSites = 1 << 16;
};

// --- Making sites, for the macros ----------------------------------------------

template <typename... Types>
struct TypeList {};

// Only its type matters.
template <typename... Args>
TypeList<Args...> TypesOf(const Args&...);

template <typename... Args>
inline constexpr std::array<ArgType, sizeof...(Args)> kTypesOf = {
    ArgTypeOf<Args>()...};

// Each is called, in vain, when a format string is wrong: the compiler prints it.
void LogFormatHasUnmatchedBraceOrUnknownSpec();
void LogFormatHasMoreFieldsThanArguments();
void LogFormatHasFewerFieldsThanArguments();
void LogFormatSpecDoesNotFitItsArgument();
void LogFormatNamesAFieldTwiceOrLikeOneOfEveryLine();

consteval void RequireFormat(FormatError error) {
  switch (error) {
    case FormatError::kNone:
      return;
    case FormatError::kMalformed:
      return LogFormatHasUnmatchedBraceOrUnknownSpec();
    case FormatError::kTooFewArguments:
      return LogFormatHasMoreFieldsThanArguments();
    case FormatError::kTooManyArguments:
      return LogFormatHasFewerFieldsThanArguments();
    case FormatError::kWrongType:
      return LogFormatSpecDoesNotFitItsArgument();
    case FormatError::kWrongName:
      return LogFormatNamesAFieldTwiceOrLikeOneOfEveryLine();
  }
}

// The site of a KLOG.
consteval Site MakeTextSite(LogLevel level, std::string_view path, int line) {
  return {.level = level, .file = BaseName(path), .line = line, .format = {}};
}

// The site of a KLOGF with arguments of these types.
template <typename... Args>
consteval Site MakeFormatSite(LogLevel level, std::string_view path, int line,
                              std::string_view format, TypeList<Args...>*) {
  const auto& types = kTypesOf<Args...>;
  RequireFormat(CheckFormat(format, types.data(), types.size()));
  return {.level = level,
          .file = BaseName(path),
          .line = line,
          .format = format,
          .types = types};
}

}  // namespace kingpin::log_internal

#endif  // KINGPIN_LOGGER_SITE_H_
