// What holds for any bytes that are taken for a black box: they are refused, or what
// they hold comes out as lines, each whole and printable, and all are counted.
//
// An input that begins with F is a file. Any other is laid over an empty box, so
// that small inputs get far: pieces, each behind its length in two bytes, for the
// header (from the process id on), a raw slot, the ring's positions, its data and
// the sites.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "kingpin/logger/black_box_format.h"
#include "kingpin/logger/black_box_reader.h"
#include "kingpin/logger/black_box_replay.h"
#include "kingpin/logger/line_format.h"
#include "kingpin/logger/line_writer.h"
#include "kingpin/logger/raw_slots.h"
#include "kingpin/logger/ring_control.h"
#include "kingpin/logger/sink.h"

namespace kingpin::log_internal {
namespace {

constexpr size_t kDataBytes = 4096;

void Require(bool holds) {
  if (!holds) std::abort();
}

class CheckingSink : public LogSink {
 public:
  SysResult<size_t> Write(const LogBatch& batch) override {
    size_t begin = 0;
    for (const LogBatch::Line& line : batch.lines) {
      Require(line.end > begin);
      CheckLine(batch.text.substr(begin, line.end - begin));
      begin = line.end;
    }
    Require(begin == batch.text.size());
    return {batch.text.size(), 0};
  }

 private:
  static void CheckLine(std::string_view line) {
    Require(line.find('\n') == line.size() - 1);
    for (unsigned char c : line.substr(0, line.size() - 1)) {
      Require(c == '\t' || (c >= 0x20 && c != 0x7f));
    }
  }
};

void Check(std::string_view file) {
  if (!CheckBlackBox(file).ok()) return;
  for (ReplayTo to : {ReplayTo::kSameLog, ReplayTo::kElsewhere}) {
    CheckingSink sink;
    TextLineFormat format;
    LineWriter writer(&sink, &format);
    const BlackBoxReport report = ReplayBlackBox(file, to, &writer);
    Require(writer.counters().written == report.lines);
    Require(report.in_flight <= report.lines);
  }
}

std::string EmptyBox() {
  std::string file(kBoxRingsOffset + kRingControlBytes + kDataBytes, '\0');
  const BoxHeader header = {.magic = kBoxMagic,
                            .version = kBoxVersion,
                            .rings = 1,
                            .ring_bytes = kRingControlBytes + kDataBytes};
  std::memcpy(file.data(), &header, sizeof(header));
  return file;
}

// The next piece of `input`.
std::string_view Take(std::string_view* input) {
  if (input->size() < 2) return {};
  uint16_t size;
  std::memcpy(&size, input->data(), sizeof(size));
  const std::string_view piece = input->substr(2, size);
  input->remove_prefix(2 + piece.size());
  return piece;
}

void Lay(std::string_view piece, size_t offset, size_t most,
         std::string* file) {
  piece = piece.substr(0, most);
  file->replace(offset, piece.size(), piece);
}

std::string Compose(std::string_view input) {
  std::string file = EmptyBox();
  constexpr size_t kPid = offsetof(BoxHeader, pid);
  Lay(Take(&input), kPid, sizeof(BoxHeader) - kPid, &file);
  Lay(Take(&input), kBoxRawOffset + offsetof(RawSlots, slots), sizeof(RawSlot),
      &file);
  Lay(Take(&input), kBoxRingsOffset, sizeof(RingControl), &file);
  Lay(Take(&input), kBoxRingsOffset + kRingControlBytes, kDataBytes, &file);
  return file.append(Take(&input));
}

}  // namespace
}  // namespace kingpin::log_internal

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  using kingpin::log_internal::Check;
  if (!input.empty() && input[0] == 'F') {
    Check(input.substr(1));
  } else {
    Check(kingpin::log_internal::Compose(input));
  }
  return 0;
}
