#include "apps/chinese_chess/terminal/flags.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "apps/chinese_chess/client/server_address.h"
#include "apps/chinese_chess/terminal/game_text.h"
#include "apps/command_line/command_line.h"

namespace chinese_chess {
namespace {

constexpr std::string_view kHelp =
    R"(terminal: plays Chinese chess on a game server.

  terminal                              the server on this machine, port 7100
  terminal --name Zhang chess.example.org:7100
  terminal --letters                    R N B A K for 车马相仕帅, and nothing but ASCII

Then type: bot 1 (a game against the computer), h2e2 or C2=5 or 炮二平五 (a move), resign,
help (all there is). Files are a to i from Red's left, ranks 0 to 9 from Red's side.

A lost connection is made again, and the game goes on where it was. With --token_file it
does so also when this program starts again.

  --name NAME            what others call you (guest)
  --tls                  the server has a certificate, by the name that is given here
  --ca PATH              of those who sign it, instead of the system's roots (PEM); also
                         says --tls
  --token_file PATH      keeps who you are between runs; read and written, yours alone. A
                         token that the server refuses goes to PATH.refused, or
                         PATH.refused.2 and so on; if it cannot, PATH stays as it is
  --letters              pieces as letters
  --traditional          傌 and 俥 instead of 马 and 车
  --no_color             also when the environment has NO_COLOR, or stdout is no terminal
  --notation NAME        of moves that are shown: iccs, wxf or chinese (wxf)
  --give_up TIME         for a connection that does not come back; the first one is tried
                         once in a script (1m)

In a script, that is when stdin is no terminal, each line is a command and waits until
the one before is answered, and a move until it is your turn:

  printf 'bot 1 0.5+0 red\nh2e2\nwait turn\nresign\nwait over\n' | terminal

prints lines such as "move 0 red h2e2 C2=5" and "end 0-1 resignation". # begins a comment.
  --keep_going           goes on after an error

Exit codes: 0, 1 no connection, nobody who reads the output, or input that cannot be
read, 2 wrong command line, 3 a command was refused.
)";

absl::Status SetNotation(std::string_view name, Notation* out) {
  const std::optional<Notation> notation = ParseNotationName(name);
  if (!notation.has_value()) {
    return absl::InvalidArgumentError("it is iccs, wxf or chinese");
  }
  *out = *notation;
  return absl::OkStatus();
}

// "host", "host:port", "[::1]:port".
absl::Status SetServer(std::string_view text, TerminalFlags* flags) {
  auto server = ParseServerAddress(text, flags->port);
  if (!server.ok()) return server.status();
  flags->host = std::move(server->host);
  flags->port = server->port;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<TerminalFlags> ParseTerminalFlags(absl::Span<char* const> args) {
  using namespace command_line;
  TerminalFlags flags;
  SessionOptions& session = flags.session;
  const std::vector<Flag> known = {
      Switch("help,h", &flags.help),
      Text("name", &session.name),
      Switch("tls", &flags.tls),
      Text("ca", &flags.ca_file),
      Text("token_file", &flags.token_file),
      Switch("letters", &session.style.letters),
      Switch("traditional", &session.style.traditional),
      Switch("no_color", &flags.no_color),
      {"notation",
       [&](std::string_view v) { return SetNotation(v, &session.notation); }},
      Time("give_up", &flags.give_up),
      Switch("keep_going", &session.keep_going)};
  auto rest = Parse(args, known);
  if (!rest.ok()) return rest.status();
  flags.tls = flags.tls || !flags.ca_file.empty();
  if (rest->size() > 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("unexpected \"", (*rest)[1], "\"; there is one server"));
  }
  if (!rest->empty()) {
    absl::Status status = SetServer(rest->front(), &flags);
    if (!status.ok()) return status;
  }
  return flags;
}

std::string_view TerminalHelp() { return kHelp; }

}  // namespace chinese_chess
