// What both sides agree upon about permessage-deflate (RFC 7692 section 7.1):
// the Sec-WebSocket-Extensions fields of the opening handshake.
//
// Pure; safe from any thread.
//
// How the four parameters are settled:
//   *_no_context_takeover    Whenever either side asks for it.
//   server_max_window_bits   What is asked of a server is kept to; its own option
//                            if that is less.
//   client_max_window_bits   Asked of clients that say that they can, if the
//                            option is below 15. Others have 15 bits.
// zlib cannot compress with a window of 8 bits: who is held to that compresses
// nothing, which is always allowed.
//
//   std::string answer;
//   std::optional<DeflateTerms> terms = AnswerDeflateOffer(
//       request_field, options, &answer);   // nullopt: without compression.
#ifndef KINGPIN_HTTP_WEBSOCKET_EXTENSION_H_
#define KINGPIN_HTTP_WEBSOCKET_EXTENSION_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace kingpin::http {

struct DeflateOptions {
  // Off: it costs more than it saves for messages below some hundred bytes, and
  // secrets beside text of an attacker's choice leak by their size.
  bool enabled = false;
  // Whether messages may refer to earlier ones. It is what makes small messages
  // small, and costs memory for each connection (websocket_deflate.h): a
  // deflater for what we send, an inflater for what comes.
  bool server_context_takeover = false;
  bool client_context_takeover = false;
  // 9 to 15. What is sent with fewer bits takes less of our memory and the
  // peer's.
  int server_max_window_bits = 15;
  int client_max_window_bits = 15;
  // zlib's: 1 (fast) to 9 (small; half a percent, for twice the time), and 1 to 9
  // for the memory of a deflater.
  int level = 1;
  int memory_level = 8;
  // Smaller messages are sent as they are.
  size_t min_bytes = 256;
};

// InvalidArgument names the option that is out of its bounds.
absl::Status CheckDeflateOptions(const DeflateOptions& options);

// Two bytes: every WebSocket has one.
struct DeflateTerms {
  bool server_context_takeover : 1 = false;
  bool client_context_takeover : 1 = false;
  uint8_t server_window_bits : 4 = 15;
  uint8_t client_window_bits : 4 = 15;
  friend bool operator==(const DeflateTerms&, const DeflateTerms&) = default;
};

// Server: takes the first offer that it can keep, and sets the answer's field.
// nullopt: none was made, or none it knows in all its parameters.
std::optional<DeflateTerms> AnswerDeflateOffer(std::string_view offers,
                                               const DeflateOptions& options,
                                               std::string* answer);

// Client: the field of the request.
std::string OfferDeflate(const DeflateOptions& options);
// Client: what the field of the answer says; empty: nullopt. InvalidArgument for
// what was not offered or makes no sense, with which the handshake fails (RFC
// 7692 section 7.1.3).
absl::StatusOr<std::optional<DeflateTerms>> AcceptDeflateAnswer(
    std::string_view answer, const DeflateOptions& options);

}  // namespace kingpin::http

#endif  // KINGPIN_HTTP_WEBSOCKET_EXTENSION_H_
