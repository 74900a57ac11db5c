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

bool Courier::Send(ConnectionId to, std::string text) {
  if (to.thread() == loop_.thread()) {
    SendHere({to}, text);
    return true;
  }
  const bool posted =
      Tell(to.thread(), [to, text = std::move(text)](GameThread& there) {
        there.courier().SendHere({to}, text);
      });
  if (!posted) shared_.counters(loop_.thread()).posts_lost.Add();
  return posted;
}

void Courier::SendSurely(ConnectionId to, std::string text) {
  TellSurely(to.thread(), [to, text = std::move(text)](GameThread& there) {
    there.courier().SendHere({to}, text);
  });
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
    const bool posted = Tell(thread, [there, text](GameThread& game_thread) {
      game_thread.courier().SendHere(there, *text);
    });
    if (posted) continue;
    shared_.counters(loop_.thread()).posts_lost.Add();
    lost.insert(lost.end(), there.begin(), there.end());
  }
  return lost;
}

bool Courier::Tell(int thread, GameServerShared::Errand errand) {
  return !late_.contains(thread) && shared_.Tell(thread, std::move(errand));
}

void Courier::TellSurely(int thread, std::function<void(GameThread&)> errand) {
  if (Tell(thread, errand) || loop_.draining()) return;
  if (late_.empty()) TellLater();
  late_[thread].push_back(std::move(errand));
}

void Courier::TellLater() {
  loop_.RunAfter(kPostRetry, [this] { TellLate(); });
}

void Courier::TellLate() {
  absl::erase_if(late_, [this](auto& waiting) {
    auto& [thread, errands] = waiting;
    while (!errands.empty() && shared_.Tell(thread, errands.front())) {
      errands.pop_front();
    }
    return errands.empty() || loop_.draining();
  });
  if (!late_.empty()) TellLater();
}

}  // namespace chinese_chess
