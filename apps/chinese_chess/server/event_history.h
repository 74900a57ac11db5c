// The last events of one game, for those who come back.
//
// Every event of a game has a version, one more than that of the event before. Who lost
// the connection says the last version it has seen and gets what came after it; if that
// is no longer here, or of another time (versions of a restarted server begin anew,
// far above), it is to start from the whole state of the game.
//
// Events are immutable and shared: rings, sockets' threads and whoever resumes hold the
// same text.
//
// Threads: one at a time for each object; events may be read anywhere.
//
//   EventHistory history(64);
//   history.Add({.version = 7, .text = text});
//   std::vector<PublishedEvent> missed;
//   if (!history.After(5, &missed)) SendWholeState();
#ifndef APPS_CHINESE_CHESS_SERVER_EVENT_HISTORY_H_
#define APPS_CHINESE_CHESS_SERVER_EVENT_HISTORY_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/log/check.h"

namespace chinese_chess {

// To whom an event says what it says; others are told its version only, so that their
// numbering has no holes.
enum class Audience : uint8_t { kAll, kPlayers, kSpectators };

struct PublishedEvent {
  uint64_t version = 0;
  Audience audience = Audience::kAll;
  bool is_chat = false;  // Not for who wants none.
  // The message as it is sent. Shared by all that still have to send it.
  std::shared_ptr<const std::string> text;

  // Whether it is for such a member of the game, or only its version.
  bool IsFor(bool is_player, bool muted) const {
    if (is_chat && muted) return false;
    return audience == Audience::kAll ||
           (audience == Audience::kPlayers) == is_player;
  }
};

class EventHistory {
 public:
  explicit EventHistory(size_t most) : most_(most) {}

  // Its version follows that of the last.
  void Add(PublishedEvent event) {
    DCHECK(events_.empty() || event.version == events_.back().version + 1);
    if (events_.size() == most_) events_.pop_front();
    events_.push_back(std::move(event));
  }

  // Adds the events after `version` to `missed`. False, and nothing is added, if not
  // all of them are here.
  bool After(uint64_t version, std::vector<PublishedEvent>* missed) const {
    if (events_.empty()) return false;
    const uint64_t oldest = events_.front().version;
    if (version + 1 < oldest || version > events_.back().version) return false;
    missed->insert(missed->end(),
                   events_.begin() + static_cast<int64_t>(version + 1 - oldest),
                   events_.end());
    return true;
  }

 private:
  const size_t most_;
  std::deque<PublishedEvent> events_;
};

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_SERVER_EVENT_HISTORY_H_
