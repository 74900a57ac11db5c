#include "kingpin/net/watch_list.h"

#include <sys/epoll.h>

#include "absl/strings/str_cat.h"
#include "kingpin/net/connection_id.h"
#include "kingpin/sys/syscalls.h"

namespace kingpin {

absl::StatusOr<WatchId> WatchList::Add(int epoll, int fd, uint32_t events,
                                       WatchCallback callback) {
  auto [name, watcher] = watches_.Emplace(Watcher{fd, std::move(callback)});
  int error = sys::EpollCtl(epoll, EPOLL_CTL_ADD, fd, events,
                            ConnectionId(kThread, name).bits());
  if (error == 0) return WatchId{name};
  watches_.Erase(name);
  return absl::ErrnoToStatus(error, absl::StrCat("watch descriptor ", fd));
}

absl::Status WatchList::Change(int epoll, WatchId id, uint32_t events) {
  Watcher* watcher = Find(id.name);
  if (watcher == nullptr) return absl::NotFoundError("this watch has ended");
  int error = sys::EpollCtl(epoll, EPOLL_CTL_MOD, watcher->fd, events,
                            ConnectionId(kThread, id.name).bits());
  return absl::ErrnoToStatus(
      error, absl::StrCat("change watch of descriptor ", watcher->fd));
}

void WatchList::End(int epoll, WatchId id) {
  Watcher* watcher = Find(id.name);
  if (watcher == nullptr) return;
  // Fails if the descriptor was closed first, and then epoll has let go of it.
  (void)sys::EpollCtl(epoll, EPOLL_CTL_DEL, watcher->fd, 0, 0);
  Forget(id);
}

void WatchList::Forget(WatchId id) {
  Watcher* watcher = Find(id.name);
  if (watcher == nullptr) return;
  watcher->ended = true;
  ended_.push_back(id.name);
}

void WatchList::Dispatch(SlotName name, uint32_t events) {
  Watcher* watcher = Find(name);
  if (watcher != nullptr) watcher->callback(events);
}

void WatchList::EraseEnded() {
  // What a callback holds may end further watches as it is destroyed.
  while (!ended_.empty()) {
    SlotName name = ended_.back();
    ended_.pop_back();
    watches_.Erase(name);
  }
}

void WatchList::Clear() {
  EraseEnded();
  watches_.ForEach([this](SlotName name, Watcher& watcher) {
    if (!watcher.ended) watches_.Erase(name);
  });
  EraseEnded();
}

WatchList::Watcher* WatchList::Find(SlotName name) {
  Watcher* watcher = watches_.Find(name);
  return watcher == nullptr || watcher->ended ? nullptr : watcher;
}

}  // namespace kingpin
