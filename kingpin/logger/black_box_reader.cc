#include "kingpin/logger/black_box_reader.h"

#include <errno.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "kingpin/logger/arg_type.h"
#include "kingpin/logger/black_box_format.h"
#include "kingpin/logger/escape.h"
#include "kingpin/logger/level.h"
#include "kingpin/logger/raw_slots.h"
#include "kingpin/logger/ring_control.h"
#include "kingpin/logger/site.h"
#include "kingpin/logger/text_buffer.h"

namespace kingpin::log_internal {
namespace {

using LevelCounts = std::array<uint64_t, kLogLevels>;

constexpr size_t kReadBytes = 1 << 20;
// Of more sites than a process can have.
constexpr size_t kMaxSitesBytes = 64 << 20;

template <typename T>
T Load(std::string_view bytes, size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(value));
  return value;
}

uint64_t SitesOffset(const BoxHeader& header) {
  return kBoxRingsOffset + header.rings * header.ring_bytes;
}

// From 1970 to about 2260, whatever the box says.
int64_t ToNanos(double unix_nanos) {
  constexpr double kMax = 9.15e18;
  return unix_nanos > 0 ? static_cast<int64_t>(std::min(unix_nanos, kMax)) : 0;
}

// No thread has the number 0: this is of a page that was lost.
bool IsZeros(const RecordHeader& header) {
  return header.site != kGapSite && header.thread == 0;
}

// Whether there are more in a ring than the one whose statement may not have ended:
// then the page that says how many was lost.
bool HasRecords(std::string_view data) {
  Record first;
  return Record::Read(data, &first) &&
         data.find_first_not_of('\0', first.size) != data.npos;
}

class BoxTime {
 public:
  explicit BoxTime(const BoxHeader& header)
      : clock_(header.clocks[header.clock & 1]) {
    if (!std::isfinite(clock_.nanos_per_tick)) clock_.nanos_per_tick = 0;
    clock_.unix_nanos = ToNanos(static_cast<double>(clock_.unix_nanos));
  }
  int64_t Of(uint64_t ticks) const {
    const double since =
        static_cast<double>(static_cast<int64_t>(ticks - clock_.ticks)) *
        clock_.nanos_per_tick;
    constexpr double kExact = 1e15;  // Beyond, nanoseconds do not matter.
    if (std::abs(since) > kExact) {
      return ToNanos(static_cast<double>(clock_.unix_nanos) + since);
    }
    return std::max<int64_t>(clock_.unix_nanos + static_cast<int64_t>(since),
                             0);
  }
  int64_t last() const { return clock_.unix_nanos; }

 private:
  BoxClock clock_;
};

// The site that `entry` describes; nullptr if it is damaged.
std::unique_ptr<const CompiledSite> ReadSite(std::string_view entry) {
  const BoxSite head = Load<BoxSite>(entry, 0);
  entry.remove_prefix(sizeof(head));
  const uint64_t size =
      uint64_t{head.types} + head.file_bytes + head.format_bytes;
  if (size > entry.size() || head.level >= kLogLevels) return nullptr;
  std::vector<ArgType> types;
  for (unsigned char type : entry.substr(0, head.types)) {
    if (type >= kArgTypes) return nullptr;
    types.push_back(static_cast<ArgType>(type));
  }
  entry.remove_prefix(head.types);
  const bool has_prefix = head.prefix != static_cast<uint8_t>(Prefix::kNone);
  return std::make_unique<CompiledSite>(
      static_cast<LogLevel>(head.level),
      has_prefix ? Prefix::kFull : Prefix::kNone,
      entry.substr(0, head.file_bytes),
      static_cast<int>(head.line & 0x7fffffff),
      entry.substr(head.file_bytes, head.format_bytes), types);
}

class Parser {
 public:
  explicit Parser(std::string_view file)
      : file_(file),
        header_(Load<BoxHeader>(file, 0)),
        recovering_(header_.recovering != 0),
        time_(header_) {}

  BlackBoxContents Parse() {
    ReadHeader();
    ReadSites(file_.substr(SitesOffset(header_)));
    for (uint32_t ring = 0; ring < header_.rings; ++ring) {
      // The first is shared: what is dropped there is nobody's.
      ReadRing(file_.substr(kBoxRingsOffset + ring * header_.ring_bytes,
                            header_.ring_bytes),
               /*is_shared=*/ring == 0);
    }
    ReadRawSlots(file_.substr(kBoxRawOffset, sizeof(RawSlots)));
    // The write that it died in may have declared them.
    Add({.in_flight = out_.died_writing,
         .ticks = UINT64_MAX,
         .gap = GapBetween(header_.owed, {})});
    std::stable_sort(out_.lines.begin(), out_.lines.end(),
                     [](const BlackBoxLine& a, const BlackBoxLine& b) {
                       if (a.in_flight != b.in_flight) return a.in_flight;
                       return a.ticks < b.ticks;
                     });
    return std::move(out_);
  }

 private:
  void ReadHeader() {
    out_.pid = header_.pid;
    out_.start_unix_nanos =
        ToNanos(static_cast<double>(header_.start_unix_nanos));
    out_.last_unix_nanos = std::max(time_.last(), out_.start_unix_nanos);
    out_.died_writing = recovering_ || header_.writing != 0;
    std::string_view cut = {header_.cut.data(), header_.cut.size()};
    cut = cut.substr(0, header_.cut_bytes);
    if (cut.empty()) return;
    if (cut.ends_with('\n')) cut.remove_suffix(1);
    // Of a line that was a whole one already: this changes nothing, if all is well.
    out_.cut = Printable(cut, Tabs::kKeep) + '\n';
  }

  void ReadSites(std::string_view list) {
    while (list.size() >= sizeof(BoxSite)) {
      const BoxSite head = Load<BoxSite>(list, 0);
      if (head.size < sizeof(head) || head.size > list.size()) break;
      AddSite(head.number, ReadSite(list.substr(0, head.size)));
      list.remove_prefix(head.size);
    }
    unknown_ = AddSite(kNoSite, std::make_unique<CompiledSite>(
                                    LogLevel::kInfo, Prefix::kFull, "?", 0, "",
                                    absl::Span<const ArgType>()));
  }

  const CompiledSite* AddSite(uint32_t number,
                              std::unique_ptr<const CompiledSite> site) {
    if (site == nullptr) return nullptr;
    out_.sites.push_back(std::move(site));
    return sites_[number] = out_.sites.back().get();
  }

  // What lies between head and tail, in one piece.
  std::string_view Straighten(std::string_view data, uint64_t head,
                              uint64_t tail) {
    const uint64_t begin = head & (data.size() - 1);
    const uint64_t first = std::min(tail - head, data.size() - begin);
    std::string copy(data.substr(begin, first));
    copy.append(data.substr(0, tail - head - first));
    out_.bytes.push_back(std::make_unique<const std::string>(std::move(copy)));
    return *out_.bytes.back();
  }

  void ReadRing(std::string_view ring, bool is_shared) {
    is_shared_ = is_shared;
    const auto at = [&](size_t offset) { return Load<uint64_t>(ring, offset); };
    const uint64_t head = at(offsetof(RingControl, head));
    const uint64_t tail = at(offsetof(RingControl, tail));
    const uint64_t in_flight =
        std::max(head, at(offsetof(RingControl, in_flight)));
    const std::string_view data = ring.substr(kRingControlBytes);
    if (tail < head || tail - head > data.size() || in_flight > tail ||
        (head | tail) % kRecordAlignment != 0 ||
        (tail == 0 && HasRecords(data))) {
      ++out_.damages;
      return;
    }
    thread_ = static_cast<uint32_t>(at(offsetof(RingControl, thread)));
    declared_ = Load<LevelCounts>(ring, offsetof(RingControl, declared));
    ReadRecords(Straighten(data, head, tail), in_flight - head);
    AddGap(
        Load<LevelCounts>(ring, offsetof(RingControl, dropped)),
        at(offsetof(RingControl, first_drop)),
        at(offsetof(RingControl, last_drop)),
        // Behind all lines of the ring: a write that did not have all of those has
        // not declared them.
        {.in_flight = recovering_ || (out_.died_writing && in_flight == tail),
         .ticks = UINT64_MAX});
  }

  // The first `in_flight` bytes had been given to the sink.
  void ReadRecords(std::string_view bytes, uint64_t in_flight) {
    const size_t size = bytes.size();
    uint64_t place = 0;
    while (!bytes.empty()) {
      const uint64_t offset = size - bytes.size();
      BlackBoxLine line = {.in_flight = recovering_ || offset < in_flight};
      if (!Record::Read(bytes, &line.record) || IsZeros(line.record.header)) {
        ++out_.damages;
        return;
      }
      bytes.remove_prefix(line.record.size);
      // A clock may have been set back: lines of one thread keep their order.
      line.ticks = place = std::max(place, line.record.header.ticks);
      if (line.record.header.site == kGapSite) {
        // Behind all lines of the write under way: that may have declared it by itself.
        line.in_flight |= out_.died_writing && offset == in_flight;
        ReadGap(std::move(line), /*is_written=*/offset < in_flight);
      } else {
        ReadLine(std::move(line));
      }
    }
  }

  void ReadLine(BlackBoxLine line) {
    RecordHeader& header = line.record.header;
    thread_ = header.thread;
    line.unix_nanos = time_.Of(header.ticks);
    const auto found = sites_.find(header.site & ~kSiteFlags);
    line.site = found == sites_.end() ? unknown_ : found->second;
    if (line.site == unknown_) {
      // Its arguments cannot be told, but that there was a line can.
      header.site |= kTextFlag;
      out_.damages += !std::exchange(misses_sites_, true);
    } else if ((header.site & kTextFlag) == 0) {
      out_.damages += !line.site->format.Fits(line.record.payload);
    }
    out_.lines.push_back(std::move(line));
  }

  // `is_written`: by the write that it died in, so it may be marked as declared.
  void ReadGap(BlackBoxLine line, bool is_written) {
    if (line.record.payload.size() != sizeof(GapPayload)) {
      ++out_.damages;
      return;
    }
    GapPayload gap = Load<GapPayload>(line.record.payload, 0);
    for (size_t i = 0; is_written && i < kLogLevels; ++i) {
      gap.dropped[i] = std::max(gap.dropped[i], declared_[i]);
    }
    AddGap(gap.dropped, gap.first_ticks, gap.last_ticks, std::move(line));
    declared_ = gap.dropped;
  }

  // Of this ring's thread: `dropped` in all, less what was declared.
  void AddGap(const LevelCounts& dropped, uint64_t first_ticks,
              uint64_t last_ticks, BlackBoxLine line) {
    line.gap = GapBetween(dropped, declared_);
    line.gap.thread = is_shared_ ? 0 : thread_;
    line.gap.first_unix_nanos = time_.Of(first_ticks);
    line.gap.last_unix_nanos = time_.Of(last_ticks);
    Add(std::move(line));
  }

  Gap GapBetween(const LevelCounts& dropped, const LevelCounts& declared) {
    Gap gap = {.first_unix_nanos = time_.last(),
               .last_unix_nanos = time_.last()};
    for (size_t i = 0; i < kLogLevels; ++i) {
      // A sum of the four must not overflow, whatever the box says.
      constexpr uint64_t kMost = uint64_t{1} << 60;
      const uint64_t lines = dropped[i] - declared[i];
      if (lines > kMost) {
        ++out_.damages;
        return {};
      }
      gap.dropped[i] = lines;
    }
    return gap;
  }

  void Add(BlackBoxLine gap) {
    if (gap.gap.lines() > 0) out_.lines.push_back(std::move(gap));
  }

  void ReadRawSlots(std::string_view area) {
    for (size_t i = 0; i < RawSlots::kSlots; ++i) {
      ReadRawSlot(area.substr(offsetof(RawSlots, slots) + i * sizeof(RawSlot),
                              sizeof(RawSlot)));
    }
    Add({.in_flight = out_.died_writing,
         .ticks = UINT64_MAX,
         .gap = GapBetween(
             Load<LevelCounts>(area, offsetof(RawSlots, dropped)),
             Load<LevelCounts>(area, offsetof(RawSlots, declared)))});
  }

  void ReadRawSlot(std::string_view slot) {
    const auto state = Load<uint32_t>(slot, offsetof(RawSlot, state));
    if (state != RawSlot::kCommitted && state != RawSlot::kTaken) return;
    const auto level = Load<uint8_t>(slot, offsetof(RawSlot, level));
    const uint32_t file = Load<uint8_t>(slot, offsetof(RawSlot, file_bytes));
    const uint32_t text = Load<uint16_t>(slot, offsetof(RawSlot, text_bytes));
    const std::string_view bytes = slot.substr(offsetof(RawSlot, bytes));
    if (level >= kLogLevels || file + text > bytes.size()) {
      ++out_.damages;
      return;
    }
    const uint32_t number = Load<uint32_t>(slot, offsetof(RawSlot, line));
    out_.sites.push_back(std::make_unique<CompiledSite>(
        static_cast<LogLevel>(level), Prefix::kFull, bytes.substr(0, file),
        static_cast<int>(number & 0x7fffffff), "",
        absl::Span<const ArgType>()));
    BlackBoxLine line = {
        .in_flight = recovering_ || state == RawSlot::kTaken,
        .ticks = Load<uint64_t>(slot, offsetof(RawSlot, ticks)),
        .site = out_.sites.back().get()};
    line.unix_nanos = time_.Of(line.ticks);
    line.record.header = {
        .payload_bytes = text,
        .site = kTextFlag,
        .ticks = line.ticks,
        .thread = Load<uint32_t>(slot, offsetof(RawSlot, thread)),
        .context_bytes = 0};
    line.record.payload = bytes.substr(file, text);
    out_.lines.push_back(std::move(line));
  }

  const std::string_view file_;
  const BoxHeader header_;
  const bool recovering_;
  const BoxTime time_;
  std::unordered_map<uint32_t, const CompiledSite*> sites_;
  const CompiledSite* unknown_ = nullptr;
  bool misses_sites_ = false;  // Counted once: nobody knows how many.

  // Of the ring that is read.
  bool is_shared_ = false;
  uint32_t thread_ = 0;
  LevelCounts declared_ = {};

  BlackBoxContents out_;
};

bool IsGeometry(const BoxHeader& header) {
  const uint64_t data = header.ring_bytes - kRingControlBytes;
  return header.ring_bytes > kRingControlBytes && std::has_single_bit(data) &&
         data % kRingControlBytes == 0 && header.rings > 0 &&
         header.rings <= kMaxBoxRings &&
         header.ring_bytes <= kMaxBoxBytes / header.rings;
}

absl::Status CheckHeader(std::string_view file) {
  if (file.size() < sizeof(BoxHeader)) {
    return absl::InvalidArgumentError("it is no black box: too short");
  }
  const BoxHeader header = Load<BoxHeader>(file, 0);
  if (header.magic != kBoxMagic && header.magic != kUnfinishedBoxMagic) {
    return absl::InvalidArgumentError("it is no black box");
  }
  if (header.version != kBoxVersion) {
    return absl::InvalidArgumentError(
        absl::StrCat("it is a black box of version ", header.version,
                     ", and this program knows version ", kBoxVersion));
  }
  if (header.magic == kUnfinishedBoxMagic || IsGeometry(header)) {
    return absl::OkStatus();
  }
  return absl::DataLossError(
      absl::StrCat("its header is damaged: ", header.rings, " rings of ",
                   header.ring_bytes, " bytes"));
}

}  // namespace

absl::Status CheckBlackBox(std::string_view file) {
  if (absl::Status status = CheckHeader(file); !status.ok()) return status;
  const BoxHeader header = Load<BoxHeader>(file, 0);
  if (header.magic == kUnfinishedBoxMagic) return absl::OkStatus();
  if (file.size() >= SitesOffset(header)) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(
      "it is cut off: ", file.size(), " of ", SitesOffset(header), " bytes"));
}

absl::StatusOr<std::string> ReadBlackBox(int fd) {
  std::string file;
  size_t size = sizeof(BoxHeader);
  while (file.size() < size) {
    const size_t have = file.size();
    file.resize(std::min(size, have + kReadBytes));
    const ssize_t n = ::pread(fd, file.data() + have, file.size() - have,
                              static_cast<off_t>(have));
    file.resize(have + std::max<ssize_t>(n, 0));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return absl::ErrnoToStatus(errno, "cannot read it");
    if (n == 0) break;
    if (file.size() < sizeof(BoxHeader)) continue;
    // Only of a box all is read: anything may have been named, of any size.
    if (absl::Status status = CheckHeader(file); !status.ok()) return status;
    size = SitesOffset(Load<BoxHeader>(file, 0)) + kMaxSitesBytes;
  }
  if (absl::Status status = CheckBlackBox(file); !status.ok()) return status;
  return file;
}

BlackBoxContents ParseBlackBox(std::string_view file) {
  if (Load<uint64_t>(file, 0) == kUnfinishedBoxMagic) return {};
  return Parser(file).Parse();
}

}  // namespace kingpin::log_internal
