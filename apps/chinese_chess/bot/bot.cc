// The bot as a chess program: UCI or UCCI on standard input and output.
#include <iostream>
#include <string>
#include <string_view>

#include "apps/chinese_chess/bot/engine_protocol.h"

namespace {

constexpr std::string_view kHelp =
    R"(bot: a Chinese chess program that speaks UCI and UCCI on stdin and stdout.

  uci                                     or ucci: who it is
  position startpos moves h2e2 h9g7       or position fen FEN moves ...
  go nodes 100000                         or depth N, movetime MS, wtime MS btime MS
  stop                                    ends a search; it prints the best so far
  quit

  printf 'uci\nposition startpos\ngo depth 8\n' | (cat; sleep 5) | bot
)";

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) {
    const bool help = std::string_view(argv[1]) == "--help";
    (help ? std::cout : std::cerr) << kHelp;
    return help ? 0 : 2;
  }
  chinese_chess::EngineProtocol engine(
      [](const std::string& line) { std::cout << line << std::endl; });
  std::string line;
  while (std::getline(std::cin, line) && engine.Handle(line)) {
  }
  return 0;
}
