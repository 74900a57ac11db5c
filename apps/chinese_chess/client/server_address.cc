#include "apps/chinese_chess/client/server_address.h"

#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace chinese_chess {

absl::StatusOr<ServerAddress> ParseServerAddress(std::string_view text,
                                                 uint16_t default_port) {
  // The colons in brackets are the address's own.
  const size_t bracket = text.find(']');
  const size_t colon = text.find(':', bracket == text.npos ? 0 : bracket);
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  }
  int port = default_port;
  if (host.empty() || (colon != text.npos &&
                       (!absl::SimpleAtoi(text.substr(colon + 1), &port) ||
                        port < 1 || port > 65535))) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", text, "\" is no server; chess.example.org:7100 would be one"));
  }
  return ServerAddress{std::string(host), static_cast<uint16_t>(port)};
}

}  // namespace chinese_chess
