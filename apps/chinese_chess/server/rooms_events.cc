// What comes of what rooms are told: events told and written down, and time that passes.
#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include "absl/time/clock.h"
#include "apps/chinese_chess/rules/record_json.h"
#include "apps/chinese_chess/server/game_thread.h"
#include "apps/chinese_chess/server/rooms.h"
#include "apps/chinese_chess/server/server_message.h"

namespace chinese_chess {
namespace {

using kingpin::ConnectionId;
using kingpin::MonotonicTime;

constexpr absl::Duration kArchiveRetry = absl::Seconds(1);
constexpr absl::Duration kWordRetry = absl::Minutes(1);
constexpr size_t kMostViewerNames = 20;

}  // namespace

// --- Telling -----------------------------------------------------------------------------

void Rooms::Publish(Room& room) {
  std::vector<GameEvent> events = room.game.TakeEvents();
  // All of them before any is told: the end, behind the move that brings it about, holds
  // that move back as well.
  for (const GameEvent& event : events) Journal(room, event);
  if (room.holding()) {
    std::move(events.begin(), events.end(), std::back_inserter(room.held));
  } else {
    TellAnswers(room);
    for (const GameEvent& event : events) DeliverNow(room, event);
  }
  TellSpectators(room);
  MindBot(room);
  ArmTimer(room);
}

void Rooms::TellAnswers(Room& room) {
  for (Answer& answer : std::exchange(room.answers, {})) {
    courier_.Send(answer.to, std::move(answer.text));
  }
}

void Rooms::DeliverNow(Room& room, const GameEvent& event) {
  Deliver(room, room.history, event,
          room.delayed == nullptr ? Told::kAll : Told::kPlayers);
}

void Rooms::TellSpectators(Room& room) {
  // The end is no news before it is on the disk; then there is nothing to hide.
  if (room.delayed == nullptr || room.holding()) return;
  DelayedGame& delayed = *room.delayed;
  if (room.game.over()) {
    delayed.EndDelay();
  } else {
    delayed.CatchUp(now());
  }
  for (const GameEvent& event : delayed.game().TakeEvents()) {
    Deliver(room, delayed.history(), event, Told::kSpectators);
  }
}

void Rooms::Deliver(Room& room, EventHistory& history, const GameEvent& event,
                    Told told) {
  const std::string& id = room.game.setup().id;
  const PublishedEvent published = {
      event.version, event.audience, event.kind == GameEvent::kChat,
      std::make_shared<const std::string>(EventMessage(id, event))};
  history.Add(published);
  std::vector<ConnectionId> in;
  std::vector<ConnectionId> out;
  for (const Member& member : room.members) {
    const bool is_player = member.color.has_value();
    if (told != Told::kAll && (told == Told::kPlayers) != is_player) continue;
    (published.IsFor(is_player, member.muted) ? in : out)
        .push_back(member.connection);
  }
  std::vector<ConnectionId> lost = courier_.SendAll(in, published.text);
  if (!out.empty()) {
    const std::vector<ConnectionId> more = courier_.SendAll(
        out,
        std::make_shared<const std::string>(SkipMessage(id, event.version)));
    lost.insert(lost.end(), more.begin(), more.end());
  }
  for (Member& member : room.members) {
    if (std::find(lost.begin(), lost.end(), member.connection) == lost.end()) {
      continue;
    }
    member.behind = true;
    room.resend_at = now() + kResendAfter;
  }
}

// A hole in the versions is seen when the next event comes, and it may be this one that
// the other waits for.
void Rooms::Resend(Room& room) {
  room.resend_at = kNever;
  for (Member& member : room.members) {
    if (!member.behind) continue;
    const auto game = std::make_shared<const std::string>(
        WholeGame(room, member.color, member.muted, ""));
    member.behind = !courier_.SendAll({member.connection}, game).empty();
    if (member.behind) room.resend_at = now() + kResendAfter;
  }
}

// A game that the lobby took for played would keep its players from others.
void Rooms::ForgetInLobby(const std::string& game) {
  courier_.TellSurely(
      GameServerShared::kLobbyThread,
      [game](GameThread& thread) { thread.lobby().RemoveGame(game); });
}

// News of a game for people who are not in it can wait for that of others.
void Rooms::NoteNews(Room& room) {
  if (room.has_news) return;
  room.has_news = true;
  news_.push_back(room.game.setup().id);
  if (news_.size() > 1) return;
  loop_.RunAfter(options_.news_every, [this] { TellNews(); });
}

void Rooms::TellNews() {
  std::vector<GameInfo> changed;
  for (const std::string& id : std::exchange(news_, {})) {
    Room* room = Find(id);
    if (room == nullptr) continue;
    room->has_news = false;
    if (std::exchange(room->viewers_changed, false)) {
      std::vector<ConnectionId> to;
      std::vector<std::string> names;
      for (const Member& member : room->members) {
        to.push_back(member.connection);
        if (member.color.has_value() || names.size() == kMostViewerNames) {
          continue;
        }
        names.push_back(member.player.name);
      }
      courier_.SendAll(to, std::make_shared<const std::string>(
                               ViewersMessage(id, room->viewers, names)));
    }
    changed.push_back({.id = id,
                       .plies = room->game.game().size(),
                       .viewers = room->viewers});
  }
  auto tell = [changed = std::move(changed)](GameThread& thread) {
    for (const GameInfo& info : changed) thread.lobby().UpdateGame(info);
  };
  if (!courier_.Tell(GameServerShared::kLobbyThread, std::move(tell))) {
    counters().posts_lost.Add();
  }
}

// --- Writing down ------------------------------------------------------------------------

void Rooms::Journal(Room& room, const GameEvent& event) {
  switch (event.kind) {
    case GameEvent::kMove:
      JournalMoves(room);
      return NoteNews(room);
    case GameEvent::kTakeback:
      room.journaled = std::min(room.journaled, event.ply);
      JournalMoves(room);
      return NoteNews(room);
    case GameEvent::kEnd:
      counters().games_over.Add();
      room.gone_at = now() + options_.after_game;
      ForgetInLobby(room.game.setup().id);
      if (shared_.archive() == nullptr) return;
      return Hold(room, Writing::kEnd);
    default:
      return;
  }
}

// What the archive has no room for comes with the next move, or a second later.
void Rooms::JournalMoves(Room& room) {
  Archive* archive = shared_.archive();
  if (archive == nullptr) return;
  const std::vector<TimedMove>& moves = room.game.moves();
  const size_t first = std::min(room.journaled, moves.size());
  SetMoves change{room.game.setup().id, first, {}};
  change.moves.assign(moves.begin() + static_cast<int64_t>(first), moves.end());
  if (archive->Post(std::move(change))) {
    room.journaled = moves.size();
    room.journal_at = kNever;
  } else {
    room.journal_at = now() + kArchiveRetry;
    counters().journal_delays.Add();
  }
}

StoreChange Rooms::ChangeOf(const Room& room) const {
  const LiveGame& game = room.game;
  if (room.writing == Writing::kBeginning) return BeginGame{game.setup()};
  FinishGame change{game.setup(), game.game().outcome(), absl::Now(),
                    game.game().size(), ""};
  if (game.game().outcome().reason != Reason::kAborted) {
    change.record = FormatRecordJson(game.Record());
  }
  return change;
}

void Rooms::Hold(Room& room, Writing what) {
  room.writing = what;
  room.posted = false;
  JournalHeld(room);
}

void Rooms::JournalHeld(Room& room) {
  // What the archive has taken is written some time; only word of it may be lost.
  room.next_try = now() + kWordRetry;
  if (room.posted && shared_.archive()->failing()) return;
  room.posted = shared_.archive()->Post(
      ChangeOf(room), [shared = &shared_, thread = loop_.thread(),
                       id = room.game.setup().id, what = room.writing] {
        // If the mailbox is full the room asks again.
        shared->Tell(thread, [id, what](GameThread& game_thread) {
          game_thread.rooms().Written(id, what);
        });
      });
  if (room.posted) return;
  room.next_try = now() + kArchiveRetry;
  counters().journal_delays.Add();
}

void Rooms::Written(std::string_view game, Writing what) {
  Room* room = Find(game);
  if (room == nullptr || room->writing != what) return;
  room->writing = Writing::kNothing;
  if (what == Writing::kBeginning) Announce(*room);
  Release(*room);
}

void Rooms::Release(Room& room) {
  TellAnswers(room);
  for (const GameEvent& event : std::exchange(room.held, {})) {
    DeliverNow(room, event);
  }
  TellSpectators(room);
  for (const RoomCommand& command : std::exchange(room.deferred, {})) {
    Handle(command);
  }
  ArmTimer(room);
}

// --- Time --------------------------------------------------------------------------------

MonotonicTime Rooms::NextTime(const Room& room) const {
  if (room.holding()) return room.next_try;
  if (room.game.over()) return std::min(room.gone_at, room.resend_at);
  MonotonicTime deadline = std::min({room.game.Deadline(), room.deserted_at,
                                     room.resend_at, room.journal_at});
  if (room.thought.has_value()) {
    deadline = std::min(deadline, room.thought->lost_at);
  }
  return room.delayed == nullptr ? deadline
                                 : std::min(deadline, room.delayed->next());
}

// Most moves put the time off: the timer is left where it is and looks again then.
void Rooms::ArmTimer(Room& room) {
  const MonotonicTime at = NextTime(room);
  if (at >= room.timer_at) return;
  loop_.CancelTimer(room.timer);
  room.timer_at = at;
  room.timer =
      loop_.RunAfter(std::max(at - now(), absl::ZeroDuration()),
                     [this, id = room.game.setup().id] { OnTimer(id); });
}

void Rooms::OnTimer(std::string_view game) {
  Room* room = Find(game);
  if (room == nullptr) return;
  room->timer_at = kNever;
  if (room->holding()) {
    if (now() >= room->next_try) JournalHeld(*room);
    return ArmTimer(*room);
  }
  if (now() >= room->resend_at) Resend(*room);
  if (!room->game.over()) {
    if (now() >= room->journal_at) JournalMoves(*room);
    // Not for spectators' time, or that would never end.
    if (now() >= room->game.Deadline()) {
      Apply(*room, [at = now()](LiveGame& live) { live.OnTime(at); });
    } else if (now() >= room->deserted_at) {
      Apply(*room, [at = now()](LiveGame& live) { live.Abandon(at); });
    }
    return Publish(*room);
  }
  if (now() < room->gone_at) return ArmTimer(*room);
  if (!room->members.empty()) {
    // Somebody is still here to talk about it.
    room->gone_at = now() + options_.after_game;
    return ArmTimer(*room);
  }
  Remove(*room);
}

}  // namespace chinese_chess
