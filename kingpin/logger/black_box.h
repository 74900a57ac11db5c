// BlackBox: a file that holds the rings of a logger, so that what was committed to
// them outlives the process, however that dies. black_box_reader.h reads it.
//
// All blocks of it are allocated when it is made: a full disk is an error then, and
// no SIGBUS later, when a thread stores to a page that the file system has no block
// for. Nothing is synced: the pages belong to the kernel, which does not die with
// the process. (A loss of power takes what the kernel had not written back.)
//
// One process has it (box_file.h). The lock has a descriptor of its own that is never
// mapped, because a mapping, which children inherit, would keep the lock.
//
//   absl::StatusOr<std::unique_ptr<BlackBox>> box = BlackBox::Open(
//       {.path = "/dev/shm/server.box", .ring_bytes = Ring::MappedBytes(1 << 18),
//        .rings = 9},
//       [](std::string_view left) {  // By the process before.
//         ...
//         return BlackBox::Replayed::kAll;
//       });
//   if (void* memory = (*box)->TakeRing()) ...
//
// Threads: those of rings and OnSite() one at a time each (their callers' mutexes), what
// is the backend's says so.
// Lifetime: outlives its rings.
#ifndef KINGPIN_LOGGER_BLACK_BOX_H_
#define KINGPIN_LOGGER_BLACK_BOX_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "kingpin/logger/black_box_format.h"
#include "kingpin/logger/box_file.h"
#include "kingpin/logger/level.h"
#include "kingpin/logger/raw_slots.h"
#include "kingpin/logger/site.h"

namespace kingpin::log_internal {

class BlackBox : public SiteObserver {
 public:
  struct Options {
    std::string path;
    size_t ring_bytes;  // What a ring takes in the file, in whole pages.
    size_t rings;
  };
  // What has become of the lines of an old box: all are written; all that can be read
  // of them; the log does not take them.
  enum class Replayed { kAll, kDamaged, kNotTaken };

  // A box of the process before is given to `replay`, whole, and then made anew; if
  // this process dies in between, the next one finds it as it was. One that is not
  // read and written whole is kept: see FindKept(). There is a place for one: while
  // that is taken, what could be read of a damaged box has to do, and a box that was
  // not taken stays where it is (kAlreadyExists), for its owner alone now. Errors say
  // what is wrong with the path and leave the file as it is: in use by a process that
  // lives (kUnavailable), somebody else's (kPermissionDenied), not a box or one of
  // another version or with a damaged header (black_box_reader.h), not to be kept, and
  // whatever open(2) says. No room (ENOSPC, EDQUOT), and what else happens when
  // the old box has been written or kept, leaves an empty file, and the error says
  // where the old one is kept.
  static absl::StatusOr<std::unique_ptr<BlackBox>> Open(
      const Options& options,
      absl::FunctionRef<Replayed(std::string_view file)> replay);
  ~BlackBox() override;
  BlackBox(const BlackBox&) = delete;
  BlackBox& operator=(const BlackBox&) = delete;

  // Where a box that was not read and written whole is, of the process before or of one
  // before that; empty: none is kept.
  static std::string FindKept(const std::string& path);

  // Memory for one more ring; nullptr: all are taken.
  void* TakeRing();
  // The last of these is not used after all.
  void ReturnRing() { --taken_; }
  RawSlots& raw_slots();

  // Stores it behind the others: in memory, as far as kBoxSiteBytes reach, then by
  // pwrite(2). False: there is no room for that.
  bool OnSite(uint32_t number, const Site& site) override;

  // --- The backend's ------------------------------------------------------------

  void SetClock(const BoxClock& clock);
  // Around a write and all that follows from it. The account of it comes before the
  // room of its lines is given back: who dies in between finds a line twice, and says
  // so, rather than nowhere. `owed` was lost and is not declared, `cut` is the rest of
  // a line that the sink took in part, which is not in `owed`.
  void BeginWrite();
  void StoreAccount(const std::array<uint64_t, kLogLevels>& owed,
                    std::string_view cut);
  void EndWrite();

 private:
  BlackBox(const Options& options, std::unique_ptr<BoxFile> file, char* base);
  // Has it told of all sites, and makes it a box. False: there is no room for them.
  bool Begin();

  // Where the rings end in the file, and the sites begin.
  static size_t SitesOffset(const Options& options);
  static size_t MappedBytes(const Options& options);
  static absl::Status MakePrivate(const BoxFile& file, const std::string& path);
  static absl::StatusOr<Replayed> Replay(
      const BoxFile& file, const std::string& path,
      absl::FunctionRef<Replayed(std::string_view file)> replay);
  static absl::Status SetAside(const std::string& path,
                               const std::string& kept);
  static absl::StatusOr<std::unique_ptr<BlackBox>> Make(
      const Options& options, std::unique_ptr<BoxFile> file);
  static absl::Status Allocate(const Options& options, const BoxFile& file);
  static absl::Status Empty(const BoxFile& file, int error,
                            std::string_view what, const std::string& path);
  // The same file again, without the lock, which a child of fork() would keep.
  static absl::StatusOr<UniqueFd> OpenUnlocked(const Options& options,
                                               const BoxFile& file);
  BoxHeader& header();

  const size_t mapped_bytes_;
  const size_t ring_bytes_;
  const size_t rings_;
  const std::unique_ptr<BoxFile> file_;
  char* const base_;
  size_t taken_ = 0;
  uint64_t sites_end_;
  bool is_told_ = false;  // Of sites.
};

}  // namespace kingpin::log_internal

#endif  // KINGPIN_LOGGER_BLACK_BOX_H_
