// The command line of the terminal client.
#ifndef APPS_CHINESE_CHESS_TERMINAL_FLAGS_H_
#define APPS_CHINESE_CHESS_TERMINAL_FLAGS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "apps/chinese_chess/terminal/session.h"

namespace chinese_chess {

struct TerminalFlags {
  bool help = false;
  std::string host = "127.0.0.1";
  uint16_t port = 7100;
  bool tls = false;
  std::string ca_file;  // Empty: the system's roots.
  std::string token_file;
  absl::Duration give_up = absl::Minutes(1);
  bool no_color = false;
  SessionOptions session;
};

// `args` without the program's name.
absl::StatusOr<TerminalFlags> ParseTerminalFlags(absl::Span<char* const> args);

std::string_view TerminalHelp();

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_TERMINAL_FLAGS_H_
