// Random: a sequence that its seed repeats (splitmix64, Steele et al. 2014).
//
//   Random random(seed);
//   if (random.OneIn(3)) peers.erase(peers.begin() + random.Below(peers.size()));
#ifndef KINGPIN_TESTS_TESTING_RANDOM_H_
#define KINGPIN_TESTS_TESTING_RANDOM_H_

#include <cstdint>

namespace kingpin {
namespace testing {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t Next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  // 0 to n - 1.
  int Below(int n) { return static_cast<int>(Next() % n); }
  bool OneIn(int n) { return Below(n) == 0; }

 private:
  uint64_t state_;
};

}  // namespace testing
}  // namespace kingpin

#endif  // KINGPIN_TESTS_TESTING_RANDOM_H_
