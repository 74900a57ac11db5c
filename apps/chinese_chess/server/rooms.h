// The games of one thread: takes what players and spectators ask for, keeps the time,
// tells everybody what happened, and has it written down.
//
// Players are told of the beginning of a game when it is on the disk, and nobody is told
// how it ended before that is, nor of the move that ends it; what is asked of it in
// between, a few milliseconds, waits. (The lobby counts and lists a game from its pairing
// on.) Other moves are told at once and written soon after; what a crash takes of them is
// what the last transaction lacked, and players who come back are told the game as it
// stands.
//
// Threads: its loop's. Others reach it by GameServerShared::Tell().
//
//   rooms.Create({setup, {red_connection, black_connection}});
//   rooms.Handle({connection, player, message, lag});
#ifndef APPS_CHINESE_CHESS_SERVER_ROOMS_H_
#define APPS_CHINESE_CHESS_SERVER_ROOMS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "apps/chinese_chess/bot/bot_pool.h"
#include "apps/chinese_chess/rules/piece.h"
#include "apps/chinese_chess/server/client_message.h"
#include "apps/chinese_chess/server/courier.h"
#include "apps/chinese_chess/server/delayed_game.h"
#include "apps/chinese_chess/server/event_history.h"
#include "apps/chinese_chess/server/game_event.h"
#include "apps/chinese_chess/server/game_server_shared.h"
#include "apps/chinese_chess/server/game_store.h"
#include "apps/chinese_chess/server/live_game.h"
#include "apps/chinese_chess/server/refusal.h"
#include "kingpin/net/connection_id.h"
#include "kingpin/net/io_handler.h"
#include "kingpin/sys/clock.h"

namespace chinese_chess {

// A message to a game, and who sent it.
struct RoomCommand {
  kingpin::ConnectionId connection;
  Player player;
  ClientMessage message;
  absl::Duration lag;  // As the server has measured it.
};

// A game to begin, and who is to hear of it.
struct NewGame {
  GameSetup setup;
  std::array<kingpin::ConnectionId, 2> connections;  // Those that are valid.
  // The game before it, whose players hear of it there.
  std::string rematch_of = {};
};

// Tells whoever waits for `game` that it does not begin: an error to "paired", after
// which they ask for what they wait for again. (The lobby counts it still.)
void TellCannotBegin(const GameServerShared& shared, Courier& courier,
                     const NewGame& game);

class Rooms {
 public:
  Rooms(GameServerShared* shared, kingpin::IOHandler* loop, Courier* courier);
  ~Rooms();

  // Begins the games of an earlier run that are this thread's.
  void Restore();
  // Begins a game when it is written down, and says so; or that none can begin.
  void Create(const NewGame& game);
  // What has become of the rematch of `game`; `busy`: the id of the player who plays too
  // many games for it, if that is why.
  void RematchBegins(std::string_view game, std::string_view next);
  void RematchFails(std::string_view game, std::string_view busy);
  void Handle(const RoomCommand& command);
  // The connection is gone, or does not follow the game any more.
  void Leave(std::string_view game, kingpin::ConnectionId connection);
  // What the computer thinks of the position with that key.
  void BotMoves(std::string_view game, uint64_t key, chinese_chess::Move move);

  size_t size() const { return rooms_.size(); }

 private:
  static constexpr kingpin::MonotonicTime kNever = {INT64_MAX};
  static constexpr absl::Duration kResendAfter = absl::Milliseconds(100);

  struct Member {
    kingpin::ConnectionId connection;
    Player player;
    std::optional<Color> color;
    bool muted = false;   // Wants no chat.
    bool behind = false;  // Has not been sent all.
  };
  // To whom of the members.
  enum class Told : uint8_t { kAll, kPlayers, kSpectators };

  // What is on its way to the disk; what follows waits.
  enum class Writing : uint8_t { kNothing, kBeginning, kEnd };

  struct Answer {
    kingpin::ConnectionId to;
    std::string text;
  };

  // What the computer thinks about.
  struct Thought {
    uint64_t position;  // Its key.
    bot::BotPool::Ticket ticket;
    // When its answer has been lost: the mailbox was full.
    kingpin::MonotonicTime lost_at;
  };

  struct Room {
    Room(LiveGame live, size_t most_events)
        : game(std::move(live)), history(most_events) {}

    bool holding() const { return writing != Writing::kNothing; }

    LiveGame game;
    EventHistory history;
    std::unique_ptr<DelayedGame> delayed;  // Null: spectators see `game`.
    std::vector<Member> members;
    size_t viewers = 0;    // Members that are no players.
    size_t journaled = 0;  // Plies that the archive has been told.
    // When it is told those that it had no room for; kNever: there are none.
    kingpin::MonotonicTime journal_at = kNever;
    // To be said before the events that come of what they answer.
    std::vector<Answer> answers;
    Writing writing = Writing::kNothing;
    bool posted = false;              // The archive has taken it.
    kingpin::MonotonicTime next_try;  // Of telling the archive.
    std::vector<GameEvent> held;
    std::vector<RoomCommand> deferred;
    // While its beginning is written down: who is to hear of it.
    std::array<kingpin::ConnectionId, 2> connections;
    std::string rematch_of;
    // When those who are behind are sent the game; kNever: nobody is.
    kingpin::MonotonicTime resend_at = kNever;
    kingpin::MonotonicTime gone_at;  // When a game that is over goes.
    // When a game ends that no person plays any more; kNever while one does.
    kingpin::MonotonicTime deserted_at = kNever;
    // Fires at `timer_at`, or earlier than the room needs it.
    kingpin::TimerId timer;
    kingpin::MonotonicTime timer_at = kNever;
    std::optional<Thought> thought;
    bool bot_waits = false;  // Until the pool has room for its thought.
    bool has_news = false;   // For the list of games.
    bool viewers_changed = false;
  };

  kingpin::MonotonicTime now() const { return shared_.clock().Now(); }
  GameCounters& counters() { return shared_.counters(loop_.thread()); }
  void CannotBegin(const NewGame& game);
  Room* Find(std::string_view game);
  Room& Add(LiveGame game);
  void Announce(Room& room);
  void Remove(Room& room);

  // Calls `action` with the game, and later with what spectators see of it.
  template <typename Action>
  auto Apply(Room& room, Action action) {
    if (room.delayed == nullptr) return action(room.game);
    return room.delayed->Apply(&room.game, now(), std::move(action));
  }
  void Run(Room& room, const RoomCommand& command);
  void Join(Room& room, const RoomCommand& command);
  // What has been missed, or all. False: some of it is lost.
  bool Resume(Room& room, const RoomCommand& command,
              std::optional<Color> color);
  // As somebody sees it.
  std::string WholeGame(const Room& room, std::optional<Color> color,
                        bool muted, std::string_view id);
  void Move(Room& room, const RoomCommand& command, Color color);
  void Chat(Room& room, const RoomCommand& command);
  MaybeRefused Ask(Room& room, const ClientMessage& message, Color color);
  void Refuse(const RoomCommand& command, const Refusal& refusal);
  // There is no such game.
  void RefuseUnknown(const RoomCommand& command);
  void DropMember(Room& room, kingpin::ConnectionId connection);
  // Tells the game which of its players are here.
  void UpdatePresence(Room& room);
  void BeginRematch(Room& room);
  // The computer wants rematches and lets moves be taken back.
  void AnswerForBot(Room& room);
  // Begins to think when it is the computer's turn, and stops when it is not any more.
  void MindBot(Room& room);
  void Think(Room& room, int level);

  // --- rooms_events.cc: what comes of it ---

  // Takes the game's events, has them written down and tells them.
  void Publish(Room& room);
  void Deliver(Room& room, EventHistory& history, const GameEvent& event,
               Told told);
  void Resend(Room& room);
  void DeliverNow(Room& room, const GameEvent& event);
  // Tells spectators what has become old enough for them.
  void TellSpectators(Room& room);
  void Journal(Room& room, const GameEvent& event);
  void JournalMoves(Room& room);
  // Has the beginning or the end written down; it waits for that.
  void Hold(Room& room, Writing what);
  // Said again until the archive answers; it counts once.
  void JournalHeld(Room& room);
  StoreChange ChangeOf(const Room& room) const;
  // The archive has it.
  void Written(std::string_view game, Writing what);
  void Release(Room& room);
  void TellAnswers(Room& room);
  void ForgetInLobby(const std::string& game);

  kingpin::MonotonicTime NextTime(const Room& room) const;
  void ArmTimer(Room& room);
  void OnTimer(std::string_view game);
  void NoteNews(Room& room);
  void TellNews();

  GameServerShared& shared_;
  kingpin::IOHandler& loop_;
  Courier& courier_;
  const GameServerOptions& options_;
  absl::flat_hash_map<std::string, std::unique_ptr<Room>> rooms_;
  std::vector<std::string> news_;  // Rooms that have some.
};

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_SERVER_ROOMS_H_
