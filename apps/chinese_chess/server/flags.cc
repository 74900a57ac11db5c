#include "apps/chinese_chess/server/flags.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "apps/command_line/command_line.h"
#include "kingpin/sys/socket_address.h"

namespace chinese_chess {
namespace {

constexpr std::string_view kHelp =
    R"(server: plays host to games of Chinese chess.

  server                                  http://localhost:7100/, games in chinese_chess.db
  server --port 0 --db off                on a free port, which is printed; keeps nothing
  server --listen 127.0.0.1:7100,unix:/run/xq.sock --threads 4
  server --tls_cert chain.pem --tls_key key.pem                   https://localhost:7100/

Browsers get the page, and speak over a WebSocket at /ws. The same port takes the same
messages as lines of JSON; try two terminals of `nc localhost 7100`:

  {"t":"hello","name":"Zhang"}            {"t":"hello","name":"Li"}
  {"t":"pool","control":"5+3"}            {"t":"pool","control":"5+3"}
                  both: {"t":"paired","game":"k3v9qh2m7d","you":"red"}
  {"t":"join","game":"k3v9qh2m7d"}        {"t":"join","game":"k3v9qh2m7d"}
  {"t":"move","game":"k3v9qh2m7d","ply":0,"move":"h2e2"}

The answer to hello has a token: who says hello with it is the same player again, after a
lost connection or a restart of the server, and joins the game where it was left.
docs/chinese_chess.md has all messages; {"t":"stats"} shows the server's counters, and so
does /counters to a browser.

Where and how
  --port N               TCP port on all addresses; 0 picks a free one (7100)
  --listen ADDR,...      IPV4:PORT, [IPV6]:PORT, :PORT or unix:PATH, instead of --port;
                         may be repeated
  --tls_cert PATH        TLS for all that comes, with the certificate in PATH, then those
                         up to the root's (PEM)
  --tls_key PATH         and its key
  --origins URL,...      of other pages that may connect, https://play.example.com; for
                         who reaches this one through a proxy that changes Host
  --threads N            loop threads (0: one for each core)
  --max_connections N    more wait (0: the open-file limit, less some)
  --db PATH              where games are kept: SQLite, one server a file; off for nowhere
                         (chinese_chess.db). Games that were being played go on when the
                         server starts again, also after kill -9.
  --bot_threads N        threads that think for the computer player; 0 for none (1)
  --verbosity SPEC       say more on stderr, by module: 1 for all, or rooms=1
Limits
  --credits N            messages of a connection in 20 s; who sends more is closed (100)
  --max_followed N       games that a connection follows at once (8)
  --max_games N          games that a player plays at once (8)
  --first_move TIME      for the first move of either side, else the game is off (30s)
  --grace TIME           before the opponent of one who is gone may claim; grows with the
                         length of the game, to twice as much (30s)
  --deserted TIME        a game that none of its players is at ends after (5m)
  --spectator_delay TIME what spectators see is so much older, while the game lasts (0s)
  --after_game TIME      how long a game that is over stays for a rematch (5m)
  --keep_room TIME       how long a private room waits for its owner, whose connection is
                         gone (10m)
  --ping_every TIME      asks each connection whether it is there (15s)
  --silent TIME          closes those that have not answered (40s)
  --drain_timeout TIME   for what is under way after SIGTERM or SIGINT (2s); a second
                         signal ends at once

  --help, --version      print this, the version

Exit codes: 0 ended by a signal, 1 run-time error, 2 wrong command line.
)";

absl::Status SetListen(std::string_view value, std::vector<std::string>* out) {
  for (const std::string_view part :
       absl::StrSplit(value, ',', absl::SkipEmpty())) {
    if (!part.starts_with("fd:")) {
      absl::Status status = kingpin::SocketAddress::Parse(part).status();
      if (!status.ok()) return status;
    }
    out->emplace_back(part);
  }
  if (!out->empty()) return absl::OkStatus();
  return absl::InvalidArgumentError("it names no address; try 127.0.0.1:7100");
}

absl::Status SetOrigins(std::string_view value, std::vector<std::string>* out) {
  for (const std::string_view origin :
       absl::StrSplit(value, ',', absl::SkipEmpty())) {
    const size_t scheme = origin.find("://");
    if (scheme == origin.npos || origin.find('/', scheme + 3) != origin.npos) {
      return absl::InvalidArgumentError(
          "an origin is written https://play.example.com, without a path");
    }
    out->emplace_back(origin);
  }
  return absl::OkStatus();
}

std::vector<command_line::Flag> FlagsInto(Flags* f) {
  using namespace command_line;
  constexpr int kMany = 1 << 24;
  return {
      Switch("help,h", &f->help),
      Switch("version", &f->version),
      Number<uint16_t>("port", &f->port, 0, 65535),
      {"listen", [f](std::string_view v) { return SetListen(v, &f->listen); }},
      Text("tls_cert", &f->tls_cert),
      Text("tls_key", &f->tls_key),
      {"origins",
       [f](std::string_view v) { return SetOrigins(v, &f->game.origins); }},
      Number("threads", &f->threads, 0, 1000),
      Number("max_connections", &f->max_connections, 0, kMany),
      Text("db", &f->db),
      Number("bot_threads", &f->bot_threads, 0, 1000),
      Text("verbosity", &f->verbosity),
      Number("credits", &f->game.credits, 1, kMany),
      Number<size_t>("max_followed", &f->game.max_followed, 1, kMany),
      Number<size_t>("max_games", &f->game.max_games, 1, kMany),
      Time("deserted", &f->game.deserted),
      Time("first_move", &f->game.game.first_move),
      {"grace",
       [f](std::string_view v) {
         absl::Duration* least = &f->game.game.least_grace;
         absl::Status status = Time("grace", least).set(v);
         f->game.game.most_grace = 2 * *least;
         return status;
       }},
      {"spectator_delay",
       [f](std::string_view v) {
         if (v == "0" || v == "0s") {
           f->game.spectator_delay = absl::ZeroDuration();
           return absl::OkStatus();
         }
         return Time("spectator_delay", &f->game.spectator_delay).set(v);
       }},
      Time("after_game", &f->game.after_game),
      Time("keep_room", &f->game.keep_room),
      Time("ping_every", &f->game.ping_every),
      Time("silent", &f->game.silent),
      Time("drain_timeout", &f->drain_timeout),
  };
}

}  // namespace

absl::StatusOr<Flags> ParseFlags(absl::Span<char* const> args) {
  Flags flags;
  absl::StatusOr<std::vector<std::string>> rest =
      command_line::Parse(args, FlagsInto(&flags));
  if (!rest.ok()) return rest.status();
  if (flags.tls_cert.empty() != flags.tls_key.empty()) {
    return absl::InvalidArgumentError("--tls_cert and --tls_key go together");
  }
  if (flags.db.empty()) {
    return absl::InvalidArgumentError("--db is a path, or off");
  }
  if (flags.game.silent <= flags.game.ping_every) {
    return absl::InvalidArgumentError(
        "--silent must be longer than --ping_every");
  }
  if (rest->empty()) return flags;
  return absl::InvalidArgumentError(
      absl::StrCat("unexpected \"", rest->front(), "\""));
}

std::string_view HelpText() { return kHelp; }

}  // namespace chinese_chess
