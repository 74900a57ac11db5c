// The bot behind UCI and UCCI, the protocols of chess programs: what a line asks for, and
// what is answered.
//
// Both in one: `uci` or `ucci` says which (the answers differ in a few words). Positions
// are FENs, moves ICCS coordinates, h2e2. In UCI, option UCI_Variant is "xiangqi" and
// nothing else; ranks are 0 to 9 in both, as Pikafish has them.
//
// A search runs on a thread of its own, so that `stop` and `quit` are heard.
//
// Threads: Handle() from one; `print` is called from it and from the search's thread, one
// line at a time.
//
//   EngineProtocol engine([](const std::string& line) { std::cout << line << std::endl; });
//   while (std::getline(std::cin, line) && engine.Handle(line)) {}
//
// Sources: UCI, Stefan Meyer-Kahlen 2006; UCCI 3.0, xqbase.com 中国象棋通用引擎协议.
#ifndef APPS_CHINESE_CHESS_BOT_ENGINE_PROTOCOL_H_
#define APPS_CHINESE_CHESS_BOT_ENGINE_PROTOCOL_H_

#include <atomic>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "apps/chinese_chess/bot/search.h"
#include "apps/chinese_chess/rules/game.h"

namespace chinese_chess {

class EngineProtocol {
 public:
  using Print = std::function<void(const std::string& line)>;

  explicit EngineProtocol(Print print);
  // Stops a search.
  ~EngineProtocol();

  // False: the line says quit.
  bool Handle(std::string_view line);

 private:
  using Words = std::vector<std::string_view>;

  void Introduce();
  void SetPosition(const Words& words);
  void Go(const Words& words);
  void Stop();
  void PrintResult(const SearchResult& result);
  void PrintInfo(const SearchResult& result, absl::Duration spent);

  const Print print_;
  bool ucci_ = false;
  Game game_;
  Searcher searcher_;
  std::atomic<bool> stop_ = false;
  std::thread thinking_;
};

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_BOT_ENGINE_PROTOCOL_H_
