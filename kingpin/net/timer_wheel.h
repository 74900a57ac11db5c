// TimerWheel: any number of timers, armed, moved and cancelled in O(1).
//
// Levels of 64 slots; a slot of level k spans 64^k ticks. A timer sits in the
// level of the highest 6-bit digit in which its tick differs from the present
// one, and moves down when that digit comes round (Varghese and Lauck, "Hashed
// and hierarchical timing wheels", 1987, scheme 7). A tick is a millisecond,
// epoll_wait's own unit; eleven levels hold every 64-bit tick.
//
// Timers are nodes embedded in their owners: the wheel allocates nothing.
//
// Threads: loop thread only.
// Lifetime: a node is cancelled or fired before it is destroyed (checked).
//
//   TimerWheel wheel;
//   TimerNode node(TimerNode::kConnection);
//   wheel.Arm(node, wheel.now() + 250);
//   while (TimerNode* due = wheel.PopDue(tick)) Fire(*due);
#ifndef KINGPIN_NET_TIMER_WHEEL_H_
#define KINGPIN_NET_TIMER_WHEEL_H_

#include <array>
#include <cstdint>

#include "absl/log/check.h"

namespace kingpin {

class TimerNode {
 public:
  // Whose member the node is, for whoever pops it.
  enum Kind : uint8_t { kConnection, kTask };
  static constexpr uint64_t kNever = UINT64_MAX;

  explicit TimerNode(Kind kind) : kind_(kind) {}
  TimerNode(const TimerNode&) = delete;
  TimerNode& operator=(const TimerNode&) = delete;
  ~TimerNode() { DCHECK(!armed()); }

  Kind kind() const { return kind_; }
  bool armed() const { return next_ != nullptr; }
  // The tick it fires at; kNever while it is not armed.
  uint64_t tick() const { return tick_; }

 private:
  friend class TimerWheel;
  static constexpr uint8_t kDueLevel = 255;

  TimerNode* prev_ = nullptr;
  TimerNode* next_ = nullptr;
  uint64_t tick_ = kNever;
  Kind kind_;
  uint8_t level_ = 0;
  uint8_t slot_ = 0;
};

class TimerWheel {
 public:
  TimerWheel() = default;
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  // The tick that PopDue has come to.
  uint64_t now() const { return now_; }

  // Arms or moves `node`. A tick that has passed counts as now() + 1, so that a
  // timer which re-arms itself cannot hold PopDue for ever.
  void Arm(TimerNode& node, uint64_t tick);
  // A no-op if it is not armed. Also legal for a node that is due and waits to
  // be popped.
  void Cancel(TimerNode& node);

  // Advances towards `tick` and takes out one node that is due by then; null
  // when there are none and now() has become `tick`.
  TimerNode* PopDue(uint64_t tick);

  // No timer fires before this tick; kNever without timers. It may be early by
  // less than the span of a slot: the wheel then has to sort that slot.
  uint64_t NextTick() const;

 private:
  static constexpr int kBits = 6;
  static constexpr int kSlots = 1 << kBits;
  static constexpr int kLevels = 11;  // 11 * 6 bits >= 64.

  // A circular list: the sentinel is its head.
  struct List : TimerNode {
    List() : TimerNode(kTask) { prev_ = next_ = this; }
    ~List() { prev_ = next_ = nullptr; }
    bool empty() const { return next_ == this; }
    TimerNode& front() { return *next_; }
    void PushBack(TimerNode& node);
  };
  struct Level {
    std::array<List, kSlots> slots;
    uint64_t occupied = 0;  // Bit i: slots[i] is not empty.
  };
  // The slot that comes round next, and when; kNever if there is none.
  struct Expiry {
    int level;
    int slot;
    uint64_t tick;
  };

  void Link(TimerNode& node);
  void Unlink(TimerNode& node);
  Expiry NextExpiry() const;
  // Its nodes to lower levels, or to `due_`.
  void SortSlot(int level, int slot);

  uint64_t now_ = 0;
  std::array<Level, kLevels> levels_;
  List due_;
};

}  // namespace kingpin

#endif  // KINGPIN_NET_TIMER_WHEEL_H_
