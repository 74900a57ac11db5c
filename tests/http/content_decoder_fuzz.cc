// What holds for any bytes that are taken for a coded body: they are refused, or come
// out the same however they are cut, within the bound.
//
// The first byte says which codings, the second where it is cut.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kingpin/http/content_decoder.h"

namespace {

using kingpin::http::ContentDecoder;

constexpr uint64_t kMaxOutput = 1 << 20;
constexpr std::array<std::string_view, 6> kCodings = {
    "gzip", "deflate", "br", "zstd", "gzip, br", "deflate, zstd"};

void Require(bool holds) {
  if (!holds) std::abort();
}

absl::StatusOr<std::string> Decode(std::string_view codings,
                                   std::string_view body, size_t cut) {
  absl::StatusOr<ContentDecoder> decoder =
      ContentDecoder::Make(codings, kMaxOutput);
  Require(decoder.ok());
  std::string text;
  auto append = [&text](std::string_view more) { text += more; };
  for (std::string_view piece : {body.substr(0, cut), body.substr(cut)}) {
    while (!piece.empty()) {
      const size_t before = text.size();
      size_t budget = ContentDecoder::kTurnBytes;
      absl::Status status = decoder->Decode(&piece, &budget, append);
      Require(text.size() <= kMaxOutput);
      Require(text.size() - before <= ContentDecoder::kTurnBytes + (16 << 10));
      if (!status.ok()) return status;
    }
  }
  if (absl::Status status = decoder->Finish(); !status.ok()) return status;
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const std::string_view codings = kCodings[data[0] % kCodings.size()];
  const std::string_view body(reinterpret_cast<const char*>(data) + 2,
                              size - 2);
  const size_t cut = body.empty() ? 0 : data[1] % body.size();
  const absl::StatusOr<std::string> whole = Decode(codings, body, 0);
  const absl::StatusOr<std::string> pieces = Decode(codings, body, cut);
  Require(whole.ok() == pieces.ok());
  if (whole.ok()) Require(*whole == *pieces);
  return 0;
}
