#include "apps/chinese_chess/server/courier.h"

#include <utility>

#include "absl/time/time.h"
#include "apps/chinese_chess/server/framing.h"
#include "apps/chinese_chess/server/game_thread.h"

namespace chinese_chess {
namespace {

using kingpin::ConnectionId;

constexpr absl::Duration kPostRetry = absl::Milliseconds(10);
// From then on messages are lost. Errands are not, however many they are.
constexpr size_t kMostLate = 1 << 14;

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
  const auto late = late_.find(to.thread());
  if (late != late_.end() && late->second.size() >= kMostLate) {
    shared_.counters(loop_.thread()).posts_lost.Add();
    return false;
  }
  TellSurely(to.thread(), [to, text = std::move(text)](GameThread& there) {
    there.courier().SendHere({to}, text);
  });
  return true;
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
  return TellLate(thread) && shared_.Tell(thread, std::move(errand));
}

void Courier::TellSurely(int thread, std::function<void(GameThread&)> errand) {
  if (Tell(thread, errand) || loop_.draining()) return;
  late_[thread].push_back(std::move(errand));
  RetryLater();
}

bool Courier::TellLate(int thread) {
  const auto found = late_.find(thread);
  if (found == late_.end()) return true;
  Late& errands = found->second;
  while (!errands.empty()) {
    if (!shared_.Tell(thread, errands.front())) return false;
    errands.pop_front();
  }
  late_.erase(found);
  return true;
}

void Courier::RetryLater() {
  if (std::exchange(retry_armed_, true)) return;
  loop_.RunAfter(kPostRetry, [this] { Retry(); });
}

void Courier::Retry() {
  retry_armed_ = false;
  for (int thread = 0; thread < shared_.threads(); ++thread) {
    if (TellLate(thread)) continue;
    if (loop_.draining()) {
      late_.erase(thread);
    } else {
      RetryLater();
    }
  }
}

}  // namespace chinese_chess
