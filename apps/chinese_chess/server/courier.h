// Brings messages to connections, wherever they are: those of this thread are written
// to, those of others are posted to, once for each thread and message. And errands to
// threads, where one that is lost would leave somebody waiting for ever.
//
// Threads: a courier is its loop's. Lifetime: the loop and its WebSockets outlive it.
//
//   courier.Send(connection_id, text);             // One.
//   courier.SendAll(connection_ids, shared_text);  // Many, on many threads.
//   if (!courier.Tell(thread, errand)) Refuse("busy");
//   courier.TellSurely(thread, errand);
#ifndef APPS_CHINESE_CHESS_SERVER_COURIER_H_
#define APPS_CHINESE_CHESS_SERVER_COURIER_H_

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/types/span.h"
#include "apps/chinese_chess/server/game_server_shared.h"
#include "kingpin/http/websocket_host.h"
#include "kingpin/net/connection_id.h"
#include "kingpin/net/io_handler.h"

namespace chinese_chess {

class Courier {
 public:
  using Text = std::shared_ptr<const std::string>;

  Courier(GameServerShared* shared, kingpin::IOHandler* loop,
          kingpin::http::WebSocketHost* websockets)
      : shared_(*shared), loop_(*loop), websockets_(*websockets) {}

  // As TellSurely(). False: it is lost, and counted, for 16,384 wait for that thread.
  bool Send(kingpin::ConnectionId to, std::string text);
  // Those whose threads' mailboxes are full.
  std::vector<kingpin::ConnectionId> SendAll(
      absl::Span<const kingpin::ConnectionId> to, const Text& text);
  // To connections of this thread.
  void SendHere(absl::Span<const kingpin::ConnectionId> to,
                std::string_view text);
  // GameServerShared::Tell(), and never before what TellSurely() has put off.
  bool Tell(int thread, GameServerShared::Errand errand);
  // The same, said again while the mailbox is full; not once this thread drains, whose end
  // it must not put off.
  void TellSurely(int thread, std::function<void(GameThread&)> errand);

 private:
  using Late = std::deque<std::function<void(GameThread&)>>;

  // What waits for that thread. False: some of it still does.
  bool TellLate(int thread);
  void RetryLater();
  void Retry();
  GameServerShared& shared_;
  kingpin::IOHandler& loop_;
  kingpin::http::WebSocketHost& websockets_;
  // By thread, what found its mailbox full; a thread that nothing waits for has none.
  absl::flat_hash_map<int, Late> late_;
  bool retry_armed_ = false;
};

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_SERVER_COURIER_H_
