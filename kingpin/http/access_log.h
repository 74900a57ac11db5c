// AccessLog: one line a request in the combined format of Apache and nginx.
//
//   host - - [10/Oct/2000:13:55:36 -0700] "GET /x HTTP/1.1" 200 2326 "ref" "ua"
//
// The time is the local one at which the request had arrived; the number is how
// many bytes of the body were sent, which is less than Content-Length when the
// peer went away; the host of one that went before it was accepted is "-". What
// the peer wrote is escaped (\" \\ \xHH for controls and everything beyond
// ASCII), so it forges neither fields nor lines and cannot reach a terminal. A
// request that could not be parsed is the beginning of its first line, "-" if
// there is none.
//
// Threads: one AccessLog a thread; the Logger behind them is shared.
// Lifetime: the Logger outlives it.
// Blocking: none. Give the Logger WhenFull::kDrop: a log that a full disk holds
//   up then misses lines, and says how many, but no client waits for it.
//
//   AccessLog log(&logger);
//   AccessLogLine line;                 // Reused: keeps its memory.
//   log.Begin("192.0.2.1", &request, now, &line);
//   log.End(line, HttpStatus::kOk, /*body_bytes=*/2326);

#ifndef KINGPIN_HTTP_ACCESS_LOG_H_
#define KINGPIN_HTTP_ACCESS_LOG_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "kingpin/http/http_status.h"
#include "kingpin/http/request_parser.h"
#include "kingpin/logger/logger.h"

namespace kingpin::http {

// What is known of a line when the request has arrived.
struct AccessLogLine {
  std::string text;       // All of it but the status and the size.
  size_t numbers_at = 0;  // Where in `text` those belong.
};

class AccessLog {
 public:
  explicit AccessLog(Logger* logger) : logger_(*logger) {}

  // Replaces `line`. `request` is null if there was none that could be read;
  // then the log has the beginning of `refused`, what came instead.
  void Begin(std::string_view peer, const Request* request,
             std::string_view refused, int64_t unix_seconds,
             AccessLogLine* line);
  void End(const AccessLogLine& line, HttpStatus status, uint64_t body_bytes);

 private:
  std::string_view TimeText(int64_t unix_seconds);

  Logger& logger_;
  int64_t time_seconds_ = -1;
  std::string time_text_;  // "[10/Oct/2000:13:55:36 -0700]"
  std::string scratch_;
};

}  // namespace kingpin::http

#endif  // KINGPIN_HTTP_ACCESS_LOG_H_
