#include "apps/chinese_chess/server/courier.h"

#include <utility>

#include "absl/time/time.h"
#include "apps/chinese_chess/server/framing.h"
#include "apps/chinese_chess/server/game_thread.h"

namespace chinese_chess {
namespace {

using kingpin::ConnectionId;

constexpr absl::Duration kPostRetry = absl::Milliseconds(10);

}  // namespace

void Courier::SendHere(absl::Span<const ConnectionId> to,
                       std::string_view text) {
  Broadcast broadcast(text, &websockets_);
  for (const ConnectionId id : to) {
    loop_.RunWith(id, [&](kingpin::Connection& connection) {
      if (to.size() == 1) return WriteMessage(connection, text);
      broadcast.WriteTo(connection);
    });
  }
}

void Courier::Send(ConnectionId to, std::string text) {
  if (to.thread() == loop_.thread()) return SendHere({to}, text);
  const bool posted = shared_.Tell(
      to.thread(), [to, text = std::move(text)](GameThread& there) {
        there.courier().SendHere({to}, text);
      });
  if (!posted) shared_.counters(loop_.thread()).posts_lost.Add();
}

std::vector<ConnectionId> Courier::SendAll(absl::Span<const ConnectionId> to,
                                           const Text& text) {
  std::vector<ConnectionId> lost;
  std::vector<ConnectionId> left(to.begin(), to.end());
  while (!left.empty()) {
    const int thread = left.front().thread();
    std::vector<ConnectionId> there;
    std::erase_if(left, [&](ConnectionId id) {
      if (id.thread() != thread) return false;
      there.push_back(id);
      return true;
    });
    if (thread == loop_.thread()) {
      SendHere(there, *text);
      continue;
    }
    const bool posted =
        shared_.Tell(thread, [there, text](GameThread& game_thread) {
          game_thread.courier().SendHere(there, *text);
        });
    if (posted) continue;
    shared_.counters(loop_.thread()).posts_lost.Add();
    lost.insert(lost.end(), there.begin(), there.end());
  }
  return lost;
}

void Courier::TellSurely(int thread, std::function<void(GameThread&)> errand) {
  if (shared_.Tell(thread, errand) || loop_.draining()) return;
  loop_.RunAfter(kPostRetry, [this, thread, errand = std::move(errand)] {
    TellSurely(thread, errand);
  });
}

}  // namespace chinese_chess
