// The engine as a program, for GUIs and for matches. `xiangqi_engine --help` says how.
#include <iostream>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "apps/chinese_chess/bot/engine_session.h"
#include "apps/chinese_chess/rules/text_input.h"

namespace {

constexpr std::string_view kHelp =
    R"help(xiangqi_engine: plays Chinese chess, for a GUI or by hand.

Reads commands from stdin, a line each, and answers on stdout: UCI (the variant is
always xiangqi; ranks are 1 to 10: h3e3), or UCCI after "ucci" (ranks 0 to 9: h2e2).

  uci | ucci                                 who it is, and its options
  setoption name Level value 3               UCCI: setoption level 3
  position startpos moves h3e3 h10g8         or: position fen FEN [moves ...]
  go depth 10 | nodes 100000 | movetime 500 | wtime 60000 btime 60000 winc 500
     | movestogo 40 | mate 3 | searchmoves h3e3 b3e3 | infinite | ponder
                                             UCCI: go time 60 increment 1 ...
  stop, ponderhit, isready, ucinewgame, quit
  d                                          the position, as FEN

Options (UCI): Hash (MiB, default 16); Level (1 a beginner ... 8 strong; 0, the
default, plays as well as the limits of "go" allow); Seed (varies what a level
plays); Move Overhead (ms). UCCI: hashsize, level, seed, usemillisec.

A position without legal moves, or one that it refused, is answered by "bestmove
(none)" ("nobestmove"). What it does not understand it answers with "info string
error: ..." and goes on. At the end of input it finishes a search with a limit, and
stops one without.

  printf 'position startpos\ngo depth 8\n' | xiangqi_engine

Exit codes: 0 after quit or the end of input; 1 that cannot be read, or what it says
not be written; 2 wrong command line.
)help";

int Fail(std::string_view why) {
  std::cerr << "xiangqi_engine: " << why << "\n";
  return 1;
}

// Until "quit" or the end of input; a search with a limit ends first.
absl::Status Talk() {
  chinese_chess::bot::EngineSession session(
      [](std::string_view line) { std::cout << line << std::endl; });
  for (;;) {
    const auto line = chinese_chess::ReadLine(std::cin);
    if (line.ok() && line->has_value()) {
      if (!session.Handle(**line)) return absl::OkStatus();
      continue;
    }
    session.Finish();
    return line.status();
  }
}

int Serve() {
  const absl::Status status = Talk();
  if (!status.ok()) {
    return Fail(absl::StrCat("standard input: ", status.message()));
  }
  if (!std::cout.good()) return Fail("standard output cannot be written");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) {
    const std::string_view arg = argv[1];
    if (argc == 2 && (arg == "--help" || arg == "-h")) {
      std::cout << kHelp;
      return 0;
    }
    std::cerr << "xiangqi_engine: takes no arguments; --help shows how\n";
    return 2;
  }
  std::ios::sync_with_stdio(false);
  // Or reading would flush what the search's thread writes.
  std::cin.tie(nullptr);
  return Serve();
}
