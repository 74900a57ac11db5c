#include "kingpin/net/slot_map.h"

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <stdexcept>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace kingpin {
namespace {

TEST(SlotMap, FindsWhatWasEmplacedAtAStableAddress) {
  SlotMap<int> map;
  auto [first, address] = map.Emplace(1);
  for (int i = 0; i < 1000; ++i) map.Emplace(i);
  EXPECT_EQ(map.Find(first), address);
  EXPECT_EQ(*address, 1);
  EXPECT_EQ(map.size(), 1001u);
}

TEST(SlotMap, StaleNameFindsNothingNotTheNextTenant) {
  SlotMap<int> map;
  SlotName old = map.Emplace(1).first;
  map.Erase(old);
  EXPECT_EQ(map.Find(old), nullptr);
  SlotName next = map.Emplace(2).first;
  EXPECT_EQ(next.index, old.index) << "slots are reused";
  EXPECT_EQ(map.Find(old), nullptr);
  EXPECT_EQ(*map.Find(next), 2);
}

TEST(SlotMap, NamesOfNothing) {
  SlotMap<int> map;
  EXPECT_EQ(map.Find(SlotName{}), nullptr);
  EXPECT_EQ(map.Find({12345, 1}), nullptr);
  map.Emplace(1);
  EXPECT_EQ(map.Find(SlotName{}), nullptr);
  EXPECT_EQ(map.Find({UINT32_MAX, 1}), nullptr);
}

TEST(SlotMap, GenerationZeroIsNeverInUse) {
  SlotMap<int> map;
  for (int i = 0; i < 1000; ++i) {
    SlotName name = map.Emplace(i).first;
    EXPECT_NE(name.generation, 0u);
    map.Erase(name);
  }
}

TEST(SlotMap, GivesTheNameToObjectsThatTakeIt) {
  struct Named {
    Named(SlotName n, int v) : name(n), value(v) {}
    SlotName name;
    int value;
  };
  SlotMap<Named> map;
  auto [name, object] = map.Emplace(5);
  EXPECT_EQ(object->name.index, name.index);
  EXPECT_EQ(object->name.generation, name.generation);
  EXPECT_EQ(object->value, 5);
}

TEST(SlotMap, ConstructorThatThrowsLeavesTheSlotFree) {
  struct Throwing {
    explicit Throwing(bool fail) {
      if (fail) throw std::runtime_error("no");
    }
  };
  SlotMap<Throwing> map;
  EXPECT_THROW(map.Emplace(true), std::runtime_error);
  EXPECT_EQ(map.size(), 0u);
  EXPECT_NE(map.Find(map.Emplace(false).first), nullptr);
  EXPECT_EQ(map.size(), 1u);
}

TEST(SlotMap, DestroysWhatItStillHolds) {
  auto token = std::make_shared<int>();
  {
    SlotMap<std::shared_ptr<int>> map;
    for (int i = 0; i < 100; ++i) map.Emplace(token);
    EXPECT_EQ(token.use_count(), 101);
  }
  EXPECT_EQ(token.use_count(), 1);
}

TEST(SlotMap, ForEachMayEraseAndAdd) {
  SlotMap<int> map;
  for (int i = 0; i < 200; ++i) map.Emplace(i);
  int visited = 0;
  map.ForEach([&](SlotName name, int& value) {
    ++visited;
    if (value % 2 == 0) map.Erase(name);
    if (value % 20 == 0) map.Emplace(1);
  });
  EXPECT_GE(visited, 200);
  EXPECT_EQ(map.size(), 110u);
}

TEST(SlotMap, AgreesWithAMapOfNames) {
  std::mt19937 random(7);
  SlotMap<int> map;
  std::map<std::pair<uint32_t, uint32_t>, int> live;
  std::vector<SlotName> dead;
  for (int i = 0; i < 50'000; ++i) {
    if (live.empty() || random() % 100 < 52) {
      SlotName name = map.Emplace(i).first;
      ASSERT_TRUE(
          live.emplace(std::pair(name.index, name.generation), i).second);
    } else {
      auto it = live.lower_bound({random() % 200, 0});
      if (it == live.end()) it = live.begin();
      SlotName name = {it->first.first, it->first.second};
      ASSERT_EQ(*map.Find(name), it->second);
      map.Erase(name);
      live.erase(it);
      dead.push_back(name);
    }
    ASSERT_EQ(map.size(), live.size());
    if (!dead.empty()) {
      ASSERT_EQ(map.Find(dead[random() % dead.size()]), nullptr);
    }
  }
}

}  // namespace
}  // namespace kingpin
