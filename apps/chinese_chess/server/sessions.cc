#include "apps/chinese_chess/server/sessions.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "apps/chinese_chess/server/archive_answers.h"
#include "apps/chinese_chess/server/bot_player.h"
#include "apps/chinese_chess/server/framing.h"
#include "apps/chinese_chess/server/game_thread.h"
#include "apps/chinese_chess/server/server_message.h"
#include "kingpin/http/websocket.h"
#include "kingpin/http/websocket_host.h"

namespace chinese_chess {
namespace {

namespace http = kingpin::http;
using kingpin::Connection;
using kingpin::ConnectionId;
using kingpin::MonotonicTime;

constexpr absl::Duration kCreditPeriod = absl::Seconds(20);
// Pings and pongs are free as far as anybody needs.
constexpr int kPings = 40;
// What one says; a game has limits of its own for what all say.
constexpr int kChatLines = 5;
constexpr absl::Duration kChatPeriod = absl::Seconds(10);

// What a message costs of the session's credits.
int CostOf(ClientMessage::Type type) {
  switch (type) {
    case ClientMessage::kHistory:
    case ClientMessage::kRecord:
    case ClientMessage::kGames:
      return 5;
    case ClientMessage::kHello:
    case ClientMessage::kLobby:
    case ClientMessage::kSeek:
    case ClientMessage::kRoom:
    case ClientMessage::kEnter:
    case ClientMessage::kBot:
      return 2;
    default:
      return 1;
  }
}

// For a browser to come to it; a page is busy now and then.
constexpr absl::Duration kAnswerTime = absl::Milliseconds(150);

// What a round trip may take that is not made longer on purpose. Without a bound where
// there is no TCP; behind a proxy it is of the way to that.
absl::Duration LongestRoundTrip(int fd) {
  tcp_info info = {};
  socklen_t size = sizeof(info);
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) {
    return absl::InfiniteDuration();
  }
  return absl::Microseconds(info.tcpi_rtt) + kAnswerTime;
}

bool IsPing(const ClientMessage& message) {
  return message.type == ClientMessage::kPing ||
         message.type == ClientMessage::kPong;
}

}  // namespace

Sessions::Session::Session(ConnectionId connection, int messages)
    : id(connection),
      credits(messages, kCreditPeriod),
      pings(kPings, kCreditPeriod),
      chat(kChatLines, kChatPeriod) {}

Sessions::Sessions(GameServerShared* shared, kingpin::IOHandler* loop,
                   Courier* courier)
    : shared_(*shared),
      loop_(*loop),
      courier_(*courier),
      options_(shared->game_options()) {}

void Sessions::Open(Connection& connection) {
  const auto [session, inserted] =
      sessions_.try_emplace(connection.id(), connection.id(), options_.credits);
  session->second.opened = session->second.heard = now();
  due_.emplace_back(now() + options_.ping_every, connection.id());
  counters().sessions.store(sessions_.size());
  ArmPings();
}

void Sessions::Closed(Connection& connection) {
  const auto found = sessions_.find(connection.id());
  if (found == sessions_.end()) return;
  Session& session = found->second;
  for (const std::string& game : session.followed) {
    LeaveRoom(game, session.id);
  }
  if (session.in_lobby) LeaveLobby(session.id);
  sessions_.erase(found);
  counters().sessions.store(sessions_.size());
}

void Sessions::SayGoodbye() {
  for (const auto& [id, session] : sessions_) {
    courier_.Send(id, R"({"t":"restart"})");
  }
}

// --- Reading -----------------------------------------------------------------------------

void Sessions::OnText(Connection& connection, std::string_view text) {
  const auto found = sessions_.find(connection.id());
  if (found == sessions_.end() || connection.closing()) return;
  Session& session = found->second;
  session.heard = now();
  counters().messages.Add();
  ClientMessage message;
  const absl::Status status = ParseClientMessage(text, &message);
  if (!MayGoOn(connection, session, message)) return;
  if (status.ok()) return Dispatch(session, std::move(message));
  counters().refused.Add();
  courier_.Send(session.id,
                ErrorMessage("", message.id,
                             {"bad_message", std::string(status.message())}));
}

// Also what is no message costs: it is the parser's time that the limit protects.
bool Sessions::MayGoOn(Connection& connection, Session& session,
                       const ClientMessage& message) {
  RateLimit& limit = IsPing(message) ? session.pings : session.credits;
  if (limit.Take(now(), IsPing(message) ? 1 : CostOf(message.type))) {
    return true;
  }
  counters().rate_limited.Add();
  courier_.Send(
      session.id,
      ErrorMessage("", message.id, {"too_fast", "too many messages; goodbye"}));
  HangUp(connection, "too many messages");
  return false;
}

void Sessions::OnBadFraming(Connection& connection, std::string_view why) {
  if (connection.closing()) return;
  counters().refused.Add();
  courier_.Send(connection.id(),
                ErrorMessage("", "", {"bad_message", std::string(why)}));
  HangUp(connection, why);
}

void Sessions::Refuse(const Session& session, const ClientMessage& message,
                      const Refusal& refusal) {
  counters().refused.Add();
  courier_.Send(session.id,
                ErrorMessage(TypeName(message.type), message.id, refusal));
}

void Sessions::RefuseLost(const Session& session, ClientMessage::Type type,
                          std::string_view id) {
  counters().posts_lost.Add();
  courier_.Send(session.id,
                ErrorMessage(TypeName(type), id, {"busy", "say that again"}));
}

void Sessions::Dispatch(Session& session, ClientMessage message) {
  switch (message.type) {
    case ClientMessage::kPing:
      courier_.Send(session.id, PongMessage(message.n));
      return;
    case ClientMessage::kPong:
      return TakePong(session, message.n);
    case ClientMessage::kHello:
      if (MaybeRefused refused = SayHello(session, message)) {
        Refuse(session, message, *refused);
      }
      return;
    case ClientMessage::kStats:
      courier_.Send(session.id, shared_.StatsJson());
      return;
    default:
      break;
  }
  if (!session.guest.has_value()) {
    return Refuse(session, message, {"hello_first", "say hello first"});
  }
  PassOn(session, std::move(message));
}

void Sessions::PassOn(Session& session, ClientMessage message) {
  switch (message.type) {
    case ClientMessage::kHistory:
    case ClientMessage::kRecord:
      return AskArchive(session, message);
    case ClientMessage::kLobby:
    case ClientMessage::kPool:
    case ClientMessage::kSeek:
    case ClientMessage::kAccept:
    case ClientMessage::kRoom:
    case ClientMessage::kEnter:
    case ClientMessage::kBot:
    case ClientMessage::kCancel:
    case ClientMessage::kGames:
      return TellLobby(session, std::move(message));
    case ClientMessage::kLeave:
      return Unfollow(session, message);
    case ClientMessage::kChat:
      return Chat(session, std::move(message));
    default:
      return TellRoom(session, std::move(message));
  }
}

MaybeRefused Sessions::SayHello(Session& session,
                                const ClientMessage& message) {
  if (session.guest.has_value()) {
    return Refusal{"already", "you have said hello"};
  }
  if (!message.name.empty() && !IsGoodName(message.name)) {
    return Refusal{"bad_name",
                   absl::StrCat("a name has 1 to ", kMaxNameCharacters,
                                " characters that can be seen")};
  }
  if (IsLikeABotsName(message.name)) {
    return Refusal{"bad_name", "that is what the computer is called"};
  }
  std::optional<Guest> guest =
      message.token.empty() ? shared_.identity().NewGuest()
                            : shared_.identity().Recognize(message.token);
  if (!guest.has_value()) {
    return Refusal{"bad_token",
                   "this server has not made that token; say hello without"};
  }
  if (!message.name.empty()) guest->name = message.name;
  session.guest = guest;
  Ping(session);
  const bool posted = courier_.Tell(
      GameServerShared::kLobbyThread,
      [id = session.id, guest = *std::move(guest)](GameThread& thread) {
        thread.lobby().Welcome(id, guest);
      });
  if (posted) return std::nullopt;
  session.guest.reset();  // So that it can be said again.
  return Refusal{"busy", "the server is busy"};
}

Player Sessions::PlayerOf(const Session& session) const {
  return {session.guest->id, session.guest->name};
}

// --- Passing on --------------------------------------------------------------------------

MaybeRefused Sessions::Follow(Session& session, const std::string& game) {
  std::vector<std::string>& followed = session.followed;
  if (std::find(followed.begin(), followed.end(), game) != followed.end()) {
    return std::nullopt;
  }
  if (followed.size() == options_.max_followed) {
    return Refusal{"too_many", "you follow too many games: leave one"};
  }
  followed.push_back(game);
  return std::nullopt;
}

// Before it comes to the game, whose spectators have one limit together.
void Sessions::Chat(Session& session, ClientMessage message) {
  const std::vector<std::string>& followed = session.followed;
  if (std::find(followed.begin(), followed.end(), message.game) ==
      followed.end()) {
    return Refuse(session, message, {"no_game", "you do not follow that game"});
  }
  if (!session.chat.Take(now())) {
    return Refuse(session, message, {"too_fast", "slow down"});
  }
  TellRoom(session, std::move(message));
}

void Sessions::TellRoom(Session& session, ClientMessage message) {
  if (message.type == ClientMessage::kJoin) {
    if (MaybeRefused refused = Follow(session, message.game)) {
      return Refuse(session, message, *refused);
    }
  }
  const int owner = shared_.Owner(message.game);
  const ClientMessage::Type type = message.type;
  const std::string id = message.id;
  RoomCommand command{session.id, PlayerOf(session), std::move(message),
                      session.lag.value_or(absl::ZeroDuration())};
  const bool posted =
      courier_.Tell(owner, [command = std::move(command)](GameThread& thread) {
        thread.rooms().Handle(command);
      });
  if (!posted) RefuseLost(session, type, id);
}

void Sessions::NotJoined(ConnectionId connection, const std::string& game) {
  const auto found = sessions_.find(connection);
  if (found == sessions_.end()) return;
  std::erase(found->second.followed, game);
}

void Sessions::Unfollow(Session& session, const ClientMessage& message) {
  if (std::erase(session.followed, message.game) == 0) {
    return Refuse(session, message, {"no_game", "you do not follow that game"});
  }
  LeaveRoom(message.game, session.id);
  courier_.Send(session.id, OkMessage("leave", message.id));
}

// A player whom the game took for present would keep the other waiting: it must get there.
void Sessions::LeaveRoom(const std::string& game, ConnectionId connection) {
  courier_.TellSurely(shared_.Owner(game),
                      [game, connection](GameThread& thread) {
                        thread.rooms().Leave(game, connection);
                      });
}

void Sessions::LeaveLobby(ConnectionId connection) {
  courier_.TellSurely(
      GameServerShared::kLobbyThread,
      [connection](GameThread& thread) { thread.lobby().Leave(connection); });
}

void Sessions::TellLobby(Session& session, ClientMessage message) {
  session.in_lobby = true;
  const ClientMessage::Type type = message.type;
  const std::string id = message.id;
  LobbyCommand command{session.id, PlayerOf(session), std::move(message)};
  const bool posted =
      courier_.Tell(GameServerShared::kLobbyThread,
                    [command = std::move(command)](GameThread& thread) {
                      thread.lobby().Handle(command);
                    });
  if (!posted) RefuseLost(session, type, id);
}

// The archive's thread answers to the connection's mailbox.
void Sessions::AskArchive(Session& session, const ClientMessage& message) {
  Archive* archive = shared_.archive();
  if (archive == nullptr) {
    return Refuse(session, message, {"no_archive", "no games are kept here"});
  }
  const bool asked = archive->Ask(
      [shared = &shared_, to = session.id, message,
       mine = message.mine ? session.guest->id : ""](GameStore& store) {
        std::string answer = AnswerFromArchive(store, message, mine);
        // Who has gone or is drowned in messages does without.
        shared->Tell(to.thread(),
                     [to, answer = std::move(answer)](GameThread& thread) {
                       thread.courier().SendHere({to}, answer);
                     });
      });
  if (!asked) Refuse(session, message, {"busy", "the archive is busy"});
}

// --- Being there -------------------------------------------------------------------------

void Sessions::Ping(Session& session) {
  Connection* connection = loop_.Find(session.id);
  if (connection == nullptr) return;
  if (http::WebSocket* socket = http::WebSocketHost::Find(*connection)) {
    return socket->Ping();
  }
  session.pinged = now();
  // A number that the client cannot know beforehand, so that it cannot answer early.
  session.ping_number =
      static_cast<int64_t>(now().nanos ^ session.id.bits()) & 0x7fffffff;
  if (session.ping_number == 0) session.ping_number = 1;
  courier_.Send(session.id, PingMessage(session.ping_number));
}

void Sessions::TakePong(Session& session, int64_t n) {
  if (session.ping_number == 0 || n != session.ping_number) return;
  session.ping_number = 0;
  MeasureLag(session, now() - session.pinged);
}

void Sessions::OnPulse(Connection& connection, absl::Duration round_trip) {
  const auto found = sessions_.find(connection.id());
  if (found == sessions_.end()) return;
  found->second.heard = now();
  MeasureLag(found->second, round_trip);
}

void Sessions::MeasureLag(Session& session, absl::Duration round_trip) {
  if (const Connection* connection = loop_.Find(session.id)) {
    round_trip = std::min(round_trip, LongestRoundTrip(connection->fd()));
  }
  session.lag = session.lag.has_value() ? *session.lag * 0.9 + round_trip * 0.1
                                        : round_trip;
}

void Sessions::ArmPings() {
  if (pings_armed_ || due_.empty()) return;
  pings_armed_ = true;
  loop_.RunAfter(std::max(due_.front().first - now(), absl::ZeroDuration()),
                 [this] { SendPings(); });
}

void Sessions::SendPings() {
  pings_armed_ = false;
  while (!due_.empty() && due_.front().first <= now()) {
    const ConnectionId id = due_.front().second;
    due_.pop_front();
    const auto found = sessions_.find(id);
    if (found != sessions_.end()) LookAfter(found->second);
  }
  ArmPings();
}

void Sessions::HangUpOn(const Session& session, std::string_view why) {
  counters().silent.Add();
  courier_.Send(
      session.id,
      ErrorMessage("", "", {"silent", absl::StrCat(why, "; goodbye")}));
  loop_.RunWith(session.id,
                [why](Connection& connection) { HangUp(connection, why); });
}

void Sessions::LookAfter(Session& session) {
  const bool known = session.guest.has_value();
  const MonotonicTime since = known ? session.heard : session.opened;
  // Who is not pinged is idle to the loop, which would close it without a word.
  const absl::Duration patience =
      known ? options_.silent : options_.silent - options_.ping_every;
  if (now() - since >= patience) {
    return HangUpOn(session, known ? "nothing heard" : "no hello heard");
  }
  if (known) Ping(session);
  due_.emplace_back(now() + options_.ping_every, session.id);
}

}  // namespace chinese_chess
