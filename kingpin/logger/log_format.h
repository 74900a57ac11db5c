// LogFormat: what a line looks like.
//
//   Logger log({.format = LogFormat::kJson});
#ifndef KINGPIN_LOGGER_LOG_FORMAT_H_
#define KINGPIN_LOGGER_LOG_FORMAT_H_

#include <cstddef>
#include <cstdint>

namespace kingpin {

enum class LogFormat : uint8_t {
  kText,     // For people: logger.h.
  kJson,     // A JSON object a line, for programs: json_line_format.h.
  kJournal,  // An entry for journald, which JournalSink asks for itself.
};

inline constexpr size_t kLogFormats = 3;

}  // namespace kingpin

#endif  // KINGPIN_LOGGER_LOG_FORMAT_H_
