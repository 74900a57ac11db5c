#include "kingpin/net/connection_id.h"

#include <utility>

#include "kingpin/net/connection.h"
#include "kingpin/net/io_handler.h"

namespace kingpin {

bool With(ThreadSharedData& shared, ConnectionId id,
          absl::AnyInvocable<void(Connection&) &&> function) {
  if (!id.valid() || id.thread() >= shared.threads()) return false;
  return shared.thread(id.thread())
      .Post([id, function = std::move(function)]() mutable {
        IOHandler::Current()->RunWith(
            id, [&](Connection& c) { std::move(function)(c); });
      });
}

bool Send(ThreadSharedData& shared, ConnectionId id, std::string data) {
  return With(shared, id, [data = std::move(data)](Connection& connection) {
    connection.Write(data);
  });
}

bool Close(ThreadSharedData& shared, ConnectionId id) {
  return With(shared, id, [](Connection& connection) { connection.Close(); });
}

}  // namespace kingpin
