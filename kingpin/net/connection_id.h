// ConnectionId: the only thing another thread may hold of a connection.
//
// It names a connection of one run for ever: when that connection is gone, sends
// and closes addressed to its id do nothing and are counted
// (LoopStats::stale_ids), and no later connection answers to it. The same 64
// bits are the connection's epoll data, so no event reaches a connection that
// did not register for it.
//
//    63          32 31       22 21            0
//   |  generation  |  thread   |  slot index   |
//
// Threads: a value. Send, Close and With are safe from any thread; they post to
// the connection's loop, in order with other posts of the calling thread.
//
//   ConnectionId player = connection.id();
//   // Later, anywhere:
//   Send(shared, player, "your move\n");
#ifndef KINGPIN_NET_CONNECTION_ID_H_
#define KINGPIN_NET_CONNECTION_ID_H_

#include <compare>
#include <cstdint>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/strings/str_cat.h"
#include "kingpin/net/slot_map.h"
#include "kingpin/pool/thread_shared_data.h"

namespace kingpin {

class Connection;

class ConnectionId {
 public:
  // Names no connection.
  constexpr ConnectionId() = default;
  constexpr explicit ConnectionId(uint64_t bits) : bits_(bits) {}
  constexpr ConnectionId(int thread, SlotName name)
      : bits_(static_cast<uint64_t>(name.generation) << 32 |
              static_cast<uint64_t>(thread) << 22 | name.index) {}

  constexpr uint64_t bits() const { return bits_; }
  constexpr int thread() const { return bits_ >> 22 & 0x3ff; }
  constexpr SlotName name() const {
    return {static_cast<uint32_t>(bits_ & kMaxIndex),
            static_cast<uint32_t>(bits_ >> 32)};
  }
  constexpr bool valid() const { return bits_ >> 32 != 0; }

  friend auto operator<=>(ConnectionId, ConnectionId) = default;
  template <typename H>
  friend H AbslHashValue(H h, ConnectionId id) {
    return H::combine(std::move(h), id.bits_);
  }
  template <typename Sink>
  friend void AbslStringify(Sink& sink, ConnectionId id) {
    sink.Append(absl::StrCat(id.thread(), "/", id.name().index, ".",
                             id.name().generation));
  }

  static constexpr uint32_t kMaxIndex = (1 << 22) - 1;

 private:
  uint64_t bits_ = 0;
};

// Each is false, and nothing happens, when the loop's mailbox is full (65,536
// posts wait in it) or the loop has ended. True says that it was posted, not
// that the connection was still there.
[[nodiscard]] bool Send(ThreadSharedData& shared, ConnectionId id,
                        std::string data);
// Connection::Close(): what was written before is still sent.
[[nodiscard]] bool Close(ThreadSharedData& shared, ConnectionId id);
// Runs `function` with the connection on its loop, if it is still open.
[[nodiscard]] bool With(ThreadSharedData& shared, ConnectionId id,
                        absl::AnyInvocable<void(Connection&) &&> function);

}  // namespace kingpin

#endif  // KINGPIN_NET_CONNECTION_ID_H_
