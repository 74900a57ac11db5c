#include "apps/chinese_chess/server/lobby_desk.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/time/clock.h"
#include "apps/chinese_chess/server/archive.h"
#include "apps/chinese_chess/server/bot_player.h"
#include "apps/chinese_chess/server/game_thread.h"
#include "apps/chinese_chess/server/random_id.h"
#include "apps/chinese_chess/server/server_message.h"

namespace chinese_chess {
namespace {

using kingpin::ConnectionId;

constexpr size_t kGameIdCharacters = 10;
constexpr size_t kMostGamesListed = 50;

Terms TermsOf(const ClientMessage& message) {
  return {message.control, message.casual, message.color};
}

}  // namespace

LobbyDesk::LobbyDesk(GameServerShared* shared, kingpin::IOHandler* loop,
                     Courier* courier)
    : shared_(*shared),
      loop_(*loop),
      courier_(*courier),
      lobby_({.max_games = shared->game_options().max_games,
              .keep_room = shared->game_options().keep_room}) {}

void LobbyDesk::Handle(const LobbyCommand& command) {
  const ClientMessage& message = command.message;
  const Seeker seeker{command.connection.bits(), command.player};
  switch (message.type) {
    case ClientMessage::kLobby:
      return Look(command);
    case ClientMessage::kGames:
      return Reply(command, GamesMessage(message.id, lobby_, kMostGamesListed));
    case ClientMessage::kCancel:
      lobby_.Cancel(seeker.session);
      Reply(command, OkMessage(TypeName(message.type), message.id));
      break;
    default:
      if (const MaybeRefused refused = MaySeek(seeker.player)) {
        Refuse(seeker, message, *refused);
      } else {
        FindGame(seeker, message);
      }
  }
  TellLost();
  NoteChange();
}

void LobbyDesk::Restore() {
  for (const RunningGame& running : shared_.running()) {
    GameInfo info = InfoOf(running.setup);
    info.plies = running.moves.size();
    lobby_.AddGame(std::move(info));
  }
}

MaybeRefused LobbyDesk::MaySeek(const Player& player) const {
  if (!lobby_.MayBegin(player)) return TooManyGames();
  // Before they are paired with somebody, who would lose their place for nothing.
  const Archive* archive = shared_.archive();
  if (archive == nullptr || !archive->failing()) return std::nullopt;
  return NoGameCanBegin();
}

void LobbyDesk::FindGame(const Seeker& seeker, const ClientMessage& message) {
  switch (message.type) {
    case ClientMessage::kPool:
      return JoinPool(seeker, message);
    case ClientMessage::kSeek:
      return AddSeek(seeker, message);
    case ClientMessage::kRoom:
      return OpenRoom(seeker, message);
    case ClientMessage::kBot:
      return PlayBot(seeker, message);
    case ClientMessage::kAccept:
      return AcceptSeek(seeker, message);
    default:
      return EnterRoom(seeker, message);
  }
}

void LobbyDesk::Reply(const LobbyCommand& command, std::string text) {
  courier_.Send(command.connection, std::move(text));
}

void LobbyDesk::Refuse(const Seeker& seeker, const ClientMessage& message,
                       const Refusal& refusal) {
  shared_.counters(loop_.thread()).refused.Add();
  courier_.Send(ConnectionId(seeker.session),
                ErrorMessage(TypeName(message.type), message.id, refusal));
}

void LobbyDesk::TellToWait(const Seeker& seeker, const ClientMessage& message,
                           std::string_view code) {
  courier_.Send(ConnectionId(seeker.session),
                WaitingMessage(TypeName(message.type), message.id, code));
}

void LobbyDesk::Look(const LobbyCommand& command) {
  if (!command.message.on) {
    onlookers_.erase(command.connection);
    return Reply(command, OkMessage("lobby", command.message.id));
  }
  onlookers_.insert(command.connection);
  Reply(command, LobbyMessage(lobby_, shared_.sessions()));
}

void LobbyDesk::JoinPool(const Seeker& seeker, const ClientMessage& message) {
  const std::optional<Pairing> pairing =
      lobby_.JoinPool(seeker, message.control);
  if (pairing.has_value()) return Begin(*pairing);
  TellToWait(seeker, message, "");
}

void LobbyDesk::AddSeek(const Seeker& seeker, const ClientMessage& message) {
  TellToWait(seeker, message, lobby_.AddSeek(seeker, TermsOf(message)));
}

void LobbyDesk::OpenRoom(const Seeker& seeker, const ClientMessage& message) {
  const std::variant<Pairing, WaitsInRoom> result =
      lobby_.OpenRoom(seeker, TermsOf(message), shared_.clock().Now());
  if (const Pairing* pairing = std::get_if<Pairing>(&result)) {
    return Begin(*pairing);
  }
  TellToWait(seeker, message, std::get<WaitsInRoom>(result).code);
}

void LobbyDesk::AcceptSeek(const Seeker& seeker, const ClientMessage& message) {
  const std::variant<Pairing, Refusal> result =
      lobby_.AcceptSeek(seeker, message.seek);
  if (const Pairing* pairing = std::get_if<Pairing>(&result)) {
    return Begin(*pairing);
  }
  Refuse(seeker, message, std::get<Refusal>(result));
}

// People dictate codes, and write them as they like.
void LobbyDesk::EnterRoom(const Seeker& seeker, const ClientMessage& message) {
  const std::variant<Pairing, WaitsInRoom, Refusal> result = lobby_.EnterRoom(
      seeker, absl::AsciiStrToLower(message.code), shared_.clock().Now());
  if (const Pairing* pairing = std::get_if<Pairing>(&result)) {
    return Begin(*pairing);
  }
  if (const Refusal* refusal = std::get_if<Refusal>(&result)) {
    return Refuse(seeker, message, *refusal);
  }
  // Whose guest it is knows the code.
  TellToWait(seeker, message, "");
}

void LobbyDesk::PlayBot(const Seeker& seeker, const ClientMessage& message) {
  if (shared_.bots() == nullptr) {
    return Refuse(seeker, message, {"no_bot", "no computer plays here"});
  }
  Begin(lobby_.PairWith(seeker, {message.control, true, message.color},
                        BotPlayer(static_cast<int>(message.level))));
}

void LobbyDesk::Begin(const Pairing& pairing) {
  const GameSetup setup{
      .id = RandomId(kGameIdCharacters),
      .players = {pairing.seekers[0].player, pairing.seekers[1].player},
      .control = pairing.control,
      .casual = pairing.casual,
      .listed = pairing.listed,
      .created = absl::Now()};
  Begin({setup,
         {ConnectionId(pairing.seekers[0].session),
          ConnectionId(pairing.seekers[1].session)}});
}

void LobbyDesk::BeginRematch(const GameSetup& setup, const std::string& of) {
  const NewGame game = {setup, {}, of};
  for (const Player& player : setup.players) {
    if (lobby_.MayBegin(player)) continue;
    return courier_.TellSurely(shared_.Owner(of),
                               [of, busy = player.id](GameThread& thread) {
                                 thread.rooms().RematchFails(of, busy);
                               });
  }
  Begin(game);
  NoteChange();
}

void LobbyDesk::Begin(const NewGame& game) {
  // Counted from here on, however many are asked for before the first has begun.
  lobby_.AddGame(InfoOf(game.setup));
  const bool posted = courier_.Tell(
      shared_.Owner(game.setup.id),
      [game](GameThread& thread) { thread.rooms().Create(game); });
  if (posted) return;
  shared_.counters(loop_.thread()).posts_lost.Add();
  CannotBegin(game);
}

void LobbyDesk::CannotBegin(const NewGame& game) {
  lobby_.RemoveGame(game.setup.id);
  TellCannotBegin(shared_, courier_, game);
}

void LobbyDesk::Welcome(ConnectionId connection, const Guest& guest) {
  courier_.Send(connection, WelcomeMessage(guest, lobby_.GamesOf(guest.id)));
}

void LobbyDesk::Leave(ConnectionId connection) {
  onlookers_.erase(connection);
  lobby_.Leave(connection.bits(), shared_.clock().Now());
  TellLost();
  ArmClosing();
  NoteChange();
}

void LobbyDesk::TellLost() {
  for (const LostWait& lost : lobby_.TakeLost()) {
    courier_.Send(ConnectionId(lost.session),
                  ErrorMessage(lost.re, "", lost.why));
  }
}

void LobbyDesk::ArmClosing() {
  const kingpin::MonotonicTime at = lobby_.NextClosing();
  if (closing_armed_ || at.nanos == INT64_MAX) return;
  closing_armed_ = true;
  const absl::Duration delay = at - shared_.clock().Now();
  loop_.RunAfter(std::max(delay, absl::ZeroDuration()), [this] {
    closing_armed_ = false;
    lobby_.CloseKeptRooms(shared_.clock().Now());
    TellLost();
    ArmClosing();
  });
}

void LobbyDesk::UpdateGame(const GameInfo& info) {
  lobby_.UpdateGame(info.id, info.plies, info.viewers);
}

void LobbyDesk::RemoveGame(std::string_view id) {
  lobby_.RemoveGame(id);
  NoteChange();
}

void LobbyDesk::NoteChange() {
  if (change_noted_ || onlookers_.empty()) return;
  if (lobby_.version() == told_version_) return;
  change_noted_ = true;
  loop_.RunAfter(shared_.game_options().news_every, [this] { TellChange(); });
}

void LobbyDesk::TellChange() {
  change_noted_ = false;
  told_version_ = lobby_.version();
  const std::vector<ConnectionId> to(onlookers_.begin(), onlookers_.end());
  courier_.SendAll(to, std::make_shared<const std::string>(
                           LobbyMessage(lobby_, shared_.sessions())));
}

}  // namespace chinese_chess
