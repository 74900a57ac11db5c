// Collector: takes what is committed from all rings, in the order of its ticks,
// and makes it lines.
//
// Order: lines of one thread keep theirs, also where they are committed in
// several places: its ring, the shared one, slots of signal handlers. (Those of
// handlers, and between a thread's own ring and the shared one, by their ticks: not if a
// clock of somebody's own is set back or stands still; of the shared ring not while a
// thread is stopped in the middle of an append to it.) For that each pass takes what was
// committed up to one instant, whatever comes while it looks. Across threads, each pass
// merges what is in the rings by ticks and leaves what is younger than the pass itself to
// the next, so a line overtakes an older one only if its thread stood between
// reading the clock and committing for the whole of a pass. The older one is then
// marked as late; between lines that are not, the order is that of the clock. Where the
// processor's counter begins anew, because the machine has slept or the process was moved
// to another, lines of the old counter are the older ones, whenever they are committed:
// the next pass takes them, as of the time of the last pass of before.
//
// Gaps: a ring tells them in front of the first line that found room again. Until
// there is one, the collector declares what it finds dropped when it has emptied
// the ring. A gap carries the count since the ring began, so what one of the two
// has declared the other does not declare again.
//
// Black box: what is given to the sink is marked as in flight before, and as done
// with after, so that a reader of the box knows what is certainly in the log.
//
// Memory: a line that there is none for is lost by the account of the writer. A pass
// that throws has lost nothing: the next one goes on where it ended.
//
// Threads: one at a time.
#ifndef KINGPIN_LOGGER_COLLECTOR_H_
#define KINGPIN_LOGGER_COLLECTOR_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/base/optimization.h"
#include "kingpin/logger/black_box.h"
#include "kingpin/logger/level.h"
#include "kingpin/logger/line_format.h"
#include "kingpin/logger/line_writer.h"
#include "kingpin/logger/log_clock.h"
#include "kingpin/logger/raw_slots.h"
#include "kingpin/logger/record.h"
#include "kingpin/logger/ring_set.h"
#include "kingpin/logger/site_cache.h"
#include "kingpin/logger/ticks.h"

namespace kingpin::log_internal {

class Collector {
 public:
  // All outlive it. `box`: where the rings and slots are, nullptr if in memory.
  // `thread_names`: whether lines say them. `clock`: what the ticks are of, if it is
  // not the processor.
  Collector(RingSet* rings, RawSlots* raw_slots, BlackBox* box,
            LineWriter* writer, bool thread_names = false,
            const LogClock* clock = nullptr)
      : rings_(*rings),
        box_(box),
        raw_(raw_slots),
        writer_(*writer),
        thread_names_(thread_names),
        user_clock_(clock),
        old_counter_{.least_ticks = 0, .unix_nanos = clock_.unix_nanos()} {
    SetBoxClock();
  }

  // kAll: also what is younger than the call, as long as it is committed.
  enum class Extent { kUpToNow, kAll };

  // Writes what is committed and frees its room. Returns its bytes in the rings.
  size_t Pass(Extent extent);

  // Whether there is anything for Pass(), a ring that it does not know among it. Exact
  // if the caller's barrier is.
  bool HasWork() const noexcept;

  // The most bytes that ever waited. Safe from any thread.
  uint64_t high_water() const {
    return high_water_.load(std::memory_order_relaxed);
  }

 private:
  // What is written at once: large enough for a system call to be nothing, small
  // enough to stay in the cache and to free room soon.
  static constexpr size_t kBatchBytes = 128 << 10;

  // Where these ticks are in the order of lines: what is of an old counter is in front
  // of all that is not.
  uint64_t PlaceOf(uint64_t ticks) const {
    return ticks - old_counter_.least_ticks;
  }
  // Of the record that is next.
  uint64_t PlaceOf(const RingSource& source) const;
  uint64_t PlaceOfRaw() const;
  int64_t ToUnixNanos(uint64_t ticks) const {
    if (user_clock_ != nullptr) return static_cast<int64_t>(ticks);
    return ABSL_PREDICT_FALSE(ticks >= old_counter_.least_ticks)
               ? old_counter_.unix_nanos
               : clock_.ToUnixNanos(ticks);
  }
  void FindCommitted();
  void FindTails();
  void ReadTails();
  void SyncClock();
  void PutInOrder();
  void TakeRun(RingSource& source, uint64_t last);
  void TakeLine(const Record& record);
  void TakeLine(const Record& record, const CompiledSite& site);
  // A line that there is no memory to read for.
  void LoseLine(const RecordHeader& header, LogLevel level);
  void TakeRawLines(uint64_t last);
  void DeclareDrops(RingSource& source,
                    const std::array<uint64_t, kLogLevels>& dropped,
                    uint64_t first_ticks, uint64_t last_ticks);
  void DeclareQuietDrops(RingSource& source);
  void DeclareRawDrops();
  void SetBoxClock();
  void WriteOut();
  void MarkInFlight();
  void GiveBack(RingSource& source);

  RingSet& rings_;
  BlackBox* const box_;
  RawSource raw_;
  LineWriter& writer_;
  const bool thread_names_;
  const LogClock* const user_clock_;
  TickClock clock_;
  SiteCache sites_;

  std::vector<RingSource*> sources_;  // All; the first is the shared one.
  std::vector<RingSource*> heap_;     // Those that have lines, oldest on top.
  // Ticks from least_ticks on, which the counter has not come to yet, are of one that has
  // begun anew since; unix_nanos is when that was last seen.
  struct {
    uint64_t least_ticks;
    int64_t unix_nanos;
  } old_counter_;
  uint64_t last_ticks_ = 0;              // Of the youngest line so far,
  int64_t last_unix_nanos_ = INT64_MIN;  // and its time.
  std::atomic<uint64_t> high_water_ = 0;
};

}  // namespace kingpin::log_internal

#endif  // KINGPIN_LOGGER_COLLECTOR_H_
