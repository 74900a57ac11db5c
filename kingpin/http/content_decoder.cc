#include "kingpin/http/content_decoder.h"

#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <new>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/types/span.h"

namespace kingpin::http {
namespace {

constexpr size_t kMaxCodings = 3;
constexpr size_t kPieceBytes = 16 << 10;
constexpr int kZstdWindowLog = 23;  // 8 MiB: RFC 9659 section 3.

absl::Status Damaged(std::string_view coding, std::string_view why) {
  return absl::DataLossError(
      absl::StrCat("content coding ", coding, ": ", why));
}

}  // namespace

// One coding. It takes what it can from the begin of `input` and writes what fits
// into `room`; the number of bytes that it wrote.
class ContentDecoder::Coding {
 public:
  explicit Coding(std::string_view name) : name_(name) {}
  virtual ~Coding() = default;

  virtual absl::StatusOr<size_t> Run(std::string_view* input,
                                     absl::Span<char> room) = 0;
  // It may end here.
  bool complete() const { return complete_; }
  // What follows is not its own.
  bool ended() const { return ended_; }
  // Nothing has come in.
  bool untouched() const { return untouched_; }
  void Touch() { untouched_ = false; }
  std::string_view name() const { return name_; }

 protected:
  bool complete_ = false;
  bool ended_ = false;

 private:
  const std::string_view name_;  // A literal.
  bool untouched_ = true;
};

// gzip and deflate.
class ContentDecoder::Deflate : public Coding {
 public:
  enum class Wrapper { kGzip, kZlibOrNone };

  explicit Deflate(Wrapper wrapper)
      : Coding(wrapper == Wrapper::kGzip ? "gzip" : "deflate"),
        wrapper_(wrapper) {}
  ~Deflate() override {
    if (started_) inflateEnd(&stream_);
  }

  absl::StatusOr<size_t> Run(std::string_view* input,
                             absl::Span<char> room) override {
    if (!started_ && !Start(*input)) {
      return absl::ResourceExhaustedError("inflateInit2: out of memory");
    }
    if (complete_ && !StartNextMember(*input)) return 0;
    Bytef* const out = reinterpret_cast<Bytef*>(room.data());
    // A whole body above 4 GiB in one piece is none that a socket gives.
    const size_t size = std::min(input->size(), size_t{1} << 30);
    stream_.next_in =
        reinterpret_cast<Bytef*>(const_cast<char*>(input->data()));
    stream_.avail_in = static_cast<uInt>(size);
    stream_.next_out = out;
    stream_.avail_out = static_cast<uInt>(room.size());
    const int result = inflate(&stream_, Z_NO_FLUSH);
    input->remove_prefix(size - stream_.avail_in);
    if (result == Z_STREAM_END) {
      complete_ = true;
      ended_ = wrapper_ != Wrapper::kGzip;
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
      return Damaged(name(), stream_.msg == nullptr ? "damaged" : stream_.msg);
    }
    return stream_.next_out - out;
  }

 private:
  bool Start(std::string_view input) {
    // The first byte of a zlib header says "deflate" in its low half (RFC 1950
    // section 2.2); a bare stream cannot begin so: that would be a stored block
    // whose padding is not 0 (RFC 1951 section 3.2.3), which nobody writes.
    const bool bare =
        wrapper_ == Wrapper::kZlibOrNone && !input.empty() &&
        (static_cast<unsigned char>(input[0]) & 0x0f) != Z_DEFLATED;
    const int window = wrapper_ == Wrapper::kGzip ? 16 + MAX_WBITS
                       : bare                     ? -MAX_WBITS
                                                  : MAX_WBITS;
    started_ = inflateInit2(&stream_, window) == Z_OK;
    return started_;
  }

  // A gzip file may have several members (RFC 1952 section 2.2).
  bool StartNextMember(std::string_view input) {
    if (input.empty()) return false;
    ended_ = input.front() != '\x1f' || inflateReset(&stream_) != Z_OK;
    complete_ = ended_;
    return !ended_;
  }

  const Wrapper wrapper_;
  z_stream stream_ = {};
  bool started_ = false;
};

class ContentDecoder::Brotli : public Coding {
 public:
  Brotli()
      : Coding("br"),
        state_(BrotliDecoderCreateInstance(nullptr, nullptr, nullptr)) {
    if (state_ == nullptr) throw std::bad_alloc();
  }
  ~Brotli() override { BrotliDecoderDestroyInstance(state_); }

  absl::StatusOr<size_t> Run(std::string_view* input,
                             absl::Span<char> room) override {
    size_t in = input->size();
    auto* next_in = reinterpret_cast<const uint8_t*>(input->data());
    size_t out = room.size();
    auto* next_out = reinterpret_cast<uint8_t*>(room.data());
    const BrotliDecoderResult result = BrotliDecoderDecompressStream(
        state_, &in, &next_in, &out, &next_out, nullptr);
    input->remove_prefix(input->size() - in);
    if (result == BROTLI_DECODER_RESULT_ERROR) {
      return Damaged(
          name(), BrotliDecoderErrorString(BrotliDecoderGetErrorCode(state_)));
    }
    complete_ = ended_ = result == BROTLI_DECODER_RESULT_SUCCESS;
    return room.size() - out;
  }

 private:
  BrotliDecoderState* const state_;
};

class ContentDecoder::Zstd : public Coding {
 public:
  Zstd() : Coding("zstd"), stream_(ZSTD_createDStream()) {
    if (stream_ == nullptr) throw std::bad_alloc();
    ZSTD_DCtx_setParameter(stream_, ZSTD_d_windowLogMax, kZstdWindowLog);
  }
  ~Zstd() override { ZSTD_freeDStream(stream_); }

  absl::StatusOr<size_t> Run(std::string_view* input,
                             absl::Span<char> room) override {
    // Asked without input, it would wait for another frame.
    if (complete_ && input->empty()) return 0;
    ZSTD_inBuffer in = {input->data(), input->size(), 0};
    ZSTD_outBuffer out = {room.data(), room.size(), 0};
    const size_t result = ZSTD_decompressStream(stream_, &out, &in);
    input->remove_prefix(in.pos);
    if (ZSTD_isError(result)) return Damaged(name(), ZSTD_getErrorName(result));
    // A frame is over; another may follow (RFC 8878 section 3.1).
    complete_ = result == 0;
    return out.pos;
  }

 private:
  ZSTD_DStream* const stream_;
};

ContentDecoder::ContentDecoder(uint64_t max_output) : max_output_(max_output) {}
ContentDecoder::~ContentDecoder() = default;
ContentDecoder::ContentDecoder(ContentDecoder&&) = default;
ContentDecoder& ContentDecoder::operator=(ContentDecoder&&) = default;

std::unique_ptr<ContentDecoder::Coding> ContentDecoder::MakeCoding(
    std::string_view name) {
  // RFC 9110 section 8.4.1.3: x-gzip is gzip.
  if (absl::EqualsIgnoreCase(name, "gzip") ||
      absl::EqualsIgnoreCase(name, "x-gzip")) {
    return std::make_unique<Deflate>(Deflate::Wrapper::kGzip);
  }
  if (absl::EqualsIgnoreCase(name, "deflate")) {
    return std::make_unique<Deflate>(Deflate::Wrapper::kZlibOrNone);
  }
  if (absl::EqualsIgnoreCase(name, "br")) return std::make_unique<Brotli>();
  if (absl::EqualsIgnoreCase(name, "zstd")) return std::make_unique<Zstd>();
  return nullptr;
}

absl::StatusOr<ContentDecoder> ContentDecoder::Make(std::string_view codings,
                                                    uint64_t max_output) {
  ContentDecoder decoder(max_output);
  for (std::string_view part : absl::StrSplit(codings, ',')) {
    const std::string_view name = absl::StripAsciiWhitespace(part);
    if (name.empty() || absl::EqualsIgnoreCase(name, "identity")) continue;
    std::unique_ptr<Coding> coding = MakeCoding(name);
    if (coding == nullptr || decoder.stages_.size() == kMaxCodings) {
      return absl::UnimplementedError(
          absl::StrCat("Content-Encoding \"", codings.substr(0, 100), "\": ",
                       coding == nullptr ? "not one of gzip, deflate, br, zstd"
                                         : "more than three codings"));
    }
    // The last that was applied is undone first (RFC 9110 section 8.4).
    decoder.stages_.insert(decoder.stages_.begin(),
                           Stage{.coding = std::move(coding)});
  }
  return decoder;
}

absl::Status ContentDecoder::Decode(std::string_view* input, size_t* budget,
                                    Output output) {
  if (!status_.ok()) return status_;
  if (stages_.empty()) {
    status_ = Count(input->size(), &plain_bytes_);
    if (status_.ok()) output(std::exchange(*input, {}));
    return status_;
  }
  const std::string_view shown = *input;
  if (!shown.empty() && std::exchange(last_byte_is_taken_, false)) {
    input->remove_prefix(1);
  }
  while (*budget > 0) {
    const size_t stage = NextStage(input);
    if (stage == stages_.size()) return absl::OkStatus();
    const absl::StatusOr<size_t> size =
        Run(stage, InputOf(stage, input), output);
    if (!size.ok()) return status_ = size.status();
    *budget -= std::min(*budget, *size);
  }
  if (NextStage(input) < stages_.size() && input->empty()) {
    last_byte_is_taken_ = true;
    *input = shown.substr(shown.size() - 1);
  }
  return absl::OkStatus();
}

size_t ContentDecoder::NextStage(std::string_view* input) {
  for (size_t i = stages_.size(); i-- > 0;) {
    std::string_view* const own = InputOf(i, input);
    if (stages_[i].coding->ended()) {
      *own = {};  // Behind its end.
    } else if (!own->empty() || stages_[i].full) {
      return i;
    }
  }
  return stages_.size();
}

absl::StatusOr<size_t> ContentDecoder::Run(size_t stage,
                                           std::string_view* input,
                                           Output output) {
  Stage& at = stages_[stage];
  const bool is_last = stage + 1 == stages_.size();
  std::array<char, kPieceBytes> piece;
  if (!is_last && at.room == nullptr) {
    at.room = std::make_unique_for_overwrite<char[]>(piece.size());
  }
  char* const room = is_last ? piece.data() : at.room.get();
  if (!input->empty()) at.coding->Touch();
  const absl::StatusOr<size_t> size =
      at.coding->Run(input, absl::MakeSpan(room, piece.size()));
  if (!size.ok()) return size;
  if (auto status = Count(*size, &at.output_bytes); !status.ok()) return status;
  at.full = *size == piece.size();
  at.ready = is_last ? std::string_view() : std::string_view(room, *size);
  if (is_last && *size > 0) output(std::string_view(room, *size));
  return size;
}

absl::Status ContentDecoder::Count(uint64_t size, uint64_t* total) const {
  if (size > max_output_ - *total) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the decoded body has more than ", max_output_, " bytes"));
  }
  *total += size;
  return absl::OkStatus();
}

absl::Status ContentDecoder::Finish() {
  for (const Stage& stage : stages_) {
    // An empty body needs no coding around it: servers send none.
    if (!status_.ok() || stage.coding->complete() ||
        stage.coding->untouched()) {
      continue;
    }
    status_ = Damaged(stage.coding->name(), "cut off");
  }
  return status_;
}

}  // namespace kingpin::http
