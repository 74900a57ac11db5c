// RouteAbslLog: what is logged with abseil's LOG, VLOG and CHECK goes to the default
// logger, by one line in main():
//
//   absl::InitializeLog();  // As ever: before, all goes to stderr as well.
//   kingpin::RouteAbslLog();
//   LOG(WARNING) << "in the file with all other lines";
//
// Level, file, line and thread are those of the statement; FATAL is an ERROR, and
// what was logged before is written before the process aborts, if the sink takes it
// within a second; if not, stderr is told, and FATAL's own line goes the way of a
// signal handler's (Logger::WriteRaw()), which waits for nothing. (Of a logger whose
// thread could not be started stderr is told so at once, and FATAL's line waits for a
// next one, which there may not be.) abseil itself prints only FATAL to stderr from then
// on (absl::SetStderrThreshold() changes that).
//
// Threads: thread-safe; a second call does nothing. Lines that are logged by abseil
// while it has one of ours in hand are lost to it, not to us.
#ifndef KINGPIN_LOGGER_ABSL_LOG_H_
#define KINGPIN_LOGGER_ABSL_LOG_H_

namespace kingpin {

void RouteAbslLog();

}  // namespace kingpin

#endif  // KINGPIN_LOGGER_ABSL_LOG_H_
