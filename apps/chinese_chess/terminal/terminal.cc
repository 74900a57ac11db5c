// Plays Chinese chess on a game server. `terminal --help` says how.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "apps/chinese_chess/terminal/flags.h"
#include "apps/chinese_chess/terminal/terminal_handler.h"
#include "apps/chinese_chess/terminal/token_file.h"
#include "apps/command_line/command_line.h"
#include "kingpin/logger/logger.h"
#include "kingpin/pool/epoll_tp_client.h"
#include "kingpin/tls/tls_client.h"

namespace chinese_chess {
namespace {

int Fail(const absl::Status& status, int code) {
  std::fprintf(stderr, "terminal: %s\n%s",
               std::string(status.message()).c_str(),
               code == 2 ? "Try --help.\n" : "");
  return code;
}

int Main(absl::Span<char* const> args) {
  absl::StatusOr<TerminalFlags> flags = ParseTerminalFlags(args);
  if (!flags.ok()) return Fail(flags.status(), 2);
  if (flags->help) return command_line::Help("terminal", TerminalHelp());
  SessionOptions& session = flags->session;
  session.script = isatty(STDIN_FILENO) == 0;
  session.style.color = !flags->no_color && isatty(STDOUT_FILENO) != 0 &&
                        std::getenv("NO_COLOR") == nullptr;
  absl::StatusOr<KeptToken> kept = KeptToken();
  if (!flags->token_file.empty()) kept = ReadTokenFile(flags->token_file);
  if (!kept.ok()) return Fail(kept.status(), 2);
  session.token = kept->token;
  if (session.name.empty()) session.name = kept->name;
  // What there is to say of a connection the session says.
  kingpin::Logger::Default().set_min_level(kingpin::LogLevel::kWarning);
  std::unique_ptr<kingpin::TlsClient> tls;
  if (flags->tls) {
    auto made = kingpin::TlsClient::Create({.ca_file = flags->ca_file});
    if (!made.ok()) return Fail(made.status(), 1);
    tls = *std::move(made);
  }
  TerminalShared shared(*std::move(flags), *std::move(kept), std::move(tls));
  kingpin::EpollTPClient<TerminalHandler> client(&shared, {.threads = 1});
  const absl::Status status = client.Run();
  return status.ok() ? shared.exit_code : Fail(status, 1);
}

}  // namespace
}  // namespace chinese_chess

int main(int argc, char** argv) {
  command_line::OpenStandardFiles(O_RDONLY);
  command_line::EnterTypedDirectory();
  return chinese_chess::Main(absl::MakeConstSpan(argv + 1, argc - 1));
}
