#include "kingpin/logger/black_box.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <new>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "kingpin/logger/above_stderr.h"
#include "kingpin/logger/black_box_reader.h"
#include "kingpin/logger/escape.h"
#include "kingpin/logger/ticks.h"
#include "kingpin/logger/write_signals_guard.h"
#include "kingpin/sys/syscalls.h"
#include "kingpin/sys/unique_fd.h"

namespace kingpin::log_internal {
namespace {

constexpr std::string_view kKeptSuffix = ".unwritten";

template <typename T>
void Store(T& where, T value) {
  std::atomic_ref<T>(where).store(value, std::memory_order_release);
}

bool WriteAt(int fd, std::string_view bytes, uint64_t offset) {
  const WriteSignalsGuard guard;
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd, bytes.data(), bytes.size(), offset);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes.remove_prefix(n);
    offset += n;
  }
  return true;
}

template <typename T>
std::string_view BytesOf(const T* values, size_t count) {
  return {reinterpret_cast<const char*>(values), count * sizeof(T)};
}

BoxSite HeadOf(uint32_t number, const Site& site) {
  const size_t size = sizeof(BoxSite) + site.types.size() + site.file.size() +
                      site.format.size();
  return {.size = static_cast<uint32_t>((size + 7) & ~size_t{7}),
          .number = number,
          .line = static_cast<uint32_t>(site.line),
          .level = static_cast<uint8_t>(site.level),
          .prefix = static_cast<uint8_t>(site.prefix),
          .types = static_cast<uint16_t>(site.types.size()),
          .file_bytes = static_cast<uint32_t>(site.file.size()),
          .format_bytes = static_cast<uint32_t>(site.format.size())};
}

absl::Status WithKept(const absl::Status& error, std::string_view kept) {
  constexpr std::string_view kTold = "; what was in it is kept as \"";
  return absl::Status(error.code(),
                      absl::StrCat(error.message(), kTold, kept, "\""));
}

// Copies the rest of a line, or as much as there is room for and how long it was.
// Returns its bytes. Takes no memory: the line is in no other place.
template <size_t kRoom>
uint64_t CopyCut(std::string_view cut, std::array<char, kRoom>* room) {
  char mark[48];
  std::string_view end;
  if (cut.size() > kRoom) {
    const int size = std::snprintf(mark, sizeof(mark),
                                   "...[truncated, %zu bytes]\n", cut.size());
    end = {mark, static_cast<size_t>(size)};
    cut = CutText(cut, kRoom - end.size());
  }
  char* const at = std::copy(cut.begin(), cut.end(), room->begin());
  return std::copy(end.begin(), end.end(), at) - room->data();
}

}  // namespace

size_t BlackBox::SitesOffset(const Options& options) {
  return kBoxRingsOffset + options.rings * options.ring_bytes;
}

size_t BlackBox::MappedBytes(const Options& options) {
  return SitesOffset(options) + kBoxSiteBytes;
}

std::string BlackBox::FindKept(const std::string& path) {
  std::string kept = absl::StrCat(path, kKeptSuffix);
  return ::access(kept.c_str(), F_OK) == 0 ? kept : "";
}

absl::StatusOr<std::unique_ptr<BlackBox>> BlackBox::Open(
    const Options& options,
    absl::FunctionRef<Replayed(std::string_view file)> replay) {
  if (options.rings == 0 || options.rings > kMaxBoxRings ||
      options.ring_bytes > kMaxBoxBytes / options.rings) {
    return absl::InvalidArgumentError(absl::StrCat(
        "black box \"", options.path, "\": ", options.rings, " buffers of ",
        options.ring_bytes, " bytes are too many: at most ", kMaxBoxRings,
        ", of ", kMaxBoxBytes,
        " bytes in all (one for each of black_box_threads, and one to share)"));
  }
  absl::StatusOr<std::unique_ptr<BoxFile>> file = BoxFile::Open(options.path);
  if (!file.ok()) return file.status();
  struct stat status;
  if (::fstat((*file)->fd(), &status) != 0) {
    return BoxError(errno, "fstat", options.path);
  }
  std::string kept;
  if (status.st_size > 0) {
    const absl::StatusOr<Replayed> replayed =
        Replay(**file, options.path, replay);
    if (!replayed.ok()) return replayed.status();
    if (*replayed == Replayed::kNotTaken ||
        (*replayed == Replayed::kDamaged && FindKept(options.path).empty())) {
      kept = absl::StrCat(options.path, kKeptSuffix);
      if (absl::Status moved = SetAside(options.path, kept); !moved.ok()) {
        return moved;
      }
      file = BoxFile::Open(options.path);
    }
  }
  absl::StatusOr<std::unique_ptr<BlackBox>> box =
      file.ok() ? Make(options, *std::move(file)) : file.status();
  if (box.ok() || kept.empty()) return box;
  return WithKept(box.status(), kept);
}

// It may have been there, for all to read.
absl::Status BlackBox::MakePrivate(const BoxFile& file,
                                   const std::string& path) {
  struct stat status;
  if (::fstat(file.fd(), &status) == 0 &&
      ((status.st_mode & 077) == 0 || ::fchmod(file.fd(), 0600) == 0)) {
    return absl::OkStatus();
  }
  return BoxError(errno, "cannot make private black box", path);
}

absl::StatusOr<BlackBox::Replayed> BlackBox::Replay(
    const BoxFile& file, const std::string& path,
    absl::FunctionRef<Replayed(std::string_view file)> replay) {
  const absl::StatusOr<std::string> old = ReadBlackBox(file.fd());
  if (!old.ok()) {
    return absl::Status(
        old.status().code(),
        absl::StrCat("black box \"", path, "\": ", old.status().message()));
  }
  if (absl::Status s = MakePrivate(file, path); !s.ok()) return s;
  // If we die doing so, the next process says that it may have been done before.
  const uint64_t recovering = 1;
  WriteAt(file.fd(), BytesOf(&recovering, 1), offsetof(BoxHeader, recovering));
  return replay(*old);
}

// In one step: who dies here leaves it under one name or the other.
absl::Status BlackBox::SetAside(const std::string& path,
                                const std::string& kept) {
  const int error = sys::RenameToNew(path.c_str(), kept.c_str());
  if (error == 0) return absl::OkStatus();
  return BoxError(error,
                  absl::StrCat("what is in black box \"", path,
                               "\" is not read and written whole, and the box "
                               "cannot be kept as"),
                  kept);
}

absl::StatusOr<std::unique_ptr<BlackBox>> BlackBox::Make(
    const Options& options, std::unique_ptr<BoxFile> file) {
  // Before anything is changed: another process may have set this file aside.
  const absl::StatusOr<UniqueFd> unlocked = OpenUnlocked(options, *file);
  if (!unlocked.ok()) return unlocked.status();
  if (absl::Status s = MakePrivate(*file, options.path); !s.ok()) return s;
  if (absl::Status made = Allocate(options, *file); !made.ok()) return made;
  void* base = ::mmap(nullptr, MappedBytes(options), PROT_READ | PROT_WRITE,
                      MAP_SHARED, unlocked->get(), 0);
  if (base == MAP_FAILED) {
    return Empty(*file, errno, "cannot map", options.path);
  }
  auto box = absl::WrapUnique(
      new BlackBox(options, std::move(file), static_cast<char*>(base)));
  if (box->Begin()) return box;
  return Empty(*box->file_, ENOSPC,
               "cannot describe all log statements in black box", options.path);
}

// What was allocated is of no use, here or to who needs the room.
absl::Status BlackBox::Empty(const BoxFile& file, int error,
                             std::string_view what, const std::string& path) {
  if (::ftruncate(file.fd(), 0) != 0) error = errno;
  return BoxError(error, what, path);
}

absl::Status BlackBox::Allocate(const Options& options, const BoxFile& file) {
  const int fd = file.fd();
  BoxHeader header = {.magic = kUnfinishedBoxMagic, .version = kBoxVersion};
  int error = ::ftruncate(fd, 0) == 0 ? 0 : errno;
  if (error == 0 &&
      !WriteAt(fd, {reinterpret_cast<char*>(&header), sizeof(header)}, 0)) {
    error = errno;
  }
  while (error == 0) {
    error = ::posix_fallocate(fd, 0, static_cast<off_t>(MappedBytes(options)));
    if (error == 0) return absl::OkStatus();
    if (error == EINTR) error = 0;
  }
  return Empty(file, error, "cannot allocate black box", options.path);
}

absl::StatusOr<UniqueFd> BlackBox::OpenUnlocked(const Options& options,
                                                const BoxFile& file) {
  SysResult<UniqueFd> again = OpenAboveStderr(options.path, O_RDWR, 0);
  if (!again.ok()) return BoxError(again.error, "cannot open", options.path);
  struct stat ours;
  struct stat found;
  if (::fstat(file.fd(), &ours) != 0 ||
      ::fstat(again.value.get(), &found) != 0) {
    return BoxError(errno, "fstat", options.path);
  }
  if (ours.st_ino != found.st_ino || ours.st_dev != found.st_dev) {
    return absl::UnavailableError(absl::StrCat(
        "black box \"", options.path, "\" was replaced while it was opened"));
  }
  return std::move(again.value);
}

BlackBox::BlackBox(const Options& options, std::unique_ptr<BoxFile> file,
                   char* base)
    : mapped_bytes_(MappedBytes(options)),
      ring_bytes_(options.ring_bytes),
      rings_(options.rings),
      file_(std::move(file)),
      base_(base),
      sites_end_(SitesOffset(options)) {
  new (base_ + kBoxRawOffset) RawSlots{};
  BoxHeader& head = header();
  head.rings = static_cast<uint32_t>(rings_);
  head.ring_bytes = ring_bytes_;
  head.pid = static_cast<uint64_t>(::getpid());
  head.start_unix_nanos = UnixNanosNow();
}

bool BlackBox::Begin() {
  is_told_ = SiteTable::AddObserver(this);
  // The last: from here on it is a box.
  if (is_told_) Store(header().magic, kBoxMagic);
  return is_told_;
}

BlackBox::~BlackBox() {
  if (is_told_) SiteTable::RemoveObserver(this);
  ::munmap(base_, mapped_bytes_);
}

BoxHeader& BlackBox::header() { return *reinterpret_cast<BoxHeader*>(base_); }

RawSlots& BlackBox::raw_slots() {
  return *reinterpret_cast<RawSlots*>(base_ + kBoxRawOffset);
}

void* BlackBox::TakeRing() {
  if (taken_ == rings_) return nullptr;
  return base_ + kBoxRingsOffset + taken_++ * ring_bytes_;
}

bool BlackBox::OnSite(uint32_t number, const Site& site) {
  static_assert(sizeof(ArgType) == 1);
  constexpr char kZeros[8] = {};
  const BoxSite head = HeadOf(number, site);
  const bool is_mapped = sites_end_ + head.size <= mapped_bytes_;
  auto put = [this, is_mapped](std::string_view bytes, uint64_t at) {
    if (!is_mapped) return WriteAt(file_->fd(), bytes, at);
    std::copy(bytes.begin(), bytes.end(), base_ + at);
    return true;
  };
  uint64_t at = sites_end_ + sizeof(head);
  const uint64_t end = sites_end_ + head.size;
  for (std::string_view piece :
       {BytesOf(site.types.data(), site.types.size()), site.file, site.format,
        std::string_view(kZeros, sizeof(kZeros))}) {
    piece = piece.substr(0, end - at);
    if (!put(piece, at)) return false;
    at += piece.size();
  }
  // Last: one that is cut is none, and written over by the next.
  if (!put(BytesOf(&head, 1), sites_end_)) return false;
  sites_end_ = end;
  return true;
}

void BlackBox::SetClock(const BoxClock& clock) {
  BoxHeader& head = header();
  const uint64_t next = 1 - head.clock;
  head.clocks[next] = clock;
  Store(head.clock, next);
}

void BlackBox::BeginWrite() { Store(header().writing, uint64_t{1}); }

void BlackBox::StoreAccount(const std::array<uint64_t, kLogLevels>& owed,
                            std::string_view cut) {
  BoxHeader& head = header();
  Store(head.cut_bytes, CopyCut(cut, &head.cut));
  for (size_t i = 0; i < kLogLevels; ++i) Store(head.owed[i], owed[i]);
}

void BlackBox::EndWrite() { Store(header().writing, uint64_t{0}); }

}  // namespace kingpin::log_internal
