// SlotMap<T>: objects at stable addresses, named by an index and a generation.
//
// Freeing a slot moves its generation on, so a name that outlived its object
// finds nothing instead of the next tenant. Slots are reused last-in first-out,
// which keeps the touched memory small. Blocks of slots are not given back: the
// map stays as large as the most it ever held.
//
// Threads: loop thread only.
//
//   SlotMap<Timer> timers;
//   auto [name, timer] = timers.Emplace();
//   Timer* same = timers.Find(name);
//   timers.Erase(name);  // timers.Find(name) is null from now on.
#ifndef KINGPIN_NET_SLOT_MAP_H_
#define KINGPIN_NET_SLOT_MAP_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/log/check.h"

namespace kingpin {

// Names an object of a SlotMap. Generation 0 is never in use.
struct SlotName {
  uint32_t index = 0;
  uint32_t generation = 0;
};

template <typename T>
class SlotMap {
 public:
  SlotMap() = default;
  SlotMap(const SlotMap&) = delete;
  SlotMap& operator=(const SlotMap&) = delete;
  ~SlotMap() {
    ForEach([this](SlotName name, T&) { Erase(name); });
  }

  size_t size() const { return size_; }

  // Makes T(name, args...), or T(args...) if it does not take its name.
  template <typename... Args>
  std::pair<SlotName, T*> Emplace(Args&&... args) {
    if (free_ == kNone) AddBlock();
    uint32_t index = free_;
    Slot& slot = at(index);
    SlotName name = {index, slot.generation + 1};
    T* object;
    if constexpr (std::is_constructible_v<T, SlotName, Args...>) {
      object = new (&slot.storage) T(name, std::forward<Args>(args)...);
    } else {
      object = new (&slot.storage) T(std::forward<Args>(args)...);
    }
    // Only now: a constructor that throws leaves the slot free.
    free_ = slot.next_free;
    slot.generation = name.generation;
    ++size_;
    return {name, object};
  }

  // Null when it is gone.
  T* Find(SlotName name) {
    if (name.index >= blocks_.size() * kBlockSlots) return nullptr;
    Slot& slot = at(name.index);
    if (slot.generation != name.generation || !slot.live()) return nullptr;
    return slot.object();
  }

  // Has the processor bring the slot of `name`, whether or not it is still
  // there, to its cache.
  void Prefetch(SlotName name) {
    if (name.index >= blocks_.size() * kBlockSlots) return;
    const char* slot = reinterpret_cast<const char*>(&at(name.index));
    for (size_t i = 0; i < sizeof(Slot); i += 64) __builtin_prefetch(slot + i);
  }

  // The object must be there.
  void Erase(SlotName name) {
    Slot& slot = at(name.index);
    DCHECK(slot.live() && slot.generation == name.generation);
    // First, so that nothing its destructor does finds it again.
    ++slot.generation;
    slot.object()->~T();
    slot.next_free = std::exchange(free_, name.index);
    --size_;
  }

  // `function(name, object)` may erase any object and add new ones; those may
  // or may not be visited.
  template <typename Function>
  void ForEach(Function function) {
    for (uint32_t i = 0; i < blocks_.size() * kBlockSlots; ++i) {
      Slot& slot = at(i);
      if (slot.live()) function(SlotName{i, slot.generation}, *slot.object());
    }
  }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  static constexpr size_t kBlockSlots = 64;

  struct Slot {
    uint32_t generation = 0;  // Odd while an object lives here.
    uint32_t next_free = kNone;
    alignas(T) unsigned char storage[sizeof(T)];

    bool live() const { return (generation & 1) != 0; }
    T* object() { return std::launder(reinterpret_cast<T*>(&storage)); }
  };

  Slot& at(uint32_t index) {
    return blocks_[index / kBlockSlots][index % kBlockSlots];
  }

  void AddBlock() {
    blocks_.push_back(std::make_unique<Slot[]>(kBlockSlots));
    size_t first = (blocks_.size() - 1) * kBlockSlots;
    for (size_t i = kBlockSlots; i-- > 0;) {
      at(first + i).next_free = std::exchange(free_, first + i);
    }
  }

  std::vector<std::unique_ptr<Slot[]>> blocks_;
  uint32_t free_ = kNone;
  size_t size_ = 0;
};

}  // namespace kingpin

#endif  // KINGPIN_NET_SLOT_MAP_H_
