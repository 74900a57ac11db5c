// Where a game server is, as people type it: HOST, HOST:PORT, [IPV6]:PORT.
//
// Pure, safe from any thread.
//
//   auto server = ParseServerAddress("chess.example.org", 7100);
//   if (!server.ok()) return server.status();
//   Connect(server->host, server->port);   // "chess.example.org", 7100
#ifndef APPS_CHINESE_CHESS_CLIENT_SERVER_ADDRESS_H_
#define APPS_CHINESE_CHESS_CLIENT_SERVER_ADDRESS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace chinese_chess {

struct ServerAddress {
  std::string host;  // A name or an address, without brackets.
  uint16_t port;
};

// kInvalidArgument, with an example, for what is none.
absl::StatusOr<ServerAddress> ParseServerAddress(std::string_view text,
                                                 uint16_t default_port);

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_CLIENT_SERVER_ADDRESS_H_
