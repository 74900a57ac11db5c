// The command line of the game server.
#ifndef APPS_CHINESE_CHESS_SERVER_FLAGS_H_
#define APPS_CHINESE_CHESS_SERVER_FLAGS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "apps/chinese_chess/server/game_server_shared.h"

namespace chinese_chess {

struct Flags {
  bool help = false;
  bool version = false;
  uint16_t port = 7100;
  std::vector<std::string> listen;
  int threads = 0;  // 0: one a core.
  int max_connections = 0;
  std::string tls_cert;
  std::string tls_key;
  std::string db = "chinese_chess.db";  // "off": nothing is kept.
  int bot_threads = 1;
  std::string verbosity;
  absl::Duration drain_timeout = absl::Seconds(2);
  GameServerOptions game;
};

// `args` without the program's name. The error says what is wrong and what would be
// right.
absl::StatusOr<Flags> ParseFlags(absl::Span<char* const> args);

std::string_view HelpText();

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_SERVER_FLAGS_H_
