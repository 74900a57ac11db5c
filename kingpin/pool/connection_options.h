// What every connection of a server or client is held to unless its handler
// says otherwise. Each bound has a stated answer; all of them are on by
// default, because a peer that never reads, never finishes or never leaves is
// ordinary.
//
//   ThreadSharedDataForServer shared({
//       .port = 7000,
//       .connection = {.timeouts = {.idle = absl::Minutes(5)}},
//   });
#ifndef KINGPIN_POOL_CONNECTION_OPTIONS_H_
#define KINGPIN_POOL_CONNECTION_OPTIONS_H_

#include <cstddef>

#include "absl/time/time.h"

namespace kingpin {

// At any time at most one of the first three runs (none while a handler has
// said that it is busy or has paused reading): `write` while output is pending,
// else `read` while input is held that the handler could not use yet, else
// `idle`. absl::InfiniteDuration() turns one off. Checked in O(1), late by at
// most a few milliseconds, never early by more than one batch of events.
struct Timeouts {
  // Nothing held in either direction and no byte moved.
  absl::Duration idle = absl::Seconds(60);
  // From the first byte of an incomplete message until the handler consumes
  // some of it. A peer that drips bytes does not extend it.
  absl::Duration read = absl::Seconds(30);
  // Output is pending and the peer took none of it.
  absl::Duration write = absl::Seconds(30);
  // All of a transport's handshake (TLS), however busily the peer drips. Runs
  // instead of the others, also in a drain, where `linger` bounds it.
  absl::Duration handshake = absl::Seconds(10);
  // How long CloseLingering() waits for the peer's FIN; and a drain for a first
  // request or the rest of one that has only begun.
  absl::Duration linger = absl::Seconds(2);
};

inline constexpr size_t kMaxInputLimitBytes = size_t{1} << 30;

struct ConnectionOptions {
  Timeouts timeouts;

  // Input the handler left unconsumed; at most kMaxInputLimitBytes. At the
  // limit the connection is closed with CloseReason::kInputOverflow: a message
  // cannot be larger than this.
  size_t input_limit_bytes = 1 << 20;

  // Above the high edge Write() returns false and no more is read from the
  // peer, so that who does not read cannot make us produce. At the low edge
  // reading goes on and OnWriteComplete is called.
  size_t output_high_bytes = 256 << 10;
  size_t output_low_bytes = 64 << 10;
  // A handler that ignores the false: at the limit the connection is aborted
  // with CloseReason::kOutputOverflow. Files in the queue do not count.
  size_t output_limit_bytes = 16 << 20;
};

}  // namespace kingpin

#endif  // KINGPIN_POOL_CONNECTION_OPTIONS_H_
