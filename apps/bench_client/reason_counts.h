// How often something went wrong, by why. The reasons come from what servers do, so
// there may be any number of them: from the 33rd on they are "other reasons".
//
//   ReasonCounts failures;
//   failures.Add("no answer in time", 3);
//   for (const auto& [reason, n] : failures) Print(reason, n);
#ifndef APPS_BENCH_CLIENT_REASON_COUNTS_H_
#define APPS_BENCH_CLIENT_REASON_COUNTS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace bench_client {

class ReasonCounts {
 public:
  using Counts = std::map<std::string, uint64_t, std::less<>>;

  static constexpr size_t kMostReasons = 32;

  void Add(std::string_view reason, uint64_t n) {
    auto found = counts_.find(reason);
    if (found == counts_.end()) {
      if (counts_.size() >= kMostReasons) reason = "other reasons";
      found = counts_.try_emplace(std::string(reason), 0).first;
    }
    found->second += n;
  }
  void Merge(const ReasonCounts& other) {
    for (const auto& [reason, n] : other) Add(reason, n);
  }
  uint64_t Sum() const {
    uint64_t sum = 0;
    for (const auto& [reason, n] : counts_) sum += n;
    return sum;
  }
  bool empty() const { return counts_.empty(); }
  Counts::const_iterator begin() const { return counts_.begin(); }
  Counts::const_iterator end() const { return counts_.end(); }

 private:
  Counts counts_;
};

}  // namespace bench_client

#endif  // APPS_BENCH_CLIENT_REASON_COUNTS_H_
