#include "kingpin/pool/thread_shared_data_for_client.h"

namespace kingpin {

ThreadSharedDataForClient::ThreadSharedDataForClient(ClientOptions options)
    : ThreadSharedData({.connection = options.connection,
                        .drain_timeout = options.drain_timeout,
                        .watchdog = options.watchdog,
                        .clock = options.clock}),
      options_(options),
      pool_(options_.pool, *options_.clock) {}

ThreadSharedDataForClient::~ThreadSharedDataForClient() = default;

absl::Status ThreadSharedDataForClient::CheckOptions() const {
  if (options_.connect_timeout <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError("connect_timeout is not positive");
  }
  // A shorter one is a flood (RFC 8305, section 5).
  if (options_.attempt_delay < absl::Milliseconds(10)) {
    return absl::InvalidArgumentError("attempt_delay is below 10 ms");
  }
  return absl::OkStatus();
}

void ThreadSharedDataForClient::OnRunEnded() {
  for (auto& waiter : pool_.Clear()) {
    OnTargetDropped(waiter.pending.target, {.reason = ConnectError::kShutdown,
                                            .detail = "before it had begun"});
  }
}

absl::Status ThreadSharedDataForClient::Open(int threads) {
  if (absl::Status status = CheckOptions(); !status.ok()) return status;
  if (absl::Status status = ThreadSharedData::Open(threads); !status.ok()) {
    return status;
  }
  absl::Status status = pool_.Open(slots());
  if (!status.ok()) CloseSlots();
  return status;
}

}  // namespace kingpin
