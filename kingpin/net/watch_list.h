// WatchList: descriptors of others that a loop waits for, each with a callback.
//
// A callback may change or end any watch, its own too, and so may the
// destructors of what callbacks hold: a watch that has ended is only forgotten
// in EraseEnded(), which the loop calls when no callback runs.
//
// Threads: loop thread only.
// Lifetime: the epoll outlives the list; descriptors stay the caller's.
//
//   WatchList watches;
//   absl::StatusOr<WatchId> id = watches.Add(epoll, fd, EPOLLIN, callback);
//   watches.Dispatch(ConnectionId(event.data.u64).name(), event.events);
//   watches.End(epoll, *id);
//   watches.EraseEnded();
#ifndef KINGPIN_NET_WATCH_LIST_H_
#define KINGPIN_NET_WATCH_LIST_H_

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kingpin/net/slot_map.h"

namespace kingpin {

// Names a watch; a default one names nothing.
struct WatchId {
  SlotName name;
};

using WatchCallback = absl::AnyInvocable<void(uint32_t events)>;

class WatchList {
 public:
  // The thread number in the epoll data (connection_id.h) of watches: no loop
  // has it.
  static constexpr int kThread = 1022;

  absl::StatusOr<WatchId> Add(int epoll, int fd, uint32_t events,
                              WatchCallback callback);
  absl::Status Change(int epoll, WatchId id, uint32_t events);
  void End(int epoll, WatchId id);
  // Ends it and leaves the descriptor in the epoll, for whoever registers it
  // anew (EPOLL_CTL_MOD).
  void Forget(WatchId id);

  // An event of the watch `name`, which may have ended since.
  void Dispatch(SlotName name, uint32_t events);

  void EraseEnded();
  // Forgets all of them.
  void Clear();
  size_t size() const { return watches_.size(); }

 private:
  struct Watcher {
    int fd;
    WatchCallback callback;
    bool ended = false;
  };

  // Null if it has ended.
  Watcher* Find(SlotName name);

  SlotMap<Watcher> watches_;
  std::vector<SlotName> ended_;
};

}  // namespace kingpin

#endif  // KINGPIN_NET_WATCH_LIST_H_
