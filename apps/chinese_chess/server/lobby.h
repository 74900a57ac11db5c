// Where players find each other: pools, seeks and private rooms; and the games that are
// being played, for those who look for one to watch.
//
// A session waits for one thing at a time; asking for another gives the first up. A player
// is in so many games at once (the computer in any number). So nothing here grows beyond
// the number of sessions and players, but for the private rooms whose owners are away: a
// phone whose user sends the code to a friend loses its connection meanwhile. Such a room
// stays for a while, a friend who comes waits in it, and the owner gets it back by asking
// for the same again.
//
// Some waits end without their session's doing: TakeLost() names them, to be told.
//
// It knows no network: sessions are numbers of its owner's, who tells it when they go
// and who begins the games that Pairings name; nor a watch: time comes with each call.
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
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/random/random.h"
#include "absl/time/time.h"
#include "apps/chinese_chess/rules/piece.h"
#include "apps/chinese_chess/server/live_game.h"
#include "apps/chinese_chess/server/refusal.h"
#include "apps/chinese_chess/server/time_control.h"
#include "kingpin/sys/clock.h"

namespace chinese_chess {

using SessionNumber = uint64_t;

struct Seeker {
  SessionNumber session = 0;  // 0: not connected.
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

// The seeker waits now, in the room with this code.
struct WaitsInRoom {
  std::string code;
};

// A session that waits for nothing any more, without having asked for that.
struct LostWait {
  SessionNumber session = 0;
  std::string_view re;  // What it waited with: "pool", "seek", "room", "enter".
  Refusal why;
};

// Why somebody plays no further game; why nobody does.
Refusal TooManyGames();
Refusal OtherIsBusy();
Refusal NoGameCanBegin();

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

struct LobbyOptions {
  // Of a player at once.
  size_t max_games = 8;
  // A private room is kept for so long while its owner is away, and so many at most; the
  // one that has been left longest goes first.
  absl::Duration keep_room = absl::Minutes(10);
  size_t most_kept = 10'000;
};

class Lobby {
 public:
  struct OpenSeek {
    std::string id;
    Seeker seeker;
    Terms terms;
    uint64_t number;  // Grows from one to the next.
  };

  explicit Lobby(const LobbyOptions& options = {}) : options_(options) {}

  // --- Finding an opponent -------------------------------------------------------------

  // False: has as many games as one may have. To be asked of the seeker before the
  // following; of those who wait already they ask it themselves.
  bool MayBegin(const Player& player) const;
  // Somebody else who waits there, the longest first; nullopt: the seeker waits now. On
  // another connection they do not wait for the same any more.
  std::optional<Pairing> JoinPool(const Seeker& seeker,
                                  const TimeControl& control);
  // Shows that somebody looks for a game; the id to accept it by. Who shows the same
  // already, on another connection or on this one, goes on with that.
  std::string AddSeek(const Seeker& seeker, const Terms& terms);
  std::variant<Pairing, Refusal> AcceptSeek(const Seeker& seeker,
                                            std::string_view id);
  // The same without showing it to anybody. Who has such a room already is back in it,
  // and paired at once with who waits there.
  std::variant<Pairing, WaitsInRoom> OpenRoom(const Seeker& seeker,
                                              const Terms& terms,
                                              kingpin::MonotonicTime now);
  // Waits if the owner is away.
  std::variant<Pairing, WaitsInRoom, Refusal> EnterRoom(
      const Seeker& seeker, std::string_view code, kingpin::MonotonicTime now);
  // Somebody who is no session: the computer.
  Pairing PairWith(const Seeker& seeker, const Terms& terms,
                   const Player& other);
  // The session waits for nothing any more. False: it did not.
  bool Cancel(SessionNumber session);
  // The session is gone: the same, but its room is kept.
  void Leave(SessionNumber session, kingpin::MonotonicTime now);
  // Closes rooms whose owners have been away for too long; at NextClosing() if nobody has
  // used rooms since.
  void CloseKeptRooms(kingpin::MonotonicTime now);
  // Infinitely far off if there is nothing to close.
  kingpin::MonotonicTime NextClosing() const {
    return left_rooms_.empty() ? kingpin::MonotonicTime{INT64_MAX}
                               : left_rooms_.begin()->first;
  }
  // Those since the last call.
  std::vector<LostWait> TakeLost() { return std::exchange(lost_, {}); }

  // --- What there is -------------------------------------------------------------------

  // Grows with every change of what these two and games() return.
  uint64_t version() const { return version_; }
  // Of the latest, at most `most`, the oldest first.
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
  // Of those that are listed at most `most`: those with the most viewers, then those with
  // the most moves.
  std::vector<const GameInfo*> ListGames(size_t most) const;
  // Ids of the games that a player is in.
  std::vector<std::string> GamesOf(std::string_view player_id) const;

 private:
  // What a session waits for.
  struct Waiting {
    // kRoom: in one's own; kGuest: in somebody else's, who is away.
    enum Kind : uint8_t { kPool, kSeek, kRoom, kGuest } kind = kPool;
    std::string key;  // The pool's control, the seek's id, the room's code.
  };

  //   owner waits --left--> owner away --somebody enters--> guest waits
  //        ^                   |   ^                          |     |
  //        '------ back -------'   '--------- left -----------'     '-- owner back: paired
  //
  // Whose owner stays away for too long is closed, and a guest there is told.
  struct Room {
    Seeker owner;  // Without a session while away.
    Terms terms;
    std::optional<Seeker> guest;
    kingpin::MonotonicTime kept_until;
  };

  void Wait(SessionNumber session, Waiting waiting);
  void LeavePool(const std::string& control, SessionNumber session);
  void ReplaceInPool(const std::string& control, const Seeker& by);
  // Who may begin a game; those before, who may not, wait no longer.
  std::optional<Seeker> FirstInPool(const std::string& control);
  void CloseSeek(const std::string& id);
  // Both wait for nothing any more.
  Pairing Pair(const Seeker& first, const Terms& terms, const Seeker& second);

  Pairing PairInRoom(const Seeker& owner, const Terms& terms,
                     const Seeker& guest);
  // nullptr: there is none.
  Room* FindRoom(std::string_view code);
  void CloseRoom(const std::string& code);
  void DropGuest(const std::string& code);
  // One who has begun too many games meanwhile.
  void DropBusyGuest(const std::string& code);
  // `waiting` waits no more, for `by`, who is the same player, does; from the same
  // connection, or from another.
  void Replace(const Seeker& waiting, std::string_view re, const Seeker& by);

  const LobbyOptions options_;
  absl::flat_hash_map<SessionNumber, Waiting> waiting_;
  // A pool that nobody waits in is erased.
  std::map<std::string, std::deque<Seeker>, std::less<>> pools_;
  absl::flat_hash_map<std::string, OpenSeek> seeks_;
  absl::flat_hash_map<std::string, std::string> seek_of_;  // By OfferKey().
  uint64_t seeks_made_ = 0;
  absl::flat_hash_map<std::string, Room> rooms_;           // By code.
  absl::flat_hash_map<std::string, std::string> room_of_;  // By OfferKey().
  // Whose owners are away, until when and by code.
  std::set<std::pair<kingpin::MonotonicTime, std::string>> left_rooms_;
  std::vector<LostWait> lost_;
  absl::flat_hash_map<std::string, GameInfo> games_;
  // Of people.
  absl::flat_hash_map<std::string, std::vector<std::string>> games_of_;
  uint64_t version_ = 0;
  absl::InsecureBitGen random_;
};

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_SERVER_LOBBY_H_
