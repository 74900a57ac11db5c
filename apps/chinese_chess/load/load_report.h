// What a run of the load client has counted, and how that is told.
//
// Threads: one at a time for each object.
#ifndef APPS_CHINESE_CHESS_LOAD_LOAD_REPORT_H_
#define APPS_CHINESE_CHESS_LOAD_LOAD_REPORT_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "apps/bench_client/latency_histogram.h"

namespace chinese_chess {

struct LoadCounts {
  // The first are enough to find out what is wrong.
  static constexpr size_t kWrongTexts = 5;

  uint64_t moves = 0;      // That the opponent has seen.
  uint64_t positions = 0;  // That were checked.
  uint64_t games_begun = 0;
  uint64_t games_finished = 0;
  std::map<std::string, uint64_t> ends;     // By reason.
  std::map<std::string, uint64_t> refused;  // By what and code.
  uint64_t drops = 0;    // Connections that this program lost on purpose,
  uint64_t resumes = 0;  // came back to a game,
  uint64_t resyncs = 0;  // and were told it from the beginning.
  uint64_t lost_connections = 0;  // That nobody lost on purpose.
  uint64_t lost_games = 0;
  // By both, because the server was killed when it had written them: found in the archive.
  uint64_t ends_unseen = 0;
  uint64_t wrong = 0;  // What cannot be.
  std::vector<std::string> wrong_texts;

  bench_client::LatencyHistogram latency;  // From a move to the opponent.
  bench_client::LatencyHistogram
      resume;  // From connecting to being up to date.

  void AddWrong(std::string_view text) {
    ++wrong;
    if (wrong_texts.size() < kWrongTexts) wrong_texts.emplace_back(text);
  }
  bool ok() const { return wrong == 0 && lost_games == 0; }
};

struct LoadResult {
  int players = 0;
  int seated = 0;      // In a game at the end.
  double seconds = 0;  // Without the warm-up.
  double cpu_seconds = 0;
  uint64_t counted_moves = 0;  // In `seconds`.
  LoadCounts counts;
};

std::string LoadText(const LoadResult& result);
std::string LoadJson(const LoadResult& result);

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_LOAD_LOAD_REPORT_H_
