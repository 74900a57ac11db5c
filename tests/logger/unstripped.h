// Log statements of a file without KINGPIN_MIN_LOG_LEVEL, for a program of others that have
// one.
#ifndef TESTS_LOGGER_UNSTRIPPED_H_
#define TESTS_LOGGER_UNSTRIPPED_H_

#include "kingpin/logger/logger.h"

namespace kingpin {

// At INFO, in stream style and in format style.
void LogInfoUnstripped(Logger& log);

}  // namespace kingpin

#endif  // TESTS_LOGGER_UNSTRIPPED_H_
