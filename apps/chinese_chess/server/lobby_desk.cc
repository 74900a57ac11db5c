#include "apps/chinese_chess/server/lobby_desk.h"

#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "apps/chinese_chess/server/bot_player.h"
#include "apps/chinese_chess/server/game_thread.h"
#include "apps/chinese_chess/server/random_id.h"
#include "apps/chinese_chess/server/server_message.h"

namespace chinese_chess {
namespace {

using kingpin::ConnectionId;

constexpr size_t kGameIdCharacters = 10;
constexpr size_t kMostGamesListed = 50;

Seeker SeekerOf(const LobbyCommand& command) {
  return {command.connection.bits(), command.player};
}

}  // namespace

LobbyDesk::LobbyDesk(GameServerShared* shared, kingpin::IOHandler* loop,
                     Courier* courier)
    : shared_(*shared),
      loop_(*loop),
      courier_(*courier),
      lobby_(shared->game_options().max_games) {}

void LobbyDesk::Handle(const LobbyCommand& command) {
  const ClientMessage& message = command.message;
  switch (message.type) {
    case ClientMessage::kLobby:
      return Look(command);
    case ClientMessage::kGames:
      return Reply(command,
                   GamesMessage(message.id, lobby_, kMostGamesListed));
    case ClientMessage::kCancel:
      lobby_.Cancel(command.connection.bits());
      Reply(command, OkMessage(TypeName(message.type), message.id));
      break;
    default:
      if (lobby_.MayBegin(command.player)) {
        FindGame(command);
      } else {
        Refuse(command, {"too_many", "you play too many games: end one"});
      }
  }
  NoteChange();
}

void LobbyDesk::FindGame(const LobbyCommand& command) {
  switch (command.message.type) {
    case ClientMessage::kPool:
      return JoinPool(command);
    case ClientMessage::kBot:
      return PlayBot(command);
    case ClientMessage::kSeek:
    case ClientMessage::kRoom:
      return Offer(command);
    default:
      return Take(command);
  }
}

void LobbyDesk::Reply(const LobbyCommand& command, std::string text) {
  courier_.Send(command.connection, std::move(text));
}

void LobbyDesk::Refuse(const LobbyCommand& command, const Refusal& refusal) {
  shared_.counters(loop_.thread()).refused.Add();
  Reply(command, ErrorMessage(TypeName(command.message.type),
                              command.message.id, refusal));
}

void LobbyDesk::Look(const LobbyCommand& command) {
  if (!command.message.on) {
    onlookers_.erase(command.connection);
    return Reply(command, OkMessage("lobby", command.message.id));
  }
  onlookers_.insert(command.connection);
  Reply(command, LobbyMessage(lobby_, shared_.sessions()));
}

void LobbyDesk::JoinPool(const LobbyCommand& command) {
  const std::optional<Pairing> pairing =
      lobby_.JoinPool(SeekerOf(command), command.message.control);
  if (pairing.has_value()) return Begin(*pairing);
  Reply(command, WaitingMessage("pool", command.message.id, ""));
}

void LobbyDesk::Offer(const LobbyCommand& command) {
  const ClientMessage& message = command.message;
  const Terms terms{message.control, message.casual, message.color};
  const std::string code = message.type == ClientMessage::kSeek
                               ? lobby_.AddSeek(SeekerOf(command), terms)
                               : lobby_.OpenRoom(SeekerOf(command), terms);
  Reply(command, WaitingMessage(TypeName(message.type), message.id, code));
}

void LobbyDesk::Take(const LobbyCommand& command) {
  const ClientMessage& message = command.message;
  const std::variant<Pairing, Refusal> result =
      message.type == ClientMessage::kAccept
          ? lobby_.AcceptSeek(SeekerOf(command), message.seek)
          : lobby_.EnterRoom(SeekerOf(command), message.code);
  if (const Pairing* pairing = std::get_if<Pairing>(&result)) {
    return Begin(*pairing);
  }
  Refuse(command, std::get<Refusal>(result));
}

void LobbyDesk::PlayBot(const LobbyCommand& command) {
  const ClientMessage& message = command.message;
  if (shared_.bots() == nullptr) {
    return Refuse(command, {"no_bot", "no computer plays here"});
  }
  Begin(lobby_.PairWith(SeekerOf(command),
                        {message.control, true, message.color},
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
    return CannotBegin(
        game, {"too_many", absl::StrCat(player.name, " plays too many games")});
  }
  Begin(game);
  NoteChange();
}

void LobbyDesk::Begin(const NewGame& game) {
  // Counted from here on, however many are asked for before the first has begun.
  lobby_.AddGame(InfoOf(game.setup));
  const bool posted = shared_.Tell(
      shared_.Owner(game.setup.id),
      [game](GameThread& thread) { thread.rooms().Create(game); });
  if (posted) return;
  shared_.counters(loop_.thread()).posts_lost.Add();
  CannotBegin(game, {"busy", "no game can begin just now"});
}

void LobbyDesk::CannotBegin(const NewGame& game, const Refusal& refusal) {
  // At once: it is this thread.
  (void)shared_.Tell(loop_.thread(), [&](GameThread& here) {
    here.rooms().CannotBegin(game, refusal);
  });
}

void LobbyDesk::Welcome(ConnectionId connection, const Guest& guest) {
  courier_.Send(connection, WelcomeMessage(guest, lobby_.GamesOf(guest.id)));
}

void LobbyDesk::Leave(ConnectionId connection) {
  onlookers_.erase(connection);
  lobby_.Cancel(connection.bits());
  NoteChange();
}

void LobbyDesk::AddGame(const GameInfo& info) {
  lobby_.AddGame(info);
  NoteChange();
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
