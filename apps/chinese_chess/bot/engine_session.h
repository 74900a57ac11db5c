// An engine as a GUI sees it: lines in, lines out, by UCI or UCCI.
//
// Searches run on a thread of the session's own; commands are answered meanwhile. What
// is not understood is answered with an "info string" and changes nothing; but after a
// position that was refused there is none, and "go" has no move to answer with. A game
// that is over by our rules goes on, for the GUI may go by others.
//
// Threads: Handle(), Finish() and Wait() are one thread's. `write` is called from that
// one and from the search's, never by both at once, with a line without its end.
// Lifetime: destruction stops a search, which still prints its move, and waits for it.
//
//   EngineSession session([](std::string_view line) { std::cout << line << std::endl; });
//   std::string line;
//   while (std::getline(std::cin, line) && session.Handle(line)) {}
//   session.Finish();
#ifndef APPS_CHINESE_CHESS_BOT_ENGINE_SESSION_H_
#define APPS_CHINESE_CHESS_BOT_ENGINE_SESSION_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "apps/chinese_chess/bot/engine_command.h"
#include "apps/chinese_chess/bot/search.h"
#include "apps/chinese_chess/rules/game.h"
#include "kingpin/sys/clock.h"

namespace chinese_chess::bot {

class EngineSession {
 public:
  using Write = absl::AnyInvocable<void(std::string_view line)>;

  // The clock outlives it.
  explicit EngineSession(Write write,
                         const kingpin::Clock& clock = kingpin::Clock::Real());
  ~EngineSession();
  EngineSession(const EngineSession&) = delete;
  EngineSession& operator=(const EngineSession&) = delete;

  // One line. False: it was "quit".
  bool Handle(std::string_view line);
  // No more lines come: a search with a limit is waited for, another is stopped.
  void Finish();

 private:
  // A search and what it takes to end it.
  struct Run {
    GoCommand go;
    absl::StatusOr<Game> game;
    kingpin::MonotonicTime start;
    SearchLimits limits;
    std::stop_source stop;
    // Of "infinite" and "ponder": the move may be told.
    absl::Notification released;
    std::atomic<bool> is_silent = false;  // It need not be told at all.
    std::atomic<bool> is_done = false;    // But for telling the move.
  };

  absl::Status Do(const HelloCommand& command);
  absl::Status Do(const SimpleCommand& command);
  absl::Status Do(const SetOptionCommand& command);
  absl::Status Do(const PositionCommand& command);
  absl::Status Do(const BanMovesCommand& command);
  absl::Status Do(const GoCommand& command);

  // False: nothing runs any more, and its thread has been joined.
  bool IsSearching();
  void StartSearch(const GoCommand& go);
  void StopSearch();
  void PonderHit();
  // Nothing but "stop" or the end of input may end it.
  bool IsEndless(const Run& run) const;
  SearchLimits LimitsFor(const Run& run) const;
  void LimitTime(const Run& run, SearchLimits* limits) const;
  // On the search's thread.
  void Search(Run* run);
  SearchResult Think(const Run& run);
  void WriteInfo(const Run& run, const SearchResult& result);
  void WriteBestMove(const SearchResult& result);
  void WriteOptions();
  void WriteLine(std::string_view line) ABSL_LOCKS_EXCLUDED(mu_);

  const kingpin::Clock& clock_;
  // Not changed while a search runs.
  Dialect dialect_ = Dialect::kUci;
  std::unique_ptr<Searcher> searcher_;
  int level_ = 0;  // 0: all that the limits allow.
  uint64_t seed_ = 0;
  absl::Duration overhead_ = absl::Milliseconds(30);
  bool use_milliseconds_ = false;  // In UCCI; UCI always does.

  absl::StatusOr<Game> game_ = Game();  // Or why the last position is none.
  std::vector<Move> banned_;
  std::unique_ptr<Run> run_;
  std::thread thread_;

  absl::Mutex mu_;
  Write write_ ABSL_GUARDED_BY(mu_);
};

}  // namespace chinese_chess::bot

#endif  // APPS_CHINESE_CHESS_BOT_ENGINE_SESSION_H_
