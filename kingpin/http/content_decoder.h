// ContentDecoder: undoes the content coding of a body, piece by piece as it arrives
// (RFC 9110 section 8.4): gzip (RFC 1952), deflate (RFC 1950, and the bare RFC 1951
// that some servers send under that name), br (RFC 7932), zstd (RFC 8878), identity;
// up to three of them on top of each other.
//
// Bounds: what comes out has at most `max_output` bytes, and so has what lies between
// two codings: a bomb of some kilobytes ends in an error and not in gigabytes. One call
// makes what its budget says, so that even the gigabyte that is allowed holds up nobody
// who takes turns with it. Memory: the window of each coding, 40 KiB for gzip, 8 MiB for
// zstd (RFC 9659), 16 MiB for br at worst, taken as it is needed; 16 KiB between two
// codings, and 16 KiB of stack within Decode().
//
// Threads: one at a time for each object. After an error every call fails.
//
//   auto decoder = ContentDecoder::Make("gzip", /*max_output=*/10 << 20);
//   if (!decoder.ok()) return decoder.status();
//   std::string page;
//   auto append = [&page](std::string_view piece) { page += piece; };
//   for (std::string_view piece : body) {
//     while (!piece.empty()) {
//       size_t budget = ContentDecoder::kTurnBytes;
//       if (auto s = decoder->Decode(&piece, &budget, append); !s.ok()) return s;
//     }
//   }
//   return decoder->Finish();  // An error if it was cut off.
#ifndef KINGPIN_HTTP_CONTENT_DECODER_H_
#define KINGPIN_HTTP_CONTENT_DECODER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace kingpin::http {

// What to put into Accept-Encoding: all that Make() knows.
inline constexpr std::string_view kAcceptedCodings = "gzip, deflate, br, zstd";

class ContentDecoder {
 public:
  using Output = absl::FunctionRef<void(std::string_view)>;

  // A budget that takes a loop less than a millisecond or two.
  static constexpr size_t kTurnBytes = 256 << 10;

  // `codings`: the Content-Encoding field, all of them joined by ", "; empty for none.
  // kUnimplemented: it names one that is not known, or too many.
  static absl::StatusOr<ContentDecoder> Make(std::string_view codings,
                                             uint64_t max_output);
  ~ContentDecoder();
  ContentDecoder(ContentDecoder&&);
  ContentDecoder& operator=(ContentDecoder&&);

  // Takes from the front of `input` and gives `output` what it stands for, in pieces
  // that die with the call. `budget` counts down by the bytes that each coding makes,
  // to 0 if a last piece of up to 16 KiB makes them more. At 0, what is left of the
  // input must be shown again, with more behind it or not: more may come out.
  // kDataLoss: it is no such coding, or damaged. kResourceExhausted: too much.
  absl::Status Decode(std::string_view* input, size_t* budget, Output output);
  // Decode() has taken all. kDataLoss if more was to come. Bytes behind the
  // end of gzip, deflate and br are ignored, as browsers do.
  absl::Status Finish();

 private:
  class Coding;
  class Deflate;
  class Brotli;
  class Zstd;

  explicit ContentDecoder(uint64_t max_output);

  static std::unique_ptr<Coding> MakeCoding(std::string_view name);

  struct Stage {
    std::unique_ptr<Coding> coding;
    uint64_t output_bytes = 0;
    bool full = false;  // The last piece: there may be more without more input.
    // A piece for the next stage, and what that has not taken yet.
    std::unique_ptr<char[]> room = nullptr;
    std::string_view ready = {};
  };

  std::string_view* InputOf(size_t stage, std::string_view* input) {
    return stage == 0 ? input : &stages_[stage - 1].ready;
  }
  // The last stage that can go on, so that what lies between is used up first;
  // stages_.size() if there is none.
  size_t NextStage(std::string_view* input);
  // Makes one piece of its input. The size.
  absl::StatusOr<size_t> Run(size_t stage, std::string_view* input,
                             Output output);
  absl::Status Count(uint64_t size, uint64_t* total) const;

  std::vector<Stage> stages_;  // The one that is undone first in front.
  uint64_t max_output_;
  uint64_t plain_bytes_ = 0;  // Without a coding.
  // All of the input was taken and more comes out: its last byte was left there to
  // say so.
  bool last_byte_is_taken_ = false;
  absl::Status status_;
};

}  // namespace kingpin::http

#endif  // KINGPIN_HTTP_CONTENT_DECODER_H_
