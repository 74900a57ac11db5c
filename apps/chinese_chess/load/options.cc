#include "apps/chinese_chess/load/options.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "apps/chinese_chess/client/server_address.h"
#include "apps/chinese_chess/server/time_control.h"
#include "apps/command_line/command_line.h"

namespace chinese_chess {
namespace {

constexpr std::string_view kHelp =
    R"(load: fills a game server with players, and checks all that it says.

  load --players 2000 127.0.0.1:7100                   as fast as the server answers
  load --players 9000 --move_every 10s --duration 5m --warm_up 1m 127.0.0.1:7100
                                                       a full house; twice, with another
                                                       --seed each, makes 18,000

Players play whole games of random legal moves in pairs, resign, agree on draws, lose
their connections and come back. Each keeps a board of its own, on which everything that
the server says has to be possible. One process has one thread: take several for more.
Start the server with --credits 1000000 when players move without pause.

How much
  --players N            in this process, an even number (1000)
  --move_every TIME      of one player (no pause)
  --duration TIME        with the warm-up (30s)
  --warm_up TIME         at the beginning, left out of rates and latencies (none)
  --games N              ends when so many are over, if that is sooner (no limit)
  --control CONTROL      of the clocks (60+30)
What happens, as a share of moves
  --drop SHARE           the connection is lost (0.002)
  --away TIME            and is made again after this long, at most (1s)
  --resign SHARE         the mover gives up instead (0.001)
  --draw SHARE           a draw is offered, and taken every other time (0.002)
  --seed N               of all chance (1)
The connection
  --websocket            as browsers talk, instead of lines
  --tls                  the server has a certificate, by the name that is given here
  --ca PATH              of those who sign it, instead of the system's roots (PEM); also
                         says --tls
Reports
  --json                 one line for programs
  --finished PATH        a line for each game that has ended: its id and the reason
  --quiet                no progress

Latency is from writing a move until the opponent has read it. Exit codes: 0; 1 the server
said what cannot be, refused a legal move, lost a game, or could not be reached, or not
all players have come into a game in --duration; 2 wrong command line.
)";

absl::Status SetServer(std::string_view text, LoadOptions* options) {
  auto server = ParseServerAddress(text, options->port);
  if (!server.ok()) return server.status();
  options->host = std::move(server->host);
  options->port = server->port;
  return absl::OkStatus();
}

absl::Status CheckTogether(const LoadOptions& options) {
  if (options.players % 2 != 0) {
    return absl::InvalidArgumentError("--players: they play in pairs");
  }
  if (options.warm_up >= options.duration) {
    return absl::InvalidArgumentError("--warm_up leaves nothing of --duration");
  }
  return ParseTimeControl(options.control).status();
}

}  // namespace

absl::StatusOr<LoadOptions> ParseLoadOptions(absl::Span<char* const> args) {
  using namespace command_line;
  LoadOptions options;
  auto rest = Parse(
      args,
      {Switch("help,h", &options.help),
       Number("players", &options.players, 2, 1'000'000),
       Time("move_every", &options.move_every),
       Time("duration", &options.duration), Time("warm_up", &options.warm_up),
       Number<uint64_t>("games", &options.games, 0, 1ull << 62),
       Text("control", &options.control),
       Number("drop", &options.drop, 0.0, 1.0), Time("away", &options.away),
       Number("resign", &options.resign, 0.0, 1.0),
       Number("draw", &options.draw, 0.0, 1.0),
       Number<uint64_t>("seed", &options.seed, 0, UINT64_MAX),
       Switch("websocket", &options.websocket), Switch("tls", &options.tls),
       Text("ca", &options.ca_file), Text("finished", &options.finished),
       Switch("json", &options.json), Switch("quiet", &options.quiet)});
  if (!rest.ok()) return rest.status();
  if (options.help) return options;
  options.tls = options.tls || !options.ca_file.empty();
  if (rest->size() > 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("unexpected \"", (*rest)[1], "\"; there is one server"));
  }
  absl::Status status;
  if (!rest->empty()) status = SetServer(rest->front(), &options);
  status.Update(CheckTogether(options));
  if (!status.ok()) return status;
  return options;
}

std::string_view LoadHelp() { return kHelp; }

}  // namespace chinese_chess
