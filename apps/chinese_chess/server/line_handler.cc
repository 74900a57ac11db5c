#include "apps/chinese_chess/server/line_handler.h"

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "apps/chinese_chess/server/client_message.h"

namespace chinese_chess {
namespace {

using kingpin::Connection;

constexpr int kLinesAtOnce = 16;

void WriteLine(Connection& connection, std::string_view text) {
  connection.Write(text);
  connection.Write("\n");
}

}  // namespace

LineHandler::LineHandler(GameServerShared* shared, int thread)
    : IOHandlerForServer(shared, thread),
      game_thread_(shared, this, WriteLine) {}

absl::Status LineHandler::Init() {
  absl::Status status = IOHandlerForServer::Init();
  if (status.ok()) game_thread_.rooms().Restore();
  return status;
}

void LineHandler::OnConnect(Connection& connection) {
  game_thread_.sessions().Open(connection);
}

void LineHandler::OnClose(Connection& connection, kingpin::CloseReason) {
  game_thread_.sessions().Closed(connection);
}

void LineHandler::OnMessage(Connection& connection) {
  for (int lines = 0; lines < kLinesAtOnce; ++lines) {
    const std::string_view input = connection.input().view();
    const size_t end = input.find('\n');
    if (std::min(end, input.size()) > kMaxMessageBytes + 1) {
      connection.input().TakeAll();
      return game_thread_.sessions().OnBadFraming(
          connection, absl::StrCat("a line has at most ", kMaxMessageBytes,
                                   " bytes; goodbye"));
    }
    if (end == input.npos) return;
    std::string_view line = input.substr(0, end);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    connection.input().Consume(end + 1);
    game_thread_.sessions().OnText(connection, line);
    if (connection.closing()) return;
  }
  if (!connection.input().empty()) connection.RequestMessage();
}

}  // namespace chinese_chess
