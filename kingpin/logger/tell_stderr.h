// TellStderr: for what no log can say any more, or not yet: on stderr, if that takes it
// at once. It may be a pipe whose reader has stopped or gone, or a file that may not grow,
// and the process may be ending.
//
//   TellStderr("log: the end\n");
//   TellStderrFormatted("log: %d lines are missing\n", 17);
//
// Threads: thread-safe; TellStderr() is async-signal-safe. errno may change.
// Errors: nobody is left to be told.
#ifndef KINGPIN_LOGGER_TELL_STDERR_H_
#define KINGPIN_LOGGER_TELL_STDERR_H_

#include <string_view>

namespace kingpin::log_internal {

void TellStderr(std::string_view text);
// As printf(3) does; the first 255 bytes. Needs no memory.
[[gnu::format(printf, 1, 2)]] void TellStderrFormatted(const char* format, ...);

}  // namespace kingpin::log_internal

#endif  // KINGPIN_LOGGER_TELL_STDERR_H_
