// What holds for any bytes and any cut of them: the same body, the same end and
// the same verdict as in one piece, and data that is part of the input.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "kingpin/http/chunked_decoder.h"

namespace kingpin::http {
namespace {

using Result = ChunkedDecoder::Result;

constexpr ChunkedLimits kLimits = {.max_line = 20,
                                   .max_overhead = 40,
                                   .max_trailer = 30,
                                   .max_trailer_fields = 2};

struct Outcome {
  Result result = Result::kNeedMore;
  std::string body;
  size_t consumed = 0;

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome Decode(std::string_view input, size_t step,
               const ChunkedLimits& limits) {
  ChunkedDecoder decoder(limits);
  Outcome outcome;
  for (size_t begin = 0; begin < input.size(); begin += step) {
    const std::string_view piece = input.substr(begin, step);
    std::string_view rest = piece;
    std::string_view data;
    do {
      outcome.result = decoder.Decode(&rest, &data);
      if (!data.empty() && (data.data() < piece.data() ||
                            data.data() + data.size() > rest.data())) {
        std::abort();
      }
      outcome.body.append(data);
    } while (outcome.result == Result::kData);
    outcome.consumed = begin + piece.size() - rest.size();
    if (outcome.result != Result::kNeedMore) break;
    if (!rest.empty()) std::abort();
  }
  return outcome;
}

void Check(std::string_view input, const ChunkedLimits& limits) {
  const Outcome whole =
      Decode(input, std::max<size_t>(input.size(), 1), limits);
  for (const size_t step : {1, 2, 3, 7, 64}) {
    if (Decode(input, step, limits) != whole) std::abort();
  }
}

}  // namespace
}  // namespace kingpin::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  kingpin::http::Check(input, {});
  kingpin::http::Check(input, kingpin::http::kLimits);
  return 0;
}
