// Any offer is answered or not; what is answered is in its bounds and is read
// back by a client as the same terms.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "kingpin/http/websocket_extension.h"

namespace {

void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace kingpin::http;  // NOLINT: the whole file is about it.
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const DeflateOptions options = {.enabled = true,
                                  .server_context_takeover = true,
                                  .client_context_takeover = true};
  std::string answer;
  const std::optional<DeflateTerms> terms =
      AnswerDeflateOffer(text, options, &answer);
  if (terms.has_value()) {
    Require(terms->server_window_bits >= 8 && terms->server_window_bits <= 15 &&
                terms->client_window_bits >= 8 &&
                terms->client_window_bits <= 15,
            "windows in their bounds");
    const auto read = AcceptDeflateAnswer(answer, options);
    Require(read.ok() && *read == terms, "the answer says the terms");
  }
  (void)AcceptDeflateAnswer(text, options);
  return 0;
}
