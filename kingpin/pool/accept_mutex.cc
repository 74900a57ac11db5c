#include "kingpin/pool/accept_mutex.h"

#include <cstddef>
#include <tuple>

namespace kingpin {
namespace {

// A thread that has been in one batch of handlers for this long is no place to
// send a connection that somebody waits for: an ordinary batch is far shorter.
constexpr absl::Duration kLongBatch = absl::Milliseconds(1);

}  // namespace

bool AcceptMutex::TryLock(int self) {
  int holder = holder_.load();
  if (holder == self) return true;
  if (!slots_[self]->accepting()) return false;
  // One that backs off found nobody to give the turn to: it is free.
  if (holder != kNobody && slots_[holder]->accepting()) return false;
  if (!holder_.compare_exchange_strong(holder, self)) return false;
  accepts_at_start_.store(slots_[self]->accepts());
  return true;
}

int AcceptMutex::Lightest(int self, bool asleep_only, MonotonicTime now) const {
  int best = kNobody;
  for (size_t i = 0; i < slots_.size(); ++i) {
    const ThreadSlot& slot = *slots_[i];
    if (static_cast<int>(i) == self || !slot.accepting()) continue;
    if (asleep_only ? !slot.asleep() : slot.StuckFor(kLongBatch, now)) continue;
    if (best == kNobody ||
        std::tuple(slot.load(), slot.accepts()) <
            std::tuple(slots_[best]->load(), slots_[best]->accepts())) {
      best = static_cast<int>(i);
    }
  }
  return best;
}

int AcceptMutex::Successor(int self, MonotonicTime now) const {
  const ThreadSlot& mine = *slots_[self];
  int lightest = Lightest(self, /*asleep_only=*/false, now);
  if (lightest == kNobody) return self;
  if (!mine.accepting()) return lightest;
  const ThreadSlot& other = *slots_[lightest];
  if (mine.load() > other.load() + margin_) return lightest;
  // Connections that close at once never show in the load; turns share them.
  bool turn_is_over =
      mine.accepts() - accepts_at_start_.load() >= kTurnAccepts &&
      other.accepts() < mine.accepts() && other.load() <= mine.load() &&
      other.asleep();
  return turn_is_over ? lightest : self;
}

bool AcceptMutex::HandOver(int self, int next) {
  if (!holder_.compare_exchange_strong(self, next)) return false;
  accepts_at_start_.store(slots_[next]->accepts());
  slots_[next]->Wake();
  return true;
}

void AcceptMutex::Release(int self) {
  holder_.compare_exchange_strong(self, kNobody);
}

void AcceptMutex::Rescue(absl::Duration limit, MonotonicTime now) {
  int holder = holder_.load();
  if (holder == kNobody || !slots_[holder]->StuckFor(limit, now)) return;
  int next = Lightest(holder, /*asleep_only=*/true, now);
  // Those that are awake and come round look at the holder each time.
  if (next == kNobody) next = Lightest(holder, /*asleep_only=*/false, now);
  if (next != kNobody) HandOver(holder, next);
}

}  // namespace kingpin
