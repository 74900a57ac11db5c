// Where players find each other: pools, seeks and private rooms; and the games that are
// being played, for those who look for one to watch.
//
// A session waits for one thing at a time; asking for another gives the first up. A
// player is in so many games at once (the computer in any number). So nothing here grows
// beyond the number of sessions and players.
//
// It knows no network: sessions are numbers of its owner's, who tells it when they go
// and who begins the games that Pairings name.
//
// Threads: one at a time for each object.
//
//   Lobby lobby;
//   std::optional<Pairing> pairing = lobby.JoinPool({session, player}, control);
//   if (pairing.has_value()) Begin(*pairing);       // Else somebody will come.
#ifndef APPS_CHINESE_CHESS_SERVER_LOBBY_H_
#define APPS_CHINESE_CHESS_SERVER_LOBBY_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/random/random.h"
#include "apps/chinese_chess/rules/piece.h"
#include "apps/chinese_chess/server/live_game.h"
#include "apps/chinese_chess/server/refusal.h"
#include "apps/chinese_chess/server/time_control.h"

namespace chinese_chess {

using SessionNumber = uint64_t;

struct Seeker {
  SessionNumber session = 0;
  Player player;
};

struct Terms {
  TimeControl control;
  bool casual = false;
  std::optional<Color> color;  // The seeker's; nullopt: by lot.
};

// Two who are to play.
struct Pairing {
  std::array<Seeker, 2> seekers;  // Red, Black.
  TimeControl control;
  bool casual = false;
  bool listed = true;  // Not of a private room.
};

// For the list of games.
struct GameInfo {
  std::string id;
  std::array<Player, 2> players;
  std::string control;
  bool listed = true;
  size_t plies = 0;
  size_t viewers = 0;
};
// Of a game that begins.
GameInfo InfoOf(const GameSetup& setup);

class Lobby {
 public:
  struct OpenSeek {
    std::string id;
    Seeker seeker;
    Terms terms;
    uint64_t number = 0;  // Later ones have greater.
  };

  // Games of one player at once.
  explicit Lobby(size_t most_games = 8) : most_games_(most_games) {}

  // --- Finding an opponent -------------------------------------------------------------

  // False: has as many games as one may have. To be asked before the following; of those
  // who wait already they ask it themselves.
  bool MayBegin(const Player& player) const;
  // Somebody else who waits there, the longest first; nullopt: the seeker waits now.
  std::optional<Pairing> JoinPool(const Seeker& seeker,
                                  const TimeControl& control);
  // Shows that somebody looks for a game; the id to accept it by.
  std::string AddSeek(const Seeker& seeker, const Terms& terms);
  std::variant<Pairing, Refusal> AcceptSeek(const Seeker& seeker,
                                            std::string_view id);
  // The same without showing it to anybody; the code to enter by.
  std::string OpenRoom(const Seeker& seeker, const Terms& terms);
  std::variant<Pairing, Refusal> EnterRoom(const Seeker& seeker,
                                           std::string_view code);
  // Somebody who is no session: the computer.
  Pairing PairWith(const Seeker& seeker, const Terms& terms,
                   const Player& other);
  // The session waits for nothing any more. False: it did not.
  bool Cancel(SessionNumber session);

  // --- What there is -------------------------------------------------------------------

  // Grows with every change of what these two and games() return.
  uint64_t version() const { return version_; }
  // The latest first.
  std::vector<const OpenSeek*> seeks(size_t most = SIZE_MAX) const;
  size_t seek_count() const { return seeks_.size(); }
  // Time controls with how many wait for them, those with the most first.
  std::vector<std::pair<std::string, size_t>> pools(
      size_t most = SIZE_MAX) const;
  size_t pool_count() const { return pools_.size(); }

  // --- Games ---------------------------------------------------------------------------

  // One that is there is replaced.
  void AddGame(GameInfo info);
  void UpdateGame(std::string_view id, size_t plies, size_t viewers);
  void RemoveGame(std::string_view id);
  size_t games() const { return games_.size(); }
  // Of those that are listed at most `most`: those with the most viewers, then those with the most moves.
  std::vector<const GameInfo*> ListGames(size_t most) const;
  // Ids of the games that a player is in.
  std::vector<std::string> GamesOf(std::string_view player_id) const;

 private:
  // What a session waits for.
  struct Waiting {
    enum Kind : uint8_t { kPool, kSeek, kRoom } kind = kPool;
    std::string key;  // The pool's control, the seek's id, the room's code.
  };
  using Offers = absl::flat_hash_map<std::string, OpenSeek>;

  std::string AddOffer(const Seeker& seeker, const Terms& terms,
                       Waiting::Kind kind, size_t id_characters,
                       Offers* offers);
  std::variant<Pairing, Refusal> AcceptOffer(const Seeker& seeker,
                                             std::string_view key,
                                             const Refusal& none,
                                             const Offers& offers);
  void Wait(SessionNumber session, Waiting waiting);
  Pairing Pair(const Seeker& first, std::optional<Color> color,
               const Seeker& second);

  const size_t most_games_;
  absl::flat_hash_map<SessionNumber, Waiting> waiting_;
  // A pool that nobody waits in is erased.
  std::map<std::string, std::deque<Seeker>, std::less<>> pools_;
  Offers seeks_;
  Offers rooms_;
  absl::flat_hash_map<std::string, GameInfo> games_;
  // Of people.
  absl::flat_hash_map<std::string, std::vector<std::string>> games_of_;
  uint64_t version_ = 0;
  uint64_t offers_made_ = 0;
  absl::InsecureBitGen random_;
};

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_SERVER_LOBBY_H_
