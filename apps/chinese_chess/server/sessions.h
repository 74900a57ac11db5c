// The sessions of one thread: what each connection says is read, held to its limits and
// passed on to whom it concerns.
//
//   open -- hello --> known -- join, pool, ... --> passed on
//     '--- anything else: refused; silence: closed
//
// Every session is asked now and then whether it is there: a WebSocket by a ping frame,
// which the browser answers, others by a message. The answer also measures the lag, for
// which nobody's word is taken: the smoothed round trip, for a move travels to its player
// and back while their clock runs. Who answers late on purpose gains little: what the
// kernel has measured, which its peer's kernel answers, is the bound of it.
//
// The front door hands over whole messages, however it has found them in the bytes.
//
// Threads: its loop's.
//
//   sessions.Open(connection);
//   sessions.OnText(connection, R"({"t":"hello"})");
//   sessions.Closed(connection);
#ifndef APPS_CHINESE_CHESS_SERVER_SESSIONS_H_
#define APPS_CHINESE_CHESS_SERVER_SESSIONS_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/node_hash_map.h"
#include "absl/time/time.h"
#include "apps/chinese_chess/server/client_message.h"
#include "apps/chinese_chess/server/courier.h"
#include "apps/chinese_chess/server/game_server_shared.h"
#include "apps/chinese_chess/server/identity.h"
#include "apps/chinese_chess/server/rate_limit.h"
#include "apps/chinese_chess/server/refusal.h"
#include "kingpin/net/connection.h"
#include "kingpin/net/connection_id.h"
#include "kingpin/net/io_handler.h"
#include "kingpin/sys/clock.h"

namespace chinese_chess {

class Sessions {
 public:
  Sessions(GameServerShared* shared, kingpin::IOHandler* loop,
           Courier* courier);

  void Open(kingpin::Connection& connection);
  void OnText(kingpin::Connection& connection, std::string_view text);
  // A message that is longer than kMaxMessageBytes: says so and closes.
  void OnBadFraming(kingpin::Connection& connection, std::string_view why);
  // The answer to a ping frame.
  void OnPulse(kingpin::Connection& connection, absl::Duration round_trip);
  void Closed(kingpin::Connection& connection);
  // There is no such game: it is none of those that the session follows.
  void NotJoined(kingpin::ConnectionId connection, const std::string& game);
  // The server is about to end.
  void SayGoodbye();

 private:
  struct Session {
    Session(kingpin::ConnectionId connection, int messages);

    kingpin::ConnectionId id;
    std::optional<Guest> guest;
    RateLimit credits;
    RateLimit pings;
    RateLimit chat;
    std::vector<std::string> followed;  // Ids of games.
    bool in_lobby = false;              // The lobby knows of it.
    kingpin::MonotonicTime opened;
    kingpin::MonotonicTime heard;
    kingpin::MonotonicTime pinged;
    int64_t ping_number = 0;  // Of the one that is not answered; 0: none.
    std::optional<absl::Duration> lag;
  };

  kingpin::MonotonicTime now() const { return shared_.clock().Now(); }
  GameCounters& counters() { return shared_.counters(loop_.thread()); }

  bool MayGoOn(kingpin::Connection& connection, Session& session,
               const ClientMessage& message);
  void Dispatch(Session& session, ClientMessage message);
  // What the archive, the lobby or a game answers.
  void PassOn(Session& session, ClientMessage message);
  MaybeRefused SayHello(Session& session, const ClientMessage& message);
  void TakePong(Session& session, int64_t n);
  void MeasureLag(Session& session, absl::Duration round_trip);
  void TellRoom(Session& session, ClientMessage message);
  void Chat(Session& session, ClientMessage message);
  MaybeRefused Follow(Session& session, const std::string& game);
  void Unfollow(Session& session, const ClientMessage& message);
  void LeaveRoom(const std::string& game, kingpin::ConnectionId connection);
  void LeaveLobby(kingpin::ConnectionId connection);
  void TellLobby(Session& session, ClientMessage message);
  void AskArchive(Session& session, const ClientMessage& message);
  Player PlayerOf(const Session& session) const;
  void Refuse(const Session& session, const ClientMessage& message,
              const Refusal& refusal);
  // What was to be passed on found the mailbox full.
  void RefuseLost(const Session& session, ClientMessage::Type type,
                  std::string_view id);

  void Ping(Session& session);
  void ArmPings();
  void SendPings();
  void LookAfter(Session& session);
  void HangUpOn(const Session& session, std::string_view why);

  GameServerShared& shared_;
  kingpin::IOHandler& loop_;
  Courier& courier_;
  const GameServerOptions& options_;
  absl::node_hash_map<kingpin::ConnectionId, Session> sessions_;
  // When each is looked after next, in that order: all wait equally long.
  std::deque<std::pair<kingpin::MonotonicTime, kingpin::ConnectionId>> due_;
  bool pings_armed_ = false;
};

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_SERVER_SESSIONS_H_
