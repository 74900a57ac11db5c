// LogLevel: how much a line matters.
//
//   log.Write(LogLevel::kInfo, "line");
//   LogLevelName(LogLevel::kWarning);   // "WARNING"
#ifndef KINGPIN_LOGGER_LEVEL_H_
#define KINGPIN_LOGGER_LEVEL_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace kingpin {

enum class LogLevel : uint8_t { kDebug, kInfo, kWarning, kError };

inline constexpr size_t kLogLevels = 4;

// "DEBUG", "INFO", "WARNING" or "ERROR"; "?" for what is no level.
constexpr std::string_view LogLevelName(LogLevel level) {
  constexpr std::array<std::string_view, kLogLevels> kNames = {
      "DEBUG", "INFO", "WARNING", "ERROR"};
  const size_t index = static_cast<size_t>(level);
  return index < kNames.size() ? kNames[index] : "?";
}

// `level`, or ERROR if it is none: for what was made of a number.
constexpr LogLevel KnownLevel(LogLevel level) {
  return level <= LogLevel::kError ? level : LogLevel::kError;
}

}  // namespace kingpin

#endif  // KINGPIN_LOGGER_LEVEL_H_
