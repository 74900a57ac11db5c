#include "kingpin/pool/draw_turns.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace kingpin {
namespace {

// A thread that has not drawn for long does not get all that it has missed.
constexpr int64_t kMaxLag = 2 * DrawTurns::kLead;

}  // namespace

void DrawTurns::Open(absl::Span<const std::unique_ptr<ThreadSlot>> slots) {
  slots_ = slots;
  threads_.assign(slots.size(), {});
}

void DrawTurns::Clear() { slots_ = {}; }

bool DrawTurns::Stuck(int thread, MonotonicTime now) const {
  if (slots_.empty()) return false;
  return slots_[thread]->StuckFor(stuck_after_, now);
}

bool DrawTurns::AnyStuck(MonotonicTime now) const {
  for (int i = 0; i < threads(); ++i) {
    if (Stuck(i, now)) return true;
  }
  return false;
}

bool DrawTurns::MayDraw(int thread, MonotonicTime now) const {
  const ThreadState& mine = threads_[thread];
  for (int i = 0; i < threads(); ++i) {
    const ThreadState& other = threads_[i];
    const bool too_heavy = mine.load - other.load >= load_margin_;
    const bool ahead =
        other.load <= mine.load && mine.turns - other.turns > kLead;
    if (i != thread && (too_heavy || ahead) && !Stuck(i, now)) return false;
  }
  return true;
}

ThreadSlot* DrawTurns::Next(MonotonicTime now) const {
  if (slots_.empty()) return nullptr;
  int next = -1;
  for (int i = 0; i < threads(); ++i) {
    if (Stuck(i, now)) continue;
    if (next < 0 || std::pair(threads_[i].load, threads_[i].turns) <
                        std::pair(threads_[next].load, threads_[next].turns)) {
      next = i;
    }
  }
  return next < 0 ? nullptr : slots_[next].get();
}

uint64_t DrawTurns::draws(int thread) const {
  return thread < threads() ? threads_[thread].draws : 0;
}

void DrawTurns::CountDraw(int thread) {
  ThreadState& state = threads_[thread];
  ++state.load;
  ++state.draws;
  ++state.turns;
  for (ThreadState& other : threads_) {
    other.turns = std::max(other.turns, state.turns - kMaxLag);
  }
}

std::string DrawTurns::DebugString() const {
  std::string text;
  for (const ThreadState& state : threads_) {
    absl::StrAppend(&text, text.empty() ? "" : "/", state.draws);
  }
  return text;
}

}  // namespace kingpin
