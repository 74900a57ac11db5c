#include "kingpin/logger/black_box_reader.h"

#include <errno.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "kingpin/logger/arg_type.h"
#include "kingpin/logger/black_box_format.h"
#include "kingpin/logger/escape.h"
#include "kingpin/logger/level.h"
#include "kingpin/logger/raw_slots.h"
#include "kingpin/logger/record.h"
#include "kingpin/logger/ring_control.h"
#include "kingpin/logger/site.h"
#include "kingpin/logger/text_buffer.h"
#include "kingpin/logger/timestamp.h"

namespace kingpin::log_internal {
namespace {

constexpr size_t kBatchBytes = 128 << 10;
constexpr size_t kReadBytes = 1 << 20;
// Of more sites than a process can have.
constexpr size_t kMaxSitesBytes = 64 << 20;

template <typename T>
T Load(std::string_view bytes, size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(value));
  return value;
}

std::array<uint64_t, kLogLevels> LoadCounts(std::string_view bytes,
                                            size_t offset) {
  return Load<std::array<uint64_t, kLogLevels>>(bytes, offset);
}

uint64_t SitesOffset(const BoxHeader& header) {
  return kBoxRingsOffset + header.rings * header.ring_bytes;
}

// A text of the file, fit to be part of a line.
std::string Printable(std::string_view text) {
  TextBuffer buffer;
  buffer.Append(text);
  EscapeFrom(0, Tabs::kEscape, &buffer);
  return std::string(buffer.view());
}

std::string TimeText(int64_t unix_nanos) {
  char text[TimestampWriter::kSize];
  TimestampWriter().Write(unix_nanos, text);
  return std::string(text, sizeof(text));
}

// Years 1970 to 2260, whatever the box says.
int64_t Clamp(double unix_nanos) {
  constexpr double kMax = 9.15e18;
  return unix_nanos > 0 ? static_cast<int64_t>(std::min(unix_nanos, kMax)) : 0;
}

class Clock {
 public:
  explicit Clock(const BoxHeader& header)
      : clock_(header.clocks[header.clock & 1]) {
    if (!std::isfinite(clock_.nanos_per_tick)) clock_.nanos_per_tick = 0;
    clock_.unix_nanos = Clamp(static_cast<double>(clock_.unix_nanos));
  }
  int64_t ToUnixNanos(uint64_t ticks) const {
    const double since =
        static_cast<double>(static_cast<int64_t>(ticks - clock_.ticks)) *
        clock_.nanos_per_tick;
    constexpr double kExact = 1e15;  // Beyond, nanoseconds do not matter.
    if (std::abs(since) > kExact) {
      return Clamp(static_cast<double>(clock_.unix_nanos) + since);
    }
    return std::max<int64_t>(clock_.unix_nanos + static_cast<int64_t>(since),
                             0);
  }
  int64_t last() const { return clock_.unix_nanos; }

 private:
  BoxClock clock_;
};

// The call sites of a box, by number.
class Sites {
 public:
  explicit Sites(std::string_view list) {
    while (list.size() >= sizeof(BoxSite)) {
      const BoxSite head = Load<BoxSite>(list, 0);
      if (head.size < sizeof(head) || head.size > list.size()) return;
      Add(head, list.substr(sizeof(head), head.size - sizeof(head)));
      list.remove_prefix(head.size);
    }
  }

  // Of a number that the box does not tell, a site that takes the payload for text.
  const CompiledSite& Find(uint32_t number) const {
    const auto found = sites_.find(number);
    return found == sites_.end() ? unknown_ : *found->second;
  }
  bool Has(uint32_t number) const { return sites_.contains(number); }

 private:
  void Add(const BoxSite& head, std::string_view rest) {
    const uint64_t size =
        uint64_t{head.types} + head.file_bytes + head.format_bytes;
    if (size > rest.size() || head.level >= kLogLevels) return;
    std::vector<ArgType> types;
    for (unsigned char type : rest.substr(0, head.types)) {
      if (type >= kArgTypes) return;
      types.push_back(static_cast<ArgType>(type));
    }
    rest.remove_prefix(head.types);
    const std::string file = Printable(rest.substr(0, head.file_bytes));
    const std::string_view format =
        rest.substr(head.file_bytes, head.format_bytes);
    sites_[head.number] = std::make_unique<CompiledSite>(
        static_cast<LogLevel>(head.level),
        head.prefix == static_cast<uint8_t>(Prefix::kNone) ? Prefix::kNone
                                                           : Prefix::kFull,
        file, static_cast<int>(head.line & 0x7fffffff), format, types);
  }

  std::map<uint32_t, std::unique_ptr<const CompiledSite>> sites_;
  const CompiledSite unknown_{LogLevel::kInfo, Prefix::kFull, "?", 0, "", {}};
};

// A line, or a gap, as it was found.
struct Found {
  bool in_flight = false;
  uint64_t ticks = 0;
  Record record = {};
  const CompiledSite* site = nullptr;  // nullptr: a gap.
  Gap gap = {};
};

class Replay {
 public:
  Replay(std::string_view file, ReplayTo to, LineFormat* format,
         LineWriter* writer)
      : file_(file),
        to_(to),
        header_(Load<BoxHeader>(file, 0)),
        died_writing_(header_.writing != 0 || header_.recovering != 0),
        clock_(header_),
        sites_(file.substr(SitesOffset(header_))),
        format_(*format),
        writer_(*writer) {}

  BlackBoxReport Run() {
    for (uint32_t ring = 0; ring < header_.rings; ++ring) {
      ReadRing(file_.substr(kBoxRingsOffset + ring * header_.ring_bytes,
                            header_.ring_bytes));
    }
    ReadRawSlots(file_.substr(kBoxRawOffset, sizeof(RawSlots)));
    AddGap(header_.owed, {}, /*thread=*/0, clock_.last(), clock_.last());
    Sort();
    report_.pid = header_.pid;
    report_.start_unix_nanos =
        Clamp(static_cast<double>(header_.start_unix_nanos));
    report_.last_unix_nanos = std::max(clock_.last(), report_.start_unix_nanos);
    if (header_.cut_bytes > 0) WriteCut();
    if (!found_.empty() || report_.damages > 0) WriteAll();
    writer_.Write();
    return report_;
  }

 private:
  // `dropped` in all, less those that were declared.
  void AddGap(const std::array<uint64_t, kLogLevels>& dropped,
              const std::array<uint64_t, kLogLevels>& declared, uint64_t thread,
              int64_t first, int64_t last) {
    Found found = {.in_flight = died_writing_};
    found.gap = {.thread = static_cast<uint32_t>(thread),
                 .first_unix_nanos = first,
                 .last_unix_nanos = last};
    for (size_t i = 0; i < kLogLevels; ++i) {
      // A sum of the four must not overflow, whatever the box says.
      constexpr uint64_t kMost = uint64_t{1} << 60;
      if (dropped[i] < declared[i] || dropped[i] - declared[i] > kMost) {
        ++report_.damages;
        return;
      }
      found.gap.dropped[i] = dropped[i] - declared[i];
    }
    if (found.gap.lines() == 0) return;
    found.ticks = UINT64_MAX;
    report_.declared_drops += found.gap.lines();
    found_.push_back(std::move(found));
  }

  // Copies of the data between head and tail of each ring, in one piece.
  std::string_view Straighten(std::string_view data, uint64_t head,
                              uint64_t tail) {
    auto& copy = straight_.emplace_back(std::make_unique<std::string>());
    const uint64_t mask = data.size() - 1;
    const uint64_t begin = head & mask;
    const uint64_t first = std::min(tail - head, data.size() - begin);
    *copy = data.substr(begin, first);
    copy->append(data.substr(0, tail - head - first));
    return *copy;
  }

  void ReadRing(std::string_view ring) {
    const auto at = [&](size_t offset) { return Load<uint64_t>(ring, offset); };
    const uint64_t head = at(offsetof(RingControl, head));
    const uint64_t tail = at(offsetof(RingControl, tail));
    const uint64_t in_flight =
        std::max(head, at(offsetof(RingControl, in_flight)));
    const std::string_view data = ring.substr(kRingControlBytes);
    if (tail < head || tail - head > data.size() || in_flight > tail ||
        (head | tail) % kRecordAlignment != 0) {
      ++report_.damages;
      return;
    }
    auto declared = LoadCounts(ring, offsetof(RingControl, declared));
    uint64_t thread = at(offsetof(RingControl, thread));
    std::string_view rest = Straighten(data, head, tail);
    while (!rest.empty()) {
      Found found = {.in_flight = header_.recovering != 0 ||
                                  tail - rest.size() < in_flight};
      if (!Record::Read(rest, &found.record)) {
        ++report_.damages;
        return;
      }
      rest.remove_prefix(found.record.size);
      if (found.record.header.site == kGapSite) {
        ReadGap(found.record, thread, &declared);
      } else {
        thread = found.record.header.thread;
        AddLine(std::move(found));
      }
    }
    AddGap(LoadCounts(ring, offsetof(RingControl, dropped)), declared, thread,
           clock_.ToUnixNanos(at(offsetof(RingControl, first_drop))),
           clock_.ToUnixNanos(at(offsetof(RingControl, last_drop))));
  }

  void ReadGap(const Record& record, uint64_t thread,
               std::array<uint64_t, kLogLevels>* declared) {
    if (record.payload.size() != sizeof(GapPayload)) {
      ++report_.damages;
      return;
    }
    const GapPayload gap = Load<GapPayload>(record.payload, 0);
    const size_t before = found_.size();
    AddGap(gap.dropped, *declared, thread, clock_.ToUnixNanos(gap.first_ticks),
           clock_.ToUnixNanos(gap.last_ticks));
    if (found_.size() > before) found_.back().ticks = record.header.ticks;
    *declared = gap.dropped;
  }

  void AddLine(Found found) {
    const uint32_t number = found.record.header.site & ~kTextFlag;
    found.ticks = found.record.header.ticks;
    found.site = &sites_.Find(number);
    // Its message cannot be told, but that there was one can.
    if (!sites_.Has(number)) found.record.header.site |= kTextFlag;
    found_.push_back(std::move(found));
  }

  void ReadRawSlots(std::string_view area) {
    for (size_t i = 0; i < RawSlots::kSlots; ++i) {
      ReadRawSlot(area.substr(offsetof(RawSlots, slots) + i * sizeof(RawSlot),
                              sizeof(RawSlot)));
    }
    AddGap(LoadCounts(area, offsetof(RawSlots, dropped)),
           LoadCounts(area, offsetof(RawSlots, declared)), /*thread=*/0,
           clock_.last(), clock_.last());
  }

  void ReadRawSlot(std::string_view slot) {
    const auto state = Load<uint32_t>(slot, offsetof(RawSlot, state));
    if (state != RawSlot::kCommitted && state != RawSlot::kTaken) return;
    const auto level = Load<uint8_t>(slot, offsetof(RawSlot, level));
    const size_t file_bytes =
        Load<uint8_t>(slot, offsetof(RawSlot, file_bytes));
    const size_t text_bytes =
        Load<uint16_t>(slot, offsetof(RawSlot, text_bytes));
    const std::string_view bytes = slot.substr(offsetof(RawSlot, bytes));
    if (level >= kLogLevels || file_bytes + text_bytes > bytes.size()) {
      ++report_.damages;
      return;
    }
    const uint32_t line = Load<uint32_t>(slot, offsetof(RawSlot, line));
    raw_sites_.push_back(std::make_unique<CompiledSite>(
        static_cast<LogLevel>(level), Prefix::kFull,
        Printable(bytes.substr(0, file_bytes)),
        static_cast<int>(line & 0x7fffffff), "", absl::Span<const ArgType>()));
    Found found = {
        .in_flight = header_.recovering != 0 || state == RawSlot::kTaken,
        .ticks = Load<uint64_t>(slot, offsetof(RawSlot, ticks)),
        .site = raw_sites_.back().get()};
    found.record.header = {
        .payload_bytes = static_cast<uint32_t>(text_bytes),
        .site = kTextFlag,
        .ticks = found.ticks,
        .thread = Load<uint32_t>(slot, offsetof(RawSlot, thread)),
        .context_bytes = 0};
    found.record.payload = bytes.substr(file_bytes, text_bytes);
    found_.push_back(std::move(found));
  }

  void Sort() {
    std::stable_sort(found_.begin(), found_.end(),
                     [](const Found& a, const Found& b) {
                       if (a.in_flight != b.in_flight) return a.in_flight;
                       return a.ticks < b.ticks;
                     });
    for (const Found& found : found_) {
      if (found.site == nullptr) continue;
      ++report_.lines;
      report_.in_flight += found.in_flight;
    }
  }

  void WriteAll() {
    const auto middle = std::partition_point(
        found_.begin(), found_.end(),
        [](const Found& found) { return found.in_flight; });
    if (middle != found_.begin()) {
      if (to_ == ReplayTo::kSameLog) EndCutLine();
      Note(absl::StrCat("recovered ", report_.in_flight, " lines of ", Whose(),
                        ", which died writing them: they may be above "
                        "already, the last in part"));
      Write(found_.begin(), middle);
    }
    Note(absl::StrCat("recovered ", report_.lines - report_.in_flight,
                      " lines of ", Whose(), ", which were not written"));
    Write(middle, found_.end());
    Note(absl::StrCat(
        "end of what was recovered of process ", report_.pid,
        report_.damages == 0
            ? ""
            : absl::StrCat("; ", report_.damages, " places were damaged")));
  }

  // The log ends with the begin of a line of which this is the rest, unless the
  // process died while it wrote that.
  void WriteCut() {
    std::string_view cut = {header_.cut.data(), header_.cut.size()};
    cut = cut.substr(0, header_.cut_bytes);
    if (cut.ends_with('\n')) cut.remove_suffix(1);
    const std::string rest = Printable(cut);
    if (to_ == ReplayTo::kSameLog && !died_writing_) {
      writer_.text().Append(rest);
      EndCutLine();
    } else {
      Note(absl::StrCat("a line in the log is cut; its rest is: ", rest));
    }
  }

  // A write that was cut short may have ended within a line.
  void EndCutLine() {
    writer_.text().Append('\n');
    writer_.EndNote();
  }

  std::string Whose() const {
    return absl::StrCat("process ", report_.pid, " (started ",
                        TimeText(report_.start_unix_nanos), ", last seen ",
                        TimeText(report_.last_unix_nanos), ")");
  }

  // A line about the box, as a log statement of its process would be.
  void Note(std::string_view text) {
    static const CompiledSite site(LogLevel::kWarning, Prefix::kFull,
                                   BaseName(__FILE__), __LINE__, "", {});
    Record record = {};
    record.header.site = kTextFlag;
    record.header.thread = static_cast<uint32_t>(header_.pid);
    record.payload = text;
    format_.AppendLine(record, site,
                       {.unix_nanos = report_.last_unix_nanos, .late = false},
                       &writer_.text());
    writer_.EndNote();
  }

  void Write(std::vector<Found>::iterator begin,
             std::vector<Found>::iterator end) {
    for (; begin != end; ++begin) {
      if (begin->site == nullptr) {
        writer_.AddGap(begin->gap);
      } else {
        const RecordHeader& header = begin->record.header;
        const int64_t time = clock_.ToUnixNanos(header.ticks);
        format_.AppendLine(begin->record, *begin->site,
                           {.unix_nanos = time, .late = false},
                           &writer_.text());
        writer_.EndLine(begin->site->level, header.thread, time);
      }
      if (writer_.text().size() >= kBatchBytes) writer_.Write();
    }
  }

  const std::string_view file_;
  const ReplayTo to_;
  const BoxHeader header_;
  // It, or who was to recover its lines.
  const bool died_writing_;
  const Clock clock_;
  const Sites sites_;
  LineFormat& format_;
  LineWriter& writer_;

  std::vector<std::unique_ptr<std::string>> straight_;
  std::vector<std::unique_ptr<CompiledSite>> raw_sites_;
  std::vector<Found> found_;
  BlackBoxReport report_;
};

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
  if (header.magic == kUnfinishedBoxMagic) return absl::OkStatus();
  const uint64_t data = header.ring_bytes - kRingControlBytes;
  if (header.ring_bytes <= kRingControlBytes || !std::has_single_bit(data) ||
      data % kRingControlBytes != 0 || header.rings == 0 ||
      header.rings > kMaxBoxRings ||
      header.ring_bytes > kMaxBoxBytes / header.rings) {
    return absl::DataLossError(
        absl::StrCat("its header is damaged: ", header.rings, " rings of ",
                     header.ring_bytes, " bytes"));
  }
  return absl::OkStatus();
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
    // Only of a box all is read: anything may have been named, and be endless.
    if (absl::Status status = CheckHeader(file); !status.ok()) return status;
    size = kMaxBoxBytes + kMaxSitesBytes;
  }
  if (absl::Status status = CheckBlackBox(file); !status.ok()) return status;
  return file;
}

BlackBoxReport ReplayBlackBox(std::string_view file, ReplayTo to,
                              LineFormat* format, LineWriter* writer) {
  if (Load<uint64_t>(file, 0) == kUnfinishedBoxMagic) return {};
  return Replay(file, to, format, writer).Run();
}

}  // namespace kingpin::log_internal
