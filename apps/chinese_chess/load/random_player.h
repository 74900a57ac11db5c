// RandomPlayer: one of the load's, without a network: what the server says goes in, what
// the player wants goes to its Host. Two of them share a Table; the first opens a room,
// the second enters it; when the game is over they begin the next one.
//
// Threads: all players of a Host on one thread.
// Lifetime: host, table and the other player outlive it.
//
//   RandomPlayer player(0, &host, &table, options);
//   player.OnConnected(now);
//   player.OnLine(R"({"t":"welcome",...})", now);
#ifndef APPS_CHINESE_CHESS_LOAD_RANDOM_PLAYER_H_
#define APPS_CHINESE_CHESS_LOAD_RANDOM_PLAYER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "apps/chinese_chess/client/game_model.h"
#include "apps/chinese_chess/client/json_object.h"
#include "apps/chinese_chess/load/load_report.h"
#include "apps/chinese_chess/load/options.h"
#include "apps/chinese_chess/rules/outcome.h"
#include "apps/chinese_chess/server/message_writer.h"
#include "kingpin/sys/clock.h"

namespace chinese_chess {

class RandomPlayer {
 public:
  class Host {
   public:
    virtual ~Host() = default;
    // One message on the player's connection; nothing if there is none.
    virtual void Send(int player, std::string_view message) = 0;
    // Loses the connection: with what was written, or after it has left.
    virtual void Drop(int player, bool at_once) = 0;
    virtual void After(absl::Duration delay,
                       absl::AnyInvocable<void()> task) = 0;
    // Evenly from 0 to 1.
    virtual double Random() = 0;
    virtual LoadCounts& counts() = 0;
    // Moves are counted and measured.
    virtual bool counting() const = 0;
    virtual void OnGameFinished(std::string_view game, Reason reason) = 0;
  };

  // What the two know together.
  struct Table {
    RandomPlayer* players[2] = {};
    std::string game;   // The last that was begun.
    std::string ended;  // The last that one of them has seen end.
    std::string code;   // Of the room that the first of them waits in.
    // The last move that was written.
    size_t ply = 0;
    kingpin::MonotonicTime written;
  };

  RandomPlayer(int number, Host* host, Table* table, const LoadOptions& options)
      : number_(number), host_(*host), table_(*table), options_(options) {}

  void OnConnected(kingpin::MonotonicTime connecting_since);
  void OnDisconnected();
  void OnLine(std::string_view line, kingpin::MonotonicTime now);

  bool welcomed() const { return welcomed_; }
  bool in_game() const {
    return game_.has_value() && game_->known() && !game_->outcome().over();
  }

 private:
  struct SentMove {
    size_t ply;
    std::string move;
    std::string after;  // The move before it; empty: it is the first.
    std::string id;
  };

  bool opens_rooms() const { return number_ % 2 == 0; }
  RandomPlayer& other() { return *table_.players[opens_rooms() ? 1 : 0]; }
  bool Chance(double share) { return host_.Random() < share; }

  void Send(MessageWriter message);
  // With the game that it plays, if any.
  void SayHello();
  // What the server had no time or place for.
  void SayAgain(std::string_view re);
  void SayOfGame(std::string_view type, std::string_view key = "",
                 std::string_view value = "");
  void SendJoin(bool with_version);
  void SendMove();
  // The next game: one of them opens a room, the other enters it.
  void BeginNext();
  void OpenRoom();
  void Waits(std::string_view code);
  void StopWaiting();
  void Enter();
  void Follow(std::string_view game);

  void Welcome(const JsonObject& message);
  bool MayRefuse(const JsonObject& message) const;
  void Error(const JsonObject& message);
  void Ok(const JsonObject& message, kingpin::MonotonicTime now);
  void OfGame(const JsonObject& message, kingpin::MonotonicTime now);
  void SawMove(kingpin::MonotonicTime now);
  void SawOffer(const JsonObject& message);
  // Whether the other has not seen the end of that game before.
  bool IsFirstToSeeEndOf(std::string_view game);
  void SawEnd();
  void EndedUnseen(std::string_view game);
  void Forget();
  void Resumed(kingpin::MonotonicTime now);
  void Wrong(std::string_view what);

  bool MayMove() const;
  void ScheduleMove();
  void Move();

  const int number_;
  Host& host_;
  Table& table_;
  const LoadOptions& options_;

  bool welcomed_ = false;
  int connections_ = 0;  // That there have been.
  std::string token_;
  bool opening_ = false;  // A room, or it waits in one.
  std::string ended_;     // The last game that it has seen end.
  std::optional<GameModel> game_;
  std::optional<SentMove> sent_;
  std::string sent_again_;  // Its id, when the connection had been lost.
  bool scheduled_ = false;
  int64_t last_id_ = 0;
  // While coming back to a game: what it knows of that may be out of date.
  std::optional<kingpin::MonotonicTime> resuming_since_;
  kingpin::MonotonicTime up_to_date_since_;  // After that.
};

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_LOAD_RANDOM_PLAYER_H_
