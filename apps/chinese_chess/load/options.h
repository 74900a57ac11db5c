// The command line of the load client.
#ifndef APPS_CHINESE_CHESS_LOAD_OPTIONS_H_
#define APPS_CHINESE_CHESS_LOAD_OPTIONS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace chinese_chess {

struct LoadOptions {
  bool help = false;
  std::string host = "127.0.0.1";
  uint16_t port = 7100;
  bool websocket = false;  // Else lines.
  bool tls = false;
  std::string ca_file;  // Empty: the system's roots.

  int players = 1000;  // Even.
  // Of one player, from move to move; zero: as fast as the server answers.
  absl::Duration move_every;
  absl::Duration duration = absl::Seconds(30);
  // Not counted: until all are seated.
  absl::Duration warm_up;
  uint64_t games = 0;  // Ends after so many; 0: by time only.
  std::string control = "60+30";

  // Of each move: how likely the mover does that, too.
  double drop = 0.002;
  double resign = 0.001;
  double draw = 0.002;
  // How long one who has dropped out stays away, at most.
  absl::Duration away = absl::Seconds(1);
  uint64_t seed = 1;

  // Where the games that have been seen to end are written, each as it is.
  std::string finished;
  bool json = false;
  bool quiet = false;
};

// `args` without the program's name.
absl::StatusOr<LoadOptions> ParseLoadOptions(absl::Span<char* const> args);

std::string_view LoadHelp();

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_LOAD_OPTIONS_H_
