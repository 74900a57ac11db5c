// LogFormat: what a line looks like.
#ifndef KINGPIN_LOGGER_LOG_FORMAT_H_
#define KINGPIN_LOGGER_LOG_FORMAT_H_

#include <cstdint>

namespace kingpin {

enum class LogFormat : uint8_t {
  kText,  // For people: logger.h.
  kJson,  // A JSON object a line, for programs: json_line_format.h.
};

}  // namespace kingpin

#endif  // KINGPIN_LOGGER_LOG_FORMAT_H_
