// Verbosity: which statements of KVLOG log, by module, changed while the process runs.
//
// The module of a statement is the name of its source file without folders and
// extension. A statement KVLOG(n) logs if the verbosity of its module is n or more;
// what it logs is of level DEBUG, whatever the logger's least level.
//
//   KVLOG(1) << "accepted " << n;                  // In listener.cc.
//   SetVerbosity("listener=2,http_*=1,0").IgnoreError();
//
// A spec is a list of PATTERN=NUMBER, of which the first that fits counts, and at most
// one NUMBER for all that none fits, 0 unless it is given; with commas in between, and
// none behind the last. In a pattern, * stands for any characters and ? for one; it has
// no slash, no dot and no blank within, which no module has. Until the first call the
// environment variable KINGPIN_VERBOSITY is the spec; a malformed one counts as empty
// and is told on stderr.
//
// Threads: thread-safe; a change is seen by all threads at once, but for statements
// that are being executed. Cost of a statement that does not log: a load and a branch.
// Memory: each SetVerbosity() keeps its spec until the process ends.
#ifndef KINGPIN_LOGGER_VERBOSITY_H_
#define KINGPIN_LOGGER_VERBOSITY_H_

#include <atomic>
#include <limits>
#include <string>
#include <string_view>

#include "absl/base/optimization.h"
#include "absl/status/status.h"

namespace kingpin {

// Replaces what was set before. The error names the part that is wrong; then nothing
// has changed.
absl::Status SetVerbosity(std::string_view spec);

// The spec in force.
std::string Verbosity();

// Adds `more` to the verbosity of every module, on top of what the spec in force says
// and one that is set later; less than nothing is never added. Returns how much is now.
// Async-signal-safe once SetVerbosity() or Verbosity() was called
// (verbosity_on_signal.h).
int AddVerbosity(int more);

namespace log_internal {

// What one statement knows: the verbosity of its module. A static object.
class VerboseSite {
 public:
  explicit constexpr VerboseSite(std::string_view path) : path_(path) {}

  bool Enabled(int n) {
    // Unknown is more than any number: looks once.
    if (ABSL_PREDICT_TRUE(level_.load(std::memory_order_relaxed) < n)) {
      return false;
    }
    return EnabledSlowly(n);
  }

 private:
  friend absl::Status kingpin::SetVerbosity(std::string_view spec);
  friend int kingpin::AddVerbosity(int more);

  static constexpr int kUnknown = std::numeric_limits<int>::max();

  bool EnabledSlowly(int n);
  // Sets the level by the rules in force.
  void Update();
  static void UpdateAll();

  const std::string_view path_;
  std::atomic<int> level_ = kUnknown;
  std::atomic<bool> is_listed_ = false;
  VerboseSite* next_ = nullptr;  // Constant once the site is in the list.
};

}  // namespace log_internal
}  // namespace kingpin

#endif  // KINGPIN_LOGGER_VERBOSITY_H_
