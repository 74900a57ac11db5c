// The command line of the load generator.
#ifndef APPS_BENCH_CLIENT_OPTIONS_H_
#define APPS_BENCH_CLIENT_OPTIONS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "kingpin/http/url.h"

namespace bench_client {

struct Options {
  bool help = false;

  // Of tcp://HOST:PORT: what is sent is counted as answered when as many bytes have
  // come back.
  bool is_raw = false;
  std::string text_url;    // As it was typed.
  kingpin::http::Url url;  // As the request has it: of --header Host, if given.
  std::string host;        // Where to connect: that of `text_url`.
  uint16_t port = 0;

  int threads = 0;  // 0: one a core, not more than connections.
  int connections = 50;
  absl::Duration duration = absl::Seconds(10);
  uint64_t requests = 0;   // Stop after so many responses; 0: by time only.
  double rate = 0;         // Requests a second; 0: closed loop.
  int pipeline = 1;        // Requests under way on a connection.
  bool reconnect = false;  // A connection for each request.

  std::string method;  // Empty: GET, or POST with a body.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  uint32_t size = 0;  // Bytes of a raw message; 64 if nobody says.
  absl::Duration timeout = absl::Seconds(5);
  bool insecure = false;  // Any certificate will do.

  std::string html;    // Where the page goes; empty: none.
  bool json = false;   // One line instead of the text.
  bool quiet = false;  // No progress.
};

// `args` without the program's name. The error says what is wrong and what would be
// right; a file that --body names is read here.
absl::StatusOr<Options> ParseOptions(absl::Span<char* const> args);

std::string_view HelpText();

}  // namespace bench_client

#endif  // APPS_BENCH_CLIENT_OPTIONS_H_
