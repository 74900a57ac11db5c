// What one thread of the game server has done, always on.
//
// Threads: the owning thread writes, any thread reads.
#ifndef APPS_CHINESE_CHESS_SERVER_GAME_COUNTERS_H_
#define APPS_CHINESE_CHESS_SERVER_GAME_COUNTERS_H_

#include <atomic>
#include <cstdint>

#include "kingpin/pool/loop_stats.h"

namespace chinese_chess {

struct GameCounters {
  kingpin::Counter messages;        // From clients, pings and pongs included.
  kingpin::Counter refused;         // Answered with an error.
  kingpin::Counter rate_limited;    // Sessions closed for sending too much.
  kingpin::Counter silent;          // Sessions closed for not answering pings.
  kingpin::Counter moves;           // Made.
  kingpin::Counter moves_repeated;  // Had been made before.
  kingpin::Counter moves_refused;   // Illegal, late, out of turn.
  kingpin::Counter games_begun;
  kingpin::Counter games_over;
  kingpin::Counter games_restored;
  kingpin::Counter resumed;     // Who came back and got what they had missed.
  kingpin::Counter resynced;    // Who came back and needed the whole game.
  kingpin::Counter posts_lost;  // To other threads, whose mailbox was full.
  kingpin::Counter
      journal_delays;  // Moves that the archive had no room for yet.
  std::atomic<uint64_t> rooms = 0;
  std::atomic<uint64_t> sessions = 0;
};

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_SERVER_GAME_COUNTERS_H_
