#include "apps/chinese_chess/server/rooms.h"

#include <algorithm>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/time/clock.h"
#include "apps/chinese_chess/bot/no_move.h"
#include "apps/chinese_chess/bot/time_budget.h"
#include "apps/chinese_chess/server/bot_player.h"
#include "apps/chinese_chess/server/game_thread.h"
#include "apps/chinese_chess/server/lobby.h"
#include "apps/chinese_chess/server/random_id.h"
#include "apps/chinese_chess/server/server_message.h"

namespace chinese_chess {
namespace {

using kingpin::ConnectionId;
using kingpin::MonotonicTime;

constexpr absl::Duration kBotRetry = absl::Milliseconds(100);
// Thoughts that are cut short wait for a thread all the same.
constexpr absl::Duration kBotLateness = absl::Seconds(10);
constexpr size_t kGameIdCharacters = 10;
constexpr size_t kMostDeferred = 256;

// Nobody likes to wait for longer.
constexpr absl::Duration kMostThought = absl::Seconds(5);

// When the computer, whose turn it is, has to have moved: long before its flag falls, or
// the game is off for want of a first move.
MonotonicTime ThinkUntil(const LiveGame& game, MonotonicTime now) {
  const TimeControl& control = game.setup().control;
  const absl::Duration left = game.TurnLeft(now);
  const absl::Duration share =
      control.staged()
          ? left / 4
          : bot::BudgetFor({.remaining = left, .increment = control.increment})
                .hard;
  const absl::Duration bound = (game.Deadline() - now) / 2;
  return now + std::min({share, bound, kMostThought});
}

}  // namespace

void TellCannotBegin(const GameServerShared& shared, Courier& courier,
                     const NewGame& game) {
  for (const ConnectionId to : game.connections) {
    if (to.valid())
      courier.Send(to, ErrorMessage("paired", "", NoGameCanBegin()));
  }
  if (game.rematch_of.empty()) return;
  courier.TellSurely(shared.Owner(game.rematch_of),
                     [id = game.rematch_of](GameThread& thread) {
                       thread.rooms().RematchFails(id, "");
                     });
}

Rooms::Rooms(GameServerShared* shared, kingpin::IOHandler* loop,
             Courier* courier)
    : shared_(*shared),
      loop_(*loop),
      courier_(*courier),
      options_(shared->game_options()) {}

Rooms::~Rooms() = default;

Rooms::Room* Rooms::Find(std::string_view game) {
  const auto found = rooms_.find(game);
  return found == rooms_.end() ? nullptr : found->second.get();
}

Rooms::Room& Rooms::Add(LiveGame game) {
  std::string id = game.setup().id;
  auto room = std::make_unique<Room>(std::move(game), options_.history);
  Room& added = *room;
  if (options_.spectator_delay > absl::ZeroDuration()) {
    added.delayed = std::make_unique<DelayedGame>(
        added.game, options_.spectator_delay, options_.history);
  }
  rooms_.insert_or_assign(std::move(id), std::move(room));
  counters().rooms.store(rooms_.size());
  return added;
}

void Rooms::Remove(Room& room) {
  loop_.CancelTimer(room.timer);
  const std::string id = room.game.setup().id;
  rooms_.erase(id);
  counters().rooms.store(rooms_.size());
}

// --- Beginnings --------------------------------------------------------------------------

void Rooms::Restore() {
  for (const RunningGame& running : shared_.running()) {
    if (shared_.Owner(running.setup.id) != loop_.thread()) continue;
    Room& room = Add(LiveGame(running.setup, options_.game, now(),
                              shared_.first_version(), running.moves));
    room.journaled = room.game.moves().size();
    // The lobby goes by what was written; moves that cannot be are left out here.
    if (room.journaled != running.moves.size()) NoteNews(room);
    counters().games_restored.Add();
    UpdatePresence(room);
    Publish(room);
  }
}

void Rooms::Create(const NewGame& game) {
  Archive* archive = shared_.archive();
  if (archive != nullptr && archive->failing()) return CannotBegin(game);
  Room& room =
      Add(LiveGame(game.setup, options_.game, now(), shared_.first_version()));
  room.connections = game.connections;
  room.rematch_of = game.rematch_of;
  if (archive == nullptr) return Announce(room);
  Hold(room, Writing::kBeginning);
  if (room.posted) return ArmTimer(room);
  Remove(room);
  CannotBegin(game);
}

void Rooms::CannotBegin(const NewGame& game) {
  ForgetInLobby(game.setup.id);
  TellCannotBegin(shared_, courier_, game);
}

// It begins now: the clock has not run while nobody knew of it.
void Rooms::Announce(Room& room) {
  const std::string id = room.game.setup().id;
  Apply(room, [at = now()](LiveGame& game) { game.Begin(at); });
  counters().games_begun.Add();
  for (const Color color : {Color::kRed, Color::kBlack}) {
    const ConnectionId to = room.connections[static_cast<size_t>(color)];
    if (to.valid()) courier_.Send(to, PairedMessage(id, color));
  }
  if (!room.rematch_of.empty()) {
    courier_.TellSurely(shared_.Owner(room.rematch_of),
                        [of = room.rematch_of, id](GameThread& thread) {
                          thread.rooms().RematchBegins(of, id);
                        });
  }
  UpdatePresence(room);
  Publish(room);
}

void Rooms::BeginRematch(Room& room) {
  GameSetup setup = room.game.setup();
  setup.id = RandomId(kGameIdCharacters);
  std::swap(setup.players[0], setup.players[1]);
  setup.created = absl::Now();
  courier_.TellSurely(
      GameServerShared::kLobbyThread,
      [setup = std::move(setup), of = room.game.setup().id](
          GameThread& thread) { thread.lobby().BeginRematch(setup, of); });
}

void Rooms::RematchBegins(std::string_view game, std::string_view next) {
  Room* room = Find(game);
  if (room == nullptr) return;
  Apply(*room,
        [next = std::string(next)](LiveGame& live) { live.SetRematch(next); });
  Publish(*room);
}

void Rooms::RematchFails(std::string_view game, std::string_view busy) {
  Room* room = Find(game);
  if (room == nullptr) return;
  Apply(*room, [](LiveGame& live) { live.DropRematch(); });
  for (const Member& member : room->members) {
    if (!member.color.has_value()) continue;
    const Refusal refusal = busy.empty()               ? NoGameCanBegin()
                            : member.player.id == busy ? TooManyGames()
                                                       : OtherIsBusy();
    room->answers.push_back(
        {member.connection, ErrorMessage("offer", "", refusal)});
  }
  Publish(*room);
}

// --- Commands ----------------------------------------------------------------------------

void Rooms::Refuse(const RoomCommand& command, const Refusal& refusal) {
  counters().refused.Add();
  courier_.Send(command.connection, ErrorMessage(TypeName(command.message.type),
                                                 command.message.id, refusal));
}

void Rooms::RefuseUnknown(const RoomCommand& command) {
  if (command.message.type == ClientMessage::kJoin) {
    // Before the answer, after which the client may ask for another.
    courier_.TellSurely(command.connection.thread(),
                        [connection = command.connection,
                         game = command.message.game](GameThread& thread) {
                          thread.sessions().NotJoined(connection, game);
                        });
  }
  Refuse(command, {"no_game", "there is no such game now"});
}

void Rooms::Handle(const RoomCommand& command) {
  Room* room = Find(command.message.game);
  if (room == nullptr) return RefuseUnknown(command);
  if (!room->holding()) return Run(*room, command);
  if (room->deferred.size() == kMostDeferred) {
    return Refuse(command, {"busy", "the game is being written down"});
  }
  room->deferred.push_back(command);
}

void Rooms::Run(Room& room, const RoomCommand& command) {
  const ClientMessage& message = command.message;
  if (message.type == ClientMessage::kJoin) return Join(room, command);
  if (message.type == ClientMessage::kChat) return Chat(room, command);
  const std::optional<Color> color = room.game.ColorOf(command.player.id);
  if (!color.has_value()) {
    return Refuse(command, {"not_player", "only its players may do that"});
  }
  if (message.type == ClientMessage::kMove) return Move(room, command, *color);
  // It might begin without them.
  if (message.type == ClientMessage::kOffer &&
      message.offer == Offer::kRematch && !room.game.online(*color)) {
    return Refuse(command, {"no_game", "join the game first"});
  }
  const bool agreed = room.game.rematch_agreed();
  if (MaybeRefused refused = Ask(room, message, *color)) {
    Refuse(command, *refused);
  } else {
    // If it ends the game, it is not done before that is on the disk.
    room.answers.push_back(
        {command.connection, OkMessage(TypeName(message.type), message.id)});
    AnswerForBot(room);
  }
  Publish(room);
  if (!agreed && room.game.rematch_agreed()) BeginRematch(room);
}

MaybeRefused Rooms::Ask(Room& room, const ClientMessage& message, Color color) {
  // By value: spectators may be told long after the message is gone.
  const auto ask = [color, at = now(), type = message.type,
                    offer = message.offer,
                    draw = message.draw](LiveGame& game) -> MaybeRefused {
    switch (type) {
      case ClientMessage::kResign:
        return game.Resign(color, at);
      case ClientMessage::kAbort:
        return game.Abort(color, at);
      case ClientMessage::kClaim:
        return game.Claim(color, draw, at);
      case ClientMessage::kOffer:
        return game.MakeOffer(color, offer, at);
      case ClientMessage::kDecline:
        return game.DeclineOffer(color, offer);
      default:
        return Refusal{"bad_message", "this is not for a game"};
    }
  };
  return Apply(room, ask);
}

void Rooms::Move(Room& room, const RoomCommand& command, Color color) {
  const ClientMessage& message = command.message;
  const size_t ply = static_cast<size_t>(message.ply);
  if (message.after.has_value() && !room.game.ComesAfter(ply, *message.after)) {
    counters().moves_refused.Add();
    return Refuse(command, {"wrong_ply", "the move before it was another"});
  }
  if (room.game.WasMade(color, ply, message.move)) {
    counters().moves_repeated.Add();
    courier_.Send(command.connection, MoveAckMessage(message.id, message.game,
                                                     ply, /*repeated=*/true));
    return;
  }
  // Either may come with the end of the game, and waits for the disk if it does.
  if (MaybeRefused refused =
          Apply(room, [color, ply, move = message.move, at = now(),
                       lag = command.lag](LiveGame& game) {
            return game.Move(color, ply, move, at, lag);
          })) {
    counters().moves_refused.Add();
    counters().refused.Add();
    room.answers.push_back(
        {command.connection, ErrorMessage("move", message.id, *refused)});
  } else {
    counters().moves.Add();
    room.answers.push_back(
        {command.connection,
         MoveAckMessage(message.id, message.game, ply, /*repeated=*/false)});
  }
  Publish(room);
}

void Rooms::Chat(Room& room, const RoomCommand& command) {
  const ClientMessage& message = command.message;
  const std::optional<Color> color = room.game.ColorOf(command.player.id);
  if (MaybeRefused refused =
          Apply(room, [color, name = command.player.name, text = message.text,
                       at = now()](LiveGame& game) {
            return game.Chat(color, name, text, at);
          })) {
    return Refuse(command, *refused);
  }
  courier_.Send(command.connection, OkMessage("chat", message.id));
  Publish(room);
}

// --- Members -----------------------------------------------------------------------------

void Rooms::Join(Room& room, const RoomCommand& command) {
  const std::optional<Color> color = room.game.ColorOf(command.player.id);
  // First all that was before, then the news that somebody is here.
  const bool told = Resume(room, command, color);
  DropMember(room, command.connection);
  room.members.push_back(
      {command.connection, command.player, color, command.message.mute, !told});
  if (!told) room.resend_at = now() + kResendAfter;
  if (color.has_value()) {
    UpdatePresence(room);
  } else {
    ++room.viewers;
    room.viewers_changed = true;
    NoteNews(room);
  }
  Publish(room);
}

std::string Rooms::WholeGame(const Room& room, std::optional<Color> color,
                             bool muted, std::string_view id) {
  DelayedGame* delayed = color.has_value() ? nullptr : room.delayed.get();
  if (delayed == nullptr) {
    return GameMessage(room.game, {color, muted, room.viewers, now(), {}, id});
  }
  const absl::Duration delay = delayed->delay();
  return GameMessage(delayed->game(),
                     {color, muted, room.viewers, now() + -delay, delay, id});
}

bool Rooms::Resume(Room& room, const RoomCommand& command,
                   std::optional<Color> color) {
  const ClientMessage& message = command.message;
  DelayedGame* delayed = color.has_value() ? nullptr : room.delayed.get();
  const LiveGame& game = delayed == nullptr ? room.game : delayed->game();
  EventHistory& history =
      delayed == nullptr ? room.history : delayed->history();
  const absl::Duration delay =
      delayed == nullptr ? absl::ZeroDuration() : delayed->delay();
  std::vector<PublishedEvent> missed;
  if (!message.v.has_value() ||
      !history.After(static_cast<uint64_t>(*message.v), &missed)) {
    if (message.v.has_value()) counters().resynced.Add();
    return courier_.Send(command.connection,
                         WholeGame(room, color, message.mute, message.id));
  }
  counters().resumed.Add();
  bool told = true;
  for (const PublishedEvent& event : missed) {
    told &= courier_.Send(command.connection,
                          event.IsFor(color.has_value(), message.mute)
                              ? *event.text
                              : SkipMessage(message.game, event.version));
  }
  // Last, for the clocks in the events are those of then.
  told &= courier_.Send(command.connection,
                        ResumedMessage(message.id, game, now() + -delay));
  return told;
}

void Rooms::DropMember(Room& room, ConnectionId connection) {
  const auto found = std::find_if(
      room.members.begin(), room.members.end(),
      [&](const Member& member) { return member.connection == connection; });
  if (found == room.members.end()) return;
  if (!found->color.has_value()) {
    --room.viewers;
    room.viewers_changed = true;
    NoteNews(room);
  }
  room.members.erase(found);
}

void Rooms::UpdatePresence(Room& room) {
  for (const Color color : {Color::kRed, Color::kBlack}) {
    // The computer is no member and always here.
    const bool online = BotLevel(room.game.setup().player(color)).has_value() ||
                        std::any_of(room.members.begin(), room.members.end(),
                                    [color](const Member& member) {
                                      return member.color == color;
                                    });
    if (room.game.online(color) == online) continue;
    Apply(room, [color, online, at = now()](LiveGame& game) {
      game.SetOnline(color, online, at);
    });
  }
  if (std::any_of(
          room.members.begin(), room.members.end(),
          [](const Member& member) { return member.color.has_value(); })) {
    room.deserted_at = kNever;
  } else if (room.deserted_at == kNever) {
    room.deserted_at = now() + options_.deserted;
  }
}

void Rooms::Leave(std::string_view game, ConnectionId connection) {
  Room* room = Find(game);
  if (room == nullptr) return;
  // Who has asked to join and is gone before that was done does not join any more.
  std::erase_if(room->deferred, [&](const RoomCommand& command) {
    return command.connection == connection &&
           command.message.type == ClientMessage::kJoin;
  });
  if (room->writing == Writing::kBeginning) return;  // Nobody has joined yet.
  DropMember(*room, connection);
  UpdatePresence(*room);
  Publish(*room);
}

// --- The computer ------------------------------------------------------------------------

void Rooms::AnswerForBot(Room& room) {
  for (const Offer offer : {Offer::kDraw, Offer::kTakeback, Offer::kRematch}) {
    const std::optional<Color> by = room.game.offer(offer);
    if (!by.has_value()) continue;
    const Color other = Opponent(*by);
    if (!BotLevel(room.game.setup().player(other)).has_value()) continue;
    Apply(room, [offer, other, at = now()](LiveGame& game) {
      // It plays on, as long as people like.
      return offer == Offer::kDraw ? game.DeclineOffer(other, offer)
                                   : game.MakeOffer(other, offer, at);
    });
  }
}

void Rooms::MindBot(Room& room) {
  if (shared_.bots() == nullptr) return;
  const Position& position = room.game.game().position();
  const std::optional<int> level =
      room.game.over() ? std::nullopt
                       : BotLevel(room.game.setup().player(position.turn()));
  if (room.thought.has_value()) {
    if (level.has_value() && room.thought->position == position.key() &&
        now() < room.thought->lost_at) {
      return;
    }
    // Resigned, or taken back. If it is too late BotMoves() finds nobody waiting.
    shared_.bots()->Cancel(room.thought->ticket);
    room.thought.reset();
  }
  if (level.has_value()) Think(room, *level);
}

void Rooms::Think(Room& room, int level) {
  const std::string& id = room.game.setup().id;
  const uint64_t key = room.game.game().position().key();
  const MonotonicTime deadline = ThinkUntil(room.game, now());
  const absl::StatusOr<bot::BotPool::Ticket> ticket = shared_.bots()->Submit(
      {.game = room.game.game(),
       .level = level,
       .seed = absl::HashOf(id),
       .deadline = deadline,
       .done = [shared = &shared_, thread = loop_.thread(), id,
                key](const bot::BotMove& best) {
         shared->Tell(thread, [id, key, move = best.move](GameThread& there) {
           there.rooms().BotMoves(id, key, move);
         });
       }});
  if (ticket.ok()) {
    room.thought = {key, *ticket, deadline + kBotLateness};
  } else if (!std::exchange(room.bot_waits, true)) {
    loop_.RunAfter(kBotRetry, [this, id] {
      Room* again = Find(id);
      if (again == nullptr) return;
      again->bot_waits = false;
      MindBot(*again);
      ArmTimer(*again);
    });
  }
}

void Rooms::BotMoves(std::string_view game, uint64_t key,
                     chinese_chess::Move move) {
  Room* room = Find(game);
  if (room == nullptr || !room->thought.has_value() ||
      room->thought->position != key) {
    return;
  }
  room->thought.reset();
  const Game& played = room->game.game();
  if (move != bot::kNoMove) {
    const MaybeRefused refused =
        Apply(*room, [color = played.position().turn(), ply = played.size(),
                      move, at = now()](LiveGame& live) {
          return live.Move(color, ply, move, at, absl::ZeroDuration());
        });
    if (!refused.has_value()) counters().moves.Add();
  }
  Publish(*room);
}

}  // namespace chinese_chess
