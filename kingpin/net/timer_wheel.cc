#include "kingpin/net/timer_wheel.h"

#include <algorithm>
#include <bit>

namespace kingpin {

void TimerWheel::List::PushBack(TimerNode& node) {
  node.prev_ = prev_;
  node.next_ = this;
  prev_->next_ = &node;
  prev_ = &node;
}

void TimerWheel::Arm(TimerNode& node, uint64_t tick) {
  if (node.armed()) Unlink(node);
  node.tick_ = std::max(tick, now_ + 1);
  Link(node);
}

void TimerWheel::Cancel(TimerNode& node) {
  if (!node.armed()) return;
  Unlink(node);
  node.tick_ = TimerNode::kNever;
}

TimerNode* TimerWheel::PopDue(uint64_t tick) {
  while (due_.empty()) {
    Expiry next = NextExpiry();
    if (next.tick > tick || next.tick == TimerNode::kNever) {
      now_ = std::max(now_, tick);
      return nullptr;
    }
    now_ = next.tick;
    SortSlot(next.level, next.slot);
  }
  TimerNode& node = due_.front();
  Cancel(node);
  return &node;
}

uint64_t TimerWheel::NextTick() const {
  return due_.empty() ? NextExpiry().tick : now_;
}

void TimerWheel::Link(TimerNode& node) {
  if (node.tick_ <= now_) {
    node.level_ = TimerNode::kDueLevel;
    due_.PushBack(node);
    return;
  }
  // The highest digit that differs from now_.
  node.level_ = (std::bit_width(node.tick_ ^ now_) - 1) / kBits;
  node.slot_ = (node.tick_ >> (node.level_ * kBits)) % kSlots;
  Level& level = levels_[node.level_];
  level.slots[node.slot_].PushBack(node);
  level.occupied |= uint64_t{1} << node.slot_;
}

void TimerWheel::Unlink(TimerNode& node) {
  node.prev_->next_ = node.next_;
  node.next_->prev_ = node.prev_;
  node.prev_ = node.next_ = nullptr;
  if (node.level_ == TimerNode::kDueLevel) return;
  Level& level = levels_[node.level_];
  if (level.slots[node.slot_].empty()) {
    level.occupied &= ~(uint64_t{1} << node.slot_);
  }
}

TimerWheel::Expiry TimerWheel::NextExpiry() const {
  for (int i = 0; i < kLevels; ++i) {
    if (levels_[i].occupied == 0) continue;
    // What is in this level agrees with now_ in all higher digits and is ahead
    // of it in this one, so the lowest bit comes first, and before anything in
    // a higher level.
    int slot = std::countr_zero(levels_[i].occupied);
    int shift = i * kBits;
    uint64_t higher =
        shift + kBits < 64 ? now_ >> (shift + kBits) << (shift + kBits) : 0;
    return {i, slot, higher | static_cast<uint64_t>(slot) << shift};
  }
  return {-1, 0, TimerNode::kNever};
}

void TimerWheel::SortSlot(int level, int slot) {
  List& list = levels_[level].slots[slot];
  while (!list.empty()) {
    TimerNode& node = list.front();
    Unlink(node);
    Link(node);
  }
}

}  // namespace kingpin
